#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The Rust driver of QEMU's display, with registers behind I/O ports"
#: devices = ["VGA,id=vga,mmio=off"]
#: bind = { "1234:1111" = "bochs_rust" }
#: modules = ["bochs", "bochs_rust"]
#: configurations = ["nomsi"]
#: tools = ["kms"]
#: timeout = 90
#: time = 20
#
# The other tests of the configuration have no use for a display.

. /series/ktap.sh
. /series/pci.sh

DRIVER=bochs_rust

# register NUMBER: one of Bochs' registers, in decimal.
register()
{
	host hmp "o /h 0x1ce $1" >/dev/null
	echo "$(($(host hmp "i /h 0x1d0" | sed 's/.*= *//' | tr -d '\r')))"
}

shown()
{
	echo "$(register 1)x$(register 2)"
}

find_card()
{
	CARD=/dev/dri/$(basename "$DEV"/drm/card*)
	CONNECTOR=$(echo "$DEV"/drm/card*/card*-Virtual-1)
	[ -e "$CARD" ] && [ -e "$CONNECTOR" ]
}

has_console()
{
	grep -q bochs-drmdrmfb /proc/fb
}

# Whoever has not let go of the ports keeps the other one out.
both_in_turn()
{
	for driver in bochs-drm $DRIVER; do
		unbind && ! has_console || return 1
		echo $driver >"$DEV/driver_override"
		bind $driver && retry 5 has_console || return 1
	done
}

# begins WIDTHxHEIGHT PARAMETER...: loaded with the parameters, this mode is the preferred one, and
# the console has it.
begins()
{
	begins_mode=$1
	shift
	modprobe -r $DRIVER && modprobe $DRIVER "$@" && retry 5 find_card && retry 5 has_console || return 1
	head -n 1 "$CONNECTOR/modes"
	shown
	[ "$(head -n 1 "$CONNECTOR/modes")" = "$begins_mode" ] && retry 5 is_shown "$begins_mode"
}

is_shown()
{
	[ "$(shown)" = "$1" ]
}

# Not loaded with a parameter that it does not take.
refused()
{
	modprobe -r $DRIVER && ! modprobe $DRIVER "$@" && [ ! -e /sys/module/$DRIVER ]
}

# Loaded, but the device is not for it.
left_alone()
{
	modprobe $DRIVER "$@" && [ -e /sys/module/$DRIVER ] && [ "$(bound)" = - ]
}

plan 14

device 1234:1111
same "driver is bound" "$(bound)" $DRIVER
check "there is no BAR of registers" grep -q '^0x0* 0x0* 0x0*$' "$DEV/resource"
check "the ports are requested" grep -q "01ce-01d0 : $DRIVER" /proc/ioports
find_card
same "there is no EDID" "$(wc -c <"$CONNECTOR/edid")" 0
same "the usual modes are there" "$(head -n 1 "$CONNECTOR/modes")" 1024x768
same "the console has the resolution of the hardware" "$(shown)" \
	"$(sed 's/,/x/' /sys/class/graphics/fb0/virtual_size)"
same "pictures" "$(kms pictures "$DEV" vga)" "31 pictures, 0 of them are wrong"
check "mode sets" kms modes "$CARD" 10
check "the driver in C and the one in Rust in turn" both_in_turn
find_card
check "mode sets after that" kms modes "$CARD" 4
check "begins with another mode" begins 800x600 defx=800 defy=600
check "a width that is too large" refused defx=65536
check "modeset=0" left_alone modeset=0
check "modeset=1" begins 1024x768 modeset=1
