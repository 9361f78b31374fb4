// SPDX-License-Identifier: GPL-2.0

//! The branch on which the series is edited.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{bail, Context, Result};
use manifest::Manifest;
use run::{Failure, Ui};

use crate::content::{self, Content, File};
use crate::sync::{self, Sync};
use crate::{git, series, Kernel, Series};

/// The branch that has the patches as commits, in the kernel repository.
pub(crate) const BRANCH: &str = "series";

/// How the names of files begin that are not complete yet.
const TEMPORARY: &str = ".series-export-";

/// What [`checkout`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckedOut {
    /// The branch was the series already.
    Unchanged,
    /// The branch is now at this commit.
    Moved(String),
}

/// What [`export`] did: the paths in the repository that it changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// New or changed files.
    pub written: Vec<String>,
    /// Files that the series no longer has.
    pub removed: Vec<String>,
}

/// Makes the patches of the repository at `top` the branch `series` in the kernel worktree
/// `worktree`, which is created if it is missing.
///
/// Work that is not in `patches/` stops it: changes without a commit, and commits that were not
/// exported.
pub fn checkout(ui: &Ui, kernel: &Kernel, worktree: &Path, top: &Path) -> Result<CheckedOut> {
    let series = Series::load(top)?;
    let mut sync = Sync::load(&kernel.repo)?;
    let there = worktree.join(".git").exists();
    let reference = format!("refs/heads/{BRANCH}");
    let tip = git::commit(&kernel.repo, &reference);
    if there && sync.filling.is_none() {
        refuse_unfinished(worktree)?;
        refuse_changes(worktree)?;
    }
    let step = ui.step(format!("Checking out {} patches", series.patches.len()));
    let commit = series.apply_directly(kernel)?;
    let unexported = match &tip {
        Some(tip) if *tip == commit || sync.commit.as_ref() == Some(tip) => false,
        Some(tip) => !same_patches(kernel, &series, tip),
        None => false,
    };
    if let (Some(tip), true) = (&tip, unexported) {
        bail!(Failure::new(format!(
            "the branch `{BRANCH}` has commits that are not in patches/"
        ))
        .lines(commits(kernel, sync.commit.as_deref(), tip)?)
        .hint(format!(
            "cargo series export, which writes them to patches/; or, to keep them elsewhere, \
             git -C {} branch -m {BRANCH} another-name",
            kernel.repo.display()
        )));
    }
    // A branch with the same patches stays: its commits may have other committers, which the
    // developer's other branches are based on.
    let target = match tip {
        Some(tip) if same_patches(kernel, &series, &tip) => tip,
        _ => commit,
    };

    // All that the branch stands for from now on, so that export may write over it.
    let content = Content::generate(kernel, &series.manifest, &target)?;
    let mut files = disk(top)?;
    files.retain(|path, _| path.starts_with(series::DIR));
    for files in [&files, &content.files] {
        for name in sync::names(&kernel.scratch, files.iter().map(|(p, f)| (p.as_str(), f)))? {
            sync.see(&name);
        }
    }
    let filled = there && sync.filling.is_none();
    let on_branch = filled
        && git::line(git::clean(worktree), &["rev-parse", "HEAD"])? == target
        && current_branch(worktree) == Some(BRANCH.to_string());
    if on_branch {
        sync.commit = Some(target);
        sync.save()?;
        step.done("up to date");
        return Ok(CheckedOut::Unchanged);
    }
    sync.filling = Some(target.clone());
    sync.save()?;
    if there {
        remove_lock(worktree)?;
    } else {
        add_worktree(kernel, worktree, &target)?;
    }
    git::line(git::clean(worktree), &["update-ref", &reference, &target])?;
    git::line(git::clean(worktree), &["symbolic-ref", "HEAD", &reference])?;
    step.message("writing the kernel worktree");
    git::line(
        git::clean(worktree),
        &["reset", "--hard", "--quiet", &target],
    )?;
    sync.filling = None;
    sync.commit = Some(target.clone());
    sync.save()?;
    step.done(worktree.display());
    Ok(CheckedOut::Moved(target))
}

