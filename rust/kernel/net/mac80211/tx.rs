// SPDX-License-Identifier: GPL-2.0

//! Frames to transmit.

use super::{sta::Sta, vif::Vif, Hw, Operations};
use crate::{
    alloc::Flags,
    bindings,
    error::to_result,
    net::{
        cfg80211::{Bitrate, HasWiphy},
        skb::{private::Sealed, DropReason, Layer, SkBuff, Skb},
    },
    prelude::*,
    sync::{atomic::Relaxed, rcu},
};
use core::{
    cell::UnsafeCell, marker::PhantomData, mem::ManuallyDrop, ops::Deref, ptr::NonNull, slice,
};

/// A rate to transmit with, as rate control has chosen it.
///
/// C: `struct ieee80211_tx_rate`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct TxRate(bindings::ieee80211_tx_rate);

impl TxRate {
    #[inline]
    fn has(&self, flag: bindings::mac80211_rate_control_flags) -> bool {
        u32::from(self.0.flags()) & flag != 0
    }

    /// The index in the table of the band, if it is a legacy rate.
    #[inline]
    pub fn legacy(&self) -> Option<u8> {
        if self.vht().is_some() || self.ht().is_some() {
            return None;
        }
        u8::try_from(self.0.idx).ok()
    }

    /// The MCS, if it is a rate of high throughput.
    #[inline]
    pub fn ht(&self) -> Option<u8> {
        if !self.has(bindings::mac80211_rate_control_flags_IEEE80211_TX_RC_MCS) {
            return None;
        }
        u8::try_from(self.0.idx).ok()
    }

    /// The MCS and the number of spatial streams, if it is a rate of very high throughput.
    ///
    /// C: `ieee80211_rate_get_vht_mcs()`, `ieee80211_rate_get_vht_nss()`.
    #[inline]
    pub fn vht(&self) -> Option<(u8, u8)> {
        if !self.has(bindings::mac80211_rate_control_flags_IEEE80211_TX_RC_VHT_MCS) {
            return None;
        }
        let idx = self.0.idx as u8;
        Some((idx & 0xf, (idx >> 4) + 1))
    }

    /// The width of the channel in MHz.
    #[inline]
    pub fn width_mhz(&self) -> u16 {
        if self.has(bindings::mac80211_rate_control_flags_IEEE80211_TX_RC_160_MHZ_WIDTH) {
            160
        } else if self.has(bindings::mac80211_rate_control_flags_IEEE80211_TX_RC_80_MHZ_WIDTH) {
            80
        } else if self.has(bindings::mac80211_rate_control_flags_IEEE80211_TX_RC_40_MHZ_WIDTH) {
            40
        } else {
            20
        }
    }

    /// Whether the guard interval is short.
    #[inline]
    pub fn short_gi(&self) -> bool {
        self.has(bindings::mac80211_rate_control_flags_IEEE80211_TX_RC_SHORT_GI)
    }

    /// Whether an RTS announces the frame, to which the receiver answers with a CTS.
    #[inline]
    pub fn use_rts_cts(&self) -> bool {
        self.has(bindings::mac80211_rate_control_flags_IEEE80211_TX_RC_USE_RTS_CTS)
    }

    /// Whether a CTS to the sender itself protects the frame.
    #[inline]
    pub fn use_cts_protect(&self) -> bool {
        self.has(bindings::mac80211_rate_control_flags_IEEE80211_TX_RC_USE_CTS_PROTECT)
    }

    /// Whether the preamble is short, with a rate of 802.11b.
    #[inline]
    pub fn short_preamble(&self) -> bool {
        self.has(bindings::mac80211_rate_control_flags_IEEE80211_TX_RC_USE_SHORT_PREAMBLE)
    }

    /// How often to try it, or how often it was tried.
    #[inline]
    pub fn count(&self) -> u8 {
        self.0.count() as u8
    }
}

/// The control block of a frame.
///
/// # Safety
///
/// `skb` must be valid, and its control block a `struct ieee80211_tx_info`.
#[inline]
unsafe fn info(skb: NonNull<bindings::sk_buff>) -> *mut bindings::ieee80211_tx_info {
    // SAFETY: By the safety requirements. The control block is aligned to 8 bytes, and large
    // enough, which mac80211 asserts.
    unsafe { (&raw mut (*skb.as_ptr()).cb).cast() }
}

