// SPDX-License-Identifier: GPL-2.0

//! `get_maintainer.pl --self-test`.

use std::collections::HashSet;
use std::fs;

use anyhow::{Context, Result};

use super::Finding;
use crate::room::Room;
use crate::{fragment, send, Kernel, Programs};

/// Runs the self-tests for sections and file patterns on the tree with the series applied, of which
/// `tip` is the commit, as [`apply`](crate::Series::apply) returned it.
///
/// What the base is found guilty of does not count. The pattern test looks at the entries that the
/// series adds to or changes only: for all of `MAINTAINERS` it takes minutes.
pub fn maintainers(programs: &dyn Programs, kernel: &Kernel, tip: &str) -> Result<Vec<Finding>> {
    let room = Room::new(kernel)?;
    let base = room.base().to_string();
    let mut known = HashSet::new();
    let mut findings = Vec::new();
    let mut texts = Vec::new();
    for commit in [base.as_str(), tip] {
        send::script_tree(&room, commit)?;
        let path = room.dir().join("MAINTAINERS");
        texts.push(
            fs::read_to_string(&path)
                .with_context(|| format!("{commit:.12} has no MAINTAINERS"))?,
        );
        for finding in self_test(programs, &room, "sections")? {
            if commit == base {
                known.insert(finding.text);
            } else if !known.contains(&finding.text) {
                findings.push(finding);
            }
        }
    }

    // The same file, but with all lines blank that are not in an entry of ours.
    let added = fragment::added(&texts[0], &texts[1]);
    let ours: HashSet<(&str, &str)> = added
        .iter()
        .flat_map(|entry| entry.lines.iter().map(|line| (entry.title, *line)))
        .collect();
    let titles: HashSet<&str> = added.iter().map(|entry| entry.title).collect();
    let mut title = "";
    let mut previous = "";
    let mut reduced = String::new();
    for line in texts[1].lines() {
        if previous.is_empty() && titles.contains(line) {
            title = line;
            reduced.push_str(line);
        } else if line.is_empty() {
            title = "";
        } else if ours.contains(&(title, line)) {
            reduced.push_str(line);
        }
        reduced.push('\n');
        previous = line;
    }
    fs::write(room.dir().join("MAINTAINERS"), reduced)?;
    findings.extend(self_test(programs, &room, "patterns")?);
    Ok(findings)
}

fn self_test(programs: &dyn Programs, room: &Room, kind: &str) -> Result<Vec<Finding>> {
    let mut command = programs.command(room.dir(), "perl");
    command
        .env("HOME", room.dir())
        .env("GIT_DIR", room.dir().join(".git"))
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .args(["scripts/get_maintainer.pl", &format!("--self-test={kind}")]);
    let text = run::output(command, "scripts/get_maintainer.pl --self-test")?;
    Ok(text.lines().filter_map(finding).collect())
}

/// `./MAINTAINERS:12: warning: …`
fn finding(line: &str) -> Option<Finding> {
    let (number, text) = line
        .trim_start_matches("./")
        .strip_prefix("MAINTAINERS:")?
        .split_once(": ")?;
    Some(Finding::new(
        "MAINTAINERS",
        number.parse::<usize>().ok(),
        text.replace('\t', " "),
    ))
}
