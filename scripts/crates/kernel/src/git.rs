// SPDX-License-Identifier: GPL-2.0

//! The cached git repository of the kernel and its worktrees.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// git in `dir`, without the configuration of the user and the machine, and without hooks.
pub fn git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(dir)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env("GIT_ADVICE", "0")
        .env("GIT_EDITOR", "false")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        // The tool may run as root on a directory of another user, in CI and containers.
        .args(["-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null"])
        .args([
            "-c",
            "core.quotePath=false",
            "-c",
            "color.ui=false",
            "-c",
            "gc.auto=0",
        ])
        .args(["-c", "maintenance.auto=false", "-c", "core.fsmonitor=false"]);
    command
}

/// The kernel source with its base commit, in one git repository for all uses.
#[derive(Clone, Debug)]
pub struct Linux {
    repo: PathBuf,
    base: String,
    build: PathBuf,
}

impl Linux {
    pub(crate) fn new(repo: PathBuf, base: String, build: PathBuf) -> Self {
        Self { repo, base, build }
    }

    /// The bare repository.
    pub fn repo(&self) -> &Path {
        &self.repo
    }

    /// The commit of the unchanged kernel.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The worktree that is built. It belongs to the tool.
    pub fn build_tree(&self) -> &Path {
        &self.build
    }

    /// Gives the build tree the content of `commit`. Only files that differ are written, so that
    /// `make` builds only what changed.
    pub fn set_build_tree(&self, commit: &str) -> Result<()> {
        add_worktree(&self.repo, &self.build, commit)?;
        let run = |arguments: &[&str]| {
            let mut command = git(&self.build);
            command.args(arguments);
            run::output(command, "updating the build tree").map(drop)
        };
        run(&["reset", "--quiet", "--hard", commit])?;
        run(&["clean", "--quiet", "--force", "-d", "-x"])
    }
}

impl Linux {
    /// Makes the bare repository `dir`, if it is missing. It reads the objects of the cached one,
    /// and has branches of its own.
    pub fn sibling(&self, dir: &Path) -> Result<()> {
        if !dir.join("HEAD").exists() {
            remove_dir(dir)?;
            let partial = dir.with_extension("partial");
            remove_dir(&partial)?;
            fs::create_dir_all(&partial)
                .with_context(|| format!("cannot create {}", partial.display()))?;
            let mut init = git(&partial);
            init.args(["init", "--quiet", "--bare"]);
            run::output(init, "git init")?;
            fs::rename(&partial, dir)
                .with_context(|| format!("cannot create {}", dir.display()))?;
        }
        let objects = format!("{}\n", self.repo.join("objects").display());
        fs::write(dir.join("objects/info/alternates"), objects)
            .with_context(|| format!("cannot link {} to the base", dir.display()))
    }
}

/// Makes the worktree `dir` of `repo` at `commit`, unless it is there; mends what an interruption
/// left of it.
fn add_worktree(repo: &Path, dir: &Path, commit: &str) -> Result<()> {
    let mut probe = git(dir);
    probe.args(["rev-parse", "--git-dir"]);
    if let Some(git_dir) = dir
        .exists()
        .then(|| run::output(probe, "git rev-parse").ok())
        .flatten()
    {
        // The cache is locked, so an index lock is the remains of an interrupted command.
        let lock = dir.join(git_dir.trim()).join("index.lock");
        if lock.exists() {
            fs::remove_file(&lock).with_context(|| format!("cannot remove {}", lock.display()))?;
        }
        return Ok(());
    }
    remove_dir(dir)?;
    let mut prune = git(repo);
    prune.args(["worktree", "prune"]);
    run::output(prune, "git worktree prune")?;
    let mut add = git(repo);
    add.args(["worktree", "add", "--quiet", "--force", "--detach"])
        .arg(dir)
        .arg(commit);
    run::output(add, "making the build tree").map(drop)
}

pub(crate) fn remove_dir(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(err) if err.kind() != std::io::ErrorKind::NotFound => {
            Err(err).with_context(|| format!("cannot remove {}", dir.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_git(dir: &Path, arguments: &[&str]) -> String {
        let mut command = git(dir);
        command
            .args(["-c", "user.name=t", "-c", "user.email=t@e"])
            .args(arguments);
        run::output(command, "git").unwrap().trim().to_string()
    }

    #[test]
    fn the_build_tree_follows_and_keeps_unchanged_files() {
        let dir = tempfile::tempdir().unwrap();
        let repo = dir.path().join("repo");
        fs::create_dir(&repo).unwrap();
        run_git(&repo, &["init", "-q"]);
        fs::write(repo.join("same"), "1").unwrap();
        fs::write(repo.join("other"), "1").unwrap();
        run_git(&repo, &["add", "."]);
        run_git(&repo, &["commit", "-qm", "one"]);
        let one = run_git(&repo, &["rev-parse", "HEAD"]);
        fs::write(repo.join("other"), "2").unwrap();
        run_git(&repo, &["commit", "-qam", "two"]);
        let two = run_git(&repo, &["rev-parse", "HEAD"]);

        let build = dir.path().join("build");
        let linux = Linux::new(repo, one.clone(), build.clone());
        linux.set_build_tree(&one).unwrap();
        let written = |name: &str| fs::metadata(build.join(name)).unwrap().modified().unwrap();
        let before = written("same");
        fs::write(build.join("rubbish"), "").unwrap();
        fs::write(build.join("other"), "damaged").unwrap();
        // What a killed git leaves behind.
        fs::write(linux.repo().join(".git/worktrees/build/index.lock"), "").unwrap();
        linux.set_build_tree(&two).unwrap();
        assert_eq!(fs::read_to_string(build.join("other")).unwrap(), "2");
        assert!(!build.join("rubbish").exists());
        assert_eq!(before, written("same"));

        // A build tree that is no worktree any more is made again.
        fs::remove_file(build.join(".git")).unwrap();
        linux.set_build_tree(&one).unwrap();
        assert_eq!(fs::read_to_string(build.join("other")).unwrap(), "1");
    }
}
