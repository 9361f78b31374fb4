#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Software radios with one channel, and the parameters of the drivers"
#: configurations = ["wlan-links"]
#: timeout = 150
#: time = 60
#
# hwsim_rust and mac80211_hwsim without channel contexts, which mac80211 emulates: scans and stays by
# software. And values of parameters that are refused.

. /series/ktap.sh
. /series/wlan.sh

CHANNELS=1

plan 34

# combination PHY: how many channels it says that it can be on.
combination()
{
	iw phy "$1" info | sed -n 's/.*#channels <= \([0-9]*\).*/\1/p' | head -n 1
}

# While it is connected: the scan leaves the channel, and comes back.
scans()
{
	# iw listens only when the scan has begun: it may miss the end, and would wait for ever.
	try 60 scanned || scanned && pings
}

scanned()
{
	in_sta timeout 20 iw dev "$STA" scan freq 2412 "$FREQ" 2462 flush | grep -q 'SSID: series'
}

stays()
{
	# Of 2.4 GHz, and not the one of the network.
	in_sta iw dev "$STA" offchannel 2412 200 && sleep 0.5 && pings
}

# It is on its channel, or on none.
leaves()
{
	in_sta iw dev "$STA" disconnect
	connects "$STA" series "$FREQ" in_sta && pings
}

restarts()
{
	for restart_radio in 0 1 2; do
		echo $restart_radio >/sys/kernel/debug/hwsim_rust/restart
	done
	# What is lost meanwhile does not count.
	try 20 pings && pings
}

of()
{
	radios "$1"
	same "$1: one channel" "$(combination "$PHY_AP")" 1
	check "$1: joins" join psk
	check "$1: pings" pings
	check "$1: scans while connected" scans
	check "$1: stays on another channel" stays
	check "$1: TCP" transfers -t 2
	if [ "$1" = hwsim_rust ]; then
		check "$1: is restarted" restarts
	else
		skip "$1: is restarted" "it never calls ieee80211_restart_hw()"
	fi
	stop
	check "$1: joins an open network" join open
	check "$1: joins again" leaves
	check "$1: unloads" remove "$1"
	check "$1: the log is quiet" quiet
}

of hwsim_rust
of mac80211_hwsim

# refused PARAMETER...: the driver is not loaded, and has left nothing.
refused()
{
	! modprobe hwsim_rust "$@" && [ ! -e /sys/module/hwsim_rust ] && [ -z "$(phys)" ]
}

# has NUMBER PARAMETER...: loaded with the parameters, there are so many radios.
has()
{
	has_number=$1
	shift
	modprobe hwsim_rust "$@" || return 1
	phys
	[ "$(phys | wc -w)" = "$has_number" ]
	has_result=$?
	modprobe -r hwsim_rust && return $has_result
}

LINES_BEFORE=$(dmesg | wc -l)
check "two radios without a parameter" has 2
check "no radios" has 0 radios=0
check "the last value counts" has 3 radios=5 radios=0x3
# The C driver refuses what is no number, and radios=-1, too.
check "no number" refused radios=two
check "no value" refused radios
check "a negative number" refused radios=-1
check "a number that is too large" refused radios=18446744073709551616
check "too many radios" refused radios=1001
check "no channels" refused channels=0
check "too many channels" refused channels=5
