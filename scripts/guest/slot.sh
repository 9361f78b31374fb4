# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Hot-plug slots, for tests: `. /series/slot.sh`. PORT is the directory in sysfs of the port, SLOT
# that of the slot, and ID what the host calls the device in it.

# In the slot control register: power and its indicator are off.
POWERED_OFF=$((0x0700))

# Sets `control` to the slot control register of the port, and `control_at` to where it is.
slot_control()
{
	control_at=$(
		DEV=$PORT
		at=$(config 52 1)
		until [ "$(config "$at" 1)" = 16 ]; do
			at=$(config $((at + 1)) 1)
			[ "$at" != 0 ] || exit
		done
		echo $((at + 24))
	)
	control=$(DEV=$PORT && config "$control_at" 2)
}

# set_slot_control NUMBER: both bytes at once.
set_slot_control()
{
	# shellcheck disable=SC2059
	printf "$(printf '\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8)))" |
		dd of="$PORT/config" bs=2 seek=$((control_at / 2)) conv=notrunc 2>/dev/null
}

# The port rests for a second when it has switched the power off, and QEMU would take away what is
# plugged meanwhile.
rested()
{
	slot_control
	[ $((control & POWERED_OFF)) = $POWERED_OFF ]
}

# The ways in which a device goes. The host asks, and pciehp gives everybody 5 s to say no:
by_host()
{
	host unplug "$ID"
}

# The host asks, and the administrator of the guest says yes, which ends the 5 s:
by_both()
{
	host hmp "device_del $ID" && echo 0 >"$SLOT/power"
}

# The administrator switches the slot off:
by_guest()
{
	echo 0 >"$SLOT/power"
}

# At once, without asking: it is not there any more when `vanish` is done. The port has not told
# anybody, and does so in `notice`; a card would not be that kind. QEMU lets a device go when the
# power of the slot is switched off, here without pciehp. That has to find it on, or it believes
# that it has switched it off itself, and that there is nothing left to do.
vanish()
{
	slot_control
	was=$control
	# Without the interrupt.
	set_slot_control $(((was | POWERED_OFF) & ~0x20))
}

notice()
{
	set_slot_control "$was"
}

by_surprise()
{
	vanish && notice
}
