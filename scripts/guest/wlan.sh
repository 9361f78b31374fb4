# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Software radios in network namespaces, under hostapd and wpa_supplicant: `. /series/wlan.sh` after
# ktap.sh. Files are in $T.

T=/tmp/wlan
mkdir -p "$T"
AP_ADDR=10.5.0.1
STA_ADDR=10.5.0.2
# Of the network.
FREQ=2437

in_sta()
{
	ip netns exec sta "$@"
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

# How many channels each radio can be on at a time.
CHANNELS=4

# load DRIVER NUMBER: loads it, with so many radios. One that is built in is told the number later.
load()
{
	modprobe "$1" radios="$2" channels=$CHANNELS || return 1
	[ -e "/sys/module/$1/initstate" ] || echo "$2" >"/sys/kernel/debug/$1/radios"
}

# unload DRIVER: or leaves it without radios, if it is built into the kernel.
unload()
{
	if [ -e "/sys/module/$1/initstate" ]; then
		modprobe -r "$1"
	else
		echo 0 >"/sys/kernel/debug/$1/radios"
	fi
}

# make_radio DRIVER: makes one more, and sets RADIO to its number.
make_radio()
{
	if [ "$1" = hwsim_rust ]; then
		read -r RADIO </sys/kernel/debug/hwsim_rust/radios
		echo $((RADIO + 1)) >/sys/kernel/debug/hwsim_rust/radios
	else
		RADIO=$(perl /series/radio.pl new)
	fi
}

# remove_radio DRIVER NUMBER [COMMAND...]: removes one; of hwsim_rust it must be the last one, of
# mac80211_hwsim one of the namespace in which `COMMAND...` runs what follows it.
remove_radio()
{
	remove_driver=$1 remove_number=$2
	shift 2
	if [ "$remove_driver" = hwsim_rust ]; then
		echo "$remove_number" >/sys/kernel/debug/hwsim_rust/radios
	else
		"$@" perl /series/radio.pl del "$remove_number"
	fi
}

# move PHY NAMESPACE: makes the namespace, and moves a radio to it.
move()
{
	ip netns add "$2" && ip -n "$2" link set lo up && iw phy "$1" set netns name "$2"
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

# ap_start NETWORK [LINE...]: an access point on channel 6 of 2.4 GHz, unless lines say otherwise.
ap_start()
{
	{
		printf 'interface=%s\ndriver=nl80211\nssid=series\nhw_mode=g\nchannel=6\n' "$AP"
		printf 'ieee80211n=1\nwmm_enabled=1\nctrl_interface=%s/hostapd\n' "$T"
		security "$1"
		shift
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$T/hostapd.conf"
	# It would be continued.
	rm -f "$T/hostapd.log"
	hostapd -B -P "$T/hostapd.pid" -f "$T/hostapd.log" "$T/hostapd.conf" >/dev/null || {
		cat "$T/hostapd.log"
		return 1
	}
}

# sta_start NETWORK
sta_start()
{
	{
		printf 'ctrl_interface=%s/wpa\n' "$T"
		case $1 in
		sae-*) echo "sae_pwe=${1#sae-}" ;;
		wrong) echo "sae_pwe=1" ;;
		esac
		printf 'network={\nssid="series"\nscan_freq=%s\n' "$FREQ"
		case $1 in
		open) echo "key_mgmt=NONE" ;;
		psk) printf 'key_mgmt=WPA-PSK\npsk="correct horse"\n' ;;
		sae-*) printf 'key_mgmt=SAE\nsae_password="correct horse"\nieee80211w=2\n' ;;
		wrong) printf 'key_mgmt=SAE\nsae_password="wrong horse"\nieee80211w=2\n' ;;
		esac
		echo '}'
	} >"$T/wpa.conf"
	rm -f "$T/wpa.log"
	in_sta wpa_supplicant -B -P "$T/wpa.pid" -f "$T/wpa.log" -i "$STA" -c "$T/wpa.conf" \
		>/dev/null || return 1
	in_sta ip addr replace $STA_ADDR/24 dev "$STA"
}

associated()
{
	in_sta wpa_cli -p "$T/wpa" -i "$STA" status | grep -q '^wpa_state=COMPLETED'
}

# How often wpa_supplicant has said so since it was started.
said()
{
	grep -c "$1" "$T/wpa.log"
}

# What wpa_supplicant says of itself.
status()
{
	in_sta wpa_cli -p "$T/wpa" -i "$STA" status | sed -n "s/^$1=//p"
}

