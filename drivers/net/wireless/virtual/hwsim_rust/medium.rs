// SPDX-License-Identifier: GPL-2.0

//! What the radios have in common: the air.

use crate::radio::Radio;
use kernel::{
    net::{
        cfg80211::Band,
        mac80211::{Handle, Hw, RxStatus, TxRate},
        skb::{SkBuff, Skb},
    },
    prelude::*,
    sync::{new_spinlock_bh, rcu, Arc, SpinLockBh},
    time::{BootTime, Instant, Monotonic},
};

/// What a frame has more on arrival than the power it was sent with, in dB: what mac80211_hwsim
/// has at first, `DEFAULT_RX_RSSI`.
const PATH: i32 = -50;

/// Where a beacon and a probe response have the TSF.
const TIMESTAMP: core::ops::Range<usize> = 24..32;

/// How a frame is sent.
pub(crate) struct Sending<'a> {
    /// The channel in MHz.
    pub(crate) freq: u16,
    /// The power in dBm, if it is sent by an interface that has one.
    pub(crate) power: Option<i32>,
    pub(crate) rates: &'a [TxRate],
}

#[pin_data]
pub(crate) struct Medium<const CONTEXTS: bool> {
    /// The TSF of all radios begins here, but for what is added to it.
    epoch: Instant<Monotonic>,
    #[pin]
    radios: SpinLockBh<KVec<Handle<Radio<CONTEXTS>>>>,
}

impl<const CONTEXTS: bool> Medium<CONTEXTS> {
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                epoch: Instant::now(),
                radios <- new_spinlock_bh!(KVec::new()),
            }),
            GFP_KERNEL,
        )
    }

    /// From now on the radio hears the others.
    pub(crate) fn add(&self, radio: Handle<Radio<CONTEXTS>>) -> Result {
        Ok(self.radios.lock().push(radio, GFP_ATOMIC)?)
    }

    pub(crate) fn remove(&self, hw: &Hw<Radio<CONTEXTS>>) {
        self.radios.lock().retain(|radio| !radio.is(hw));
    }

    /// The time in µs.
    pub(crate) fn time(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros_ceil()).unwrap_or(0)
    }

    /// Gives each radio on the channel a copy of a frame. Tells whether one of them acknowledges
    /// it.
    pub(crate) fn transmit(
        &self,
        from: &Hw<Radio<CONTEXTS>>,
        frame: &Skb,
        sending: &Sending<'_>,
        copy: impl Fn() -> Result<SkBuff>,
        rcu: &rcu::Guard,
    ) -> bool {
        let data = frame.data();
        let (Some(&control), Some(to)) = (data.first(), data.get(4..10)) else {
            return false;
        };
        let freq = sending.freq;
        let is_stamped = is_beacon_or_probe_response(control);
        let Some(status) = status(sending, is_stamped) else {
            return false;
        };
        let now = self.time();

        let mut acked = false;
        for handle in self.radios.lock().iter() {
            let Some(hw) = handle.get(rcu) else { continue };
            let radio = hw.data();
            if handle.is(from) || !Radio::hears(hw, freq, rcu) {
                continue;
            }
            let Ok(mut skb) = copy() else { continue };
            if is_stamped {
                let stamp = now.wrapping_add_signed(from.data().tsf_offset());
                if let Some(bytes) = skb.data_mut().ok().and_then(|data| data.get_mut(TIMESTAMP)) {
                    bytes.copy_from_slice(&stamp.to_le_bytes());
                }
            }
            acked |= Radio::has_address(hw, to, rcu);
            let mactime = now.wrapping_add_signed(radio.tsf_offset());
            // Who does not have the rate does not receive the frame.
            let _ = hw.rx_irqsafe(skb, &status.with_mactime_start(mactime));
        }
        acked
    }
}

/// How every radio receives a frame.
fn status(sending: &Sending<'_>, is_stamped: bool) -> Option<RxStatus> {
    let band = if sending.freq < 3000 {
        Band::Band2Ghz
    } else {
        Band::Band5Ghz
    };
    let mut status = RxStatus::new(band, sending.freq).with_signal(signal(sending.power));
    if let Some(rate) = sending.rates.first() {
        status = status.with_rate(rate).ok()?;
    }
    if is_stamped {
        status = status.with_boottime(Instant::<BootTime>::now());
    }
    Some(status)
}

/// How strong a frame arrives, in dBm.
fn signal(power: Option<i32>) -> i8 {
    let signal = PATH.saturating_add(power.unwrap_or(0));
    signal.clamp(i8::MIN.into(), i8::MAX.into()) as i8
}

/// Whether the first octet of a frame is that of a beacon or a probe response.
fn is_beacon_or_probe_response(control: u8) -> bool {
    matches!(control & 0xfc, 0x80 | 0x50)
}
