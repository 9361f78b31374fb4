// SPDX-License-Identifier: GPL-2.0

//! Interfaces.

use super::{slot::Slot, tx::BeaconFrame, Hw, Operations};
use crate::{
    bindings,
    net::cfg80211::{ChanDef, IfType},
    sync::rcu,
    types::Opaque,
};
use core::{
    marker::PhantomData,
    ops::{Deref, Range},
    ptr::NonNull,
};

/// An interface, without the driver's data.
///
/// C: `struct ieee80211_vif`.
#[repr(transparent)]
pub struct Interface(Opaque<bindings::ieee80211_vif>);

// SAFETY: All methods can be called from any thread.
unsafe impl Send for Interface {}

// SAFETY: As above.
unsafe impl Sync for Interface {}

impl Interface {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::ieee80211_vif) -> &'a Self {
        // SAFETY: By the safety requirements; `Self` is transparent.
        unsafe { &*ptr.cast() }
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::ieee80211_vif {
        self.0.get()
    }

    /// The type. It changes in [`Operations::change_interface`] only.
    #[inline]
    pub fn iftype(&self) -> Option<IfType> {
        // SAFETY: The interface is valid. The field may be written at the same time.
        IfType::from_raw(unsafe { (&raw const (*self.as_raw()).type_).read_volatile() })
    }

    /// The type, with those of peer-to-peer groups told apart.
    ///
    /// C: `ieee80211_vif_type_p2p()`.
    #[inline]
    pub fn iftype_p2p(&self) -> Option<IfType> {
        // SAFETY: The interface is valid. The field may be written at the same time.
        let p2p = unsafe { (&raw const (*self.as_raw()).p2p).read_volatile() };
        Some(match self.iftype()? {
            IfType::Station if p2p => IfType::P2pClient,
            IfType::Ap if p2p => IfType::P2pGo,
            iftype => iftype,
        })
    }

    /// The address. It changes between [`Operations::remove_interface`] and
    /// [`Operations::add_interface`] only.
    #[inline]
    pub fn addr(&self) -> [u8; 6] {
        // SAFETY: The interface is valid. The field may be written at the same time, but any bytes
        // are an address.
        unsafe { (&raw const (*self.as_raw()).addr).read_volatile() }
    }

    /// The power to transmit with in dBm, if there is one yet. It changes with the channel, and
    /// when user space sets it, see [`BssChange::TXPOWER`].
    ///
    /// C: `ieee80211_vif::bss_conf.txpower`.
    #[inline]
    pub fn txpower(&self) -> Option<i32> {
        // SAFETY: The interface is valid. The field may be written at the same time, but any value
        // is a power.
        let power = unsafe { (&raw const (*self.as_raw()).bss_conf.txpower).read_volatile() };
        // What mac80211 begins with.
        Some(power).filter(|&power| power != i32::MIN)
    }
}

/// An interface with the driver's data.
///
/// C: `struct ieee80211_vif`.
///
/// # Invariants
///
/// It belongs to hardware of the driver `T`, and its private memory has a value.
#[repr(transparent)]
pub struct Vif<T: Operations>(Interface, PhantomData<T>);

impl<T: Operations> Deref for Vif<T> {
    type Target = Interface;

    #[inline]
    fn deref(&self) -> &Interface {
        &self.0
    }
}

/// The driver's memory of an interface.
///
/// # Safety
///
/// `ptr` must be valid for `'a`, and belong to hardware of `T`.
#[inline]
pub(super) unsafe fn slot<'a, T: Operations>(
    ptr: *mut bindings::ieee80211_vif,
) -> &'a Slot<T::Vif> {
    // SAFETY: By the safety requirements. The memory was allocated as zeroes, with the size of a
    // `Slot`, which is valid as zeroes.
    unsafe { &*(&raw const (*ptr).drv_priv).cast::<Slot<T::Vif>>() }
}

