// SPDX-License-Identifier: GPL-2.0

//! What a display shows, pixel by pixel: a picture that QEMU has saved as PPM.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result};

/// A picture.
#[derive(Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    /// Red, green and blue of each pixel, in a byte each; line by line.
    pixels: Vec<u32>,
}

impl Picture {
    /// The picture in a PPM file, as QEMU writes it: `P6 WIDTH HEIGHT 255`, each with one space after
    /// it, and three bytes for each pixel.
    pub fn from_ppm(file: &[u8]) -> Result<Self> {
        Self::parse(file).context("QEMU's picture can't be read")
    }

    fn parse(file: &[u8]) -> Option<Self> {
        let mut parts = file.splitn(5, u8::is_ascii_whitespace);
        let mut number = |word: &[u8]| std::str::from_utf8(word).ok()?.parse::<usize>().ok();
        let magic = parts.next()?;
        let [width, height, most] = [(); 3].map(|()| parts.next().and_then(&mut number));
        let (width, height, bytes) = (width?, height?, parts.next()?);
        let whole = bytes.len() == width.checked_mul(height)?.checked_mul(3)?;
        let pixel = |rgb: &[u8]| rgb.iter().fold(0, |all, part| all << 8 | u32::from(*part));
        (magic == b"P6" && most == Some(255) && whole).then(|| Self {
            width,
            height,
            pixels: bytes.chunks(3).map(pixel).collect(),
        })
    }

    /// The colours, and how many pixels have each of them; first those that most have.
    pub fn colors(&self) -> Vec<(u32, usize)> {
        let mut counts = BTreeMap::new();
        for pixel in &self.pixels {
            *counts.entry(*pixel).or_default() += 1;
        }
        let mut counts: Vec<(u32, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }
}

/// Its size, and a checksum of its pixels in hexadecimal: FNV-1a, as if a pixel were a byte. A test
/// that knows what there should be has the same.
impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = self
            .pixels
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |sum: u64, pixel| {
                (sum ^ u64::from(*pixel)).wrapping_mul(0x0100_0000_01b3)
            });
        write!(f, "{}x{} {sum:016x}", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture() {
        // A pixel may begin with what is a space elsewhere.
        let picture = Picture::from_ppm(b"P6\n2 2\n255\n\n\x01\x02abcabcabc").unwrap();
        assert_eq!(picture.pixels, [0x0a_0102, 0x61_6263, 0x61_6263, 0x61_6263]);
        assert_eq!(picture.colors(), [(0x61_6263, 3), (0x0a_0102, 1)]);
        let text = picture.to_string();
        assert!(text.starts_with("2x2 ") && text.len() == 20, "{text}");
        let other = Picture::from_ppm(b"P6\n2 2\n255\nabc\n\x01\x02abcabc").unwrap();
        assert_ne!(text, other.to_string());
    }

    #[test]
    fn what_is_no_picture() {
        for file in [
            &b""[..],
            b"P6\n1 1\n255\nab",
            b"P6\n1 1\n255\nabcd",
            b"P6\n1 1\n65535\nabc",
            b"P5\n1 1\n255\nabc",
            b"P6\nx 1\n255\nabc",
        ] {
            assert!(Picture::from_ppm(file).is_err(), "{file:?}");
        }
    }
}
