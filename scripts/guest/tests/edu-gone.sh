#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The edu device is cut off or goes in the middle of a poll"
#: devices = ["pcie-root-port,id=rp-gone,chassis=121,slot=121"]
#: modules = ["rust_driver_edu"]
#: configurations = ["hotplug"]
#: expect = [{ class = "lockdep", text = "&ctrl->reset_lock", min = 0, max = 1 }]
#: timeout = 120
#: time = 40
#
# The driver reads the status register for a minute, or waits for an interrupt that takes longer. It
# must notice that the device is frozen after an error of the bus, has lost its power, or is being
# removed. See also hotplug.sh.

. /series/ktap.sh
. /series/pci.sh

plan 18

DRIVER=rust_driver_edu
port=$(host address rp-gone)

# Hundredths of a second.
now() {
	cut -d' ' -f1 /proc/uptime | tr -d .
}
found() {
	NAME=$(host address edu-gone) && DIR=/sys/kernel/debug/$DRIVER-$NAME &&
		DEV=$pci/devices/$NAME && [ -d "$DIR" ]
}
gone() {
	[ ! -e "$DEV" ]
}
counter() {
	sed -n "s/^$1 //p" "$DIR/power"
}
counted() {
	[ "$(counter "$1")" = "$2" ]
}
fact() {
	if echo "$1" 2>/dev/null > "$DIR/factorial"; then
		sed 's/^[0-9]* //' "$DIR/factorial"
	else
		echo error
	fi
}
works() {
	[ "$(fact 12)" = 479001600 ]
}
# start FILE ARGUMENT: an operation in the background, which is in progress when this returns.
start() {
	rm -f /tmp/gone.status
	(
		# dd says why it has failed; the shell does not.
		error=$(echo "$2" | dd of="$DIR/$1" conv=notrunc status=none 2>&1) && error=none
		echo "${error##*: }" > /tmp/gone.status
	) &
	until [ "$(cat "$DIR/factorial")" = busy ] || [ -e /tmp/gone.status ]; do :; done
	began=$(now)
}
# Waits for it; sets `ended` to the error, and to whether it came within $1 seconds.
finish() {
	wait
	took=$(($(now) - began))
	ended=$(cat /tmp/gone.status)
	if [ "$took" -lt "$1"00 ]; then
		ended="$ended in time"
	else
		ended="$ended after $took"
	fi
}
# The driver gives up since it is told so, or since it has noticed by itself.
cut_off() {
	case $ended in
	"Input/output error in time" | "No such device in time") ;;
	*) echo "$ended"; return 1 ;;
	esac
}
# slot_power on|off: of the port, by the power controller control of its slot.
slot_power() {
	cap=$(od -An -v -tu1 -j52 -N1 "$pci/devices/$port/config" | tr -d ' ')
	while [ "$(od -An -v -tu1 -j"$cap" -N1 "$pci/devices/$port/config" | tr -d ' ')" != 16 ]; do
		cap=$(od -An -v -tu1 -j$((cap + 1)) -N1 "$pci/devices/$port/config" | tr -d ' ')
		[ "$cap" != 0 ] || return 1
	done
	at=$((cap + 25))
	high=$(od -An -v -tu1 -j$at -N1 "$pci/devices/$port/config" | tr -d ' ')
	case $1 in
	on) high=$((high & ~4)) ;;
	off) high=$((high | 4)) ;;
	esac
	# shellcheck disable=SC2059
	printf "\\$(printf %o $high)" |
		dd of="$pci/devices/$port/config" bs=1 seek=$at conv=notrunc 2>/dev/null
}

host plug "edu,id=edu-gone,bus=rp-gone" || bail "no edu device"
retry 20 found || bail "no edu device"
same "it works" "$(fact 5)" 120

start watch 300
finish 5
same "a poll ends" "$ended" "Connection timed out in time"

# An error that cuts off what is below the port; it is reset, and recovers.
start watch 60000
check "an error at the port" host hmp pcie_aer_inject_error rp-gone MALF_TLP
finish 20
check "the poll ends" cut_off
check "the driver has recovered" retry 20 counted error_resume 1
same "it has been told of everything" "$(counter error_detected)$(counter slot_reset)" 11
check "the device works" retry 5 works

# An error in the middle of a computation, for which it waits by interrupt.
start factorial 4000000000
check "an error at the port" host hmp pcie_aer_inject_error rp-gone MALF_TLP
finish 20
check "the wait ends" cut_off
check "the driver has recovered again" retry 20 counted error_resume 2
check "the device works again" retry 20 works

# It loses its power, of which nobody is told.
start watch 60000
slot_power off || bail "no power control"
finish 5
same "without power, the poll ends" "$ended" "No such device in time"
same "nothing else begins" "$(fact 5)" error
echo "$NAME" > "$DEV/driver/unbind"
same "unbound" "$(bound)" -
slot_power on
echo 1 > "$DEV/remove"
echo 1 > "$pci/devices/$port/rescan"
check "with power, it is found again" retry 10 found
check "it works again" retry 20 works

# It is pulled.
start watch 60000
host unplug edu-gone &
finish 30
same "being removed, the poll ends" "$ended" "No such device in time"
check "it is gone" retry 20 gone
wait
