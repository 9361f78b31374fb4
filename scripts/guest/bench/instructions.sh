#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Instructions of calls on both drivers of QEMU's display"
#: devices = ["bochs-display,id=display"]
#: modules = ["bochs", "bochs_rust"]
#: configurations = ["icount"]
#: tools = ["kms"]
#: timeout = 300
#: time = 60

. /series/display-bench.sh

display_bench instructions /dev/tty1
