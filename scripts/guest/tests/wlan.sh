#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Software radios, in Rust and in C"
#: timeout = 100
#: time = 50
#
# drivers/net/wireless/virtual/hwsim_rust under hostapd and wpa_supplicant: two radios, one of them
# in a network namespace of its own, that join networks without and with encryption. Then the same
# with the C driver mac80211_hwsim.

. /series/ktap.sh

plan 39

T=/tmp/wlan
mkdir -p "$T"
AP_ADDR=10.5.0.1
STA_ADDR=10.5.0.2

in_sta()
{
	ip netns exec sta "$@"
}

# try SECONDS COMMAND...: until it succeeds.
try()
{
	try_left=$(($1 * 5))
	shift
	while ! "$@" >/dev/null 2>&1; do
		try_left=$((try_left - 1))
		[ $try_left -gt 0 ] || return 1
		sleep 0.2
	done
}

phys()
{
	ls /sys/class/ieee80211 2>/dev/null | sort -V | xargs
}

netdev()
{
	ls "/sys/class/ieee80211/$1/device/net" | head -n 1
}

# radios DRIVER: loads it, names the two radios and interfaces, and moves the second away.
radios()
{
	modprobe "$1" || return 1
	set -- $(phys)
	[ $# = 2 ] || { echo "radios: $*"; return 1; }
	PHY_AP=$1 PHY_STA=$2
	AP=$(netdev "$PHY_AP") STA=$(netdev "$PHY_STA")
	ip netns add sta || return 1
	in_sta ip link set lo up
	iw phy "$PHY_STA" set netns name sta || return 1
	ip addr add $AP_ADDR/24 dev "$AP" || return 1
	echo "PHY_AP=$PHY_AP PHY_STA=$PHY_STA AP=$AP STA=$STA" >"$T/radios"
}

# Network $1, with all that it needs.
security()
{
	case $1 in
	psk)
		echo "wpa=2"
		echo "wpa_key_mgmt=WPA-PSK"
		echo "rsn_pairwise=CCMP"
		echo "wpa_passphrase=correct horse"
		;;
	sae-*)
		echo "wpa=2"
		echo "wpa_key_mgmt=SAE"
		echo "rsn_pairwise=CCMP"
		echo "sae_password=correct horse"
		echo "ieee80211w=2"
		echo "sae_pwe=${1#sae-}"
		;;
	esac
}

ap_start()
{
	{
		printf 'interface=%s\ndriver=nl80211\nssid=series\nhw_mode=g\nchannel=6\n' "$AP"
		printf 'ieee80211n=1\nwmm_enabled=1\nctrl_interface=%s/hostapd\n' "$T"
		security "$1"
	} >"$T/hostapd.conf"
	hostapd -B -P "$T/hostapd.pid" -f "$T/hostapd.log" "$T/hostapd.conf" >/dev/null || {
		cat "$T/hostapd.log"
		return 1
	}
}

sta_start()
{
	{
		printf 'ctrl_interface=%s/wpa\n' "$T"
		case $1 in
		sae-*) echo "sae_pwe=${1#sae-}" ;;
		wrong) echo "sae_pwe=1" ;;
		esac
		printf 'network={\nssid="series"\nscan_freq=2437\n'
		case $1 in
		open) echo "key_mgmt=NONE" ;;
		psk) printf 'key_mgmt=WPA-PSK\npsk="correct horse"\n' ;;
		sae-*) printf 'key_mgmt=SAE\nsae_password="correct horse"\nieee80211w=2\n' ;;
		wrong) printf 'key_mgmt=SAE\nsae_password="wrong horse"\nieee80211w=2\n' ;;
		esac
		echo '}'
	} >"$T/wpa.conf"
	in_sta wpa_supplicant -B -P "$T/wpa.pid" -f "$T/wpa.log" -i "$STA" -c "$T/wpa.conf" \
		>/dev/null || return 1
	in_sta ip addr replace $STA_ADDR/24 dev "$STA"
}

