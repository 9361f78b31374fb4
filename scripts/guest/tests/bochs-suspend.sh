#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The machine sleeps with a picture on the Rust driver of QEMU's display"
#: devices = ["pcie-root-port,id=rp-display,chassis=102,slot=102", "bochs-display,id=display,bus=rp-display"]
#: bind = { "1234:1111" = "bochs_rust" }
#: modules = ["bochs_rust"]
#: configurations = ["display-sleep"]
#: tools = ["kms"]
#: timeout = 60
#: time = 80
#
# All but the sleeping itself many times, while pages are flipped, and suspend to RAM, in which the
# device forgets its registers, with the console and with a client. See suspend.sh.

. /series/ktap.sh
. /series/pci.sh

power=/sys/power

success()
{
	cat $power/suspend_stats/success
}

sleeps()
{
	before=$(success)
	echo mem >$power/state && [ "$(success)" = $((before + 1)) ]
}

# What the device has in a register, and in the first pixel.
shown()
{
	host hmp "xp /6xh $(sed -n '3s/ .*//p' "$DEV/resource")+0x502" | tr -d '\r'
	host hmp "xp /1xw $(sed -n '1s/ .*//p' "$DEV/resource")" | tr -d '\r'
}

rehearse()
{
	echo devices >$power/pm_test
	for round in $(seq "$1"); do
		sleeps || break
	done
	echo none >$power/pm_test
	[ "$round" = "$1" ] && sleeps_counted "$1"
}

sleeps_counted()
{
	[ $(($(success) - counted)) = "$1" ]
}

device 1234:1111
echo deep >$power/mem_sleep
echo 0 >/sys/module/suspend/parameters/pm_test_delay
case $SERIES_PHASE in
1)
	plan 8
	card=/dev/dri/$(basename "$DEV"/drm/card*)
	printf '\033[2J\033[H\033[41m  bochs_rust  \033[0m\n' >/dev/tty0
	sleep 1
	before=$(shown)
	counted=$(success)
	kms flips "$card" 1000000 >/tmp/flips 2>&1 &
	client=$!
	check "it sleeps and wakes while pages are flipped" rehearse "$(rounds 3 100)"
	check "pages are still flipped" kill $client
	wait
	same "without an error" "$(cat /tmp/flips)" ""
	echo devices >$power/pm_test
	check "pages are flipped before others wake" kms sleeps "$DEV" display "$(rounds 3 50)"
	echo none >$power/pm_test
	retry 5 [ "$(shown)" = "$before" ]
	same "the console is back" "$(shown)" "$before"
	host wake
	check "suspend to RAM" sleeps
	same "the device has again what it showed" "$(shown)" "$before"
	check "mode sets after that" kms modes "$card" 4
	host reset
	;;
2)
	plan 2
	same "the driver is bound after a reset" "$(bound)" bochs_rust
	host wake
	check "pages are flipped before others wake from suspend to RAM" kms sleeps "$DEV" display 1
	host reset
	;;
3)
	plan 1
	same "the driver is bound after another reset" "$(bound)" bochs_rust
	;;
esac
