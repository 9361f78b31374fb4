# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The sample driver of edu: `. /series/edu.sh` after ktap.sh and pci.sh.

# edu_device [ID]: the test is about the edu device with this QEMU id. DIR is its directory in debugfs;
# the rest as for `device`. Fails if the driver is not bound.
edu_device()
{
	NAME=$(host address "${1:-edu0}") || return 1
	DEV=$pci/devices/$NAME
	DIR=/sys/kernel/debug/rust_driver_edu-$NAME
	[ -d "$DIR" ]
}

# How often a callback has been called.
called()
{
	sed -n "s/^$1 //p" "$DIR/power"
}

# fact N: the factorial that the device computes, or the error.
fact()
{
	result=$(try factorial "$1")
	echo "${result#* }"
}

# The mappings and allocations that DMA_API_DEBUG knows of.
mappings()
{
	grep -c " $NAME " /sys/kernel/debug/dma-api/dump
}

# Faults that the IOMMU has reported.
iommu_faults()
{
	dmesg | grep -c 'DMAR: \[DMA'
}

# given_up FILE TEXT SECONDS: operations until the driver is unbound in the middle of one, after that
# time; gives the status of the operation. A busy host may be too late, so it gets more than one chance.
given_up()
{
	tries=0
	status=0
	while [ "$status" = 0 ] && [ "$tries" -lt 20 ]; do
		[ "$tries" = 0 ] || bind rust_driver_edu
		(
			echo "$2" >"$DIR/$1" 2>/dev/null
			echo "$?" >/tmp/edu.status
		) &
		sleep "$3"
		unbind
		wait
		status=$(cat /tmp/edu.status)
		tries=$((tries + 1))
	done
	echo "$status"
}

# Hundredths of a second.
now()
{
	cut -d' ' -f1 /proc/uptime | tr -d .
}
