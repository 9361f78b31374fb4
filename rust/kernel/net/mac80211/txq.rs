// SPDX-License-Identifier: GPL-2.0

//! Queues of mac80211 that a driver pulls frames from.

use super::{sta::Sta, tx::TxFrame, vif::Vif, Ac, Hw, Operations};
use crate::{
    bindings,
    prelude::*,
    sync::{
        atomic::{Atomic, Relaxed},
        new_spinlock_bh, rcu, SpinLockBh,
    },
    task::Task,
    types::Opaque,
};
use core::{marker::PhantomData, ptr::NonNull};

/// A queue of frames for one station and TID, or for all stations of an interface.
///
/// C: `struct ieee80211_txq`.
#[repr(transparent)]
pub struct Txq<T: Operations>(Opaque<bindings::ieee80211_txq>, PhantomData<T>);

impl<T: Operations> Txq<T> {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`, and belong to hardware of `T`; RCU must be held for `'a`.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::ieee80211_txq) -> &'a Self {
        // SAFETY: By the safety requirements; `Self` is transparent.
        unsafe { &*ptr.cast() }
    }

    #[inline]
    fn as_raw(&self) -> *mut bindings::ieee80211_txq {
        self.0.get()
    }

    /// The access category.
    #[inline]
    pub fn ac(&self) -> Ac {
        // SAFETY: The queue is valid, and the field constant.
        match u32::from(unsafe { (*self.as_raw()).ac }) {
            bindings::ieee80211_ac_numbers_IEEE80211_AC_VO => Ac::Vo,
            bindings::ieee80211_ac_numbers_IEEE80211_AC_VI => Ac::Vi,
            bindings::ieee80211_ac_numbers_IEEE80211_AC_BK => Ac::Bk,
            _ => Ac::Be,
        }
    }

    /// The TID; 16 is for management frames.
    #[inline]
    pub fn tid(&self) -> u8 {
        // SAFETY: The queue is valid, and the field constant.
        unsafe { (*self.as_raw()).tid }
    }

    /// The interface, if the driver knows it.
    #[inline]
    pub fn vif(&self) -> Option<&Vif<T>> {
        // SAFETY: The queue belongs to an interface of the same hardware, and RCU is held.
        unsafe { Vif::from_raw((*self.as_raw()).vif) }
    }

    /// The station, if it is a queue for one, which the driver knows.
    #[inline]
    pub fn sta(&self) -> Option<&Sta<T>> {
        // SAFETY: It is NULL or a station of the same hardware, and RCU is held.
        unsafe { Sta::from_raw((*self.as_raw()).sta) }
    }

    /// How many frames and bytes wait in the queue.
    ///
    /// C: `ieee80211_txq_get_depth()`.
    pub fn depth(&self) -> (usize, usize) {
        let (mut frames, mut bytes) = (0, 0);
        // SAFETY: The queue is valid.
        unsafe { bindings::ieee80211_txq_get_depth(self.as_raw(), &mut frames, &mut bytes) };
        (frames, bytes)
    }
}

/// A queue whose turn it is.
pub struct ActiveTxq<'a, T: Operations> {
    hw: &'a Hw<T>,
    txq: &'a Txq<T>,
}

impl<'a, T: Operations> ActiveTxq<'a, T> {
    /// The queue.
    pub fn txq(&self) -> &'a Txq<T> {
        self.txq
    }

    /// The next frame. `None` if there is none, or if the hardware queue is stopped.
    ///
    /// C: `ieee80211_tx_dequeue()`.
    #[inline]
    pub fn dequeue(&mut self) -> Option<TxFrame<'a, T>> {
        // SAFETY: The queue is valid and belongs to this hardware. RCU is held for `'a`, and
        // softirqs are disabled: `Hw::schedule_txqs` holds the lock.
        let skb = unsafe { bindings::ieee80211_tx_dequeue(self.hw.as_raw(), self.txq.as_raw()) };
        // SAFETY: The frame is ours, and has its control block.
        Some(unsafe { TxFrame::new(NonNull::new(skb)?, self.hw, (*self.txq.as_raw()).sta) })
    }
}

