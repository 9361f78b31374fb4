#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The Rust driver of QEMU's display shares buffers with the one in C"
#: devices = ["pcie-root-port,id=rp-display,chassis=102,slot=102", "bochs-display,id=display,bus=rp-display", "pcie-root-port,id=rp-other,chassis=108,slot=108", "bochs-display,id=other,bus=rp-other"]
#: bind = { "1234:1111" = "bochs_rust" }
#: modules = ["bochs", "bochs_rust"]
#: configurations = ["swiotlb"]
#: tools = ["kms"]
#: timeout = 60
#: time = 30
#
# One exports a buffer, and the other one shows it, whichever lets go first. Objects of another device,
# which may have the same driver, are none. The other tests of the configuration have no use for a
# display.

. /series/ktap.sh
. /series/pci.sh

RUST=bochs_rust C=bochs-drm

# found ID: what follows is about this device.
found()
{
	NAME=$(host address "$1")
	DEV=$pci/devices/$NAME
}

# give ID DRIVER: the device gets it, whichever it has.
give()
{
	found "$1"
	[ "$(bound)" != "$2" ] || return 0
	[ "$(bound)" = - ] || unbind
	echo "$2" >"$DEV/driver_override"
	bind "$2"
}

# two HOW FIRST SECOND: with the devices with these ids.
two()
{
	found "$2"
	first=$DEV
	found "$3"
	kms "$1" "$first" "$2" "$DEV" "$3"
}

# shares HOW FIRST SECOND: then no driver is left, nor a buffer that is shared.
shares()
{
	give display $RUST && give other $C && two "$@" || return 1
	for id in display other; do
		found $id
		[ "$(bound)" = - ] || return 1
	done
	grep 'Total 0 objects' /sys/kernel/debug/dma_buf/bufinfo
}

plan 9

check "a device is not the other one, with the same driver" two mixed display other
check "the other one gets the driver in C" give other $C
check "a device is not the one of the driver in C" two mixed display other
check "the driver in C shows a buffer of the one in Rust" shares share display other
check "it is unbound first" shares share-back display other
check "the driver in Rust shows a buffer of the one in C" shares share other display
check "it is unbound first" shares share-back other display
check "the module can be unloaded" retry 3 rmmod $RUST
check "it can be loaded" modprobe $RUST
