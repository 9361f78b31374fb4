// SPDX-License-Identifier: GPL-2.0

//! The series as mails, and who gets them.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Context, Result};
use manifest::{Manifest, Topic};

use crate::mail::Mail;
use crate::patch::Patch;
use crate::room::Room;
use crate::{cover, Kernel, Programs, Series};

/// Who a thread goes to. Each as `address` or `Name <address>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipients {
    /// Maintainers and reviewers.
    pub to: Vec<String>,
    /// Lists, and who else gets a copy.
    pub cc: Vec<String>,
}

impl Series {
    /// All patches as one thread: an mbox with the cover letter and the numbered patches, that
    /// `b4 am` takes as if it came from a list.
    pub fn mbox(&self, recipients: &Recipients) -> Result<String> {
        let body = self.cover.split_once("\n\n").map_or("", |(_, body)| body);
        let thread = Thread {
            series: self,
            topic: None,
            patches: &self.patches,
            recipients,
        };
        Ok(thread.mbox(&self.manifest.cover.subject, body))
    }

    /// The patches of one topic as a thread of its own, numbered in itself. `tip` is the commit
    /// that [`Series::apply`] returned.
    pub fn topic_mbox(
        &self,
        kernel: &Kernel,
        tip: &str,
        topic: &str,
        recipients: &Recipients,
    ) -> Result<String> {
        let (topic, range) = self.topic(topic)?;
        let patches = &self.patches[range.clone()];
        let room = Room::new(kernel)?;
        let after = self.patches.len() - range.end;
        let from = format!("{tip}~{}", self.patches.len() - range.start);
        let statistics = cover::statistics(&room, &from, &format!("{tip}~{after}"))?;
        let mut text = format!("{}\n", self.manifest.cover.text);
        text.push_str(&format!(
            "These are the {} patches of the series that are for you: {}.\n",
            patches.len(),
            topic.title
        ));
        if range.start > 0 {
            text.push_str(&format!(
                "They come after {} other patches of it.\n",
                range.start
            ));
        }
        let body = cover::body(&self.manifest, &text, patches, &statistics);
        let thread = Thread {
            series: self,
            topic: Some(topic),
            patches,
            recipients,
        };
        Ok(thread.mbox(&topic.title, &body))
    }

    /// The Message-ID of the cover letter, without angle brackets: what `b4 am` asks for.
    pub fn message_id(&self, topic: Option<&str>) -> Result<String> {
        let topic = topic.map(|name| self.manifest.topic(name)).transpose()?;
        Ok(cover_id(&self.manifest, topic))
    }

    /// Who gets a topic, or all of the series: the maintainers of the files that it touches by the
    /// `MAINTAINERS` of the base, the lists of the topic, and the addresses of the manifest.
    pub fn recipients(
        &self,
        programs: &dyn Programs,
        kernel: &Kernel,
        topic: Option<&str>,
    ) -> Result<Recipients> {
        let (topics, range) = match topic {
            Some(name) => {
                let (topic, range) = self.topic(name)?;
                (vec![topic], range)
            }
            None => (self.manifest.topics.iter().collect(), 0..self.patches.len()),
        };
        let room = Room::new(kernel)?;
        let base = room.base().to_string();
        script_tree(&room, &base)?;
        let mut files = Vec::new();
        for patch in &self.patches[range] {
            let path = room.dir().join(&patch.file);
            fs::write(&path, &patch.text)?;
            files.push(path);
        }
        let people = maintainers(programs, &room, &["--nol"], &files)?;
        let lists = maintainers(programs, &room, &["--nom", "--nor"], &files)?;
        let mut seen = BTreeSet::new();
        let mut fresh = |addresses: Vec<String>| -> Vec<String> {
            let mut addresses = addresses;
            addresses.retain(|address| seen.insert(bare(address).to_ascii_lowercase()));
            addresses
        };
        let to = fresh([self.manifest.to.clone(), people].concat());
        let named = topics
            .iter()
            .flat_map(|topic| topic.lists.iter().cloned())
            .collect();
        let cc = fresh([named, lists, self.manifest.cc.clone()].concat());
        Ok(Recipients { to, cc })
    }

    fn topic(&self, name: &str) -> Result<(&Topic, Range<usize>)> {
        let topic = self.manifest.topic(name)?;
        let at = self
            .manifest
            .topics
            .iter()
            .position(|other| other.name == name);
        Ok((topic, self.topics[at.unwrap_or_default()].clone()))
    }
}

