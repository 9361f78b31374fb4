// SPDX-License-Identifier: GPL-2.0

//! cpio archives in the `newc` format, which the kernel unpacks as its first root
//! (Documentation/driver-api/early-userspace/buffer-format.rst).

use std::collections::BTreeSet;
use std::path::{Component, Path};

/// An archive being made. Directories come into being as they are needed.
#[derive(Default)]
pub struct Archive {
    bytes: Vec<u8>,
    names: BTreeSet<String>,
}

const DIRECTORY: u32 = 0o040_755;
const FILE: u32 = 0o100_000;
const SYMLINK: u32 = 0o120_777;
const CHARACTER: u32 = 0o020_600;

impl Archive {
    /// A directory and those it is in.
    pub fn directory(&mut self, path: &str) {
        let mut so_far = String::new();
        for part in Path::new(path).components() {
            if let Component::Normal(part) = part {
                so_far.push_str(if so_far.is_empty() { "" } else { "/" });
                so_far.push_str(&part.to_string_lossy());
                self.entry(&so_far.clone(), DIRECTORY, (0, 0), &[]);
            }
        }
    }

    /// A file; its directories are made.
    pub fn file(&mut self, path: &str, permissions: u32, data: &[u8]) {
        self.parent(path);
        self.entry(path, FILE | permissions, (0, 0), data);
    }

    /// A symbolic link.
    pub fn link(&mut self, path: &str, target: &str) {
        self.parent(path);
        self.entry(path, SYMLINK, (0, 0), target.as_bytes());
    }

    /// A character device.
    pub fn device(&mut self, path: &str, major: u32, minor: u32) {
        self.parent(path);
        self.entry(path, CHARACTER, (major, minor), &[]);
    }

    /// The finished archive.
    pub fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, (0, 0), &[]);
        self.bytes
    }

    fn parent(&mut self, path: &str) {
        if let Some(parent) = Path::new(path).parent() {
            self.directory(&parent.to_string_lossy());
        }
    }

    /// What is already there stays.
    fn entry(&mut self, path: &str, mode: u32, device: (u32, u32), data: &[u8]) {
        let name = path.trim_start_matches('/');
        if !self.names.insert(name.to_string()) {
            return;
        }
        let inode = self.names.len();
        let links = if mode & 0o170_000 == 0o040_000 { 2 } else { 1 };
        let header = format!(
            "070701{inode:08x}{mode:08x}{:08x}{:08x}{links:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}",
            0, 0, 0, data.len(), 0, 0, device.0, device.1, name.len() + 1, 0,
        );
        self.bytes.extend(header.as_bytes());
        self.bytes.extend(name.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend(data);
        self.align();
    }

    fn align(&mut self) {
        while self.bytes.len() % 4 != 0 {
            self.bytes.push(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_aligned_and_directories_come_first() {
        let mut archive = Archive::default();
        archive.file("/a/b/c", 0o755, b"hello");
        archive.file("a/b/d", 0o644, b"");
        archive.link("a/l", "b/c");
        archive.device("dev/console", 5, 1);
        let bytes = archive.finish();
        assert_eq!(bytes.len() % 4, 0);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let places: Vec<_> = [
            "a\0",
            "a/b\0",
            "a/b/c\0",
            "hello",
            "a/b/d\0",
            "TRAILER!!!\0",
        ]
        .iter()
        .map(|name| text.find(name).unwrap())
        .collect();
        assert!(
            places.windows(2).all(|pair| pair[0] < pair[1]),
            "{places:?}"
        );
        assert_eq!(text.matches("070701").count(), 8);
        // Mode of the first file, size of the data.
        let at = text.find("a/b/c\0").unwrap() - 110;
        assert_eq!(&text[at + 14..at + 22], "000081ed");
        assert_eq!(&text[at + 54..at + 62], "00000005");
    }
}
