#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: title = "The Rust sample driver of the ATI Rage 128 Pro"
#: devices = ["ati-vga,model=rage128p,id=ati0"]
#: bind = { "1002:5046" = "rust_driver_ati" }
#: modules = ["rust_driver_ati"]
#: configurations = ["ati"]
#: timeout = 60
#: time = 15
#
# samples/rust/rust_driver_ati.rs on QEMU's ati-vga device, through its files in debugfs.

DRV=/sys/bus/pci/drivers/rust_driver_ati
DBG=/sys/kernel/debug
. /series/ktap.sh

plan 42

# Byte, 16 or 32 bits (od width 1, 2, 4) of the configuration space at offset.
config() {
	od -An -v -tu"$2" -j"$1" -N"$2" "$DEV/config" | tr -d ' '
}
# I/O ports and memory in the command register.
command_bits() {
	echo "$(($(config 4 2) & 3))"
}
bound() {
	[ -e "$DEV/driver" ] && basename "$(readlink "$DEV/driver")"
}
handlers() {
	grep -c rust_driver_ati /proc/interrupts
}
unbind() {
	echo "$NAME" > "$DRV/unbind"
}
bind() {
	echo "$NAME" > "$DRV/bind"
}
# put FILE VALUE: what the file says then, or the error
put() {
	if echo "$2" 2>/dev/null > "$DIR/$1"; then
		cat "$DIR/$1"
	else
		echo error
	fi
}
# Start and end of a resource as sysfs has them.
resource() {
	sed -n "$(($1 + 1))s/ 0x[^ ]*$//p" "$DEV/resource"
}
# bar N: start and end, from the driver's file.
bar() {
	while read -r n line; do
		[ "$n" = "$1" ] || continue
		size=${line##* }
		line=${line% *}
		start=${line##* }
		printf '0x%016x 0x%016x\n' "$start" "$((start + size - 1))"
	done < "$DIR/bars"
}
consoles() {
	cat /sys/class/vtconsole/*/name 2>/dev/null
}

DEV=
for d in /sys/bus/pci/devices/*; do
	if [ "$(cat "$d/vendor")" = 0x1002 ] && [ "$(cat "$d/device")" = 0x5046 ]; then
		DEV=$d
		break
	fi
done
[ -n "$DEV" ] || bail "no Rage 128 Pro"
NAME=$(basename "$DEV")
DIR=$DBG/rust_driver_ati-$NAME

[ -d "$DRV" ] || bail "no driver rust_driver_ati"

same "driver is bound" "$(bound)" rust_driver_ati
[ -d "$DIR" ] || bail "no $DIR"
same "enabled once" "$(cat "$DEV/enable")" 1
same "ports and memory are on" "$(command_bits)" 3

# It was the display of the boot, with the text console of VGA on it.
same "boot display" "$(cat "$DEV/boot_vga")" 1
same "VGA's console has been removed" "$(consoles | grep -c VGA+)" 0

# The BARs.
same "kinds of BARs" "$(sed 's/ 0x.*//' "$DIR/bars" | tr '\n' ';')" \
	"0 memory prefetchable;1 ports;2 memory;"
for n in 0 1 2; do
	same "BAR $n" "$(bar $n)" "$(resource $n)"
done
same "requested memory" "$(grep -c rust_driver_ati /proc/iomem)" 2
same "requested ports" "$(grep -c rust_driver_ati /proc/ioports)" 1
same "memory, by registers, ports and BAR" "$(cat "$DIR/memory")" "16777216 16777216 16777216"

# Write combining, if the kernel knows about it (CONFIG_X86_PAT).
pat=$DBG/x86/pat_memtype_list
if [ -e "$pat" ]; then
	start=$(resource 0 | cut -d' ' -f1)
	same "video memory is write-combined" \
		"$(grep "mem $start-" "$pat" | grep -c write-combining)" 1
else
	skip "video memory is write-combined" "no PAT"
fi

# Registers that hold what is written to them, by memory and by ports.
put scratch "0 305419896" > /dev/null
put scratch "1 4294967295" > /dev/null
put scratch "2 0" > /dev/null
same "scratch registers" "$(put scratch "3 2271560481" | tr '\n' ';')" \
	"305419896 305419896;4294967295 4294967295;0 0;2271560481 2271560481;"
same "other scratch registers are refused" "$(put scratch "4 1")$(put scratch "-1 1")" errorerror

# Video memory.
for fill in "165 0 4" "1 4096 65536" "0 16711680 65536" "255 1048580 1000"; do
	# shellcheck disable=SC2086
	set -- $fill
	words=$(($3 < 128 ? $3 / 4 : 32))
	same "video memory: seed $1, $3 bytes at $2" "$(put vram "$fill")" \
		"offset $2 length $3 mismatches 0 words $words mismatches 0"
done
same "video memory has an end" "$(put vram "1 16777216 4")$(put vram "1 16777212 8")" errorerror
same "nothing was filled then" "$(cat "$DIR/vram")" none
same "garbage is refused" "$(put vram "1 2 4")$(put vram "x")$(put vram "1 0 65540")" \
	errorerrorerror

# The ROM: as the C code maps it for sysfs.
size=$(sed -n 's/size \([0-9]*\) .*/\1/p' "$DIR/rom")
sum=$(sed -n 's/size .* sum //p' "$DIR/rom")
echo 1 > "$DEV/rom"
same "sum of the ROM" \
	"$(od -An -v -tu1 "$DEV/rom" | awk '{ for (i = 1; i <= NF; i++) s += $i } END { print s }')" \
	"$sum"
same "signature of the ROM" "$(od -An -v -tx1 -N2 "$DEV/rom" | tr -d ' ')" 55aa
echo 0 > "$DEV/rom"
same "images in the ROM" "$(grep -c '^image' "$DIR/rom")" 1
same "image" "$(sed -n 's/^image //p' "$DIR/rom")" "0x1002 0x5046 X86 $size"

# The interrupt pin. Another device may use the same one.
same "type of vector" "$(cut -d' ' -f1 "$DIR/vector")" Intx
irq=$(cut -d' ' -f2 "$DIR/vector")
same "interrupt of the device" "$irq" "$(cat "$DEV/irq")"
same "handler of the vector in /proc/interrupts" \
	"$(grep "^ *$irq:" /proc/interrupts | grep -c rust_driver_ati)" 1
same "no vertical blank yet" "$(cat "$DIR/vblank")" 0
start=$(date +%s)
count=$(put vblank 30)
same "vertical blanks" "$((count >= 30 && count <= 60))" 1
took=$(($(date +%s) - start))
same "at 60 Hz, or less on a busy host" "$((took <= 10))" 1
count=$(cat "$DIR/vblank")
sleep 0.5
same "none when not wanted" "$(($(cat "$DIR/vblank") - count))" 0
same "garbage is refused by vblank" "$(put vblank 0)$(put vblank 1001)" errorerror

# Unbind in the middle of an operation, while files are open.
(
	exec 3< "$DIR/bars"
	echo 1000 > "$DIR/vblank" 2>/dev/null
	echo "$?" > /tmp/ati.status
) &
sleep 1
start=$(date +%s)
unbind
took=$(($(date +%s) - start))
wait
same "unbinding does not wait" "$((took <= 3))$(bound)" 1
same "the operation was given up" "$(cat /tmp/ati.status)" 1
same "enable count is back, no handler, no files" \
	"$(cat "$DEV/enable")$(handlers)$(ls -d "$DIR" 2>/dev/null)" 00
same "nothing is requested" "$(grep -c rust_driver_ati /proc/iomem)$(grep -c rust_driver_ati /proc/ioports)" 00

# The size of cache lines, which nobody else needs.
printf '\0' | dd of="$DEV/config" bs=1 seek=12 conv=notrunc 2>/dev/null
cache_line=$(config 12 1)
i=0
while [ $i -lt 20 ]; do
	bind || break
	[ "$(put vram "$i 8192 512")" = "offset 8192 length 512 mismatches 0 words 32 mismatches 0" ] || break
	[ "$(put vblank 1)" -ge 1 ] || break
	unbind || break
	i=$((i + 1))
done
same "bound and unbound 20 times" "$i" 20
bind
same "memory-write-and-invalidate" "$cache_line $(($(config 12 1) > 0))" "0 1"
same "works again" "$(($(put vblank 2) >= 2))" 1
same "nobody missed an interrupt" "$(dmesg | grep -c 'nobody cared')" 0
