// SPDX-License-Identifier: GPL-2.0

//! `cargo series checkout` and `export`: from patches to a branch and back.

use std::fs;

use anyhow::Result;
use manifest::Manifest;
use patches::{CheckedOut, Kernel};

use crate::workbench::{Prepared, Workbench};

const REPO: &str = "git";
const WORKTREE: &str = "linux";

/// The repository with the branch of this clone. It is not the one that is shared by all clones,
/// so that each has its own branch `series`.
fn kernel(prepared: &Prepared<'_>) -> Result<Kernel> {
    let dir = prepared.bench.checkout();
    let repo = dir.join(REPO);
    fs::create_dir_all(&dir)?;
    prepared.linux.sibling(&repo)?;
    Ok(Kernel {
        repo,
        base: prepared.linux.base().to_string(),
        scratch: dir.join("scratch"),
    })
}

/// Patches to branch.
pub fn checkout(bench: &Workbench) -> Result<bool> {
    let prepared = bench.prepared(&Manifest::load(&bench.top)?)?;
    let worktree = bench.checkout().join(WORKTREE);
    match patches::checkout(&bench.ui, &kernel(&prepared)?, &worktree, &bench.top)? {
        CheckedOut::Unchanged => println!("{} is up to date", worktree.display()),
        CheckedOut::Moved(_) => println!("{}", worktree.display()),
    }
    Ok(true)
}

/// Branch to patches.
pub fn export(bench: &Workbench) -> Result<bool> {
    let prepared = bench.prepared(&Manifest::load(&bench.top)?)?;
    let worktree = bench.checkout().join(WORKTREE);
    let exported = patches::export(&bench.ui, &kernel(&prepared)?, &worktree, &bench.top)?;
    for path in &exported.written {
        println!("wrote   {path}");
    }
    for path in &exported.removed {
        println!("removed {path}");
    }
    Ok(true)
}

/// The kernel worktrees, of all clones, with work that no clone has yet.
pub fn unexported_work(bench: &Workbench) -> Result<Vec<String>> {
    let Ok(checkouts) = fs::read_dir(bench.checkouts()) else {
        return Ok(Vec::new());
    };
    let mut work = Vec::new();
    for checkout in checkouts {
        let dir = checkout?.path();
        if patches::has_unexported_work(&dir.join(REPO), &dir.join(WORKTREE))? {
            work.push(dir.join(WORKTREE).display().to_string());
        }
    }
    Ok(work)
}
