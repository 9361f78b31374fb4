#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Streaming DMA and pools of the edu sample, through bounce buffers"
#: devices = ["edu,id=edu0"]
#: bind = { "1234:11e8" = "rust_driver_edu" }
#: modules = ["rust_driver_edu"]
#: configurations = ["swiotlb"]
#: timeout = 120
#: time = 10
#
# All memory that is mapped is bounced, so nothing arrives without the right synchronization. The
# device reaches 256 MiB, and the bounce buffers are below their end.

. /series/ktap.sh
. /series/pci.sh
. /series/edu.sh

plan 33

DBG=/sys/kernel/debug

edu_device || bail "no edu device"
bounced() {
	cat "$DBG/swiotlb/io_tlb_used"
}

same "bounce buffers are there" "$(($(cat "$DBG/swiotlb/io_tlb_nslabs") > 0))" 1
idle=$(bounced)
if [ -e "$DBG/dma-api/dump" ]; then
	debug=1
	before=$(mappings)
else
	debug=
fi

# Streaming: the driver compares all of its 4096 bytes twice, also the ones not copied.
for len in 1 3 64 1000 4095 4096; do
	same "streaming $len bytes" "$(try stream "165 $len")" \
		"seed 165 length $len compared 8192 mismatches 0"
done
for seed in 0 1 255; do
	same "streaming with seed $seed" "$(try stream "$seed 4096")" \
		"seed $seed length 4096 compared 8192 mismatches 0"
done
same "streaming beyond the buffer is refused" \
	"$(try stream '0 4097')$(try stream '0 0')$(try stream '256 1')" errorerrorerror
same "bounce buffers are given back" "$(bounced)" "$idle"

# Pages, which are mapped together and copied segment by segment.
for pages in 1 5; do
	copied=$(try scatter "13 $pages" | xargs)
	same "$pages pages" "${copied#segments * }" \
		"seed 13 length $((pages * 4096)) compared $((pages * 4096)) mismatches 0"
done
copied=${copied#segments }
check "not all of them are neighbors" [ "${copied%% *}" -gt 2 ]
same "too many pages are refused" "$(try scatter '0 9')$(try scatter '0 0')" errorerror
same "bounce buffers of the pages are given back" "$(bounced)" "$idle"

# Pools.
for count in 1 5; do
	same "$count blocks of a pool" "$(try pool "77 $count")" \
		"seed 77 length $((count * 64)) compared $((count * 128)) mismatches 0"
done
same "too many blocks are refused" "$(try pool '0 65')$(try pool '0 0')" errorerror
same "the pool is in sysfs" "$(grep -c '^rust_driver_edu *0 ' "$DEV/pools")" 1

# What is mapped, or allocated, is as before. Only the pool may have grown, by a page.
if [ -n "$debug" ]; then
	same "nothing stays mapped" "$(($(mappings) - before <= 1))" 1
else
	skip "nothing stays mapped" "no CONFIG_DMA_API_DEBUG"
fi

# Unbind in the middle of each of the copies.
for after in 0.05 0.15 0.25; do
	same "streaming was given up after $after s" "$(given_up stream '7 4096' $after)" 1
	bind rust_driver_edu
done
same "streaming works after that" "$(try stream '9 4096')" \
	"seed 9 length 4096 compared 8192 mismatches 0"
same "a pool operation was given up" "$(given_up pool '7 9' 0.25)" 1
bind rust_driver_edu
same "copying pages was given up" "$(given_up scatter '7 5' 0.25)" 1
same "unbound, nothing is bounced" "$(bounced)" 0
same "unbound, the pool is gone" "$(ls "$DEV/pools" 2>/dev/null)" ""
if [ -n "$debug" ]; then
	same "unbound, nothing is mapped" "$(mappings)" 0
else
	skip "unbound, nothing is mapped" "no CONFIG_DMA_API_DEBUG"
fi
bind rust_driver_edu
same "the pool works after that" "$(try pool '9 2')" \
	"seed 9 length 128 compared 256 mismatches 0"
same "no complaint of DMA_API_DEBUG" "$(dmesg | grep -c 'DMA-API: .*'"$NAME"'')" 0
