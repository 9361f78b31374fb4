// SPDX-License-Identifier: GPL-2.0

//! What a branch becomes in the repository: the patches, the copies of the files it creates, and
//! the fragment of `MAINTAINERS`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};
use manifest::Manifest;
use run::Failure;

use crate::patch::Patch;
use crate::room::{Committer, Room};
use crate::{apply, cover, fragment, git, series, Kernel};

/// Where files that the series creates are copied to. Created files elsewhere, such as C headers
/// and tools, are in the patches alone.
pub(crate) const COPIED: [&str; 4] = ["Documentation", "drivers", "rust", "samples"];

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    pub(crate) executable: bool,
}

impl File {
    fn plain(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: bytes.into(),
            executable: false,
        }
    }

    pub(crate) fn read(path: &Path) -> Result<Self> {
        let read = || -> std::io::Result<Self> {
            Ok(Self {
                bytes: fs::read(path)?,
                executable: fs::metadata(path)?.permissions().mode() & 0o100 != 0,
            })
        };
        read().with_context(|| format!("cannot read {}", path.display()))
    }
}

/// All that is generated from a branch.
#[derive(Debug)]
pub(crate) struct Content {
    /// What the repository must have in [`targets`], by path.
    pub(crate) files: BTreeMap<String, File>,
    /// The files that the branch creates, wherever they are, by path in the kernel.
    pub(crate) created: BTreeMap<String, File>,
    /// The patches.
    pub(crate) patches: Vec<Patch>,
}

impl Content {
    /// Generates everything from the commits on top of the base up to `tip`, and makes sure that
    /// applying the patches again gives the same.
    pub(crate) fn generate(kernel: &Kernel, manifest: &Manifest, tip: &str) -> Result<Self> {
        let room = Room::new(kernel)?;
        check_history(&room, tip)?;
        let formatted = room.format(room.base(), tip)?;
        let mut patches = Vec::new();
        for (name, bytes) in &formatted {
            patches.push(Patch::parse(name, bytes)?);
        }
        let subjects: Vec<_> = patches.iter().map(|patch| patch.subject.as_str()).collect();
        manifest.arrange(&subjects)?;
        let created = created(&room, tip)?;
        let statistics = cover::statistics(&room, room.base(), tip)?;

        let mut files = BTreeMap::new();
        for (path, file) in &created {
            if path
                .split_once('/')
                .is_some_and(|(top, _)| COPIED.contains(&top))
            {
                files.insert(path.clone(), file.clone());
            }
        }
        let letter = cover::letter(manifest, &patches, &statistics);
        files.insert(
            format!("{}/{}", series::DIR, cover::FILE),
            File::plain(letter),
        );
        for (name, bytes) in formatted {
            files.insert(format!("{}/{name}", series::DIR), File::plain(bytes));
        }
        let ours = show(&room, tip, "MAINTAINERS")?;
        let base = show(&room, room.base(), "MAINTAINERS")?;
        let fragment = fragment::text(&fragment::added(&base, &ours));
        files.insert(fragment::FILE.to_string(), File::plain(fragment));

        round_trip(&room, manifest, &patches, tip)?;
        Ok(Self {
            files,
            created,
            patches,
        })
    }
}

/// The paths in the repository at `top` that belong to generated content and exist.
pub(crate) fn targets(top: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut dirs: Vec<PathBuf> = COPIED
        .iter()
        .chain(&[series::DIR])
        .map(PathBuf::from)
        .collect();
    while let Some(dir) = dirs.pop() {
        let Ok(entries) = fs::read_dir(top.join(&dir)) else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            let path = dir.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                dirs.push(path);
            } else {
                found.insert(path.to_string_lossy().into_owned());
            }
        }
    }
    if top.join(fragment::FILE).exists() {
        found.insert(fragment::FILE.to_string());
    }
    Ok(found)
}

