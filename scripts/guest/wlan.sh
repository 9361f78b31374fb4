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

# load DRIVER NUMBER: loads it, with so many radios.
load()
{
	if [ "$1" = hwsim_rust ]; then
		modprobe hwsim_rust && echo "$2" >/sys/kernel/debug/hwsim_rust/radios
	else
		modprobe "$1" radios="$2"
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

# join NETWORK [LINE...]: an access point and a station that joins it.
join()
{
	ap_start "$@" && sta_start "$1" && try 20 associated && return
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
