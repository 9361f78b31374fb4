// SPDX-License-Identifier: GPL-2.0

//! The branch on which the series is edited.

use std::collections::{BTreeMap, BTreeSet};
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
    let there = is_there(worktree, &sync)?;
    if there {
        refuse_lost(kernel, worktree)?;
        git::refuse_unfinished(worktree)?;
        if let Some(target) = sync.filling.clone() {
            let step = ui.step("Finishing an interrupted checkout");
            finish(kernel, worktree, &mut sync, &target)?;
            step.done("");
        }
        refuse_detached(worktree)?;
        git::refuse_changes(worktree, true)?;
    }
    let step = ui.step(format!("Checking out {} patches", series.patches.len()));
    let commit = series.apply_directly(kernel)?;
    let tip = git::commit(&kernel.repo, &format!("refs/heads/{BRANCH}"));
    if let Some(tip) = &tip {
        let ours = [&sync.commit, &sync.filling].contains(&&Some(tip.clone()));
        if *tip != commit && !ours && !same_patches(kernel, &series, tip) {
            let advice = "cargo series export, which writes them to patches/; or, to keep them \
                          elsewhere, ";
            refuse_unexported(kernel, &sync, tip, advice)?;
        }
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
    let head = git::commit(worktree, "HEAD").filter(|_| there);
    if head.as_ref() == Some(&target) && current_branch(worktree).as_deref() == Some(BRANCH) {
        sync.commit = Some(target);
        sync.save()?;
        step.done("up to date");
        return Ok(CheckedOut::Unchanged);
    }
    sync.filling = Some(target.clone());
    sync.filled = head;
    sync.save()?;
    if !there {
        add_worktree(kernel, worktree, &target)?;
    }
    step.message("writing the kernel worktree");
    fill(worktree, &target)?;
    sync.end_filling()?;
    step.done(worktree.display());
    Ok(CheckedOut::Moved(target))
}

