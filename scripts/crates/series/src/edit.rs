// SPDX-License-Identifier: GPL-2.0

//! `cargo series checkout` and `export`: from patches to a branch and back.

use anyhow::Result;
use patches::{CheckedOut, Kernel};

use crate::workbench::{Ready, Workbench};

/// The repository with the branch of this clone. It is not the one that is shared by all clones,
/// so that each has its own branch `series`.
fn kernel(ready: &Ready<'_>) -> Result<Kernel> {
    let dir = ready.bench.checkout();
    let repo = dir.join("git");
    std::fs::create_dir_all(&dir)?;
    ready.linux.sibling(&repo)?;
    Ok(Kernel {
        repo,
        base: ready.linux.base().to_string(),
        scratch: dir.join("scratch"),
    })
}

/// Patches to branch.
pub fn checkout(bench: &Workbench) -> Result<bool> {
    let ready = bench.ready()?;
    let worktree = bench.checkout().join("linux");
    match patches::checkout(&bench.ui, &kernel(&ready)?, &worktree, &bench.top)? {
        CheckedOut::Unchanged => println!("{} is up to date", worktree.display()),
        CheckedOut::Moved(_) => println!("{}", worktree.display()),
    }
    Ok(true)
}

/// Branch to patches.
pub fn export(bench: &Workbench) -> Result<bool> {
    let ready = bench.ready()?;
    let worktree = bench.checkout().join("linux");
    let exported = patches::export(&bench.ui, &kernel(&ready)?, &worktree, &bench.top)?;
    for path in &exported.written {
        println!("wrote   {path}");
    }
    for path in &exported.removed {
        println!("removed {path}");
    }
    Ok(true)
}
