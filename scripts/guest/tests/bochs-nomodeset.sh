#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The Rust driver of QEMU's display stays away when it is told to"
#: devices = ["bochs-display,id=unused"]
#: configurations = ["switch"]
#: timeout = 20
#: time = 4

. /series/ktap.sh
. /series/pci.sh

DRIVER=bochs_rust

no_driver()
{
	! echo "$NAME" >"$pci/drivers/$DRIVER/bind" && [ "$(bound)" = - ]
}

left()
{
	read -r enabled <"$DEV/enable"
	echo "enabled $enabled," "$(grep -c bochs /proc/fb /proc/iomem | xargs)"
}

plan 5

NAME=$(host address unused)
DEV=$pci/devices/$NAME
check "there is nomodeset" grep -w nomodeset /proc/cmdline
before=$(left)
check "the module can be loaded" modprobe $DRIVER
check "the driver does not want the device" no_driver
same "it has left nothing" "$(left)" "$before"
check "the module can be unloaded" rmmod $DRIVER
