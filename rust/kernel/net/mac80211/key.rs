// SPDX-License-Identifier: GPL-2.0

//! Keys that the hardware encrypts with.

use super::{Operations, TxFrame};
use crate::{bindings, net::cfg80211::CipherSuite, types::Opaque};
use core::slice;

/// A key.
///
/// C: `struct ieee80211_key_conf`.
#[repr(transparent)]
pub struct Key(Opaque<bindings::ieee80211_key_conf>);

// SAFETY: All methods can be called from any thread.
unsafe impl Send for Key {}

// SAFETY: As above.
unsafe impl Sync for Key {}

impl Key {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`: keys are freed after an RCU grace period.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::ieee80211_key_conf) -> &'a Self {
        // SAFETY: By the safety requirements; `Self` is transparent.
        unsafe { &*ptr.cast() }
    }

    #[inline]
    fn as_raw(&self) -> *mut bindings::ieee80211_key_conf {
        self.0.get()
    }

    /// The cipher.
    #[inline]
    pub fn cipher(&self) -> CipherSuite {
        // SAFETY: The key is valid, and the field constant.
        CipherSuite::from_raw(unsafe { (*self.as_raw()).cipher })
    }

    /// The index, 0 to 7.
    #[inline]
    pub fn index(&self) -> u8 {
        // SAFETY: The key is valid, and the field constant.
        unsafe { (*self.as_raw()).keyidx as u8 }
    }

    /// The bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: The key is valid, and has `keylen` bytes, which are constant.
        unsafe {
            let len = (*self.as_raw()).keylen;
            slice::from_raw_parts((&raw const (*self.as_raw()).key).cast(), len.into())
        }
    }

    /// Whether it is for one station only.
    #[inline]
    pub fn is_pairwise(&self) -> bool {
        // SAFETY: The key is valid. Flags are added at the same time at most.
        let flags = unsafe { (&raw const (*self.as_raw()).flags).read_volatile() };
        u32::from(flags) & bindings::ieee80211_key_flags_IEEE80211_KEY_FLAG_PAIRWISE != 0
    }

    /// The driver's own number, as [`Operations::set_key`] has said.
    #[inline]
    pub fn hw_index(&self) -> u8 {
        // SAFETY: The key is valid. The field may be written at the same time.
        unsafe { (&raw const (*self.as_raw()).hw_key_idx).read_volatile() }
    }

    /// Makes known where the key is in the hardware.
    ///
    /// # Safety
    ///
    /// The mutex of the wiphy must be held.
    pub(super) unsafe fn set_place(&self, index: u8, mut flags: KeyFlags) {
        // `ieee80211_key_enable_hw_accel()` warns about both.
        if flags.0 & KeyFlags::GENERATE_IV.0 != 0 {
            flags.0 &= !KeyFlags::PUT_IV_SPACE.0;
        }
        // SAFETY: The key is valid, and written with the mutex only. Whoever reads at the same time
        // expects it.
        unsafe {
            (&raw mut (*self.as_raw()).hw_key_idx).write_volatile(index);
            let ptr = &raw mut (*self.as_raw()).flags;
            ptr.write_volatile(ptr.read() | flags.0);
        }
    }
}

/// What mac80211 has to do although the hardware encrypts.
///
/// C: `enum ieee80211_key_flags`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFlags(u16);

impl KeyFlags {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// It puts the IV into frames.
    pub const GENERATE_IV: Self =
        Self(bindings::ieee80211_key_flags_IEEE80211_KEY_FLAG_GENERATE_IV as u16);
    /// It puts the IV into management frames.
    pub const GENERATE_IV_MGMT: Self =
        Self(bindings::ieee80211_key_flags_IEEE80211_KEY_FLAG_GENERATE_IV_MGMT as u16);
    /// It leaves room for the IV. Means nothing with [`KeyFlags::GENERATE_IV`].
    pub const PUT_IV_SPACE: Self =
        Self(bindings::ieee80211_key_flags_IEEE80211_KEY_FLAG_PUT_IV_SPACE as u16);
    /// It makes the Michael MIC of TKIP.
    pub const GENERATE_MMIC: Self =
        Self(bindings::ieee80211_key_flags_IEEE80211_KEY_FLAG_GENERATE_MMIC as u16);
    /// It encrypts management frames.
    pub const SW_MGMT_TX: Self =
        Self(bindings::ieee80211_key_flags_IEEE80211_KEY_FLAG_SW_MGMT_TX as u16);

    /// These and `other`.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Who encrypts with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// The hardware, in which the key has the number `index`.
    Hardware {
        /// The driver's own number.
        index: u8,
        /// What mac80211 has to do.
        flags: KeyFlags,
    },
    /// mac80211.
    Software,
}

/// The number of the last frame that was encrypted with a key.
///
/// C: `struct ieee80211_key_seq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySeq {
    /// Of TKIP.
    Tkip {
        /// The upper 32 bits.
        iv32: u32,
        /// The lower 16 bits.
        iv16: u16,
    },
    /// Of another cipher; the most significant byte is the first.
    Pn([u8; 6]),
}

impl KeySeq {
    pub(super) fn as_raw(self) -> bindings::ieee80211_key_seq {
        let mut raw: bindings::ieee80211_key_seq = pin_init::zeroed();
        match self {
            Self::Tkip { iv32, iv16 } => {
                raw.__bindgen_anon_1.tkip.iv32 = iv32;
                raw.__bindgen_anon_1.tkip.iv16 = iv16;
            }
            // The members for the other ciphers begin with the same bytes.
            Self::Pn(pn) => raw.__bindgen_anon_1.ccmp.pn = pn,
        }
        raw
    }
}

impl<T: Operations> TxFrame<'_, T> {
    /// The key that the hardware has to encrypt the frame with.
    ///
    /// C: `ieee80211_tx_info::control.hw_key`.
    #[inline]
    pub fn hw_key(&self) -> Option<&Key> {
        // SAFETY: In the control phase it is NULL or a key that is freed after a grace period at
        // the earliest; RCU is held as long as the frame exists.
        unsafe {
            let key = self.info().__bindgen_anon_1.control.hw_key;
            (!key.is_null()).then(|| Key::from_raw(key))
        }
    }
}
