#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Errors of the bus, injected into igb, from which its driver recovers"
#: devices = ["pcie-root-port,id=rp-igb,chassis=1,slot=1", "igb,id=igb0,bus=rp-igb"]
#: bind = { "8086:10c9" = "rust_driver_igb" }
#: modules = ["rust_driver_igb"]
#: timeout = 180
#: time = 30
#
# QEMU has igb report an error to its root port, and the kernel (AER) calls the driver. Interrupts
# and transmission must work after that.

. /series/ktap.sh
. /series/pci.sh
. /series/igb.sh

plan 24

igb_device

# inject ERROR
inject() {
	host hmp pcie_aer_inject_error igb0 "$1" | grep -q '^OK'
}
# What the driver was called for since `before`.
since() {
	for name in cor_error_detected error_detected_normal error_detected_frozen mmio_enabled \
		slot_reset error_resume reset_prepare reset_done error_detected_failure; do
		echo $(($(called $name) - $(echo "$before" | sed -n "s/^$name //p")))
	done | xargs
}
# recovered N: N recoveries have ended since `before`.
recovered() {
	[ "$(since | cut -d' ' -f6)" = "$1" ]
}
corrected() {
	[ "$(since | cut -d' ' -f1)" = "$1" ]
}
successful() {
	dmesg | grep -c 'device recovery successful'
}

same "works at first" "$(works)" "$WORKS"
[ -e "$DEV/aer_dev_fatal" ] || bail "no AER"

# Corrected by the hardware: nothing is done.
before=$(cat "$DIR/callbacks")
check "a corrected error is injected" inject RCVR
check "the driver is told" retry 10 corrected 1
same "and nothing else" "$(since)" "1 0 0 0 0 0 0 0 0"
same "works after it" "$(works)" "$WORKS"

# Not fatal: the driver resets its function, with the device lock that its callback holds.
before=$(cat "$DIR/callbacks")
check "an error that is not fatal is injected" inject COMP_ABORT
check "the driver recovers" retry 10 recovered 1
same "by a reset of the function" "$(since)" "0 1 0 1 0 1 1 1 0"
same "works after it" "$(works)" "$WORKS"

# Fatal: the bus below the root port is reset.
before=$(cat "$DIR/callbacks")
check "a fatal error is injected" inject MALF_TLP
check "the driver recovers" retry 10 recovered 1
same "after a reset of the slot" "$(since)" "0 0 1 0 1 1 0 0 0"
same "works after it" "$(works)" "$WORKS"
same "memory and bus master are on" "$(command_bits)" 6
same "ten vectors" "$(msi_irqs)" 10

# What the PCI core has saved is used up when it restores it: the driver must have more than that.
echo auto > "$DEV/power/control"
retry 5 status_is suspended
same "suspended" "$(cat "$DEV/power_state")" D3hot
before=$(cat "$DIR/callbacks")
inject MALF_TLP
check "recovers after it was suspended" retry 10 recovered 1
echo on > "$DEV/power/control"
same "works after it" "$(works)" "$WORKS"

# In the middle of traffic, which fails while the device is stopped, and no longer.
traffic_begins
before=$(cat "$DIR/callbacks")
count=$(rounds 4 100)
good=$(successful)
i=0
while [ $i -lt "$count" ]; do
	case $((i % 2)) in
	0) inject MALF_TLP ;;
	1) inject COMP_ABORT ;;
	esac
	i=$((i + 1))
	retry 10 recovered $i || break
done
same "recovered in the middle of traffic $count times" "$i" "$count"
traffic_ends
same "half of them by the slot" "$(since)" \
	"0 $((count / 2)) $((count / 2)) $((count / 2)) $((count / 2)) $count $((count / 2)) $((count / 2)) 0"
same "works after it" "$(works)" "$WORKS"

# With virtual functions, which have a driver of their own, that must recover, too.
echo 2 > "$DEV/sriov_numvfs"
before=$(cat "$DIR/callbacks")
inject MALF_TLP
retry 10 recovered 1
same "recovered with two virtual functions" "$(since)" "0 0 1 0 1 1 0 0 0"
same "they work" "$(vf_works 0) $(vf_works 1)" "5 5"
echo 0 > "$DEV/sriov_numvfs"
same "works without them" "$(works)" "$WORKS"
