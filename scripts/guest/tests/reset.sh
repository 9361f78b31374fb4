#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The machine is reset, and the test goes on"
#: configurations = ["initramfs"]
#: timeout = 60
#: time = 5

. /series/ktap.sh

case $SERIES_PHASE in
1)
	plan 1
	check "a file of before the reset" touch /tmp/before
	host reset
	;;
2)
	plan 1
	check "it is gone" test ! -e /tmp/before
	;;
esac
