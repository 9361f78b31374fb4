// SPDX-License-Identifier: GPL-2.0

//! `cargo series shell`: the toolchain, by hand.

use anyhow::{Context, Result};

use crate::workbench::{Flavour, Workbench};

/// Runs a command, or a shell, in the toolchain root, in the build tree with the series applied.
/// `make` there needs no more arguments.
pub fn shell(bench: &Workbench, words: &[String]) -> Result<bool> {
    let ready = bench.ready()?;
    let commit = ready.applied()?;
    ready.linux.set_build_tree(&commit)?;
    let config = ready.config(Flavour::Qemu)?;
    let build = ready.build(&config);
    let (program, arguments) = match words.split_first() {
        Some((program, arguments)) => (program.as_str(), arguments),
        None => ("bash", &[][..]),
    };
    let mut command = ready.toolchain.command(ready.linux.build_tree(), program);
    command.args(arguments).envs(build.environment());
    let status = command
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    Ok(status.success())
}
