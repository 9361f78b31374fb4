#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Streaming DMA and pools of the edu sample, through bounce buffers"
#: devices = ["edu,id=edu0"]
#: bind = { "1234:11e8" = "rust_driver_edu" }
#: modules = ["rust_driver_edu"]
#: configurations = ["swiotlb"]
#: timeout = 120
#: time = 10
#
# All memory that is mapped is bounced, so nothing arrives without the right synchronization. The
# device reaches 256 MiB, and the bounce buffers are below their end.

. /series/ktap.sh

plan 27

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
bounced() {
	cat "$DBG/swiotlb/io_tlb_used"
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

same "bounce buffers are there" "$(($(cat "$DBG/swiotlb/io_tlb_nslabs") > 0))" 1
idle=$(bounced)
if [ -e "$DBG/dma-api/dump" ]; then
	debug=1
	before=$(mappings)
else
	debug=
fi

# Streaming: the driver compares all of its 4096 bytes twice, also the ones not copied.
for len in 1 3 64 1000 4095 4096; do
	same "streaming $len bytes" "$(go stream "165 $len")" \
		"seed 165 length $len compared 8192 mismatches 0"
done
for seed in 0 1 255; do
	same "streaming with seed $seed" "$(go stream "$seed 4096")" \
		"seed $seed length 4096 compared 8192 mismatches 0"
done
same "streaming beyond the buffer is refused" \
	"$(go stream '0 4097')$(go stream '0 0')$(go stream '256 1')" errorerrorerror
same "bounce buffers are given back" "$(bounced)" "$idle"

# Pools.
for count in 1 5; do
	same "$count blocks of a pool" "$(go pool "77 $count")" \
		"seed 77 length $((count * 64)) compared $((count * 128)) mismatches 0"
done
same "too many blocks are refused" "$(go pool '0 65')$(go pool '0 0')" errorerror
same "the pool is in sysfs" "$(grep -c '^rust_driver_edu *0 ' "$DEV/pools")" 1

# What is mapped, or allocated, is as before. Only the pool may have grown, by a page.
if [ -n "$debug" ]; then
	same "nothing stays mapped" "$(($(mappings) - before <= 1))" 1
else
	skip "nothing stays mapped" "no CONFIG_DMA_API_DEBUG"
fi

# Unbind in the middle of each of the copies.
for after in 0.05 0.15 0.25; do
	same "streaming was given up after $after s" "$(interrupted stream '7 4096' $after)" 1
	bind
done
same "streaming works after that" "$(go stream '9 4096')" \
	"seed 9 length 4096 compared 8192 mismatches 0"
same "a pool operation was given up" "$(interrupted pool '7 9' 0.25)" 1
same "unbound, nothing is bounced" "$(bounced)" 0
same "unbound, the pool is gone" "$(ls "$DEV/pools" 2>/dev/null)" ""
if [ -n "$debug" ]; then
	same "unbound, nothing is mapped" "$(mappings)" 0
else
	skip "unbound, nothing is mapped" "no CONFIG_DMA_API_DEBUG"
fi
bind
same "the pool works after that" "$(go pool '9 2')" \
	"seed 9 length 128 compared 256 mismatches 0"
same "no complaint of DMA_API_DEBUG" "$(dmesg | grep -c 'DMA-API: .*'"$NAME"'')" 0
