#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Pictures, mode sets and page flips on the Rust driver of QEMU's display"
#: devices = ["pcie-root-port,id=rp-display,chassis=102,slot=102", "bochs-display,id=display,bus=rp-display"]
#: bind = { "1234:1111" = "bochs_rust" }
#: modules = ["bochs_rust"]
#: configurations = ["display"]
#: tools = ["kms"]
#: timeout = 120
#: time = 45
#
# Each pixel in the memory of the device and each that QEMU shows is compared with what has been drawn:
# in each format, in a mode whose pixels have to be converted, after a part of them has changed, when
# only a part of them is shown, and in each frame of a picture that moves.

. /series/ktap.sh
. /series/pci.sh

plan 6

device 1234:1111
card=/dev/dri/$(basename "$DEV"/drm/card*)

has_console()
{
	grep -q bochs-drmdrmfb /proc/fb
}

bind_storm()
{
	for round in $(seq "$1"); do
		unbind && ! has_console && bind bochs_rust && retry 5 has_console || return 1
	done
}

same "pictures" "$(kms pictures "$DEV" display)" "43 pictures, 0 of them are wrong"
check "mode sets" kms modes "$card" "$(rounds 20 1000)"
check "page flips" kms flips "$card" "$(rounds 200 10000)"
check "the console is still there" has_console
check "unbound and bound with the console on it" bind_storm "$(rounds 3 200)"
card=/dev/dri/$(basename "$DEV"/drm/card*)
check "mode sets after that" kms modes "$card" 4
