// SPDX-License-Identifier: GPL-2.0

//! Received frames.

use super::tx::TxRate;
use crate::{
    bindings,
    net::cfg80211::Band,
    prelude::*,
    time::{BootTime, Instant},
};

/// How a frame was received.
///
/// C: `struct ieee80211_rx_status`.
///
/// # Invariants
///
/// The rate is one that `ieee80211_rx_list()` does not warn about, except that a legacy rate may
/// not be one of the band.
#[derive(Clone, Copy)]
pub struct RxStatus {
    raw: bindings::ieee80211_rx_status,
    band: Band,
}

impl RxStatus {
    /// A frame on a channel with its centre at `freq` MHz, with the first of the legacy rates and a
    /// width of 20 MHz.
    #[inline]
    pub fn new(band: Band, freq: u16) -> Self {
        let mut raw: bindings::ieee80211_rx_status = pin_init::zeroed();
        raw.band = band as u8;
        raw.set_freq(freq);
        raw.set_bw(bindings::rate_info_bw_RATE_INFO_BW_20 as u8);
        // INVARIANT: It is a legacy rate.
        Self { raw, band }
    }

    /// With the rate `rate`, which is the one that it was sent with.
    ///
    /// Fails with [`EINVAL`] if `rate` is none that mac80211 takes.
    #[inline]
    pub fn with_rate(mut self, rate: &TxRate) -> Result<Self> {
        let (encoding, index, nss) = if let Some((mcs, nss)) = rate.vht() {
            if mcs > 11 || !(1..=8).contains(&nss) {
                return Err(EINVAL);
            }
            (bindings::mac80211_rx_encoding_RX_ENC_VHT, mcs, nss)
        } else if let Some(mcs) = rate.ht() {
            if mcs > 76 {
                return Err(EINVAL);
            }
            (bindings::mac80211_rx_encoding_RX_ENC_HT, mcs, 0)
        } else {
            let index = rate.legacy().ok_or(EINVAL)?;
            (bindings::mac80211_rx_encoding_RX_ENC_LEGACY, index, 0)
        };
        // INVARIANT: Checked above.
        self.raw.set_encoding(encoding as u8);
        self.raw.rate_idx = index;
        self.raw.nss = nss;
        let bw = match rate.width_mhz() {
            40 => bindings::rate_info_bw_RATE_INFO_BW_40,
            80 => bindings::rate_info_bw_RATE_INFO_BW_80,
            160 => bindings::rate_info_bw_RATE_INFO_BW_160,
            _ => bindings::rate_info_bw_RATE_INFO_BW_20,
        };
        self.raw.set_bw(bw as u8);
        self.raw.enc_flags = if rate.short_gi() {
            bindings::mac80211_rx_encoding_flags_RX_ENC_FLAG_SHORT_GI as u8
        } else {
            0
        };
        Ok(self)
    }

    /// With the strength in dBm, if the hardware has
    /// [`HwFlag::SignalDbm`](super::HwFlag::SignalDbm).
    #[inline]
    #[must_use]
    pub fn with_signal(mut self, signal: i8) -> Self {
        self.raw.signal = signal;
        self
    }

    /// With the TSF when the first symbol came, in µs.
    #[inline]
    #[must_use]
    pub fn with_mactime_start(mut self, mactime: u64) -> Self {
        self.raw.mactime = mactime;
        self.raw.flag |= bindings::mac80211_rx_flags_RX_FLAG_MACTIME_START;
        self
    }

    /// With the time when it came, which beacons and probe responses should have.
    #[inline]
    #[must_use]
    pub fn with_boottime(mut self, boottime: Instant<BootTime>) -> Self {
        self.raw.__bindgen_anon_1.boottime_ns = boottime.as_nanos() as u64;
        self
    }

    /// The band.
    #[inline]
    pub fn band(&self) -> Band {
        self.band
    }

    /// The index of the legacy rate, if it is one.
    #[inline]
    pub fn legacy_rate(&self) -> Option<u8> {
        let legacy = bindings::mac80211_rx_encoding_RX_ENC_LEGACY as u8;
        (self.raw.encoding() == legacy).then_some(self.raw.rate_idx)
    }

    #[inline]
    pub(super) fn as_raw(&self) -> bindings::ieee80211_rx_status {
        self.raw
    }
}
