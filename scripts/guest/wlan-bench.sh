# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# For `cargo series bench --wlan`: `. /series/wlan-bench.sh`, `wlan_bench WHAT`. What was measured is in
# the name of each result. The clock counts instructions, and there is one CPU, so that a time in ns is
# a number of instructions, those of the program that sends included.

. /series/ktap.sh
. /series/wlan.sh

# The least of three.
least()
{
	for least_try in 1 2 3; do
		"$@" || return 1
	done | sort -n | head -n 1
}

# kbits OPTION...: what goes by TCP between the station and the access point, in kbit/s.
kbits()
{
	transfers -f k -t 3 "$@" | sed -n 's/.* \([0-9.]*\) Kbits.*/\1/p' | cut -d . -f 1
}

connect()
{
	in_sta ip addr add $STA_ADDR/24 dev "$STA"
	connects "$STA" series $FREQ in_sta >&2 && try 10 pings
}

frames()
{
	iw phy "$PHY" interface add mon0 type monitor && ip link set mon0 up || return 1
	ap_addr=$(cat "/sys/class/net/$AP/address") sta_addr=$(in_sta cat "/sys/class/net/$STA/address")
	alone=$(least perl /series/radio.pl time mon0 3000 "$ap_addr" "$sta_addr")
	connect || return 1
	heard=$(least perl /series/radio.pl time mon0 3000 "$ap_addr" "$sta_addr")
	iw dev mon0 del
	echo "a frame that nobody hears: $alone"
	echo "a frame that a station hears: $heard"
	echo "receiving it: $((heard - alone))"
	echo "a UDP packet: $(least in_sta perl /series/radio.pl send $AP_ADDR 0 3000 100 time)"
}

throughput()
{
	connect || return 1
	echo "TCP to the access point: $(kbits)"
	echo "TCP to the station: $(kbits -R)"
}

# of DRIVER WHAT
of()
{
	load "$1" 2 || return 1
	driver=$1 what=$2
	set -- $(phys)
	PHY=$1 AP=$(netdev "$1") STA=$(netdev "$2")
	move "$2" sta && ip addr add $AP_ADDR/24 dev "$AP" && ap_start open || return 1
	$what >"$T/measured" || return 1
	sed "s/^/$driver: /" "$T/measured"
	stop
	modprobe -r "$driver" && ip netns del sta
}

# wlan_bench WHAT: on each driver in turn.
wlan_bench()
{
	for bench_driver in mac80211_hwsim hwsim_rust; do
		of $bench_driver "$1" >>/tmp/bench || bail "$(tail -n 20 /tmp/bench "$T"/*.log)"
	done
	plan "$(wc -l </tmp/bench)"
	while read -r line; do
		same "$line" "" ""
	done </tmp/bench
}
