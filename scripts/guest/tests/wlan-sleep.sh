#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The machine sleeps and wakes with software radios in a network"
#: configurations = ["initramfs"]
#: programs = ["/usr/sbin/ip", "/usr/sbin/iw", "/usr/sbin/hostapd", "/usr/sbin/hostapd_cli", "/usr/sbin/wpa_supplicant", "/usr/sbin/wpa_cli"]
#: timeout = 180
#: time = 40
#
# An access point, a station of it, and a monitor, of mac80211_hwsim and then of hwsim_rust. cfg80211
# has the networks left before the machine sleeps; the interfaces are still there when it wakes, and the
# station joins the network again. All but the sleeping itself for both, and once suspend to RAM, of
# which QEMU's firmware has only one per boot. See suspend.sh.

. /series/ktap.sh
. /series/wlan.sh

power=/sys/power

# The shell of busybox has an `ip` of its own, which knows no namespaces.
ip()
{
	/usr/sbin/ip "$@"
}

# sleeps: the kernel has counted one more.
sleeps()
{
	before=$(cat $power/suspend_stats/success)
	echo mem >$power/state && [ "$(cat $power/suspend_stats/success)" = $((before + 1)) ]
}

# All but the sleeping itself.
rehearses()
{
	echo "$1" >$power/pm_test && sleeps
	rehearses_status=$?
	echo none >$power/pm_test
	return $rehearses_status
}

# The interfaces are up as before. hostapd begins again when it is told to; wpa_supplicant does it by
# itself.
joins_again()
{
	ip link show "$AP" | grep ',UP' && in_sta ip link show "$STA" | grep ',UP' &&
		in_sta2 ip link show mon2 | grep ',UP' || return 1
	hostapd_cli -p "$T/hostapd" -i "$AP" disable
	hostapd_cli -p "$T/hostapd" -i "$AP" enable
	try 60 associated && try 10 pings && hears && return
	tail -n 20 "$T/hostapd.log" "$T/wpa.log"
	return 1
}

# The monitor of the other radio gets frames.
hears()
{
	hears_before=$(in_sta2 cat /sys/class/net/mon2/statistics/rx_packets)
	try 10 hears_more
}

hears_more()
{
	[ "$(in_sta2 cat /sys/class/net/mon2/statistics/rx_packets)" -gt "$hears_before" ]
}

of()
{
	radios "$1"
	check "$1: joins" join psk
	in_sta2 iw phy "$PHY_STA2" interface add mon2 type monitor
	in_sta2 ip link set mon2 up
	in_sta2 iw dev mon2 set freq $FREQ
	check "$1: a monitor hears" hears
	check "$1: devices sleep" rehearses devices
	check "$1: joins again" joins_again
	if [ "$1" = hwsim_rust ]; then
		host wake
		check "$1: the machine sleeps" sleeps
		check "$1: joins again after that" joins_again
	else
		skip "$1: the machine sleeps" "once per boot"
		skip "$1: joins again after that" "once per boot"
	fi
	check "$1: unloads" remove "$1"
	check "$1: the log is quiet" quiet
}

echo deep >$power/mem_sleep
echo 0 >/sys/module/suspend/parameters/pm_test_delay
case $SERIES_PHASE in
1)
	plan 18
	of mac80211_hwsim
	of hwsim_rust
	# The firmware does not put everything back, either.
	host reset
	;;
2)
	plan 1
	same "no radios after a reset" "$(phys)" ""
	;;
esac
