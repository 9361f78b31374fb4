#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Bad input for the Rust driver of QEMU's display"
#: devices = ["pcie-root-port,id=rp-display,chassis=102,slot=102", "bochs-display,id=display,bus=rp-display"]
#: bind = { "1234:1111" = "bochs_rust" }
#: modules = ["bochs_rust"]
#: configurations = ["display"]
#: tools = ["kms"]
#: timeout = 110
#: time = 75

. /series/ktap.sh
. /series/pci.sh

plan 4

device 1234:1111
card=$(basename "$DEV"/drm/card*)
seed=$(od -An -tu4 -N4 /dev/urandom)
seconds=$(rounds 60 900)

has_console()
{
	grep -q bochs-drmdrmfb /proc/fb
}

check "wrong calls fail" kms bad "/dev/dri/$card"
# shellcheck disable=SC2086
check "random calls" kms random "/dev/dri/$card" "$seconds" $seed
check "the console is still there" has_console
check "the card can be used" sh -c "modetest -M bochs-drm -p >/dev/null"
