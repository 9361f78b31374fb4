#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Links of software radios, as iw and hostapd show them"
#: timeout = 240
#: time = 100
#
# hwsim_rust and mac80211_hwsim: wide channels at 5 GHz and their rates, access categories, new keys,
# two networks of one radio with three stations, another channel while they are connected, and a stay
# on another channel.

. /series/ktap.sh
. /series/wlan.sh

plan 35

# Channel 36, and the lines for hostapd.
FREQ5=5180
CHANNEL="hw_mode=a
channel=36
country_code=US"
HT40="$CHANNEL
ht_capab=[HT40+][SHORT-GI-20][SHORT-GI-40]"
VHT80="$HT40
ieee80211ac=1
vht_oper_chwidth=1
vht_oper_centr_freq_seg0_idx=42"
HE80="$VHT80
ieee80211ax=1
he_oper_chwidth=1
he_oper_centr_freq_seg0_idx=42"

# ready: whether the access point has begun.
ready()
{
	iw dev "$AP" info | grep -q 'channel'
}

# at LINES WIDTH FLAGS: the station joins an access point, and both are on a channel so wide. The
# access point knows the station's FLAGS.
at()
{
	stop
	in_sta iw dev "$STA" disconnect 2>/dev/null
	ap_start open "$1" && try 40 ready || return 1
	in_sta ip link set "$STA" up
	in_sta ip addr replace $STA_ADDR/24 dev "$STA"
	# What is known of the one before is forgotten.
	in_sta iw dev "$STA" scan trigger freq $FREQ5 flush && try 40 seen
	connects "$STA" series $FREQ5 in_sta || return 1
	iw dev "$AP" info | grep width
	in_sta iw dev "$STA" info | grep width
	hostapd_cli -p "$T/hostapd" -i "$AP" all_sta | grep ^flags
	iw dev "$AP" info | grep -q "width: $2 MHz" &&
		in_sta iw dev "$STA" info | grep -q "width: $2 MHz" &&
		hostapd_cli -p "$T/hostapd" -i "$AP" all_sta | grep ^flags | grep -q "$3" && pings
}

seen()
{
	in_sta iw dev "$STA" scan dump | grep -q 'SSID: series'
}

# at_rate PATTERN: frames go at such a rate in both directions.
at_rate()
{
	try 15 both_at "$1"
	in_sta iw dev "$STA" link | grep bitrate
	both_at "$1"
}

both_at()
{
	in_sta busybox ping -q -c 20 -i 0.02 -s 1000 $AP_ADDR >/dev/null
	in_sta iw dev "$STA" link | grep "tx bitrate:.*$1" && in_sta iw dev "$STA" link | grep "rx bitrate:.*$1"
}

# rates DRIVER NAME PATTERN
rates()
{
	if [ "$1" = hwsim_rust ]; then
		check "$1: $2: rates" at_rate "$3"
	else
		skip "$1: $2: rates" "$RATES"
	fi
}

# How many frames of a TID the access point has from the station.
received()
{
	iw dev "$AP" station dump -v | awk -v tid="$1" '$1 == tid && NF >= 5 { n += $2 } END { print n + 0 }'
}

