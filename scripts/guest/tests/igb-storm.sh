#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The Rust sample driver of the igb device, bound many times"
#: devices = ["pcie-root-port,id=rp-igb,chassis=1,slot=1", "igb,id=igb0,bus=rp-igb"]
#: bind = { "8086:10c9" = "rust_driver_igb" }
#: modules = ["rust_driver_igb"]
#: timeout = 120
#: time = 10
#
# With interrupts and transmission each time, and every tenth time unbound in the middle of it.

. /series/ktap.sh

plan 3

DRV=/sys/bus/pci/drivers/rust_driver_igb
NAME=$(host address igb0) || bail "no igb device"
DEV=/sys/bus/pci/devices/$NAME
DIR=/sys/kernel/debug/rust_driver_igb-$NAME

[ -d "$DIR" ] || bail "no $DIR"
times=$(rounds 10 500)
i=0
while [ $i -lt "$times" ]; do
	if [ $((i % 10)) = 0 ]; then
		(while echo "1023 10" > "$DIR/raise"; do :; done) 2>/dev/null &
		(while echo "100 500" > "$DIR/transmit"; do :; done) 2>/dev/null &
		sleep 0.05
	else
		echo "1023 2" > "$DIR/raise" || break
		echo "70 500" > "$DIR/transmit" || break
		[ "$(cat "$DIR/transmit")" = "packets 70 completed 70 counted 70" ] || break
	fi
	echo "$NAME" > "$DRV/unbind" || break
	wait
	echo "$NAME" > "$DRV/bind" || break
	i=$((i + 1))
done
same "bound and unbound $times times" "$i" "$times"
same "all vectors arrive" "$(echo "1023 10" > "$DIR/raise" && cat "$DIR/raise")" 10
same "enabled once, ten vectors" "$(cat "$DEV/enable") $(ls "$DEV/msi_irqs" | wc -l)" "1 10"
