# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The sample driver of igb: `. /series/igb.sh` after ktap.sh and pci.sh.

# igb_device [ID]: the test is about the igb device with this QEMU id. DIR is its directory in
# debugfs; the rest as for `device`. It is bound anew: everything is counted from 0.
igb_device()
{
	NAME=$(host address "${1:-igb0}") || bail "no igb device"
	DEV=$pci/devices/$NAME
	DIR=/sys/kernel/debug/rust_driver_igb-$NAME
	unbind && bind rust_driver_igb
	[ -d "$DIR" ] || bail "no $DIR"
}

# How often a callback has been called.
called()
{
	sed -n "s/^$1 //p" "$DIR/callbacks"
}

# All ten vectors, and more packets than the ring has descriptors. Gives $WORKS if it does.
works()
{
	echo "$(try raise '1023 5') $(try transmit '70 100')"
}
WORKS="5 packets 70 completed 70 counted 70"

# vf N: the address of a virtual function.
vf()
{
	basename "$(readlink "$DEV/virtfn$1")"
}

# vf_works N: all three vectors of a virtual function. Gives 5 if it does.
vf_works()
{
	file=/sys/kernel/debug/rust_driver_igbvf-$(vf "$1")/raise
	if echo "7 5" 2>/dev/null >"$file"; then
		cat "$file"
	else
		echo error
	fi
}

# report UNCORRECTABLE CORRECTED: igb reports an error to its port; two registers, their four bytes in
# octal. QEMU's igb can't: the bits of Device Control that allow it are read-only. So the kernel makes
# the error up (aer_inject), in the registers of both, and calls the interrupt handler of the port.
report()
{
	bus=${NAME#*:}
	bus=$(printf '%03o' "0x${bus%%:*}")
	printf "\\$bus\\000\\000\\000$1$2$none$none$none$none$none" >/dev/aer_inject
}
none='\000\000\000\000'
receiver='\001\000\000\000'
abort='\000\200\000\000'
malformed='\000\000\004\000'

# status_is STATUS, of runtime PM.
status_is()
{
	[ "$(cat "$DEV/power/runtime_status")" = "$1" ]
}

# Interrupts and transmission until traffic_ends, whether or not they succeed.
traffic_begins()
{
	rm -f /tmp/igb.end
	for line in "raise 1023 10" "transmit 100 500"; do
		(
			until [ -e /tmp/igb.end ]; do
				echo "${line#* }" 2>/dev/null >"$DIR/${line%% *}"
			done
		) &
	done
}

traffic_ends()
{
	touch /tmp/igb.end
	wait
}