# join NETWORK [LINE...]: an access point and a station that joins it.
join()
{
	ap_start "$@" && sta_start "$1" && try 60 associated && return
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

# Data both ways of a category that mac80211 does not aggregate: rate control of mac80211_hwsim learns
# nothing from aggregates, whose status it does not tell.
voice()
{
	in_sta perl /series/radio.pl send $AP_ADDR 0xb8 "$1" 1000
	perl /series/radio.pl send $STA_ADDR 0xb8 "$1" 1000
}

# traffic ADDRESS COMMAND...: pings begin, from the namespace in which `COMMAND...` runs what follows
# it; returns when there was an answer. `COMMAND` must be a program, so that TRAFFIC is the one that
# pings.
traffic()
{
	traffic_to=$1
	shift
	"$@" busybox ping -i 0.02 "$traffic_to" >"$T/traffic" 2>&1 &
	TRAFFIC=$!
	try 20 grep -q 'seq=' "$T/traffic"
}

# They have gone on, and end. The last lines say how much was lost.
traffic_ends()
{
	kill -INT "$TRAFFIC"
	traffic_result=$?
	wait "$TRAFFIC"
	tail -n 2 "$T/traffic"
	return $traffic_result
}

# transfers [OPTION...]: TCP from the station to the access point, or as the options of iperf3 say.
transfers()
{
	iperf3 -s -1 -D -B $AP_ADDR -I "$T/iperf.pid" || return 1
	# Its port, 5201, in the state LISTEN.
	try 5 grep -q ':1451 00000000:0000 0A' /proc/net/tcp
	in_sta iperf3 -c $AP_ADDR -f m "$@" | grep receiver
}

quiet()
{
	dmesg >"$T/dmesg.new"
	tail -n +"$((LINES_BEFORE + 1))" "$T/dmesg.new" |
		grep -E 'WARNING|BUG|Oops|KASAN|INFO: |general protection' && return 1
	return 0
}

# three DRIVER: loads it, names three radios and interfaces, and moves two of them to namespaces.
three()
{
	load "$1" 3 || return 1
	set -- $(phys)
	[ $# = 3 ] || { echo "radios: $*"; return 1; }
	PHY_AP=$1 PHY_STA=$2 PHY_STA2=$3
	AP=$(netdev "$PHY_AP") STA=$(netdev "$PHY_STA") STA2=$(netdev "$PHY_STA2")
	move "$PHY_STA" sta && move "$PHY_STA2" sta2 || return 1
	ip addr add $AP_ADDR/24 dev "$AP" || return 1
	for name in PHY_AP PHY_STA PHY_STA2 AP STA STA2; do
		eval "echo $name=\$$name"
	done >"$T/radios"
}

# radios DRIVER: three of them as a test, and their names for the others.
radios()
{
	LINES_BEFORE=$(dmesg | wc -l)
	rm -f "$T/radios"
	check "$1: three radios" three "$1"
	[ -e "$T/radios" ] || bail "no radios"
	. "$T/radios"
}

in_sta2()
{
	ip netns exec sta2 "$@"
}

# connects INTERFACE SSID FREQ COMMAND...: joins a network without encryption, from the namespace in
# which `COMMAND...` runs what follows it.
connects()
{
	connects_to="$1 $2 $3"
	connects_interface=$1 connects_ssid=$2 connects_freq=$3
	shift 3
	"$@" ip link set "$connects_interface" up
	# The network may not be there yet.
	try 60 joined "$@" && return
	echo "no connection: $connects_to"
	return 1
}

joined()
{
	"$@" iw dev "$connects_interface" link | grep -q "SSID: $connects_ssid\$" && return
	"$@" iw dev "$connects_interface" connect "$connects_ssid" "$connects_freq"
	# It is done elsewhere.
	for joined_try in 1 2 3 4 5 6 7 8 9 10; do
		"$@" iw dev "$connects_interface" link | grep -q "SSID: $connects_ssid\$" && return
		sleep 0.3
	done
	"$@" iw dev "$connects_interface" disconnect
	return 1
}

# remove DRIVER: stops all programs, and unloads it.
remove()
{
	stop
	modprobe -r "$1" && ip netns del sta && ip netns del sta2 && [ -z "$(phys)" ]
}

# The rules of a country with wide channels at 5 GHz. The kernel looks for them in its own root, which
# is not ours.
regulate()
{
	mkdir -p /proc/2/root/usr/lib/firmware
	for name in regulatory.db regulatory.db.p7s; do
		cp "/usr/lib/firmware/$name-upstream" "/proc/2/root/usr/lib/firmware/$name" || return 1
	done
	iw reg reload && iw reg set US && try 10 regulated && return
	iw reg get
	return 1
}

regulated()
{
	iw reg get | grep -q 'country US'
}
