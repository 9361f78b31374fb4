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
. /series/pci.sh

plan 17

# Lines in the kernel log that match $1.
logged() {
	dmesg | grep -c "$1"
}

device 1b36:0005
[ "$(bound)" = - ] || unbind

# try DRIVER MESSAGE BITS ENABLED: bits in the command register while bound.
try() {
	echo "$1" > "$DEV/driver_override"
	before=$(cat "$DEV/enable")
	if [ ! -d "$pci/drivers/$1" ]; then
		modprobe "$1"
	fi
	[ "$(bound)" != - ] || echo "$NAME" > "$pci/drivers_probe"
	same "$1 is bound" "$(bound)" "$1"
	same "$1 worked in probe" "$(($(logged "$2") > 0))" 1
	same "$1: enable count while bound" "$(($(cat "$DEV/enable") - before))" "$4"
	same "$1: command register while bound" "$(command_bits)" "$3"

	i=0
	count=$(rounds 20 500)
	while [ $i -lt "$count" ]; do
		unbind || break
		[ "$(cat "$DEV/enable")" = "$before" ] || break
		i=$((i + 1))
		[ $i -lt "$count" ] || break
		bind "$1" || break
	done
	same "$1: unbound and bound again and again" "$i" "$count"
	same "$1: unbound" "$(bound)" -
	same "$1: bus master is off" "$(($(command_bits) & 4))" 0
	same "$1: enable count is back" "$(cat "$DEV/enable")" "$before"
	echo > "$DEV/driver_override"
}

try rust_driver_pci "rust_driver_pci $NAME: pci-testdev data-match count: 1" 6 1
try rust_dma "rust_dma $NAME: Probe DMA test driver" 2 0
# It compares what it wrote to DMA memory when it is unbound.
same "rust_dma read back what it wrote" "$(logged "rust_dma $NAME.*Element")" 0