impl<T: Operations> Vif<T> {
    /// The interface, if it has a value of the driver.
    ///
    /// # Safety
    ///
    /// `ptr` must be NULL, or be valid for `'a` and belong to hardware of `T`, and the value must
    /// not be dropped in `'a`: either RCU or the mutex of the wiphy must be held.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::ieee80211_vif) -> Option<&'a Self> {
        // SAFETY: By the safety requirements.
        if ptr.is_null() || !unsafe { slot::<T>(ptr) }.is_ready() {
            return None;
        }
        // INVARIANT: Checked above.
        // SAFETY: By the safety requirements; `Self` is transparent.
        Some(unsafe { &*ptr.cast() })
    }

    #[inline]
    fn slot(&self) -> &Slot<T::Vif> {
        // SAFETY: The interface is valid, and belongs to hardware of `T` by the type invariant.
        unsafe { slot::<T>(self.as_raw()) }
    }

    /// Whether it is of a type that has beacons.
    #[inline]
    pub(super) fn can_beacon(&self) -> bool {
        matches!(
            self.iftype(),
            Some(IfType::Ap | IfType::Adhoc | IfType::MeshPoint)
        )
    }

    /// The hardware it belongs to.
    #[inline]
    pub fn hw(&self) -> &Hw<T> {
        // SAFETY: The value is ready by the type invariant. The hardware exists longer than its
        // interfaces.
        unsafe { Hw::from_raw(self.slot().hw()) }
    }

    /// The driver's data.
    ///
    /// C: `ieee80211_vif::drv_priv`.
    #[inline]
    pub fn data(&self) -> &T::Vif {
        // SAFETY: The value is initialised by the type invariant. It may have been hidden since,
        // but it is not dropped as long as RCU or the mutex is held.
        unsafe { self.slot().get_unchecked() }
    }

    /// The next beacon, with its TIM brought up to date, for hardware that does not do so. `None`
    /// if the interface has no beacons.
    ///
    /// It can be called in softirqs and by threads, with interrupts enabled.
    ///
    /// C: `ieee80211_beacon_get()`.
    pub fn beacon_get(&self, _rcu: &rcu::Guard) -> Option<BeaconFrame<'_, T>> {
        // mac80211 warns about others.
        if !self.can_beacon() {
            return None;
        }
        // SAFETY: The interface is valid and belongs to this hardware.
        let skb = unsafe {
            bindings::ieee80211_beacon_get_tim(
                self.hw().as_raw(),
                self.as_raw(),
                core::ptr::null_mut(),
                core::ptr::null_mut(),
                0,
            )
        };
        // SAFETY: It is a new frame.
        Some(unsafe { BeaconFrame::new(NonNull::new(skb)?, self.hw(), false) })
    }

    /// The beacon, for hardware that brings the TIM and counters up to date by itself, and where
    /// they are. `None` if the interface has no beacons.
    ///
    /// It can be called in softirqs and by threads, with interrupts enabled.
    ///
    /// C: `ieee80211_beacon_get_template()`.
    pub fn beacon_template(
        &self,
        _rcu: &rcu::Guard,
    ) -> Option<(BeaconFrame<'_, T>, BeaconOffsets)> {
        // mac80211 warns about others.
        if !self.can_beacon() {
            return None;
        }
        let mut raw: bindings::ieee80211_mutable_offsets = pin_init::zeroed();
        // SAFETY: The interface is valid and belongs to this hardware, and its first link always
        // exists.
        let skb = unsafe {
            bindings::ieee80211_beacon_get_template(self.hw().as_raw(), self.as_raw(), &mut raw, 0)
        };
        // SAFETY: It is a new frame.
        let frame = unsafe { BeaconFrame::new(NonNull::new(skb)?, self.hw(), false) };
        let tim = usize::from(raw.tim_offset);
        let there_is = |&offset: &usize| offset != 0;
        Some((
            frame,
            BeaconOffsets {
                tim: Some(tim)
                    .filter(there_is)
                    .map(|tim| tim..tim + usize::from(raw.tim_length)),
                countdown: raw
                    .cntdwn_counter_offs
                    .map(|offset| Some(offset.into()).filter(there_is)),
            },
        ))
    }

    /// The next of the frames that were kept until after a DTIM beacon.
    /// [`Vif::beacon_get`] must have been called before.
    ///
    /// C: `ieee80211_get_buffered_bc()`.
    pub fn buffered_bc(&self, _rcu: &rcu::Guard) -> Option<BeaconFrame<'_, T>> {
        // SAFETY: The interface is valid and belongs to this hardware.
        let skb = unsafe { bindings::ieee80211_get_buffered_bc(self.hw().as_raw(), self.as_raw()) };
        // SAFETY: It is a frame that belongs to us now.
        Some(unsafe { BeaconFrame::new(NonNull::new(skb)?, self.hw(), true) })
    }
}