/// Whether there is a worktree. An interrupted `git worktree add` leaves one that git may not know,
/// and that has nothing but its link to the repository.
fn is_there(worktree: &Path, sync: &Sync) -> Result<bool> {
    let link = worktree.join(".git");
    if !link.exists() {
        return Ok(false);
    }
    if sync.filling.is_some() && fs::read_dir(worktree)?.count() == 1 {
        fs::remove_file(&link).with_context(|| format!("cannot remove {}", link.display()))?;
        return Ok(false);
    }
    Ok(true)
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
    refuse_lost(kernel, worktree)?;
    let mut sync = Sync::load(&kernel.repo)?;
    if sync.filling.is_some() {
        bail!(Failure::new("the last checkout was interrupted").hint("cargo series checkout"));
    }
    let manifest = Manifest::load(top)?;
    git::refuse_unfinished(worktree)?;
    git::refuse_changes(worktree, true)?;
    refuse_detached(worktree)?;
    if let Some(branch) = current_branch(worktree).filter(|branch| branch != BRANCH) {
        bail!(Failure::new(format!(
            "{} is on the branch `{branch}`, not on the branch `{BRANCH}`",
            worktree.display()
        ))
        .hint(format!(
            "git -C {0} switch {BRANCH}; or, to make this the series, git -C {0} branch -m \
             {BRANCH} another-name && git -C {0} switch -c {BRANCH}",
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

/// Stops if the worktree is none of this repository: then its files are all that is left.
fn refuse_lost(kernel: &Kernel, worktree: &Path) -> Result<()> {
    let common = |dir: &Path| git::common_dir(dir).ok()?.canonicalize().ok();
    if common(worktree).is_none_or(|dir| Some(dir) != common(&kernel.repo)) {
        bail!(Failure::new(format!(
            "{} is no worktree of {} any more: its files are there, its history is not",
            worktree.display(),
            kernel.repo.display()
        ))
        .hint("move it elsewhere, then cargo series checkout, and copy your changes from it"));
    }
    Ok(())
}

/// Stops if the worktree is on no branch, where its commits would be forgotten.
fn refuse_detached(worktree: &Path) -> Result<()> {
    if current_branch(worktree).is_some() {
        return Ok(());
    }
    let log = [
        "log",
        "--format=%h %s",
        "--max-count=10",
        "HEAD",
        "--not",
        "--branches",
    ];
    bail!(Failure::new(format!(
        "{} is on no branch: its HEAD is detached",
        worktree.display()
    ))
    .lines(git::line(git::clean(worktree), &log)?.lines())
    .hint(format!(
        "git -C {0} switch -c another-name, which keeps what is there; or, if nothing is to be \
         kept, git -C {0} switch {BRANCH}; then again",
        worktree.display()
    )));
}

/// Stops if the branch has commits, at `tip`, that are not in `patches/`.
fn refuse_unexported(kernel: &Kernel, sync: &Sync, tip: &str, advice: &str) -> Result<()> {
    bail!(Failure::new(format!(
        "the branch `{BRANCH}` has commits that are not in patches/"
    ))
    .lines(commits(kernel, sync.commit.as_deref(), tip)?)
    .hint(format!(
        "{advice}git -C {} branch -m {BRANCH} another-name",
        kernel.repo.display()
    )));
}

/// Ends a checkout that was interrupted while it wrote the worktree, unless somebody has worked
/// there since.
fn finish(kernel: &Kernel, worktree: &Path, sync: &mut Sync, target: &str) -> Result<()> {
    let head = git::commit(worktree, "HEAD");
    if head.as_deref() != Some(target) {
        refuse_detached(worktree)?;
    }
    if let Some(tip) = git::commit(&kernel.repo, &format!("refs/heads/{BRANCH}")) {
        let ours = [sync.commit.as_deref(), Some(target)];
        if !ours.contains(&Some(tip.as_str())) {
            refuse_unexported(kernel, sync, &tip, "keep them elsewhere: ")?;
        }
    }
    let known = [head, sync.filled.clone()];
    let edited = edited(kernel, worktree, target, known.iter().flatten())?;
    if !edited.is_empty() {
        bail!(Failure::new(format!(
            "a checkout of {} was interrupted, and files in it were edited since",
            worktree.display()
        ))
        .lines(edited.into_iter().take(10))
        .hint("move these files elsewhere, then cargo series checkout, and put them back"));
    }
    fill(worktree, target)?;
    sync.end_filling()
}

/// Makes the worktree the branch, and the branch `target`.
fn fill(worktree: &Path, target: &str) -> Result<()> {
    // An interrupted `git reset` of an earlier checkout leaves it.
    let lock = git::path(worktree, "index.lock")?;
    if lock.exists() {
        fs::remove_file(&lock).with_context(|| format!("cannot remove {}", lock.display()))?;
    }
    let reference = format!("refs/heads/{BRANCH}");
    for command in [
        &["update-ref", &reference, target][..],
        &["symbolic-ref", "HEAD", &reference],
        &["reset", "--hard", "--quiet", target],
    ] {
        git::line(git::clean(worktree), command)?;
    }
    Ok(())
}

/// The files in a worktree, half filled with `target`, that git did not write: they are neither
/// the beginning of what `target` has, nor as in one of the commits `known`.
fn edited<'a>(
    kernel: &Kernel,
    worktree: &Path,
    target: &str,
    known: impl Iterator<Item = &'a String>,
) -> Result<Vec<String>> {
    let mut edited = differing(kernel, worktree, target)?;
    for commit in known.filter(|commit| *commit != target) {
        let differing = differing(kernel, worktree, commit)?;
        edited.retain(|path| differing.contains(path));
    }
    edited.retain(|path| {
        let object = format!("{target}:{path}");
        let whole = git::bytes(git::clean(&kernel.repo), &["cat-file", "blob", &object]);
        match (fs::read(worktree.join(path)), whole) {
            (Ok(there), Ok(whole)) => !whole.starts_with(&there),
            _ => true,
        }
    });
    Ok(edited.into_iter().collect())
}

/// The files in the worktree, without those that git ignores, that are not as in `commit`. The
/// index of the worktree has no part in it.
fn differing(kernel: &Kernel, worktree: &Path, commit: &str) -> Result<BTreeSet<String>> {
    let dir = tempfile::tempdir_in(&kernel.scratch)?;
    let git = |arguments: &[&str]| {
        let mut command = git::clean(worktree);
        command.env("GIT_INDEX_FILE", dir.path().join("index"));
        git::bytes(command, arguments)
    };
    git(&["read-tree", commit])?;
    let list = git(&[
        "ls-files",
        "-z",
        "--modified",
        "--others",
        "--exclude-standard",
    ])?;
    Ok(String::from_utf8_lossy(&list)
        .split_terminator('\0')
        .filter(|path| worktree.join(path).symlink_metadata().is_ok())
        .map(str::to_string)
        .collect())
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
        // Twice: also where an interrupted one has left its lock.
        "--force",
        "--force",
        "--detach",
        "--no-checkout",
    ]);
    command.arg(worktree).arg(target);
    run::output(command, "git worktree add")?;
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
