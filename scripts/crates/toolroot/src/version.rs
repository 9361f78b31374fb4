// SPDX-License-Identifier: GPL-2.0

//! Version numbers of tools.

use std::fmt;

/// Major, minor and patch number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u32, u32, u32);

impl Version {
    /// A version from its numbers.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self(major, minor, patch)
    }

    /// The first version number in what a tool prints for `--version`.
    pub fn find(text: &str) -> Option<Self> {
        text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
            .find_map(|word| {
                let mut numbers = word.split('.').map(str::parse);
                match (numbers.next(), numbers.next(), numbers.next()) {
                    (Some(Ok(major)), Some(Ok(minor)), patch) => {
                        Some(Self(major, minor, patch.and_then(Result::ok).unwrap_or(0)))
                    }
                    _ => None,
                }
            })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_tools_print() {
        for (text, version) in [
            ("rustc 1.85.1 (4eb161250 2025-03-15)", Version(1, 85, 1)),
            ("Debian clang version 19.1.7 (3+b1)", Version(19, 1, 7)),
            ("bindgen 0.71.1", Version(0, 71, 1)),
            ("unshare from util-linux 2.38", Version(2, 38, 0)),
            ("GNU Make 4.3\nBuilt for x86_64", Version(4, 3, 0)),
            ("v1.30", Version(1, 30, 0)),
        ] {
            assert_eq!(Version::find(text), Some(version), "{text}");
        }
        assert_eq!(Version::find("no number 7 here"), None);
        assert!(Version(1, 95, 0) > Version(1, 94, 9));
    }
}
