// SPDX-License-Identifier: GPL-2.0

//! Bands, channels and frequencies.
//!
//! C header: [`include/net/cfg80211.h`](srctree/include/net/cfg80211.h)

/// A frequency band (`enum nl80211_band`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Band {
    /// 2.4 GHz
    Ghz2,
    /// 5 GHz
    Ghz5,
    /// 60 GHz
    Ghz60,
    /// 6 GHz
    Ghz6,
    /// Below 1 GHz
    S1Ghz,
}

/// Returns the frequency of a channel in kHz (`ieee80211_channel_to_freq_khz()`).
///
/// # Examples
///
/// ```
/// use kernel::net::ieee80211::channel::{channel_to_freq_khz, freq_khz_to_channel, Band};
///
/// assert_eq!(channel_to_freq_khz(6, Band::Ghz2), Some(2_437_000));
/// assert_eq!(channel_to_freq_khz(15, Band::Ghz2), None);
/// assert_eq!(freq_khz_to_channel(5_180_000), Some((Band::Ghz5, 36)));
/// ```
pub const fn channel_to_freq_khz(channel: u16, band: Band) -> Option<u32> {
    let number = channel as u32;

    match (band, channel) {
        (_, 0) => None,
        (Band::Ghz2, 14) => Some(2_484_000),
        (Band::Ghz2, 1..=13) => Some(2_407_000 + number * 5000),
        (Band::Ghz5, 182..=196) => Some(4_000_000 + number * 5000),
        (Band::Ghz5, 1..=253) => Some(5_000_000 + number * 5000),
        (Band::Ghz6, 2) => Some(5_935_000),
        (Band::Ghz6, 1..=233) => Some(5_950_000 + number * 5000),
        (Band::Ghz60, 1..=6) => Some(56_160_000 + number * 2_160_000),
        (Band::S1Ghz, 1..=51) => Some(902_000 + number * 500),
        _ => None,
    }
}

/// Returns the band and the channel of a frequency in kHz (`ieee80211_freq_khz_to_channel()`), if
/// it is exactly the centre of one.
pub const fn freq_khz_to_channel(freq: u32) -> Option<(Band, u16)> {
    let (band, channel) = match freq {
        902_500..=927_500 => (Band::S1Ghz, (freq - 902_000) / 500),
        2_484_000 => (Band::Ghz2, 14),
        2_412_000..=2_472_000 => (Band::Ghz2, (freq - 2_407_000) / 5000),
        4_910_000..=4_980_000 => (Band::Ghz5, (freq - 4_000_000) / 5000),
        5_005_000..=5_924_999 => (Band::Ghz5, (freq - 5_000_000) / 5000),
        5_935_000 => (Band::Ghz6, 2),
        5_955_000..=7_115_000 => (Band::Ghz6, (freq - 5_950_000) / 5000),
        58_320_000..=69_120_000 => (Band::Ghz60, (freq - 56_160_000) / 2_160_000),
        _ => return None,
    };

    match channel_to_freq_khz(channel as u16, band) {
        Some(exact) if exact == freq => Some((band, channel as u16)),
        _ => None,
    }
}

/// How wide a channel is (`enum nl80211_chan_width`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 20 MHz, without HT.
    Mhz20NoHt,
    /// 20 MHz
    Mhz20,
    /// 40 MHz
    Mhz40,
    /// 80 MHz
    Mhz80,
    /// Two times 80 MHz
    Mhz80P80,
    /// 160 MHz
    Mhz160,
    /// 320 MHz
    Mhz320,
    /// 5 MHz
    Mhz5,
    /// 10 MHz
    Mhz10,
}

impl Width {
    /// Returns the width in MHz, of one segment for [`Width::Mhz80P80`].
    pub const fn mhz(self) -> u32 {
        match self {
            Width::Mhz5 => 5,
            Width::Mhz10 => 10,
            Width::Mhz20NoHt | Width::Mhz20 => 20,
            Width::Mhz40 => 40,
            Width::Mhz80 | Width::Mhz80P80 => 80,
            Width::Mhz160 => 160,
            Width::Mhz320 => 320,
        }
    }
}

/// A channel definition by its frequencies in MHz (`struct cfg80211_chan_def`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChanDef {
    /// The centre of the primary channel of 20 MHz.
    pub control: u32,
    /// The width.
    pub width: Width,
    /// The centre of the (first) segment.
    pub center1: u32,
    /// The centre of the second segment, else 0.
    pub center2: u32,
}

impl ChanDef {
    /// Returns whether the frequencies fit together (`cfg80211_chandef_valid()`).
    pub const fn is_valid(&self) -> bool {
        if self.control == 0 || self.center1 == 0 {
            return false;
        }
        let second = self.center2 != 0;

        match self.width {
            Width::Mhz5 | Width::Mhz10 | Width::Mhz20NoHt | Width::Mhz20 => {
                self.center1 == self.control && !second
            }
            Width::Mhz80P80 => {
                // Next to each other they are a channel of 160 MHz.
                self.has_primary() && second && self.center1.abs_diff(self.center2) > 80
            }
            _ => self.has_primary() && !second,
        }
    }

    /// Returns whether the primary channel is one of those that the segment consists of.
    const fn has_primary(&self) -> bool {
        let distance = self.center1.abs_diff(self.control);
        let half = self.width.mhz() / 2;

        // The centres of the channels are 10, 30, 50, ... MHz from the centre of the segment.
        distance < half && distance % 20 == 10
    }

    /// Returns the lowest and the highest frequency of the (first) segment, in MHz.
    pub const fn edges(&self) -> (u32, u32) {
        let half = self.width.mhz().div_ceil(2);

        (
            self.center1.saturating_sub(half),
            self.center1.saturating_add(half),
        )
    }
}