/// Writes the branch `series` of the kernel worktree to the repository at `top`: the patches, the
/// copies of created files, and the fragment of `MAINTAINERS`.
///
/// Work that would be lost stops it: changes in the worktree without a commit, and files in the
/// repository that neither it nor checkout has seen.
pub fn export(ui: &Ui, kernel: &Kernel, worktree: &Path, top: &Path) -> Result<Exported> {
    if !worktree.join(".git").exists() {
        bail!(Failure::new(format!(
            "there is no kernel worktree at {}",
            worktree.display()
        ))
        .hint("cargo series checkout, which makes it"));
    }
    let mut sync = Sync::load(&kernel.repo)?;
    if sync.filling.is_some() {
        bail!(Failure::new("the last checkout was interrupted").hint("cargo series checkout"));
    }
    let manifest = Manifest::load(top)?;
    refuse_unfinished(worktree)?;
    refuse_changes(worktree)?;
    let branch = current_branch(worktree);
    if branch.as_deref() != Some(BRANCH) {
        bail!(Failure::new(format!(
            "{} is on {}, not on the branch `{BRANCH}`",
            worktree.display(),
            branch.map_or("no branch".to_string(), |name| format!("the branch `{name}`"))
        ))
        .hint(format!(
            "git -C {0} switch {BRANCH}; or, to make this the series, git -C {0} switch -C {BRANCH}",
            worktree.display()
        )));
    }
    remove_temporaries(top)?;
    let step = ui.step("Exporting the branch `series`");
    let tip = git::line(git::clean(worktree), &["rev-parse", "HEAD"])?;
    let content = Content::generate(kernel, &manifest, &tip)?;

    let old = disk(top)?;
    let changed: Vec<_> = content
        .files
        .iter()
        .filter(|(path, file)| old.get(*path) != Some(*file))
        .collect();
    let stale: Vec<_> = old
        .keys()
        .filter(|path| !content.files.contains_key(*path))
        .collect();
    let overwritten = changed
        .iter()
        .map(|(path, _)| *path)
        .chain(stale.iter().copied())
        .filter_map(|path| old.get(path).map(|file| (path.as_str(), file)));
    refuse_unseen(top, kernel, &sync, overwritten.collect())?;

    let new = sync::names(
        &kernel.scratch,
        content
            .files
            .iter()
            .map(|(path, file)| (path.as_str(), file)),
    )?;
    new.iter().for_each(|content| sync.see(content));
    sync.save()?;
    for (path, file) in &changed {
        write(top, path, file)?;
    }
    for path in &stale {
        remove(top, path)?;
    }
    sync.commit = Some(tip);
    sync.save()?;
    let exported = Exported {
        written: changed.iter().map(|(path, _)| (*path).clone()).collect(),
        removed: stale.into_iter().cloned().collect(),
    };
    step.done(format!(
        "{} patches, {} files changed",
        content.patches.len(),
        exported.written.len() + exported.removed.len()
    ));
    Ok(exported)
}

/// Whether the kernel worktree, or the branch `series` of `repo`, has work that was not exported.
pub fn has_unexported_work(repo: &Path, worktree: &Path) -> Result<bool> {
    if !repo.exists() {
        return Ok(false);
    }
    if worktree.join(".git").exists() && !git::changes(worktree, true)?.is_empty() {
        return Ok(true);
    }
    // Commits on any branch, set aside with git stash, or on no branch.
    let place = if worktree.join(".git").exists() {
        worktree
    } else {
        repo
    };
    let mut list = git::clean(place);
    list.args([
        "rev-list",
        "--max-count=1",
        "--branches",
        "--glob=refs/stas[h]",
    ]);
    if place == worktree {
        list.arg("HEAD");
    }
    if let Some(commit) = Sync::load(repo)?.commit {
        list.args(["--not", &commit]);
    }
    Ok(!run::output(list, "git rev-list")?.trim().is_empty())
}

/// The generated files as they are in the repository.
pub(crate) fn disk(top: &Path) -> Result<BTreeMap<String, File>> {
    content::targets(top)?
        .into_iter()
        .map(|path| {
            let file = File::read(&top.join(&path))?;
            Ok((path, file))
        })
        .collect()
}

fn current_branch(worktree: &Path) -> Option<String> {
    let mut command = git::clean(worktree);
    command.stderr(std::process::Stdio::null());
    git::line(command, &["symbolic-ref", "--quiet", "--short", "HEAD"]).ok()
}

fn refuse_unfinished(worktree: &Path) -> Result<()> {
    if let Some(command) = git::unfinished(worktree)? {
        bail!(Failure::new(format!(
            "{} is in the middle of a {command}",
            worktree.display()
        ))
        .hint(format!(
            "{command} --continue or {command} --abort there, then again"
        )));
    }
    Ok(())
}

fn refuse_changes(worktree: &Path) -> Result<()> {
    let changes = git::changes(worktree, true)?;
    if !changes.is_empty() {
        bail!(Failure::new(format!(
            "{} has changes that are in no commit",
            worktree.display()
        ))
        .lines(changes.into_iter().take(10))
        .hint("git commit, or git stash -u to keep them aside, there, then again"));
    }
    Ok(())
}

