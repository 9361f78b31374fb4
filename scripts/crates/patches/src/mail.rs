// SPDX-License-Identifier: GPL-2.0

//! Mails that arrive as they were sent.

use std::fmt::Write;

/// The longest line a mail may have, without the line feed.
const LONGEST: usize = 998;
/// Headers are folded to this width where they can be.
const WIDTH: usize = 76;

/// A mail of a thread.
pub(crate) struct Mail<'a> {
    pub(crate) from: String,
    pub(crate) date: &'a str,
    pub(crate) subject: String,
    /// With the angle brackets.
    pub(crate) id: String,
    /// The mail that this one answers.
    pub(crate) parent: Option<String>,
    pub(crate) to: &'a [String],
    pub(crate) cc: &'a [String],
    pub(crate) change_id: &'a str,
    pub(crate) body: String,
}

impl Mail<'_> {
    /// Adds the mail to an mbox.
    ///
    /// No line of the body begins with `From `, quoted or not: mbox readers disagree about the
    /// quoting, so such a body is sent as quoted-printable.
    pub(crate) fn write(&self, mbox: &mut String) {
        mbox.push_str("From mboxrd@z Thu Jan  1 00:00:00 1970\n");
        address_header(mbox, "From", std::slice::from_ref(&self.from));
        text_header(mbox, "Subject", &self.subject);
        header(mbox, "Date", self.date);
        header(mbox, "Message-Id", &self.id);
        if let Some(parent) = &self.parent {
            header(mbox, "In-Reply-To", parent);
            header(mbox, "References", parent);
        }
        address_header(mbox, "To", self.to);
        address_header(mbox, "Cc", self.cc);
        header(mbox, "X-Change-ID", self.change_id);
        header(mbox, "MIME-Version", "1.0");
        header(mbox, "Content-Type", "text/plain; charset=\"utf-8\"");
        let encoding = if needs_quoting(&self.body) {
            "quoted-printable"
        } else if self.body.is_ascii() {
            "7bit"
        } else {
            "8bit"
        };
        header(mbox, "Content-Transfer-Encoding", encoding);
        mbox.push('\n');
        if encoding == "quoted-printable" {
            quote_body(mbox, &self.body);
        } else {
            mbox.push_str(&self.body);
        }
        mbox.push('\n');
    }
}

fn header(mbox: &mut String, name: &str, value: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(mbox, "{name}: {value}");
}

fn needs_quoting(body: &str) -> bool {
    body.lines()
        .any(|line| line.len() > LONGEST || line.trim_start_matches('>').starts_with("From "))
}

fn quote_body(mbox: &mut String, body: &str) {
    for line in body.split_inclusive('\n') {
        let text = line.strip_suffix('\n').unwrap_or(line);
        let mut width = 0;
        let last = text.len().saturating_sub(1);
        for (at, byte) in text.bytes().enumerate() {
            let quoted = match byte {
                b' ' | b'\t' => at == last,
                b'=' => true,
                b'F' | b'>' => at == 0,
                _ => !byte.is_ascii_graphic(),
            };
            let needed = if quoted { 3 } else { 1 };
            if width + needed > 75 {
                mbox.push_str("=\n");
                width = 0;
            }
            // A soft line break may bring any byte to the beginning of a line.
            if quoted || (width == 0 && matches!(byte, b'F' | b'>')) {
                let _ = write!(mbox, "={byte:02X}");
                width += 3;
            } else {
                mbox.push(char::from(byte));
                width += 1;
            }
        }
        if line.ends_with('\n') {
            mbox.push('\n');
        }
    }
}

/// A header of words, folded; in encoded words when it is not ASCII.
fn text_header(mbox: &mut String, name: &str, text: &str) {
    let words: Vec<String> = if text.is_ascii() {
        text.split(' ').map(str::to_string).collect()
    } else {
        encoded_words(text)
    };
    fold(mbox, name, " ", &words);
}

fn address_header(mbox: &mut String, name: &str, addresses: &[String]) {
    if addresses.is_empty() {
        return;
    }
    let encoded: Vec<_> = addresses
        .iter()
        .map(|address| encode_address(address))
        .collect();
    fold(mbox, name, ", ", &encoded);
}

fn fold(mbox: &mut String, name: &str, separator: &str, parts: &[String]) {
    let _ = write!(mbox, "{name}:");
    let mut width = name.len() + 1;
    for (at, part) in parts.iter().enumerate() {
        let end = if at + 1 < parts.len() {
            separator.trim_end()
        } else {
            ""
        };
        if width + 1 + part.len() + end.len() > WIDTH + 2 && at > 0 {
            mbox.push_str("\n ");
            width = 1;
        } else {
            mbox.push(' ');
            width += 1;
        }
        mbox.push_str(part);
        mbox.push_str(end);
        width += part.len() + end.len();
    }
    mbox.push('\n');
}

