// SPDX-License-Identifier: GPL-2.0

//! Every boot that a set of tests needs, one after the other.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use run::{Failure, Ui};
use toolroot::Toolchain;

use crate::plan::{plan, Plan};
use crate::report::{judge, Report};
use crate::supervise::{Running, Sockets};
use crate::test::Test;
use crate::{initramfs, machine};

/// A kernel that has been built.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The `bzImage`.
    pub image: PathBuf,
    /// The directory `lib/modules/RELEASE` that `make modules_install` made; none without modules.
    pub modules: Option<PathBuf>,
    /// What `make kernelrelease` prints.
    pub release: String,
}

/// What happens in the guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The tests run, then it is powered off.
    #[default]
    Tests,
    /// The user gets a shell, on the terminal.
    Interactive,
}

/// How to boot.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory of the guest scripts.
    pub guest: PathBuf,
    /// Where logs and pictures go: a directory that is visible in the toolchain root. What is
    /// there is removed.
    pub dir: PathBuf,
    /// What happens in the guest.
    pub mode: Mode,
    /// Whether there is a window; it stays until the user closes it.
    pub window: bool,
    /// Whether to use KVM.
    pub kvm: bool,
    /// Whether the kernel runs KUnit tests when it boots. They run in the first boot.
    pub kunit: bool,
    /// How many times slower than a plain kernel this one may be.
    pub slowness: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            guest: PathBuf::new(),
            dir: PathBuf::new(),
            mode: Mode::Tests,
            window: false,
            kvm: false,
            kunit: false,
            slowness: 1.0,
        }
    }
}

/// Boots the kernel as often as the tests need it, and runs them. An error means that a boot could
/// not even be tried; all that goes wrong later is in the report.
///
/// An interactive guest is booted once, with the machine of the first of `tests`.
pub fn boot(
    ui: &Ui,
    toolchain: &Toolchain,
    options: &Options,
    kernel: &Kernel,
    tests: &[Test],
) -> Result<Report> {
    if options.window {
        check_window()?;
    }
    let mut plans = plan(tests)?;
    let interactive = options.mode == Mode::Interactive;
    if interactive {
        plans.truncate(1);
    }
    if options.dir.exists() {
        fs::remove_dir_all(&options.dir)
            .with_context(|| format!("cannot empty {}", options.dir.display()))?;
    }
    let mut report = Report::default();
    for (index, plan) in plans.iter().enumerate() {
        let dir = options.dir.join((index + 1).to_string());
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let kunit = options.kunit && index == 0;
        let title = match plans.len() {
            1 => "booting the kernel in QEMU".to_string(),
            all => format!("booting the kernel in QEMU, {} of {all}", index + 1),
        };
        let step = (!interactive).then(|| ui.step(title));
        let running = start(toolchain, options, kernel, plan, &dir, kunit)?;
        let record = running.supervise(options, kernel, plan, step.as_ref());
        let log = fs::read(dir.join(machine::CONSOLE)).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let mut asked = plan.clone();
        if interactive {
            // The user may run them, or not.
            asked.tests.clear();
        }
        let boot = judge(&asked, record, &log, kunit, &dir);
        // What the guest started from is as large as all the rest, and can be made again.
        let _ = fs::remove_file(dir.join(machine::INITRAMFS));
        if let Some(step) = step {
            // A step that is dropped has failed.
            if boot.passed() {
                step.done(boot.summary());
            }
        }
        report.boots.push(boot);
    }
    Ok(report)
}

/// Starts QEMU. It dies with the calling thread, however that ends.
fn start(
    toolchain: &Toolchain,
    options: &Options,
    kernel: &Kernel,
    plan: &Plan,
    dir: &Path,
    kunit: bool,
) -> Result<Running> {
    let archive = initramfs::make(toolchain, &options.guest, kernel.modules.as_deref(), plan)?;
    let path = dir.join(machine::INITRAMFS);
    fs::write(&path, archive).with_context(|| format!("cannot write {}", path.display()))?;
    let sockets = Sockets {
        monitor: listen(dir, machine::QMP)?,
        guest: listen(dir, machine::GUEST)?,
    };
    let errors = File::create(dir.join("qemu.log"))?;
    let mut command = toolchain.command(dir, "qemu-system-x86_64");
    command
        .args(machine::arguments(options, kernel, plan, kunit))
        .stderr(errors.try_clone()?);
    if options.mode == Mode::Tests {
        command.stdin(Stdio::null()).stdout(errors);
    }
    let child = command.spawn().context("cannot start QEMU")?;
    Ok(Running::new(child, sockets, dir))
}

/// A socket in `dir`, however long the path of that is.
fn listen(dir: &Path, name: &str) -> Result<UnixListener> {
    let handle = File::open(dir)?;
    let path = format!("/proc/self/fd/{}/{name}", handle.as_raw_fd());
    let listener = UnixListener::bind(path)
        .with_context(|| format!("cannot make the socket {}", dir.join(name).display()))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn check_window() -> Result<()> {
    if ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
    {
        return Ok(());
    }
    Err(Failure::new("there is no screen for a window: neither DISPLAY nor WAYLAND_DISPLAY is set")
        .hint("run it in a desktop session, or through `ssh -X`; every boot saves screenshots too")
        .into())
}