/// The rates of a frame in the control phase, until the first that is unused.
///
/// # Safety
///
/// As for [`info`]; the frame must not have been given a status yet.
#[inline]
unsafe fn rates<'a>(skb: NonNull<bindings::sk_buff>) -> &'a [TxRate] {
    // SAFETY: By the safety requirements. `TxRate` is transparent.
    let rates = unsafe {
        &*(&raw const (*info(skb))
            .__bindgen_anon_1
            .control
            .__bindgen_anon_1
            .__bindgen_anon_1
            .rates)
            .cast::<[TxRate; bindings::IEEE80211_TX_MAX_RATES as usize]>()
    };
    let len = rates
        .iter()
        .position(|rate| rate.0.idx < 0)
        .unwrap_or(rates.len());
    rates.get(..len).unwrap_or(&[])
}

/// Gives a frame back that was not transmitted (`ieee80211_free_txskb()`). It can be called in any
/// context.
///
/// # Safety
///
/// `skb` must be owned, belong to `hw` and have a `struct ieee80211_tx_info` as control block, in
/// either phase. The tasklet of `hw` must not have been killed for the last time.
unsafe fn free_unsent<T: Operations>(hw: &Hw<T>, skb: NonNull<bindings::sk_buff>) {
    // SAFETY: By the safety requirements.
    unsafe {
        if !bindings::irqs_disabled() {
            bindings::ieee80211_free_txskb(hw.as_raw(), skb.as_ptr());
            return;
        }
        // It may tell user space, and free what the frame consists of, which wants interrupts
        // enabled. Leave it to whoever receives the next frame, or to the tasklet.
        if T::RX_DIRECT {
            hw.private().direct.unsent.queue_tail(SkBuff::from_raw(skb));
            return;
        }
        (*info(skb)).flags &= !(bindings::mac80211_tx_info_flags_IEEE80211_TX_STAT_ACK
            | bindings::mac80211_tx_info_flags_IEEE80211_TX_STAT_AMPDU);
        bindings::ieee80211_tx_info_clear_status(info(skb));
        bindings::ieee80211_tx_status_irqsafe(hw.as_raw(), skb.as_ptr());
    }
}

/// Copies a frame for a receiver, without what belongs to the sender.
fn copy(skb: &Skb, flags: Flags) -> Result<SkBuff> {
    let copy = skb.copy(flags)?;
    // SAFETY: The buffer is new and ours.
    unsafe { bindings::skb_scrub_packet(copy.as_raw(), true) };
    Ok(copy)
}

/// A frame that mac80211 wants to be transmitted, in the phase in which its
/// `struct ieee80211_tx_info` says how.
///
/// The driver ends the phase with [`TxFrame::into_status`], after which the control information
/// is gone. A frame that is dropped instead is reported as not transmitted
/// (`ieee80211_free_txskb()`).
///
/// # Invariants
///
/// `skb` is owned, belongs to `hw` and its control block is a `struct ieee80211_tx_info` in the
/// control phase.
pub struct TxFrame<'a, T: Operations> {
    skb: NonNull<bindings::sk_buff>,
    hw: &'a Hw<T>,
    sta: *mut bindings::ieee80211_sta,
}

impl<'a, T: Operations> TxFrame<'a, T> {
    /// # Safety
    ///
    /// `skb` must be owned by the caller, and be given by mac80211 to the callback `tx` of `hw`,
    /// together with `sta`. RCU must be held for `'a`.
    #[inline]
    pub(super) unsafe fn new(
        skb: NonNull<bindings::sk_buff>,
        hw: &'a Hw<T>,
        sta: *mut bindings::ieee80211_sta,
    ) -> Self {
        // INVARIANT: By the safety requirements.
        Self { skb, hw, sta }
    }

    #[inline]
    pub(super) fn info(&self) -> &bindings::ieee80211_tx_info {
        // SAFETY: By the type invariant.
        unsafe { &*info(self.skb) }
    }

