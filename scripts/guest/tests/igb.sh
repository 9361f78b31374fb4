#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The Rust sample driver of the igb device"
#: devices = ["pcie-root-port,id=rp-igb,chassis=1,slot=1", "igb,id=igb0,bus=rp-igb"]
#: bind = { "8086:10c9" = "rust_driver_igb" }
#: modules = ["rust_driver_igb"]
#: timeout = 90
#: time = 25
#
# samples/rust/rust_driver_igb.rs on QEMU's igb device, through its files in debugfs: ten MSI-X
# vectors, one transmit ring.

. /series/ktap.sh

plan 57

DRV=/sys/bus/pci/drivers/rust_driver_igb
NAME=$(host address igb0) || bail "no igb device"
DEV=/sys/bus/pci/devices/$NAME
DIR=/sys/kernel/debug/rust_driver_igb-$NAME

# 16 bits of the configuration space.
config() {
	od -An -v -tu2 -j"$1" -N2 "$DEV/config" | tr -d ' '
}
bound() {
	[ -e "$DEV/driver" ] && basename "$(readlink "$DEV/driver")"
}
msi_irqs() {
	ls "$DEV/msi_irqs" 2>/dev/null | wc -l | tr -d ' '
}
handlers() {
	grep -c rust_driver_igb /proc/interrupts
}
unbind() {
	echo "$NAME" > "$DRV/unbind"
}
bind() {
	echo "$NAME" > "$DRV/bind"
}
# How often vector $1 has been signaled, or the thread has run.
count() {
	sed -n "s/^$1 //p" "$DIR/interrupts"
}
# All ten on one line.
counts() {
	sed -n 's/^[0-9] //p' "$DIR/interrupts" | xargs
}
# The counts, less the ones in $1.
since() {
	set -- $1 $(counts)
	result=
	for i in 1 2 3 4 5 6 7 8 9 10; do
		shift_by=${11}
		result="$result $((shift_by - $1))"
		shift
	done
	echo "${result# }"
}
# Field $2 (irq, effective, allowed, disabled) of vector $1.
vector() {
	sed -n "s/^$1 .*\\b$2 \\([0-9a-f]*\\).*/\\1/p" "$DIR/vectors"
}
# Writes $2 to file $1, and says what it gives then, or the error.
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

[ -d "$DRV" ] || bail "no driver rust_driver_igb"
same "driver is bound" "$(bound)" rust_driver_igb
[ -d "$DIR" ] || bail "no $DIR"
same "enabled once" "$(cat "$DEV/enable")" 1
same "memory and bus master are on" "$(($(config 4) & 6))" 6
same "address" "$(sed 's/.*address //' "$DIR/identification")" 52:54:00:12:34:56

# Vectors.
same "ten MSI-X vectors of ten" "$(head -n1 "$DIR/vectors")" "MsiX 10 10"
same "number of MSI vectors in sysfs" "$(msi_irqs)" 10
same "they are MSI-X" "$(cat "$DEV"/msi_irqs/* | sort -u)" msix
same "ten handlers" "$(handlers)" 10
same "the numbers agree" \
	"$(for i in 0 1 2 3 4 5 6 7 8 9; do vector $i irq; done | sort | xargs)" \
	"$(ls "$DEV/msi_irqs" | sort | xargs)"
same "one of them has a thread" \
	"$(cat /proc/[0-9]*/comm 2>/dev/null | grep -c '^irq/[0-9]*-rust_')" 1

# Each vector once: it arrives once, and nowhere else.
for i in 0 1 2 3 4 5 6 7 8 9; do
	before=$(counts)
	try raise "$((1 << i)) 1" > /dev/null
	want=
	for j in 0 1 2 3 4 5 6 7 8 9; do
		want="$want $((i == j))"
	done
	same "vector $i arrives once, and no other" "$(since "$before")" "${want# }"
done
before=$(counts)
same "all at once" "$(try raise '1023 1')" 1
same "each arrives once" "$(since "$before")" "1 1 1 1 1 1 1 1 1 1"
before=$(counts)
same "a hundred times" "$(try raise '1023 100')" 100
same "each arrives as often" "$(since "$before")" \
	"100 100 100 100 100 100 100 100 100 100"
# It may be woken again before it has begun.
sleep 0.5
before=$(count thread)
try raise '2 1' > /dev/null
check "the thread runs when it is woken" retry 5 is count thread "$((before + 1))"
same "vectors that do not exist are refused" "$(try raise '1024 1')$(try raise '0 1')" errorerror

