// SPDX-License-Identifier: GPL-2.0

//! `MAINTAINERS.fragment`: what the series adds to `MAINTAINERS`.

use std::collections::HashMap;

/// The name of the fragment, at the top of the repository.
pub(crate) const FILE: &str = "MAINTAINERS.fragment";

/// An entry of `MAINTAINERS`: its title, and its lines with their numbers.
pub(crate) struct Entry<'a> {
    pub(crate) title: &'a str,
    pub(crate) lines: Vec<&'a str>,
}

/// The entries of a `MAINTAINERS` file: paragraphs in which a title is followed by `X:` lines.
pub(crate) fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    for paragraph in text.split("\n\n") {
        let mut lines = paragraph.trim_matches('\n').lines();
        let (Some(title), Some(first)) = (lines.next(), lines.next()) else {
            continue;
        };
        if is_field(first) && !is_field(title) && !title.starts_with([' ', '\t']) {
            let lines = std::iter::once(first).chain(lines).collect();
            entries.push(Entry { title, lines });
        }
    }
    entries
}

fn is_field(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.len() > 2 && bytes[0].is_ascii_uppercase() && bytes[1] == b':' && bytes[2] == b'\t'
}

/// What changes from the file `base` to the file `ours`: new entries in full, of changed entries
/// the title and the lines that were added.
pub(crate) fn added<'a>(base: &str, ours: &'a str) -> Vec<Entry<'a>> {
    let old: HashMap<_, _> = entries(base)
        .into_iter()
        .map(|entry| (entry.title, entry.lines))
        .collect();
    let mut result = Vec::new();
    for mut entry in entries(ours) {
        if let Some(lines) = old.get(entry.title) {
            let mut left = lines.clone();
            entry
                .lines
                .retain(|line| match left.iter().position(|old| old == line) {
                    Some(at) => {
                        left.remove(at);
                        false
                    }
                    None => true,
                });
        }
        if !entry.lines.is_empty() {
            result.push(entry);
        }
    }
    result
}

/// Entries as text.
pub(crate) fn text(entries: &[Entry<'_>]) -> String {
    let paragraphs: Vec<_> = entries
        .iter()
        .map(|entry| format!("{}\n{}\n", entry.title, entry.lines.join("\n")))
        .collect();
    paragraphs.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "List of maintainers\n===\n\n\tM: how\n\nA DRIVER\nM:\tA <a@x>\nF:\ta/\n\n\
                        B DRIVER\nM:\tB <b@x>\nF:\tb/\n";

    #[test]
    fn new_entries_are_complete_and_changed_ones_show_what_was_added() {
        let ours =
            BASE.replace("F:\ta/\n", "F:\ta/\nF:\ta.rs\n") + "\nC DRIVER\nM:\tC <c@x>\nF:\tc/\n";
        assert_eq!(
            text(&added(BASE, &ours)),
            "A DRIVER\nF:\ta.rs\n\nC DRIVER\nM:\tC <c@x>\nF:\tc/\n"
        );
    }

    #[test]
    fn nothing_added_is_nothing() {
        assert_eq!(text(&added(BASE, BASE)), "");
        assert_eq!(entries(BASE).len(), 2);
    }
}
