// SPDX-License-Identifier: GPL-2.0

//! Configuration of wireless devices.
//!
//! C header: [`include/net/cfg80211.h`](srctree/include/net/cfg80211.h)
//!
//! This is what drivers say about their hardware (bands, channels, bit rates, interface types),
//! and the lock that all of the configuration runs under: the mutex of the wiphy. A function that
//! needs this mutex takes or is a method of [`Locked`].

mod band;
mod bss;
mod regulatory;

pub(crate) use self::{band::BandTable, regulatory::RegDomain};
pub use self::{
    band::{BandConfig, Bitrate, Channel, ChannelInfo, HeCap, HtCap, VhtCap},
    bss::Bss,
    regulatory::RegRule,
};

use crate::{
    bindings,
    device::Device,
    error::to_result,
    prelude::*,
    types::{NotThreadSafe, Opaque},
};
use core::{marker::PhantomData, ops::Deref};

/// A frequency band.
///
/// C: `enum nl80211_band`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Band {
    /// 2.4 GHz.
    Band2Ghz = bindings::nl80211_band_NL80211_BAND_2GHZ,
    /// 5 GHz, from 4.9 to 5.9 GHz.
    Band5Ghz = bindings::nl80211_band_NL80211_BAND_5GHZ,
    /// 6 GHz, from 5.9 to 7.2 GHz.
    Band6Ghz = bindings::nl80211_band_NL80211_BAND_6GHZ,
}

impl Band {
    pub(crate) fn from_raw(band: u32) -> Option<Self> {
        match band {
            bindings::nl80211_band_NL80211_BAND_2GHZ => Some(Self::Band2Ghz),
            bindings::nl80211_band_NL80211_BAND_5GHZ => Some(Self::Band5Ghz),
            bindings::nl80211_band_NL80211_BAND_6GHZ => Some(Self::Band6Ghz),
            _ => None,
        }
    }

    /// The place of the band in `wiphy::bands`.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// How much of the spectrum a channel takes.
///
/// C: `enum nl80211_chan_width`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelWidth {
    /// 20 MHz, without high throughput.
    Width20NoHt,
    /// 20 MHz.
    Width20,
    /// 40 MHz.
    Width40,
    /// 80 MHz.
    Width80,
    /// Twice 80 MHz, not next to each other.
    Width80P80,
    /// 160 MHz.
    Width160,
    /// 320 MHz.
    Width320,
    /// A width that only special hardware has: 1 to 16 MHz.
    Narrow,
}

impl ChannelWidth {
    fn from_raw(width: u32) -> Self {
        match width {
            bindings::nl80211_chan_width_NL80211_CHAN_WIDTH_20_NOHT => Self::Width20NoHt,
            bindings::nl80211_chan_width_NL80211_CHAN_WIDTH_20 => Self::Width20,
            bindings::nl80211_chan_width_NL80211_CHAN_WIDTH_40 => Self::Width40,
            bindings::nl80211_chan_width_NL80211_CHAN_WIDTH_80 => Self::Width80,
            bindings::nl80211_chan_width_NL80211_CHAN_WIDTH_80P80 => Self::Width80P80,
            bindings::nl80211_chan_width_NL80211_CHAN_WIDTH_160 => Self::Width160,
            bindings::nl80211_chan_width_NL80211_CHAN_WIDTH_320 => Self::Width320,
            _ => Self::Narrow,
        }
    }
}

/// The channel that is in use, and its width.
///
/// C: `struct cfg80211_chan_def`. It is a copy: the C structure refers to a channel of a table,
/// and must not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChanDef {
    /// The band.
    pub band: Band,
    /// The centre of the primary channel in MHz.
    pub center_freq: u16,
    /// The driver's number of the primary channel, as given in [`Channel::hw_value`].
    pub hw_value: u16,
    /// The width.
    pub width: ChannelWidth,
    /// The centre of the whole channel in MHz.
    pub center_freq1: u32,
    /// The centre of the second part in MHz, with [`ChannelWidth::Width80P80`].
    pub center_freq2: u32,
}

