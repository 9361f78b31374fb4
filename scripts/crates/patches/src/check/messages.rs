// SPDX-License-Identifier: GPL-2.0

//! What `Documentation/process/submitting-patches.rst` asks of every message.

use super::Finding;
use crate::{Patch, Series};

/// Checks that each patch says why it is there and is signed off by its author.
pub fn messages(series: &Series) -> Vec<Finding> {
    series.patches.iter().flat_map(check).collect()
}

fn check(patch: &Patch) -> Vec<Finding> {
    let file = format!("patches/{}", patch.file);
    let mut findings = Vec::new();
    let wanted = format!("Signed-off-by: {}", patch.author);
    if !patch.message.lines().any(|line| line == wanted) {
        let line = patch.line_of("\n---\n") + 1;
        findings.push(Finding::new(
            &file,
            line,
            format!("`{wanted}` is missing: git commit -s"),
        ));
    }
    if !patch
        .message
        .lines()
        .any(|line| !line.trim().is_empty() && !is_trailer(line))
    {
        let line = patch.line_of("Subject: ");
        findings.push(Finding::new(
            &file,
            line,
            "the message has no text: say why the patch is there",
        ));
    }
    findings
}

/// `Some-words: …`
fn is_trailer(line: &str) -> bool {
    line.split_once(": ").is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(message: &str) -> Vec<String> {
        let text = format!(
            "From 0 Mon Sep 17 00:00:00 2001\nFrom: A <a@x>\nDate: d\nSubject: [PATCH] s\n\n{message}---\n a | 1 +\n\n\
             diff --git a/a b/a\nindex 0..1 100644\n"
        );
        let patch = Patch::parse("0001-s.patch", text.as_bytes()).unwrap();
        check(&patch).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_message_with_text_and_sign_off_passes() {
        assert_eq!(
            found("Why: because.\nMore text.\n\nSigned-off-by: A <a@x>\n"),
            [""; 0]
        );
    }

    #[test]
    fn missing_parts_are_found() {
        assert_eq!(
            found("Why it is.\n\nSigned-off-by: B <b@x>\n"),
            ["patches/0001-s.patch:9: `Signed-off-by: A <a@x>` is missing: git commit -s"]
        );
        assert_eq!(
            found("Signed-off-by: A <a@x>\n"),
            ["patches/0001-s.patch:4: the message has no text: say why the patch is there"]
        );
    }
}
