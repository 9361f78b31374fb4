#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Streaming DMA and pools of the edu sample, behind an IOMMU"
#: devices = ["edu,id=edu0"]
#: bind = { "1234:11e8" = "rust_driver_edu" }
#: modules = ["rust_driver_edu"]
#: configurations = ["iommu"]
#: timeout = 120
#: time = 10
#
# The IOMMU stops, and reports, any access to what is no longer mapped.

. /series/ktap.sh

plan 13

DRV=/sys/bus/pci/drivers/rust_driver_edu
DBG=/sys/kernel/debug

# go FILE ARGUMENTS: what the operation gives, or the error
go() {
	if echo "$2" 2>/dev/null > "$DIR/$1"; then
		cat "$DIR/$1"
	else
		echo error
	fi
}
# The mappings and allocations that DMA_API_DEBUG knows of.
mappings() {
	grep -c " $NAME " "$DBG/dma-api/dump"
}
unbind() {
	echo "$NAME" > "$DRV/unbind"
}
bind() {
	echo "$NAME" > "$DRV/bind"
}

# The vendor and device files hold lines such as 0x1234.
DEV=
for d in /sys/bus/pci/devices/*; do
	if [ "$(cat "$d/vendor")" = 0x1234 ] && [ "$(cat "$d/device")" = 0x11e8 ]; then
		DEV=$d
		break
	fi
done
[ -n "$DEV" ] || bail "no edu device"
NAME=$(basename "$DEV")
DIR=$DBG/rust_driver_edu-$NAME
[ -d "$DIR" ] || bail "no $DIR"
faults() {
	dmesg | grep -c 'DMAR: \[DMA'
}

# Operations until the driver is unbound in the middle of one, with the name of the file: prints the
# status of the operation. A busy host may be too late, so it gets more than one chance.
interrupted() {
	tries=0
	status=0
	while [ "$status" = 0 ] && [ "$tries" -lt 20 ]; do
		[ "$tries" = 0 ] || bind
		(
			echo "$2" > "$DIR/$1" 2>/dev/null
			echo "$?" > /tmp/edu.status
		) &
		sleep "$3"
		unbind
		wait
		status=$(cat /tmp/edu.status)
		tries=$((tries + 1))
	done
	echo "$status"
}

check "the device is behind the IOMMU" [ -e "$DEV/iommu_group" ]

for len in 1 4095 4096; do
	same "streaming $len bytes" "$(go stream "165 $len")" \
		"seed 165 length $len compared 8192 mismatches 0"
done
same "coherent DMA" "$(go dma '3 4096')" "seed 3 length 4096 compared 4096 mismatches 0"
same "blocks of a pool" "$(go pool '77 4')" "seed 77 length 256 compared 512 mismatches 0"

# The device begins a copy 100 ms after it has been told to: one that begins after its memory has
# been unmapped would be a fault, and so would one of the next binding.
for after in 0.05 0.15 0.25; do
	same "streaming was given up after $after s" "$(interrupted stream '7 4096' $after)" 1
	bind
done
same "a pool operation was given up" "$(interrupted pool '7 9' 0.25)" 1
if [ -e "$DBG/dma-api/dump" ]; then
	same "unbound, nothing is mapped" "$(mappings)" 0
else
	skip "unbound, nothing is mapped" "no CONFIG_DMA_API_DEBUG"
fi
bind
same "streaming works after that" "$(go stream '9 4096')" \
	"seed 9 length 4096 compared 8192 mismatches 0"
same "no access to what is not mapped" "$(faults)" 0