/// Stops if one of the files, which are about to be overwritten, has content that did not come from
/// the branch.
fn refuse_unseen(
    top: &Path,
    kernel: &Kernel,
    sync: &Sync,
    files: Vec<(&str, &File)>,
) -> Result<()> {
    let names = sync::names(&kernel.scratch, files.iter().copied())?;
    let mut unseen: Vec<&str> = files
        .iter()
        .zip(&names)
        .filter(|(_, name)| !sync.has_seen(name))
        .map(|((path, _), _)| *path)
        .collect();
    if unseen.is_empty() {
        return Ok(());
    }
    let mut status = git::clean(top);
    status.args([
        "status",
        "--porcelain",
        "-z",
        "--ignored",
        "--untracked-files=all",
        "--",
    ]);
    status.args(&unseen);
    let status = git::bytes::<&str>(status, &[]);
    let status = status.map_or(String::new(), |s| String::from_utf8_lossy(&s).into_owned());
    let edited: Vec<&str> = status
        .split_terminator('\0')
        .filter_map(|entry| entry.get(3..))
        .filter_map(|path| unseen.iter().copied().find(|unseen| *unseen == path))
        .collect();
    if edited.is_empty() {
        unseen.truncate(10);
        let reset = match &sync.commit {
            Some(commit) => format!(
                "git branch mine {BRANCH} && git reset --hard {commit:.12} in the kernel worktree, \
                 cargo series checkout, then git cherry-pick {commit:.12}..mine there"
            ),
            None => format!(
                "git branch -m {BRANCH} mine in the kernel worktree, cargo series checkout, then \
                 git cherry-pick your commits from `mine`"
            ),
        };
        bail!(Failure::new(
            "patches/ has changed since the branch was checked out: export would undo that"
        )
        .lines(unseen)
        .hint(reset));
    }
    bail!(
        Failure::new("these files were edited by hand, and export would overwrite them")
            .lines(edited)
            .hint(
                "make the change on the branch in the kernel worktree and git checkout these files; \
                 or keep them with git stash -u"
            )
    );
}

/// Whether the commits up to `tip` give the patches of the series.
fn same_patches(kernel: &Kernel, series: &Series, tip: &str) -> bool {
    Content::generate(kernel, &series.manifest, tip)
        .is_ok_and(|content| content.patches == series.patches)
}

/// The commits that would be lost, as lines to show.
fn commits(kernel: &Kernel, from: Option<&str>, tip: &str) -> Result<Vec<String>> {
    let from = from
        .and_then(|from| git::commit(&kernel.repo, from))
        .unwrap_or_else(|| kernel.base.clone());
    let range = format!("{from}..{tip}");
    let text = git::line(
        git::clean(&kernel.repo),
        &["log", "--format=%h %s", "--max-count=10", &range],
    )?;
    Ok(text.lines().map(str::to_string).collect())
}

fn add_worktree(kernel: &Kernel, worktree: &Path, target: &str) -> Result<()> {
    git::line(git::clean(&kernel.repo), &["worktree", "prune"])?;
    if let Some(parent) = worktree.parent() {
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    if fs::read_dir(worktree).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!(Failure::new(format!(
            "{} is in the way: it has files and is no git worktree",
            worktree.display()
        ))
        .hint("move it elsewhere"));
    }
    let mut command = git::clean(&kernel.repo);
    command.args([
        "worktree",
        "add",
        "--quiet",
        "--force",
        "--detach",
        "--no-checkout",
    ]);
    command.arg(worktree).arg(target);
    run::output(command, "git worktree add")?;
    Ok(())
}

/// Removes the lock that an interrupted `git reset` of an earlier checkout left.
fn remove_lock(worktree: &Path) -> Result<()> {
    let lock = git::path(worktree, "index.lock")?;
    if lock.exists() {
        fs::remove_file(&lock).with_context(|| format!("cannot remove {}", lock.display()))?;
    }
    Ok(())
}

/// Removes what an interrupted export left.
fn remove_temporaries(top: &Path) -> Result<()> {
    for entry in fs::read_dir(top).with_context(|| format!("cannot read {}", top.display()))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Writes a file so that it has either its old content or its new one.
fn write(top: &Path, path: &str, file: &File) -> Result<()> {
    let target = top.join(path);
    let write = || -> std::io::Result<()> {
        let dir = target.parent().unwrap_or(top);
        fs::create_dir_all(dir)?;
        let temporary = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempfile_in(top)?;
        fs::write(temporary.path(), &file.bytes)?;
        let mode = if file.executable { 0o755 } else { 0o644 };
        fs::set_permissions(temporary.path(), fs::Permissions::from_mode(mode))?;
        temporary.persist(&target)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", target.display()))
}

fn remove(top: &Path, path: &str) -> Result<()> {
    let target = top.join(path);
    fs::remove_file(&target).with_context(|| format!("cannot remove {}", target.display()))?;
    // Directories go with their last file.
    let mut dir = target.parent();
    while let Some(parent) = dir.filter(|dir| *dir != top) {
        if fs::remove_dir(parent).is_err() {
            break;
        }
        dir = parent.parent();
    }
    Ok(())
}
