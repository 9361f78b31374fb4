// SPDX-License-Identifier: GPL-2.0

//! Work of the driver that runs with the mutex of the wiphy.

use super::{Hw, Operations};
use crate::{
    bindings, container_of,
    net::cfg80211::{HasWiphy, Locked},
    prelude::*,
    sync::{atomic::Acquire, rcu},
    time::{msecs_to_jiffies, Msecs},
    types::Opaque,
};

/// A function of [`Operations::WORKS`], as it is queued.
#[repr(C)]
pub(super) struct Work {
    delayed: Opaque<bindings::wiphy_delayed_work>,
    index: usize,
}

// SAFETY: The C structure is protected by a lock of the wiphy, and the rest is constant.
unsafe impl Send for Work {}

// SAFETY: As above.
unsafe impl Sync for Work {}

impl Work {
    /// One for each of [`Operations::WORKS`].
    pub(super) fn all<T: Operations>() -> Result<KVec<KBox<Self>>> {
        let mut works = KVec::with_capacity(T::WORKS.len(), GFP_KERNEL)?;
        for index in 0..T::WORKS.len() {
            let work = KBox::new(
                Self {
                    delayed: Opaque::uninit(),
                    index,
                },
                GFP_KERNEL,
            )?;
            // SAFETY: The memory is valid, and does not move any more.
            unsafe { bindings::wiphy_delayed_work_init(work.delayed.get(), Some(run::<T>)) };
            works.push(work, GFP_KERNEL)?;
        }
        Ok(works)
    }
}

/// Calls the function.
///
/// # Safety
///
/// It must be called as the function of a [`Work`] of hardware of `T`, with the mutex of its wiphy.
unsafe extern "C" fn run<T: Operations>(
    wiphy: *mut bindings::wiphy,
    work: *mut bindings::wiphy_work,
) {
    // SAFETY: By the safety requirements `work` lies in a `Work`, and the wiphy belongs to hardware
    // of `T`, whose mutex is held.
    let (work, hw) = unsafe {
        let delayed = container_of!(work, bindings::wiphy_delayed_work, work);
        let work = &*container_of!(Opaque::cast_from(delayed), Work, delayed);
        let hw = Hw::<T>::from_raw(bindings::wiphy_to_ieee80211_hw(wiphy));
        (work, Locked::new(hw))
    };
    if let Some(f) = T::WORKS.get(work.index) {
        f(hw);
    }
}

impl<T: Operations> Hw<T> {
    fn work<const ID: usize>(&self) -> *mut bindings::wiphy_delayed_work {
        const { assert!(ID < T::WORKS.len(), "there is no such work") };
        self.private()
            .works
            .get(ID)
            .map_or(core::ptr::null_mut(), |work| work.delayed.get())
    }

    /// Has the function number `ID` of [`Operations::WORKS`] called once, in `delay` ms, with the
    /// mutex of the wiphy. If it is queued already, the new delay counts.
    ///
    /// Fails with [`ENODEV`] if the hardware is not registered, or not any more. It can be called
    /// in any context.
    ///
    /// C: `wiphy_delayed_work_queue()`, in place of `ieee80211_queue_delayed_work()`.
    pub fn queue_work<const ID: usize>(&self, delay: Msecs) -> Result {
        let work = self.work::<ID>();
        // Until the work is queued, so that `retire()` can wait for whoever is here.
        let _rcu = rcu::read_lock();
        if self.private().shared.live.load(Acquire) == 0 {
            return Err(ENODEV);
        }
        // SAFETY: The wiphy is there as long as the hardware, and the work was initialised.
        // `retire()` waits for RCU readers that have found the hardware live, before it cancels all
        // works. It can be called in any context.
        unsafe {
            bindings::wiphy_delayed_work_queue(self.raw_wiphy(), work, msecs_to_jiffies(delay))
        };
        Ok(())
    }

    /// Cancels all works.
    ///
    /// # Safety
    ///
    /// The mutex of the wiphy must be held.
    pub(super) unsafe fn cancel_works(&self) {
        for work in &self.private().works {
            // SAFETY: By the safety requirements; the work was initialised.
            unsafe { bindings::wiphy_delayed_work_cancel(self.raw_wiphy(), work.delayed.get()) };
        }
    }
}

impl<T: Operations> Locked<Hw<T>> {
    /// Has the function number `ID` of [`Operations::WORKS`] not called, if it is queued. It does
    /// not run when this returns, unless this is called by it.
    ///
    /// C: `wiphy_delayed_work_cancel()`.
    pub fn cancel_work<const ID: usize>(&self) {
        // SAFETY: The mutex is held; the work was initialised.
        unsafe { bindings::wiphy_delayed_work_cancel(self.raw_wiphy(), self.work::<ID>()) };
    }
}
