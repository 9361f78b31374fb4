// SPDX-License-Identifier: GPL-2.0

//! Bands, channels and bit rates.

use super::{Band, IfType, IfTypes};
use crate::{bindings, prelude::*};

/// A channel that hardware can use.
///
/// C: `struct ieee80211_channel`.
#[derive(Clone, Copy, Debug)]
pub struct Channel {
    /// The centre in MHz.
    pub center_freq: u16,
    /// The driver's own number for it.
    pub hw_value: u16,
    /// The highest power in dBm.
    pub max_power: i8,
    /// The highest antenna gain in dB.
    pub max_antenna_gain: i8,
}

impl Channel {
    /// A channel with at most 20 dBm.
    pub const fn new(center_freq: u16) -> Self {
        Self {
            center_freq,
            hw_value: center_freq,
            max_power: 20,
            max_antenna_gain: 0,
        }
    }
}

/// A channel of a wiphy, and what may be done there now.
///
/// C: `struct ieee80211_channel`. It is a copy, like [`ChanDef`](super::ChanDef).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelInfo {
    /// The band.
    pub band: Band,
    /// The centre in MHz.
    pub center_freq: u16,
    /// The driver's own number for it.
    pub hw_value: u16,
    /// It must not be used.
    pub disabled: bool,
    /// Nothing may be transmitted before something was received.
    pub no_ir: bool,
    /// There may be radar.
    pub radar: bool,
}

impl ChannelInfo {
    /// # Safety
    ///
    /// `raw` must be NULL or a channel of a wiphy.
    pub(crate) unsafe fn from_raw(raw: *const bindings::ieee80211_channel) -> Option<Self> {
        if raw.is_null() {
            return None;
        }
        // SAFETY: By the safety requirements. Regulatory code writes to the flags at any time; the
        // rest is constant.
        let (band, center_freq, hw_value, flags) = unsafe {
            (
                (*raw).band,
                (*raw).center_freq,
                (*raw).hw_value,
                (&raw const (*raw).flags).read_volatile(),
            )
        };
        Some(Self {
            band: Band::from_raw(band)?,
            center_freq: center_freq as u16,
            hw_value,
            disabled: flags & bindings::ieee80211_channel_flags_IEEE80211_CHAN_DISABLED != 0,
            no_ir: flags & bindings::ieee80211_channel_flags_IEEE80211_CHAN_NO_IR != 0,
            radar: flags & bindings::ieee80211_channel_flags_IEEE80211_CHAN_RADAR != 0,
        })
    }
}

/// A bit rate of 802.11a, b or g.
///
/// C: `struct ieee80211_rate`.
#[derive(Clone, Copy, Debug)]
pub struct Bitrate {
    /// In units of 100 kbit/s.
    pub bitrate: u16,
    /// The driver's own number for it.
    pub hw_value: u16,
    /// Whether the hardware can use a short preamble with it.
    pub short_preamble: bool,
}

impl Bitrate {
    /// A rate of `bitrate` times 100 kbit/s.
    pub const fn new(bitrate: u16) -> Self {
        Self {
            bitrate,
            hw_value: 0,
            short_preamble: false,
        }
    }

    /// Like [`Bitrate::new`], with a short preamble.
    pub const fn with_short_preamble(bitrate: u16) -> Self {
        Self {
            bitrate,
            hw_value: 0,
            short_preamble: true,
        }
    }
}

impl Bitrate {
    pub(crate) fn from_raw(raw: &bindings::ieee80211_rate) -> Self {
        let short_preamble = bindings::ieee80211_rate_flags_IEEE80211_RATE_SHORT_PREAMBLE;
        Self {
            bitrate: raw.bitrate,
            hw_value: raw.hw_value,
            short_preamble: raw.flags & short_preamble != 0,
        }
    }
}

/// What hardware can do with high throughput (802.11n).
///
/// C: `struct ieee80211_sta_ht_cap`.
#[derive(Clone, Copy, Debug)]
pub struct HtCap {
    /// Capabilities, `IEEE80211_HT_CAP_*`.
    pub cap: u16,
    /// Number of spatial streams, 1 to 4; all 8 rates of each are supported.
    pub streams: u8,
    /// Exponent of the longest A-MPDU, 0 to 3: 2^(13 + n) - 1 octets.
    pub ampdu_factor: u8,
    /// Least time between the starts of MPDUs, 0 to 7.
    pub ampdu_density: u8,
}

