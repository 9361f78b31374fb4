// SPDX-License-Identifier: GPL-2.0

//! `cargo series boot`: the kernel with the series, in QEMU.

use std::env;
use std::path::PathBuf;

use anyhow::Result;
use vm::{Extent, Mode, Options, Plan, Report};

use crate::workbench::{Flavour, Ready, Workbench};

/// How to boot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Boot {
    /// A shell in the guest in place of the tests.
    pub interactive: bool,
    /// A window with the guest's display.
    pub display: bool,
    /// Use KVM.
    pub kvm: bool,
    /// The debug kernel.
    pub debug: bool,
    /// The kernel for measurements.
    pub bench: bool,
    /// Storms in place of short tests.
    pub storm: bool,
}

impl Boot {
    /// For `cargo series test`.
    pub fn tests(storm: bool) -> Self {
        Self {
            debug: true,
            storm,
            ..Self::default()
        }
    }
}

/// Prepares, boots and prints what came out.
pub fn boot(bench: &Workbench, boot: &Boot) -> Result<bool> {
    let mut ready = bench.ready()?;
    if boot.display {
        show_windows(&mut ready);
    }
    let report = run(&ready, boot, Extent::Plain)?;
    if boot.interactive {
        // Whoever had the shell has judged the rest.
        let reached = report.boots.iter().all(|boot| boot.failures.is_empty());
        if !reached {
            report.print();
        }
        return Ok(reached);
    }
    report.print();
    Ok(report.passed())
}

/// Makes the sockets of the user's X11 or Wayland session visible in the toolchain root.
fn show_windows(ready: &mut Ready<'_>) {
    let named = ["XAUTHORITY", "XDG_RUNTIME_DIR"]
        .into_iter()
        .filter_map(env::var_os)
        .map(PathBuf::from);
    for path in named.chain([PathBuf::from("/tmp/.X11-unix")]) {
        if path.exists() {
            ready.bind(&path);
        }
    }
}

/// Boots as often as the tests need.
pub fn run(ready: &Ready<'_>, boot: &Boot, extent: Extent) -> Result<Report> {
    let mut plans = vm::plans(&ready.bench.top.join("scripts/guest"), extent)?;
    if boot.display {
        plans.iter_mut().for_each(Plan::show_console);
    }
    run_plans(ready, boot, &Guest::default(), &plans)
}

/// What guests have that is not usual.
#[derive(Clone, Debug, Default)]
pub struct Guest {
    /// Their Debian root, if it is not that of the toolchain.
    pub root: Option<PathBuf>,
    /// Variables for their tests.
    pub variables: Vec<(String, String)>,
}

/// Boots as planned.
pub fn run_plans(ready: &Ready<'_>, boot: &Boot, guest: &Guest, plans: &[Plan]) -> Result<Report> {
    let bench = ready.bench;
    let (flavour, dir) = match (boot.debug, boot.bench) {
        (true, _) => (Flavour::Debug, "run/debug"),
        (_, true) => (Flavour::Bench, "run/bench"),
        _ => (Flavour::Qemu, "run/qemu"),
    };
    let built = ready.kernel_image(flavour)?;
    let options = Options {
        guest: bench.top.join("scripts/guest"),
        root: guest.root.clone(),
        variables: guest.variables.clone(),
        dir: bench.cache.path(dir),
        mode: if boot.interactive {
            Mode::Interactive
        } else {
            Mode::Tests
        },
        window: boot.display,
        kvm: boot.kvm,
        debug: boot.debug,
        storm: boot.storm,
    };
    let kernel = vm::Kernel {
        modules: Some(built.modules.join("lib/modules").join(&built.release)),
        image: built.image,
        release: built.release,
    };
    vm::boot(&bench.ui, &ready.toolchain, &options, &kernel, plans)
}
