// SPDX-License-Identifier: GPL-2.0

//! One patch, as `git format-patch` writes it.

use anyhow::{bail, Result};
use manifest::Person;

/// A patch of the series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Name of its file in `patches/`.
    pub file: String,
    /// Subject, without `[PATCH]`.
    pub subject: String,
    /// Who wrote it.
    pub author: Person,
    /// The same as it stands in the `From:` header, quoted where it has to be.
    pub(crate) from: String,
    /// When, as in the `Date:` header.
    pub date: String,
    /// The message below the subject.
    pub message: String,
    /// What follows the message: `---`, statistics and diff.
    pub diff: String,
    /// The files it changes.
    pub(crate) files: Vec<Touched>,
    /// All of it.
    pub text: String,
}

/// A file that a patch changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Its path in the kernel tree.
    pub(crate) path: String,
    /// What happens to it.
    pub(crate) touch: Touch,
}

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    /// It is new.
    Created,
    /// Its content or mode changes.
    Changed,
    /// It is removed.
    Deleted,
}

impl Patch {
    /// Reads the patch `file` with this content.
    pub(crate) fn parse(file: &str, bytes: &[u8]) -> Result<Self> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            let good = std::str::from_utf8(bytes).map_or_else(|err| err.valid_up_to(), str::len);
            let line = bytes[..good].iter().filter(|b| **b == b'\n').count() + 1;
            bail!("patches/{file}:{line}: not UTF-8, which mail readers would mangle");
        };
        if let Some(at) = text.split('\n').position(|line| line.contains('\r')) {
            bail!(
                "patches/{file}:{}: a carriage return, which b4 and mail do not keep: use plain \
                 line feeds",
                at + 1
            );
        }
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let Some(blank) = lines.iter().position(|line| *line == "\n") else {
            bail!("patches/{file}:1: not a patch: it has no header");
        };
        let headers = Headers::parse(&lines[..blank]);
        let Some(mark) = lines[blank..].iter().position(|line| *line == "---\n") else {
            bail!(
                "patches/{file}:{}: the line `---` after the message is missing",
                blank + 1
            );
        };
        let message: String = lines[blank + 1..blank + mark].concat();
        if let Some(at) = message.lines().position(|line| line.starts_with("From ")) {
            bail!(
                "patches/{file}:{}: b4 writes `>From ` for a line of a message that begins with \
                 `From `: reword or indent it",
                blank + 2 + at
            );
        }
        let diff: String = lines[blank + mark..].concat();

        let subject = headers.get(file, "Subject")?;
        let Some(subject) = subject.strip_prefix("[PATCH] ") else {
            bail!("patches/{file}: the subject must begin with [PATCH], without a number");
        };
        if subject.starts_with('[') {
            bail!(
                "patches/{file}: b4 drops the brackets at the beginning of the subject \
                 `{subject}`: reword it"
            );
        }
        let from = headers.get(file, "From")?;
        let Some((name, email)) = from
            .strip_suffix('>')
            .and_then(|from| from.rsplit_once(" <"))
        else {
            bail!("patches/{file}: From: has no name and address");
        };
        let files = touched(file, &lines[blank + mark..])?;
        if files.is_empty() {
            bail!("patches/{file}: it changes no file");
        }
        Ok(Self {
            file: file.to_string(),
            subject: subject.to_string(),
            author: Person {
                name: unquote(name),
                email: email.to_string(),
            },
            from: from.clone(),
            date: headers.get(file, "Date")?,
            message,
            diff,
            files,
            text: text.to_string(),
        })
    }

    /// The line of the file on which `part`, a part of its text, first stands; the first line if
    /// it has none.
    pub(crate) fn line_of(&self, part: &str) -> usize {
        self.text
            .find(part)
            .map_or(1, |at| self.text[..at].matches('\n').count() + 1)
    }
}

struct Headers(Vec<(String, String)>);

impl Headers {
    fn parse(lines: &[&str]) -> Self {
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            let line = line.trim_end_matches('\n');
            if let (Some(more), Some(last)) = (line.strip_prefix(' '), headers.last_mut()) {
                last.1.push(' ');
                last.1.push_str(more);
            } else if let Some((name, value)) = line.split_once(": ") {
                headers.push((name.to_string(), value.to_string()));
            }
        }
        Self(headers)
    }

    fn get(&self, file: &str, name: &str) -> Result<String> {
        match self.0.iter().find(|(header, _)| header == name) {
            Some((_, value)) => Ok(value.clone()),
            None => bail!("patches/{file}:1: the header {name}: is missing"),
        }
    }
}