    /// The interface, if it is known: injected frames may have none.
    ///
    /// C: `ieee80211_tx_info::control.vif`.
    #[inline]
    pub fn vif(&self) -> Option<&'a Vif<T>> {
        // SAFETY: In the control phase mac80211 has set it to NULL or an interface of the same
        // hardware. RCU is held for `'a`.
        unsafe { Vif::from_raw(self.info().__bindgen_anon_1.control.vif) }
    }

    /// The station that it is for, if it is known to the driver.
    ///
    /// C: `ieee80211_tx_control::sta`.
    #[inline]
    pub fn sta(&self) -> Option<&'a Sta<T>> {
        // SAFETY: It is NULL or a station of the same hardware, and RCU is held for `'a`.
        unsafe { Sta::from_raw(self.sta) }
    }

    /// The rates to try, one after the other. There may be none if the driver does rate control.
    ///
    /// C: `ieee80211_tx_info::control.rates`.
    #[inline]
    pub fn rates(&self) -> &[TxRate] {
        // SAFETY: By the type invariant.
        unsafe { rates(self.skb) }
    }

    /// The first of the rates, if it is one of the table of the band.
    ///
    /// C: `ieee80211_get_tx_rate()`.
    pub fn bitrate(&self) -> Option<Bitrate> {
        self.bitrate_of(self.rates().first()?.legacy()?)
    }

    /// The rate of an RTS or a CTS for it, if there is one.
    ///
    /// C: `ieee80211_get_rts_cts_rate()`.
    pub fn rts_cts_rate(&self) -> Option<Bitrate> {
        // SAFETY: In the control phase this is the member that rate control has written to.
        let index = unsafe {
            self.info()
                .__bindgen_anon_1
                .control
                .__bindgen_anon_1
                .__bindgen_anon_1
                .rts_cts_rate_idx
        };
        self.bitrate_of(index.try_into().ok()?)
    }

    /// A rate of the table of the band that the frame is for.
    fn bitrate_of(&self, index: u8) -> Option<Bitrate> {
        let band = self.info().band() as usize;
        // SAFETY: The wiphy is valid. The tables of the bands are constant once the hardware is
        // registered.
        let rates = unsafe {
            let band = (*self.hw.raw_wiphy()).bands.get(band)?.as_ref()?;
            slice::from_raw_parts(band.bitrates, usize::try_from(band.n_bitrates).ok()?)
        };
        rates.get(usize::from(index)).map(Bitrate::from_raw)
    }

    /// Whether it is to be sent on the channel of [`Operations::remain_on_channel`].
    ///
    /// C: `IEEE80211_TX_CTL_TX_OFFCHAN`.
    #[inline]
    pub fn is_offchannel(&self) -> bool {
        self.info().flags & bindings::mac80211_tx_info_flags_IEEE80211_TX_CTL_TX_OFFCHAN != 0
    }

    /// Whether no acknowledgment is expected.
    ///
    /// C: `IEEE80211_TX_CTL_NO_ACK`.
    #[inline]
    pub fn no_ack(&self) -> bool {
        self.info().flags & bindings::mac80211_tx_info_flags_IEEE80211_TX_CTL_NO_ACK != 0
    }

    /// Whether it is part of an aggregation session: its status should say how many frames of an
    /// aggregate were acknowledged, see [`TxStatus::ampdu`].
    ///
    /// C: `IEEE80211_TX_CTL_AMPDU`.
    #[inline]
    pub fn is_ampdu(&self) -> bool {
        self.info().flags & bindings::mac80211_tx_info_flags_IEEE80211_TX_CTL_AMPDU != 0
    }

    /// The queue it is for.
    ///
    /// C: `ieee80211_tx_info::hw_queue`.
    #[inline]
    pub fn hw_queue(&self) -> u8 {
        self.info().hw_queue() as u8
    }

    /// Takes the frame from the socket that has sent it, which may send the next then.
    ///
    /// C: `skb_orphan()`.
    #[inline]
    pub fn orphan(&mut self) {
        // SAFETY: By the type invariant; `self` is borrowed mutably.
        unsafe { bindings::skb_orphan(self.skb.as_ptr()) };
    }

    /// Copies the frame for a receiver, without what belongs to the sender (`skb_copy()`,
    /// `skb_scrub_packet()`).
    pub fn copy_for_rx(&self, flags: Flags) -> Result<SkBuff> {
        copy(self, flags)
    }

    /// Keeps the frame until the hardware has sent it: it can be mapped for DMA, queued, and sent
    /// to another thread. It can't be changed any more, since mac80211 takes it for what it was:
    /// it may transmit it again, for a station that was asleep.
    ///
    /// What mac80211 says about it, [`TxFrame::rates`] and the others, has to be read before: the
    /// interface, the station and the key may be gone later.
    #[inline]
    pub fn into_pending(self) -> SkBuff<Pending<T>> {
        let this = ManuallyDrop::new(self);
        let number = this.hw.private().number.load(Relaxed) as usize as *mut c_void;
        // SAFETY: By the type invariant. This part is for drivers, until the status phase.
        unsafe {
            (*info(this.skb))
                .__bindgen_anon_1
                .__bindgen_anon_1
                .rate_driver_data[0] = number
        };
        // SAFETY: The frame was owned by `this`, which is not dropped. It is on no list, and
        // mac80211 has made sure that nobody else has a reference to it.
        unsafe { SkBuff::from_raw(this.skb) }
    }

    /// Begins the phase in which the control block says what has become of the frame.
    ///
    /// C: `ieee80211_tx_info_clear_status()`.
    #[inline]
    pub fn into_status(self) -> TxStatus<'a, T> {
        let this = ManuallyDrop::new(self);
        // SAFETY: By the type invariant.
        unsafe { bindings::ieee80211_tx_info_clear_status(info(this.skb)) };
        // INVARIANT: The frame was owned by `this`, which is not dropped; the control block was
        // prepared for the status.
        TxStatus {
            skb: this.skb,
            hw: this.hw,
        }
    }
}

