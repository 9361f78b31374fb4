#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Allocations fail in the Rust driver of QEMU's display"
#: devices = ["pcie-root-port,id=rp-display,chassis=102,slot=102", "bochs-display,id=display,bus=rp-display"]
#: bind = { "1234:1111" = "bochs_rust" }
#: modules = ["bochs_rust"]
#: configurations = ["faults"]
#: tools = ["kms"]
#: timeout = 60
#: time = 20
#
# In probe with all of what it starts, such as the console, and in each step of calls. See faults.sh.

. /series/ktap.sh
. /series/pci.sh
. /series/fail.sh

plan 7

DRIVER=bochs_rust

# Sets `got` to what is left of the driver, when it is not bound.
find_left()
{
	read -r enabled <"$DEV/enable"
	read -r usage <"$DEV/power/runtime_usage"
	got="enabled $enabled, used $usage"
	[ ! -e "$DEV/drm" ] || got="$got, card"
	while read -r line; do
		case $line in
		*bochs*) got="$got, $line" ;;
		esac
	done </proc/fb
	while read -r line; do
		case $line in
		*"$DRIVER"*) got="$got, memory" ;;
		esac
	done </proc/iomem
}

# The card is there, and has the modes of the display.
works()
{
	for card in "$DEV"/drm/card*; do
		for connector in "$card/${card##*/}"-*; do
			echo detect >"$connector/status" && read -r line <"$connector/modes" && [ "$line" ]
			return
		done
	done
	return 1
}

device 1234:1111
card=/dev/dri/$(basename "$DEV"/drm/card*)
check "in calls" kms faults "$card"
unbind
# Without what ACPI allocates, as in faults.sh.
echo 1 >"$DEV/enable"
find_left
nothing=$got
same "nothing is left" "${nothing% *}" "enabled 1, used"
in_probe works "$(rounds 29 1)"
tried probe
echo 0 >"$DEV/enable"
bind $DRIVER
check "it works" works
check "the console is there" retry 5 grep -q bochs-drmdrmfb /proc/fb
card=/dev/dri/$(basename "$DEV"/drm/card*)
check "mode sets after that" kms modes "$card" 4
