// SPDX-License-Identifier: GPL-2.0

//! IEEE 802.11 frames, elements, channels and rates.
//!
//! C header: [`include/linux/ieee80211.h`](srctree/include/linux/ieee80211.h)
//!
//! Frames come from the air, hence everything in here takes arbitrary bytes. The views borrow them
//! and copy nothing; every length is checked before it is believed, so that no function panics,
//! reads beyond the end, or loops for ever. There is no unsafe code, no allocation, and nothing of
//! the kernel but `core`: the same files are compiled and fuzzed on the host.
//!
//! All functions can be called in any context.
//!
//! | to | take |
//! |---|---|
//! | tell frames apart, and read their header | [`Frame`], [`FrameControl`] |
//! | read the body of a management frame | [`mgmt::Mgmt`], [`mgmt::action::Action`] |
//! | read a control frame | [`ctrl::Ctrl`] |
//! | walk through elements | [`element::Elements`] |
//! | read capabilities and operation | [`capability`] |
//! | read what is in multi-BSSID and multi-link elements | [`multi`] |
//! | convert channels, frequencies and rates | [`channel`], [`rate`] |
//! | write a frame | [`build::Writer`] |

mod addr;
pub mod build;
mod bytes;
pub mod capability;
pub mod channel;
pub mod ctrl;
pub mod element;
mod frame;
pub mod mgmt;
pub mod multi;
pub mod rate;

pub use self::addr::MacAddr;
pub use self::frame::{
    Frame, FrameControl, FrameType, HtControl, MeshControl, QosControl, SequenceControl, Subframe,
    Subframes, Subtype,
};

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// They end too early.
    Truncated,
    /// They contradict themselves or the standard.
    Malformed,
    /// There is not enough room to write.
    NoSpace,
}

/// A result with an [`Error`].
pub type Result<T = ()> = core::result::Result<T, Error>;

/// Converts time units of 1024 µs to µs (`ieee80211_tu_to_usec()`).
#[inline]
pub const fn tu_to_us(tu: u32) -> u64 {
    tu as u64 * 1024
}
