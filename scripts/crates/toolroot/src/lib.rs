// SPDX-License-Identifier: GPL-2.0

//! The toolchain: a Debian 13 root in the cache directory, or the tools of this machine.
//!
//! The root is entered with fresh mount and PID namespaces, as root or through a user namespace.
//! So nothing can stay mounted, and every process in it dies with the command that entered it.

mod enter;
mod host;
mod install;
mod version;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use run::{Cache, Failure, Ui};

pub use enter::{namespaces, Namespaces};
pub use host::{survey, Finding, State};
pub use install::{mmdebstrap, Mmdebstrap, INSTALL_MMDEBSTRAP};
pub use version::Version;

/// A toolchain that is ready.
#[derive(Clone, Debug)]
pub struct Toolchain {
    root: Option<PathBuf>,
    namespaces: Namespaces,
    llvm: String,
    binds: Vec<PathBuf>,
}

impl Toolchain {
    /// The Debian root in `cache`, made from the package list `packages` when it is missing or
    /// the list has changed.
    pub fn debian(ui: &Ui, cache: &Cache, packages: &Path) -> Result<Self> {
        let namespaces = namespaces()?;
        let root = install::ensure(ui, cache, &install::TOOLCHAIN, packages, namespaces)?;
        Ok(Self {
            root: Some(root),
            namespaces,
            llvm: "-19".into(),
            binds: vec![cache.dir().to_path_buf()],
        })
    }

    /// The tools of this machine, when they can build the kernel.
    pub fn host() -> Result<Self> {
        Ok(Self {
            root: None,
            namespaces: Namespaces::AsRoot,
            llvm: host::llvm_for_build()?,
            binds: Vec::new(),
        })
    }

    /// Makes `path` of this machine visible in the root, at the same place.
    pub fn bind(&mut self, path: &Path) {
        self.binds.push(path.to_path_buf());
    }

    /// The directory of the Debian root; none when the tools of the machine are used.
    pub fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// What to give `make` as `LLVM=`.
    pub fn llvm(&self) -> &str {
        &self.llvm
    }

    /// The compiler for `CC=`.
    pub fn clang(&self) -> String {
        self.of_llvm("clang")
    }

    /// What a program of LLVM is called.
    pub fn of_llvm(&self, program: &str) -> String {
        if self.llvm == "1" {
            program.into()
        } else {
            format!("{program}{}", self.llvm)
        }
    }

    /// A command that runs `program` of the toolchain in the directory `dir`. Add arguments and
    /// environment as to any other. The bound paths are visible in it at the same place; of the
    /// caller's environment it sees only the proxy settings and the terminal.
    pub fn command(&self, dir: &Path, program: &str) -> Command {
        match &self.root {
            Some(root) => enter::command(root, self.namespaces, &self.binds, dir, program),
            None => enter::host_command(dir, program),
        }
    }
}

/// The Debian root in `cache` with the tests of IGT, for guests; made like that of the toolchain,
/// from the package list `packages`.
pub fn igt(ui: &Ui, cache: &Cache, packages: &Path) -> Result<PathBuf> {
    install::ensure(ui, cache, &install::IGT, packages, namespaces()?)
}

/// Removes a directory, also one that [`Toolchain::debian`] made. An ordinary user can't delete the
/// files of the root directly: some belong to the users of the root.
pub fn remove(dir: &Path) -> Result<()> {
    let remove = |mut command: Command| {
        command.args(["-rf", "--one-file-system", "--"]).arg(dir);
        run::output(command, &format!("removing {}", dir.display()))
    };
    let Err(err) = remove(Command::new("rm")) else {
        return Ok(());
    };
    let removed = namespaces().map(|namespaces| remove(namespaces.command("rm")));
    if let Ok(Ok(_)) = removed {
        return Ok(());
    }
    Err(err.context(
        Failure::new("what belongs to the users of the toolchain root could not be removed")
            .hint(format!("sudo rm -rf {}", dir.display())),
    ))
}