# Each access category has its TID: background, best effort, video, voice.
categories()
{
	categories_result=0
	for pair in 0x20:1 0x00:0 0xa0:5 0xb8:6; do
		tid=${pair#*:}
		before=$(received "$tid")
		in_sta perl /series/radio.pl send $AP_ADDR "${pair%:*}" 20
		try 5 [ "$(received "$tid")" -ge $((before + 20)) ]
		now=$(received "$tid")
		echo "TID $tid: from $before to $now"
		[ "$now" -ge $((before + 20)) ] || categories_result=1
	done
	return $categories_result
}

# Keys are replaced, those for all and that of the station, and frames go on.
rekeys()
{
	stop
	in_sta iw dev "$STA" disconnect 2>/dev/null
	join psk wpa_group_rekey=2 wpa_ptk_rekey=3 || return 1
	in_sta busybox ping -q -c 80 -i 0.1 -W 2 $AP_ADDR | grep loss
	try 15 rekeyed
	grep -c 'Group rekeying completed' "$T/wpa.log"
	grep -c 'Key negotiation completed' "$T/wpa.log"
	# A frame may fall between two keys.
	rekeyed && try 10 pings
}

rekeyed()
{
	[ "$(grep -c 'Group rekeying completed' "$T/wpa.log")" -ge 2 ] &&
		[ "$(grep -c 'Key negotiation completed' "$T/wpa.log")" -ge 3 ]
}

# stations INTERFACE: how many there are.
stations()
{
	iw dev "$1" station dump | grep -c Station
}

# Two networks of one radio; two stations, of two radios, in the first, another one in the second.
several()
{
	stop
	ap_start open "bss=${AP}_2" ssid=series2 wmm_enabled=1 && try 40 ready || return 1
	ip addr replace 10.6.0.1/24 dev "${AP}_2"
	in_sta2 iw phy "$PHY_STA2" interface add third type managed || return 1
	in_sta ip addr replace $STA_ADDR/24 dev "$STA"
	in_sta2 ip addr replace 10.5.0.3/24 dev "$STA2"
	in_sta2 ip addr replace 10.6.0.3/24 dev third
	connects "$STA" series 2437 in_sta && connects "$STA2" series 2437 in_sta2 &&
		connects third series2 2437 in_sta2 || return 1
	three_stations
}

three_stations()
{
	echo "$(stations "$AP") and $(stations "${AP}_2") stations"
	[ "$(stations "$AP")" = 2 ] && [ "$(stations "${AP}_2")" = 1 ] && pings &&
		in_sta2 busybox ping -q -c 3 -i 0.2 -W 2 $AP_ADDR | grep ' 0% packet loss' &&
		in_sta2 busybox ping -q -c 3 -i 0.2 -W 2 10.6.0.1 | grep ' 0% packet loss'
}

# All go to another channel, as the beacons say.
switches()
{
	hostapd_cli -p "$T/hostapd" -i "$AP" chan_switch 5 2462 ht || return 1
	try 10 switched
	iw dev "$AP" info | grep channel
	in_sta iw dev "$STA" info | grep channel
	switched && three_stations
}

switched()
{
	iw dev "$AP" info | grep -q '(2462 MHz)' && in_sta iw dev "$STA" info | grep -q '(2462 MHz)' &&
		in_sta2 iw dev third info | grep -q '(2462 MHz)'
}

# A station goes to another channel for a while, and comes back.
stays()
{
	# The process itself, not a shell that waits for it.
	ip netns exec sta iw event >"$T/events" &
	stays_pid=$!
	# Until it listens, that is until it is told something.
	try 10 stays_once
	kill $stays_pid
	grep 'remain on' "$T/events"
	stays_seen && pings
}

stays_once()
{
	in_sta iw dev "$STA" offchannel 2412 100
	sleep 0.5
	stays_seen
}

stays_seen()
{
	grep -q ': remain on freq 2412' "$T/events" && grep -q 'done with remain on freq 2412' "$T/events"
}

of()
{
	radios "$1"
	check "$1: HT40: joins" at "$HT40" 40 'HT'
	rates "$1" HT40 'MCS.* 40MHz'
	check "$1: VHT80: joins" at "$VHT80" 80 'VHT'
	rates "$1" VHT80 'VHT-MCS.* 80MHz'
	check "$1: VHT80: TCP to the access point" transfers -t 1
	check "$1: VHT80: TCP to the station" transfers -R -t 1
	check "$1: HE80: joins" at "$HE80" 80 'HE'
	rates "$1" HE80 'MCS.* 80MHz'
	check "$1: HE80: TCP to the access point" transfers -t 1
	check "$1: access categories" categories
	check "$1: new keys" rekeys
	check "$1: two networks with three stations" several
	check "$1: to another channel" switches
	check "$1: a stay on another channel" stays
	check "$1: unloads" remove "$1"
	check "$1: the log is quiet" quiet
}

check "rules for 5 GHz" regulate
of hwsim_rust
of mac80211_hwsim
