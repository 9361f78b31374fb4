#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Allocations fail while software radios are made and used"
#: configurations = ["wlan"]
#: timeout = 300
#: time = 110
#
# The first allocation fails, then the second, and so on, until none does any more, when a radio is
# registered, when an interface is made, when a network is joined, in what the kernel does by itself to
# associate, and when frames are sent; in a storm, that is, otherwise some are left out, others each
# time. Nothing is left over, and then all works. The same with the driver in C, to see which warnings
# are of mac80211.

. /series/ktap.sh
. /series/wlan.sh

slab=/sys/kernel/debug/failslab
pages=/sys/kernel/debug/fail_page_alloc
if [ ! -e $slab ] || [ ! -e $pages ]; then
	plan 1
	skip "allocations fail" "the kernel has no fault injection"
	exit
fi
plan 22

# Also the allocations that may sleep, which are nearly all, and single pages; and no report of each.
for dir in $slab $pages; do
	echo N >$dir/ignore-gfp-wait
	echo 0 >$dir/verbose
done
echo 0 >$pages/min-order

# Removing radios waits for RCU most of the time.
echo 1 >/sys/kernel/rcu_expedited

works()
{
	connects "$STA" series $FREQ in_sta && pings
}

of()
{
	radios "$1"
	check "$1: a radio is made" perl /series/radio.pl fail radio "$(rounds 25 1)" "$1"
	check "$1: an interface is made" perl /series/radio.pl fail interface "$(rounds 7 1)" "$PHY_AP"
	ap_start open
	in_sta ip addr replace $STA_ADDR/24 dev "$STA"
	check "$1: joins" works
	in_sta iw dev "$STA" disconnect
	check "$1: a station joins" in_sta perl /series/radio.pl fail connect "$(rounds 11 1)" \
		"$STA" series $FREQ
	check "$1: a station is associated" in_sta perl /series/radio.pl fail associate \
		"$(rounds 25 1)" "$STA" series $FREQ
	check "$1: joins again" works
	in_sta iw phy "$PHY_STA" interface add mon0 type monitor
	in_sta ip link set mon0 up
	check "$1: frames are sent" in_sta perl /series/radio.pl fail transmit 1 $AP_ADDR mon0
	check "$1: TCP" transfers -n 100K
	check "$1: unloads" remove "$1"
	check "$1: the log is quiet" quiet
}

of hwsim_rust
of mac80211_hwsim
echo 0 >/sys/kernel/rcu_expedited
