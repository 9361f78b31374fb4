// SPDX-License-Identifier: GPL-2.0

use std::fs;

use super::*;

const GOOD: &str = r#"name = "my-series"
version = 2
prefix = "RFC"
change-id = "20260131-my-series-0123456789ab"
cc = ["Ann O. Nym <ann@example.org>"]

[base]
version = "6.18.15"
sha256 = "fdf4c4d487c95b17a41cb38003faef86669e532a44fe702eb31a3390b6a60cca"

[author]
name = "Jürgen"
email = "j@example.org"

[cover]
subject = "All of it"
text = """
What.

Why.
"""

[[topic]]
name = "one"
title = "First"
first = "a"
last = "b"
lists = ["x@example.org"]

[[topic]]
name = "two"
title = "Second"
first = "c"
last = "c"
lists = []
"#;

fn load(text: &str) -> Result<Manifest> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(FILE), text).unwrap();
    Manifest::load(dir.path())
}

/// The error after one replacement in a good manifest.
fn error(from: &str, to: &str) -> String {
    assert_eq!(GOOD.matches(from).count(), 1, "{from}");
    load(&GOOD.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn a_good_manifest_is_read() {
    let manifest = load(GOOD).unwrap();
    assert_eq!(manifest.version, 2);
    assert_eq!(manifest.prefix.as_deref(), Some("RFC"));
    assert_eq!(manifest.author.to_string(), "Jürgen <j@example.org>");
    assert_eq!(manifest.cover.text, "What.\n\nWhy.\n");
    assert_eq!(manifest.topics[1].first.line, 33);
    assert_eq!(manifest.topic("two").unwrap().title, "Second");
    let err = manifest.topic("three").unwrap_err().to_string();
    assert!(err.ends_with("there are one, two"), "{err}");
}

#[test]
fn every_mistake_names_its_line() {
    for (from, to, expected) in [
        (
            "name = \"my-series\"",
            "nam = \"x\"",
            "b4.toml:1: unknown field `nam`",
        ),
        (
            "name = \"my-series\"",
            "name = \"My series\"",
            "b4.toml:1: name `My series` must be",
        ),
        (
            "version = 2\n",
            "version = \"2\"\n",
            "b4.toml:2: invalid type",
        ),
        (
            "version = 2\n",
            "version = 0\n",
            "b4.toml:2: versions of a series begin at 1",
        ),
        ("\"RFC\"", "\"[RFC]\"", "b4.toml:3: prefix is what"),
        (
            "20260131-my",
            "2026-my",
            "b4.toml:4: change-id `2026-my-series-0123456789ab` must be",
        ),
        ("0123456789ab", "0123456789aB", "b4.toml:4: change-id"),
        (
            "<ann@example.org>",
            "ann@example.org",
            "b4.toml:5: `Ann O. Nym ann@example.org` must be",
        ),
        (
            "\"6.18.15\"",
            "\"6.18-rc1\"",
            "b4.toml:8: base.version `6.18-rc1` must be",
        ),
        ("60cca", "60cc", "b4.toml:9: base.sha256 must be 64"),
        (
            "sha256 = ",
            "sha512 = ",
            "b4.toml:9: unknown field `sha512`",
        ),
        (
            "\"j@example.org\"",
            "\"j@example\"",
            "b4.toml:13: `j@example` is not an e-mail address",
        ),
        (
            "email = \"j@",
            "mail = \"j@",
            "b4.toml:13: unknown field `mail`",
        ),
        (
            "\"All of it\"",
            "\" All of it\"",
            "b4.toml:16: cover.subject must be one line",
        ),
        (
            "subject = \"All of it\"",
            "file = \"x\"",
            "b4.toml:15: missing field `subject`",
        ),
        (
            "subject = \"All of it\"",
            "subject = \"x\"\nfile = \"y\"",
            "b4.toml:16: give the cover",
        ),
        (
            "What.\n\nWhy.\n",
            "\n",
            "b4.toml:17: the cover letter is empty",
        ),
        (
            "\nWhy.",
            "---\nWhy.",
            "b4.toml:17: line 2 of the cover letter is a separator",
        ),
        ("\"one\"", "\"One\"", "b4.toml:24: topic name `One` must be"),
        (
            "\"one\"",
            "\"two\"",
            "b4.toml:31: there are two topics called `two`",
        ),
        ("\"First\"", "7", "b4.toml:25: invalid type"),
        (
            "title = \"First\"\n",
            "",
            "b4.toml:23: missing field `title`",
        ),
        (
            "\"x@example.org\"",
            "\"x\"",
            "b4.toml:28: `x` is not an e-mail address",
        ),
        (
            "\"x@example.org\"",
            "\"x@e.org\", \"x@e.org\"",
            "b4.toml:28: x@e.org is listed twice",
        ),
        ("[base]", "[base", "b4.toml:7: "),
        ("[author]", "[cover]", "b4.toml:15: duplicate key"),
    ] {
        let err = error(from, to);
        assert!(
            err.starts_with(expected),
            "{from} -> {to}\n{err}\n{expected}"
        );
    }
}

#[test]
fn a_missing_table_is_named() {
    let err = error(
        "[author]\nname = \"Jürgen\"\nemail = \"j@example.org\"\n",
        "",
    );
    assert!(
        err.starts_with("b4.toml:1: missing field `author`"),
        "{err}"
    );
}

#[test]
fn the_cover_letter_can_be_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let text = GOOD.replace(
        "text = \"\"\"\nWhat.\n\nWhy.\n\"\"\"",
        "file = \"cover.txt\"",
    );
    fs::write(dir.path().join(FILE), text).unwrap();
    let err = Manifest::load(dir.path()).unwrap_err().to_string();
    assert!(
        err.starts_with("b4.toml:17: cannot read the cover letter"),
        "{err}"
    );
    fs::write(dir.path().join("cover.txt"), "\nHello.\n\n\n").unwrap();
    assert_eq!(Manifest::load(dir.path()).unwrap().cover.text, "Hello.\n");
}

#[test]
fn topics_cover_all_patches_once() {
    let manifest = load(GOOD).unwrap();
    assert_eq!(
        manifest.arrange(&["a", "x", "b", "c"]).unwrap(),
        [0..3, 3..4]
    );
    for (subjects, expected) in [
        (&["a", "b"][..], "b4.toml:33: no patch has the subject `c`"),
        (&["b", "c"], "b4.toml:26: no patch has the subject `a`"),
        (
            &["x", "a", "b", "c"],
            "b4.toml:26: patch 1 `x` is in no topic",
        ),
        (
            &["a", "b", "x", "c"],
            "b4.toml:33: patch 3 `x` is in no topic",
        ),
        (
            &["a", "b", "c", "x"],
            "b4.toml:34: patch 4 `x` is in no topic",
        ),
        (
            &["b", "a", "c"],
            "b4.toml:27: the last patch of topic `one` comes before its first",
        ),
        (
            &["a", "c", "b"],
            "b4.toml:33: topic `two` begins with patch 2, but the topic above",
        ),
        (
            &["a", "b", "c", "c"],
            "b4.toml:33: patches 3 and 4 both have the subject `c`",
        ),
        (&[], "b4.toml:26: no patch has the subject `a`"),
    ] {
        let err = manifest.arrange(subjects).unwrap_err().to_string();
        assert!(err.starts_with(expected), "{subjects:?}\n{err}");
    }
}
