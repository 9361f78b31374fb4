// SPDX-License-Identifier: GPL-2.0

//! A clean room: a temporary git repository that has the objects of the kernel repository and
//! nothing else of it. No configuration, hook or attribute can change what git does in it, and an
//! interrupted run leaves nothing that the next one could stumble over.
//!
//! Its worktree holds only the files that the patches touch, so that applying a series to the
//! 91,000 files of a kernel takes a second.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{bail, Context, Result};
use manifest::Person;

use crate::{git, Kernel};

/// Everything that could make two versions of git, or two users, write different patches.
const CONFIG: &str = "\
[core]
\trepositoryFormatVersion = 0
\tbare = false
\tquotePath = false
\tautocrlf = false
\teol = lf
\tsafecrlf = false
\tfileMode = true
\tabbrev = 40
\tlogAllRefUpdates = false
[diff]
\talgorithm = histogram
\tindentHeuristic = true
[diff \"c\"]
\txfuncname = \"^[A-Za-z_][^;:]*$\"
[diff \"rust-source\"]
\txfuncname = \"^[ \\t]*((pub(\\\\([^)]+\\\\))?[ \\t]+)?((async|const|unsafe|extern([ \\t]+\\\"[^\\\"]+\\\")?)[ \\t]+)*(struct|enum|union|mod|trait|fn|impl|macro_rules!)[< \\t]+[^;]*)$\"
[i18n]
\tcommitEncoding = UTF-8
\tlogOutputEncoding = UTF-8
[commit]
\tgpgSign = false
[rerere]
\tenabled = false
[gc]
\tauto = 0
";

const ATTRIBUTES: &str = "\
*.c diff=c
*.h diff=c
*.rs diff=rust-source
";

/// The options of `git format-patch` that decide how a patch looks.
const FORMAT: &[&str] = &[
    "--no-numbered",
    "--subject-prefix=PATCH",
    "--zero-commit",
    "--full-index",
    "--no-signature",
    "--no-renames",
    "--no-binary",
    "--no-encode-email-headers",
    "--no-thread",
    "--no-attach",
    "--no-notes",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--no-cover-letter",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--stat=72",
    "--summary",
    "--patch",
    "--unified=3",
    "--inter-hunk-context=0",
    "--filename-max-length=64",
];

/// A patch that did not apply.
#[derive(Debug)]
pub(crate) struct Rejected {
    /// Which of the patches, from 0; none when git did not get that far.
    pub(crate) patch: Option<usize>,
    /// What git says, the lines that matter first.
    pub(crate) lines: Vec<String>,
    /// The file in the kernel, if git names one, with the line.
    pub(crate) file: Option<String>,
    /// All that git says.
    text: String,
}

impl Rejected {
    /// Adds what git says to a log.
    pub(crate) fn write(&self, log: &Path) -> Result<()> {
        fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .and_then(|mut log| log.write_all(self.text.as_bytes()))
            .with_context(|| format!("cannot write {}", log.display()))
    }

    /// Whether a file that a patch creates is there before it.
    pub(crate) fn finds_files(&self) -> bool {
        self.lines
            .iter()
            .any(|line| line.contains("already exists"))
    }
}

/// Who commits.
pub(crate) enum Committer<'a> {
    /// `Person` at the date of the author: the same patches give the same commits.
    Reproducible(&'a Person),
    /// A person, now.
    Now(&'a Person),
}

pub(crate) struct Room {
    dir: PathBuf,
    objects: PathBuf,
    base: String,
}

impl Room {
    /// Sets up an empty room beside whatever an interrupted run left.
    pub(crate) fn new(kernel: &Kernel) -> Result<Self> {
        let dir = kernel.scratch.join("room");
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))?;
        }
        let git_dir = dir.join(".git");
        for name in ["refs", "objects", "info"] {
            fs::create_dir_all(git_dir.join(name))
                .with_context(|| format!("cannot create {}", git_dir.display()))?;
        }
        let Some(base) = git::commit(&kernel.repo, &kernel.base) else {
            bail!("{} has no commit `{}`", kernel.repo.display(), kernel.base);
        };
        fs::write(git_dir.join("config"), CONFIG)?;
        fs::write(git_dir.join("info/attributes"), ATTRIBUTES)?;
        fs::write(git_dir.join("HEAD"), format!("{base}\n"))?;
        let common = git::common_dir(&kernel.repo)?;
        if let Ok(shallow) = fs::read(common.join("shallow")) {
            fs::write(git_dir.join("shallow"), shallow)?;
        }
        let objects = common.join("objects").canonicalize()?;
        Ok(Self { dir, objects, base })
    }

    /// The commit of the base.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The worktree, in which there is nothing yet but what was asked for.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// git in the room. What it creates goes to the kernel repository.
    pub(crate) fn git(&self) -> Command {
        let mut command = git::clean(&self.dir);
        command
            .env("GIT_DIR", self.dir.join(".git"))
            .env("GIT_WORK_TREE", &self.dir)
            .env("GIT_OBJECT_DIRECTORY", &self.objects);
        command
    }

    /// Makes the index that of `commit`, with the files below `paths` in the worktree.
    pub(crate) fn fill(&self, commit: &str, paths: &BTreeSet<&str>) -> Result<()> {
        fs::write(self.dir.join(".git/HEAD"), format!("{commit}\n"))?;
        git::line(self.git(), &["read-tree", "--reset", commit])?;
        let mut list = self.git();
        list.args(["--literal-pathspecs", "ls-files", "-z", "--"])
            .args(paths);
        if paths.is_empty() {
            return Ok(());
        }
        let files = git::bytes::<&str>(list, &[])?;
        let mut child = self
            .git()
            .args(["checkout-index", "-u", "-f", "-z", "--stdin"])
            .stdin(Stdio::piped())
            .spawn()
            .context("cannot start git")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(&files)?;
        }
        if !child.wait()?.success() {
            bail!("git checkout-index failed in {}", self.dir.display());
        }
        Ok(())
    }

    /// Applies the messages in `files`, which touch `paths`, to `onto`; returns the commit.
    pub(crate) fn am(
        &self,
        onto: &str,
        files: &[PathBuf],
        paths: &BTreeSet<&str>,
        committer: &Committer<'_>,
    ) -> Result<Result<String, Rejected>> {
        self.fill(onto, paths)?;
        let mut command = self.git();
        let person = match committer {
            Committer::Reproducible(person) | Committer::Now(person) => person,
        };
        command
            .env("GIT_COMMITTER_NAME", &person.name)
            .env("GIT_COMMITTER_EMAIL", &person.email)
            .args([
                "am",
                "--quiet",
                "--keep-non-patch",
                "--no-3way",
                "--patch-format=mbox",
            ])
            .args(["--no-scissors", "--whitespace=nowarn", "--no-gpg-sign"]);
        if matches!(committer, Committer::Reproducible(_)) {
            command.arg("--committer-date-is-author-date");
        }
        let out = command
            .arg("--")
            .args(files)
            .stdin(Stdio::null())
            .output()
            .context("cannot start git")?;
        if out.status.success() {
            return Ok(Ok(git::line(self.git(), &["rev-parse", "HEAD"])?));
        }
        let text = [out.stderr, out.stdout].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let next = fs::read_to_string(self.dir.join(".git/rebase-apply/next"));
        Ok(Err(Rejected {
            patch: next
                .ok()
                .and_then(|number| number.trim().parse::<usize>().ok())
                .and_then(|number| number.checked_sub(1)),
            file: text.lines().find_map(rejected_file),
            lines: text
                .lines()
                .filter(|line| line.starts_with("error: ") || line.starts_with("fatal: "))
                .map(str::to_string)
                .collect(),
            text,
        }))
    }

    /// The patches from `from` to `to`, in order: file name and content.
    pub(crate) fn format(&self, from: &str, to: &str) -> Result<Vec<(String, Vec<u8>)>> {
        let out = self.dir.join("format");
        fs::create_dir_all(&out)?;
        let range = format!("{from}..{to}");
        let mut command = self.git();
        command.arg("format-patch").args(FORMAT).arg("--quiet");
        command.arg("-o").arg(&out).arg(range);
        run::output(command, "git format-patch")?;
        let mut patches = Vec::new();
        for entry in fs::read_dir(&out)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            patches.push((name, fs::read(entry.path())?));
        }
        patches.sort();
        fs::remove_dir_all(&out)?;
        Ok(patches)
    }
}

/// The file that a line of `git am` blames, with the line in it if there is one.
fn rejected_file(line: &str) -> Option<String> {
    let rest = line.strip_prefix("error: ")?;
    if let Some(place) = rest.strip_prefix("patch failed: ") {
        return Some(place.to_string());
    }
    for ending in [
        ": does not exist in index",
        ": already exists in index",
        ": already exists in working directory",
        ": does not match index",
        ": patch does not apply",
        ": No such file or directory",
    ] {
        if let Some(file) = rest.strip_suffix(ending) {
            return Some(file.to_string());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blamed_file_is_found() {
        for (line, file) in [
            ("error: patch failed: a/b.rs:12", Some("a/b.rs:12")),
            ("error: a/b.rs: does not exist in index", Some("a/b.rs")),
            ("error: a/b.rs: already exists in index", Some("a/b.rs")),
            ("error: corrupt patch at line 3", None),
            ("Patch failed at 0001 x", None),
        ] {
            assert_eq!(rejected_file(line).as_deref(), file);
        }
    }
}
