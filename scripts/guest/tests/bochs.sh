#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The Rust driver of QEMU's display"
#: devices = ["pcie-root-port,id=rp-display,chassis=102,slot=102", "bochs-display,id=display,bus=rp-display"]
#: bind = { "1234:1111" = "bochs_rust" }
#: modules = ["bochs_rust"]
#: configurations = ["display"]
#: timeout = 120
#: time = 40
#
# drivers/gpu/drm/tiny/bochs_rust.rs: what the hardware has after the console, modetest and the
# frame buffer device have drawn; being unbound and unloaded meanwhile.

. /series/ktap.sh
. /series/pci.sh

DRIVER=bochs_rust
ID=1234:1111

plan 32

# The address of a BAR, in hexadecimal.
bar()
{
	sed -n "$(($1 + 1))s/ .*//p" "$DEV/resource"
}
# physical FORMAT ADDRESS OFFSET: what the device has there, as QEMU's monitor prints it.
physical()
{
	host hmp "xp /$1 $(printf '0x%x' $(($2 + $3)))" | sed 's/^[^:]*: //' | tr -s '\r\n ' ' ' |
		sed 's/ *$//'
}
# register OFFSET: one of 16 bits, in decimal.
register()
{
	echo $(($(physical 1xh "$(bar 2)" "$1")))
}
# Both registers at once: the next mode may be set between two calls.
resolution()
{
	# shellcheck disable=SC2046
	set -- $(physical 2xh "$(bar 2)" 0x502)
	echo "$(($1))x$(($2))"
}
# pixel X Y PITCH: of the memory of the device.
pixel()
{
	physical 1xw "$(bar 0)" $(($2 * $3 + $1 * 4))
}
find_card()
{
	CARD=$(basename "$DEV"/drm/card*)
	[ -e "/sys/class/drm/$CARD" ] || return 1
	CONNECTOR=/sys/class/drm/$CARD-Virtual-1
	[ -e "$CONNECTOR" ]
}
has_fb()
{
	grep -q "bochs-drmdrmfb" /proc/fb
}
no_fb()
{
	! has_fb
}
# The number of the connector, as modetest has it.
connector_id()
{
	modetest -M bochs-drm -c 2>/dev/null | sed -n 's/^\([0-9][0-9]*\)\t.*Virtual-1.*/\1/p' | head -n 1
}
# show MODE OPTION...: shows colour bars, until `hide`. The console comes back afterwards.
show()
{
	mode=$1
	shift
	mkfifo /tmp/modetest.in
	modetest -M bochs-drm -s "$ID_CONNECTOR:$mode" "$@" </tmp/modetest.in >/tmp/modetest.out 2>&1 &
	exec 5>/tmp/modetest.in
	rm /tmp/modetest.in
}
hide()
{
	echo >&5
	exec 5>&-
	wait
	cat /tmp/modetest.out
}
has_resolution()
{
	[ "$(resolution)" = "$1" ]
}
# shown MODE: modetest sets it, and the hardware has it meanwhile.
shown()
{
	show "$1"
	retry 10 has_resolution "$1"
	shown=$?
	hide
	return $shown
}
# The plane, as modetest has it: of the first kind, with formats and properties.
planes()
{
	modetest -M bochs-drm -p >/tmp/planes 2>/dev/null
	for text in "formats: XR24 BX24 RG16" "type:" "value: 1" IN_FORMATS; do
		sed -n '/^Planes:/,$p' /tmp/planes | grep -q "$text" || { echo "no $text" && return 1; }
	done
}
# atomically MODE: the same as `shown`, by atomic commits of a plane.
atomically()
{
	plane=$(modetest -M bochs-drm -p 2>/dev/null | sed -n '/^Planes:/,$s/^\([0-9][0-9]*\)\t.*/\1/p' | head -n 1)
	crtc=$(modetest -M bochs-drm -p 2>/dev/null | sed -n '/^CRTCs:/,/^Planes:/s/^\([0-9][0-9]*\)\t.*/\1/p' | head -n 1)
	show "$1" -a -P "$plane@$crtc:$1"
	retry 10 has_resolution "$1" && retry 5 bars_differ "${1%x*}"
	shown=$?
	hide
	return $shown
}
flips()
{
	show 1024x768 -v
	# Looking more often would take the time that drawing needs on a debug kernel.
	for try in 1 2 3 4 5 6 7 8 9 10; do
		sleep 3
		! grep -q ^freq /tmp/modetest.out || break
	done
	hide
	rate=$(sed -n 's/^freq: \([0-9]*\)\..*/\1/p' /tmp/modetest.out | tail -n 1)
	[ -n "$rate" ] && [ "$rate" -ge "$1" ] && [ "$rate" -le "$2" ]
}
# draw_in_background: page flips until the device is gone, or stop_drawing.
draw_in_background()
{
	sleep 60 | modetest -M bochs-drm -s "$ID_CONNECTOR:1024x768" -v >/dev/null 2>&1 &
	sleep 1
	pgrep -x modetest >/dev/null
}
stop_drawing()
{
	pkill -x modetest
	pkill -x sleep
	sleep 0.2
	! pgrep -x modetest
}
edid_bytes()
{
	od -An -v -tx1 -N128 "$CONNECTOR/edid" | tr -s '\n ' ' ' | sed 's/^ //; s/ $//'
}
edid_of_device()
{
	physical 128xb "$(bar 2)" 0 | sed 's/[0-9a-f]*: //g; s/0x//g'
}
# bars_differ WIDTH: of the mode.
bars_differ()
{
	[ "$(pixel 10 10 $(($1 * 4)))" != "$(pixel $(($1 / 2)) 10 $(($1 * 4)))" ]
}
bars_shown()
{
	show 800x600
	retry 10 has_resolution 800x600 && retry 5 bars_differ 800
	shown=$?
	hide
	return $shown
}

