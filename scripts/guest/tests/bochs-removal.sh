#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "QEMU's display is pulled while clients draw"
#: devices = ["pcie-root-port,id=rp-display1,chassis=131,slot=131", "pcie-root-port,id=rp-display2,chassis=132,slot=132", "pcie-root-port,id=rp-display3,chassis=133,slot=133", "pcie-root-port,id=rp-display4,chassis=134,slot=134", "pcie-root-port,id=rp-display5,chassis=135,slot=135", "pcie-root-port,id=rp-display6,chassis=136,slot=136", "pcie-root-port,id=rp-display7,chassis=137,slot=137"]
#: configurations = ["hotplug"]
#: expect = [{ class = "lockdep", text = "&ctrl->reset_lock", min = 0, max = 1 }]
#: tools = ["kms"]
#: timeout = 150
#: time = 40
#
# Orderly and by surprise, with the console on it. See hotplug.sh for lockdep.
#
# QEMU 10.0 keeps the memory of a display that was plugged and is gone, whatever the guest has done
# with it. It does not say that the device is deleted, and aborts if there comes another one in the
# same place. So each has a place of its own: a port, and in a storm also a function behind it.

. /series/ktap.sh
. /series/pci.sh
. /series/slot.sh

storms=$(rounds 1 10)
plan $((1 + 19 * storms))

DRIVER=bochs_rust

# place NUMBER: what follows is about this one.
place()
{
	number=$(($1 % 7 + 1)) FUNCTION=$(($1 / 7))
	ID=hot-display$1 BUS=rp-display$number
	PORT=$pci/devices/$(host address "$BUS") SLOT=$pci/slots/$((130 + number))
}

# The display of the machine is of the same kind. It stays as it is.
for other in $(with_id 1234:1111); do
	echo none >"$pci/devices/$other/driver_override"
done
modprobe $DRIVER || bail "no driver"

# The card is there, and the console is on it.
there()
{
	for DEV in "$PORT"/0000:*:00.$FUNCTION; do
		for CARD in "$DEV"/drm/card*; do
			[ -e "$CARD" ] && grep -q bochs-drmdrmfb /proc/fb && return
		done
	done
	return 1
}

gone()
{
	[ ! -e "$DEV" ]
}

# The guest looks when there is a function 0.
plug()
{
	retry 30 host plug "bochs-display,id=$ID,bus=$BUS,addr=0.$FUNCTION" || return 1
	[ $FUNCTION = 0 ] ||
		retry 30 host plug "pci-testdev,id=$ID-0,bus=$BUS,addr=0.0,multifunction=on" || return 1
	retry 30 there
}

# begin CLIENT: page flips (modetest), or random calls (kms); console output; and a file that is only
# open. Sets `drawing` if the client does.
begin()
{
	client=$1
	case $client in
	modetest)
		connector=$(modetest -M bochs-drm -c 2>/dev/null |
			sed -n 's/^\([0-9][0-9]*\)\t.*Virtual-1.*/\1/p' | head -n 1)
		(sleep 60 | modetest -M bochs-drm -s "$connector:1024x768" -v) >/tmp/client.out 2>&1 &
		;;
	kms) kms random "/dev/dri/${CARD##*/}" 60 1 >/tmp/client.out 2>&1 & ;;
	esac
	(while sleep 0.1; do echo "this is on the display" >/dev/tty0; done) 2>/dev/null &
	writer=$!
	sleep 1
	# The first file is that of the client: it may set modes.
	exec 4<"/dev/dri/${CARD##*/}"
	drawing=
	if pgrep -x "$client" >/dev/null; then drawing=yes; fi
}

# Waits until it is gone. Sets `left` to what is left of it.
end()
{
	left=
	retry 30 gone || left="$left device"
	retry 30 rested || left="$left power"
	! grep -q bochs-drmdrmfb /proc/fb || left="$left fb"
	[ ! -e "/dev/dri/${CARD##*/}" ] || left="$left node"
	# Those that have it open find it gone, and do no harm.
	! rmmod $DRIVER 2>/dev/null || left="$left unloaded"
	pkill -x modetest
	pkill -x kms
	pkill -x sleep
	kill $writer
	exec 4<&-
	wait
}

# The host asks, and does not wait for an answer.
by_host()
{
	host hmp "device_del $ID"
}

at=0
client=kms
for round in $(seq "$storms"); do
	for way in by_host by_guest by_both by_surprise; do
		if [ $client = kms ]; then client=modetest; else client=kms; fi
		place $at
		at=$((at + 1))
		check "it is plugged, and has the console" plug
		there
		begin $client
		same "$client draws on it" "$drawing" yes
		check "it goes $way" $way
		end
		same "nothing is left" "$left" ""
	done

	# Nobody has noticed yet that it is gone.
	place $at
	at=$((at + 1))
	check "it is plugged again" plug
	there
	begin modetest
	vanish
	sleep 1
	check "clients draw on what is not there any more" pgrep -x modetest
	notice
	end
	same "nothing is left after that" "$left" ""
done
check "the module can be unloaded" retry 5 rmmod $DRIVER
