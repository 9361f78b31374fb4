#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The Rust PCI and DMA samples on pci-testdev"
#: devices = ["pci-testdev,id=testdev0"]
#: timeout = 60
#: time = 5
#
# The samples for QEMU's pci-testdev:
# samples/rust/rust_driver_pci.rs and samples/rust/rust_dma.rs.

. /series/ktap.sh

plan 17

command_bits() {
	echo "$(($(od -An -v -tu2 -j4 -N2 "$DEV/config" | tr -d ' ') & 6))"
}
bound() {
	[ -e "$DEV/driver" ] && basename "$(readlink "$DEV/driver")"
}
# Lines in the kernel log that match $1.
logged() {
	dmesg | grep -c "$1"
}

DEV=
for d in /sys/bus/pci/devices/*; do
	if [ "$(cat "$d/vendor")" = 0x1b36 ] && [ "$(cat "$d/device")" = 0x0005 ]; then
		DEV=$d
		break
	fi
done
[ -n "$DEV" ] || bail "no pci-testdev"
NAME=$(basename "$DEV")
[ -n "$(bound)" ] && echo "$NAME" > "$DEV/driver/unbind"

# test DRIVER MESSAGE BITS: bits in the command register while bound.
try() {
	drv=/sys/bus/pci/drivers/$1
	echo "$1" > "$DEV/driver_override"
	before=$(cat "$DEV/enable")
	if [ ! -d "$drv" ]; then
		modprobe "$1"
	fi
	[ -n "$(bound)" ] || echo "$NAME" > /sys/bus/pci/drivers_probe
	same "$1 is bound" "$(bound)" "$1"
	same "$1 worked in probe" "$(($(logged "$2") > 0))" 1
	same "$1: enable count while bound" "$(($(cat "$DEV/enable") - before))" "$4"
	same "$1: command register while bound" "$(command_bits)" "$3"

	i=0
	while [ $i -lt 20 ]; do
		echo "$NAME" > "$drv/unbind" || break
		[ "$(cat "$DEV/enable")" = "$before" ] || break
		i=$((i + 1))
		[ $i -lt 20 ] || break
		echo "$NAME" > "$drv/bind" || break
	done
	same "$1: unbound and bound 20 times" "$i" 20
	same "$1: unbound" "$(bound)" ""
	same "$1: bus master is off" "$(($(command_bits) & 4))" 0
	same "$1: enable count is back" "$(cat "$DEV/enable")" "$before"
	echo > "$DEV/driver_override"
}

try rust_driver_pci "rust_driver_pci $NAME: pci-testdev data-match count: 1" 6 1
try rust_dma "rust_dma $NAME: Probe DMA test driver" 2 0
# It compares what it wrote to DMA memory when it is unbound.
same "rust_dma read back what it wrote" "$(logged "rust_dma $NAME.*Element")" 0
