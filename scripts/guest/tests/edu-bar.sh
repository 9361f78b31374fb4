#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The edu device reads a BAR by DMA, through the IOMMU"
#: devices = ["pcie-root-port,id=rp-bar,chassis=120,slot=120,hotplug=off", "edu,id=edu-bar,bus=rp-bar"]
#: bind = { "1234:11e8" = "rust_driver_edu" }
#: modules = ["rust_driver_edu"]
#: configurations = ["one-cpu", "iommu"]
#: timeout = 60
#: time = 5
#
# After a reset, the device reads its identification by DMA, at the address that its BAR is mapped to.
# It has 28 address bits, by which it reaches a BAR only if the IOMMU translates. The resets are those
# that the driver asks for.

. /series/ktap.sh
. /series/pci.sh
. /series/edu.sh

plan 13

edu_device edu-bar || bail "no edu device"

resets() {
	[ "$(called reset_done)" = "$1" ]
}
reset() {
	if echo "$1" 2>/dev/null > "$DIR/reset"; then echo ok; else echo error; fi
}

if [ -e "$DEV/iommu_group" ]; then
	want=$(cat "$DIR/identification")
else
	want=none
fi

same "nothing has been read at first" "$(cat "$DIR/reset")" none
same "a reset at once" "$(reset 0)" ok
same "it was announced, and is over" "$(called reset_prepare)$(called reset_done)" 11
same "what the device has read" "$(cat "$DIR/reset")" "$want"
same "a reset later" "$(reset 1)" ok
check "it happens" retry 10 resets 2
same "what the device has read after it" "$(cat "$DIR/reset")" "$want"
same "the device works" "$(fact 12)" 479001600
same "nothing else is accepted" "$(reset 2)" error

# Requests that find the driver unbound, or bound again, when it is their turn.
i=0
while [ $i -lt 5 ]; do
	reset 1 >/dev/null
	unbind
	bind rust_driver_edu
	i=$((i + 1))
done
same "bound after it has been asked to be reset, and unbound" "$i" 5
works() {
	[ "$(fact 10)" = 3628800 ]
}
check "the device works" retry 10 works
same "no access to what is not mapped" "$(iommu_faults)" 0
same "no request has failed" "$(dmesg | grep -c 'requested reset failed')" 0
