# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# For `cargo series bench --display`: `. /series/display-bench.sh`, `display_bench WHAT`. What was
# measured is in the name of each result.

. /series/ktap.sh
. /series/pci.sh

# display_bench WHAT ARGUMENT...: what `kms` measures, on each driver in turn.
display_bench()
{
	device 1234:1111
	what=$1
	shift
	for driver in bochs-drm bochs_rust; do
		[ "$(bound)" = - ] || unbind
		modprobe "$(basename $driver -drm)"
		echo $driver >"$DEV/driver_override"
		[ "$(bound)" = $driver ] || bind $driver
		card=/dev/dri/$(basename "$DEV"/drm/card*)
		retry 5 grep -q bochs-drmdrmfb /proc/fb || bail "no console on $driver"
		kms "$what" "$card" "$DEV/resource0" "$@" >/tmp/out || bail "$driver: $(cat /tmp/out)"
		sed "s/\([0-9]*\) \(.*\)/$(basename $driver -drm): \2: \1/" /tmp/out >>/tmp/bench
	done
	plan "$(wc -l </tmp/bench)"
	while read -r line; do
		same "$line" "" ""
	done </tmp/bench
}