impl<T: Operations> Deref for TxFrame<'_, T> {
    type Target = Skb;

    #[inline]
    fn deref(&self) -> &Skb {
        // SAFETY: By the type invariant.
        unsafe { Skb::from_raw(self.skb.as_ptr()) }
    }
}

impl<T: Operations> Drop for TxFrame<'_, T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant; nobody else has the frame. The tasklet is killed as in
        // `TxStatus::report_irqsafe()`.
        unsafe { free_unsent(self.hw, self.skb) };
    }
}

/// The [`Layer`] of frames that the hardware is transmitting; see [`TxFrame::into_pending`].
///
/// They are to be given to [`Hw::tx_status`] of the same hardware. One that is dropped was not
/// transmitted. A driver drops those that it still has in [`Operations::stop`]: afterwards mac80211
/// is not told.
pub struct Pending<T: Operations>(PhantomData<T>);

impl<T: Operations> Sealed for Pending<T> {}
impl<T: Operations> Layer for Pending<T> {
    unsafe fn free(skb: NonNull<bindings::sk_buff>, reason: DropReason) {
        let _rcu = rcu::read_lock();
        // SAFETY: The frame is a `Pending`. If there is hardware, it is started, and remains so as
        // long as RCU is held: `drv_stop()` kills the tasklet after `Vtable::stop()` has waited for
        // whoever is here. The frame is owned by the safety requirements. All of this can be called
        // in any context.
        unsafe {
            let started = bindings::mac80211_started();
            let hw = bindings::xa_load(started, number(skb)).cast::<bindings::ieee80211_hw>();
            if hw.is_null() {
                <() as Layer>::free(skb, reason);
            } else {
                bindings::ieee80211_tx_info_clear_status(info(skb));
                free_unsent(Hw::<T>::from_raw(hw), skb);
            }
        }
    }
}

/// The number of the hardware that a frame was kept for, see [`TxFrame::into_pending`].
///
/// # Safety
///
/// `skb` must be valid, and be a [`Pending`].
#[inline]
unsafe fn number(skb: NonNull<bindings::sk_buff>) -> usize {
    // SAFETY: By the safety requirements. `TxFrame::into_pending()` has written it, and nobody
    // writes to the control block of a `Pending`.
    unsafe {
        (*info(skb))
            .__bindgen_anon_1
            .__bindgen_anon_1
            .rate_driver_data[0] as usize
    }
}

/// The number that the next hardware gets that is started, if it is free.
struct NextStarted(UnsafeCell<u32>);

// SAFETY: It is only used with the lock of the array of `mac80211_started()`.
unsafe impl Sync for NextStarted {}

// A number is not used again soon: a frame that a driver drops finds its hardware, or none.
static NEXT_STARTED: NextStarted = NextStarted(UnsafeCell::new(0));

