# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The IGT suite, for `cargo series igt`: `. /series/igt.sh`, `igt ID`. Each subtest is a result, which
# is named BINARY@SUBTEST.

. /series/ktap.sh
. /series/pci.sh

# What has to do with mode setting and needs no particular hardware. Most of what is not here skips
# all of its subtests on a device with one plane and without checksums of what is shown.
igt_binaries="
core_auth core_debugfs core_getclient core_getstats core_getversion core_setmaster
core_setmaster_vs_auth core_sysfs dmabuf_sync_file drm_read dumb_buffer fbdev
kms_addfb_basic kms_async_flips kms_atomic kms_atomic_interruptible kms_atomic_transition kms_bw
kms_color kms_concurrent kms_cursor_legacy kms_debugfs kms_dirtyfb kms_display_modes
kms_explicit_fence kms_feature_discovery kms_flip kms_flip_event_leak kms_force_connector_basic
kms_getfb kms_hdr kms_invalid_mode kms_lease kms_panel_fitting kms_plane_scaling kms_prime
kms_prop_blob kms_properties kms_rmfb kms_rotation_crc kms_selftest kms_sequence kms_setmode
kms_sysfs_edid_timing kms_tiled_display kms_universal_plane kms_vblank kms_vrr
prime_mmap_kms syncobj_basic syncobj_wait"

# What one of them may take, in seconds: kms_flip has 80 subtests, which wait for frames for 10 seconds.
igt_limit=1800

# The results in the output of the binary $1, which ended with the status $2, beginning with the
# number $3. Of the rest, what says why.
igt_results()
{
	awk -v binary="$1" -v status="$2" -v number="$3" '
	function result(name, word) {
		text = word == "SUCCESS" || word == "SKIP" ? "ok" : "not ok"
		text = text " " number++ " " binary
		if (name != "")
			text = text "@" name
		if (word == "SKIP")
			text = text " # SKIP " why
		else if (text ~ /^not/)
			print "# " word
		print text
		why = ""
		seen = 1
		running = ""
	}
	{ gsub(/\033\[[0-9;]*m/, "") }
	/^Starting subtest: / { running = $3; why = ""; next }
	/^Subtest .*: (SUCCESS|SKIP|FAIL|CRASH|TIMEOUT)/ {
		sub(/:$/, "", $2)
		result($2, $3)
		next
	}
	/^Test requirement( not met|:)|^Last errno/ {
		if (/^Test requirement: /) {
			why = $0
			sub(/^Test requirement: /, "", why)
			gsub(/#/, "", why)
		}
		next
	}
	/(CRITICAL|WARNING|ERROR)|^(Dynamic subtest|Stack trace)/ && !/SUCCESS|SKIP/ { print "# " $0 }
	END {
		if (running != "")
			result(running, status >= 124 ? "TIMEOUT" : "CRASH")
		else if (!seen)
			result("", status == 0 ? "SUCCESS" : status == 77 ? "SKIP" : "FAIL")
	}'
}

# igt ID: all of them, on the device with this PCI id.
igt()
{
	device "$1"
	igt_card=$(basename "$DEV"/drm/card*)
	[ -e "/dev/dri/$igt_card" ] || bail "no card"
	igt_next=1

	echo "KTAP version 1"
	for igt_binary in ${IGT_BINARIES:-$igt_binaries}; do
		set -- "/usr/libexec/igt-gpu-tools/$igt_binary"
		# Without those that let the machine sleep, which the root over 9p does not survive.
		if "$1" --list-subtests >/dev/null 2>&1; then
			set -- "$1" --run-subtest '*,!*suspend*'
		fi
		timeout -k 10 "$igt_limit" "$@" --device "drm:/dev/dri/$igt_card" >/tmp/igt.out 2>&1
		igt_results "$igt_binary" $? "$igt_next" </tmp/igt.out >/tmp/igt.ktap
		cat /tmp/igt.ktap
		igt_next=$((igt_next + $(grep -c "^ok\|^not ok" /tmp/igt.ktap)))
	done
	echo "1..$((igt_next - 1))"
}
