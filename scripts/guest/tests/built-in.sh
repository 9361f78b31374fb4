#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Drivers of the series that are built into the kernel"
#: timeout = 20
#: time = 1
#
# They are in the kernel of `cargo series boot`, and modules in the others.

. /series/ktap.sh
. /series/pci.sh

built_in()
{
	grep -q "/$1.ko\$" "/lib/modules/$(uname -r)/modules.builtin"
}

display()
{
	device 1234:1111
	echo "the driver is $(bound)"
	cat /proc/fb
	[ "$(bound)" = bochs_rust ] && grep -q bochs-drmdrmfb /proc/fb
}

radios()
{
	for radio in phy0 phy1; do
		ls "/sys/class/ieee80211/$radio/device/net" || return 1
	done
}

# checked NAME DRIVER COMMAND...
checked()
{
	if built_in "$2"; then
		check "$1" "$3"
	else
		skip "$1" "$2 is a module"
	fi
}

plan 2
checked "the display has a driver, and the console is on it" bochs_rust display
checked "there are radios" hwsim_rust radios
