// SPDX-License-Identifier: GPL-2.0

//! `cargo series checkout` and `export`: from patches to a branch and back.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use manifest::Manifest;
use patches::{CheckedOut, Kernel};
use run::Lock;

use crate::workbench::Workbench;

const REPO: &str = "git";
const WORKTREE: &str = "linux";

/// What is edited.
struct Edit {
    kernel: Kernel,
    worktree: PathBuf,
    _lock: Lock,
}

impl Edit {
    /// Opens the repository with the branch of this clone. It is not the one that is shared by all
    /// clones, so that each has its own branch `series`; and it stays on the base that it was made
    /// with, wherever other commands take theirs from.
    fn open(bench: &Workbench) -> Result<Self> {
        let manifest = Manifest::load(&bench.top)?;
        let version = &manifest.base.version;
        let dir = bench.checkout();
        let repo = dir.join(REPO);
        let lock = bench.cache.lock(&bench.ui)?;
        let (base, lock) = match kernel::base_in(&repo, version) {
            Some(base) => (base, lock),
            None => {
                drop(lock);
                let prepared = bench.prepared(&manifest)?;
                fs::create_dir_all(&dir)
                    .with_context(|| format!("cannot create {}", dir.display()))?;
                prepared.linux.sibling(&repo, version)?;
                (prepared.linux.base().to_string(), prepared.lock)
            }
        };
        Ok(Self {
            kernel: Kernel {
                repo,
                base,
                scratch: dir.join("scratch"),
            },
            worktree: dir.join(WORKTREE),
            _lock: lock,
        })
    }
}

/// Patches to branch.
pub fn checkout(bench: &Workbench) -> Result<bool> {
    let edit = Edit::open(bench)?;
    let place = edit.worktree.display();
    match patches::checkout(&bench.ui, &edit.kernel, &edit.worktree, &bench.top)? {
        CheckedOut::Unchanged => println!("{place} is up to date"),
        CheckedOut::Moved(_) => println!("{place}"),
    }
    Ok(true)
}

/// Branch to patches.
pub fn export(bench: &Workbench) -> Result<bool> {
    let edit = Edit::open(bench)?;
    let exported = patches::export(&bench.ui, &edit.kernel, &edit.worktree, &bench.top)?;
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
