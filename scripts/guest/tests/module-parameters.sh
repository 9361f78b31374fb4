#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Parameters of Rust modules"
#: timeout = 20
#: time = 5
#
# Of samples/rust/rust_minimal.rs.

. /series/ktap.sh

plan 15

# prints WANT PARAMETER...
prints()
{
	prints_want=$1
	shift
	modprobe rust_minimal "$@" && modprobe -r rust_minimal || return 1
	prints_got=$(dmesg | sed -n 's/.*rust_minimal: test_parameter: //p' | tail -n 1)
	echo "$prints_got"
	[ "$prints_got" = "$prints_want" ]
}

# refuses ERROR PARAMETER
refuses()
{
	refuses_output=$(modprobe rust_minimal "$2" 2>&1) && modprobe -r rust_minimal && return 1
	echo "$refuses_output"
	echo "$refuses_output" | grep -qi "$1"
}

not_in_sysfs()
{
	modprobe rust_minimal && [ ! -e /sys/module/rust_minimal/parameters ] && modprobe -r rust_minimal
}

described()
{
	modinfo rust_minimal | grep '^parm: *test_parameter:.*(i64)$'
}

check "the default" prints 1
check "a value" prints 42 test_parameter=42
check "a negative value" prints -42 test_parameter=-42
check "hexadecimal" prints 42 test_parameter=0x2a
check "octal" prints 42 test_parameter=052
check "a dash in the name" prints 42 test-parameter=42
check "the largest one" prints 9223372036854775807 test_parameter=9223372036854775807
check "the last one counts" prints 3 test_parameter=2 test_parameter=3
check "one that is too large" refuses "out of range" test_parameter=9223372036854775808
check "no number" refuses "invalid" test_parameter=x
check "no value" refuses "invalid" test_parameter
check "an empty value" refuses "invalid" test_parameter=
# As in C: the kernel says that it ignores it.
check "an unknown name" prints 1 other=3
check "not in sysfs" not_in_sysfs
check "modinfo" described
