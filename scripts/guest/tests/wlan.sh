#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Software radios, in Rust and in C"
#: timeout = 300
#: time = 180
#
# drivers/net/wireless/virtual/hwsim_rust and its twin in C, mac80211_hwsim, under hostapd and
# wpa_supplicant: an access point with two networks, and two stations, each in a network namespace of
# its own, that join networks without and with encryption. The driver in C is there to show whose
# fault it is when something fails; it tries all ways to join a network in a storm only.

. /series/ktap.sh
. /series/wlan.sh

plan $((31 + $(rounds 25 31)))

AP2_ADDR=10.6.0.1
STA2_ADDR=10.6.0.2

rates()
{
	in_sta iw dev "$STA" station dump | grep bitrate
	iw dev "$AP" station dump | grep bitrate
}

# Rate control has to find out first.
rate_ht()
{
	try 10 sends_at_ht
	rates
	sends_at_ht
}

vht_streams()
{
	iw phy "$PHY_AP" info | grep -c 'streams: MCS 0-9'
}

sends_at_ht()
{
	pings 2 && rates | grep -q "tx bitrate:.*MCS"
}

# Beacons that are sent, and data that is received, with channel and signal in the radiotap header.
captures()
{
	iw phy "$PHY_AP" interface add mon0 type monitor || return 1
	ip link set mon0 up
	tcpdump --immediate-mode -U -Z root -i mon0 -w "$T/mon.pcap" 2>"$T/mon.log" &
	try 20 [ -s "$T/mon.pcap" ]
	pings 5 >/dev/null
	kill $!
	wait $!
	iw dev mon0 del
	tcpdump -n -r "$T/mon.pcap" >"$T/mon.txt" 2>>"$T/mon.log"
	grep -q "Beacon (series)" "$T/mon.txt" && grep -m 1 "2437 MHz.*dBm signal.*Data" "$T/mon.txt" &&
		return
	cat "$T/mon.log"
	tail -n 5 "$T/mon.txt"
	return 1
}

# How many radios there are, on all sides.
number()
{
	{
		ls /sys/class/ieee80211
		in_sta iw phy | grep Wiphy
		in_sta2 iw phy | grep Wiphy
	} | wc -l
}

# more_radios DRIVER: makes three, and removes them.
more_radios()
{
	made=
	for want in 4 5 6; do
		make_radio "$1" || return 1
		made="$RADIO $made"
		[ "$(number)" = $want ] || {
			echo "$(number) radios, not $want"
			return 1
		}
	done
	for radio in $made; do
		remove_radio "$1" "$radio" || return 1
	done
	[ "$(number)" = 3 ]
}

# A station with all networks, by hand: the second one joins the second network.
joins_second()
{
	in_sta2 ip addr replace $STA2_ADDR/24 dev "$STA2"
	ip addr replace $AP2_ADDR/24 dev "${AP}_2"
	in_sta2 ip link set "$STA2" up
	in_sta2 iw dev "$STA2" connect series2 2437 || return 1
	try 10 pings2
	iw dev "$AP" station dump | grep Station
	iw dev "${AP}_2" station dump | grep Station
	pings2
}

pings2()
{
	in_sta2 iw dev "$STA2" link | grep -q 'SSID: series2' &&
		in_sta2 busybox ping -q -c 3 -i 0.2 -W 2 $AP2_ADDR | grep ' 0% packet loss'
}

# Frames to a station that sleeps wait until it has seen a beacon.
saves_power()
{
	in_sta iw dev "$STA" set power_save on || return 1
	in_sta iw dev "$STA" get power_save
	sleep 0.5
	busybox ping -q -c 4 -i 0.7 -W 3 $STA_ADDR | grep ' 0% packet loss' && pings
	saves_power_result=$?
	in_sta iw dev "$STA" set power_save off
	return $saves_power_result
}

# Scans while it is connected, and tells which channels it has visited. Not by `iw scan`: it listens
# for the end after it has begun, and waits for ever if that was too late.
scans()
{
	in_sta iw dev "$STA" scan trigger freq 2412 2437 flush || return 1
	try 20 has_found
	in_sta iw dev "$STA" scan dump | grep 'SSID: series'
	in_sta iw dev "$STA" survey dump | grep frequency
	has_found && pings
}

has_found()
{
	[ "$(in_sta iw dev "$STA" scan dump | grep -c 'SSID: series')" = 2 ] &&
		in_sta iw dev "$STA" survey dump | grep -q '2412 MHz'
}

