// SPDX-License-Identifier: GPL-2.0

//! One line of a kernel log.

/// The message of a line of a kernel log: without the timestamp, the caller (`CONFIG_PRINTK_CALLER`)
/// and the carriage return of a serial line. Indentation is part of the message.
pub fn message(line: &str) -> &str {
    let line = line.trim_end();
    let Some(rest) = bracketed(line, |c| c.is_ascii_digit() || c == '.' || c == ' ') else {
        return line;
    };
    let rest = bracketed(rest, |c| c.is_ascii_alphanumeric() || c == ' ').unwrap_or(rest);
    rest.strip_prefix(' ').unwrap_or(rest)
}

/// What follows `[…]` at the start of `line`, if only `allowed` characters are in it.
fn bracketed(line: &str, allowed: impl Fn(char) -> bool) -> Option<&str> {
    let (inside, rest) = line.strip_prefix('[')?.split_once(']')?;
    let good = inside.chars().all(allowed) && inside.contains(|c: char| c.is_ascii_digit());
    good.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamp_and_caller_are_not_part_of_the_message() {
        assert_eq!(message("[    1.234567] hello\r"), "hello");
        assert_eq!(message("[    1.234567][    T1]     ok 1 x"), "    ok 1 x");
        assert_eq!(message("[drm] hello"), "[drm] hello");
        assert_eq!(message("[    1.234567] [drm] hello"), "[drm] hello");
        assert_eq!(message("[    1.234567]"), "");
        assert_eq!(message("hello"), "hello");
    }
}
