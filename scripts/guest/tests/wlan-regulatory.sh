#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "A software radio in Rust is blocked by a switch, and told where it is"
#: timeout = 60
#: time = 10

. /series/ktap.sh
. /series/wlan.sh

plan 10

LINES_BEFORE=$(dmesg | wc -l)
load hwsim_rust 1 || bail "no radio"
DIR=/sys/kernel/debug/hwsim_rust
PHY=$(phys)
NET=$(netdev "$PHY")

# What rfkill says: 1 if it is blocked.
hard()
{
	cat "/sys/class/ieee80211/$PHY"/rfkill*/hard
}
up()
{
	ip link set "$NET" up
}
is_down()
{
	ip link show "$NET" | grep 'state DOWN' && ! ip link show "$NET" | grep ',UP'
}
says()
{
	echo "$2" 2>/dev/null >"$DIR/$1" && echo ok || echo error
}

same "not blocked at first" "$(hard)" 0
check "comes up" up
same "blocked" "$(says rfkill '0 1')$(hard)" ok1
check "goes down" try 10 is_down
check "does not come up" sh -c "! ip link set $NET up"
same "released" "$(says rfkill '0 0')$(hard)" ok0
check "comes up again" up
same "nothing else is accepted" \
	"$(says rfkill '0 2')$(says rfkill '9 1')$(says rfkill 1)$(says country '0 DEU')" \
	errorerrorerrorerror

# It goes while the interfaces are still being taken down.
goes()
{
	for goes_round in 1 2 3; do
		up && echo "0 1" >"$DIR/rfkill" && echo 0 >"$DIR/radios" && echo 1 >"$DIR/radios" ||
			return 1
		PHY=$(phys)
		NET=$(netdev "$PHY")
	done
	unload hwsim_rust
}
check "goes when it has just been blocked" goes
iw reg set 00
check "the log is quiet" quiet