# The kernel agrees.
irq=$(vector 3 irq)
same "count in /proc/interrupts" \
	"$(sed -n "s/^ *$irq: *\([0-9]*\) *\([0-9]*\) .*/\1 \2/p" /proc/interrupts | xargs -n2 sh -c 'echo $(($0 + $1))')" \
	"$(count 3)"

# Masking.
before=$(count 5)
echo "5 0" > "$DIR/vectors"
same "vector 5 is disabled" "$(vector 5 disabled)$(vector 4 disabled)" 10
try raise '32 0' > /dev/null
try raise '16 1' > /dev/null
sleep 0.2
same "it does not arrive" "$(($(count 5) - before))" 0
echo "5 0" > "$DIR/vectors"
echo "5 1" > "$DIR/vectors"
sleep 0.2
same "disabled twice, enabled once: does not arrive" "$(($(count 5) - before))" 0
echo "5 1" > "$DIR/vectors"
same "vector 5 is enabled" "$(vector 5 disabled)" 0
check "it arrives now" retry 5 is count 5 "$((before + 1))"
same "it works again" "$(try raise '32 10')$(($(count 5) - before))" 1011
same "can't be enabled once more" "$(try vectors '5 1')" error

# Affinity. The driver has asked for one CPU after the other.
same "hint of vectors 2 and 3" \
	"$(cat "/proc/irq/$(vector 2 irq)/affinity_hint" "/proc/irq/$(vector 3 irq)/affinity_hint" | sed 's/^0*//' | xargs)" \
	"1 2"
same "they are allowed there" "$(vector 2 allowed)$(vector 3 allowed)" 12
try raise '12 1' > /dev/null
same "they are directed there" "$(vector 2 effective)$(vector 3 effective)" 12
check "user space may change it" sh -c "echo 1 > /proc/irq/$(vector 3 irq)/smp_affinity"
try raise '8 2' > /dev/null
same "the driver sees it" "$(vector 3 allowed)$(vector 3 effective)" 11
on_cpu0=$(sed -n "s/^ *$irq: *\([0-9]*\) .*/\1/p" /proc/interrupts)
try raise '8 5' > /dev/null
same "it arrives there" \
	"$(($(sed -n "s/^ *$irq: *\([0-9]*\) .*/\1/p" /proc/interrupts) - on_cpu0))" 5

# Transmission. The ring has 64 descriptors.
before=$(count 0)
same "one packet" "$(try transmit '1 60')" "packets 1 completed 1 counted 1"
check "it gives an interrupt" retry 5 is count 0 "$((before + 1))"
for args in "63 14" "64 1514" "1000 1000"; do
	n=${args% *}
	same "$n packets of ${args#* } bytes" "$(try transmit "$args")" \
		"packets $n completed $n counted $n"
done
same "too long or too short" "$(try transmit '1 1515')$(try transmit '1 13')" errorerror

# Again and again.
unbind
same "unbound" "$(bound)" ""
same "enable count is back" "$(cat "$DEV/enable")" 0
same "bus master is off" "$(($(config 4) & 4))" 0
same "no vectors, handlers, files left" \
	"$(msi_irqs)$(handlers)$(ls -d "$DIR" 2>/dev/null)" 00
i=0
while [ $i -lt 20 ]; do
	bind || break
	[ "$(try raise '1023 2')" = 2 ] || break
	[ "$(try transmit '70 100')" = "packets 70 completed 70 counted 70" ] || break
	unbind || break
	i=$((i + 1))
done
same "bound and unbound 20 times" "$i" 20
same "nothing left after that" "$(cat "$DEV/enable")$(msi_irqs)$(handlers)" 000

# Unbind in the middle of traffic, with vectors disabled, and files open.
i=0
while [ $i -lt 5 ]; do
	bind || break
	(
		exec 3< "$DIR/interrupts"
		sleep 0.5
	) &
	echo "7 0" > "$DIR/vectors"
	for file in raise transmit; do
		(
			while echo "63 1000" > "$DIR/$file"; do :; done
		) 2>/dev/null &
	done
	sleep 0.3
	unbind || break
	wait
	i=$((i + 1))
done
wait
same "unbound during traffic 5 times" "$i" 5
same "nothing left after that" "$(cat "$DEV/enable")$(msi_irqs)$(handlers)" 000
bind
same "vector 7 is enabled again" "$(vector 7 disabled)$(try raise '128 3')" 03
same "transmits again" "$(try transmit '10 60')" "packets 10 completed 10 counted 10"
same "nobody missed an interrupt" "$(dmesg | grep -c 'nobody cared')" 0
