#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The Rust sample driver of the edu device"
#: devices = ["edu,id=edu0"]
#: bind = { "1234:11e8" = "rust_driver_edu" }
#: modules = ["rust_driver_edu"]
#: configurations = ["default", "iommu", "nomsi", "swiotlb"]
#: timeout = 60
#: time = 10
#
# samples/rust/rust_driver_edu.rs on QEMU's edu device, through its files in debugfs.

. /series/ktap.sh
. /series/pci.sh
. /series/edu.sh

DRIVER=rust_driver_edu

plan 55

irqs() {
	sed -n "s/^$1 //p" "$DIR/interrupts"
}
# Handlers of the driver in /proc/interrupts, without those for other devices.
others=0
handlers() {
	echo "$(($(grep -c $DRIVER /proc/interrupts) - others))"
}

device 1234:11e8
DIR=/sys/kernel/debug/$DRIVER-$NAME

same "driver is bound" "$(bound)" $DRIVER
[ -d "$DIR" ] || bail "no $DIR"
same "enabled once" "$(cat "$DEV/enable")" 1
same "memory and bus master are on" "$(command_bits)" 6
same "identification" "$(cat "$DIR/identification")" 0x010000ed
same "revision, as in sysfs" "$(cat "$DIR/config")" "revision $(cat "$DEV/revision")"

# The vector: MSI unless the kernel has been told otherwise.
case " $(cat /proc/cmdline) " in
*" pci=nomsi "*)
	vector=Intx
	msi=0
	;;
*)
	vector=Msi
	msi=1
	;;
esac
same "type of vector" "$(cut -d' ' -f1 "$DIR/vector")" "$vector"
same "number of MSI vectors in sysfs" "$(msi_irqs)" "$msi"
irq=$(cut -d' ' -f2 "$DIR/vector")
others=$(($(handlers) - 1))
same "handler of the vector in /proc/interrupts" \
	"$(grep "^ *$irq:" /proc/interrupts | grep -c $DRIVER)" 1

# Factorials modulo 2^32.
start=$(irqs factorial)
same "factorial of 0" "$(fact 0)" 1
same "factorial of 1" "$(fact 1)" 1
same "factorial of 5" "$(fact 5)" 120
same "factorial of 10" "$(fact 10)" 3628800
same "factorial of 12" "$(fact 12)" 479001600
same "factorial of 13 wraps" "$(fact 13)" 1932053504
same "factorial of 20 wraps" "$(fact 20)" 2192834560
same "factorial of 33 wraps" "$(fact 33)" 2147483648
same "factorial of 34 is 0" "$(fact 34)" 0
same "argument is remembered" "$(cut -d' ' -f1 "$DIR/factorial")" 34
same "one interrupt for each factorial" "$(($(irqs factorial) - start))" 9
same "garbage is refused" "$(fact -1)$(fact x)$(fact '1 2')$(fact 4294967296)" \
	errorerrorerrorerror

# DMA: the driver compares all of its 4096 bytes, also the ones not copied.
start=$(irqs dma)
for len in 1 3 64 100 1000 4095 4096; do
	same "DMA of $len bytes" "$(try dma "165 $len")" \
		"seed 165 length $len compared 4096 mismatches 0"
done
for seed in 0 1 255; do
	same "DMA with seed $seed" "$(try dma "$seed 4096")" \
		"seed $seed length 4096 compared 4096 mismatches 0"
done
same "two interrupts for each DMA" "$(($(irqs dma) - start))" 20
same "DMA beyond the buffer is refused" "$(try dma '0 4097')$(try dma '0 0')$(try dma '256 1')" \
	errorerrorerror
same "no other interrupts" "$(irqs other)" 0

# Unbind when idle.
unbind
same "unbound" "$(bound)" -
same "enable count is back" "$(cat "$DEV/enable")" 0
same "bus master is off" "$(($(config 4 2) & 4))" 0
same "no MSI vectors left" "$(msi_irqs)" 0
same "no handler left" "$(handlers)" 0
same "no debugfs files left" "$(ls -d "$DIR" 2>/dev/null)" ""

