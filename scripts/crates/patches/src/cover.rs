// SPDX-License-Identifier: GPL-2.0

//! The cover letter.

use std::fmt::Write;

use anyhow::Result;
use manifest::Manifest;

use crate::git;
use crate::patch::Patch;
use crate::room::Room;

/// The name of the cover letter in `patches/`.
pub(crate) const FILE: &str = "0000-cover-letter.patch";

/// The cover letter of the whole series as it stands in `patches/`.
pub(crate) fn letter(manifest: &Manifest, patches: &[Patch], statistics: &str) -> String {
    let date = patches.last().map_or("", |patch| patch.date.as_str());
    format!(
        "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n\
         From: {}\nDate: {date}\nSubject: [PATCH] {}\n\n{}",
        manifest.author,
        manifest.cover.subject,
        body(manifest, &manifest.cover.text, patches, statistics)
    )
}

/// A cover letter in the shape that b4 gives it: text, patches, statistics, and what identifies
/// the series.
///
/// There is no `base-commit:`. The commit of the base has another name in every repository that
/// was made from an archive, so the version is all that is true everywhere.
pub(crate) fn body(manifest: &Manifest, text: &str, patches: &[Patch], statistics: &str) -> String {
    format!(
        "{text}\nThe patches apply to Linux {}.\n\n---\n{}\n{statistics}---\nchange-id: {}\n",
        manifest.base.version,
        shortlog(patches),
        manifest.change_id
    )
}

/// The subjects by author, authors in the order of their first patch.
fn shortlog(patches: &[Patch]) -> String {
    let mut authors: Vec<&str> = Vec::new();
    for patch in patches {
        if !authors.contains(&patch.author.name.as_str()) {
            authors.push(&patch.author.name);
        }
    }
    let mut text = String::new();
    for author in authors {
        let of_author: Vec<_> = patches.iter().filter(|p| p.author.name == author).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{author} ({}):", of_author.len());
        for patch in of_author {
            let _ = writeln!(text, "      {}", patch.subject);
        }
        text.push('\n');
    }
    text.pop();
    text
}

/// Which files change how much between two commits.
pub(crate) fn statistics(room: &Room, from: &str, to: &str) -> Result<String> {
    let mut command = room.git();
    command.args([
        "diff",
        "--stat=72",
        "--summary",
        "--no-renames",
        "--no-color",
    ]);
    command.args(["--no-ext-diff", "--no-textconv", "--no-relative", from, to]);
    Ok(String::from_utf8(git::bytes::<&str>(command, &[])?)?)
}
