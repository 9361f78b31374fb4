#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "How fast TCP is with both drivers of software radios"
#: configurations = ["icount"]
#: timeout = 300
#: time = 60

. /series/wlan-bench.sh

wlan_bench throughput
