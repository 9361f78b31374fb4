#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "Capabilities, link and topology of igb behind a switch"
#: devices = ["igb,id=info-igb,bus=info-down", "edu,id=edu0"]
#: configurations = ["switch"]
#: timeout = 90
#: time = 15
#
# samples/rust/rust_driver_pci_info.rs, bound by driver_override and by new_id, and what it says
# compared to sysfs and to the configuration space itself.

DRV=/sys/bus/pci/drivers/rust_driver_pci_info
PCI=/sys/bus/pci/devices
. /series/ktap.sh

plan 70

# Byte, 16 or 32 bits (od width 1, 2, 4) of the configuration space at offset.
config() {
	od -An -v -tu"$2" -j"$1" -N"$2" "$DEV/config" | tr -d ' '
}
bound() {
	[ -e "$PCI/$1/driver" ] && basename "$(readlink "$PCI/$1/driver")"
}
unbound() {
	[ -z "$(bound "$1")" ] || echo "$1" > "$PCI/$1/driver/unbind"
}
# by_override ADDRESS: bound to our driver
by_override() {
	unbound "$1"
	echo rust_driver_pci_info > "$PCI/$1/driver_override"
	echo "$1" > "$DRV/bind"
	bound "$1"
}
dir() {
	echo "/sys/kernel/debug/rust_driver_pci_info-$1"
}
# says ADDRESS FILE START: the rest of the line that begins so
says() {
	sed -n "s/^ *$3 //p" "$(dir "$1")/$2"
}
# The capabilities, without the kernel's help. One process, as each takes long on a debug kernel.
walk() {
	od -An -v -tu1 -w1 "$DEV/config" | awk '
		{ byte[NR - 1] = $1 }
		END {
			for (at = byte[52] - byte[52] % 4; at; at = next_at - next_at % 4) {
				printf "capability 0x%02x at 0x%02x\n", byte[at], at
				next_at = byte[at + 1]
			}
			for (at = 256; at && NR == 4096; at = int(next_at / 16)) {
				id = byte[at] + 256 * byte[at + 1]
				version = byte[at + 2] % 16
				next_at = byte[at + 2] + 256 * byte[at + 3]
				if (id + next_at == 0)
					break
				printf "extended capability 0x%04x version %d at 0x%03x\n", id, version, at
			}
		}'
}
listed() {
	grep '^capability\|^extended' "$(dir "$1")/capabilities"
}
# at ID: the offset of the standard capability
at() {
	walk | sed -n "s/^capability $1 at //p"
}

[ -d "$DRV" ] || modprobe rust_driver_pci_info
[ -d "$DRV" ] || bail "no driver rust_driver_pci_info"

rp=$(host address info-rp) && up=$(host address info-up) && down=$(host address info-down) &&
	igb=$(host address info-igb) && edu=$(host address edu0) || bail "no addresses"

same "nothing is bound unasked" "$(ls "$DRV" | grep -c ':')" 0

# igb behind a switch.
DEV=$PCI/$igb
same "igb is bound by driver_override" "$(by_override "$igb")" rust_driver_pci_info
same "igb: list of capabilities" "$(listed "$igb")" "$(walk)"
same "igb: no error" "$(cd "$(dir "$igb")" && cat capabilities link topology vpd | grep -c error)" 0
same "igb: MSI-X" "$(says "$igb" capabilities msix)" \
	"vectors 10 table 3+0x0 pending 3+0x2000 enabled false"
same "igb: PCIe" "$(says "$igb" capabilities pcie)" "version 2 Endpoint flr true max_payload 128"
same "igb: SR-IOV total" "$(says "$igb" capabilities sriov | cut -d' ' -f1-2)" \
	"total $(cat "$DEV/sriov_totalvfs")"
same "igb: SR-IOV offset" "$(says "$igb" capabilities sriov | cut -d' ' -f5-8)" \
	"offset $(cat "$DEV/sriov_offset") stride $(cat "$DEV/sriov_stride")"
same "igb: SR-IOV device" "$(says "$igb" capabilities sriov | cut -d' ' -f9-10)" "device 0x10ca"
same "igb: AER" "$(says "$igb" capabilities aer | cut -d' ' -f1-2)" "uncorrectable 0x0"
same "igb: power management" "$(says "$igb" capabilities pm | cut -d' ' -f1-2)" \
	"version $(($(config $(($(at 0x01) + 2)) 2) & 7))"
same "igb: type" "$(says "$igb" link type)" "Some(Endpoint)"
# 2.5 GT/s PCIe, and 2.5 GT/s x1
same "igb: speed of the link" "$(says "$igb" link link | cut -d' ' -f1-2) PCIe" \
	"$(cat "$DEV/current_link_speed")"
