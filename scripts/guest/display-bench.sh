# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# For `cargo series bench --display`: `. /series/display-bench.sh`, `display_bench ID`. What was
# measured is in the name of each result.

. /series/ktap.sh
. /series/pci.sh

# display_bench ID: the device with this PCI id.
display_bench()
{
	device "$1"
	kms bench /dev/dri/"$(basename "$DEV"/drm/card*)" >/tmp/bench || bail "$(cat /tmp/bench)"
	plan "$(wc -l </tmp/bench)"
	while read -r time what; do
		same "$what: $time" "" ""
	done </tmp/bench
}