impl HtCap {
    /// 40 MHz.
    pub const SUP_WIDTH_20_40: u16 = bindings::IEEE80211_HT_CAP_SUP_WIDTH_20_40 as u16;
    /// Greenfield frames.
    pub const GRN_FLD: u16 = bindings::IEEE80211_HT_CAP_GRN_FLD as u16;
    /// Short guard interval with 20 MHz.
    pub const SGI_20: u16 = bindings::IEEE80211_HT_CAP_SGI_20 as u16;
    /// Short guard interval with 40 MHz.
    pub const SGI_40: u16 = bindings::IEEE80211_HT_CAP_SGI_40 as u16;
    /// DSSS and CCK with 40 MHz.
    pub const DSSSCCK40: u16 = bindings::IEEE80211_HT_CAP_DSSSCCK40 as u16;

    fn fill(&self, raw: &mut bindings::ieee80211_sta_ht_cap) -> Result {
        if !(1..=4).contains(&self.streams) || self.ampdu_factor > 3 || self.ampdu_density > 7 {
            return Err(EINVAL);
        }
        raw.ht_supported = true;
        raw.cap = self.cap;
        raw.ampdu_factor = self.ampdu_factor;
        raw.ampdu_density = self.ampdu_density;
        for mask in raw.mcs.rx_mask.iter_mut().take(self.streams.into()) {
            *mask = 0xff;
        }
        raw.mcs.tx_params = bindings::IEEE80211_HT_MCS_TX_DEFINED as u8;
        Ok(())
    }
}

/// What hardware can do with very high throughput (802.11ac).
///
/// C: `struct ieee80211_sta_vht_cap`.
#[derive(Clone, Copy, Debug)]
pub struct VhtCap {
    /// Capabilities, `IEEE80211_VHT_CAP_*`.
    pub cap: u32,
    /// Number of spatial streams, 1 to 8; MCS 0 to 9 of each are supported.
    pub streams: u8,
}

impl VhtCap {
    /// MPDUs of up to 11454 octets.
    pub const MAX_MPDU_LENGTH_11454: u32 = bindings::IEEE80211_VHT_CAP_MAX_MPDU_LENGTH_11454;
    /// 160 MHz, and twice 80 MHz.
    pub const SUPP_CHAN_WIDTH_160_80PLUS80MHZ: u32 =
        bindings::IEEE80211_VHT_CAP_SUPP_CHAN_WIDTH_160_80PLUS80MHZ;
    /// LDPC can be received.
    pub const RXLDPC: u32 = bindings::IEEE80211_VHT_CAP_RXLDPC;
    /// Short guard interval with 80 MHz.
    pub const SHORT_GI_80: u32 = bindings::IEEE80211_VHT_CAP_SHORT_GI_80;
    /// Short guard interval with 160 MHz.
    pub const SHORT_GI_160: u32 = bindings::IEEE80211_VHT_CAP_SHORT_GI_160;
    /// A-MPDUs of the greatest length.
    pub const MAX_A_MPDU_LENGTH_EXPONENT_MASK: u32 =
        bindings::IEEE80211_VHT_CAP_MAX_A_MPDU_LENGTH_EXPONENT_MASK;

    fn fill(&self, raw: &mut bindings::ieee80211_sta_vht_cap) -> Result {
        if !(1..=8).contains(&self.streams) {
            return Err(EINVAL);
        }
        // Two bits per stream: 2 is MCS 0 to 9, 3 is none.
        let map = (0..8).fold(0u16, |map, stream| {
            let bits: u16 = if stream < self.streams { 2 } else { 3 };
            map | (bits << (2 * stream))
        });
        raw.vht_supported = true;
        raw.cap = self.cap;
        raw.vht_mcs.rx_mcs_map = map.to_le();
        raw.vht_mcs.tx_mcs_map = map.to_le();
        Ok(())
    }
}

/// What hardware can do with high efficiency (802.11ax), for interfaces of some types.
///
/// C: `struct ieee80211_sband_iftype_data`, `struct ieee80211_sta_he_cap`.
#[derive(Clone, Copy, Debug)]
pub struct HeCap {
    /// The types of interfaces.
    pub types: IfTypes,
    /// MAC capabilities, `IEEE80211_HE_MAC_CAP*`.
    pub mac_cap_info: [u8; 6],
    /// PHY capabilities, `IEEE80211_HE_PHY_CAP*`. There are no PPE thresholds.
    pub phy_cap_info: [u8; 11],
    /// Number of spatial streams, 1 to 8; MCS 0 to 11 of each are supported.
    pub streams: u8,
}