impl ChanDef {
    /// Copies a definition. There is none if no channel is set, or of a band that is not known.
    ///
    /// # Safety
    ///
    /// `raw` must be valid, and the channel that it refers to, if any. It may be written at the
    /// same time.
    pub(crate) unsafe fn read(raw: *const bindings::cfg80211_chan_def) -> Option<Self> {
        // SAFETY: By the safety requirements.
        let (chan, width, center_freq1, center_freq2) = unsafe {
            (
                (&raw const (*raw).chan).read_volatile(),
                (&raw const (*raw).width).read_volatile(),
                (&raw const (*raw).center_freq1).read_volatile(),
                (&raw const (*raw).center_freq2).read_volatile(),
            )
        };
        if chan.is_null() {
            return None;
        }
        // SAFETY: By the safety requirements and the check above the channel is valid. `band`,
        // `center_freq` and `hw_value` are constant once the wiphy is registered.
        let (band, center_freq, hw_value) =
            unsafe { ((*chan).band, (*chan).center_freq, (*chan).hw_value) };
        Some(Self {
            band: Band::from_raw(band)?,
            center_freq: center_freq as u16,
            hw_value,
            width: ChannelWidth::from_raw(width),
            center_freq1,
            center_freq2,
        })
    }
}

/// A channel without or with high throughput.
///
/// C: `enum nl80211_channel_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelType {
    /// 20 MHz without high throughput.
    NoHt,
    /// 20 MHz.
    Ht20,
    /// 40 MHz, the secondary channel is below.
    Ht40Minus,
    /// 40 MHz, the secondary channel is above.
    Ht40Plus,
}

impl ChanDef {
    /// A channel that is `channel`, without another or with the one below or above.
    ///
    /// C: `cfg80211_chandef_create()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::net::cfg80211::{Band, ChanDef, ChannelInfo, ChannelType, ChannelWidth};
    ///
    /// let channel = ChannelInfo {
    ///     band: Band::Band2Ghz,
    ///     center_freq: 2437,
    ///     hw_value: 6,
    ///     disabled: false,
    ///     no_ir: false,
    ///     radar: false,
    /// };
    /// let chandef = ChanDef::new(&channel, ChannelType::Ht40Minus);
    /// assert_eq!((chandef.width, chandef.center_freq1), (ChannelWidth::Width40, 2427));
    /// assert_eq!(chandef.channel_type(), Some(ChannelType::Ht40Minus));
    /// ```
    pub fn new(channel: &ChannelInfo, channel_type: ChannelType) -> Self {
        let center = u32::from(channel.center_freq);
        let (width, center_freq1) = match channel_type {
            ChannelType::NoHt => (ChannelWidth::Width20NoHt, center),
            ChannelType::Ht20 => (ChannelWidth::Width20, center),
            ChannelType::Ht40Minus => (ChannelWidth::Width40, center.saturating_sub(10)),
            ChannelType::Ht40Plus => (ChannelWidth::Width40, center + 10),
        };
        Self {
            band: channel.band,
            center_freq: channel.center_freq,
            hw_value: channel.hw_value,
            width,
            center_freq1,
            center_freq2: 0,
        }
    }

    /// What it is for hardware that knows no more than 40 MHz; `None` for other widths.
    ///
    /// C: `cfg80211_get_chandef_type()`.
    pub fn channel_type(&self) -> Option<ChannelType> {
        match self.width {
            ChannelWidth::Width20NoHt => Some(ChannelType::NoHt),
            ChannelWidth::Width20 => Some(ChannelType::Ht20),
            ChannelWidth::Width40 if self.center_freq1 > self.center_freq.into() => {
                Some(ChannelType::Ht40Plus)
            }
            ChannelWidth::Width40 => Some(ChannelType::Ht40Minus),
            _ => None,
        }
    }
}

