// SPDX-License-Identifier: GPL-2.0

//! Running git.
//!
//! The git of the machine, not that of the toolchain: whoever has cloned the repository has it, and
//! what the results depend on is pinned in [`crate::room`].

use std::ffi::OsStr;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{bail, Context, Result};
use run::Failure;

/// git without the configuration of the user and the machine.
pub(crate) use kernel::git as clean;

/// git in `dir` as the user has set it up.
pub(crate) fn of_user(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(dir).env("LC_ALL", "C");
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_PREFIX",
    ] {
        command.env_remove(name);
    }
    command
}

/// What a git command prints, without the line feed at the end.
pub(crate) fn line(mut command: Command, arguments: &[&str]) -> Result<String> {
    command.args(arguments);
    let text = run::output(command, &format!("git {}", arguments.join(" ")))?;
    Ok(text.trim_end_matches('\n').to_string())
}

/// What a git command prints, byte for byte.
pub(crate) fn bytes<S: AsRef<OsStr>>(mut command: Command, arguments: &[S]) -> Result<Vec<u8>> {
    let out = command
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .context("cannot start git")?;
    if !out.status.success() {
        bail!(Failure::new(format!("git failed ({})", out.status))
            .lines(String::from_utf8_lossy(&out.stderr).lines()));
    }
    Ok(out.stdout)
}

/// The files at or below `paths` in a commit, those that there are, with their content. It takes
/// two processes, however many they are.
pub(crate) fn files(
    git: impl Fn() -> Command,
    commit: &str,
    paths: &[&str],
) -> Result<Vec<(String, Vec<u8>)>> {
    let mut list = git();
    list.args(["--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree"])
        .args([commit, "--"])
        .args(paths);
    let list =
        String::from_utf8(bytes::<&str>(list, &[])?).context("the name of a file is not UTF-8")?;
    let mut names = Vec::new();
    // A file, so that git does not wait for somebody to read while somebody waits for it to.
    let mut wanted = tempfile::tempfile().context("cannot make a temporary file")?;
    for entry in list.split_terminator('\0') {
        let (about, path) = entry.split_once('\t').unwrap_or_default();
        if let [_, "blob", object] = about.split(' ').collect::<Vec<_>>()[..] {
            writeln!(wanted, "{object}")?;
            names.push(path);
        }
    }
    wanted.rewind()?;
    let out = git()
        .args(["cat-file", "--batch=%(objectsize)"])
        .stdin(wanted)
        .output()
        .context("cannot start git")?;
    let mut rest = out.stdout.as_slice();
    let mut files = Vec::new();
    for path in names {
        let file = take(&mut rest)
            .with_context(|| format!("git cat-file does not give the content of {path}"))?;
        files.push((path.to_string(), file));
    }
    Ok(files)
}

/// Takes the first file from what `git cat-file --batch=%(objectsize)` has printed.
fn take(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let size: usize = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
    let content = rest.get(end + 1..end + 1 + size)?.to_vec();
    *rest = rest.get(end + 2 + size..)?;
    Some(content)
}

/// The full name of the commit that `name` stands for, if there is one.
pub(crate) fn commit(dir: &Path, name: &str) -> Option<String> {
    let mut command = clean(dir);
    command.stderr(Stdio::null());
    let name = format!("{name}^{{commit}}");
    let out = command
        .args(["rev-parse", "--verify", "--quiet", &name])
        .output()
        .ok()?;
    let text = String::from_utf8(out.stdout).ok()?;
    out.status.success().then(|| text.trim().to_string())
}

/// A path below the git directory of `dir`.
pub(crate) fn path(dir: &Path, name: &str) -> Result<PathBuf> {
    Ok(dir.join(line(clean(dir), &["rev-parse", "--git-path", name])?))
}

/// The git directory that all worktrees of `dir` share.
pub(crate) fn common_dir(dir: &Path) -> Result<PathBuf> {
    Ok(dir.join(line(clean(dir), &["rev-parse", "--git-common-dir"])?))
}

/// What git is in the middle of in the worktree `dir`: the command that ends it.
fn unfinished(dir: &Path) -> Result<Option<&'static str>> {
    for (name, command) in [
        ("rebase-apply/applying", "git am"),
        ("rebase-apply", "git rebase"),
        ("rebase-merge", "git rebase"),
        ("MERGE_HEAD", "git merge"),
        ("CHERRY_PICK_HEAD", "git cherry-pick"),
        ("REVERT_HEAD", "git revert"),
    ] {
        if path(dir, name)?.exists() {
            return Ok(Some(command));
        }
    }
    Ok(None)
}

/// Stops if git is in the middle of something in the worktree `dir`.
pub(crate) fn refuse_unfinished(dir: &Path) -> Result<()> {
    if let Some(command) = unfinished(dir)? {
        bail!(
            Failure::new(format!("{} is in the middle of a {command}", dir.display())).hint(
                format!("{command} --continue or {command} --abort there, then again")
            )
        );
    }
    Ok(())
}

/// Stops if the worktree `dir` has changes that are in no commit.
pub(crate) fn refuse_changes(dir: &Path, untracked: bool) -> Result<()> {
    let changes = changes(dir, untracked)?;
    if !changes.is_empty() {
        let stash = if untracked {
            "git stash -u"
        } else {
            "git stash"
        };
        bail!(Failure::new(format!(
            "{} has changes that are in no commit",
            dir.display()
        ))
        .lines(changes.into_iter().take(10))
        .hint(format!(
            "git commit, or {stash} to keep them aside, there, then again"
        )));
    }
    Ok(())
}

/// The changes in the worktree `dir` that are in no commit, one line each as `git status` prints
/// them.
pub(crate) fn changes(dir: &Path, untracked: bool) -> Result<Vec<String>> {
    let untracked = if untracked { "normal" } else { "no" };
    let mut command = clean(dir);
    command.args(["status", "--porcelain", "--ignore-submodules=all"]);
    command.arg(format!("--untracked-files={untracked}"));
    let text = run::output(command, "git status")?;
    Ok(text.lines().map(str::to_string).collect())
}