impl HeCap {
    /// In octet 0 of the MAC capabilities: the HE variant of HT control.
    pub const MAC_CAP0_HTC_HE: u8 = bindings::IEEE80211_HE_MAC_CAP0_HTC_HE as u8;
    /// In octet 0 of the PHY capabilities: 40 MHz in the 2.4 GHz band.
    pub const PHY_CAP0_CHANNEL_WIDTH_SET_40MHZ_IN_2G: u8 =
        bindings::IEEE80211_HE_PHY_CAP0_CHANNEL_WIDTH_SET_40MHZ_IN_2G as u8;
    /// In octet 0 of the PHY capabilities: 40 and 80 MHz in the 5 GHz band.
    pub const PHY_CAP0_CHANNEL_WIDTH_SET_40MHZ_80MHZ_IN_5G: u8 =
        bindings::IEEE80211_HE_PHY_CAP0_CHANNEL_WIDTH_SET_40MHZ_80MHZ_IN_5G as u8;
    /// In octet 0 of the PHY capabilities: 160 MHz in the 5 GHz band.
    pub const PHY_CAP0_CHANNEL_WIDTH_SET_160MHZ_IN_5G: u8 =
        bindings::IEEE80211_HE_PHY_CAP0_CHANNEL_WIDTH_SET_160MHZ_IN_5G as u8;
    /// In octet 0 of the PHY capabilities: twice 80 MHz in the 5 GHz band.
    pub const PHY_CAP0_CHANNEL_WIDTH_SET_80PLUS80_MHZ_IN_5G: u8 =
        bindings::IEEE80211_HE_PHY_CAP0_CHANNEL_WIDTH_SET_80PLUS80_MHZ_IN_5G as u8;
    /// In octet 1 of the PHY capabilities: LDPC.
    pub const PHY_CAP1_LDPC_CODING_IN_PAYLOAD: u8 =
        bindings::IEEE80211_HE_PHY_CAP1_LDPC_CODING_IN_PAYLOAD as u8;

    /// Refuses what `ieee80211_register_hw()` does, and thresholds, which there are none of.
    fn check(&self, band: Band, ht: Option<&HtCap>) -> Result {
        let client = IfTypes::EMPTY.with(IfType::Station).with(IfType::P2pClient);
        let [width, ..] = self.phy_cap_info;
        let has_40mhz = width
            & if band == Band::Band2Ghz {
                Self::PHY_CAP0_CHANNEL_WIDTH_SET_40MHZ_IN_2G
            } else {
                Self::PHY_CAP0_CHANNEL_WIDTH_SET_40MHZ_80MHZ_IN_5G
            }
            != 0;
        let ht_has_40mhz = ht.is_some_and(|ht| ht.cap & HtCap::SUP_WIDTH_20_40 != 0);
        let thresholds = bindings::IEEE80211_HE_PHY_CAP6_PPE_THRESHOLD_PRESENT as u8;
        if self.types == IfTypes::EMPTY
            // mac80211 takes the capabilities of access points for them.
            || self.types.contains(IfType::ApVlan)
            || !(1..=8).contains(&self.streams)
            || self.phy_cap_info[6] & thresholds != 0
            || self.types.intersects(client) && ht_has_40mhz && !has_40mhz
        {
            return Err(EINVAL);
        }
        Ok(())
    }

    fn to_raw(self) -> bindings::ieee80211_sband_iftype_data {
        /// Of a width that there is not.
        const NONE: u16 = 0xffff;

        // Two bits per stream: 2 is MCS 0 to 11, 3 is none.
        let map = (0..8).fold(0u16, |map, stream| {
            let bits: u16 = if stream < self.streams { 2 } else { 3 };
            map | (bits << (2 * stream))
        });
        let [width, ..] = self.phy_cap_info;
        let map_of = |flag| if width & flag != 0 { map } else { NONE }.to_le();
        let mut raw: bindings::ieee80211_sband_iftype_data = pin_init::zeroed();
        raw.types_mask = self.types.as_raw();
        let he = &mut raw.he_cap;
        he.has_he = true;
        he.he_cap_elem.mac_cap_info = self.mac_cap_info;
        he.he_cap_elem.phy_cap_info = self.phy_cap_info;
        let mcs_160 = map_of(Self::PHY_CAP0_CHANNEL_WIDTH_SET_160MHZ_IN_5G);
        let mcs_80p80 = map_of(Self::PHY_CAP0_CHANNEL_WIDTH_SET_80PLUS80_MHZ_IN_5G);
        he.he_mcs_nss_supp = bindings::ieee80211_he_mcs_nss_supp {
            rx_mcs_80: map.to_le(),
            tx_mcs_80: map.to_le(),
            rx_mcs_160: mcs_160,
            tx_mcs_160: mcs_160,
            rx_mcs_80p80: mcs_80p80,
            tx_mcs_80p80: mcs_80p80,
        };
        raw
    }
}

/// A band that hardware can use.
///
/// C: `struct ieee80211_supported_band`.
#[derive(Clone, Copy, Debug)]
pub struct BandConfig<'a> {
    /// Which one.
    pub band: Band,
    /// Its channels, at least one.
    pub channels: &'a [Channel],
    /// The bit rates, at most 32. All that are mandatory in the band have to be there.
    pub bitrates: &'a [Bitrate],
    /// What it can do with high throughput.
    pub ht: Option<HtCap>,
    /// What it can do with very high throughput.
    pub vht: Option<VhtCap>,
    /// What it can do with high efficiency; each type of interfaces is in one of them at most.
    pub he: &'a [HeCap],
}

