// SPDX-License-Identifier: GPL-2.0

//! Rates.
//!
//! C header: [`include/net/cfg80211.h`](srctree/include/net/cfg80211.h)

/// The rates of 802.11b and 802.11a/g, in 100 kbit/s, in the order that drivers have them in.
pub const LEGACY: [u16; 12] = [10, 20, 55, 110, 60, 90, 120, 180, 240, 360, 480, 540];

/// The width that a rate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bandwidth {
    /// 20 MHz, or 242 tones
    Mhz20,
    /// 40 MHz, or 484 tones
    Mhz40,
    /// 80 MHz, or 996 tones
    Mhz80,
    /// 160 MHz
    Mhz160,
    /// 320 MHz
    Mhz320,
    /// 26 tones of OFDMA
    Ru26,
    /// 52 tones
    Ru52,
    /// 106 tones
    Ru106,
}

/// The guard interval of HE and EHT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeGi {
    /// 0.8 µs
    Us0_8,
    /// 1.6 µs
    Us1_6,
    /// 3.2 µs
    Us3_2,
}

impl HeGi {
    /// Returns how long a symbol with the interval is, in 100 ns.
    const fn symbol(self) -> u64 {
        match self {
            HeGi::Us0_8 => 136,
            HeGi::Us1_6 => 144,
            HeGi::Us3_2 => 160,
        }
    }
}

/// A rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// 802.11a/b/g, in 100 kbit/s.
    Legacy(u16),
    /// HT; the streams are in the MCS, 0 to 31.
    Ht {
        /// The MCS.
        mcs: u8,
        /// Whether the width is 40 MHz.
        wide: bool,
        /// Whether the guard interval is short.
        sgi: bool,
    },
    /// VHT.
    Vht {
        /// The MCS, 0 to 11.
        mcs: u8,
        /// The number of streams, 1 to 8.
        nss: u8,
        /// The width.
        bw: Bandwidth,
        /// Whether the guard interval is short.
        sgi: bool,
    },
    /// HE, and EHT, which has more MCS and widths.
    He {
        /// The MCS, 0 to 13 for EHT.
        mcs: u8,
        /// The number of streams, 1 to 8.
        nss: u8,
        /// The width.
        bw: Bandwidth,
        /// The guard interval.
        gi: HeGi,
        /// Whether each bit is sent twice (dual carrier modulation).
        dcm: bool,
    },
}

/// The bits per tone and stream of an MCS, multiplied by 12.
const fn density(mcs: u8) -> Option<u64> {
    Some(match mcs {
        0 => 6,
        1 => 12,
        2 => 18,
        3 => 24,
        4 => 36,
        5 => 48,
        6 => 54,
        7 => 60,
        8 => 72,
        9 => 80,
        10 => 90,
        11 => 100,
        12 => 108,
        13 => 120,
        _ => return None,
    })
}

impl Rate {
    /// Returns the rate in 100 kbit/s, rounded down for HE and to the nearest otherwise
    /// (`cfg80211_calculate_bitrate()`), or `None` if there is no such rate.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::net::ieee80211::rate::{Bandwidth, HeGi, Rate};
    ///
    /// let rate = Rate::Ht { mcs: 15, wide: true, sgi: true };
    /// assert_eq!(rate.bitrate(), Some(3000));
    ///
    /// let rate = Rate::Vht { mcs: 9, nss: 2, bw: Bandwidth::Mhz80, sgi: true };
    /// assert_eq!(rate.bitrate(), Some(8667));
    ///
    /// let rate = Rate::He { mcs: 11, nss: 1, bw: Bandwidth::Mhz80, gi: HeGi::Us0_8, dcm: false };
    /// assert_eq!(rate.bitrate(), Some(6004));
    /// ```
    pub const fn bitrate(&self) -> Option<u32> {
        // Data tones times bits per tone give bits per symbol; the length of a symbol is in 100 ns.
        let (tones, symbol, mcs, nss) = match *self {
            Rate::Legacy(rate) => return Some(rate as u32),
            Rate::Ht { mcs, wide, sgi } => {
                if mcs > 31 {
                    return None;
                }
                let tones = if wide { 108 } else { 52 };

                (tones, if sgi { 36 } else { 40 }, mcs & 7, (mcs >> 3) + 1)
            }
            Rate::Vht { mcs, nss, bw, sgi } => {
                if mcs > 11 {
                    return None;
                }
                let tones = match bw {
                    Bandwidth::Mhz20 => 52,
                    Bandwidth::Mhz40 => 108,
                    Bandwidth::Mhz80 => 234,
                    Bandwidth::Mhz160 => 468,
                    _ => return None,
                };

                (tones, if sgi { 36 } else { 40 }, mcs, nss)
            }
            Rate::He {
                mcs, nss, bw, gi, ..
            } => {
                let tones = match bw {
                    Bandwidth::Ru26 => 24,
                    Bandwidth::Ru52 => 48,
                    Bandwidth::Ru106 => 102,
                    Bandwidth::Mhz20 => 234,
                    Bandwidth::Mhz40 => 468,
                    Bandwidth::Mhz80 => 980,
                    Bandwidth::Mhz160 => 1960,
                    Bandwidth::Mhz320 => 3920,
                };

                (tones, gi.symbol(), mcs, nss)
            }
        };

        if nss == 0 || nss > 8 {
            return None;
        }
        let Some(density) = density(mcs) else {
            return None;
        };
        // Bits per 100 ns are 10 Mbit/s, hence 100 units.
        let units = tones * density * nss as u64 * 100;

        Some(match *self {
            Rate::He { dcm, .. } => {
                let halves = if dcm { 2 } else { 1 };

                (units / (12 * symbol * halves)) as u32
            }
            _ => ((units + 6 * symbol) / (12 * symbol)) as u32,
        })
    }
}

/// Returns how long a frame takes with a rate of 802.11a/g, in µs, with the preamble but without
/// what is before and after (`ieee80211_frame_duration()`); `None` if `rate`, in 100 kbit/s, is 0.
///
/// For rates of 802.11b, `cck` has to be set; `short_preamble` is for these only.
pub const fn frame_duration(len: u32, rate: u16, cck: bool, short_preamble: bool) -> Option<u32> {
    if rate == 0 {
        return None;
    }
    let (len, rate) = (len as u64, rate as u64);
    let us = if cck {
        // The preamble and the header.
        let head = if short_preamble { 96 } else { 192 };

        head + (8 * len * 10).div_ceil(rate)
    } else {
        // Preamble, header and extension; 4 µs for each symbol with service and tail bits.
        16 + 4 + 6 + 4 * ((16 + 8 * len + 6) * 10).div_ceil(4 * rate)
    };

    if us > u32::MAX as u64 {
        return None;
    }
    Some(us as u32)
}
