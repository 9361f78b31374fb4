// SPDX-License-Identifier: GPL-2.0

//! Memory of mac80211 for a value of the driver.

use crate::{
    bindings,
    sync::atomic::{Acquire, Atomic, Relaxed, Release},
};
use core::{
    cell::UnsafeCell,
    mem::{needs_drop, MaybeUninit},
};

/// [`Slot::ready`] of a value that the driver uses.
const ADDED: i32 = 1;

/// [`Slot::ready`] of a value from before a restart, which mac80211 has not added again yet.
const STALE: i32 = 2;

/// The private memory of an interface, station or channel context, which mac80211 allocates as
/// zeroes.
///
/// mac80211 frees it without telling the driver when a restart has failed; `Vtable::forget()` drops
/// the values then. The value is not pinned: it would be sound to lose it.
///
/// # Invariants
///
/// If `ready` is not 0, `hw` and `value` are initialised, and nobody writes to them.
#[repr(C)]
pub(super) struct Slot<V> {
    ready: Atomic<i32>,
    hw: UnsafeCell<*mut bindings::ieee80211_hw>,
    value: UnsafeCell<MaybeUninit<V>>,
}

impl<V> Slot<V> {
    /// What mac80211 has to allocate.
    pub(super) const SIZE: i32 = {
        // `drv_priv` is aligned to the size of a pointer.
        assert!(align_of::<Self>() <= align_of::<*mut u8>());
        assert!(size_of::<Self>() <= 1 << 16);
        size_of::<Self>() as i32
    };

    #[inline]
    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Acquire) != 0
    }

    /// # Safety
    ///
    /// There must be a value, hidden or not, which is not dropped as long as it is borrowed.
    #[inline]
    pub(super) unsafe fn get_unchecked(&self) -> &V {
        // SAFETY: It is initialised by the safety requirement.
        unsafe { (*self.value.get()).assume_init_ref() }
    }

    /// # Safety
    ///
    /// There must be a value, hidden or not.
    #[inline]
    pub(super) unsafe fn hw(&self) -> *mut bindings::ieee80211_hw {
        // SAFETY: It is initialised by the safety requirement.
        unsafe { *self.hw.get() }
    }

    /// # Safety
    ///
    /// Nobody else may set or remove the value at the same time, and it must not be ready.
    pub(super) unsafe fn set(&self, hw: *mut bindings::ieee80211_hw, value: V) {
        // SAFETY: It is not ready, so that nobody reads, and nobody else writes.
        unsafe {
            *self.hw.get() = hw;
            (*self.value.get()).write(value);
        }
        // INVARIANT: Both were written.
        self.ready.store(ADDED, Release);
    }

    /// mac80211 has lost sight of the value, if there is one, until [`Slot::renew`].
    ///
    /// # Safety
    ///
    /// Nobody else may set or remove the value at the same time.
    pub(super) unsafe fn age(&self) {
        if self.is_ready() {
            self.ready.store(STALE, Release);
        }
    }

    /// mac80211 has added the value again.
    ///
    /// # Safety
    ///
    /// The value must be ready. Nobody else may set or remove it at the same time.
    pub(super) unsafe fn renew(&self) {
        self.ready.store(ADDED, Release);
    }

    /// Whether there is a value that mac80211 has lost sight of.
    pub(super) fn is_stale(&self) -> bool {
        self.ready.load(Relaxed) == STALE
    }

    /// From now on nobody finds the value. Whoever has found it may still use it.
    ///
    /// # Safety
    ///
    /// Nobody else may set or remove the value at the same time.
    pub(super) unsafe fn hide(&self) {
        self.ready.store(0, Relaxed);
    }

    /// Waits for those who have found the value in an RCU section before it was hidden. It may
    /// sleep.
    pub(super) fn wait_for_readers(&self) {
        // Also if nothing is dropped: the memory may get another value, where they read. Nobody
        // reads a value without bytes.
        if size_of::<V>() != 0 || needs_drop::<V>() {
            // SAFETY: There are no conditions; it may sleep.
            unsafe { bindings::synchronize_rcu() };
        }
    }

    /// # Safety
    ///
    /// The value must be hidden, and nobody may use it any more.
    pub(super) unsafe fn drop_value(&self) {
        // SAFETY: By the safety requirements.
        unsafe { (*self.value.get()).assume_init_drop() };
    }
}
