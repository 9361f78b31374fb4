// SPDX-License-Identifier: GPL-2.0

//! What the hardware counts.

use crate::bindings;

/// What is known of a channel.
///
/// C: `struct survey_info`. All times are in ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The centre of the channel in MHz.
    pub center_freq: u16,
    /// Whether it is in use now.
    pub in_use: bool,
    /// The noise in dBm.
    pub noise: Option<i8>,
    /// How long the channel was listened to.
    pub time: Option<u64>,
    /// How long of that it was busy.
    pub time_busy: Option<u64>,
    /// How long of that frames were received.
    pub time_rx: Option<u64>,
    /// How long of that frames were sent.
    pub time_tx: Option<u64>,
}

impl Survey {
    /// The C structure, without the channel.
    pub(super) fn as_raw(&self) -> bindings::survey_info {
        let mut raw: bindings::survey_info = pin_init::zeroed();
        let mut filled = 0;
        let mut fill = |value: Option<u64>, to: &mut u64, flag| {
            if let Some(value) = value {
                *to = value;
                filled |= flag;
            }
        };
        fill(
            self.time,
            &mut raw.time,
            bindings::survey_info_flags_SURVEY_INFO_TIME,
        );
        fill(
            self.time_busy,
            &mut raw.time_busy,
            bindings::survey_info_flags_SURVEY_INFO_TIME_BUSY,
        );
        fill(
            self.time_rx,
            &mut raw.time_rx,
            bindings::survey_info_flags_SURVEY_INFO_TIME_RX,
        );
        fill(
            self.time_tx,
            &mut raw.time_tx,
            bindings::survey_info_flags_SURVEY_INFO_TIME_TX,
        );
        if self.in_use {
            filled |= bindings::survey_info_flags_SURVEY_INFO_IN_USE;
        }
        if let Some(noise) = self.noise {
            raw.noise = noise;
            filled |= bindings::survey_info_flags_SURVEY_INFO_NOISE_DBM;
        }
        raw.filled = filled;
        raw
    }
}

/// Counters of the hardware.
///
/// C: `struct ieee80211_low_level_stats`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LowLevelStats {
    /// Frames that were not acknowledged.
    pub ack_failures: u32,
    /// RTS that were not answered.
    pub rts_failures: u32,
    /// Frames with a wrong checksum.
    pub fcs_errors: u32,
    /// RTS that were answered.
    pub rts_successes: u32,
}

/// The sizes of the rings of frames.
///
/// C: `struct ethtool_ringparam`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingParams {
    /// To transmit.
    pub tx: u32,
    /// To transmit, at most.
    pub tx_max: u32,
    /// To receive.
    pub rx: u32,
    /// To receive, at most.
    pub rx_max: u32,
}

/// What is known of a station.
///
/// C: `struct station_info`.
pub struct StationInfo<'a>(&'a mut bindings::station_info);

impl<'a> StationInfo<'a> {
    /// What the driver adds to `info`.
    pub(super) fn new(info: &'a mut bindings::station_info) -> Self {
        Self(info)
    }

    fn filled(&mut self, what: bindings::nl80211_sta_info) {
        self.0.filled |= 1 << what;
    }

    /// The strength of the last frame in dBm.
    pub fn set_signal(&mut self, dbm: i8) {
        self.0.signal = dbm;
        self.filled(bindings::nl80211_sta_info_NL80211_STA_INFO_SIGNAL);
    }

    /// How often a frame was sent again.
    pub fn set_tx_retries(&mut self, number: u32) {
        self.0.tx_retries = number;
        self.filled(bindings::nl80211_sta_info_NL80211_STA_INFO_TX_RETRIES);
    }

    /// How many frames were not acknowledged.
    pub fn set_tx_failed(&mut self, number: u32) {
        self.0.tx_failed = number;
        self.filled(bindings::nl80211_sta_info_NL80211_STA_INFO_TX_FAILED);
    }
}
