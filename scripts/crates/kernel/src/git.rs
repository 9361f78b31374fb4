// SPDX-License-Identifier: GPL-2.0

//! The cached git repository of the kernel and its worktrees.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{bail, Context, Result};
use run::Failure;

use crate::source::{alternates, reference};

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

/// Names the content of all files of the worktree `dir` that a kernel configuration depends on.
pub(crate) fn configurable(dir: &Path) -> Result<u64> {
    let mut list = git(dir);
    list.args(["ls-files", "--stage", "--"]);
    list.args(["Makefile", "scripts", "Kconfig*", "*/Kconfig*"]);
    let list = run::output(list, "git ls-files")?;
    let mut hasher = DefaultHasher::new();
    list.hash(&mut hasher);
    Ok(hasher.finish())
}

impl Linux {
    /// The name of the content of `commit`.
    pub fn tree_of(&self, commit: &str) -> Result<String> {
        let mut command = git(&self.repo);
        command.args(["rev-parse", "--verify", "--quiet"]);
        command.arg(format!("{commit}^{{tree}}"));
        Ok(run::output(command, "git rev-parse")?.trim().to_string())
    }

    /// Makes the bare repository `dir`, if it is missing, and notes in it that the base of
    /// `version` is this one. It has branches of its own, and reads the objects of the base where
    /// this repository has them: from now on it needs to be told no more.
    pub fn sibling(&self, dir: &Path, version: &str) -> Result<()> {
        if !dir.join("HEAD").exists() {
            if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
                bail!(Failure::new(format!(
                    "{} is damaged: it is a git repository without HEAD",
                    dir.display()
                ))
                .hint(format!(
                    "echo 'ref: refs/heads/series' > {0}/HEAD, which may mend it; or move {0} \
                     elsewhere, to keep the commits in it",
                    dir.display()
                )));
            }
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
        let read = |repo: &Path| fs::read_to_string(alternates(repo)).unwrap_or_default();
        let theirs = read(dir);
        let reference = reference(version);
        let mut known = git(dir);
        known.args(["for-each-ref", "--format=%(objectname)", &reference]);
        let known = run::output(known, "git for-each-ref")?;
        if !["", &self.base].contains(&known.trim()) {
            bail!(Failure::new(format!(
                "the branch of this clone is on another copy of Linux {version}, commit \
                 {:.12}, which can't be read where it was:",
                known.trim()
            ))
            .lines(theirs.lines())
            .hint(format!(
                "--linux DIR, where DIR is the git tree that has this commit; or move {} \
                 elsewhere, and begin anew",
                dir.display()
            )));
        }
        let mut objects: Vec<&str> = theirs.lines().collect();
        let here = self.repo.join("objects").display().to_string();
        let borrowed = read(&self.repo);
        for place in std::iter::once(here.as_str()).chain(borrowed.lines()) {
            if !objects.contains(&place) {
                objects.push(place);
            }
        }
        fs::write(alternates(dir), objects.join("\n") + "\n")
            .with_context(|| format!("cannot link {} to the base", dir.display()))?;
        let mut note = git(dir);
        note.args(["update-ref", &reference, &self.base]);
        run::output(note, "git update-ref").map(drop)
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
    use crate::source::base_in;

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

    /// The cached repository with a base that it reads in a tree of the user.
    fn borrowing(dir: &Path, content: &str) -> Linux {
        let tree = dir.join("tree");
        fs::create_dir_all(&tree).unwrap();
        run_git(&tree, &["init", "-q"]);
        fs::write(tree.join("Makefile"), content).unwrap();
        run_git(&tree, &["add", "."]);
        run_git(&tree, &["commit", "-qm", content]);
        let base = run_git(&tree, &["rev-parse", "HEAD"]);
        let repo = dir.join("repo");
        fs::create_dir_all(&repo).unwrap();
        run_git(&repo, &["init", "-q", "--bare"]);
        let objects = tree.join(".git/objects");
        fs::write(alternates(&repo), format!("{}\n", objects.display())).unwrap();
        Linux::new(repo, base, dir.join("build"))
    }

    #[test]
    fn a_sibling_knows_its_base_and_where_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let linux = borrowing(dir.path(), "one");
        let sibling = dir.path().join("sibling");
        linux.sibling(&sibling, "6.18.15").unwrap();
        // Another command has downloaded the base.
        fs::remove_file(alternates(linux.repo())).unwrap();
        let base = Some(linux.base().to_string());
        assert_eq!(base_in(&sibling, "6.18.15"), base);
        assert_eq!(base_in(&sibling, "6.18.16"), None);

        let tree = dir.path().join("tree");
        fs::rename(&tree, dir.path().join("elsewhere")).unwrap();
        assert_eq!(base_in(&sibling, "6.18.15"), None);
        let other = borrowing(dir.path(), "two");
        let err = other.sibling(&sibling, "6.18.15").unwrap_err().to_string();
        assert!(err.contains("is on another copy of Linux 6.18.15"), "{err}");
        assert!(err.contains("tree/.git/objects\n"), "{err}");
        assert!(err.contains("--linux DIR"), "{err}");
        // The advice works.
        fs::rename(&tree, dir.path().join("two")).unwrap();
        fs::rename(dir.path().join("elsewhere"), dir.path().join("new")).unwrap();
        let objects = dir.path().join("new/.git/objects");
        fs::write(alternates(linux.repo()), format!("{}\n", objects.display())).unwrap();
        linux.sibling(&sibling, "6.18.15").unwrap();
        assert_eq!(base_in(&sibling, "6.18.15"), base);
    }

    #[test]
    fn a_damaged_sibling_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let linux = borrowing(dir.path(), "one");
        let sibling = dir.path().join("sibling");
        fs::create_dir(&sibling).unwrap();
        linux.sibling(&sibling, "6.18.15").unwrap();
        fs::remove_file(sibling.join("HEAD")).unwrap();
        let err = linux.sibling(&sibling, "6.18.15").unwrap_err().to_string();
        assert!(err.contains("is damaged"), "{err}");
        // The advice works.
        fs::write(sibling.join("HEAD"), "ref: refs/heads/series\n").unwrap();
        linux.sibling(&sibling, "6.18.15").unwrap();
    }
}
