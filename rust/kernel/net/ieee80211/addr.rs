// SPDX-License-Identifier: GPL-2.0

//! Addresses.

use core::fmt;

/// An address of the link layer (EUI-48).
///
/// C header: [`include/linux/etherdevice.h`](srctree/include/linux/etherdevice.h)
///
/// # Examples
///
/// ```
/// use kernel::net::ieee80211::MacAddr;
///
/// let addr = MacAddr::new([0x02, 0, 0, 0, 0, 1]);
///
/// assert!(addr.is_valid() && addr.is_local());
/// assert!(MacAddr::BROADCAST.is_multicast());
/// assert!(!MacAddr::ZERO.is_valid());
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct MacAddr([u8; 6]);

impl MacAddr {
    /// The address of all stations (`eth_broadcast_addr()`).
    pub const BROADCAST: Self = Self([0xff; 6]);
    /// No address (`eth_zero_addr()`).
    pub const ZERO: Self = Self([0; 6]);

    /// Makes an address of its bytes.
    #[inline]
    pub const fn new(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }

    /// Makes an address of the first 6 bytes, if there are as many.
    #[inline]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.get(..6)?.try_into().ok()?))
    }

    /// Returns the bytes.
    #[inline]
    pub const fn as_bytes(&self) -> &[u8; 6] {
        &self.0
    }

    /// Returns whether it is the address of a group (`is_multicast_ether_addr()`), which includes
    /// [`MacAddr::BROADCAST`].
    #[inline]
    pub const fn is_multicast(&self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Returns whether it is the address of one station (`is_unicast_ether_addr()`).
    #[inline]
    pub const fn is_unicast(&self) -> bool {
        !self.is_multicast()
    }

    /// Returns whether it is the address of all stations (`is_broadcast_ether_addr()`).
    #[inline]
    pub fn is_broadcast(&self) -> bool {
        *self == Self::BROADCAST
    }

    /// Returns whether it is no address (`is_zero_ether_addr()`).
    #[inline]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// Returns whether an interface can have it (`is_valid_ether_addr()`): neither a group nor
    /// zero.
    #[inline]
    pub fn is_valid(&self) -> bool {
        !self.is_multicast() && !self.is_zero()
    }

    /// Returns whether it has been made up rather than assigned by the IEEE
    /// (`is_local_ether_addr()`).
    #[inline]
    pub const fn is_local(&self) -> bool {
        self.0[0] & 2 != 0
    }

    /// Returns the address as a number (`ether_addr_to_u64()`).
    #[inline]
    pub const fn to_u64(self) -> u64 {
        let b = self.0;

        u64::from_be_bytes([0, 0, b[0], b[1], b[2], b[3], b[4], b[5]])
    }

    /// Returns the address that a number stands for (`u64_to_ether_addr()`); the upper 16 bits are
    /// ignored.
    #[inline]
    pub const fn from_u64(value: u64) -> Self {
        let b = value.to_be_bytes();

        Self([b[2], b[3], b[4], b[5], b[6], b[7]])
    }

    /// Makes an address that an interface can have from random bytes (`eth_random_addr()`): locally
    /// administered, and not of a group.
    #[inline]
    pub const fn from_random(mut bytes: [u8; 6]) -> Self {
        bytes[0] = bytes[0] & !1 | 2;
        Self(bytes)
    }

    /// Returns whether it is equal to `other` in the bits of `mask`
    /// (`ether_addr_equal_masked()`).
    #[inline]
    pub const fn matches(self, other: Self, mask: Self) -> bool {
        (self.to_u64() ^ other.to_u64()) & mask.to_u64() == 0
    }
}

impl From<[u8; 6]> for MacAddr {
    #[inline]
    fn from(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for MacAddr {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;

        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