/// Where in a beacon things are that change, see [`Vif::beacon_template`].
///
/// C: `struct ieee80211_mutable_offsets`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeaconOffsets {
    /// The TIM, if it is a beacon of an access point or of a mesh.
    pub tim: Option<Range<usize>>,
    /// The numbers of beacons until a switch to another channel, if there is one.
    pub countdown: [Option<usize>; 2],
}

/// What has changed of an interface or of its network.
///
/// C: `enum ieee80211_bss_change`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BssChange(u64);

macro_rules! bss_changes {
    ($($(#[$doc:meta])* $name:ident = $c:ident;)*) => {
        impl BssChange {
            $($(#[$doc])* pub const $name: Self = Self(bindings::$c as u64);)*
        }
    };
}

bss_changes! {
    /// The interface has joined a network, or left it.
    ASSOC = ieee80211_bss_change_BSS_CHANGED_ASSOC;
    /// Whether frames of 802.11b are protected.
    ERP_CTS_PROT = ieee80211_bss_change_BSS_CHANGED_ERP_CTS_PROT;
    /// The preamble.
    ERP_PREAMBLE = ieee80211_bss_change_BSS_CHANGED_ERP_PREAMBLE;
    /// The length of slots.
    ERP_SLOT = ieee80211_bss_change_BSS_CHANGED_ERP_SLOT;
    /// The mode of high throughput.
    HT = ieee80211_bss_change_BSS_CHANGED_HT;
    /// The basic rates.
    BASIC_RATES = ieee80211_bss_change_BSS_CHANGED_BASIC_RATES;
    /// The time between beacons.
    BEACON_INT = ieee80211_bss_change_BSS_CHANGED_BEACON_INT;
    /// The BSSID.
    BSSID = ieee80211_bss_change_BSS_CHANGED_BSSID;
    /// The contents of the beacon.
    BEACON = ieee80211_bss_change_BSS_CHANGED_BEACON;
    /// Whether there are beacons.
    BEACON_ENABLED = ieee80211_bss_change_BSS_CHANGED_BEACON_ENABLED;
    /// The power.
    TXPOWER = ieee80211_bss_change_BSS_CHANGED_TXPOWER;
}

impl BssChange {
    pub(super) const fn from_raw(changed: u64) -> Self {
        Self(changed)
    }

    /// Whether any of `other` has changed.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// The network of a link of an interface.
///
/// C: `struct ieee80211_bss_conf`. There is one only in callbacks with the mutex of the wiphy,
/// which all fields are written with.
#[repr(transparent)]
pub struct BssConf(Opaque<bindings::ieee80211_bss_conf>);

impl BssConf {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`, and the mutex of the wiphy be held.
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::ieee80211_bss_conf) -> &'a Self {
        // SAFETY: By the safety requirements; `Self` is transparent.
        unsafe { &*ptr.cast() }
    }

    fn raw(&self) -> &bindings::ieee80211_bss_conf {
        // SAFETY: It is valid, and not written as long as the mutex is held.
        unsafe { &*self.0.get() }
    }

    /// The BSSID.
    pub fn bssid(&self) -> [u8; 6] {
        // SAFETY: It refers to an address of the same interface, or is NULL.
        unsafe { self.raw().bssid.cast::<[u8; 6]>().as_ref() }.map_or([0; 6], |addr| *addr)
    }

    /// Whether there are beacons.
    pub fn enable_beacon(&self) -> bool {
        self.raw().enable_beacon
    }

    /// The time between beacons, in units of 1024 µs.
    pub fn beacon_int(&self) -> u16 {
        self.raw().beacon_int
    }

    /// The number of beacons from one DTIM beacon to the next.
    pub fn dtim_period(&self) -> u8 {
        self.raw().dtim_period
    }

    /// The power in dBm.
    pub fn txpower(&self) -> i32 {
        self.raw().txpower
    }

    /// The channel that the network would like to have; see `ieee80211_bss_conf::chanreq`.
    pub fn chandef(&self) -> Option<ChanDef> {
        // SAFETY: The channel is one of the wiphy's.
        unsafe { ChanDef::read(&self.raw().chanreq.oper) }
    }
}
