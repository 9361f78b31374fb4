#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "IGT on bochs"
#: devices = ["bochs-display,id=display"]
#: bind = { "1234:1111" = "bochs-drm" }
#: modules = ["bochs"]
#: configurations = ["display"]
#: timeout = 3600
#: time = 900

. /series/igt.sh

igt 1234:1111
