#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Software radios come and go, and stations join and leave"
#: timeout = 100
#: time = 40
#
# A few times, and hundreds of times in a storm, while other radios talk to each other.

. /series/ktap.sh
. /series/wlan.sh

plan 12

echo 1 >/sys/kernel/rcu_expedited

# comes DRIVER: a radio is made, joins, sends, and is destroyed.
comes()
{
	make_radio "$1" || return 1
	phy=$(phys | sed 's/.* //')
	new=$(netdev "$phy")
	iw phy "$phy" set netns name sta2 && in_sta2 ip addr replace 10.5.0.9/24 dev "$new"
	connects "$new" series $FREQ in_sta2 || return 1
	try 10 in_sta2 busybox ping -q -c 2 -i 0.1 -W 1 $AP_ADDR || { echo "no answer"; return 1; }
	# Frames are on their way when it goes.
	in_sta2 perl /series/radio.pl send $AP_ADDR 0 20
	remove_radio "$1" "$RADIO" in_sta2
}

# come_and_go DRIVER TIMES
come_and_go()
{
	# The process itself, not a shell that waits for it.
	ip netns exec sta busybox ping -q -i 0.05 $AP_ADDR >"$T/ping" &
	come_ping=$!
	come_result=0
	for come_time in $(seq "$2"); do
		comes "$1" || { come_result=1; break; }
	done
	# It tells what it has seen.
	kill -INT $come_ping
	wait $come_ping
	echo "$come_time of $2 radios"
	tail -n 2 "$T/ping"
	return $come_result
}

# join_and_leave TIMES
join_and_leave()
{
	for join_time in $(seq "$1"); do
		in_sta iw dev "$STA" disconnect
		connects "$STA" series $FREQ in_sta && try 10 answers || {
			echo "not the time number $join_time"
			return 1
		}
	done
	echo "$join_time of $1 times"
}

answers()
{
	in_sta busybox ping -q -c 1 -W 1 $AP_ADDR
}

of()
{
	radios "$1"
	ap_start open
	in_sta ip addr replace $STA_ADDR/24 dev "$STA"
	check "$1: joins" connects "$STA" series $FREQ in_sta
	check "$1: radios come and go" come_and_go "$1" "$2"
	check "$1: stations join and leave" join_and_leave "$3"
	check "$1: unloads" remove "$1"
	check "$1: the log is quiet" quiet
}

of hwsim_rust "$(rounds 5 200)" "$(rounds 5 300)"
# To compare: it is not the one that is tested.
of mac80211_hwsim 2 2
echo 0 >/sys/kernel/rcu_expedited
