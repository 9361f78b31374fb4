// SPDX-License-Identifier: GPL-2.0

//! Stations.

use super::{slot::Slot, vif::Vif, Hw, Operations};
use crate::{
    bindings, error::to_result, net::cfg80211::Locked, prelude::*, sync::rcu, types::Opaque,
};
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
    pub(super) fn as_raw(&self) -> *mut bindings::ieee80211_sta {
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

impl Station {
    /// How many spatial streams it can receive.
    #[inline]
    pub fn rx_nss(&self) -> u8 {
        // SAFETY: The station is valid. The field may be written at the same time.
        unsafe { (&raw const (*self.as_raw()).deflink.rx_nss).read_volatile() }
    }

    /// The power to transmit to it with, in dBm, if it has one of its own.
    #[inline]
    pub fn txpower(&self) -> Option<i16> {
        // SAFETY: The station is valid. The fields may be written at the same time.
        let (ty, power) = unsafe {
            let txpwr = &raw const (*self.as_raw()).deflink.txpwr;
            (
                (&raw const (*txpwr).type_).read_volatile(),
                (&raw const (*txpwr).power).read_volatile(),
            )
        };
        (ty == bindings::nl80211_tx_power_setting_NL80211_TX_POWER_LIMITED).then_some(power)
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

impl<T: Operations> Sta<T> {
    pub(super) fn hw(&self) -> *mut bindings::ieee80211_hw {
        // SAFETY: There is a value by the type invariant.
        unsafe { slot::<T>(self.as_raw()).hw() }
    }

    /// Says whether the driver keeps frames of a TID for this station while it sleeps.
    ///
    /// Fails with [`EINVAL`] for a TID that is none.
    ///
    /// C: `ieee80211_sta_set_buffered()`. It can be called in softirqs and by threads, but not in
    /// [`Operations::set_tim`], whose lock it takes.
    pub fn set_buffered(&self, tid: u8, buffered: bool, _rcu: &rcu::Guard) -> Result {
        if u32::from(tid) >= bindings::IEEE80211_NUM_TIDS {
            return Err(EINVAL);
        }
        // SAFETY: The station is valid, and the TID one.
        unsafe { bindings::ieee80211_sta_set_buffered(self.as_raw(), tid, buffered) };
        Ok(())
    }

    /// Says that the station has not acknowledged `packets` frames.
    ///
    /// C: `ieee80211_report_low_ack()`. It can be called in softirqs and by threads.
    pub fn report_low_ack(&self, packets: u32, _rcu: &rcu::Guard) {
        // SAFETY: The station is valid.
        unsafe { bindings::ieee80211_report_low_ack(self.as_raw(), packets) };
    }
}

impl<T: Operations> Vif<T> {
    /// The station with the address `addr`, if the driver knows it.
    ///
    /// C: `ieee80211_find_sta()`.
    pub fn find_sta<'a>(&'a self, addr: &[u8; 6], _rcu: &'a rcu::Guard) -> Option<&'a Sta<T>> {
        // SAFETY: The interface is valid, and RCU held, as long as which stations are.
        unsafe { Sta::from_raw(bindings::ieee80211_find_sta(self.as_raw(), addr.as_ptr())) }
    }
}

impl<T: Operations> Hw<T> {
    /// The station with the address `addr` of the interface with the address `local`, if the driver
    /// knows it.
    ///
    /// C: `ieee80211_find_sta_by_ifaddr()`.
    pub fn find_sta<'a>(
        &'a self,
        addr: &[u8; 6],
        local: &[u8; 6],
        _rcu: &'a rcu::Guard,
    ) -> Option<&'a Sta<T>> {
        // SAFETY: The hardware is valid, and RCU held, as long as which stations are.
        unsafe {
            Sta::from_raw(bindings::ieee80211_find_sta_by_ifaddr(
                self.as_raw(),
                addr.as_ptr(),
                local.as_ptr(),
            ))
        }
    }

    /// Calls `f` for each station that the driver knows.
    ///
    /// C: `ieee80211_iterate_stations_atomic()`.
    pub fn for_each_sta<'a, F: FnMut(&'a Sta<T>)>(&'a self, _rcu: &'a rcu::Guard, mut f: F) {
        // SAFETY: The hardware is valid; `each` calls `f`, which is valid for the call, with
        // stations of this hardware, which are valid as long as RCU is held.
        unsafe {
            bindings::ieee80211_iterate_stations_atomic(
                self.as_raw(),
                Some(each::<T, F>),
                (&raw mut f).cast(),
            )
        };
    }
}

