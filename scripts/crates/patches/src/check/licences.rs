// SPDX-License-Identifier: GPL-2.0

//! The licence line of `Documentation/process/license-rules.rst`.

use std::path::Path;

use super::{Finding, Generated};
use crate::content::File;

/// Checks that each file the series creates begins with a licence that the kernel takes, in the
/// comment style for its kind.
pub fn licences(generated: &Generated) -> Vec<Finding> {
    let files = &generated.0.created;
    files
        .iter()
        .filter_map(|(path, file)| check(path, file))
        .collect()
}

const LICENCES: &[&str] = &[
    "GPL-2.0",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-2.0+",
    "GPL-2.0 OR MIT",
    "GPL-2.0-only OR MIT",
    "GPL-2.0-only OR BSD-2-Clause",
    "GPL-2.0 OR BSD-3-Clause",
];
const SYSCALL_NOTE: &str = " WITH Linux-syscall-note";

/// What stands around the licence in this kind of file; none if comments in it are not known.
fn comment(path: &str) -> Option<(&'static str, &'static str)> {
    let path = Path::new(path);
    let name = path.file_name()?.to_str()?;
    if name.starts_with("Makefile") || name.starts_with("Kconfig") || name == "Kbuild" {
        return Some(("# ", ""));
    }
    match path.extension()?.to_str()? {
        "rs" | "c" | "dts" | "dtsi" | "dtso" => Some(("// ", "")),
        "h" | "S" => Some(("/* ", " */")),
        "rst" => Some((".. ", "")),
        "sh" | "py" | "pl" | "yaml" | "yml" | "config" | "its" => Some(("# ", "")),
        _ => None,
    }
}

fn check(path: &str, file: &File) -> Option<Finding> {
    let text = String::from_utf8_lossy(&file.bytes);
    let number = if text.starts_with("#!") { 2 } else { 1 };
    let line = text.lines().nth(number - 1).unwrap_or_default();
    let found = |what: String| Some(Finding::new(path, number, what));
    let Some(at) = line.find("SPDX-License-Identifier: ") else {
        return found("the line with SPDX-License-Identifier: is missing here".to_string());
    };
    let mut licence = &line[at + "SPDX-License-Identifier: ".len()..];
    if let Some((before, after)) = comment(path) {
        if &line[..at] != before || !licence.ends_with(after) {
            return found(format!(
                "in this kind of file, write `{before}SPDX-License-Identifier: GPL-2.0{after}`"
            ));
        }
        licence = &licence[..licence.len() - after.len()];
    }
    let licence = licence.trim_start_matches('(').trim_end_matches(')');
    let user_space = path.starts_with("include/uapi/");
    let plain = licence.strip_suffix(SYSCALL_NOTE);
    if user_space && plain.is_none() {
        return found(format!(
            "a header for user space needs `GPL-2.0{SYSCALL_NOTE}`"
        ));
    }
    if !user_space && plain.is_some() {
        return found(format!("`{SYSCALL_NOTE}` is for include/uapi alone"));
    }
    if !LICENCES.contains(&plain.unwrap_or(licence)) {
        return found(format!("the kernel does not take the licence `{licence}`"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str, text: &str) -> Option<String> {
        let file = File {
            bytes: text.as_bytes().to_vec(),
            executable: false,
        };
        check(path, &file).map(|finding| finding.to_string())
    }

    #[test]
    fn good_lines_pass() {
        for (path, line) in [
            ("a/b.rs", "// SPDX-License-Identifier: GPL-2.0\n\nfn\n"),
            ("a/b.h", "/* SPDX-License-Identifier: GPL-2.0-or-later */\n"),
            (
                "include/uapi/b.h",
                "/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */\n",
            ),
            ("a/Kconfig", "# SPDX-License-Identifier: GPL-2.0-only\n"),
            ("a/b.sh", "#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0\n"),
            ("a/b.rst", ".. SPDX-License-Identifier: GPL-2.0\n"),
            (
                "a/b.yaml",
                "# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)\n",
            ),
            ("a/odd", "; SPDX-License-Identifier: GPL-2.0\n"),
        ] {
            assert_eq!(text(path, line), None, "{path}");
        }
    }

    #[test]
    fn bad_lines_are_found() {
        for (path, line, expected) in [
            (
                "a/b.rs",
                "fn\n// SPDX-License-Identifier: GPL-2.0\n",
                "a/b.rs:1: the line with",
            ),
            ("a/b.rs", "", "a/b.rs:1: the line with"),
            (
                "a/b.rs",
                "/* SPDX-License-Identifier: GPL-2.0 */\n",
                "a/b.rs:1: in this kind",
            ),
            (
                "a/b.h",
                "// SPDX-License-Identifier: GPL-2.0\n",
                "a/b.h:1: in this kind",
            ),
            ("a/b.sh", "#!/bin/sh\necho\n", "a/b.sh:2: the line with"),
            (
                "a/b.rs",
                "// SPDX-License-Identifier: GPL-3.0\n",
                "a/b.rs:1: the kernel does not",
            ),
            (
                "include/uapi/b.h",
                "/* SPDX-License-Identifier: GPL-2.0 */\n",
                "include/uapi/b.h:1: a header",
            ),
            (
                "a/b.rs",
                "// SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note\n",
                "a/b.rs:1: ` WITH",
            ),
        ] {
            let found = text(path, line).unwrap_or_default();
            assert!(found.starts_with(expected), "{path}: {found}");
        }
    }
}
