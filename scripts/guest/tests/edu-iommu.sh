#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Streaming DMA and pools of the edu sample, behind an IOMMU"
#: devices = ["edu,id=edu0"]
#: bind = { "1234:11e8" = "rust_driver_edu" }
#: modules = ["rust_driver_edu"]
#: configurations = ["iommu"]
#: timeout = 120
#: time = 10
#
# The IOMMU stops, and reports, any access to what is no longer mapped.

. /series/ktap.sh
. /series/pci.sh
. /series/edu.sh

plan 15

edu_device || bail "no edu device"
check "the device is behind the IOMMU" [ -e "$DEV/iommu_group" ]

for len in 1 4095 4096; do
	same "streaming $len bytes" "$(try stream "165 $len")" \
		"seed 165 length $len compared 8192 mismatches 0"
done
same "coherent DMA" "$(try dma '3 4096')" "seed 3 length 4096 compared 4096 mismatches 0"
same "blocks of a pool" "$(try pool '77 4')" "seed 77 length 256 compared 512 mismatches 0"

# An IOMMU can join them.
copied=$(try scatter '13 5' | xargs)
same "pages" "${copied#segments * }" "seed 13 length 20480 compared 20480 mismatches 0"

# The device begins a copy 100 ms after it has been told to: one that begins after its memory has
# been unmapped would be a fault, and so would one of the next binding.
for after in 0.05 0.15 0.25; do
	same "streaming was given up after $after s" "$(given_up stream '7 4096' $after)" 1
	bind rust_driver_edu
done
same "a pool operation was given up" "$(given_up pool '7 9' 0.25)" 1
bind rust_driver_edu
same "copying pages was given up" "$(given_up scatter '7 5' 0.25)" 1
if [ -e /sys/kernel/debug/dma-api/dump ]; then
	same "unbound, nothing is mapped" "$(mappings)" 0
else
	skip "unbound, nothing is mapped" "no CONFIG_DMA_API_DEBUG"
fi
bind rust_driver_edu
same "streaming works after that" "$(try stream '9 4096')" \
	"seed 9 length 4096 compared 8192 mismatches 0"
same "no access to what is not mapped" "$(iommu_faults)" 0
