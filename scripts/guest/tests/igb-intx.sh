#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The Rust sample driver of the igb device without messages"
#: devices = ["pcie-root-port,id=rp-igb,chassis=1,slot=1", "igb,id=igb0,bus=rp-igb"]
#: bind = { "8086:10c9" = "rust_driver_igb" }
#: modules = ["rust_driver_igb"]
#: configurations = ["nomsi"]
#: timeout = 60
#: time = 5
#
# The interrupt pin, which is shared: handlers see the interrupts of others.

. /series/ktap.sh

plan 19

DRV=/sys/bus/pci/drivers/rust_driver_igb
NAME=$(host address igb0) || bail "no igb device"
DEV=/sys/bus/pci/devices/$NAME
DIR=/sys/kernel/debug/rust_driver_igb-$NAME

count() {
	sed -n "s/^$1 //p" "$DIR/interrupts"
}
vector() {
	sed -n "s/^$1 .*\\b$2 \\([0-9a-f]*\\).*/\\1/p" "$DIR/vectors"
}
try() {
	if echo "$2" 2>/dev/null > "$DIR/$1"; then
		cat "$DIR/$1"
	else
		echo error
	fi
}
is() {
	[ "$("$1" "$2")" = "$3" ]
}

[ -d "$DIR" ] || bail "no $DIR"
same "a single vector" "$(head -n1 "$DIR/vectors" | cut -d' ' -f1,2)" "Intx 1"
same "no MSI vectors in sysfs" "$(ls "$DEV/msi_irqs" 2>/dev/null)" ""
irq=$(vector 0 irq)
same "handler in /proc/interrupts" "$(grep "^ *$irq:" /proc/interrupts | grep -c rust_driver_igb)" 1
same "it is the pin" "$irq" "$(cat "$DEV/irq")"

before=$(count 0)
same "ten interrupts" "$(try raise '1 10')" 10
same "arrive ten times" "$(($(count 0) - before))" 10
same "there is no other vector" "$(try raise '2 1')$(count 1)" error

before=$(count 0)
tx=$(count tx)
same "a hundred packets" "$(try transmit '100 64')" "packets 100 completed 100 counted 100"
# One for each time that the ring is filled, unless the second comes before the first is handled.
check "they give one interrupt or two" retry 5 sh -c \
	"n=\$((\$(sed -n 's/^tx //p' $DIR/interrupts) - $tx)); [ \$n = 1 ] || [ \$n = 2 ]"
same "they are all there are" "$(($(count 0) - before))" "$(($(count tx) - tx))"

before=$(count 0)
echo "0 0" > "$DIR/vectors"
try raise '1 0' > /dev/null
sleep 0.2
same "disabled, it does not arrive" "$(vector 0 disabled)$(($(count 0) - before))" 10
echo "0 1" > "$DIR/vectors"
check "enabled, it does" retry 5 is count 0 "$((before + 1))"

i=0
while [ $i -lt 10 ]; do
	# Left disabled: whoever else has the pin must get it back.
	echo "0 0" > "$DIR/vectors" || break
	echo "$NAME" > "$DRV/unbind" || break
	echo "$NAME" > "$DRV/bind" || break
	[ "$(try raise '1 3')" = 3 ] || break
	i=$((i + 1))
done
same "bound and unbound 10 times" "$i" 10
same "one handler" "$(grep -c rust_driver_igb /proc/interrupts)" 1
same "not disabled" "$(vector 0 disabled)" 0
same "packets again" "$(try transmit '10 64')" "packets 10 completed 10 counted 10"
echo "$NAME" > "$DRV/unbind"
same "no handler left" "$(grep -c rust_driver_igb /proc/interrupts)" 0
same "enable count is back" "$(cat "$DEV/enable")" 0
same "nobody missed an interrupt" "$(dmesg | grep -c 'nobody cared')" 0
