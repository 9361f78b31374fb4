#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The guest is what the host asked for"
#: timeout = 30
#: time = 1

. /series/ktap.sh

pci=/sys/bus/pci/devices

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
		[ -e "$pci/$address" ] || return 1
	done
}

host_says_no()
{
	! host address no-such-device
}

can_write()
{
	echo x >/tmp/series && [ "$(cat /tmp/series)" = x ]
}

plan 6
check "kernel release" right_kernel
check "memory" enough_memory
check "no taint" not_tainted
check "promised devices are on the bus" devices_are_there
check "an error of the host reaches the test" host_says_no
check "a place for files" can_write
