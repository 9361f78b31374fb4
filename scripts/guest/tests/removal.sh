#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Devices are pulled while their drivers use them, orderly and by surprise"
#: devices = ["pcie-root-port,id=rp-edu,chassis=120,slot=120", "pcie-root-port,id=rp-pull,chassis=121,slot=121"]
#: modules = ["rust_driver_edu", "rust_driver_igb"]
#: configurations = ["hotplug"]
#: expect = [{ class = "lockdep", text = "&ctrl->reset_lock", min = 0, max = 1 }]
#: timeout = 150
#: time = 70
#
# With operations, interrupts, DMA and runtime PM in progress, and files open. See hotplug.sh for
# lockdep.

. /series/ktap.sh
. /series/pci.sh
. /series/slot.sh

plan 44

edu_port=$(host address rp-edu) && igb_port=$(host address rp-pull) || bail "no ports"

# about edu, about igb: what follows is about it.
about()
{
	case $1 in
	edu)
		PORT=$pci/devices/$edu_port SLOT=$pci/slots/120 BUS=rp-edu
		# No factorials: QEMU waits for the end of one when the device goes by surprise, and
		# that for QEMU.
		work="dma" argument="7 4096"
		;;
	igb)
		PORT=$pci/devices/$igb_port SLOT=$pci/slots/121 BUS=rp-pull
		work="raise transmit" argument="63 1000"
		;;
	esac
	KIND=$1 ID=hot-$1 DRIVER=rust_driver_$1
}

there()
{
	for DEV in "$PORT"/0000:*:00.0; do
		NAME=${DEV##*/}
		DIR=/sys/kernel/debug/$DRIVER-$NAME
		[ -e "$DEV/driver" ] && [ -e "$DIR" ] && return
	done
}

gone()
{
	[ ! -e "$DEV" ]
}

# The driver does its work.
works()
{
	case $KIND in
	edu) echo 5 >"$DIR/factorial" && [ "$(cat "$DIR/factorial")" = "5 120" ] ;;
	igb) echo "1023 2" >"$DIR/raise" && [ "$(cat "$DIR/raise")" = 2 ] ;;
	esac
}

plug()
{
	retry 30 host plug "$KIND,id=$ID,bus=$BUS" && retry 30 there && works
}

# Starts operations without end, and opens files.
begin()
{
	exec 4<"$DIR/interrupts" 6>"$DIR/${work%% *}"
	for file in $work; do
		(until ! echo "$argument" >"$DIR/$file" && [ ! -e "$DIR" ]; do :; done) \
			4<&- 6>&- 2>/dev/null &
	done
	(while read -r line <"$DIR/interrupts"; do :; done) 4<&- 6>&- 2>/dev/null &
}

# Waits for the operations to end. Sets `left` to what is left of the driver.
unused()
{
	wait
	left=
	[ ! -e "$DIR" ] || left="$left files"
	! grep -q "$DRIVER" /proc/interrupts || left="$left handlers"
	! cat <&4 >/dev/null 2>&1 || left="$left readable"
	! (echo "$argument" >&6) 2>/dev/null || left="$left writable"
	exec 4<&- 6>&-
}

# The same, and of the device, which goes.
end()
{
	retry 30 gone
	retry 30 rested
	unused
	[ ! -e "$DEV" ] || left="$left device"
}

suspended()
{
	[ "$(cat "$DEV/power/runtime_status")" = suspended ]
}

# refuses FILE TEXT: the driver has an error for that.
refuses()
{
	! echo "$2" >"$DIR/$1"
}

for kind in edu igb; do
	about $kind
	for way in by_host by_guest by_both by_surprise; do
		check "$kind: plugged, works" plug
		there
		begin
		sleep 0.3
		check "$kind: goes $way" $way
		end
		same "$kind: nothing is left" "$left" ""
	done

	# Nobody has noticed yet that it is gone.
	check "$kind: plugged again" plug
	there
	exec 4<"$DIR/interrupts" 6>"$DIR/${work%% *}"
	(until ! echo "$argument" >"$DIR/${work##* }"; do :; done) 2>/dev/null &
	sleep 0.3
	vanish
	check "$kind: is not there, and the driver does not know" [ -e "$DIR" ]
	wait
	check "$kind: ${work%% *} fails" refuses "${work%% *}" "$argument"
	notice
	end
	same "$kind: nothing is left" "$left" ""
done

about edu
check "edu: plugged again" plug
there
echo auto >"$DEV/power/control"
retry 30 suspended
exec 4<"$DIR/interrupts" 6>"$DIR/dma"
vanish
check "edu: does not resume" refuses dma "7 4096"
notice
end
same "edu: nothing is left" "$left" ""
check "edu: plugged again" plug
there
echo auto >"$DEV/power/control"
begin
(while [ -e "$DIR" ]; do
	echo auto >"$DEV/power/control"
	echo on >"$DEV/power/control"
done) 2>/dev/null &
sleep 0.5
by_surprise
end
same "edu: nothing is left after it went while runtime PM was busy" "$left" ""

# The device stays, and the driver goes.
check "edu: plugged again" plug
there
begin
sleep 0.3
check "edu: the module is unloaded" rmmod rust_driver_edu
unused
same "edu: nothing is left of the driver" "$left" ""
check "edu: the module is loaded" modprobe rust_driver_edu
check "edu: bound" retry 5 there
check "edu: works" works
by_guest
end

# cycle KIND ROUND: comes, works, and goes, orderly or not.
cycle()
{
	about "$1"
	plug && there || return 1
	begin
	sleep 0.2
	if [ $(($2 % 3)) = 0 ]; then by_surprise; else by_both; fi || return 1
	end
	[ -z "$left" ]
}

count=$(rounds 2 100)
i=0
wrong=
while [ $i -lt "$count" ] && [ -z "$wrong" ]; do
	for kind in edu igb; do
		cycle $kind $i || wrong="$wrong $kind in round $i: ${left:-no device};"
	done
	i=$((i + 1))
done
same "come and gone $count times" "$i$wrong" "$count"
