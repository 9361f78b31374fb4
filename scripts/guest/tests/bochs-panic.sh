#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The kernel panics with the console on the Rust driver of QEMU's display"
#: devices = ["pcie-root-port,id=rp-display,chassis=102,slot=102", "bochs-display,id=display,bus=rp-display"]
#: bind = { "1234:1111" = "bochs_rust" }
#: modules = ["bochs_rust"]
#: configurations = ["display-sleep"]
#: timeout = 60
#: expect = [
#:     { class = "panic", text = "NMI: Not continuing" },
#:     { class = "lockdep", text = "&nmi_desc[NMI_LOCAL].lock", min = 0 },
#: ]
#: time = 40
#
# In an interrupt that can't be masked, and the panic screen replaces the console.

. /series/ktap.sh
. /series/pci.sh

BACKGROUND=000000 FOREGROUND=ffffff

console()
{
	host colors display | grep '^aa0000 '
}

# Two colours, and text and a logo have taken more than a thousandth and less than a fifth.
panic_screen()
{
	colors=$(host colors)
	echo "$colors"
	# shellcheck disable=SC2086
	set -- $colors
	[ $# = 4 ] && [ "$1 $3" = "$BACKGROUND $FOREGROUND" ] &&
		[ $(($4 * 1000)) -gt "$2" ] && [ $(($4 * 5)) -lt "$2" ]
}

device 1234:1111
case $SERIES_PHASE in
1)
	plan 1
	printf '\033[2J\033[H\033[41m  bochs_rust  \033[0m\n' >/dev/tty0
	check "there is a console" retry 5 console
	host panic display bochs-panic
	echo 0 >/proc/sys/kernel/panic
	echo 1 >/proc/sys/kernel/unknown_nmi_panic
	host hmp nmi
	sleep 60
	;;
2)
	plan 3
	check "the panic screen was all there was" panic_screen
	same "the driver is bound after the reset" "$(bound)" bochs_rust
	printf '\033[2J\033[H\033[41m  bochs_rust  \033[0m\n' >/dev/tty0
	check "there is a console again" retry 5 console
	;;
esac
