// SPDX-License-Identifier: GPL-2.0

//! Stations.

use super::{slot::Slot, Operations};
use crate::{bindings, types::Opaque};
use core::{marker::PhantomData, ops::Deref};

/// A station, without the driver's data.
///
/// C: `struct ieee80211_sta`.
#[repr(transparent)]
pub struct Station(Opaque<bindings::ieee80211_sta>);

// SAFETY: All methods can be called from any thread.
unsafe impl Send for Station {}

// SAFETY: As above.
unsafe impl Sync for Station {}

impl Station {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::ieee80211_sta) -> &'a Self {
        // SAFETY: By the safety requirements; `Self` is transparent.
        unsafe { &*ptr.cast() }
    }

    #[inline]
    fn as_raw(&self) -> *mut bindings::ieee80211_sta {
        self.0.get()
    }

    /// The address.
    #[inline]
    pub fn addr(&self) -> [u8; 6] {
        // SAFETY: The station is valid, and its address constant.
        unsafe { (*self.as_raw()).addr }
    }

    /// The association id, or 0. It is set when the station becomes [`StaState::Assoc`].
    #[inline]
    pub fn aid(&self) -> u16 {
        // SAFETY: The station is valid. The field may be written at the same time.
        unsafe { (&raw const (*self.as_raw()).aid).read_volatile() }
    }
}

/// A station with the driver's data.
///
/// C: `struct ieee80211_sta`.
///
/// # Invariants
///
/// It belongs to hardware of the driver `T`, and its private memory has a value.
#[repr(transparent)]
pub struct Sta<T: Operations>(Station, PhantomData<T>);

impl<T: Operations> Deref for Sta<T> {
    type Target = Station;

    #[inline]
    fn deref(&self) -> &Station {
        &self.0
    }
}

/// The driver's memory of a station.
///
/// # Safety
///
/// `ptr` must be valid for `'a`, and belong to hardware of `T`.
#[inline]
pub(super) unsafe fn slot<'a, T: Operations>(
    ptr: *mut bindings::ieee80211_sta,
) -> &'a Slot<T::Sta> {
    // SAFETY: By the safety requirements. The memory was allocated as zeroes, with the size of a
    // `Slot`, which is valid as zeroes.
    unsafe { &*(&raw const (*ptr).drv_priv).cast::<Slot<T::Sta>>() }
}

impl<T: Operations> Sta<T> {
    /// The station, if it has a value of the driver.
    ///
    /// # Safety
    ///
    /// `ptr` must be NULL, or be valid for `'a` and belong to hardware of `T`, and the value must
    /// not be dropped in `'a`: either RCU or the mutex of the wiphy must be held.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::ieee80211_sta) -> Option<&'a Self> {
        // SAFETY: By the safety requirements.
        if ptr.is_null() || !unsafe { slot::<T>(ptr) }.is_ready() {
            return None;
        }
        // INVARIANT: Checked above.
        // SAFETY: By the safety requirements; `Self` is transparent.
        Some(unsafe { &*ptr.cast() })
    }

    /// The driver's data.
    ///
    /// C: `ieee80211_sta::drv_priv`.
    #[inline]
    pub fn data(&self) -> &T::Sta {
        // SAFETY: There is a value by the type invariant. It may have been hidden since, but it is
        // not dropped as long as RCU or the mutex is held.
        unsafe { slot::<T>(self.as_raw()).get_unchecked() }
    }
}

/// How far a station has got.
///
/// C: `enum ieee80211_sta_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StaState {
    /// mac80211 does not know it.
    NotExist,
    /// It is known.
    None,
    /// It is authenticated.
    Auth,
    /// It is associated.
    Assoc,
    /// It is authorised: its keys are set, if there are any.
    Authorized,
}

impl StaState {
    pub(super) fn from_raw(state: bindings::ieee80211_sta_state) -> Option<Self> {
        Some(match state {
            bindings::ieee80211_sta_state_IEEE80211_STA_NOTEXIST => Self::NotExist,
            bindings::ieee80211_sta_state_IEEE80211_STA_NONE => Self::None,
            bindings::ieee80211_sta_state_IEEE80211_STA_AUTH => Self::Auth,
            bindings::ieee80211_sta_state_IEEE80211_STA_ASSOC => Self::Assoc,
            bindings::ieee80211_sta_state_IEEE80211_STA_AUTHORIZED => Self::Authorized,
            _ => return None,
        })
    }
}

/// What a station does that saves power.
///
/// C: `enum sta_notify_cmd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaNotify {
    /// It sleeps.
    Sleep,
    /// It is awake.
    Awake,
}
