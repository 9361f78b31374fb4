#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Monitors of software radios tell the same of the same frames"
#: configurations = ["wlan-links"]
#: timeout = 180
#: time = 40
#
# Radiotap headers, of hwsim_rust and of mac80211_hwsim: of a frame at each kind of rate, as the monitor
# that sends it and another one have it; of beacons, and of data between an access point and a station.
# All fields must be the same; the time in them must grow, and that of a beacon be what it says itself.

. /series/ktap.sh
. /series/wlan.sh

plan 16

# Rates of HE are not among them: a radiotap header can't ask mac80211 for one, nor does it choose one.
RATES_2GHZ="1 2 5.5 11 6 54 mcs0 mcs7/sgi mcs15/40 mcs15/40/sgi"
RATES_5GHZ="6 54 mcs8/40 vht0x1 vht9x1/40/sgi vht9x2/80 vht9x8/80/sgi"

# listen NAME INTERFACE [COMMAND...]: what a monitor hears goes to a file from now on. `COMMAND` must be
# a program.
listen()
{
	listen_file=$T/$1.pcap listen_interface=$2
	shift 2
	rm -f "$listen_file"
	"$@" tcpdump --immediate-mode -U -Q in -Z root -i "$listen_interface" -w "$listen_file" \
		>>"$T/tcpdump.log" 2>&1 &
	LISTENERS="$LISTENERS $!"
	try 20 [ -s "$listen_file" ] && return
	cat "$T/tcpdump.log"
	return 1
}

# listened NAME: the headers in the file.
listened()
{
	perl /series/radio.pl radiotap "$T/$1.pcap"
}

# A frame at each rate, on a channel that `iw` takes; the headers of both sides go to a file.
#
# rates NAME RATES CHANNEL...
rates()
{
	rates_name=$1 rates_list=$2
	shift 2
	iw dev mon0 set freq "$@" && in_sta iw dev mon1 set freq "$@" || return 1
	LISTENERS=
	listen sent mon0 && listen heard mon1 ip netns exec sta || return 1
	# shellcheck disable=SC2086
	perl /series/radio.pl rates mon0 $rates_list
	try 20 all_heard "$(echo "$rates_list" | wc -w)"
	# shellcheck disable=SC2086
	kill $LISTENERS
	# shellcheck disable=SC2086
	wait $LISTENERS
	{
		listened sent
		listened heard
	} | tee "$T/radiotap.$rates_name"
	all_heard "$(echo "$rates_list" | wc -w)"
}

all_heard()
{
	[ "$(listened sent | grep -c '^sent at')" = "$1" ] && [ "$(listened heard | grep -c '^heard at')" = "$1" ]
}

# A beacon, and data, as another station hears it.
network()
{
	in_sta2 iw phy "$PHY_STA2" interface add mon2 type monitor && in_sta2 ip link set mon2 up &&
		in_sta2 iw dev mon2 set freq $FREQ || return 1
	ap_start open
	in_sta ip addr replace $STA_ADDR/24 dev "$STA"
	connects "$STA" series $FREQ in_sta || return 1
	LISTENERS=
	listen heard mon2 ip netns exec sta2 || return 1
	try 20 network_heard
	# shellcheck disable=SC2086
	kill $LISTENERS
	# shellcheck disable=SC2086
	wait $LISTENERS
	listened heard | tee "$T/radiotap.$1"
	network_heard
}

network_heard()
{
	voice 20
	[ "$(listened heard | cut -d : -f 1 | sort -u | xargs)" = \
		"heard beacon heard data from the access point heard data to the access point" ]
}

of()
{
	radios "$1"
	# The same power, which is what signals are made of: the driver in C has more if rules allow it.
	iw phy "$PHY_AP" set txpower fixed 1500
	in_sta iw phy "$PHY_STA" set txpower fixed 1500
	iw phy "$PHY_AP" interface add mon0 type monitor
	in_sta iw phy "$PHY_STA" interface add mon1 type monitor
	ip link set mon0 up
	in_sta ip link set mon1 up
	check "$1: rates at 2.4 GHz" rates "$1.2" "$RATES_2GHZ" 2437 HT40+
	check "$1: rates at 5 GHz" rates "$1.5" "$RATES_5GHZ" 5180 80 5210
	iw dev mon0 del
	in_sta iw dev mon1 del
	check "$1: a network" network "$1.network"
	check "$1: unloads" remove "$1"
	check "$1: the log is quiet" quiet
}

# compare NAME
compare()
{
	diff "$T/radiotap.mac80211_hwsim.$1" "$T/radiotap.hwsim_rust.$1" && ! grep wrong "$T/radiotap.hwsim_rust.$1"
}

check "rules for 5 GHz" regulate
of mac80211_hwsim
of hwsim_rust
check "the same at 2.4 GHz" compare 2
check "the same at 5 GHz" compare 5
check "the same of a network" compare network
iw reg set 00
