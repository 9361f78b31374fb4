#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "A device is plugged into a PCIe port and pulled"
#: devices = ["pcie-root-port,id=rp-hotplug,chassis=100,slot=100"]
#: configurations = ["hotplug"]
#: expect = [{ class = "lockdep", text = "&ctrl->reset_lock", min = 0, max = 1 }]
#: timeout = 60
#: time = 8
#
# The C hot-plug driver of 6.18 takes its reset_lock inside pci_rescan_remove_lock and the other way
# round. Lockdep says so, and is off from then on.

. /series/ktap.sh
. /series/pci.sh

port=$pci/devices/$(host address rp-hotplug)

on_bus()
{
	for address in $(with_id 1af4:1044); do
		[ ! -e "$port/$address" ] || return 0
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
