#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Software radios, in Rust and in C"
#: timeout = 240
#: time = 120
#
# drivers/net/wireless/virtual/hwsim_rust under hostapd and wpa_supplicant: an access point with two
# networks, and two stations, each in a network namespace of its own, that join networks without and
# with encryption. Then the basic part of it with the C driver mac80211_hwsim.

. /series/ktap.sh

plan 45

T=/tmp/wlan
mkdir -p "$T"
AP_ADDR=10.5.0.1
STA_ADDR=10.5.0.2
AP2_ADDR=10.6.0.1
STA2_ADDR=10.6.0.2

in_sta()
{
	ip netns exec sta "$@"
}

in_sta2()
{
	ip netns exec sta2 "$@"
}

# try SECONDS COMMAND...: until it succeeds.
try()
{
	read -r try_now _ </proc/uptime
	try_end=$((${try_now%.*} + $1))
	shift
	while ! "$@" >/dev/null 2>&1; do
		read -r try_now _ </proc/uptime
		[ "${try_now%.*}" -lt "$try_end" ] || return 1
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

# radios DRIVER: loads it, names three radios and interfaces, and moves the stations away.
radios()
{
	if [ "$1" = hwsim_rust ]; then
		modprobe hwsim_rust && echo 3 >/sys/kernel/debug/hwsim_rust/radios || return 1
	else
		modprobe "$1" radios=3 || return 1
	fi
	set -- $(phys)
	[ $# = 3 ] || { echo "radios: $*"; return 1; }
	PHY_AP=$1 PHY_STA=$2 PHY_STA2=$3
	AP=$(netdev "$PHY_AP") STA=$(netdev "$PHY_STA") STA2=$(netdev "$PHY_STA2")
	for ns in sta sta2; do
		ip netns add $ns || return 1
		ip -n $ns link set lo up
	done
	iw phy "$PHY_STA" set netns name sta || return 1
	iw phy "$PHY_STA2" set netns name sta2 || return 1
	ip addr add $AP_ADDR/24 dev "$AP" || return 1
	for name in PHY_AP PHY_STA PHY_STA2 AP STA STA2; do
		eval "echo $name=\$$name"
	done >"$T/radios"
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
		# The second network.
		printf 'bss=%s_2\nssid=series2\nwmm_enabled=1\n' "$AP"
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

# More radios, and none of them left.
more_radios()
{
	for want in 6 4 3; do
		echo $want >/sys/kernel/debug/hwsim_rust/radios || return 1
		[ "$(number)" = $want ] || {
			echo "$(number) radios, not $want"
			return 1
		}
	done
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

# Scans while it is connected, and tells which channels it has visited.
scans()
{
	in_sta timeout 60 iw dev "$STA" scan freq 2412 2437 >"$T/scan" || return 1
	grep 'SSID: series' "$T/scan"
	in_sta iw dev "$STA" survey dump | grep frequency
	[ "$(grep -c 'SSID: series' "$T/scan")" = 2 ] &&
		in_sta iw dev "$STA" survey dump | grep -q '2412 MHz' && pings
}

# A radio goes to another namespace and back.
moves()
{
	in_sta2 ip link set "$STA2" down
	in_sta2 iw phy "$PHY_STA2" set netns 1 || return 1
	iw dev "$STA2" info | grep type || return 1
	iw phy "$PHY_STA2" set netns name sta2 && joins_second
}

# Frames that are none, from a monitor beside the access point.
injects()
{
	iw phy "$PHY_AP" interface add mon0 type monitor || return 1
	ip link set mon0 up
	perl /series/inject.pl mon0 "$(rounds 400 20000)" \
		"$(cat "/sys/class/net/$AP/address")" "$(in_sta cat "/sys/class/net/$STA/address")"
	injects_result=$?
	iw dev mon0 del
	# A frame may have told the station to go.
	try 20 associated
	[ $injects_result = 0 ] && try 10 pings
}

# A radio is destroyed while frames go through it.
destroys()
{
	in_sta2 busybox ping -q -i 0.01 -c 500 $AP2_ADDR >/dev/null 2>&1 &
	sleep 0.5
	echo 2 >/sys/kernel/debug/hwsim_rust/radios || return 1
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

quiet()
{
	dmesg >"$T/dmesg.new"
	tail -n +"$((LINES_BEFORE + 1))" "$T/dmesg.new" |
		grep -E 'WARNING|BUG|Oops|KASAN|INFO: |general protection' && return 1
	return 0
}

# all DRIVER NETWORKS: 9 tests, and what the networks and the driver add. The last network is sae-1.
all()
{
	LINES_BEFORE=$(dmesg | wc -l)
	check "$1: three radios" radios "$1"
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
		check "$1: a second network with a second station" joins_second
		check "$1: a station saves power" saves_power
		check "$1: scans in hardware" scans
		check "$1: frames that are none" injects
		check "$1: moves between namespaces" moves
		check "$1: restart in the middle of traffic" restarts
		check "$1: TCP after the restart" transfers
		check "$1: radios are made and removed" more_radios
		check "$1: a radio is destroyed in the middle of traffic" destroys
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