impl<T: Operations> Hw<T> {
    /// From now on frames that are dropped find the hardware.
    pub(super) fn add_started(&self) -> Result {
        let number = &self.private().number;
        if number.load(Relaxed) == 0 {
            let mut id = 0;
            let limit = bindings::xa_limit {
                min: 1,
                max: i32::MAX as u32,
            };
            // SAFETY: The array is static, and its lock protects `NEXT_STARTED`. The hardware is
            // valid until `remove_started()`, and aligned to more than the 4 bytes that entries
            // need. `Operations::start` may sleep.
            let result = unsafe {
                bindings::xa_alloc_cyclic(
                    bindings::mac80211_started(),
                    &mut id,
                    self.as_raw().cast(),
                    limit,
                    NEXT_STARTED.0.get(),
                    bindings::GFP_KERNEL,
                )
            };
            to_result(result)?;
            number.store(id, Relaxed);
        }
        Ok(())
    }

    /// The frames do not find it any more, but for those who hold RCU.
    pub(super) fn remove_started(&self) {
        let number = &self.private().number;
        // SAFETY: The array is static. No hardware has the number 0.
        unsafe { bindings::xa_erase(bindings::mac80211_started(), number.load(Relaxed) as usize) };
        number.store(0, Relaxed);
    }
}

impl<T: Operations> Hw<T> {
    /// Begins the phase in which the control block says what has become of a frame that was kept.
    ///
    /// A frame that is not of this hardware is dropped, as is one from before
    /// [`Operations::stop`]; there is no status of it then.
    ///
    /// C: `ieee80211_tx_info_clear_status()`.
    #[inline]
    pub fn tx_status(&self, frame: SkBuff<Pending<T>>) -> Option<TxStatus<'_, T>> {
        // SAFETY: `frame` is valid, and a `Pending`.
        let kept_for = unsafe { number(NonNull::new_unchecked(frame.as_raw())) };
        // mac80211 looks the rates up in a band that other hardware may not have.
        if kept_for == 0 || kept_for != self.private().number.load(Relaxed) as usize {
            return None;
        }
        let skb = frame.into_raw();
        // SAFETY: The control block is the one that mac80211 has given to the frame: drivers can't
        // write to that of a `Pending`.
        unsafe { bindings::ieee80211_tx_info_clear_status(info(skb)) };
        // INVARIANT: The frame was owned, and is of this hardware, as was checked. The control
        // block was prepared for the status.
        Some(TxStatus { skb, hw: self })
    }
}

/// A frame that was transmitted, in the phase in which its `struct ieee80211_tx_info` says what
/// has become of it.
///
/// It must be reported; if it is dropped instead, so is the frame, as not transmitted.
///
/// # Invariants
///
/// `skb` is owned, belongs to `hw` and its control block is a `struct ieee80211_tx_info` in the
/// status phase.
#[must_use]
pub struct TxStatus<'a, T: Operations> {
    skb: NonNull<bindings::sk_buff>,
    pub(super) hw: &'a Hw<T>,
}

impl<'a, T: Operations> TxStatus<'a, T> {
    /// The caller owns the frame afterwards.
    #[inline]
    pub(super) fn into_raw(self) -> (&'a Hw<T>, NonNull<bindings::sk_buff>) {
        let this = ManuallyDrop::new(self);
        (this.hw, this.skb)
    }

    #[inline]
    fn info(&mut self) -> &mut bindings::ieee80211_tx_info {
        // SAFETY: By the type invariant.
        unsafe { &mut *info(self.skb) }
    }

    /// Says that the frame was acknowledged.
    ///
    /// C: `IEEE80211_TX_STAT_ACK`.
    #[inline]
    pub fn acked(mut self) -> Self {
        self.info().flags |= bindings::mac80211_tx_info_flags_IEEE80211_TX_STAT_ACK;
        self
    }

    /// Says that the first rate was tried `count` times (at most 31), and no other.
    #[inline]
    pub fn first_rate(mut self, count: u8) -> Self {
        let count = count.min(bindings::IEEE80211_MAX_TX_RETRY as u8);
        // SAFETY: The member is the right one in the status phase.
        let [first, second, ..] = unsafe { &mut self.info().__bindgen_anon_1.status.rates };
        first.set_count(count.into());
        second.idx = -1;
        self
    }

    /// Says that the frame was in an aggregate of `len` frames, of which `acked` were
    /// acknowledged. Without this, rate control learns nothing from frames of an aggregation
    /// session.
    ///
    /// C: `IEEE80211_TX_STAT_AMPDU`.
    #[inline]
    pub fn ampdu(mut self, len: u8, acked: u8) -> Self {
        let info = self.info();
        info.flags |= bindings::mac80211_tx_info_flags_IEEE80211_TX_STAT_AMPDU;
        // SAFETY: The member is the right one in the status phase.
        let status = unsafe { &mut info.__bindgen_anon_1.status };
        status.ampdu_len = len;
        status.ampdu_ack_len = acked.min(len);
        self
    }

