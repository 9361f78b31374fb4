#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Links of software radios, as iw and hostapd show them"
#: configurations = ["wlan-links"]
#: timeout = 300
#: time = 100
#
# hwsim_rust and mac80211_hwsim: wide channels at 5 GHz and their rates, access categories, new keys,
# two networks of one radio with three stations, another channel while they are connected, and a stay
# on another channel.

. /series/ktap.sh
. /series/wlan.sh

plan 37

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

# at_rate PATTERN: frames go at such a rate in both directions, as iw shows it on both sides.
at_rate()
{
	try 20 both_at "$1"
	both_at "$1"
	status=$?
	in_sta iw dev "$STA" link | grep bitrate
	iw dev "$AP" station dump | grep bitrate
	return $status
}

both_at()
{
	voice 100
	{
		in_sta iw dev "$STA" link
		iw dev "$AP" station dump
	} >"$T/rates"
	[ "$(grep -c "tx bitrate:.*$1" "$T/rates")" = 2 ] && [ "$(grep -c "rx bitrate:.*$1" "$T/rates")" = 2 ]
}

# received INTERFACE [COMMAND...]: how many frames the interface has got of each of the TIDs below.
received()
{
	received_by=$1
	shift
	"$@" iw dev "$received_by" station dump -v |
		awk '$1 ~ /^[0-7]$/ && NF >= 5 { n[$1] += $2 } END { print n[1] + 0, n[0] + 0, n[5] + 0, n[6] + 0 }'
}

# more BEFORE ADDRESS INTERFACE [COMMAND...]: 20 frames of each more. They are sent to the interface's
# address, until so many have come: some may be lost. Sets `now`.
more()
{
	more_before=$1 more_to=$2
	shift 2
	if [ "$more_to" = $AP_ADDR ]; then more_from=in_sta; else more_from=env; fi
	$more_from perl /series/radio.pl send "$more_to" 0x20,0x00,0xa0,0xb8 20
	now=$(received "$@")
	# shellcheck disable=SC2086
	set -- $more_before $now
	[ $(($5 - $1)) -ge 20 ] && [ $(($6 - $2)) -ge 20 ] && [ $(($7 - $3)) -ge 20 ] && [ $(($8 - $4)) -ge 20 ]
}

# Each access category has its TID, in both directions: background, best effort, video, voice.
categories()
{
	echo "TIDs 1, 0, 5, 6"
	before=$(received "$AP")
	try 20 more "$before" $AP_ADDR "$AP"
	to_result=$?
	echo "access point: from $before to $now"
	before=$(received "$STA" in_sta)
	try 20 more "$before" $STA_ADDR "$STA" in_sta
	from_result=$?
	echo "station: from $before to $now"
	[ $to_result = 0 ] && [ $from_result = 0 ]
}

# Keys are replaced, those for all and that of the station, and frames go on. There is time to answer:
# on a slow machine hostapd would send the station away.
rekeys()
{
	stop
	in_sta iw dev "$STA" disconnect 2>/dev/null
	join psk wpa_group_update_count=40 wpa_pairwise_update_count=40 || return 1
	left=$(said CTRL-EVENT-DISCONNECTED)
	traffic $AP_ADDR ip netns exec sta || return 1
	for time in 1 2 3; do
		rekey 'Group rekeying completed' REKEY_GTK &&
			rekey 'Key negotiation completed' "REKEY_PTK $(in_sta cat "/sys/class/net/$STA/address")" ||
			break
	done
	traffic_ends || return 1
	echo "$(said 'Group rekeying completed') times for all, $(said 'Key negotiation completed') times for one"
	[ "$(said 'Group rekeying completed')" -ge 3 ] && [ "$(said 'Key negotiation completed')" -ge 4 ] &&
		[ "$(said CTRL-EVENT-DISCONNECTED)" = "$left" ] && pings
}

# rekey MESSAGE REQUEST: hostapd is asked for it; wpa_supplicant has said so once more.
rekey()
{
	before=$(said "$1")
	# It may be at it.
	try 20 requests "$2" && try 30 says "$1" $((before + 1))
}

requests()
{
	hostapd_cli -p "$T/hostapd" -i "$AP" raw "$1" | grep -q OK
}

says()
{
	[ "$(said "$1")" -ge "$2" ]
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
	# A slow machine loses some at first.
	try 20 three_stations
	three_stations
}

three_stations()
{
	echo "$(stations "$AP") and $(stations "${AP}_2") stations"
	[ "$(stations "$AP")" = 2 ] && [ "$(stations "${AP}_2")" = 1 ] || return 1
	# Three to the access point, and three from it, at the same time.
	three_pings=
	for three in "in_sta $AP_ADDR" "in_sta2 $AP_ADDR" "in_sta2 10.6.0.1" \
		"env $STA_ADDR" "env 10.5.0.3" "env 10.6.0.3"; do
		${three% *} busybox ping -q -c 5 -i 0.2 -W 2 "${three#* }" &
		three_pings="$three_pings $!"
	done >"$T/three"
	for three in $three_pings; do
		wait "$three"
	done
	grep loss "$T/three"
	[ "$(grep -c ' 0% packet loss' "$T/three")" = 6 ]
}

# All go to another channel, as the beacons say. On a loaded machine a station may miss them, and lose
# the network: then it joins again, and all go to another one.
switches()
{
	for switches_to in 2462 2412 2462; do
		hostapd_cli -p "$T/hostapd" -i "$AP" chan_switch 5 $switches_to ht || return 1
		try 20 switched $switches_to
		iw dev "$AP" info | grep channel
		in_sta iw dev "$STA" info | grep channel
		if switched $switches_to; then
			try 20 three_stations
			three_stations
			return
		fi
		connects "$STA" series $switches_to in_sta && connects "$STA2" series $switches_to in_sta2 &&
			connects third series2 $switches_to in_sta2 || return 1
	done
	return 1
}

switched()
{
	iw dev "$AP" info | grep -q "($1 MHz)" && in_sta iw dev "$STA" info | grep -q "($1 MHz)" &&
		in_sta2 iw dev third info | grep -q "($1 MHz)"
}

# A station goes to another channel for a while, and comes back.
stays()
{
	# The process itself, not a shell that waits for it.
	ip netns exec sta iw event >"$T/events" &
	stays_pid=$!
	# Until it listens, that is until it is told something.
	try 20 stays_once
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
	check "$1: HT40: rates" at_rate ' MCS .* 40MHz'
	check "$1: VHT80: joins" at "$VHT80" 80 'VHT'
	check "$1: VHT80: rates" at_rate ' VHT-MCS .* 80MHz'
	check "$1: VHT80: TCP to the access point" transfers -t 1
	check "$1: VHT80: TCP to the station" transfers -R -t 1
	check "$1: HE80: joins" at "$HE80" 80 'HE'
	# minstrel_ht, which chooses them for both drivers, knows no others.
	check "$1: HE80: rates, which are those of VHT" at_rate ' VHT-MCS .* 80MHz'
	skip "$1: HE80: rates of HE" "the rate control of mac80211 has none, and the drivers have no other"
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