associated()
{
	in_sta wpa_cli -p "$T/wpa" -i "$STA" status | grep -q '^wpa_state=COMPLETED'
}

# What wpa_supplicant says of itself.
status()
{
	in_sta wpa_cli -p "$T/wpa" -i "$STA" status | sed -n "s/^$1=//p"
}

join()
{
	ap_start "$1" && sta_start "$1" && try 20 associated && return
	tail -n 20 "$T/hostapd.log" "$T/wpa.log"
	return 1
}

stop()
{
	for stop_pid in "$T/wpa.pid" "$T/hostapd.pid"; do
		[ -e "$stop_pid" ] && kill "$(cat "$stop_pid")" && try 5 [ ! -e "$stop_pid" ]
	done
}

pings()
{
	in_sta busybox ping -q -c "${1:-3}" -i 0.2 -W 2 $AP_ADDR | grep ' 0% packet loss'
}

transfers()
{
	iperf3 -s -1 -D -B $AP_ADDR -I "$T/iperf.pid" || return 1
	sleep 0.5
	in_sta iperf3 -c $AP_ADDR -t 2 -f m "$@" | grep receiver
}

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
	timeout 3 tcpdump -Z root -i mon0 -w "$T/mon.pcap" 2>"$T/mon.log" &
	sleep 0.5
	pings 5 >/dev/null
	wait $!
	iw dev mon0 del
	tcpdump -n -r "$T/mon.pcap" >"$T/mon.txt" 2>>"$T/mon.log"
	grep -q "Beacon (series)" "$T/mon.txt" && grep -m 1 "2437 MHz.*dBm signal.*Data" "$T/mon.txt" &&
		return
	cat "$T/mon.log"
	tail -n 5 "$T/mon.txt"
	return 1
}

# How many radios there are, on both sides.
number()
{
	{ ls /sys/class/ieee80211; in_sta iw phy | grep Wiphy; } | wc -l
}

# More radios, and none of them left.
more_radios()
{
	before=$(number)
	for want in 6 3 2; do
		echo $want >/sys/kernel/debug/hwsim_rust/radios || return 1
		[ "$(number)" = $((before + want - 2)) ] || {
			echo "$(number) radios, not $want"
			return 1
		}
	done
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
	[ -z "$(phys)" ]
}

quiet()
{
	dmesg >"$T/dmesg.new"
	tail -n +"$((LINES_BEFORE + 1))" "$T/dmesg.new" |
		grep -E 'WARNING|BUG|Oops|KASAN|INFO: |general protection' && return 1
	return 0
}

# all DRIVER NETWORKS: 10 tests, and what the networks and the driver add. The last network is sae-1.
all()
{
	LINES_BEFORE=$(dmesg | wc -l)
	check "$1: two radios" radios "$1"
	[ -e "$T/radios" ] || bail "no radios"
	. "$T/radios"

	for net in $2; do
		check "$1: $net: joins" join $net
		check "$1: $net: frames come back" pings
		if [ $net != open ]; then
			same "$1: $net: key management" "$(status key_mgmt)" \
				"$([ $net = psk ] && echo WPA2-PSK || echo SAE)"
		fi
		[ $net = sae-1 ] || stop
	done
	same "$1: management frames must be protected" "$(status pmf)" 2
	check "$1: TCP to the access point" transfers
	check "$1: TCP to the station" transfers -R
	if [ "$1" = hwsim_rust ]; then
		check "$1: a rate of high throughput" rate_ht
		same "$1: VHT streams, to receive and to transmit" "$(vht_streams)" 16
	else
		# Its rate control learns nothing from frames of an aggregation session.
		rates | sed "s/^/# $1:/"
	fi
	check "$1: monitor" captures
	if [ "$1" = hwsim_rust ]; then
		check "$1: restart in the middle of traffic" restarts
		check "$1: TCP after the restart" transfers
		check "$1: radios are made and removed" more_radios
	fi

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
rm -f "$T/radios"
all mac80211_hwsim "open sae-1"