/// The type of an interface.
///
/// C: `enum nl80211_iftype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum IfType {
    /// Member of an independent network.
    Adhoc = bindings::nl80211_iftype_NL80211_IFTYPE_ADHOC,
    /// Station of an infrastructure network.
    Station = bindings::nl80211_iftype_NL80211_IFTYPE_STATION,
    /// Access point.
    Ap = bindings::nl80211_iftype_NL80211_IFTYPE_AP,
    /// VLAN of an access point; mac80211 makes these of an [`IfType::Ap`].
    ApVlan = bindings::nl80211_iftype_NL80211_IFTYPE_AP_VLAN,
    /// Receives everything.
    Monitor = bindings::nl80211_iftype_NL80211_IFTYPE_MONITOR,
    /// Node of a mesh.
    MeshPoint = bindings::nl80211_iftype_NL80211_IFTYPE_MESH_POINT,
    /// Client of a peer-to-peer group.
    P2pClient = bindings::nl80211_iftype_NL80211_IFTYPE_P2P_CLIENT,
    /// Owner of a peer-to-peer group.
    P2pGo = bindings::nl80211_iftype_NL80211_IFTYPE_P2P_GO,
    /// Peer-to-peer device, which has no network interface.
    P2pDevice = bindings::nl80211_iftype_NL80211_IFTYPE_P2P_DEVICE,
    /// Outside of the context of a network.
    Ocb = bindings::nl80211_iftype_NL80211_IFTYPE_OCB,
    /// Neighbour-aware networking, which has no network interface.
    Nan = bindings::nl80211_iftype_NL80211_IFTYPE_NAN,
}

impl IfType {
    pub(crate) fn from_raw(ty: u32) -> Option<Self> {
        Some(match ty {
            bindings::nl80211_iftype_NL80211_IFTYPE_ADHOC => Self::Adhoc,
            bindings::nl80211_iftype_NL80211_IFTYPE_STATION => Self::Station,
            bindings::nl80211_iftype_NL80211_IFTYPE_AP => Self::Ap,
            bindings::nl80211_iftype_NL80211_IFTYPE_AP_VLAN => Self::ApVlan,
            bindings::nl80211_iftype_NL80211_IFTYPE_MONITOR => Self::Monitor,
            bindings::nl80211_iftype_NL80211_IFTYPE_MESH_POINT => Self::MeshPoint,
            bindings::nl80211_iftype_NL80211_IFTYPE_P2P_CLIENT => Self::P2pClient,
            bindings::nl80211_iftype_NL80211_IFTYPE_P2P_GO => Self::P2pGo,
            bindings::nl80211_iftype_NL80211_IFTYPE_P2P_DEVICE => Self::P2pDevice,
            bindings::nl80211_iftype_NL80211_IFTYPE_OCB => Self::Ocb,
            bindings::nl80211_iftype_NL80211_IFTYPE_NAN => Self::Nan,
            _ => return None,
        })
    }
}

/// A set of [`IfType`].
///
/// # Examples
///
/// ```
/// use kernel::net::cfg80211::{IfType, IfTypes};
///
/// const TYPES: IfTypes = IfTypes::EMPTY.with(IfType::Ap).with(IfType::Station);
/// assert!(TYPES.contains(IfType::Ap));
/// assert!(!TYPES.contains(IfType::Monitor));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfTypes(u16);

impl IfTypes {
    /// No type.
    pub const EMPTY: Self = Self(0);

    /// These types and `ty`.
    #[must_use]
    pub const fn with(self, ty: IfType) -> Self {
        Self(self.0 | 1 << ty as u32)
    }

    /// Whether `ty` is one of these.
    pub const fn contains(self, ty: IfType) -> bool {
        self.0 & 1 << ty as u32 != 0
    }

    /// These types and `other`.
    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any of `other` is among these.
    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all of `other` are among these.
    pub(crate) const fn contains_all(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    pub(crate) const fn as_raw(self) -> u16 {
        self.0
    }
}

/// At most `max` interfaces of these types.
///
/// C: `struct ieee80211_iface_limit`.
#[derive(Clone, Copy, Debug)]
pub struct IfLimit {
    /// How many.
    pub max: u16,
    /// Of which types.
    pub types: IfTypes,
}

/// Interfaces that can be in use at the same time.
///
/// C: `struct ieee80211_iface_combination`.
#[derive(Clone, Copy, Debug)]
pub struct IfCombination<'a> {
    /// The limits of single types.
    pub limits: &'a [IfLimit],
    /// How many channels there can be at the same time.
    pub num_different_channels: u32,
    /// How many interfaces altogether.
    pub max_interfaces: u16,
    /// Whether all beacon intervals must be the same.
    pub beacon_int_infra_match: bool,
}

