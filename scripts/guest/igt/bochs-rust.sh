#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "IGT on bochs_rust"
#: devices = ["bochs-display,id=display"]
#: bind = { "1234:1111" = "bochs_rust" }
#: modules = ["bochs_rust"]
#: configurations = ["display"]
#: timeout = 3600
#: time = 900

. /series/igt.sh

igt 1234:1111
