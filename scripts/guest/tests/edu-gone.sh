#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The edu device is cut off or removed in the middle of a poll"
#: devices = ["pcie-root-port,id=rp-gone,chassis=122,slot=122"]
#: modules = ["rust_driver_edu"]
#: configurations = ["hotplug"]
#: expect = [{ class = "lockdep", text = "&ctrl->reset_lock", min = 0, max = 1 }]
#: timeout = 120
#: time = 40
#
# The driver reads the status register for a minute, or waits for an interrupt that takes longer. It
# must notice that the device is frozen after an error of the bus, or is being removed. See also
# hotplug.sh. A device that is gone by surprise is not tried: QEMU gives 0 for its registers.

. /series/ktap.sh
. /series/pci.sh
. /series/edu.sh

plan 13

gone() {
	[ ! -e "$DEV" ]
}
counted() {
	[ "$(called "$1")" = "$2" ]
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
host plug "edu,id=edu-gone,bus=rp-gone" || bail "no edu device"
retry 20 edu_device edu-gone || bail "no edu device"
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
same "it has been told of everything" "$(called error_detected)$(called slot_reset)" 11
check "the device works" retry 5 works

# An error in the middle of a computation, for which it waits by interrupt.
start factorial 4000000000
check "an error at the port" host hmp pcie_aer_inject_error rp-gone MALF_TLP
finish 20
check "the wait ends" cut_off
check "the driver has recovered again" retry 20 counted error_resume 2
check "the device works again" retry 20 works

# It is pulled.
start watch 60000
host unplug edu-gone &
finish 30
same "being removed, the poll ends" "$ended" "No such device in time"
check "it is gone" retry 20 gone
wait
