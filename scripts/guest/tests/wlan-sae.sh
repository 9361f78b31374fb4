#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Two software radios in Rust join a WPA3 network"
#: timeout = 60
#: time = 15
#
# drivers/net/wireless/virtual/hwsim_rust under hostapd and wpa_supplicant, each radio in a network
# namespace of its own.

. /series/ktap.sh
. /series/wlan.sh

plan 8

LINES_BEFORE=$(dmesg | wc -l)
load hwsim_rust 2 || bail "no radios"
set -- $(phys)
[ $# = 2 ] || bail "radios: $*"
AP=$(netdev "$1") STA=$(netdev "$2")
move "$2" sta && ip addr add $AP_ADDR/24 dev "$AP" || bail "the radio does not move"

check "joins the network" join sae-1
same "key management" "$(status key_mgmt)" SAE
same "management frames must be protected" "$(status pmf)" 2
check "frames come back" pings
check "TCP to the access point" transfers -n 100K
check "TCP to the station" transfers -n 100K -R

unloads()
{
	unload hwsim_rust && stop && ip netns del sta && [ -z "$(phys)" ]
}

check "unloads in a network" unloads
check "the log is quiet" quiet
