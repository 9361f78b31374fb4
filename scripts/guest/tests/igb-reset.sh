#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Resets of igb, by user space and by its driver"
#: devices = ["pcie-root-port,id=rp-igb,chassis=1,slot=1", "igb,id=igb0,bus=rp-igb"]
#: bind = { "8086:10c9" = "rust_driver_igb" }
#: modules = ["rust_driver_igb"]
#: configurations = ["one-cpu"]
#: timeout = 60
#: time = 20
#
# The driver stops the device before each reset, and starts it after that.

. /series/ktap.sh
. /series/pci.sh
. /series/igb.sh

plan 11

igb_device

resets() {
	echo "$(called reset_prepare) $(called reset_done)"
}

same "works at first" "$(works)" "$WORKS"
methods=$(cat "$DEV/reset_method")
check "function level reset is one of them" sh -c "echo ' $methods ' | grep ' flr '"
check "so is the reset of the bus" sh -c "echo ' $methods ' | grep ' bus '"

n=0
good=
for method in $methods; do
	echo "$method" > "$DEV/reset_method" && echo 1 > "$DEV/reset" || break
	n=$((n + 1))
	[ "$(resets) $(works)" = "$n $n $WORKS" ] || break
	good="$good $method"
done
same "told of all of them, and works after that" "${good# }" "$methods"
echo default > "$DEV/reset_method"
same "memory and bus master are on, ten vectors" "$(command_bits) $(msi_irqs)" "6 10"

# By the driver.
same "the driver resets it" "$(try reset 1)" 1
n=$((n + 1))
same "it was told as well" "$(resets)" "$n $n"
same "works after that" "$(works)" "$WORKS"

# In the middle of traffic. The driver gives up if somebody else holds the device lock, which nobody
# does here.
traffic_begins
count=$(rounds 6 200)
i=0
while [ $i -lt "$count" ]; do
	case $((i % 2)) in
	0) echo 1 > "$DEV/reset" || break ;;
	1) echo 1 > "$DIR/reset" || break ;;
	esac
	i=$((i + 1))
done
same "reset in the middle of traffic $count times" "$i" "$count"
traffic_ends
n=$((n + count))
same "the driver was told each time" "$(resets)" "$n $n"
same "works after that" "$(works)" "$WORKS"