/// Calls a closure with a station.
///
/// # Safety
///
/// `data` must refer to an `F`, and `sta` to a station of hardware of `T`, that is valid for `'a`.
unsafe extern "C" fn each<'a, T: Operations, F: FnMut(&'a Sta<T>)>(
    data: *mut c_void,
    sta: *mut bindings::ieee80211_sta,
) {
    // SAFETY: By the safety requirements.
    let f = unsafe { &mut *data.cast::<F>() };
    // SAFETY: By the safety requirements.
    if let Some(sta) = unsafe { Sta::from_raw(sta) } {
        f(sta);
    }
}

impl<T: Operations> Locked<Hw<T>> {
    /// Begins to negotiate an aggregation session for frames to a station.
    /// [`Operations::ampdu_action`] is called if the station agrees. After `timeout` × 1024 µs
    /// without a frame it ends; 0 is never.
    ///
    /// Fails with [`EINVAL`] if there can't be one, with [`EAGAIN`] if there is one, and with
    /// [`EBUSY`] if the station has refused it too often.
    ///
    /// C: `ieee80211_start_tx_ba_session()`.
    pub fn start_tx_ba_session(&self, sta: &Sta<T>, tid: u8, timeout: u16) -> Result {
        // mac80211 warns about other TIDs, and without the operation.
        if u32::from(tid) >= bindings::IEEE80211_FIRST_TSPEC_TSID
            || !T::HAS_AMPDU_ACTION
            || sta.hw() != self.as_raw()
        {
            return Err(EINVAL);
        }
        // SAFETY: The station is valid. Since the mutex is held, it is not about to go, and what is
        // queued is cancelled when it does.
        to_result(unsafe {
            bindings::ieee80211_start_tx_ba_session(sta.as_raw(), tid.into(), timeout)
        })
    }

    /// Ends an aggregation session for frames to a station: [`Operations::ampdu_action`] is called
    /// later.
    ///
    /// Fails with [`EINVAL`] for a TID that is none, for stations of other hardware and without
    /// [`Operations::ampdu_action`], and with [`ENOENT`] if there is no session.
    ///
    /// C: `ieee80211_stop_tx_ba_session()`.
    pub fn stop_tx_ba_session(&self, sta: &Sta<T>, tid: u8) -> Result {
        if sta.hw() != self.as_raw() {
            return Err(EINVAL);
        }
        // SAFETY: The station is valid. Since the mutex is held, it is not about to go, and what is
        // queued is cancelled when it does.
        to_result(unsafe { bindings::ieee80211_stop_tx_ba_session(sta.as_raw(), tid.into()) })
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

/// What has changed of what a station can receive.
///
/// C: `enum ieee80211_rate_control_changed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateChange(u32);

impl RateChange {
    /// The width of the channel.
    pub const BW: Self = Self(bindings::ieee80211_rate_control_changed_IEEE80211_RC_BW_CHANGED);
    /// Whether it saves power by receiving with one antenna.
    pub const SMPS: Self = Self(bindings::ieee80211_rate_control_changed_IEEE80211_RC_SMPS_CHANGED);
    /// The rates.
    pub const SUPP_RATES: Self =
        Self(bindings::ieee80211_rate_control_changed_IEEE80211_RC_SUPP_RATES_CHANGED);
    /// The number of spatial streams.
    pub const NSS: Self = Self(bindings::ieee80211_rate_control_changed_IEEE80211_RC_NSS_CHANGED);

    pub(super) const fn from_raw(changed: u32) -> Self {
        Self(changed)
    }

    /// Whether any of `other` has changed.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Why a station that sleeps gets frames.
///
/// C: `enum ieee80211_frame_release_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseReason {
    /// It has sent a PS-Poll.
    PsPoll,
    /// It has sent a trigger frame of U-APSD.
    Uapsd,
}

impl ReleaseReason {
    pub(super) fn from_raw(reason: bindings::ieee80211_frame_release_type) -> Self {
        match reason {
            bindings::ieee80211_frame_release_type_IEEE80211_FRAME_RELEASE_UAPSD => Self::Uapsd,
            _ => Self::PsPoll,
        }
    }
}
