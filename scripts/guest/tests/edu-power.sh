#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Power management and reset of the Rust sample driver of the edu device"
#: devices = ["edu,id=edu-power,bus=rp-power"]
#: bind = { "1234:11e8" = "rust_driver_edu" }
#: modules = ["rust_driver_edu"]
#: configurations = ["power"]
#: timeout = 120
#: time = 45
#
# Runtime PM, every pm_test level of system sleep and of hibernation, and resets, with an operation
# of the device after each.

. /series/ktap.sh
. /series/pci.sh
. /series/edu.sh

plan 46

edu_device edu-power || bail "no edu device"

rpm() {
	cat "$DEV/power/$1"
}
status_is() {
	[ "$(rpm runtime_status)" = "$1" ]
}

# Runtime PM. User space has not allowed it yet; that is the only usage count that is left.
same "awake at first" "$(rpm runtime_status)" active
same "usage count" "$(rpm runtime_usage)" 1
same "autosuspend delay" "$(rpm autosuspend_delay_ms)" 100
sleep 0.3
same "still awake" "$(rpm runtime_status)$(called runtime_suspend)" active0

echo auto > "$DEV/power/control"
retry 5 status_is suspended
same "suspended when allowed" "$(rpm runtime_status)" suspended
same "runtime_suspend was called" "$(called runtime_suspend)" 1
check "runtime_idle was called before" [ "$(called runtime_idle)" -gt 0 ]
same "nobody uses it" "$(rpm runtime_usage)" 0

same "an operation resumes it" "$(fact 5)" 120
same "runtime_resume was called" "$(called runtime_resume)" 1
retry 5 status_is suspended
same "suspended again" "$(rpm runtime_status)$(called runtime_suspend)" suspended2
i=0
while [ $i -lt 10 ]; do
	[ "$(fact 10)" = 3628800 ] || break
	retry 5 status_is suspended
	i=$((i + 1))
done
same "suspended and resumed 10 times" "$i$(called runtime_resume)" 1011

echo on > "$DEV/power/control"
same "resumed when forbidden" "$(rpm runtime_status)" active
echo auto > "$DEV/power/control"

# Unbind while it is suspended, or about to be.
retry 5 status_is suspended
unbind
same "unbound while suspended" "$([ -e "$DEV/driver" ] && echo bound)" ""
same "autosuspend is not in use" "$(rpm autosuspend_delay_ms 2>/dev/null)" ""
bind rust_driver_edu
same "bound again" "$(fact 6)" 720
i=0
while [ $i -lt 20 ]; do
	unbind || break
	bind rust_driver_edu || break
	[ "$(fact 10)" = 3628800 ] || break
	[ $((i % 2)) = 0 ] || sleep 0.09
	i=$((i + 1))
done
same "bound and unbound 20 times with runtime PM" "$i" 20
retry 5 status_is suspended
same "usage count after that" "$(rpm runtime_usage)" 0

# System sleep.
echo 1 > /sys/module/suspend/parameters/pm_test_delay
unbind
bind rust_driver_edu
echo on > "$DEV/power/control"
n=0
# What is called at the levels, in this order; hibernation has names of its own.
devices="suspend resume"
platform="suspend suspend_late suspend_noirq resume_noirq resume_early resume"
image="suspend freeze_late freeze_noirq thaw_noirq thaw_early resume"
# As if the machine had been off.
off="suspend freeze_late freeze_noirq restore_noirq restore_early resume"
# asleep STATE LEVEL N RESULT: the driver is called, unless only processes are frozen, and the
# factorial of N is RESULT after it.
asleep() {
	case $1-$2 in
	*-devices) want="prepare $devices complete" ;;
	disk-core) want="prepare $off complete" ;;
	disk-*) want="prepare $image complete" ;;
	*-freezer) ;;
	*) want="prepare $platform complete" ;;
	esac
	echo "$2" > /sys/power/pm_test && echo "$1" > /sys/power/state || return 1
	[ "$2" = freezer ] || n=$((n + 1))
	same "$1, test level $2" "$(called suspend) $(called resume) $(fact "$3")" "$n $n $4"
	same "$1, test level $2: callbacks" "$(cat "$DIR/sleep")" "$want"
}
# Below this level, the machine really sleeps when it is suspended to idle.
want=
for level in freezer devices platform; do
	asleep freeze $level 7 5040 || bail "no freeze at level $level"
done
for level in freezer devices platform processors core; do
	asleep mem $level 8 40320 || bail "no mem at level $level"
done
for level in devices core; do
	asleep disk $level 9 362880 || bail "no disk at level $level"
done
echo auto > "$DEV/power/control"
# A device that is asleep at run time remains so.
retry 5 status_is suspended
echo devices > /sys/power/pm_test
echo mem > /sys/power/state
echo none > /sys/power/pm_test
same "suspended before, it is left alone" "$(cat "$DIR/sleep") $(called suspend)" \
	"prepare complete $n"

# Resets, when idle and in the middle of an operation.
[ -e "$DEV/reset" ] || bail "no way to reset the device"
echo 1 > "$DEV/reset"
same "reset was announced" "$(called reset_prepare)$(called reset_done)" 11
same "works after the reset" "$(fact 12)" 479001600
(echo 4000000000 > "$DIR/factorial") 2>/dev/null &
sleep 0.5
echo 1 > "$DEV/reset"
same "reset in the middle of an operation" "$(called reset_prepare)$(called reset_done)" 22
wait
works() {
	[ "$(fact 12)" = 479001600 ]
}
retry 20 works
same "works after that" "$(fact 12)" 479001600

retry 5 status_is suspended
same "suspended in the end" "$(rpm runtime_status)$(rpm runtime_usage)" suspended0
check "nothing in the log" sh -c '! dmesg | grep -q "runtime PM.*rust_driver_edu\|Runtime PM usage count underflow"'
same "MSI still there" "$(dmesg | grep -c 'nobody cared')" 0
