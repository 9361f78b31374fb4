// SPDX-License-Identifier: GPL-2.0

//! The series as it stands in the repository.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{bail, Context, Result};
use manifest::Manifest;
use run::Failure;

use crate::patch::Patch;
use crate::{cover, git};

/// The directory of the patches, in the repository.
pub(crate) const DIR: &str = "patches";

/// The manifest and the patches.
#[derive(Clone, Debug)]
pub struct Series {
    /// The top of the repository.
    pub top: PathBuf,
    /// The manifest.
    pub manifest: Manifest,
    /// The patches in order.
    pub patches: Vec<Patch>,
    /// The patches of each topic of the manifest.
    pub topics: Vec<Range<usize>>,
    /// The cover letter as `export` wrote it.
    pub(crate) cover: String,
}

impl Series {
    /// Reads the series of the repository at `top`.
    pub fn load(top: &Path) -> Result<Self> {
        let manifest = Manifest::load(top)?;
        let (cover, patches) = read(top)?;
        if patches.is_empty() {
            bail!(Failure::new("there are no patches in patches/")
                .hint("cargo series export, which writes them from the branch `series`"));
        }
        let Some(cover) = cover else {
            bail!(Failure::new(format!("{DIR}/{} is missing", cover::FILE))
                .hint("cargo series export, which writes it from b4.toml"));
        };
        let subjects: Vec<_> = patches.iter().map(|patch| patch.subject.as_str()).collect();
        let topics = manifest.arrange(&subjects)?;
        Ok(Self {
            top: top.to_path_buf(),
            manifest,
            patches,
            topics,
            cover,
        })
    }

    /// Names the base and the patches: equal exactly when the series applies to the same kernel
    /// with the same result.
    pub fn digest(&self) -> Result<String> {
        let mut child = git::clean(&self.top)
            .args(["hash-object", "--no-filters", "--stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start git")?;
        if let Some(mut stdin) = child.stdin.take() {
            // The committer is part of every commit.
            let author = &self.manifest.author;
            write!(stdin, "{} {author}\0", self.manifest.base.sha256)?;
            for patch in &self.patches {
                write!(stdin, "{}\0", patch.text)?;
            }
        }
        let out = child.wait_with_output()?;
        if !out.status.success() {
            bail!("git hash-object failed ({})", out.status);
        }
        Ok(String::from_utf8(out.stdout)?.trim().to_string())
    }

    /// The paths of all files the series touches.
    pub fn paths(&self) -> BTreeSet<&str> {
        paths(&self.patches)
    }

    /// Where the patch `index` is.
    pub(crate) fn patch_file(&self, index: usize) -> PathBuf {
        self.top.join(DIR).join(&self.patches[index].file)
    }
}

pub(crate) fn paths(patches: &[Patch]) -> BTreeSet<&str> {
    patches
        .iter()
        .flat_map(|patch| &patch.files)
        .map(|file| file.path.as_str())
        .collect()
}

/// The cover letter and the patches in `patches/`, which may be empty or missing.
pub(crate) fn read(top: &Path) -> Result<(Option<String>, Vec<Patch>)> {
    let dir = top.join(DIR);
    let mut names = Vec::new();
    if dir.exists() {
        for entry in fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    let mut cover = None;
    let mut patches = Vec::new();
    for name in names {
        let read = || {
            let path = dir.join(&name);
            fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        if name == cover::FILE {
            cover = Some(String::from_utf8(read()?).context("the cover letter is not UTF-8")?);
            continue;
        }
        let number = name
            .strip_suffix(".patch")
            .and_then(|name| name.split_once('-'))
            .filter(|(number, _)| number.len() == 4)
            .and_then(|(number, _)| number.parse::<usize>().ok());
        let expected = patches.len() + 1;
        match number {
            Some(number) if number == expected => patches.push(Patch::parse(&name, &read()?)?),
            Some(number) if number > expected => bail!(Failure::new(format!(
                "{DIR}/{expected:04}-….patch is missing: after patch {} comes {name}",
                expected - 1
            ))
            .hint("git checkout -- patches, or cargo series export")),
            Some(_) => bail!(Failure::new(format!(
                "{DIR}/{name} has the same number as the patch before it"
            ))
            .hint("remove one of the two, or cargo series export")),
            None => bail!(Failure::new(format!(
                "{DIR}/{name} is not a patch of the series: their names are NNNN-subject.patch"
            ))
            .hint("move it out of patches/")),
        }
    }
    Ok((cover, patches))
}
