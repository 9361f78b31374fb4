#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Frames that are none, between software radios"
#: configurations = ["wlan"]
#: timeout = 150
#: time = 90
#
# Cut and mutated frames, and bytes at random, go through monitors and the network interfaces of the
# access point and of the station that is connected to it, for a minute; in a storm for an hour. The
# C driver has a few seconds of it.

. /series/ktap.sh
. /series/wlan.sh

plan 18

# inject SECONDS INTERFACE [COMMAND...]
inject()
{
	inject_seconds=$1 inject_interface=$2
	shift 2
	inject_seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
	"$@" perl /series/inject.pl "$inject_interface" "$inject_seconds" "$inject_seed" \
		"$(cat "/sys/class/net/$AP/address")" "$(in_sta cat "/sys/class/net/$STA/address")"
}

# The access point and the station are there, or can be again.
works()
{
	# A frame may have told the station to go.
	connects "$STA" series $FREQ in_sta && try 10 pings && pings
}

# inject_all DRIVER SECONDS: for so long, a quarter of it in each way.
inject_all()
{
	radios "$1"
	iw phy "$PHY_AP" interface add mon0 type monitor
	in_sta iw phy "$PHY_STA" interface add mon1 type monitor
	ip link set mon0 up
	in_sta ip link set mon1 up
	ap_start open
	in_sta ip addr replace $STA_ADDR/24 dev "$STA"
	check "$1: joins" works
	quarter=$(($2 / 4))
	check "$1: from the access point's monitor" inject $quarter mon0
	check "$1: from the station's monitor" inject $quarter mon1 in_sta
	check "$1: Ethernet from the access point" inject $quarter "$AP"
	check "$1: Ethernet from the station" inject $quarter "$STA" in_sta
	check "$1: works" works
	check "$1: unloads" remove "$1"
	check "$1: the log is quiet" quiet
}

inject_all hwsim_rust "$(rounds 60 3600)"
inject_all mac80211_hwsim "$(rounds 8 600)"
