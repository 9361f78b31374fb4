#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "What commits take on bochs"
#: devices = ["bochs-display,id=display"]
#: bind = { "1234:1111" = "bochs-drm" }
#: modules = ["bochs"]
#: configurations = ["icount"]
#: tools = ["kms"]
#: timeout = 120
#: time = 30

. /series/display-bench.sh

display_bench 1234:1111
