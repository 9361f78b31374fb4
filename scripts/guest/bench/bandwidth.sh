#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Megabytes in a second on both drivers of QEMU's display"
#: devices = ["bochs-display,id=display"]
#: modules = ["bochs", "bochs_rust"]
#: configurations = ["display"]
#: tools = ["kms"]
#: timeout = 300
#: time = 30

. /series/display-bench.sh

display_bench bandwidth
