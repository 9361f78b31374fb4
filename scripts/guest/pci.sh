# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# PCI devices, for the agent and for tests: `. /series/pci.sh`.

pci=/sys/bus/pci

# The addresses of the devices with the id VENDOR:DEVICE.
with_id()
{
	for dev in "$pci"/devices/*; do
		read -r vendor <"$dev/vendor"
		read -r device <"$dev/device"
		if [ "${vendor#0x}:${device#0x}" = "$1" ]; then
			echo "${dev##*/}"
		fi
	done
}

# The driver of the device with the address, or -.
driver_of()
{
	if [ -e "$pci/devices/$1/driver" ]; then
		basename "$(readlink "$pci/devices/$1/driver")"
	else
		echo -
	fi
}

# device VENDOR:DEVICE: the test is about the first such device. NAME is its address, DEV its
# directory in sysfs; what follows is about it.
device()
{
	NAME=$(with_id "$1" | head -n 1)
	[ -n "$NAME" ] || bail "no device $1"
	DEV=$pci/devices/$NAME
}

bound()
{
	driver_of "$NAME"
}

# bind DRIVER
bind()
{
	echo "$NAME" >"$pci/drivers/$1/bind"
}

unbind()
{
	echo "$NAME" >"$DEV/driver/unbind"
}

# config OFFSET BYTES: a number of 1, 2 or 4 bytes in the configuration space.
config()
{
	echo "$(($(od -An -v -tu"$2" -j"$1" -N"$2" "$DEV/config")))"
}

# Bus master (4) and memory enable (2) in the command register.
command_bits()
{
	echo "$(($(config 4 2) & 6))"
}

# How many MSI and MSI-X vectors it has.
msi_irqs()
{
	set -- "$DEV"/msi_irqs/*
	if [ -e "$1" ]; then echo $#; else echo 0; fi
}

# try FILE TEXT: writes to a file of the driver, in its directory DIR in debugfs, and says what it
# gives then, or the error.
try()
{
	if echo "$2" 2>/dev/null >"$DIR/$1"; then
		cat "$DIR/$1"
	else
		echo error
	fi
}