device $ID
same "driver is bound" "$(bound)" $DRIVER
check "it has a card and a connector" find_card
# Once more, not in a subshell.
find_card
check "it has a frame buffer device" has_fb
same "the display is connected" "$(cat "$CONNECTOR/status")" connected
same "the EDID is the one of the device" "$(edid_bytes)" "$(edid_of_device)"
check "the EDID has modes" grep -q 1024x768 "$CONNECTOR/modes"
mode=$(cut -d, -f1 /sys/class/graphics/fb0/virtual_size)x$(cut -d, -f2 /sys/class/graphics/fb0/virtual_size)
same "the console has the resolution of the hardware" "$(resolution)" "$mode"
same "the hardware shows 32 bits" "$(register 0x506)" 32
same "and is enabled" "$(register 0x508)" $((0x41))

printf '\033[2J\033[H\033[41m  bochs_rust  \033[0m\n' >/dev/tty0
sleep 1
check "a picture of the console" host screenshot display bochs-console
same "the console is in the memory of the device" "$(pixel 2 2 "$(cat /sys/class/graphics/fb0/stride)")" 0x00aa0000

# As a panic would do it, and nothing is drawn over it. The console comes back with the next mode.
check "a panic finds the memory" sh -c "echo 1 >'/sys/kernel/debug/dri/$NAME/drm_panic_plane_0'"
check "a picture of the panic" host screenshot display bochs-panic
same "the panic screen is in the memory of the device" "$(pixel 2 2 "$(cat /sys/class/graphics/fb0/stride)")" 0x00000000

ID_CONNECTOR=$(connector_id)
check "modetest finds the connector" [ -n "$ID_CONNECTOR" ]
for mode in 640x480 800x600 1280x800 1920x1080; do
	check "modetest shows $mode" shown $mode
done
check "there are colour bars in memory" bars_shown
check "modetest finds the plane, its formats and properties" planes
check "modetest shows 640x480 by atomic commits" atomically 640x480
check "modetest sets a property" modetest -M bochs-drm -w "$ID_CONNECTOR:DPMS:0"
check "page flips take as long as a frame, or longer" flips 1 63
check "the console is back" retry 10 has_resolution "$(sed 's/,/x/' /sys/class/graphics/fb0/virtual_size)"

# Unbound while a client draws.
for round in $(seq "$(rounds 2 100)"); do
	ok=1
	draw_in_background || ok=
	unbind
	[ "$(bound)" = - ] || ok=
	no_fb || ok=
	stop_drawing >/dev/null || ok=
	bind $DRIVER
	retry 5 has_fb || ok=
	[ "$ok" ] || break
done
check "unbound and bound again while a client draws" [ "$ok" ]
find_card
ID_CONNECTOR=$(connector_id)
check "modetest shows 800x600 after that" shown 800x600

# Unloaded.
draw_in_background
check "the module can't be unloaded while a client draws" sh -c "! rmmod $DRIVER 2>/dev/null"
unbind
check "not even when it is unbound" sh -c "! rmmod $DRIVER 2>/dev/null"
stop_drawing
check "it can be unloaded afterwards" retry 3 rmmod $DRIVER
check "and loaded" modprobe $DRIVER
check "the console is there again" retry 5 has_fb