/// The tables of one band, for one wiphy: regulatory code writes to the channels, hence they
/// can't be shared.
///
/// # Invariants
///
/// `raw` refers to `_channels`, `_bitrates` and `_iftype_data`, with their lengths.
pub(crate) struct BandTable {
    raw: KBox<bindings::ieee80211_supported_band>,
    _channels: KVec<bindings::ieee80211_channel>,
    _bitrates: KVec<bindings::ieee80211_rate>,
    _iftype_data: KVec<bindings::ieee80211_sband_iftype_data>,
}

impl BandTable {
    /// Checks what `wiphy_register()` would warn about, and copies it.
    pub(crate) fn new(config: &BandConfig<'_>) -> Result<Self> {
        let range = match config.band {
            Band::Band2Ghz => 2400..=2500,
            Band::Band5Ghz => 4900..=5925,
            Band::Band6Ghz => 5925..=7125,
        };
        if config.channels.is_empty() || config.bitrates.len() > 32 {
            return Err(EINVAL);
        }
        let mandatory = config.bitrates.iter().filter(|rate| match rate.bitrate {
            60 | 120 | 240 => true,
            10 | 20 | 55 | 110 => config.band == Band::Band2Ghz,
            _ => false,
        });
        match (config.band, mandatory.count()) {
            // 802.11b, and 802.11g.
            (Band::Band2Ghz, 4 | 7) | (Band::Band5Ghz | Band::Band6Ghz, 3) => (),
            _ => return Err(EINVAL),
        }
        // What HE needs there in addition is not there yet.
        if config.band == Band::Band6Ghz {
            return Err(EINVAL);
        }

        let mut channels = KVec::with_capacity(config.channels.len(), GFP_KERNEL)?;
        for channel in config.channels {
            if !range.contains(&channel.center_freq) {
                return Err(EINVAL);
            }
            let mut raw: bindings::ieee80211_channel = pin_init::zeroed();
            raw.band = config.band as u32;
            raw.center_freq = channel.center_freq.into();
            raw.hw_value = channel.hw_value;
            raw.max_power = channel.max_power.into();
            raw.max_antenna_gain = channel.max_antenna_gain.into();
            channels.push(raw, GFP_KERNEL)?;
        }

        let mut bitrates = KVec::with_capacity(config.bitrates.len(), GFP_KERNEL)?;
        for bitrate in config.bitrates {
            let mut raw: bindings::ieee80211_rate = pin_init::zeroed();
            raw.bitrate = bitrate.bitrate;
            raw.hw_value = bitrate.hw_value;
            if bitrate.bitrate == 0 {
                return Err(EINVAL);
            }
            if bitrate.short_preamble {
                raw.flags = bindings::ieee80211_rate_flags_IEEE80211_RATE_SHORT_PREAMBLE;
            }
            bitrates.push(raw, GFP_KERNEL)?;
        }

        let mut iftype_data = KVec::with_capacity(config.he.len(), GFP_KERNEL)?;
        let mut types = IfTypes::EMPTY;
        for he in config.he {
            he.check(config.band, config.ht.as_ref())?;
            if types.intersects(he.types) {
                return Err(EINVAL);
            }
            types = types.union(he.types);
            iftype_data.push(he.to_raw(), GFP_KERNEL)?;
        }

        let mut raw = KBox::new(
            pin_init::zeroed::<bindings::ieee80211_supported_band>(),
            GFP_KERNEL,
        )?;
        raw.band = config.band as u32;
        raw.channels = channels.as_mut_ptr();
        raw.n_channels = i32::try_from(channels.len())?;
        raw.bitrates = bitrates.as_mut_ptr();
        raw.n_bitrates = i32::try_from(bitrates.len())?;
        if let Some(ht) = &config.ht {
            ht.fill(&mut raw.ht_cap)?;
        }
        if let Some(vht) = &config.vht {
            vht.fill(&mut raw.vht_cap)?;
        }
        if !iftype_data.is_empty() {
            raw.iftype_data = iftype_data.as_ptr();
            raw.n_iftype_data = u16::try_from(iftype_data.len())?;
        }
        // INVARIANT: Set above. The memory of a `KVec` does not move as long as it is not pushed
        // to.
        Ok(Self {
            raw,
            _channels: channels,
            _bitrates: bitrates,
            _iftype_data: iftype_data,
        })
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut bindings::ieee80211_supported_band {
        &mut *self.raw
    }
}
