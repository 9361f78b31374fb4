#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The machine sleeps and wakes, and so do edu and igb"
#: devices = ["edu,id=edu-sleep", "pcie-root-port,id=rp-sleep,chassis=103,slot=103,hotplug=off", "igb,id=igb-sleep,bus=rp-sleep"]
#: bind = { "1234:11e8" = "rust_driver_edu", "8086:10c9" = "rust_driver_igb" }
#: modules = ["rust_driver_edu", "rust_driver_igb"]
#: configurations = ["initramfs"]
#: programs = ["/usr/sbin/rtcwake"]
#: timeout = 180
#: time = 40

. /series/ktap.sh
. /series/pci.sh
. /series/edu.sh
. /series/igb.sh

power=/sys/power

seconds()
{
	cut -d. -f1 /proc/uptime
}

# counted COMMAND...: succeeds if it does, and the kernel has counted one suspend more.
counted()
{
	before=$(cat $power/suspend_stats/success)
	"$@" || return 1
	[ "$(cat $power/suspend_stats/success)" = $((before + 1)) ] || {
		echo "the kernel has not counted it"
		return 1
	}
}

sleep_as()
{
	echo "$1" >$power/state
}

# All but the sleeping itself.
rehearse()
{
	echo "$1" >$power/pm_test && counted sleep_as mem
	status=$?
	echo none >$power/pm_test
	return $status
}

woken_by_host()
{
	host wake && counted sleep_as mem
}

# woken_by_clock SECONDS: that long, and not less: a machine that only seems to sleep is back at once.
# Suspend to idle is not among what QEMU's clock ends.
woken_by_clock()
{
	start=$(date +%s)
	counted /usr/sbin/rtcwake -u -m mem -s "$1" || return 1
	slept=$(($(date +%s) - start))
	echo "slept $slept s"
	[ "$slept" -ge $(($1 - 1)) ]
}

# Takes so long that an alarm does not come before the machine sleeps, which would not wake it then:
# it may be slow. Sets `alarm`.
find_alarm()
{
	start=$(seconds)
	rehearse devices
	alarm=$((4 + 4 * ($(seconds) - start)))
}

# The drivers, each with its device. `slept` counts what they have been called for.
slept=0
edu_device edu-sleep || bail "no edu device"
EDU=$DIR
igb_device igb-sleep
IGB=$DIR

# drivers_slept HOW TIMES: both have been called for that many sleeps more, and their devices work.
drivers_slept()
{
	slept=$((slept + $2))
	DIR=$EDU
	same "$1: edu was called" \
		"$(sed -n 's/^suspend //p; s/^resume //p' "$DIR/power" | xargs) $(cat "$DIR/sleep")" \
		"$slept $slept prepare suspend suspend_late suspend_noirq resume_noirq resume_early resume complete"
	same "$1: edu signals and copies" "$(fact 5) $(try dma '7 4096')" \
		"120 seed 7 length 4096 compared 4096 mismatches 0"
	DIR=$IGB
	same "$1: igb was called" "$(called suspend) $(called resume)" "$slept $slept"
	same "$1: igb signals and transmits" "$(works)" "$WORKS"
}

awake()
{
	host hmp info status | grep "VM status: running"
}

echo deep >$power/mem_sleep
echo 0 >/sys/module/suspend/parameters/pm_test_delay
case $SERIES_PHASE in
1)
	plan 17
	check "suspend to RAM is there" grep -w deep $power/mem_sleep
	for level in freezer devices platform processors core; do
		check "pm_test $level" rehearse $level
	done
	drivers_slept "pm_test" 4
	check "picture of the display" host screenshot vga before-suspend
	check "the host ends suspend to RAM" woken_by_host
	drivers_slept "suspend to RAM" 1
	check "the host sees it run" awake
	# QEMU's firmware does not put everything back after suspend to RAM: neither another one nor
	# power off work.
	host reset
	;;
2)
	plan 5
	find_alarm
	check "the clock ends suspend to RAM" woken_by_clock "$alarm"
	drivers_slept "suspend to RAM" 2
	host reset
	;;
3)
	plan 1
	check "the host sees it run after a reset" awake
	;;
esac
