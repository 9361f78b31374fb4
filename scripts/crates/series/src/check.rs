// SPDX-License-Identifier: GPL-2.0

//! `cargo series check`: what the series has to pass before it is sent.

use anyhow::{bail, Result};
use patches::check::{self, Generated};
use patches::{Finding, Series};

use crate::tally::{Outcome, Tally};
use crate::workbench::{Flavour, Ready, Workbench};

/// All of it; with `each`, every patch is built as well.
pub fn check(bench: &Workbench, each: bool) -> Result<bool> {
    let ready = bench.ready()?;
    let mut tally = Tally::default();
    of_patches(&ready, &mut tally);
    of_code(&ready, &mut tally);
    if each {
        every_patch(&ready, &mut tally)?;
    }
    Ok(tally.close())
}

/// What can be checked without a build.
pub fn of_patches(ready: &Ready<'_>, tally: &mut Tally) {
    let series = &ready.series;
    let kernel = ready.kernel();
    tally.check("applies through b4", || {
        ready.applied()?;
        Ok(Outcome::of_findings::<String>(&[]))
    });
    let generated = check::Generated::new(series, &kernel);
    let mut of_generated = |what: &str, find: fn(&Series, &Generated) -> Result<Vec<Finding>>| {
        tally.check(what, || match &generated {
            Ok(generated) => Ok(Outcome::of_findings(&find(series, generated)?)),
            Err(err) => bail!("{err:#}"),
        });
    };
    of_generated("patches and copies are identical", check::identical);
    of_generated("licences", |_, generated| Ok(check::licences(generated)));
    of_generated("no unsafe code in drivers", |_, generated| {
        Ok(check::unsafe_code(generated))
    });
    tally.check(
        "C functions in the documentation have the Rust they name",
        || {
            let findings = check::documentation(&kernel, &ready.applied()?)?;
            Ok(Outcome::of_findings(&findings))
        },
    );
    tally.check("sign-offs and messages", || {
        Ok(Outcome::of_findings(&check::messages(series)))
    });
    tally.check("checkpatch.pl --strict", || {
        let findings = check::checkpatch(&ready.bench.ui, &ready.toolchain, series, &kernel)?;
        Ok(Outcome::of_findings(&findings))
    });
    tally.check("get_maintainer.pl --self-test", || {
        let findings = check::maintainers(&ready.toolchain, &kernel, &ready.applied()?)?;
        Ok(Outcome::of_findings(&findings))
    });
}

/// rustfmt and clippy with the kernel's own settings. The debug kernel is built with clippy and
/// with warnings as errors, so its build is the check.
pub fn of_code(ready: &Ready<'_>, tally: &mut Tally) {
    tally.check("rustfmt of the kernel", || {
        ready.linux.set_build_tree(&ready.applied()?)?;
        let config = ready.config(Flavour::Debug)?;
        let log = ready.bench.cache.new_log("rustfmt")?;
        let step = ready
            .bench
            .ui
            .step("Checking the format of the kernel's Rust code");
        let mut make = ready.build(&config).make();
        make.arg("rustfmtcheck");
        run::logged(make, "make rustfmtcheck", &log, |line| step.message(line))?;
        step.done("");
        Ok(Outcome::of_findings::<String>(&[]))
    });
    tally.check("debug kernel with clippy, no warnings", || {
        ready.kernel_image(Flavour::Debug)?;
        Ok(Outcome::of_findings::<String>(&[]))
    });
}

/// Every patch builds on the ones before it; all of them build without Rust. What has been built
/// once is not built again, so that this can be interrupted.
fn every_patch(ready: &Ready<'_>, tally: &mut Tally) -> Result<()> {
    let tip = ready.applied()?;
    let build = |flavour, commit: &str, targets: &[&str]| {
        let tree = ready.linux.tree_of(commit)?;
        let config = ready.config(flavour)?;
        let build = ready.build(&config);
        if !build.has_built(&tree, targets) {
            ready.linux.set_build_tree(commit)?;
            build.targets(&tree, targets)?;
        }
        Ok(Outcome::of_findings::<String>(&[]))
    };
    let all = ready.series.patches.len();
    for (number, patch) in (1..).zip(&ready.series.patches) {
        let commit = format!("{tip}~{}", all - number);
        tally.check(&format!("builds: {}", patch.file), || {
            build(Flavour::Each, &commit, &["vmlinux", "modules"])
        });
    }
    tally.check("builds with CONFIG_RUST=n", || {
        build(Flavour::NoRust, &tip, &["all"])
    });
    Ok(())
}
