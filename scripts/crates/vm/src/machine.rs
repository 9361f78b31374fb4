// SPDX-License-Identifier: GPL-2.0

//! The command line of QEMU.

use std::path::Path;

use crate::boot::{Kernel, Mode, Options};
use crate::configuration::Root;
use crate::plan::Plan;
use crate::test::device_id;

/// Names of files in the run directory, which is QEMU's working directory: a socket's path may
/// have 107 bytes only.
pub const CONSOLE: &str = "console.log";
/// The initramfs.
pub const INITRAMFS: &str = "initramfs.cpio";
/// The socket on which QEMU's monitor calls us.
pub const QMP: &str = "qmp.sock";
/// The socket on which the guest's second serial port calls us.
pub const GUEST: &str = "guest.sock";

/// The memory of a guest, in MiB.
pub const MEMORY: u64 = 2048;

/// Devices that show a picture.
const DISPLAYS: &[&str] = &[
    "VGA",
    "secondary-vga",
    "bochs-display",
    "ati-vga",
    "cirrus-vga",
    "virtio-vga",
    "virtio-gpu-pci",
];

/// The ids of the displays that a boot has.
pub fn displays(plan: &Plan) -> Vec<String> {
    let ids: Vec<String> = plan
        .devices
        .iter()
        .filter(|device| DISPLAYS.contains(&device.split(',').next().unwrap_or_default()))
        .filter_map(|device| device_id(device))
        .map(str::to_string)
        .collect();
    if ids.is_empty() {
        vec![DEFAULT_DISPLAY.to_string()]
    } else {
        ids
    }
}

const DEFAULT_DISPLAY: &str = "vga";

/// The arguments of `qemu-system-x86_64`.
pub fn arguments(options: &Options, kernel: &Kernel, plan: &Plan, kunit: bool) -> Vec<String> {
    let mut args: Vec<String> = Vec::new();
    let mut add = |words: &[&str]| args.extend(words.iter().map(|word| word.to_string()));

    add(&[
        "-nodefaults",
        "-no-user-config",
        "-no-reboot",
        "-vga",
        "none",
    ]);
    add(&["-machine", "q35", "-smp", "2", "-m", &MEMORY.to_string()]);
    // Devices are plugged as on real PCIe ports, by pciehp, and not through ACPI.
    add(&[
        "-global",
        "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
    ]);
    if options.kvm {
        add(&["-accel", "kvm", "-cpu", "max"]);
    } else if plan.configuration.icount {
        add(&["-accel", "tcg,thread=single", "-cpu", "max"]);
        add(&["-icount", "shift=0,sleep=off"]);
    } else {
        add(&["-accel", "tcg,thread=multi", "-cpu", "max"]);
    }
    for word in &plan.configuration.machine {
        add(&[word]);
    }
    add(&["-kernel", &utf8(&kernel.image), "-initrd", INITRAMFS]);
    add(&["-append", &cmdline(options, plan, kunit)]);

    if options.mode == Mode::Interactive {
        add(&[
            "-chardev",
            &format!("stdio,id=console,mux=on,signal=off,logfile={CONSOLE}"),
            "-mon",
            "chardev=console,mode=readline",
        ]);
    } else {
        add(&["-chardev", &format!("file,id=console,path={CONSOLE}")]);
    }
    add(&["-serial", "chardev:console"]);
    add(&[
        "-chardev",
        &format!("socket,id=guest,path={GUEST}"),
        "-serial",
        "chardev:guest",
    ]);
    add(&[
        "-chardev",
        &format!("socket,id=qmp,path={QMP}"),
        "-mon",
        "chardev=qmp,mode=control",
    ]);

    add(&["-display", if options.window { "gtk" } else { "none" }]);
    if displays(plan) == [DEFAULT_DISPLAY] && !plan.device_ids().contains(&DEFAULT_DISPLAY) {
        add(&["-device", &format!("VGA,id={DEFAULT_DISPLAY}")]);
    }
    if plan.configuration.root == Root::Debian {
        // QEMU runs in the Debian root of the toolchain.
        let root = options.root.as_deref().map_or("/".into(), utf8);
        add(&[
            "-fsdev",
            &format!("local,id=root,path={root},security_model=none,multidevs=remap,readonly=on"),
            "-device",
            "virtio-9p-pci,fsdev=root,mount_tag=root",
        ]);
    }
    for device in &plan.devices {
        add(&["-device", device]);
    }
    args
}

fn cmdline(options: &Options, plan: &Plan, kunit: bool) -> String {
    let mut words = vec![
        "console=ttyS0,115200",
        // Also what goes wrong before the console is there.
        "earlyprintk=serial,ttyS0,115200",
        "loglevel=7",
        "printk.time=1",
        "printk.devkmsg=on",
        // With five levels, KASAN takes the shadow for elsewhere in an interrupt that comes while
        // the CPU is being identified.
        "no5lvl",
        // A panic ends QEMU (-no-reboot), and so the wait.
        "panic=-1",
    ];
    if plan.configuration.root == Root::Debian {
        words.push("series.root=debian");
    }
    if !kunit {
        words.push("kunit.enable=0");
    }
    if options.window || options.mode == Mode::Interactive {
        words.push("console=tty0 console=ttyS0,115200");
    }
    words.extend(plan.configuration.cmdline.iter().map(String::as_str));
    words.join(" ")
}

fn utf8(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{plan_every, test};
    use std::path::PathBuf;

    fn plan_of(more: &str) -> Plan {
        plan_every(&[test("x", more)]).unwrap().remove(0)
    }

    fn line(options: &Options, plan: &Plan) -> String {
        let kernel = Kernel {
            image: PathBuf::from("/c/bzImage"),
            modules: None,
            release: "6.18.15".into(),
        };
        arguments(options, &kernel, plan, false).join(" ")
    }

    #[test]
    fn a_plain_boot() {
        let plan = plan_of("#: devices = [\"edu,id=edu0\"]\n#: configurations = [\"iommu\"]\n");
        let line = line(&Options::default(), &plan);
        for part in [
            "-accel tcg,thread=multi",
            "-kernel /c/bzImage",
            "file,id=console,path=console.log",
            "-display none",
            "VGA,id=vga",
            "virtio-9p-pci",
            "-device edu,id=edu0",
            "kunit.enable=0 intel_iommu=on",
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(line.find("intel-iommu").unwrap() < line.find("virtio-9p").unwrap());
        assert_eq!(displays(&plan), ["vga"]);
    }

    #[test]
    fn a_display_of_a_test_replaces_ours() {
        let plan = plan_of(
            "#: configurations = [\"initramfs\"]\n#: devices = [\"bochs-display,id=b0\"]\n",
        );
        let line = line(
            &Options {
                kvm: true,
                ..Options::default()
            },
            &plan,
        );
        assert!(
            !line.contains("VGA,id=vga") && !line.contains("9p"),
            "{line}"
        );
        assert!(line.contains("-accel kvm"), "{line}");
        assert_eq!(displays(&plan), ["b0"]);
    }

    #[test]
    fn interactive_keeps_the_log() {
        let options = Options {
            mode: Mode::Interactive,
            ..Options::default()
        };
        let line = line(&options, &plan_of(""));
        assert!(
            line.contains("stdio,id=console,mux=on,signal=off,logfile=console.log"),
            "{line}"
        );
    }
}
