# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# KTAP for tests: `. /series/ktap.sh`, `plan N`, then N times `check` or `same`.

ktap_number=0

plan()
{
	echo "KTAP version 1"
	echo "1..$1"
}

# check NAME COMMAND...: passes when the command succeeds; its output is shown.
check()
{
	ktap_number=$((ktap_number + 1))
	ktap_name=$1
	shift
	if ktap_output=$("$@" 2>&1); then
		ktap_result=ok
	else
		ktap_result="not ok"
	fi
	if [ -n "$ktap_output" ]; then
		printf '%s\n' "$ktap_output" | sed 's/^/# /'
	fi
	echo "$ktap_result $ktap_number $ktap_name"
}

# same NAME GOT WANT: passes when both are the same text. Starts no process, which takes long on a
# debug kernel, unless they are not.
same()
{
	ktap_number=$((ktap_number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $ktap_number $1"
		return
	fi
	printf "got '%s', want '%s'\n" "$2" "$3" | sed 's/^/# /'
	echo "not ok $ktap_number $1"
}

# skip NAME REASON
skip()
{
	ktap_number=$((ktap_number + 1))
	echo "ok $ktap_number $1 # SKIP $2"
}

# bail REASON: the rest can't be tested.
bail()
{
	echo "Bail out! $1"
	exit 1
}

# rounds SHORT LONG: how often to repeat something; LONG in a storm (`cargo series test --storm`).
rounds()
{
	if [ "$STORM" = 1 ]; then echo "$2"; else echo "$1"; fi
}

# retry SECONDS COMMAND...: until the command succeeds.
retry()
{
	ktap_left=$(($1 * 5))
	shift
	until "$@"; do
		[ "$ktap_left" -gt 0 ] || return 1
		ktap_left=$((ktap_left - 1))
		sleep 0.2
	done
}