/// Only a line of single commits on top of the base can be a series.
fn check_history(room: &Room, tip: &str) -> Result<()> {
    let mut command = room.git();
    command.args(["merge-base", "--is-ancestor", room.base(), tip]);
    if !run::succeeds(command) {
        bail!(Failure::new(format!(
            "the branch `series` is not on top of the base, {:.12}",
            room.base()
        ))
        .hint("git rebase it in the kernel worktree onto this commit"));
    }
    let range = format!("{}..{tip}", room.base());
    let merges = git::line(room.git(), &["rev-list", "--merges", &range])?;
    if let Some(merge) = merges.lines().next() {
        bail!(Failure::new(format!(
            "{merge:.12} is a merge: a series is a line of single commits"
        ))
        .hint("git rebase the branch in the kernel worktree onto the base"));
    }
    let commits = git::line(room.git(), &["rev-list", "--reverse", &range])?;
    if commits.is_empty() {
        bail!("the branch `series` has no commit on top of the base: there is nothing to export");
    }
    for commit in commits.lines() {
        let mut command = room.git();
        command.args(["diff", "--quiet", &format!("{commit}^"), commit]);
        if run::succeeds(command) {
            bail!(Failure::new(format!("commit {commit:.12} changes nothing"))
                .hint("drop it with git rebase -i in the kernel worktree"));
        }
    }
    Ok(())
}

fn show(room: &Room, commit: &str, path: &str) -> Result<String> {
    let object = format!("{commit}:{path}");
    let mut exists = room.git();
    exists.args(["cat-file", "-e", &object]);
    if !run::succeeds(exists) {
        return Ok(String::new());
    }
    Ok(
        String::from_utf8_lossy(&git::bytes(room.git(), &["cat-file", "blob", &object])?)
            .into_owned(),
    )
}

/// The files that are there at `tip` and not in the base.
fn created(room: &Room, tip: &str) -> Result<BTreeMap<String, File>> {
    let mut command = room.git();
    command.args([
        "diff-tree",
        "-r",
        "-z",
        "--no-renames",
        "--diff-filter=A",
        room.base(),
        tip,
    ]);
    let text = String::from_utf8(git::bytes::<&str>(command, &[])?)
        .context("the name of a created file is not UTF-8")?;
    let mut fields = text.split_terminator('\0');
    let mut files = BTreeMap::new();
    while let (Some(entry), Some(path)) = (fields.next(), fields.next()) {
        let entry: Vec<_> = entry.split(' ').collect();
        let [_, mode, _, object, _] = entry[..] else {
            bail!("cannot read what git diff-tree says about {path}");
        };
        let file = File {
            bytes: git::bytes(room.git(), &["cat-file", "blob", object])?,
            executable: mode == "100755",
        };
        files.insert(path.to_string(), file);
    }
    Ok(files)
}

/// Applies `patches` and compares the result with the commits they were made from. A message with
/// a line that ends it for `git am`, for one, would be lost on the way.
fn round_trip(room: &Room, manifest: &Manifest, patches: &[Patch], tip: &str) -> Result<()> {
    let dir = room.dir().join("round-trip");
    fs::create_dir_all(&dir)?;
    let mut files = Vec::new();
    for patch in patches {
        let path = dir.join(&patch.file);
        fs::write(&path, &patch.text)?;
        files.push(path);
    }
    let paths = series::paths(patches);
    let committer = Committer::Reproducible(&manifest.author);
    let applied = match room.am(room.base(), &files, &paths, &committer)? {
        Ok(commit) => commit,
        Err(rejected) => bail!(apply::failure(patches, &rejected).hint(
            "git rebase -i in the kernel worktree, to reword it: git am may take lines of its \
                 message for a diff"
        )),
    };
    let log = |to: &str| -> Result<Vec<String>> {
        let range = format!("{}..{to}", room.base());
        let format = "--format=%T%n%an <%ae>%n%ad%n%B%x00";
        let text = git::line(
            room.git(),
            &["log", "--reverse", "--date=raw", format, &range],
        )?;
        let commits = text.split_terminator('\0');
        Ok(commits.map(|commit| commit.trim().to_string()).collect())
    };
    let (before, after) = (log(tip)?, log(&applied)?);
    for (patch, (before, after)) in patches.iter().zip(before.iter().zip(&after)) {
        if before != after {
            let same = before
                .lines()
                .zip(after.lines())
                .take_while(|(a, b)| a == b)
                .count();
            let lost = match (same, before.lines().nth(same)) {
                (0, _) => "the files",
                (_, Some("")) => "an empty line",
                (_, Some(line)) => line,
                (_, None) => "the end",
            };
            bail!(Failure::new(format!(
                "the commit of {} does not survive git format-patch and git am",
                patch.file
            ))
            .lines([format!("lost or changed: {lost}")])
            .hint("reword its message with git rebase -i in the kernel worktree"));
        }
    }
    if before.len() != after.len() {
        bail!("of {} commits, git am makes {}", before.len(), after.len());
    }
    Ok(())
}
