#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "A device is plugged into a PCIe port and pulled"
#: devices = ["pcie-root-port,id=rp-hotplug,chassis=100,slot=100"]
#: last = true
#: expect = [{ class = "lockdep", text = "&ctrl->reset_lock", min = 0, max = 1 }]
#: timeout = 60
#: time = 8
#
# The C hot-plug driver of 6.18 takes its reset_lock inside pci_rescan_remove_lock and the other way
# round. Lockdep says so, and is off from then on.

. /series/ktap.sh

port=$(host address rp-hotplug)
port=/sys/bus/pci/devices/$port

# The port's own services, such as 0000:00:03.0:pcie004, are no devices on its bus.
on_bus()
{
	for device in "$port"/0000:*; do
		case ${device##*/} in
		*:pcie*) ;;
		0000:*) [ -e "$device/vendor" ] && [ "$(cat "$device/vendor" "$device/device" | xargs)" = "0x1af4 0x1044" ] && return 0 ;;
		esac
	done
	return 1
}

gone()
{
	! on_bus
}

address_agrees()
{
	address=$(host address hot) && echo "$address" && [ -e "$port/$address" ]
}

plan 7
check "the port is empty" gone
check "the host plugs it" host plug "virtio-rng-pci,id=hot,bus=rp-hotplug"
check "it appears" retry 15 on_bus
check "it has the address that the host knows" address_agrees
check "the host pulls it" host unplug hot
check "it is gone" retry 15 gone
check "it can be plugged again" host plug "virtio-rng-pci,id=hot,bus=rp-hotplug"