impl<T: Operations> Drop for ActiveTxq<'_, T> {
    fn drop(&mut self) {
        // SAFETY: The queue was taken by `ieee80211_next_txq()`.
        unsafe { bindings::__ieee80211_schedule_txq(self.hw.as_raw(), self.txq.as_raw(), false) };
    }
}

/// What keeps rounds of [`Hw::schedule_txqs`] apart: `ieee80211_next_txq()` returns each queue once
/// per round, and a round that begins in another one would end that.
#[pin_data]
pub(super) struct Rounds {
    #[pin]
    lock: SpinLockBh<()>,
    // The address of the task that holds the lock, or 0.
    owner: Atomic<usize>,
}

impl Rounds {
    // The name of the lock is taken here, and not where the lock is initialised, of which each
    // driver has a copy: to lockdep, a class of locks with several names is an error.
    #[inline(never)]
    pub(super) fn new() -> impl PinInit<Self> {
        let lock = new_spinlock_bh!((), "mac80211::Rounds::lock");
        pin_init!(Self {
            lock <- lock,
            owner: Atomic::new(0),
        })
    }

    /// Whether the caller holds the lock.
    pub(super) fn is_held(&self) -> bool {
        // Whoever else runs as this task while the lock is held does so inside of `f` of `with()`,
        // or is a hard interrupt: softirqs are disabled.
        self.owner.load(Relaxed) == Task::current_raw() as usize
    }

    /// Calls `f` with the lock held. Fails with [`EDEADLK`] if the caller holds it already.
    fn with<R>(&self, f: impl FnOnce() -> R) -> Result<R> {
        // SAFETY: It only looks at the state of the present CPU.
        if unsafe { bindings::irqs_disabled() } || self.is_held() {
            return Err(EDEADLK);
        }
        let _lock = self.lock.lock();
        self.owner.store(Task::current_raw() as usize, Relaxed);
        let result = f();
        self.owner.store(0, Relaxed);
        Ok(result)
    }
}

impl<T: Operations> Hw<T> {
    /// Lets the queues of an access category have their turns, as airtime fairness wants it: `f` is
    /// called for each that has frames. Softirqs are disabled meanwhile, and a lock is held, so
    /// that there are no two rounds at the same time.
    ///
    /// It can be called with interrupts enabled only. Fails with [`EDEADLK`] otherwise, and in a
    /// round of the same hardware: in `f`, or in [`Operations::wake_tx_queue`] if `f` has made
    /// mac80211 call it. Queues that got frames there have their turns in the round that is going
    /// on, unless they have had it.
    ///
    /// C: `ieee80211_txq_schedule_start()`, `ieee80211_next_txq()`, `ieee80211_return_txq()`.
    pub fn schedule_txqs<'a>(
        &'a self,
        ac: Ac,
        _rcu: &'a rcu::Guard,
        mut f: impl FnMut(&mut ActiveTxq<'a, T>),
    ) -> Result {
        let ac = ac.as_raw();
        self.private().txqs.with(|| {
            // SAFETY: The hardware is valid, and there is no other round.
            unsafe { bindings::ieee80211_txq_schedule_start(self.as_raw(), ac) };
            loop {
                // SAFETY: As above.
                let txq = unsafe { bindings::ieee80211_next_txq(self.as_raw(), ac) };
                if txq.is_null() {
                    return;
                }
                f(&mut ActiveTxq {
                    hw: self,
                    // SAFETY: It is a queue of this hardware, and freed after a grace period.
                    txq: unsafe { Txq::from_raw(txq) },
                });
            }
        })
    }
}

#[kunit_tests(rust_kernel_net_mac80211_txq)]
mod tests {
    use super::*;

    #[test]
    fn rounds_do_not_begin_in_rounds() -> Result {
        let rounds: Pin<KBox<Rounds>> = KBox::pin_init(Rounds::new(), GFP_KERNEL)?;
        assert_eq!(rounds.with(|| rounds.with(|| 1)), Ok(Err(EDEADLK)));
        assert_eq!(rounds.with(|| rounds.is_held()), Ok(true));
        assert!(!rounds.is_held());
        Ok(())
    }
}