# Again and again.
i=0
count=$(rounds 4 500)
while [ $i -lt "$count" ]; do
	bind $DRIVER || break
	[ "$(fact 10)" = 3628800 ] || break
	unbind || break
	i=$((i + 1))
done
same "bound and unbound again and again" "$i" "$count"
same "enable count after that" "$(cat "$DEV/enable")" 0
same "no MSI vectors after that" "$(msi_irqs)" 0

# Unbind in the middle of a computation that takes seconds, while files are open. One operation at a
# time, but nobody has to wait for another one. A busy host may be too late for this, so it gets more
# than one chance.
works() {
	[ "$(fact 12)" = 479001600 ]
}
busy_or_over() {
	[ "$(cat "$DIR/factorial")" = busy ] || [ -e /tmp/edu.status ]
}
tries=0
got=
while [ "$got" != "busyerrorerror1 in time" ] && [ "$tries" -lt 5 ]; do
	bind $DRIVER
	# The device may still be computing.
	retry 20 works
	rm -f /tmp/edu.status
	exec 4< "$DIR/interrupts"
	(
		status=0
		echo 4000000000 > "$DIR/factorial" 2>/dev/null || status=1
		echo $status > /tmp/edu.status
	) &
	until busy_or_over; do :; done
	got=$(cat "$DIR/factorial")$(fact 1)$(try dma '1 1')
	start=$(now)
	unbind
	took=$(($(now) - start))
	state="$(bound) $(msi_irqs) $(handlers)"
	exec 4<&-
	wait
	got=$got$(cat /tmp/edu.status)
	[ "$took" -ge 300 ] || got="$got in time"
	tries=$((tries + 1))
done
same "a computation keeps nobody waiting, nor the driver from being unbound" \
	"$got" "busyerrorerror1 in time"
same "unbound during the computation" "$state" "- 0 0"

bind $DRIVER
same "bound again" "$(bound)" $DRIVER
retry 20 works
same "works again" "$(fact 12)" 479001600

# Unbind in the middle of DMA. A copy takes 100 ms, and there are two of them: a busy host may be too
# late, so it gets more than one chance.
tries=0
status=0
while [ "$status" = 0 ] && [ "$tries" -lt 20 ]; do
	[ "$tries" = 0 ] || bind $DRIVER
	(
		status=0
		echo "7 4096" > "$DIR/dma" 2>/dev/null || status=1
		echo $status > /tmp/edu.status
	) &
	sleep 0.05
	unbind
	wait
	status=$(cat /tmp/edu.status)
	tries=$((tries + 1))
done
same "DMA was given up, bus master is off" "$status$(($(config 4 2) & 4))" 10

bind $DRIVER
same "DMA works again" "$(try dma '9 4096')" "seed 9 length 4096 compared 4096 mismatches 0"
same "enabled once again" "$(cat "$DEV/enable")" 1

# A copy begins 100 ms after the device has been told to; unbind must wait for it, or the device
# would write to memory that is the driver's no more when the next binding enables bus mastering.
# Neither must a copy that has been given up spoil the data of the next one.
i=0
count=$(rounds 4 100)
while [ $i -lt "$count" ]; do
	# Opened before, so that a late write can't reach the next binding.
	exec 5> "$DIR/dma"
	(echo "$i 4096" >&5) 2>/dev/null &
	exec 5>&-
	[ $((i % 2)) = 0 ] || sleep 0.13
	unbind || break
	bind $DRIVER || break
	[ "$(try dma "$((i + 100)) 4096")" = \
		"seed $((i + 100)) length 4096 compared 4096 mismatches 0" ] || break
	wait
	i=$((i + 1))
done
wait
same "bound within 100 ms of a DMA again and again" "$i" "$count"
same "no other interrupts after that" "$(irqs other)" 0
same "nobody missed an interrupt" "$(dmesg | grep -c 'nobody cared')" 0

# Each binding allocates its vectors anew.
same "one MSI vector again" "$(msi_irqs)" "$msi"
same "one handler again" "$(handlers)" 1
same "type of vector again" "$(cut -d' ' -f1 "$DIR/vector")" "$vector"
