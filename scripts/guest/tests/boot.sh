#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The guest is what the host asked for"
#: configurations = ["default", "iommu", "nomsi", "swiotlb"]
#: timeout = 30
#: time = 1

. /series/ktap.sh
. /series/pci.sh

right_kernel()
{
	echo "$(uname -r), expected $SERIES_RELEASE"
	[ "$(uname -r)" = "$SERIES_RELEASE" ]
}

# Two gigabytes, less what the kernel keeps.
enough_memory()
{
	while read -r name size _; do
		if [ "$name" = MemTotal: ]; then
			echo "$size kB"
			[ "$size" -gt 1500000 ] && return 0
		fi
	done </proc/meminfo
	return 1
}

# Every taint bit means that something went wrong or that results can't be trusted, except that a
# module was built in the tree's staging area (10) or that KUnit has run (18).
not_tainted()
{
	# Not with read: it reads byte by byte, and this file gives only the first one then.
	taint=$(cat /proc/sys/kernel/tainted)
	echo "taint $taint"
	[ $((taint & ~(1 << 10) & ~(1 << 18))) -eq 0 ]
}

devices_are_there()
{
	for id in $SERIES_DEVICES; do
		address=$(host address "$id") || return 1
		echo "$id is $address"
		[ -e "$pci/devices/$address" ] || return 1
	done
}

host_says_no()
{
	! host address no-such-device
}

# What the command line asks for, for the sake of other tests.
obeys()
{
	read -r line </proc/cmdline
	for word in $line; do
		case $word in
		intel_iommu=on)
			for id in $SERIES_DEVICES; do
				[ -e "$pci/devices/$(host address "$id")/iommu_group" ] || return 1
			done
			dmesg | grep "DMAR-IR: Enabled IRQ remapping" || return 1
			;;
		pci=nomsi)
			! grep MSI /proc/interrupts || return 1
			;;
		swiotlb=*)
			read -r slots </sys/kernel/debug/swiotlb/io_tlb_nslabs
			echo "$slots slots"
			[ "swiotlb=$slots,force" = "$word" ] || return 1
			;;
		esac
	done
}

can_write()
{
	echo x >/tmp/series && [ "$(cat /tmp/series)" = x ]
}

plan 7
check "kernel release" right_kernel
check "the command line is obeyed" obeys
check "memory" enough_memory
check "no taint" not_tainted
check "promised devices are on the bus" devices_are_there
check "an error of the host reaches the test" host_says_no
check "a place for files" can_write
