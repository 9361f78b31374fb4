// SPDX-License-Identifier: GPL-2.0

//! The kernel's `checkpatch.pl`.

use std::fs;

use anyhow::{bail, Context, Result};
use run::{Failure, Ui};

use super::Finding;
use crate::room::Room;
use crate::{send, Kernel, Programs, Series};

/// What `checkpatch.pl` says without cause.
///
/// `FILE_PATH_CHANGES` asks with every new file whether `MAINTAINERS` needs an update, also when
/// the entry is there since an earlier patch. `UNKNOWN_COMMIT_ID` looks the commits of `Fixes:` up
/// in a history that the base does not have.
const IGNORED: &[&str] = &["FILE_PATH_CHANGES", "UNKNOWN_COMMIT_ID"];

/// Runs the `checkpatch.pl --strict` of the base on each patch.
pub fn checkpatch(
    ui: &Ui,
    programs: &dyn Programs,
    series: &Series,
    kernel: &Kernel,
) -> Result<Vec<Finding>> {
    let room = Room::new(kernel)?;
    let base = room.base().to_string();
    send::script_tree(&room, &base)?;
    let step = ui.step("checkpatch.pl --strict");
    let mut findings = Vec::new();
    for (at, patch) in series.patches.iter().enumerate() {
        step.progress(at as u64, series.patches.len() as u64, &patch.file);
        let file = room.dir().join(&patch.file);
        fs::write(&file, &patch.text)?;
        let out = programs
            .command(room.dir(), "perl")
            .env("HOME", room.dir())
            // A base made from an archive has no history in which commits could be looked up.
            .env("GIT_DIR", "/nonexistent")
            .args([
                "scripts/checkpatch.pl",
                "--strict",
                "--terse",
                "--show-types",
            ])
            .args([
                "--no-summary",
                "--color=never",
                "--ignore",
                &IGNORED.join(","),
            ])
            .arg(&patch.file)
            .output()
            .context("cannot start perl")?;
        let before = findings.len();
        let text = String::from_utf8_lossy(&out.stdout);
        findings.extend(text.lines().filter_map(|line| finding(&patch.file, line)));
        if !out.status.success() && findings.len() == before {
            let errors = String::from_utf8_lossy(&out.stderr).into_owned();
            bail!(
                Failure::new(format!("checkpatch.pl failed on {}", patch.file))
                    .lines(errors.lines().chain(text.lines()).take(10))
            );
        }
    }
    step.done(format!("{} findings", findings.len()));
    Ok(findings)
}

/// `0001-x.patch:12: WARNING:LONG_LINE: …`
fn finding(file: &str, line: &str) -> Option<Finding> {
    let rest = line.strip_prefix(file)?.strip_prefix(':')?;
    let (number, text) = rest.split_once(": ")?;
    let number = number.trim_matches(':').parse().ok();
    Some(Finding::new(format!("patches/{file}"), number, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let found = finding(
            "0001-x.patch",
            "0001-x.patch:12: WARNING:LONG_LINE: too long",
        )
        .unwrap();
        assert_eq!(
            found.to_string(),
            "patches/0001-x.patch:12: WARNING:LONG_LINE: too long"
        );
        assert!(finding("0001-x.patch", "No structs that should be const").is_none());
    }
}