/// A cipher suite.
///
/// C: `WLAN_CIPHER_SUITE_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct CipherSuite(u32);

impl CipherSuite {
    /// WEP with 40 bits.
    pub const WEP40: Self = Self::ieee80211(1);
    /// WEP with 104 bits.
    pub const WEP104: Self = Self::ieee80211(5);
    /// TKIP.
    pub const TKIP: Self = Self::ieee80211(2);
    /// CCMP with 128 bits.
    pub const CCMP: Self = Self::ieee80211(4);
    /// CCMP with 256 bits.
    pub const CCMP_256: Self = Self::ieee80211(10);
    /// GCMP with 128 bits.
    pub const GCMP: Self = Self::ieee80211(8);
    /// GCMP with 256 bits.
    pub const GCMP_256: Self = Self::ieee80211(9);
    /// BIP with CMAC and 128 bits.
    pub const AES_CMAC: Self = Self::ieee80211(6);
    /// BIP with CMAC and 256 bits.
    pub const BIP_CMAC_256: Self = Self::ieee80211(13);
    /// BIP with GMAC and 128 bits.
    pub const BIP_GMAC_128: Self = Self::ieee80211(11);
    /// BIP with GMAC and 256 bits.
    pub const BIP_GMAC_256: Self = Self::ieee80211(12);

    /// One of those that the standard defines.
    ///
    /// C: `SUITE(0x000FAC, id)`
    const fn ieee80211(id: u8) -> Self {
        Self(0x000f_ac00 | id as u32)
    }

    pub(crate) const fn from_raw(suite: u32) -> Self {
        Self(suite)
    }

    pub(crate) const fn as_raw(self) -> u32 {
        self.0
    }
}

/// Something that a driver can do beyond the basic features.
///
/// C: `enum nl80211_ext_feature_index`. Only those are here that ask nothing of the driver that
/// cfg80211 would have to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ExtFeature {
    /// VHT in independent networks.
    VhtIbss = bindings::nl80211_ext_feature_index_NL80211_EXT_FEATURE_VHT_IBSS,
    /// The rate of beacons can be set to a legacy rate.
    BeaconRateLegacy = bindings::nl80211_ext_feature_index_NL80211_EXT_FEATURE_BEACON_RATE_LEGACY,
    /// Beacons are protected.
    BeaconProtection = bindings::nl80211_ext_feature_index_NL80211_EXT_FEATURE_BEACON_PROTECTION,
    /// Multicast frames can be registered for.
    MulticastRegistrations =
        bindings::nl80211_ext_feature_index_NL80211_EXT_FEATURE_MULTICAST_REGISTRATIONS,
    /// Probe requests of a scan have no more than what is needed.
    ScanMinPreqContent =
        bindings::nl80211_ext_feature_index_NL80211_EXT_FEATURE_SCAN_MIN_PREQ_CONTENT,
}

/// A wireless device.
///
/// C: `struct wiphy`.
#[repr(transparent)]
pub struct Wiphy(Opaque<bindings::wiphy>);

