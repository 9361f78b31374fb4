// SPDX-License-Identifier: GPL-2.0

//! What the tool has written, so that it can tell its own writing from the work of people.
//!
//! The record lies in the git directory of the kernel repository. It has the commit of the branch
//! `series` that is known to be in `patches/`, and the names of all contents that checkout has
//! read or export has written. It is written before the files are, so that an interrupted export
//! finds its own traces.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{bail, Context, Result};

use crate::content::File;
use crate::git;

/// The record; it is empty before the first checkout or export.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sync {
    /// The commit that `patches/` stands for.
    pub(crate) commit: Option<String>,
    /// The commit that a worktree is being filled with.
    pub(crate) filling: Option<String>,
    /// The commit that this worktree had before.
    pub(crate) filled: Option<String>,
    seen: HashSet<String>,
    path: PathBuf,
}

impl Sync {
    pub(crate) fn load(repo: &Path) -> Result<Self> {
        let path = git::common_dir(repo)?.join("series-sync");
        let mut sync = Self {
            path,
            ..Self::default()
        };
        let text = match fs::read_to_string(&sync.path) {
            Ok(text) => text,
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(sync),
            Err(err) => {
                return Err(err).with_context(|| format!("cannot read {}", sync.path.display()))
            }
        };
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("commit", commit)) => sync.commit = Some(commit.to_string()),
                Some(("filling", commit)) => sync.filling = Some(commit.to_string()),
                Some(("filled", commit)) => sync.filled = Some(commit.to_string()),
                Some(("seen", content)) => {
                    sync.seen.insert(content.to_string());
                }
                _ => {}
            }
        }
        Ok(sync)
    }

    pub(crate) fn save(&self) -> Result<()> {
        let mut text = String::new();
        for (name, commit) in [
            ("commit", &self.commit),
            ("filling", &self.filling),
            ("filled", &self.filled),
        ] {
            if let Some(commit) = commit {
                text.push_str(&format!("{name} {commit}\n"));
            }
        }
        let mut seen: Vec<_> = self.seen.iter().collect();
        seen.sort();
        for content in seen {
            text.push_str(&format!("seen {content}\n"));
        }
        let save = || -> std::io::Result<()> {
            let temporary = self.path.with_extension("new");
            fs::write(&temporary, text)?;
            fs::rename(&temporary, &self.path)
        };
        save().with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Notes that the worktree has all of the commit that it was being filled with, which is that
    /// of `patches/`.
    pub(crate) fn end_filling(&mut self) -> Result<()> {
        self.commit = self.filling.take();
        self.filled = None;
        self.save()
    }

    /// Notes that `content` comes from the branch.
    pub(crate) fn see(&mut self, content: &str) {
        self.seen.insert(content.to_string());
    }

    pub(crate) fn has_seen(&self, content: &str) -> bool {
        self.seen.contains(content)
    }
}

/// Names for the contents of files, in the same order.
pub(crate) fn names<'a>(
    room: &Path,
    files: impl IntoIterator<Item = (&'a str, &'a File)>,
) -> Result<Vec<String>> {
    let dir = tempfile::tempdir_in(room)?;
    let mut list = String::new();
    let mut places = Vec::new();
    for (at, (path, file)) in files.into_iter().enumerate() {
        let temporary = dir.path().join(at.to_string());
        fs::write(&temporary, &file.bytes)?;
        list.push_str(&format!("{}\n", temporary.display()));
        places.push(format!(
            "{} {path}",
            if file.executable { "x" } else { "-" }
        ));
    }
    let mut child = git::clean(room)
        .args(["hash-object", "--no-filters", "--stdin-paths"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start git")?;
    let writer = child.stdin.take();
    let writing = std::thread::spawn(move || match writer {
        Some(mut stdin) => stdin.write_all(list.as_bytes()),
        None => Ok(()),
    });
    let out = child.wait_with_output()?;
    let written = writing.join().is_ok_and(|result| result.is_ok());
    if !written || !out.status.success() {
        bail!("git hash-object failed ({})", out.status);
    }
    let text = String::from_utf8(out.stdout)?;
    Ok(text
        .lines()
        .zip(places)
        .map(|(hash, place)| format!("{hash} {place}"))
        .collect())
}