    /// Says how strong the acknowledgment was, in dBm.
    ///
    /// C: `ieee80211_tx_info::status.ack_signal`.
    #[inline]
    pub fn ack_signal(mut self, signal: i32) -> Self {
        let status = &mut self.info().__bindgen_anon_1;
        // SAFETY: The member is the right one in the status phase.
        let status = unsafe { &mut status.status };
        status.ack_signal = signal;
        status.flags |=
            bindings::mac80211_tx_status_flags_IEEE80211_TX_STATUS_ACK_SIGNAL_VALID as u8;
        self
    }

    /// Hands the frame back. It can be called in any context.
    ///
    /// It does not compile with [`Operations::RX_DIRECT`].
    ///
    /// C: `ieee80211_tx_status_irqsafe()`.
    #[inline]
    pub fn report_irqsafe(self) {
        const { assert!(!T::RX_DIRECT, "this driver receives without the tasklet") };
        let this = ManuallyDrop::new(self);
        // SAFETY: By the type invariant. The tasklet that takes the frame is killed after all
        // callbacks, and after the handle was revoked, in `ieee80211_unregister_hw()`.
        unsafe { bindings::ieee80211_tx_status_irqsafe(this.hw.as_raw(), this.skb.as_ptr()) };
    }
}

impl<T: Operations> Drop for TxStatus<'_, T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant; nobody else has the frame. The tasklet is killed as in
        // `TxStatus::report_irqsafe()`.
        unsafe { free_unsent(self.hw, self.skb) };
    }
}

/// A frame that the driver has got from mac80211 to transmit by itself: a beacon, or what was kept
/// until after a beacon. Nobody is told whether it was acknowledged.
///
/// # Invariants
///
/// The control block of `skb` is a `struct ieee80211_tx_info` in the control phase. `kept_by` is
/// NULL for a beacon, and else hardware that is valid for `'a`, to which the frame belongs.
pub struct BeaconFrame<'a, T: Operations> {
    skb: ManuallyDrop<SkBuff>,
    kept_by: *mut bindings::ieee80211_hw,
    _p: PhantomData<&'a Hw<T>>,
}

impl<'a, T: Operations> BeaconFrame<'a, T> {
    /// # Safety
    ///
    /// `skb` must be owned by the caller, with one reference, and be given by mac80211: as a beacon
    /// of `hw`, or, if `kept`, as a frame that was kept until after one.
    pub(super) unsafe fn new(skb: NonNull<bindings::sk_buff>, hw: &'a Hw<T>, kept: bool) -> Self {
        // INVARIANT: By the safety requirements.
        Self {
            // SAFETY: By the safety requirements.
            skb: ManuallyDrop::new(unsafe { SkBuff::from_raw(skb) }),
            kept_by: if kept {
                hw.as_raw()
            } else {
                core::ptr::null_mut()
            },
            _p: PhantomData,
        }
    }

    /// The rate to transmit it with.
    #[inline]
    pub fn rates(&self) -> &[TxRate] {
        // SAFETY: By the type invariant; `as_raw()` is not NULL.
        unsafe { rates(NonNull::new_unchecked(self.skb.as_raw())) }
    }

    /// Copies the frame for a receiver, without what belongs to the sender.
    pub fn copy_for_rx(&self, flags: Flags) -> Result<SkBuff> {
        copy(&self.skb, flags)
    }
}

impl<T: Operations> Deref for BeaconFrame<'_, T> {
    type Target = Skb;

    #[inline]
    fn deref(&self) -> &Skb {
        &self.skb
    }
}

impl<T: Operations> Drop for BeaconFrame<'_, T> {
    fn drop(&mut self) {
        // SAFETY: It is not used afterwards.
        let skb = unsafe { ManuallyDrop::take(&mut self.skb) };
        // mac80211 may hold a copy of what was kept, for a sender that wants to know what becomes
        // of it; this frees the copy, too. A beacon has no such sender.
        if !self.kept_by.is_null() {
            // SAFETY: By the type invariant; nobody else has the frame. The tasklet is killed as in
            // `TxStatus::report_irqsafe()`.
            unsafe { free_unsent(Hw::<T>::from_raw(self.kept_by), skb.into_raw()) };
        }
    }
}