/// `Name <address>` as it has to stand in a header.
fn encode_address(address: &str) -> String {
    let Some((name, email)) = address.rsplit_once(" <") else {
        return address.to_string();
    };
    let name = name.trim_matches('"');
    let plain = |c: char| c.is_ascii_alphanumeric() || " !#$%&'*+-/=?^_`{|}~".contains(c);
    if !name.is_ascii() {
        format!("{} <{email}", encoded_words(name).join("\n "))
    } else if name.chars().all(plain) {
        address.replace('"', "")
    } else {
        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{name}\" <{email}")
    }
}

/// The encoded words of RFC 2047 for `text`. Spaces between them do not count.
fn encoded_words(text: &str) -> Vec<String> {
    const BEGIN: &str = "=?utf-8?q?";
    let mut words = Vec::new();
    let mut word = BEGIN.to_string();
    for c in text.chars() {
        let mut encoded = String::new();
        if c.is_ascii_alphanumeric() || "!*+-/".contains(c) {
            encoded.push(c);
        } else if c == ' ' {
            encoded.push('_');
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let _ = write!(encoded, "={byte:02X}");
            }
        }
        // The first one shares its line with the name of the header.
        if word.len() + encoded.len() + 2 > WIDTH - 12 {
            words.push(format!("{word}?="));
            word = BEGIN.to_string();
        }
        word.push_str(&encoded);
    }
    words.push(format!("{word}?="));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unquote(text: &str) -> String {
        let mut bytes = Vec::new();
        let text = text.replace("=\n", "");
        let mut rest = text.as_bytes();
        while let Some((first, more)) = rest.split_first() {
            if *first == b'=' {
                let code = std::str::from_utf8(&more[..2]).unwrap();
                bytes.push(u8::from_str_radix(code, 16).unwrap());
                rest = &more[2..];
            } else {
                bytes.push(*first);
                rest = more;
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn quoting_keeps_every_byte_and_hides_from_lines() {
        for body in [
            "From here\n>From there\n a\t \n",
            "ü = ü\n",
            &format!("{}From x\n>>From y\n", "a".repeat(1200)),
            &("x".repeat(75) + "From z\n" + &">".repeat(200) + "From \n"),
            "no line feed",
            "",
        ] {
            let mut quoted = String::new();
            quote_body(&mut quoted, body);
            assert_eq!(unquote(&quoted), body);
            assert!(quoted.lines().all(|line| line.len() <= 76), "{quoted}");
            assert!(!needs_quoting(&quoted), "{quoted}");
            assert!(quoted.is_ascii());
        }
    }

    #[test]
    fn only_bodies_that_need_it_are_quoted() {
        assert!(needs_quoting("a\nFrom b\n"));
        assert!(needs_quoting("a\n>From b\n"));
        assert!(!needs_quoting("a From b\nFromage\n"));
        assert!(needs_quoting(&"a".repeat(999)));
        assert!(!needs_quoting(&"a".repeat(998)));
    }

    #[test]
    fn headers_are_folded_and_encoded() {
        let mut text = String::new();
        text_header(
            &mut text,
            "Subject",
            &format!("[PATCH 1/2] {}", "word ".repeat(20).trim()),
        );
        assert!(text.lines().all(|line| line.len() <= 78), "{text}");
        let unfolded = text.replace("\n ", " ");
        assert_eq!(
            unfolded.trim_end(),
            format!("Subject: [PATCH 1/2] {}", "word ".repeat(20).trim())
        );

        let mut text = String::new();
        text_header(&mut text, "Subject", &"ü=_?".repeat(20));
        assert!(
            text.is_ascii() && text.lines().all(|line| line.len() <= 76),
            "{text}"
        );
        assert!(
            text.starts_with("Subject: =?utf-8?q?=C3=BC=3D=5F=3F"),
            "{text}"
        );
    }

    #[test]
    fn addresses_are_quoted_where_they_must_be() {
        assert_eq!(encode_address("a@x"), "a@x");
        assert_eq!(encode_address("A B <a@x>"), "A B <a@x>");
        assert_eq!(encode_address("A. B <a@x>"), "\"A. B\" <a@x>");
        assert_eq!(encode_address("\"A. B\" <a@x>"), "\"A. B\" <a@x>");
        assert_eq!(
            encode_address("Jürgen <a@x>"),
            "=?utf-8?q?J=C3=BCrgen?= <a@x>"
        );
    }
}