/// A name as it is, from a name as it stands in a header.
fn unquote(name: &str) -> String {
    match name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
    {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => name.to_string(),
    }
}

/// The files of a diff. Lines of hunks never begin with `diff`.
fn touched(file: &str, lines: &[&str]) -> Result<Vec<Touched>> {
    let mut files: Vec<Touched> = Vec::new();
    let mut in_header = false;
    for line in lines {
        let line = line.trim_end_matches('\n');
        if let Some(names) = line.strip_prefix("diff --git ") {
            in_header = true;
            // Without renames both names are the same: a/NAME b/NAME.
            let path = names
                .get(2..names.len() / 2)
                .filter(|path| names == format!("a/{path} b/{path}"));
            match path {
                Some(path) => files.push(Touched {
                    path: path.to_string(),
                    touch: Touch::Changed,
                }),
                None => bail!("patches/{file}: cannot read the file names in `{line}`"),
            }
        } else if line.starts_with("@@ ") {
            in_header = false;
        } else if in_header {
            let Some(last) = files.last_mut() else {
                continue;
            };
            if line.starts_with("new file mode ") {
                last.touch = Touch::Created;
                if line.ends_with("120000") || line.ends_with("160000") {
                    bail!("patches/{file}: {} is a link, not a file", last.path);
                }
            } else if line.starts_with("deleted file mode ") {
                last.touch = Touch::Deleted;
            } else if line.starts_with("Binary files ") || line == "GIT binary patch" {
                bail!(
                    "patches/{file}: {} is binary: the series is text",
                    last.path
                );
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "\
From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: \"J. Q. Übel\" <j@example.org>
Date: Mon, 1 Jan 2024 00:00:00 +0100
Subject: [PATCH] a: very long
 subject

Why.

Signed-off-by: J. Q. Übel <j@example.org>
---
 a b | 1 +

diff --git a/a b b/a b
new file mode 100644
index 0..1
--- /dev/null
+++ b/a b
@@ -0,0 +1 @@
+new file mode 120000
diff --git a/x b/x
deleted file mode 100644
index 0..1
";

    fn error(text: &str) -> String {
        Patch::parse("0001-a.patch", text.as_bytes())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn all_parts_are_found() {
        let patch = Patch::parse("0001-a.patch", PATCH.as_bytes()).unwrap();
        assert_eq!(patch.subject, "a: very long subject");
        assert_eq!(patch.author.to_string(), "J. Q. Übel <j@example.org>");
        assert_eq!(
            patch.message,
            "Why.\n\nSigned-off-by: J. Q. Übel <j@example.org>\n"
        );
        assert!(patch.diff.starts_with("---\n a b | 1 +\n"));
        let files: Vec<_> = patch
            .files
            .iter()
            .map(|f| (f.path.as_str(), f.touch))
            .collect();
        assert_eq!(files, [("a b", Touch::Created), ("x", Touch::Deleted)]);
        assert_eq!(patch.line_of("Why."), 7);
    }

    #[test]
    fn what_would_not_survive_mail_is_refused() {
        let text = PATCH.replace("Why.", "Why.\r");
        assert!(error(&text).starts_with("patches/0001-a.patch:7: a carriage return"));
        let mut bytes = PATCH.as_bytes().to_vec();
        bytes.push(0xff);
        let err = Patch::parse("0001-a.patch", &bytes)
            .unwrap_err()
            .to_string();
        assert!(
            err.starts_with("patches/0001-a.patch:23: not UTF-8"),
            "{err}"
        );
        let text = PATCH.replace(
            "mode 100644\nindex 0..1\n---",
            "mode 120000\nindex 0..1\n---",
        );
        assert!(error(&text).contains("a b is a link"));
        let text = format!("{PATCH}Binary files a/x and /dev/null differ\n");
        assert!(error(&text).contains("x is binary"));
        let text = PATCH.replace("Why.", "Why.\nFrom now on.");
        assert!(error(&text).starts_with("patches/0001-a.patch:8: b4 writes"));
        let text = PATCH.replace("[PATCH] a", "[PATCH] [b] a");
        assert!(error(&text).contains("b4 drops the brackets"));
    }

    #[test]
    fn what_is_no_patch_is_refused() {
        assert!(error("x").contains("no header"));
        assert!(error(&PATCH.replace("---\n a", " a")).contains("`---`"));
        assert!(error(&PATCH.replace("[PATCH]", "[PATCH 1/2]")).contains("without a number"));
        assert!(error(&PATCH.replace("Date:", "Dat:")).contains("Date: is missing"));
        assert!(error(PATCH.split("diff ").next().unwrap()).contains("changes no file"));
    }
}
