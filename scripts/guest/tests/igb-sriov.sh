#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Virtual functions of igb, with a driver that uses the one of the physical function"
#: devices = ["pcie-root-port,id=rp-igb,chassis=1,slot=1", "igb,id=igb0,bus=rp-igb"]
#: bind = { "8086:10c9" = "rust_driver_igb" }
#: modules = ["rust_driver_igb"]
#: configurations = ["one-cpu"]
#: timeout = 60
#: time = 40

. /series/ktap.sh
. /series/pci.sh
. /series/igb.sh

plan 46

igb_device

vf_file() {
	echo "/sys/kernel/debug/rust_driver_igbvf-$(vf "$1")/$2"
}
vf_counts() {
	sed 's/^[0-9] //' "$(vf_file "$1" interrupts)" | xargs
}
# numvfs N: or the error.
numvfs() {
	echo "$1" 2>/dev/null > "$DEV/sriov_numvfs" || echo error
}
all_vfs() {
	with_id 8086:10ca
}
# How many interrupt handlers there are, of both drivers.
handlers() {
	grep -c 'rust_driver_igb$' /proc/interrupts
	grep -c 'rust_driver_igbvf$' /proc/interrupts
}
seven() {
	for i in 0 1 2 3 4 5 6; do "$@" $i; done | sort | uniq -c | xargs
}
# Nothing of virtual functions is left.
left() {
	echo "$(all_vfs | wc -l | tr -d ' ') $(cat "$DEV/sriov_numvfs")" \
		"$(ls /sys/kernel/debug | grep -c igbvf) $(grep -c 'rust_driver_igbvf$' /proc/interrupts)" \
		"$(ls -d "$DEV"/virtfn* 2>/dev/null)"
}
NOTHING="0 0 0 0 "

# The device has eight, but then the driver would be left with one vector.
same "limit of the driver" "$(cat "$DEV/sriov_totalvfs")" 7
same "more are refused" "$(numvfs 8)$(cat "$DEV/sriov_numvfs")" error0
same "none at first" "$(left)$(cat "$DIR/vfs")" "${NOTHING}enabled 0 bound 0x0 vectors 10"

same "seven are enabled" "$(numvfs 7)$(cat "$DEV/sriov_numvfs")" 7
bound_vf() {
	driver_of "$(vf "$1")"
}
same "all of them are bound" "$(seven bound_vf)" "7 rust_driver_igbvf"
same "the physical function knows them" "$(cat "$DIR/vfs")" "enabled 7 bound 0x7f vectors 4"
same "handlers" "$(handlers | xargs)" "10 21"
same "what the first one was told" "$(cat "$(vf_file 0 identification)")" \
	"vf 0 of $NAME address 52:54:00:12:34:57"
same "what the last one was told" "$(cat "$(vf_file 6 identification)")" \
	"vf 6 of $NAME address 52:54:00:12:34:5d"
same "another number is refused" "$(numvfs 3)$(cat "$DEV/sriov_numvfs")" error7

# Interrupts arrive where they belong, and nowhere else.
echo "2 3" > "$(vf_file 5 raise)"
same "a vector of one" "$(cat "$(vf_file 5 raise)") $(vf_counts 5)" "3 0 3 0"
same "nobody else is signaled" "$(seven vf_counts)" "6 0 0 0 1 0 3 0"
same "vectors of all" "$(seven vf_works)" "7 5"
same "each arrives as often" "$(seven vf_counts)" "6 5 5 5 1 5 8 5"
same "the physical function was not signaled" "$(sed -n 's/^[0-9] //p' "$DIR/interrupts" | xargs)" \
	"0 0 0 0 0 0 0 0 0 0"
same "vectors of the physical function" "$(try raise '15 10')" 10
same "it does not have the others" "$(try raise '16 1')" error
same "the physical function transmits" "$(try transmit '70 500')" \
	"packets 70 completed 70 counted 70"
same "vectors that do not exist are refused" \
	"$(echo '8 1' 2>/dev/null > "$(vf_file 0 raise)" || echo error)" error

# All at once.
for i in 0 1 2 3 4 5 6; do
	(for j in 1 2 3 4; do echo "7 25" > "$(vf_file $i raise)" || break; done) &
done
(for j in 1 2 3 4; do echo "15 25" > "$DIR/raise"; echo "70 100" > "$DIR/transmit"; done) &
wait
same "all at once" "$(seven vf_counts)" "6 105 105 105 1 105 108 105"