impl Wiphy {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`.
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::wiphy) -> &'a Self {
        // SAFETY: `Wiphy` is transparent; the rest is required of the caller.
        unsafe { &*ptr.cast() }
    }

    pub(crate) fn as_raw(&self) -> *mut bindings::wiphy {
        self.0.get()
    }

    /// The permanent address.
    pub fn perm_addr(&self) -> [u8; 6] {
        // SAFETY: The wiphy is valid, and the address does not change once it is registered.
        unsafe { (*self.as_raw()).perm_addr }
    }

    /// The device of the wiphy itself, for messages that have its name: `dev_info!` and the others.
    ///
    /// C: `wiphy_info()` and the others.
    pub fn device(&self) -> &Device {
        // SAFETY: The wiphy is valid as long as `self`, and so is its device.
        unsafe { Device::from_raw(&raw mut (*self.as_raw()).dev) }
    }

    /// The channel with its centre at `freq` MHz, if the wiphy has one.
    ///
    /// C: `ieee80211_get_channel()`.
    pub fn channel(&self, freq: u16) -> Option<ChannelInfo> {
        let khz = u32::from(freq) * 1000;
        // SAFETY: The wiphy is valid, and its tables are constant.
        let channel = unsafe { bindings::ieee80211_get_channel_khz(self.as_raw(), khz) };
        // SAFETY: It is NULL or a channel of the wiphy.
        unsafe { ChannelInfo::from_raw(channel) }
    }
}

mod private {
    /// Has a wiphy of its own.
    ///
    /// # Safety
    ///
    /// `raw_wiphy` must return the same valid wiphy as long as the value exists.
    pub unsafe trait HasWiphy {
        /// The wiphy.
        fn raw_wiphy(&self) -> *mut crate::bindings::wiphy;
    }
}
pub(crate) use private::HasWiphy;

// SAFETY: It is its own wiphy.
unsafe impl HasWiphy for Wiphy {
    fn raw_wiphy(&self) -> *mut bindings::wiphy {
        self.as_raw()
    }
}

/// Evidence that the mutex of the wiphy is held, by the current thread.
///
/// A `&Locked<T>` is a `&T` that says so in addition. The callbacks of mac80211 that run with the
/// mutex get one. It can't be sent to another thread.
///
/// # Invariants
///
/// The mutex of the wiphy of `inner` is held as long as a reference to this exists.
#[repr(transparent)]
pub struct Locked<T: ?Sized> {
    _not_thread_safe: PhantomData<NotThreadSafe>,
    inner: T,
}

impl<T: HasWiphy> Locked<T> {
    /// # Safety
    ///
    /// The mutex of the wiphy of `inner` must be held by the current thread for `'a`.
    #[inline]
    pub(crate) unsafe fn new<'a>(inner: &'a T) -> &'a Self {
        // SAFETY: `Self` is transparent.
        // INVARIANT: The mutex is held by the safety requirements.
        unsafe { &*core::ptr::from_ref(inner).cast() }
    }
}

impl<T: HasWiphy> Locked<T> {
    /// The name, which user space can change when the mutex is not held.
    ///
    /// C: `wiphy_name()`.
    pub fn wiphy_name(&self) -> &CStr {
        // SAFETY: The wiphy is valid. Its name is replaced with the mutex held only.
        unsafe { CStr::from_char_ptr(bindings::wiphy_name(self.inner.raw_wiphy())) }
    }

    /// Says in which country the hardware is, as far as the driver knows: two letters, or `00` for
    /// rules that fit everywhere. It may sleep; the rules change later.
    ///
    /// Fails with [`EINVAL`] for other bytes.
    ///
    /// C: `regulatory_hint()`.
    pub fn regulatory_hint(&self, alpha2: [u8; 2]) -> Result {
        if alpha2 != *b"00" && !alpha2.iter().all(u8::is_ascii_uppercase) {
            return Err(EINVAL);
        }
        // SAFETY: The wiphy is valid; the two bytes are copied. With the mutex nobody else changes
        // the flags that this clears.
        to_result(unsafe {
            bindings::regulatory_hint(self.inner.raw_wiphy(), alpha2.as_ptr().cast())
        })
    }
}

impl<T> Deref for Locked<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

/// Holds the mutex of a wiphy.
///
/// # Invariants
///
/// The mutex of the wiphy of `inner` is held by the current thread.
pub struct Guard<'a, T: HasWiphy> {
    inner: &'a T,
    _not_thread_safe: NotThreadSafe,
}

impl<'a, T: HasWiphy> Guard<'a, T> {
    /// C: `wiphy_lock()`. It may sleep.
    pub(crate) fn new(inner: &'a T) -> Self {
        // SAFETY: The wiphy is valid by what `HasWiphy` promises.
        unsafe { bindings::wiphy_lock(inner.raw_wiphy()) };
        // INVARIANT: It was locked above.
        Self {
            inner,
            _not_thread_safe: NotThreadSafe,
        }
    }
}

impl<T: HasWiphy> Deref for Guard<'_, T> {
    type Target = Locked<T>;

    fn deref(&self) -> &Locked<T> {
        // SAFETY: The mutex is held by the type invariant, as long as `self` exists.
        unsafe { Locked::new(self.inner) }
    }
}

impl<T: HasWiphy> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: The wiphy is valid, and the mutex is held by the type invariant.
        unsafe { bindings::wiphy_unlock(self.inner.raw_wiphy()) };
    }
}
