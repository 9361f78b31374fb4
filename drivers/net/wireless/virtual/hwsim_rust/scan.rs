// SPDX-License-Identifier: GPL-2.0

//! Scans.

use kernel::{
    net::{
        cfg80211::ChannelInfo,
        mac80211::{Interface, ScanRequest, Survey},
    },
    prelude::*,
};

/// How long to listen on a channel, in ms.
const PASSIVE_MS: u32 = 120;

/// How long to wait for probe responses, in ms.
const ACTIVE_MS: u32 = 30;

/// The noise on all channels, in dBm.
const NOISE: i8 = -92;

/// A scan, or the last one.
pub(crate) struct Scan {
    /// The sender of probe requests.
    pub(crate) addr: [u8; 6],
    /// The power to send them with in dBm, if the interface has one.
    pub(crate) power: Option<i32>,
    /// What they have after the name.
    pub(crate) elements: KVec<u8>,
    ssids: KVec<KVec<u8>>,
    channels: KVec<ChannelInfo>,
    /// How many of the channels were visited.
    visited: usize,
}

impl Scan {
    pub(crate) const EMPTY: Self = Self {
        addr: [0; 6],
        power: None,
        elements: KVec::new(),
        ssids: KVec::new(),
        channels: KVec::new(),
        visited: 0,
    };

    pub(crate) fn new(vif: &Interface, req: &ScanRequest<'_>) -> Result<Self> {
        let mut scan = Self {
            addr: vif.addr(),
            power: vif.txpower(),
            ..Self::EMPTY
        };
        scan.elements
            .extend_from_slice(req.elements(), GFP_KERNEL)?;
        for name in req.ssids() {
            let mut ssid = KVec::new();
            ssid.extend_from_slice(name, GFP_KERNEL)?;
            scan.ssids.push(ssid, GFP_KERNEL)?;
        }
        for channel in req.channels() {
            scan.channels.push(channel, GFP_KERNEL)?;
        }
        Ok(scan)
    }

    /// The channel to visit.
    pub(crate) fn advance(&mut self) -> Option<ChannelInfo> {
        let channel = *self.channels.get(self.visited)?;
        self.visited += 1;
        Some(channel)
    }

    /// The networks to ask for on a channel.
    pub(crate) fn asks(&self, channel: &ChannelInfo) -> impl Iterator<Item = &[u8]> {
        let quiet = channel.no_ir || channel.radar;
        self.ssids
            .iter()
            .filter(move |_| !quiet)
            .map(|ssid| &ssid[..])
    }

    /// How long to stay on a channel, in ms.
    pub(crate) fn dwell_ms(&self, channel: &ChannelInfo) -> u32 {
        match self.asks(channel).next() {
            Some(_) => ACTIVE_MS,
            None => PASSIVE_MS,
        }
    }

    /// What is known of the channel number `index` of those that were visited.
    pub(crate) fn survey(&self, index: usize) -> Option<Survey> {
        let channel = self.channels.get(index).filter(|_| index < self.visited)?;
        let time = u64::from(self.dwell_ms(channel));
        Some(Survey {
            center_freq: channel.center_freq,
            noise: Some(NOISE),
            time: Some(time),
            // What mac80211_hwsim says.
            time_busy: Some(time / 8),
            ..Survey::default()
        })
    }
}
