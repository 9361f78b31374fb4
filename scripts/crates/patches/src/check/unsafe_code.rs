// SPDX-License-Identifier: GPL-2.0

//! Drivers and samples contain no `unsafe`.

use super::{Finding, Generated};

/// Looks for `unsafe` in the Rust files that the series creates in `drivers/` and `samples/`.
pub fn unsafe_code(generated: &Generated) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, file) in &generated.0.created {
        let driver = path.starts_with("drivers/") || path.starts_with("samples/");
        if driver && path.ends_with(".rs") {
            for line in lines(&String::from_utf8_lossy(&file.bytes)) {
                let text = "`unsafe` in a driver: the abstraction has to offer a safe way";
                findings.push(Finding::new(path, line, text));
            }
        }
    }
    findings
}

/// The lines on which `unsafe` is code, and not part of a comment, a string or another word.
fn lines(source: &str) -> Vec<usize> {
    let bytes = source.as_bytes();
    let mut found = Vec::new();
    let mut line = 1;
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = match rest {
            [b'/', b'/', ..] => until(rest, b"\n").saturating_sub(1).max(2),
            [b'/', b'*', ..] => block_comment(rest),
            [b'"', ..] => string(rest),
            [b'\'', b'\\', ..] => 2 + until(&rest[2..], b"'").max(1),
            [b'\'', _, b'\'', ..] => 3,
            [b'r', b'"' | b'#', ..] if raw_string(rest).is_some() => raw_string(rest).unwrap_or(1),
            [b, ..] if is_word(*b) => {
                let length = rest.iter().take_while(|b| is_word(**b)).count();
                // The prefix of a raw string, as in br"…" and cr#"…"#.
                let prefix = matches!(&rest[..length], b"br" | b"cr");
                if prefix && raw_string(&rest[1..]).is_some() {
                    1
                } else {
                    if &rest[..length] == b"unsafe" {
                        found.push(line);
                    }
                    length
                }
            }
            _ => 1,
        };
        let length = length.min(rest.len());
        line += rest[..length].iter().filter(|b| **b == b'\n').count();
        at += length;
    }
    found
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The length of `text` up to and with `end`; all of it if there is no end.
fn until(text: &[u8], end: &[u8]) -> usize {
    text.windows(end.len())
        .position(|window| window == end)
        .map_or(text.len(), |at| at + end.len())
}

/// Block comments of Rust nest.
fn block_comment(text: &[u8]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        match &text[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                at += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    text.len()
}

fn string(text: &[u8]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// The length of a raw string that begins at the `r`.
fn raw_string(text: &[u8]) -> Option<usize> {
    let hashes = text[1..].iter().take_while(|b| **b == b'#').count();
    if text.get(1 + hashes) != Some(&b'"') {
        return None;
    }
    let end = [&b"\""[..], &b"#".repeat(hashes)].concat();
    let start = 2 + hashes;
    Some(start + until(&text[start..], &end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_found() {
        assert_eq!(
            lines("fn a() {\n    unsafe { b() }\n}\nunsafe impl Send for X {}"),
            [2, 4]
        );
        assert_eq!(
            lines("let c = '\"'; unsafe {}\nlet d = '\\''; unsafe {}"),
            [1, 2]
        );
        assert_eq!(lines("/* a\n /* b */ */ unsafe {}"), [2]);
        assert_eq!(lines("let a = \"x\\\"\"; unsafe {}"), [1]);
        assert_eq!(lines("let a = r#\"\n\"#; unsafe {}"), [2]);
        assert_eq!(lines("fn a<'a>(x: &'a u8) { unsafe {} }"), [1]);
        assert_eq!(lines("//\nunsafe {}"), [2]);
    }

    #[test]
    fn what_is_no_code_is_not() {
        for source in [
            "// unsafe",
            "/* unsafe /* unsafe */ unsafe */",
            "let a = \"unsafe \\\" unsafe\";",
            "let a = r\"unsafe\";\nlet b = r##\"unsafe \"# unsafe\"##;",
            "let a = br#\"unsafe\"#;",
            "fn not_unsafe() { unsafe_op_in_unsafe_fn() }",
            "//! unsafe\n/// unsafe\n",
        ] {
            assert_eq!(lines(source), [0; 0], "{source}");
        }
    }
}
