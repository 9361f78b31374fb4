// SPDX-License-Identifier: GPL-2.0

//! Scans, and stays on another channel, that the hardware makes by itself.

use super::{Hw, Operations};
use crate::{
    bindings,
    net::{cfg80211::ChannelInfo, skb::SkBuff},
    prelude::*,
    sync::atomic::{Acquire, Full},
};
use core::{ptr::NonNull, slice};

/// What to scan.
///
/// C: `struct ieee80211_scan_request`. It is borrowed: a driver copies what it needs after
/// [`Operations::hw_scan`].
pub struct ScanRequest<'a>(&'a bindings::ieee80211_scan_request);

impl<'a> ScanRequest<'a> {
    /// # Safety
    ///
    /// `ptr` must be a request that is valid for `'a`, of mac80211.
    pub(super) unsafe fn new(ptr: *const bindings::ieee80211_scan_request) -> Self {
        // SAFETY: By the safety requirements.
        Self(unsafe { &*ptr })
    }

    /// The channels, all of one band unless the hardware has
    /// [`HwFlag::SingleScanOnAllBands`](super::HwFlag::SingleScanOnAllBands).
    pub fn channels(&self) -> impl Iterator<Item = ChannelInfo> + 'a {
        let req = &self.0.req;
        // SAFETY: The array has `n_channels` pointers.
        let channels =
            unsafe { slice::from_raw_parts(req.channels.as_ptr(), req.n_channels as usize) };
        channels.iter().filter_map(|&channel| {
            // SAFETY: It is a channel of the wiphy.
            unsafe { ChannelInfo::from_raw(channel) }
        })
    }

    /// The networks to ask for, by name. An empty name is any network; none at all means that
    /// nothing is sent.
    pub fn ssids(&self) -> impl Iterator<Item = &'a [u8]> {
        let req = &self.0.req;
        let len = usize::try_from(req.n_ssids).unwrap_or(0);
        let ssids = if req.ssids.is_null() {
            &[]
        } else {
            // SAFETY: The array has `n_ssids` elements.
            unsafe { slice::from_raw_parts(req.ssids, len) }
        };
        ssids
            .iter()
            .map(|ssid| ssid.ssid.get(..ssid.ssid_len.into()).unwrap_or(&[]))
    }

    /// The elements of probe requests, after the name.
    pub fn elements(&self) -> &'a [u8] {
        let req = &self.0.req;
        if req.ie.is_null() {
            return &[];
        }
        // SAFETY: There are `ie_len` bytes.
        unsafe { slice::from_raw_parts(req.ie, req.ie_len) }
    }

    /// How long to stay on each channel, in units of 1024 µs, if that was asked for.
    pub fn duration(&self) -> Option<u16> {
        Some(self.0.req.duration).filter(|&duration| duration != 0)
    }
}

/// What becomes of a scan that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanStart {
    /// The hardware scans. [`Hw::scan_completed`] ends it.
    Hardware,
    /// The hardware can't, mac80211 is to scan in software.
    Software,
}

/// Why to stay on another channel.
///
/// C: `enum ieee80211_roc_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RocType {
    /// For no particular reason.
    Normal,
    /// To transmit a management frame.
    MgmtTx,
}

/// `Private::staying` of hardware that was not asked to stay on a channel, or is done.
const STAY_NONE: i32 = 0;

/// `Private::staying` of hardware that goes to a channel.
const STAY_ASKED: i32 = 1;

/// `Private::staying` of hardware that has said that it is there.
const STAY_READY: i32 = 2;

impl<T: Operations> Hw<T> {
    /// Says that a scan of the hardware is over, or was given up. Nothing happens if there is none.
    /// It can be called in any context.
    ///
    /// mac80211 may begin the scan of the next band then, with [`Operations::hw_scan`].
    ///
    /// C: `ieee80211_scan_completed()`.
    pub fn scan_completed(&self, aborted: bool) {
        if self.private().scanning.xchg(0, Full) == 0 {
            return;
        }
        let mut info: bindings::cfg80211_scan_info = pin_init::zeroed();
        info.aborted = aborted;
        // SAFETY: The hardware is valid. The information is copied. mac80211 has a scan, which
        // waits for this: it was begun by `hw_scan`, and if it is given up, `cancel_hw_scan` ends
        // it by this function, before cfg80211 frees the request.
        unsafe { bindings::ieee80211_scan_completed(self.as_raw(), &mut info) };
    }

    /// Whether the hardware scans, as far as mac80211 knows.
    pub fn is_scanning(&self) -> bool {
        self.private().scanning.load(Acquire) != 0
    }

    /// From now on the driver may say that the channel is reached.
    pub(super) fn stay_begins(&self) {
        self.private().staying.xchg(STAY_ASKED, Full);
    }

    /// From now on nothing that the driver says about the stay counts. Returns how far it had got.
    pub(super) fn stay_ends(&self) -> i32 {
        self.private().staying.xchg(STAY_NONE, Full)
    }

    /// There is a stay after all, that had got so far.
    pub(super) fn stay_goes_on(&self, before: i32) {
        self.private().staying.xchg(before, Full);
    }

    /// Says that the channel of [`Operations::remain_on_channel`] is reached. Nothing happens if
    /// this was said already, or if the stay is over. It can be called in any context.
    ///
    /// C: `ieee80211_ready_on_channel()`.
    pub fn ready_on_channel(&self) {
        // mac80211 warns if it hears it twice.
        let staying = &self.private().staying;
        if staying.cmpxchg(STAY_ASKED, STAY_READY, Full).is_err() {
            return;
        }
        // SAFETY: The hardware is valid.
        unsafe { bindings::ieee80211_ready_on_channel(self.as_raw()) };
    }

    /// Says that the time of [`Operations::remain_on_channel`] is over. Nothing happens if it was
    /// over already. It can be called in any context.
    ///
    /// C: `ieee80211_remain_on_channel_expired()`.
    pub fn remain_on_channel_expired(&self) {
        if self.stay_ends() == STAY_NONE {
            return;
        }
        // SAFETY: The hardware is valid.
        unsafe { bindings::ieee80211_remain_on_channel_expired(self.as_raw()) };
    }

    /// Makes a probe request from `src` for the network `ssid`, with `elements` after the name.
    ///
    /// Fails with [`EINVAL`] if the name is longer than 32 bytes, or the elements are longer than
    /// a frame.
    ///
    /// C: `ieee80211_probereq_get()`.
    pub fn probe_request(&self, src: &[u8; 6], ssid: &[u8], elements: &[u8]) -> Result<SkBuff> {
        if ssid.len() > bindings::IEEE80211_MAX_SSID_LEN as usize
            || elements.len() > bindings::IEEE80211_MAX_DATA_LEN as usize
        {
            return Err(EINVAL);
        }
        // SAFETY: The hardware and all bytes are valid.
        let skb = unsafe {
            bindings::ieee80211_probereq_get(
                self.as_raw(),
                src.as_ptr(),
                ssid.as_ptr(),
                ssid.len(),
                elements.len(),
            )
        };
        // SAFETY: It is a new buffer.
        let mut skb = unsafe { SkBuff::from_raw(NonNull::new(skb).ok_or(ENOMEM)?) };
        skb.put_data(elements)?;
        Ok(skb)
    }
}
