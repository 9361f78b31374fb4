// SPDX-License-Identifier: GPL-2.0

//! The patch series: `patches/`, the git branch it is edited on, the mails it is sent as, and the
//! checks it has to pass.
//!
//! `patches/` is the truth: `git format-patch` output, one file per patch, with subjects that
//! carry no numbers, so that a new patch leaves the others as they are. [`checkout`] turns it into
//! the branch `series` of a kernel worktree, [`export`] writes the branch back, together with
//! copies of the files that the series creates. Both directions depend on nothing but their input:
//! git runs without the configuration of the user, of the machine and of the repository, without
//! hooks and attributes, so that exporting what was checked out changes no byte.

mod apply;
mod branch;
pub mod check;
mod content;
mod cover;
mod fragment;
mod git;
mod mail;
mod patch;
mod programs;
mod room;
mod send;
mod series;
mod sync;
mod user_tree;

use std::path::PathBuf;

pub use branch::{checkout, export, has_unexported_work, CheckedOut, Exported};
pub use check::Finding;
pub use patch::Patch;
pub use programs::Programs;
pub use send::Recipients;
pub use series::Series;

/// The kernel that the patches go onto.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// A git repository that has `base`. Commits and refs below `refs/series/` are added to it;
    /// of its branches, none but `series` is touched.
    pub repo: PathBuf,
    /// The base: a commit, branch or tag.
    pub base: String,
    /// A directory for temporary files. What an interrupted run left in it is removed by the next;
    /// two runs must not use it at the same time.
    pub scratch: PathBuf,
}

#[cfg(test)]
mod tests;
