# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Allocations that fail, for tests: `. /series/fail.sh`, after ktap.sh and pci.sh. Ends a test on a
# kernel that can't do it.

if [ ! -e /sys/kernel/debug/failslab ] || [ ! -e /sys/kernel/debug/fail_page_alloc ]; then
	plan 1
	skip "allocations fail" "the kernel has no fault injection"
	exit
fi

# Also the allocations that may sleep, which are nearly all, and single pages; and no report of each.
for dir in /sys/kernel/debug/failslab /sys/kernel/debug/fail_page_alloc; do
	echo N >$dir/ignore-gfp-wait
	echo 0 >$dir/verbose
done
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order

# It is about this process alone: nothing may be started while a failure is awaited.
exec 5>/proc/self/fail-nth

# write_failing TEXT N: writes TEXT to file 6, with the Nth allocation failing. Sets `status`, and
# `left` to what is left of N; 0 if there was a failure.
write_failing()
{
	exec 7</proc/self/fail-nth
	echo "$2" >&5
	echo "$1" >&6
	status=$?
	read -r left <&7
	echo 0 >&5
	exec 7<&-
} 2>/dev/null

# What follows starts no process either where it is repeated: that takes longest by far. `find_left`,
# which the test has, sets `got` to what is left of the driver when it is not bound, and `nothing` is
# that when nothing is.

# in_probe WORKS STEP: binds the driver again and again, with every STEPth allocation failing.
in_probe()
{
	errors=0 successes=0 beyond=0 wrong=
	exec 6>"$pci/drivers/$DRIVER/bind"
	n=1
	# More than one binding without a failure: not all need the same number of allocations.
	while [ $beyond -lt 3 ]; do
		write_failing "$NAME" $n
		if [ "$left" = 0 ]; then beyond=0; else beyond=$((beyond + 1)); fi
		if [ -e "$DEV/driver" ]; then
			successes=$((successes + 1))
			[ $status = 0 ] || wrong="$wrong $n: bound with an error;"
			"$1" || wrong="$wrong $n: does not work;"
			echo "$NAME" >"$DEV/driver/unbind"
		else
			errors=$((errors + 1))
			[ $status != 0 ] || wrong="$wrong $n: not bound without an error;"
		fi
		find_left
		[ "$got" = "$nothing" ] || wrong="$wrong $n: $got;"
		n=$((n + $2))
	done
	exec 6>&-
}

# tried NAME: what in_probe or in_file has seen.
tried()
{
	echo "# $1: up to $n, $errors errors, $successes successes"
	same "$1: error or success" "$wrong" ""
	check "$1: some of them are errors" [ $errors -gt 0 ]
}