/// `address` without a name.
fn bare(address: &str) -> &str {
    match address.rsplit_once('<') {
        Some((_, email)) => email.trim_end_matches('>'),
        None => address,
    }
}

/// Puts into the room what the kernel's scripts take for the top of a kernel tree.
pub(crate) fn script_tree(room: &Room, commit: &str) -> Result<()> {
    let files = [
        "COPYING",
        "CREDITS",
        "Kbuild",
        "Kconfig",
        "MAINTAINERS",
        "Makefile",
        "README",
        "scripts",
        ".get_maintainer.ignore",
        ".get_maintainer.conf",
        ".checkpatch.conf",
        "Documentation/dev-tools/checkpatch.rst",
        "Documentation/devicetree/bindings/vendor-prefixes.yaml",
    ];
    room.fill(commit, &BTreeSet::from(files))?;
    for name in [
        "Documentation",
        "arch",
        "include",
        "drivers",
        "fs",
        "init",
        "ipc",
        "kernel",
        "lib",
    ] {
        fs::create_dir_all(room.dir().join(name))?;
    }
    Ok(())
}

fn maintainers(
    programs: &dyn Programs,
    room: &Room,
    options: &[&str],
    files: &[PathBuf],
) -> Result<Vec<String>> {
    let mut command = programs.command(room.dir(), "perl");
    command
        .env("HOME", room.dir())
        .args(["scripts/get_maintainer.pl", "--no-git", "--no-git-fallback"])
        .args(["--norolestats", "--nofixes"])
        .args(options)
        .args(files);
    let text = run::output(command, "scripts/get_maintainer.pl").context("no recipients")?;
    Ok(text
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .map(str::to_string)
        .collect())
}

/// Message-IDs in the shape of b4's, but always the same for the same version of the series, so
/// that a thread can be found by what is in the repository.
fn id(manifest: &Manifest, topic: Option<&Topic>, number: usize) -> String {
    let (stable, random) = manifest
        .change_id
        .rsplit_once('-')
        .unwrap_or((&manifest.change_id, "0"));
    let topic = topic.map_or(String::new(), |topic| format!("-{}", topic.name));
    let domain = manifest
        .author
        .email
        .rsplit_once('@')
        .map_or("b4", |(_, domain)| domain);
    format!(
        "{stable}{topic}-v{}-{number}-{random}@{domain}",
        manifest.version
    )
}

pub(crate) fn cover_id(manifest: &Manifest, topic: Option<&Topic>) -> String {
    id(manifest, topic, 0)
}

struct Thread<'a> {
    series: &'a Series,
    topic: Option<&'a Topic>,
    patches: &'a [Patch],
    recipients: &'a Recipients,
}

impl Thread<'_> {
    fn mbox(&self, title: &str, cover: &str) -> String {
        let manifest = &self.series.manifest;
        let mail = |number: usize, subject: &str, date, body| Mail {
            from: manifest.author.to_string(),
            date,
            subject: format!("[{}] {subject}", self.tag(number)),
            id: format!("<{}>", id(manifest, self.topic, number)),
            parent: (number > 0).then(|| format!("<{}>", cover_id(manifest, self.topic))),
            to: &self.recipients.to,
            cc: &self.recipients.cc,
            change_id: &manifest.change_id,
            body,
        };
        let mut mbox = String::new();
        let date = self.patches.last().map_or("", |patch| patch.date.as_str());
        mail(0, title, date, cover.to_string()).write(&mut mbox);
        for (at, patch) in self.patches.iter().enumerate() {
            let mut body = String::new();
            if patch.author != manifest.author {
                body.push_str(&format!("From: {}\n\n", patch.from));
            }
            body.push_str(&patch.message);
            body.push_str(&patch.diff);
            mail(at + 1, &patch.subject, &patch.date, body).write(&mut mbox);
        }
        mbox
    }

    /// What stands in the brackets before the subject, as `git format-patch` writes it.
    fn tag(&self, number: usize) -> String {
        let manifest = &self.series.manifest;
        let mut tag = match manifest.prefix.as_deref() {
            Some("RFC") => "RFC PATCH".to_string(),
            Some(prefix) => format!("PATCH {prefix}"),
            None => "PATCH".to_string(),
        };
        if manifest.version > 1 {
            tag.push_str(&format!(" v{}", manifest.version));
        }
        let count = self.patches.len();
        let width = count.to_string().len();
        tag.push_str(&format!(" {number:0width$}/{count}"));
        tag
    }
}
