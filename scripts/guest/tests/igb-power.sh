#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Power management of igb"
#: devices = ["pcie-root-port,id=rp-igb-power,chassis=102,slot=102,hotplug=off", "igb,id=igb-power,bus=rp-igb-power"]
#: bind = { "8086:10c9" = "rust_driver_igb" }
#: modules = ["rust_driver_igb"]
#: configurations = ["power"]
#: timeout = 60
#: time = 30
#
# Runtime PM with D3hot, where the registers and most of the configuration space are lost, and system
# sleep as far as pm_test goes.

. /series/ktap.sh
. /series/pci.sh
. /series/igb.sh

plan 29

igb_device igb-power

# Where the power management capability is.
pm_at() {
	pos=$(($(config 52 1) & 252))
	while [ "$(config $pos 1)" != 1 ] && [ "$pos" != 0 ]; do
		pos=$(($(config $((pos + 1)) 1) & 252))
	done
	echo "$pos"
}
# Bits of its control and status register: the state that the device is in.
d_state() {
	echo $(($(config $(($(pm_at) + 4)) 2) & 3))
}
# Command, BARs, and the control bits of MSI-X.
saved() {
	od -An -v -tx1 -j4 -N2 "$DEV/config"
	od -An -v -tx1 -j16 -N24 "$DEV/config"
	od -An -v -tx1 -j$((112 + 2)) -N2 "$DEV/config"
}
power() {
	echo "$(cat "$DEV/power/runtime_status") $(cat "$DEV/power_state") $(d_state)"
}

same "awake at first" "$(power)" "active D0 0"
same "works" "$(works)" "$WORKS"
state=$(saved)

echo auto > "$DEV/power/control"
check "suspended when allowed" retry 5 status_is suspended
same "power state" "$(power)" "suspended D3hot 3"
same "runtime_suspend was called" "$(called runtime_suspend)" 1
same "an operation resumes it" "$(works)" "$WORKS"
check "runtime_resume was called" [ "$(called runtime_resume)" -gt 0 ]
same "its configuration space is restored" "$(saved)" "$state"
retry 5 status_is suspended
n=$(called runtime_resume)
i=0
count=$(rounds 10 100)
while [ $i -lt "$count" ]; do
	retry 5 status_is suspended || break
	[ "$(works)" = "$WORKS" ] || break
	i=$((i + 1))
done
same "suspended and resumed $count times" "$i" "$count"

# The driver changes the power state by itself, instead of the PCI core.
mask=$(($(config $(($(pm_at) + 2)) 2) >> 11))
same "states that can signal wake-up" "$(sed -n 1p "$DIR/sleep")" "pme $(printf '0x%x' $mask)"
same "no power state has been changed yet" "$(sed -n 2p "$DIR/sleep")" none
echo 1 > "$DIR/sleep"
[ "$(works)" = "$WORKS" ]
check "suspended by the driver" retry 5 status_is suspended
same "power state" "$(power)" "suspended D3hot 3"
# There is no D1, and wake-up is not allowed.
same "what has come of it" "$(sed -n 2p "$DIR/sleep")" \
	"unknown -22 d1 -5 wake -22 states [3, 0, 3]"
same "works after it" "$(works) $(saved)" "$WORKS $state"
echo 0 > "$DIR/sleep"

echo on > "$DEV/power/control"
same "awake when forbidden" "$(power)" "active D0 0"

# A reset of a device that is asleep wakes it up before.
echo auto > "$DEV/power/control"
retry 5 status_is suspended
echo 1 > "$DEV/reset"
same "works after a reset in D3hot" "$(called reset_done) $(works)" "1 $WORKS"

# Unbound in D3hot.
retry 5 status_is suspended
unbind
same "unbound while suspended" "$(bound) $(cat "$DEV/power_state")" "- unknown"
bind rust_driver_igb
same "bound again" "$(works)" "$WORKS"
echo on > "$DEV/power/control"

same "does not wake up the system unasked" "$(cat "$DEV/power/wakeup")" disabled

# System sleep.
echo 1 > /sys/module/suspend/parameters/pm_test_delay
n=0
asleep() {
	echo "$2" > /sys/power/pm_test && echo "$1" > /sys/power/state || return 1
	n=$((n + 1))
	same "$1, test level $2" "$(called suspend) $(called resume) $(power) $(works)" \
		"$n $n active D0 0 $WORKS"
}
for level in devices platform; do
	asleep freeze $level || bail "no freeze at level $level"
done
for level in devices platform core; do
	asleep mem $level || bail "no mem at level $level"
done
asleep disk devices || bail "no disk"
same "its configuration space is restored" "$(saved)" "$state"

# In D3hot before, it is woken up for this.
echo auto > "$DEV/power/control"
retry 5 status_is suspended
echo devices > /sys/power/pm_test
echo mem > /sys/power/state
same "works after sleep in D3hot" "$(works)" "$WORKS"
echo none > /sys/power/pm_test
check "suspended in the end" retry 5 status_is suspended
