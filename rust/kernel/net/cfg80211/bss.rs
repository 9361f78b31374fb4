// SPDX-License-Identifier: GPL-2.0

//! Networks that were seen.

use super::{ChannelInfo, Wiphy};
use crate::{
    bindings,
    net::ieee80211::{element::Elements, MacAddr},
    sync::rcu,
};
use core::{
    ptr::{self, NonNull},
    slice,
};

/// A network that was seen in a scan, and is kept as long as this exists.
///
/// It takes a lock that disables softirqs to get one and to drop it: not with interrupts disabled.
///
/// C: `struct cfg80211_bss`.
///
/// # Invariants
///
/// `bss` is valid and belongs to `wiphy`; a reference to it is owned.
pub struct Bss<'a> {
    bss: NonNull<bindings::cfg80211_bss>,
    wiphy: &'a Wiphy,
}

impl Bss<'_> {
    fn raw(&self) -> *mut bindings::cfg80211_bss {
        self.bss.as_ptr()
    }

    /// The address of the access point.
    pub fn bssid(&self) -> MacAddr {
        // SAFETY: By the type invariant; the address is constant.
        MacAddr::new(unsafe { (*self.raw()).bssid })
    }

    /// The channel.
    pub fn channel(&self) -> Option<ChannelInfo> {
        // SAFETY: By the type invariant; another channel may be written at the same time.
        let channel = unsafe { (&raw const (*self.raw()).channel).read_volatile() };
        // SAFETY: It is a channel of the wiphy.
        unsafe { ChannelInfo::from_raw(channel) }
    }

    /// The time between two beacons, in units of 1024 µs.
    pub fn beacon_interval(&self) -> u16 {
        // SAFETY: By the type invariant; it may be written at the same time.
        unsafe { (&raw const (*self.raw()).beacon_interval).read_volatile() }
    }

    /// The elements of its last beacon or probe response.
    ///
    /// C: `ieee80211_bss_get_ie()`, `ieee80211_bss_get_elem()`.
    pub fn elements<'a>(&'a self, _rcu: &'a rcu::Guard) -> Elements<'a> {
        // SAFETY: By the type invariant; the pointer is replaced at any time.
        let ies = unsafe { (&raw const (*self.raw()).ies).read_volatile() };
        if ies.is_null() {
            return Elements::new(&[]);
        }
        // SAFETY: What it refers to is constant, and freed after a grace period. It has `len`
        // bytes of data.
        let data = unsafe {
            slice::from_raw_parts(
                (&raw const (*ies).data).cast::<u8>(),
                usize::try_from((*ies).len).unwrap_or(0),
            )
        };
        Elements::new(data)
    }
}

impl Drop for Bss<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::cfg80211_put_bss(self.wiphy.as_raw(), self.raw()) };
    }
}

impl Wiphy {
    /// A network that was seen, with this address and this name, or any.
    ///
    /// C: `cfg80211_get_bss()`, `cfg80211_put_bss()`.
    pub fn get_bss(&self, bssid: Option<&MacAddr>, ssid: Option<&[u8]>) -> Option<Bss<'_>> {
        // SAFETY: The wiphy, the address and the name are valid, or NULL.
        let bss = unsafe {
            bindings::__cfg80211_get_bss(
                self.as_raw(),
                ptr::null_mut(),
                bssid.map_or(ptr::null(), |bssid| bssid.as_bytes().as_ptr()),
                ssid.map_or(ptr::null(), <[u8]>::as_ptr),
                ssid.map_or(0, <[u8]>::len),
                bindings::ieee80211_bss_type_IEEE80211_BSS_TYPE_ANY,
                bindings::ieee80211_privacy_IEEE80211_PRIVACY_ANY,
                bindings::nl80211_bss_use_for_NL80211_BSS_USE_FOR_NORMAL,
            )
        };
        // INVARIANT: C has counted a reference.
        Some(Bss {
            bss: NonNull::new(bss)?,
            wiphy: self,
        })
    }
}
