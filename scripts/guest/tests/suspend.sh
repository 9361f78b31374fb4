#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The machine sleeps and wakes"
#: configurations = ["initramfs"]
#: programs = ["/usr/sbin/rtcwake"]
#: timeout = 180
#: time = 20

. /series/ktap.sh

power=/sys/power

seconds()
{
	cut -d. -f1 /proc/uptime
}

# try COMMAND...: succeeds if it does, and the kernel has counted one suspend more.
try()
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
	echo "$1" >$power/pm_test && try sleep_as mem
	status=$?
	echo none >$power/pm_test
	return $status
}

woken_by_host()
{
	host wake && try sleep_as mem
}

# That long, and not less: a machine that only seems to sleep is back at once.
woken_by_clock()
{
	start=$(date +%s)
	try /usr/sbin/rtcwake -u -m mem -s "$1" || return 1
	slept=$(($(date +%s) - start))
	echo "slept $slept s"
	[ "$slept" -ge $(($1 - 1)) ]
}

awake()
{
	host hmp info status | grep "VM status: running"
}

echo deep >$power/mem_sleep
echo 0 >/sys/module/suspend/parameters/pm_test_delay
case $SERIES_PHASE in
1)
	plan 9
	check "suspend to RAM is there" grep -w deep $power/mem_sleep
	for level in freezer devices platform processors core; do
		check "pm_test $level" rehearse $level
	done
	check "picture of the display" host screenshot vga before-suspend
	check "the host ends suspend to RAM" woken_by_host
	check "the host sees it run" awake
	# QEMU's firmware does not put everything back after suspend to RAM: neither another one nor
	# power off work.
	host reset
	;;
2)
	plan 2
	# An alarm that comes before the machine sleeps does not wake it: it may be slow.
	start=$(seconds)
	check "rehearsal" rehearse devices
	check "the clock ends suspend to RAM" woken_by_clock $((4 + 4 * ($(seconds) - start)))
	host reset
	;;
3)
	plan 1
	check "the host sees it run after a reset" awake
	;;
esac