# One of them goes, and comes back.
one=$(vf 3)
# count N: how many vectors it is to have; or the error.
count() {
	echo "$1" 2>/dev/null > "$pci/devices/$one/sriov_vf_msix_count" || echo error
}
same "vectors that can be given to them" "$(cat "$DEV/sriov_vf_total_msix")" 21
same "none are taken from one that is bound" "$(count 2)" error
echo "$one" > /sys/bus/pci/drivers/rust_driver_igbvf/unbind
same "one is unbound" "$(cat "$DIR/vfs")" "enabled 7 bound 0x77 vectors 4"
echo "$one" > /sys/bus/pci/drivers/rust_driver_igbvf/bind
same "it is bound again" "$(cat "$DIR/vfs") $(vf_works 3)" "enabled 7 bound 0x7f vectors 4 5"
# With a vector less.
echo "$one" > /sys/bus/pci/drivers/rust_driver_igbvf/unbind
same "a vector is taken from it" "$(count 4)$(count 2)" error
echo "$one" > /sys/bus/pci/drivers/rust_driver_igbvf/bind
vectors() {
	echo "$(find "$pci/devices/$one/msi_irqs" -type f | wc -l | tr -d ' ')" \
		"$(grep -c 'rust_driver_igbvf$' /proc/interrupts)"
}
same "it has two" "$(vectors) $(echo "3 5" > "$(vf_file 3 raise)" && cat "$(vf_file 3 raise)")" \
	"2 20 5"
same "and not the third" "$(vf_works 3)" error
echo "$one" > /sys/bus/pci/drivers/rust_driver_igbvf/unbind
same "it gets it back" "$(count 0)" ""
echo "$one" > /sys/bus/pci/drivers/rust_driver_igbvf/bind
same "it has three" "$(vectors) $(vf_works 3)" "3 21 5"
echo 1 > "$pci/devices/$one/reset"
same "it works after a reset" "$(vf_works 3) $(vf_works 2)" "5 5"

# A fatal error: the bus is reset, and they are there again.
resumed() {
	[ "$(called error_resume)" = 1 ]
}
check "igb reports a fatal error" report "$malformed" "$none"
check "the physical function recovers" retry 20 resumed
same "so do the virtual functions" "$(cat "$DIR/vfs") $(seven vf_works)" \
	"enabled 7 bound 0x7f vectors 4 7 5"

# The physical function is not suspended as long as there are any.
echo auto > "$DEV/power/control"
sleep 0.5
same "awake with virtual functions" "$(cat "$DEV/power/runtime_status")" active
same "they are disabled" "$(numvfs 0)$(left)" "$NOTHING"
same "the physical function has its vectors" "$(cat "$DIR/vfs") $(works)" \
	"enabled 0 bound 0x0 vectors 10 $WORKS"
check "suspended without them" retry 5 status_is suspended
same "one is enabled when suspended" "$(numvfs 1)$(vf_works 0)$(cat "$DEV/power/runtime_status")" \
	5active
numvfs 0
echo on > "$DEV/power/control"

# Again and again, and unbound with virtual functions in use: they go first.
count=$(rounds 2 25)
i=0
while [ $i -lt "$count" ]; do
	numvfs $((i % 7 + 1))
	[ "$(vf_works $((i % 7)))" = 5 ] || break
	numvfs 0
	i=$((i + 1))
done
same "enabled and disabled $count times" "$i" "$count"
i=0
while [ $i -lt "$count" ]; do
	numvfs 7
	traffic_begins
	for j in 0 1 2 3 4 5 6; do
		(
			exec 3< "$(vf_file $j interrupts)"
			while echo "7 10" > "$(vf_file $j raise)"; do :; done
		) 2>/dev/null &
	done
	sleep 0.2
	unbind || break
	traffic_ends
	[ "$(left)" = "$NOTHING" ] || break
	bind rust_driver_igb || break
	i=$((i + 1))
done
same "unbound with virtual functions in use $count times" "$i" "$count"
same "enabled once" "$(cat "$DEV/enable")" 1
same "works after that" "$(works)" "$WORKS"

# The module goes, with both drivers.
numvfs 7
check "the module is removed" modprobe -r rust_driver_igb
same "nothing is left" "$(left)$(cat "$DEV/enable")$(msi_irqs)" "${NOTHING}00"
same "limit of the device" "$(cat "$DEV/sriov_totalvfs")" 8
modprobe rust_driver_igb
same "nobody complains" \
	"$(dmesg | grep -c 'virtual functions are still bound\|does not know it\|nobody cared')" 0