same "igb: width of the link" "$(says "$igb" link link | cut -d' ' -f3)" \
	"x$(cat "$DEV/current_link_width")"
same "igb: maximum width" "$(says "$igb" link max | sed 's/.*X\([0-9]*\).*/\1/')" \
	"$(cat "$DEV/max_link_width")"
control=$(config $(($(at 0x10) + 8)) 2)
same "igb: payload" "$(says "$igb" link payload)" $((128 << (control >> 5 & 7)))
same "igb: read requests" "$(says "$igb" link read_request)" $((128 << (control >> 12 & 7)))
same "igb: bandwidth" "$(says "$igb" link available | cut -d' ' -f1)" 2000
same "igb: address" "$(says "$igb" topology address | cut -d' ' -f1)" "$igb"
same "igb: bus" "$(says "$igb" topology address | cut -d' ' -f4-5)" "root false"
same "igb: bridges" "$(says "$igb" topology bridge | xargs)" \
	"$down Some(Downstream) $up Some(Upstream) $rp Some(RootPort)"
same "igb: root port" "$(says "$igb" topology root_port)" "$rp"
same "igb: same id" "$(says "$igb" topology same_id)" \
	"$(grep -l 0x10c9 $PCI/*/device | xargs -n1 dirname | while read -r d; do cat "$d/vendor"; done | grep -c 0x8086)"
# QEMU's igb has neither a serial number nor the registers of VPD.
same "igb: no serial number" "$(says "$igb" vpd serial)" none
same "igb: no vital product data" "$(says "$igb" vpd vpd)" none
same "igb: nothing is changed unasked" "$(wc -c < "$(dir "$igb")/changes")" 0

# The device on the root bus is conventional PCI.
DEV=$PCI/$edu
same "edu is bound by driver_override" "$(by_override "$edu")" rust_driver_pci_info
same "edu: list of capabilities" "$(listed "$edu")" "$(walk)"
same "edu: MSI" "$(says "$edu" capabilities msi)" \
	"vectors 1 address64 true maskable false enabled false"
same "edu: no link" "$(cat "$(dir "$edu")/link")" "not PCI Express"
same "edu: bus" "$(says "$edu" topology address)" "$edu bus 0 root true"
same "edu: no bridge" "$(grep -c '^bridge\|^root_port' "$(dir "$edu")/topology")" 0
same "edu: no serial number" "$(says "$edu" vpd serial)" none
echo > "$PCI/$edu/driver_override"
unbound "$edu"
same "edu is unbound" "$(bound "$edu")$(ls -d "$(dir "$edu")" 2>/dev/null)" ""
# Back to its own driver, for other tests.
echo "$edu" > /sys/bus/pci/drivers_probe

# The ports of the switch, for which there is portdrv, are left alone. A virtio device:
for DEV in $PCI/*; do
	[ "$(cat "$DEV/vendor")" = 0x1af4 ] && [ -z "$(bound "${DEV##*/}")" ] && break
