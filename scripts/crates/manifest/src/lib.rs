// SPDX-License-Identifier: GPL-2.0

//! `b4.toml`, the manifest of the series: what it is based on, who sends it, what its cover letter
//! says, and which patches go to which lists.
//!
//! It is read strictly. Whatever is wrong with it is an error that begins with the line to look
//! at, as in `b4.toml:14: …`, and says what to write instead.
//!
//! A topic names the subjects of its first and last patch. Subjects survive renumbering, so that
//! inserting, splitting or moving a patch within a topic changes nothing here, while a patch that
//! falls outside every topic is noticed.

mod raw;
mod rules;
mod topics;

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{bail, Context, Result};

/// The name of the manifest, at the top of the repository.
pub const FILE: &str = "b4.toml";

/// The manifest, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Short name of the series: lower-case words joined by `-`.
    pub name: String,
    /// Which version of the series this is, from 1.
    pub version: u32,
    /// What stands beside `PATCH` in the subjects, such as `RFC`.
    pub prefix: Option<String>,
    /// Identifies the series across its versions, as b4 does.
    pub change_id: String,
    /// The kernel that the series applies to.
    pub base: Base,
    /// Who sends the series.
    pub author: Person,
    /// Additional addresses to send all of it to.
    pub to: Vec<String>,
    /// Additional addresses to copy all of it to.
    pub cc: Vec<String>,
    /// The cover letter.
    pub cover: Cover,
    /// The topics in the order of their patches.
    pub topics: Vec<Topic>,
}

/// The kernel that a series applies to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// Its version, such as `6.18.15`.
    pub version: String,
    /// SHA-256 of Debian's source archive of it, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// A name and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}>", self.name, self.email)
    }
}

/// The part of the cover letter that people write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// Its subject, without a prefix.
    pub subject: String,
    /// Its text, ending in one line feed.
    pub text: String,
}

/// A run of patches that is for one set of readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Short name, as in `--topic`.
    pub name: String,
    /// What it does: the subject of the cover letter when it is sent alone.
    pub title: String,
    /// Subject of its first patch.
    pub first: Located,
    /// Subject of its last patch.
    pub last: Located,
    /// Lists that it goes to, besides those that `get_maintainer.pl` finds.
    pub lists: Vec<String>,
}

/// A string and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The string.
    pub value: String,
    /// Its line in the manifest, from 1.
    pub line: usize,
}

impl Manifest {
    /// Reads the manifest of the repository at `top`.
    pub fn load(top: &Path) -> Result<Self> {
        let path = top.join(FILE);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let raw = raw::parse(&text)?;
        let lines = raw::Lines::new(&text);
        let cover = match (&raw.cover.text, &raw.cover.file) {
            (Some(text), None) => text.get_ref().clone(),
            (None, Some(file)) => {
                let path = top.join(file.get_ref());
                match fs::read_to_string(&path) {
                    Ok(text) => text,
                    Err(err) => bail!(
                        "{FILE}:{}: cannot read the cover letter {}: {err}",
                        lines.of(file),
                        path.display()
                    ),
                }
            }
            _ => bail!(
                "{FILE}:{}: give the cover letter either as `text` or as `file`",
                lines.of(&raw.cover.subject)
            ),
        };
        rules::check(raw, &lines, &cover)
    }

    /// The topic called `name`.
    pub fn topic(&self, name: &str) -> Result<&Topic> {
        if let Some(topic) = self.topics.iter().find(|topic| topic.name == name) {
            return Ok(topic);
        }
        let names: Vec<_> = self
            .topics
            .iter()
            .map(|topic| topic.name.as_str())
            .collect();
        bail!(
            "{FILE} has no topic `{name}`: there are {}",
            names.join(", ")
        )
    }
}

#[cfg(test)]
mod tests;