# gives_up DRIVER: scans that are given up, in one way or another, end: there can be another one.
gives_up()
{
	in_sta2 ip link set "$STA2" up
	for how in abort down restart; do
		in_sta2 iw dev "$STA2" scan trigger || return 1
		case $1-$how in
		*-abort) in_sta2 iw dev "$STA2" scan abort || return 1 ;;
		*-down) in_sta2 ip link set "$STA2" down && in_sta2 ip link set "$STA2" up ;;
		hwsim_rust-restart) echo 2 >/sys/kernel/debug/hwsim_rust/restart ;;
		esac
		try 20 in_sta2 iw dev "$STA2" scan trigger freq 2437 || {
			echo "$how: it does not end"
			return 1
		}
		# This one ends, too.
		try 20 in_sta2 iw dev "$STA2" scan trigger freq 2437 && in_sta2 iw dev "$STA2" scan abort
		try 20 idle || return 1
	done
}

# Whether there is no scan: it can't be aborted.
idle()
{
	! in_sta2 iw dev "$STA2" scan abort
}

# A radio goes to another namespace and back.
moves()
{
	in_sta2 ip link set "$STA2" down
	in_sta2 iw phy "$PHY_STA2" set netns 1 || return 1
	iw dev "$STA2" info | grep type || return 1
	iw phy "$PHY_STA2" set netns name sta2 && joins_second
}

# destroys DRIVER: a radio is destroyed while frames go through it.
destroys()
{
	in_sta2 busybox ping -q -i 0.01 -c 500 $AP2_ADDR >/dev/null 2>&1 &
	sleep 0.5
	remove_radio "$1" 2 in_sta2 || return 1
	kill $! 2>/dev/null
	[ "$(number)" = 2 ] && pings
}

# The hardware is set up anew while frames go through it.
restarts()
{
	in_sta busybox ping -q -i 0.02 -c 150 $AP_ADDR >"$T/ping" &
	sleep 1
	echo 0 >/sys/kernel/debug/hwsim_rust/restart
	wait $!
	tail -n 2 "$T/ping"
	pings
}

# Unloads the driver while frames go through the radios.
unloads()
{
	in_sta busybox ping -q -i 0.01 -c 500 $AP_ADDR >/dev/null 2>&1 &
	sleep 0.5
	modprobe -r "$1" || return 1
	kill $! 2>/dev/null
	stop
	ip netns del sta
	ip netns del sta2
	[ -z "$(phys)" ]
}

# all DRIVER NETWORKS: 20 tests, 2 for each network and one more with encryption. The last one is
# sae-1.
all()
{
	radios "$1"
	for net in $2; do
		check "$1: $net: joins" join $net "bss=${AP}_2" ssid=series2 wmm_enabled=1
		check "$1: $net: frames come back" pings
		if [ $net != open ]; then
			same "$1: $net: key management" "$(status key_mgmt)" \
				"$([ $net = psk ] && echo WPA2-PSK || echo SAE)"
		fi
		[ $net = sae-1 ] || stop
	done
	same "$1: management frames must be protected" "$(status pmf)" 2
	check "$1: TCP to the access point" transfers -t 2
	check "$1: TCP to the station" transfers -R -t 2
	if [ "$1" = hwsim_rust ]; then
		check "$1: a rate of high throughput" rate_ht
	else
		skip "$1: a rate of high throughput" "$RATES"
	fi
	same "$1: VHT streams, to receive and to transmit" "$(vht_streams)" 16
	check "$1: monitor" captures
	check "$1: a second network with a second station" joins_second
	check "$1: a station saves power" saves_power
	check "$1: scans in hardware" scans
	check "$1: scans that are given up" gives_up "$1"
	check "$1: moves between namespaces" moves
	if [ "$1" = hwsim_rust ]; then
		check "$1: restart in the middle of traffic" restarts
		check "$1: TCP after the restart" transfers -t 2
	else
		skip "$1: restart in the middle of traffic" "it can't be told to"
		skip "$1: TCP after the restart" "it can't be told to"
	fi
	check "$1: radios are made and removed" more_radios "$1"
	check "$1: a radio is destroyed in the middle of traffic" destroys "$1"

	kill "$(cat "$T/wpa.pid")"
	try 5 [ ! -e "$T/wpa.pid" ]
	sta_start wrong
	check "$1: a wrong password is refused" refused
	kill "$(cat "$T/wpa.pid")"
	try 5 [ ! -e "$T/wpa.pid" ]
	sta_start sae-1
	check "$1: joins again" try 20 associated
	check "$1: unloads in the middle of traffic" unloads "$1"
	check "$1: the log is quiet" quiet
}

refused()
{
	try 15 grep -q 'AUTH-REJECT\|TEMP-DISABLED' "$T/wpa.log" && ! associated
}

all hwsim_rust "open psk sae-0 sae-1"
all mac80211_hwsim "$(rounds "open sae-1" "open psk sae-0 sae-1")"
