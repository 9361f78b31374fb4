#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Errors that igb or its port report, from which its driver recovers"
#: devices = ["pcie-root-port,id=rp-igb,chassis=1,slot=1", "igb,id=igb0,bus=rp-igb"]
#: bind = { "8086:10c9" = "rust_driver_igb" }
#: modules = ["rust_driver_igb"]
#: configurations = ["one-cpu"]
#: timeout = 120
#: time = 30
#
# Interrupts and transmission must work after each of them.

. /series/ktap.sh
. /series/pci.sh
. /series/igb.sh

plan 31

igb_device
[ -e "$DEV/aer_dev_fatal" ] || bail "no AER"
[ -e /dev/aer_inject ] || bail "no aer_inject"

# What the driver was called for since `before`.
since() {
	echo "$before" | awk '
		FNR == NR { before[$1] = $2; next }
		{ count[$1] = $2 - before[$1] }
		END {
			print count["cor_error_detected"], count["error_detected_normal"],
				count["error_detected_frozen"], count["mmio_enabled"], count["slot_reset"],
				count["error_resume"], count["reset_prepare"], count["reset_done"],
				count["error_detected_failure"]
		}' - "$DIR/callbacks"
}
begin() {
	before=$(cat "$DIR/callbacks")
	resumed=$(called error_resume)
	failed=$(called error_detected_failure)
}
# recovered N: N recoveries have ended since `begin`.
recovered() {
	[ $(($(called error_resume) - resumed)) = "$1" ]
}
failed() {
	[ $(($(called error_detected_failure) - failed)) = "$1" ]
}
corrected() {
	[ "$(called cor_error_detected)" = "$1" ]
}

same "works at first" "$(works)" "$WORKS"

# Before the others: those hide the registers of the port.
begin
check "the port reports a fatal error" host hmp pcie_aer_inject_error rp-igb MALF_TLP
check "the driver recovers" retry 10 recovered 1
same "after a reset of the slot" "$(since)" "0 0 1 0 1 1 0 0 0"
same "works after it" "$(works)" "$WORKS"

# Corrected by the hardware: nothing is done.
begin
check "igb reports a corrected error" report "$none" "$receiver"
check "the driver is told" retry 10 corrected 1
same "and nothing else" "$(since)" "1 0 0 0 0 0 0 0 0"
same "works after it" "$(works)" "$WORKS"

# Not fatal: the driver starts the device anew, without a reset.
begin
check "igb reports an error that is not fatal" report "$abort" "$none"
check "the driver recovers" retry 10 recovered 1
same "without a reset" "$(since)" "0 1 0 1 0 1 0 0 0"
same "works after it" "$(works)" "$WORKS"

# Fatal: the bus below the root port is reset.
begin
check "igb reports a fatal error" report "$malformed" "$none"
check "the driver recovers" retry 10 recovered 1
same "after a reset of the slot" "$(since)" "0 0 1 0 1 1 0 0 0"
same "works after it" "$(works)" "$WORKS"
same "memory and bus master are on, ten vectors" "$(command_bits) $(msi_irqs)" "6 10"

# What the PCI core has saved is used up when it restores it: the driver must have more than that.
echo auto > "$DEV/power/control"
retry 5 status_is suspended
same "suspended" "$(cat "$DEV/power_state")" D3hot
begin
report "$malformed" "$none"
check "recovers after it was suspended" retry 10 recovered 1
echo on > "$DEV/power/control"
same "works after it" "$(works)" "$WORKS"

# In the middle of traffic, which fails while the device is stopped, and no longer.
traffic_begins
begin
count=$(rounds 4 100)
i=0
while [ $i -lt "$count" ]; do
	case $((i % 2)) in
	0) report "$malformed" "$none" ;;
	1) report "$abort" "$none" ;;
	esac
	i=$((i + 1))
	retry 10 recovered $i || break
done
same "recovered in the middle of traffic $count times" "$i" "$count"
traffic_ends
half=$((count / 2))
same "half of them by the slot" "$(since)" "0 $half $half $half $half $count 0 0 0"
same "works after it" "$(works)" "$WORKS"

# A recovery that fails, which takes another binding.
begin
echo 1 > "$DIR/fail_recovery"
report "$malformed" "$none"
check "the recovery fails" retry 10 failed 1
same "after a reset of the slot" "$(since)" "0 0 1 0 1 0 0 0 1"
same "does not work after it" "$(works)" "error error"

# A driver that waits for the PCI core in a recovery, which waits for the driver, would hang.
steps=0
for step in error_detected_normal error_detected_frozen error_detected_failure mmio_enabled \
	slot_reset error_resume; do
	steps=$((steps + $(called $step)))
done
same "resets and the like are refused in each of $steps steps" "$(called refused_in_recovery)" \
	"$steps"

unbind
bind rust_driver_igb
same "works when it is bound again" "$(works)" "$WORKS"
begin
report "$malformed" "$none"
check "recovers after that" retry 10 recovered 1
same "works after it" "$(works)" "$WORKS"
