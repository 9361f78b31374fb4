#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Allocations fail while drivers are bound and used"
#: devices = ["edu,id=edu0", "pcie-root-port,id=rp-igb,chassis=1,slot=1", "igb,id=igb0,bus=rp-igb"]
#: bind = { "1234:11e8" = "rust_driver_edu", "8086:10c9" = "rust_driver_igb" }
#: modules = ["rust_driver_edu", "rust_driver_igb"]
#: configurations = ["faults"]
#: expect = [{ class = "warning", text = " unregister_irq_proc+", min = 0, max = 1000 }]
#: timeout = 60
#: time = 20
#
# The first allocation fails, then the second, and so on, until none does any more; in a storm, that
# is, otherwise some of them are left out. Each time there is an error, and nothing is left of the
# driver, or there is none, and the driver works.
#
# C code goes on without the files in /proc/irq for which there was no memory, and warns when they
# are not there in the end.

. /series/ktap.sh
. /series/pci.sh
. /series/fail.sh

plan 18

# The rest starts no process either, where it is repeated: that takes longest by far.

# Sets `got` to what is left of the driver, when it is not bound.
find_left()
{
	read -r enabled <"$DEV/enable"
	read -r usage <"$DEV/power/runtime_usage"
	got="enabled $enabled, used $usage"
	[ ! -e "$DEV/msi_irqs" ] || got="$got, vectors"
	[ ! -e "$DIR" ] || got="$got, files"
}

# works_edu, works_igb: the driver does its work, as far as it has files, which it may lack.
works_edu()
{
	[ -e "$DIR/factorial" ] || return 0
	echo 5 >"$DIR/factorial" && read -r line <"$DIR/factorial" && [ "$line" = "5 120" ]
}

works_igb()
{
	[ -e "$DIR/raise" ] || return 0
	echo "1 1" >"$DIR/raise" && read -r line <"$DIR/raise" && [ "$line" = 1 ]
}

# in_file FILE TEXT RESULT: writes to a file of the driver again and again.
in_file()
{
	errors=0 successes=0 beyond=0 wrong=
	exec 6>"$DIR/$1"
	n=1
	while [ $beyond -lt 2 ]; do
		write_failing "$2" $n
		if [ "$left" = 0 ]; then beyond=0; else beyond=$((beyond + 1)); fi
		if [ $status = 0 ]; then
			successes=$((successes + 1))
			read -r line <"$DIR/$1"
			[ "$line" = "$3" ] || wrong="$wrong $n: $line;"
		else
			errors=$((errors + 1))
			[ "$left" = 0 ] || wrong="$wrong $n: error without a failure;"
		fi
		n=$((n + 1))
	done
	exec 6>&-
}

# of DRIVER ID WORKS STEP
of()
{
	DRIVER=$1
	device "$2"
	DIR=/sys/kernel/debug/$DRIVER-$NAME
	same "$DRIVER: bound" "$(bound)" "$DRIVER"
	unbind
	# Of what follows, enabling is left out: it evaluates ACPI methods, which allocate a lot, and
	# of which some never work again after a failure.
	echo 1 >"$DEV/enable"
	find_left
	nothing=$got
	same "$DRIVER: nothing is left" "${nothing% *}" "enabled 1, used"
	in_probe "$3" "$4"
	tried "$DRIVER: probe"
	same "$DRIVER: bus master is off" "$(($(config 4 2) & 4))" 0
	same "$DRIVER: no handler is left" "$(grep -c "$DRIVER" /proc/interrupts)" 0
	echo 0 >"$DEV/enable"
	bind "$DRIVER"
	check "$DRIVER: works" "$3"
}

of rust_driver_edu 1234:11e8 works_edu "$(rounds 2 1)"
in_file pool "7 1" "seed 7 length 64 compared 128 mismatches 0"
tried "rust_driver_edu: pool"
# Ten vectors need a lot.
of rust_driver_igb 8086:10c9 works_igb "$(rounds 17 1)"
in_file transmit "3 100" "packets 3 completed 3 counted 3"
tried "rust_driver_igb: transmit"
