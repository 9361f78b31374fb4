// SPDX-License-Identifier: GPL-2.0

//! Where b4, perl and the kernel's scripts come from.

use std::path::Path;
use std::process::Command;

/// Runs programs: those of a toolchain, or those of the machine.
pub trait Programs {
    /// A command that runs `program` in the directory `dir`.
    fn command(&self, dir: &Path, program: &str) -> Command;
}

impl Programs for toolroot::Toolchain {
    fn command(&self, dir: &Path, program: &str) -> Command {
        toolroot::Toolchain::command(self, dir, program)
    }
}
