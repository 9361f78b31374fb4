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

/// How strong every frame is, in dBm.
const SIGNAL: i8 = -30;

/// Where a beacon and a probe response have the TSF.
const TIMESTAMP: core::ops::Range<usize> = 24..32;

#[pin_data]
pub(crate) struct Medium {
    /// The TSF of all radios begins here, but for what is added to it.
    epoch: Instant<Monotonic>,
    #[pin]
    radios: SpinLockBh<KVec<Handle<Radio>>>,
}

impl Medium {
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
    pub(crate) fn add(&self, radio: Handle<Radio>) -> Result {
        Ok(self.radios.lock().push(radio, GFP_ATOMIC)?)
    }

    pub(crate) fn remove(&self, hw: &Hw<Radio>) {
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
        from: &Hw<Radio>,
        freq: u16,
        frame: &Skb,
        rates: &[TxRate],
        copy: impl Fn() -> Result<SkBuff>,
        rcu: &rcu::Guard,
    ) -> bool {
        let data = frame.data();
        let (Some(&control), Some(to)) = (data.first(), data.get(4..10)) else {
            return false;
        };
        let is_stamped = is_beacon_or_probe_response(control);
        let Some(status) = status(freq, rates, is_stamped) else {
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
fn status(freq: u16, rates: &[TxRate], is_stamped: bool) -> Option<RxStatus> {
    let band = if freq < 3000 {
        Band::Band2Ghz
    } else {
        Band::Band5Ghz
    };
    let mut status = RxStatus::new(band, freq).with_signal(SIGNAL);
    if let Some(rate) = rates.first() {
        status = status.with_rate(rate).ok()?;
    }
    if is_stamped {
        status = status.with_boottime(Instant::<BootTime>::now());
    }
    Some(status)
}

/// Whether the first octet of a frame is that of a beacon or a probe response.
fn is_beacon_or_probe_response(control: u8) -> bool {
    matches!(control & 0xfc, 0x80 | 0x50)
}
