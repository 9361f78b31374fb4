// SPDX-License-Identifier: GPL-2.0

//! Reading numbers, which are little endian, with every length checked.

use super::{Error, MacAddr, Result};

/// Bytes that are read from the begin to the end.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    #[inline]
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns what has not been read yet.
    #[inline]
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.0
    }

    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[inline]
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let taken = self.0.get(..len).ok_or(Error::Truncated)?;

        self.0 = self.0.get(len..).ok_or(Error::Truncated)?;
        Ok(taken)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N]> {
        self.take(N)?.try_into().map_err(|_| Error::Truncated)
    }

    #[inline]
    pub(super) fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(|bytes| bytes[0])
    }

    #[inline]
    pub(super) fn u16(&mut self) -> Result<u16> {
        self.array().map(|bytes| u16::from_le_bytes(*bytes))
    }

    #[inline]
    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(|bytes| u32::from_le_bytes(*bytes))
    }

    #[inline]
    pub(super) fn u64(&mut self) -> Result<u64> {
        self.array().map(|bytes| u64::from_le_bytes(*bytes))
    }

    #[inline]
    pub(super) fn addr(&mut self) -> Result<MacAddr> {
        self.array().map(|bytes| MacAddr::new(*bytes))
    }
}

/// Returns the bits `shift..shift + width` of a field of bytes, in the order of the standard: bit 0
/// is the lowest of the first byte. Bits beyond the end are 0.
#[inline]
pub(super) fn bits(bytes: &[u8], shift: usize, width: u32) -> u32 {
    let mut value = 0;
    let mut bit = 0;

    while bit < width && bit < 32 {
        let at = shift.saturating_add(bit as usize);
        let byte = bytes.get(at / 8).copied().unwrap_or(0);

        value |= u32::from(byte >> (at % 8) & 1) << bit;
        bit += 1;
    }
    value
}

/// Returns one bit, as [`bits`].
#[inline]
pub(super) fn bit(bytes: &[u8], at: usize) -> bool {
    bits(bytes, at, 1) != 0
}
