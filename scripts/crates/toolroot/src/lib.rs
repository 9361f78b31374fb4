// SPDX-License-Identifier: GPL-2.0

//! The toolchain: a Debian 13 root in the cache directory, or the tools of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A toolchain that is ready.
pub struct Toolchain {
    root: Option<PathBuf>,
}

impl Toolchain {
    /// The directory of the Debian root; none when the tools of the machine are used.
    pub fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// A command that runs `program` of the toolchain in the directory `dir`. Add arguments and
    /// environment as to any other. The bound paths are visible in it at the same place.
    pub fn command(&self, dir: &Path, program: &str) -> Command {
        let _ = (dir, program);
        todo!()
    }
}