done
if [ "$(cat "$DEV/vendor")" = 0x1af4 ] && [ -z "$(bound "${DEV##*/}")" ]; then
	virtio=${DEV##*/}
	by_override "$virtio" > /dev/null
	same "virtio: list of capabilities" "$(listed "$virtio")" "$(walk)"
	echo > "$DEV/driver_override"
	unbound "$virtio"
else
	skip "virtio: list of capabilities" "all of them are in use"
fi

# Virtual functions: no vendor id in their configuration space, and their bridge is the one of the
# physical function. The driver that enables them has one for them, too.
DEV=$PCI/$igb
unbound "$igb"
echo > "$DEV/driver_override"
modprobe rust_driver_igb
echo 2 > "$DEV/sriov_numvfs"
vf=$(basename "$(readlink "$DEV/virtfn1")")
DEV=$PCI/$vf
same "VF is bound" "$(bound "$vf") $(by_override "$vf")" "rust_driver_igbvf rust_driver_pci_info"
same "VF: no vendor id" "$(config 0 2)" 65535
same "VF: list of capabilities" "$(listed "$vf")" "$(walk)"
same "VF: MSI-X" "$(says "$vf" capabilities msix)" \
	"vectors 3 table 3+0x0 pending 3+0x2000 enabled false"
same "VF: address" "$(says "$vf" topology address | cut -d' ' -f1)" "$vf"
same "VF: bridges" "$(says "$vf" topology bridge | xargs)" \
	"$down Some(Downstream) $up Some(Upstream) $rp Some(RootPort)"
modprobe -r rust_driver_igb
same "VF is gone" "$(ls -d "$DEV" "$(dir "$vf")" 2>/dev/null)$(bound "$igb")" ""

# Dynamic ids: with the information of an entry, which must exist.
refused() {
	! echo "8086 10c9 ffffffff ffffffff 0 0 2" 2>/dev/null > "$DRV/new_id"
}
check "an index without an entry is refused" refused
unbound "$igb"
echo "8086 10c9" > "$DRV/new_id"
same "igb is bound by new_id" "$(bound "$igb")" rust_driver_pci_info
echo "8086 10c9" > "$DRV/remove_id"
same "igb stays bound without it" "$(bound "$igb")" rust_driver_pci_info
unbound "$igb"
(echo "$igb" > "$DRV/bind") 2>/dev/null
same "but is not bound again" "$(bound "$igb")" ""

# With the information of the second entry, it changes the link; QEMU has read-only registers for
# most of it.
DEV=$PCI/$igb
express=$(at 0x10)
cap2=$(config $((express + 36)) 4)
# Device control and its second register.
controls() {
	printf '%04x %04x\n' "$(config $((express + 8)) 2)" "$(config $((express + 40)) 2)"
}
# wants BIT: the result for what the device has only with this bit of its capabilities
wants() {
	if [ $((cap2 >> $1 & 1)) = 1 ]; then echo 0; else echo -22; fi
}
changed() {
	says "$igb" changes "$1"
}
before=$(controls)
echo "8086 10c9 ffffffff ffffffff 0 0 1" > "$DRV/new_id"
same "igb is bound by new_id, for changes" "$(bound "$igb")" rust_driver_pci_info
same "payload of 128 bytes" "$(changed "payload 128")" 0
same "payload of 4096 bytes is refused" "$(changed "payload 4096")" -22
same "read requests" "$(changed read_request)" "4096 0"
same "default timeout" "$(changed "timeout Default")" 0
same "timeout in range D" "$(changed "timeout S17To64")" "$(wants 3)"
same "no timeout" "$(changed "timeout Disabled")" "$(wants 4)"
same "a reset by the control register is refused" "$(changed reset)" -22
same "prefix blocking and L0s" "$(changed prefix_blocking) $(changed l0s)" "0 0"
same "no other errors" "$(changed error)" ""
# shellcheck disable=SC2086
set -- $before
same "registers have changed" "$(controls)" "$1 $(printf '%04x' $((0x$2 | 0x8000)))"
echo "8086 10c9" > "$DRV/remove_id"
unbound "$igb"
same "registers are as before" "$(controls)" "$before"
# A probe that looks at an id while it is removed.
i=0
count=$(rounds 20 100)
while [ $i -lt "$count" ]; do
	echo "8086 10c9" > "$DRV/new_id" &
	echo "8086 10c9" > "$DRV/remove_id"
	wait
	unbound "$igb"
	echo "8086 10c9" > "$DRV/remove_id"
	i=$((i + 1))
done 2>/dev/null
same "ids come and go $count times" "$i" "$count"
same "no warning" "$(dmesg | grep -c 'BUG:\|WARNING:')" 0

# Removal, by the driver's own file.
DEV=$PCI/$igb
same "igb is bound again" "$(by_override "$igb")" rust_driver_pci_info
inode=$(stat -c %i "$DEV")
check "igb asks to be removed" sh -c "echo 1 > $(dir "$igb")/rescan"
replaced() {
	[ -e "$DEV/vendor" ] && [ "$(stat -c %i "$DEV")" != "$inode" ]
}
check "igb is there again" retry 15 replaced
same "nothing is bound after that" "$(ls "$DRV" | grep -c ':')" 0
same "igb: no files are left" "$(ls -d "$(dir "$igb")" 2>/dev/null)" ""
same "igb has its BARs" "$(sed -n 1p "$DEV/resource" | grep -c '^0x0000000000000000 ')" 0
same "igb is bound after that" "$(by_override "$igb")" rust_driver_pci_info
same "igb: list of capabilities after that" "$(listed "$igb")" "$(walk)"

# Removed by somebody else while it is asked to. The file belongs to the device that is there now.
exec 6> "$DEV/remove"
echo 1 > "$(dir "$igb")/rescan"
(echo 1 >&6) 2>/dev/null
exec 6>&-
sleep 1
check "igb is there after removing it twice" retry 15 test -e "$DEV/vendor"
i=0
count=$(rounds 3 30)
while [ $i -lt "$count" ]; do
	by_override "$igb" > /dev/null
	inode=$(stat -c %i "$DEV")
	echo 1 > "$(dir "$igb")/rescan"
	retry 15 replaced || break
	i=$((i + 1))
done
same "igb is removed and found $count times" "$i" "$count"
