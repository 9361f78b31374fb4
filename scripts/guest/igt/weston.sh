#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "A compositor on bochs_rust"
#: devices = ["bochs-display,id=display"]
#: bind = { "1234:1111" = "bochs_rust" }
#: modules = ["bochs_rust"]
#: configurations = ["display"]
#: tools = ["kms"]
#: timeout = 300
#: time = 60
#
# Weston shows its desktop and a client that draws all the time.

. /series/ktap.sh
. /series/pci.sh

XDG_RUNTIME_DIR=/run/weston
WAYLAND_DISPLAY=wayland-series
LIBSEAT_BACKEND=builtin
SEATD_VTBOUND=0
export XDG_RUNTIME_DIR WAYLAND_DISPLAY LIBSEAT_BACKEND SEATD_VTBOUND
mkdir -p -m 700 $XDG_RUNTIME_DIR

# begin COMMAND...: in the background; sets `began` to the process.
begin()
{
	"$@" >"/tmp/${1##*/}.log" 2>&1 &
	began=$!
}

is_there()
{
	[ -S $XDG_RUNTIME_DIR/$WAYLAND_DISPLAY ]
}

# What is shown: colours and checksum of all pixels.
seen()
{
	kms colors "$DEV/resource0" 1024000
}

# A desktop has many colours; the console has few.
is_desktop()
{
	# shellcheck disable=SC2046
	set -- $(seen)
	[ "$1" -ge 64 ] || { echo "$1 colours" && return 1; }
}

changes()
{
	for try in 1 2 3; do
		before=$(seen)
		sleep 2
		[ "$(seen)" != "$before" ] || return 1
	done
}

# Until it is waited for, a process that has ended is a zombie.
has_ended()
{
	[ ! -e "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}

ends()
{
	kill -TERM "$1" && retry 30 has_ended "$1"
}

plan 9

device 1234:1111
card=$(basename "$DEV"/drm/card*)
begin weston --backend=drm --renderer=pixman --continue-without-input --drm-device="$card" \
	--socket=$WAYLAND_DISPLAY --idle-time=0
weston=$began
check "a compositor begins" retry 60 is_there
sleep 5
check "it shows its desktop" retry 30 is_desktop
begin weston-simple-shm
client=$began
sleep 5
check "a client is shown, and draws" changes
check "picture of it" host screenshot display weston
check "the client is there" kill -0 $client
check "the client ends" ends $client
check "the compositor is still there" kill -0 $weston
check "the compositor ends" ends $weston
sed 's/^/# /' /tmp/weston.log /tmp/weston-simple-shm.log
check "the console is back" retry 10 sh -c "! [ \"\$(kms colors $DEV/resource0 480000 | cut -d' ' -f1)\" -ge 64 ]"
