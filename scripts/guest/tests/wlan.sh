#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Software radios, in Rust and in C"
#: configurations = ["wlan"]
#: timeout = 400
#: time = 210
#
# drivers/net/wireless/virtual/hwsim_rust and its twin in C, mac80211_hwsim, under hostapd and
# wpa_supplicant: an access point with two networks, and two stations, each in a network namespace of
# its own, that join networks without and with encryption. The driver in C is there to show whose
# fault it is when something fails.

. /series/ktap.sh
. /series/wlan.sh

plan 70

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
	try 20 sends_at_ht
	rates
	sends_at_ht
}

vht_streams()
{
	iw phy "$PHY_AP" info | grep -c 'streams: MCS 0-9'
}

# Both of them.
sends_at_ht()
{
	voice 20
	[ "$(rates | grep -c "tx bitrate:.* MCS ")" = 2 ]
}

# A deauthentication that somebody sends in the name of the access point.
forge()
{
	iw phy "$PHY_AP" interface add mon0 type monitor && ip link set mon0 up || return 1
	perl /series/radio.pl deauth mon0 "$(cat "/sys/class/net/$AP/address")" \
		"$(in_sta cat "/sys/class/net/$STA/address")"
	forge_status=$?
	iw dev mon0 del
	return $forge_status
}

# It takes effect in a network that does not protect such frames.
obeys()
{
	before=$(said CTRL-EVENT-DISCONNECTED)
	try 20 obeyed && try 60 associated
}

obeyed()
{
	forge && try 3 is_gone
}

is_gone()
{
	[ "$(said CTRL-EVENT-DISCONNECTED)" != "$before" ]
}

# It does not where they are protected: the station asks the access point, which answers. It would give
# up after a second.
is_protected()
{
	iw dev "$AP" station dump | grep 'MFP:.*yes' || return 1
	before=$(said CTRL-EVENT-DISCONNECTED)
	ip netns exec sta iw event >"$T/events" &
	protected_pid=$!
	try 20 is_told
	kill $protected_pid
	grep unprotected "$T/events" || return 1
	sleep 1.5
	! is_gone && associated && pings
}

is_told()
{
	forge
	sleep 0.2
	grep -q 'unprotected deauth' "$T/events"
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

# Frames to a station that sleeps wait until it has seen a beacon, those for all, too: the first one
# asks for its address.
saves_power()
{
	in_sta iw dev "$STA" set power_save on || return 1
	in_sta iw dev "$STA" get power_save
	saves_power_result=0
	for time in 1 2 3; do
		try 10 sleeping || { echo "it does not sleep"; saves_power_result=1; break; }
		ip neigh flush dev "$AP"
		busybox ping -q -c 1 -W 3 $STA_ADDR | grep ' 0% packet loss' || saves_power_result=1
	done
	in_sta iw dev "$STA" set power_save off
	# It says so with the next frame.
	pings && try 10 not_sleeping && return $saves_power_result
}

# Whether the access point takes the station for one that sleeps.
sleeping()
{
	grep PS_STA "/sys/kernel/debug/ieee80211/$PHY_AP/netdev:$AP/stations/$(in_sta cat "/sys/class/net/$STA/address")/flags"
}

not_sleeping()
{
	! sleeping
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
	traffic $AP2_ADDR ip netns exec sta2 && remove_radio "$1" 2 in_sta2 || return 1
	# It may have ended by itself.
	traffic_ends
	[ "$(number)" = 2 ] && pings
}

# The hardware is set up anew while frames go through it, that of the access point and that of the
# station. They stay connected.
restarts()
{
	before=$(said CTRL-EVENT-DISCONNECTED)
	traffic $AP_ADDR ip netns exec sta || return 1
	for restart in 0 1; do
		echo $restart >/sys/kernel/debug/hwsim_rust/restart || return 1
		restarts_from=$(wc -l <"$T/traffic")
		try 20 more_answers || break
	done
	traffic_ends || return 1
	more_answers && ! is_gone && pings
}

more_answers()
{
	[ "$(wc -l <"$T/traffic")" -ge $((restarts_from + 10)) ]
}

# Unloads the driver while frames go through the radios.
unloads()
{
	traffic $AP_ADDR ip netns exec sta && modprobe -r "$1" || return 1
	traffic_ends
	stop
	ip netns del sta
	ip netns del sta2
	[ -z "$(phys)" ]
}

# all DRIVER: the last network is sae-1.
all()
{
	radios "$1"
	for net in open psk sae-0 sae-1; do
		check "$1: $net: joins" join $net "bss=${AP}_2" ssid=series2 wmm_enabled=1
		check "$1: $net: frames come back" pings
		if [ $net != open ]; then
			same "$1: $net: key management" "$(status key_mgmt)" \
				"$([ $net = psk ] && echo WPA2-PSK || echo SAE)"
		fi
		case $net in
		open) check "$1: a forged deauthentication is obeyed" obeys ;;
		# Hunting and pecking, or hash to element.
		sae-*) same "$1: $net: hash to element" "$(status sae_h2e)" "${net#sae-}" ;;
		esac
		[ $net = sae-1 ] || stop
	done
	same "$1: management frames must be protected" "$(status pmf)" 2
	check "$1: a forged deauthentication is not obeyed" is_protected
	check "$1: TCP to the access point" transfers -t 1
	check "$1: TCP to the station" transfers -R -t 1
	check "$1: a rate of high throughput" rate_ht
	same "$1: VHT streams, to receive and to transmit" "$(vht_streams)" 16
	check "$1: monitor" captures
	check "$1: a second network with a second station" joins_second
	check "$1: a station saves power" saves_power
	check "$1: scans in hardware" scans
	check "$1: scans that are given up" gives_up "$1"
	check "$1: moves between namespaces" moves
	if [ "$1" = hwsim_rust ]; then
		check "$1: restart in the middle of traffic" restarts
		check "$1: TCP after the restart" transfers -t 1
	else
		# `reset` in mac80211's debugfs uses the directories of stations after it has removed them.
		skip "$1: restart in the middle of traffic" "it never calls ieee80211_restart_hw()"
		skip "$1: TCP after the restart" "it never calls ieee80211_restart_hw()"
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
	check "$1: joins again" try 60 associated
	check "$1: unloads in the middle of traffic" unloads "$1"
	check "$1: the log is quiet" quiet
}

refused()
{
	try 15 grep -q 'AUTH-REJECT\|TEMP-DISABLED' "$T/wpa.log" && ! associated
}

all hwsim_rust
all mac80211_hwsim
