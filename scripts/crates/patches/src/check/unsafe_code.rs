// SPDX-License-Identifier: GPL-2.0

//! Drivers and samples contain no `unsafe`.

use proc_macro2::{LexError, TokenStream, TokenTree};

use super::{Finding, Generated};

/// Looks for `unsafe` in the Rust files that the series creates in `drivers/` and `samples/`.
pub fn unsafe_code(generated: &Generated) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, file) in &generated.0.created {
        let driver = path.starts_with("drivers/") || path.starts_with("samples/");
        if driver && path.ends_with(".rs") {
            findings.extend(check(path, &String::from_utf8_lossy(&file.bytes)));
        }
    }
    findings
}

fn check(path: &str, source: &str) -> Vec<Finding> {
    match lines(source) {
        Ok(lines) => lines
            .into_iter()
            .map(|line| {
                let text = "`unsafe` in a driver: the abstraction has to offer a safe way";
                Finding::new(path, line, text)
            })
            .collect(),
        Err(err) => vec![Finding::new(
            path,
            err.span().start().line,
            "this is no Rust, so nobody can say whether there is `unsafe` in it",
        )],
    }
}

/// The lines on which `unsafe` is code, and not part of a comment, a string or another word.
fn lines(source: &str) -> Result<Vec<usize>, LexError> {
    let mut found = Vec::new();
    add_lines(source.parse()?, &mut found);
    Ok(found)
}

fn add_lines(tokens: TokenStream, found: &mut Vec<usize>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => add_lines(group.stream(), found),
            TokenTree::Ident(word) if word == "unsafe" => found.push(word.span().start().line),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(source: &str) -> Vec<usize> {
        super::lines(source).unwrap()
    }

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
        assert_eq!(lines("m! {\n    (#[unsafe(no_mangle)] fn)\n}"), [2]);
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
            "let a = c\"unsafe\"; let r#unsafe = 1;",
        ] {
            assert_eq!(lines(source), [0; 0], "{source}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_found() {
        let found = check("drivers/d.rs", "fn d() {}\nfn e( {\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].text.contains("no Rust"), "{}", found[0]);
    }
}
