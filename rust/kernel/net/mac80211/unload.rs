// SPDX-License-Identifier: GPL-2.0

//! The end of a module that has forgotten hardware.
//!
//! C drivers unregister their hardware before their module ends. A
//! [`Registration`](super::Registration) can be forgotten, and then mac80211 would call functions
//! that are not there any more. What is still registered after the last function of the module
//! was called is unregistered here, and remains allocated.

use crate::prelude::*;
use core::ptr::NonNull;

/// Unregisters hardware of the driver that it belongs to.
pub(super) type Unregister = unsafe fn(NonNull<crate::bindings::ieee80211_hw>);

#[cfg(CONFIG_MODULES)]
mod imp {
    use super::*;
    use crate::{
        bindings, container_of,
        error::to_result,
        sync::atomic::{Atomic, Full, Relaxed},
        types::Opaque,
    };
    use core::marker::PhantomPinned;

    #[pin_data]
    struct Watch {
        #[pin]
        nb: Opaque<bindings::notifier_block>,
        hw: NonNull<bindings::ieee80211_hw>,
        unregister: Unregister,
        // Not 0 if the hardware is registered, and nobody is about to unregister it.
        registered: Atomic<i32>,
        #[pin]
        _pin: PhantomPinned,
    }

    /// Watches the end of the module that a driver is in.
    ///
    /// # Invariants
    ///
    /// The notifier block is registered.
    pub(in super::super) struct Unload(Pin<KBox<Watch>>);

    impl Unload {
        /// It may sleep.
        ///
        /// C: `register_module_notifier()`.
        ///
        /// # Safety
        ///
        /// `unregister(hw)` must be sound as long as `hw` is registered with mac80211. The code of
        /// `unregister` must belong to the same module as the callbacks of `hw`. `hw` must be valid
        /// until the return value is dropped.
        pub(in super::super) unsafe fn new(
            hw: NonNull<bindings::ieee80211_hw>,
            unregister: Unregister,
        ) -> Result<Self> {
            let watch = KBox::pin_init(
                pin_init!(Watch {
                    nb <- Opaque::ffi_init(|nb: *mut bindings::notifier_block| {
                        // SAFETY: `nb` is valid for writes.
                        unsafe {
                            nb.write(bindings::notifier_block {
                                notifier_call: Some(notify),
                                ..pin_init::zeroed()
                            })
                        }
                    }),
                    hw,
                    unregister,
                    registered: Atomic::new(0),
                    _pin: PhantomPinned,
                }),
                GFP_KERNEL,
            )?;
            // SAFETY: The block is initialised, pinned, and remains so until it is unregistered.
            to_result(unsafe { bindings::register_module_notifier(watch.nb.get()) })?;
            // INVARIANT: It was registered.
            Ok(Self(watch))
        }

        /// The hardware is registered.
        pub(in super::super) fn arm(&self) {
            self.0.registered.store(1, Relaxed);
        }

        /// Whether the hardware is left for the caller to unregister.
        pub(in super::super) fn disarm(&self) -> bool {
            self.0.registered.xchg(0, Full) != 0
        }
    }

    impl Drop for Unload {
        fn drop(&mut self) {
            // It waits for a call of `notify()`.
            // SAFETY: It is registered by the type invariant.
            unsafe { bindings::unregister_module_notifier(self.0.nb.get()) };
        }
    }

    /// `notifier_block::notifier_call`. It belongs to the kernel, not to the module.
    ///
    /// # Safety
    ///
    /// `nb` must be of a [`Watch`], and `data` the module that the action is about.
    unsafe extern "C" fn notify(
        nb: *mut bindings::notifier_block,
        action: c_ulong,
        data: *mut c_void,
    ) -> c_int {
        if action != bindings::module_state_MODULE_STATE_GOING as c_ulong {
            return 0;
        }
        // SAFETY: By the safety requirements; it is valid until it is unregistered.
        let watch = unsafe { &*container_of!(Opaque::cast_from(nb), Watch, nb) };
        // The address belongs to the module, or it does not.
        let code = watch.unregister as usize;
        // SAFETY: `data` is a valid module by the safety requirements.
        let is_of_module = unsafe { bindings::within_module(code, data.cast()) };
        if is_of_module && watch.registered.xchg(0, Full) != 0 {
            pr_err!("mac80211: a module has forgotten its hardware\n");
            // SAFETY: `Unload::new()` requires that it is sound. `free_module()` follows the
            // notifiers, hence the code is there.
            unsafe { (watch.unregister)(watch.hw) };
        }
        // NOTIFY_DONE.
        0
    }
}

#[cfg(not(CONFIG_MODULES))]
mod imp {
    use super::*;

    /// Nothing is ever unloaded.
    pub(in super::super) struct Unload;

    impl Unload {
        /// # Safety
        ///
        /// None.
        pub(in super::super) unsafe fn new(
            _hw: NonNull<crate::bindings::ieee80211_hw>,
            _unregister: Unregister,
        ) -> Result<Self> {
            Ok(Self)
        }

        pub(in super::super) fn arm(&self) {}

        pub(in super::super) fn disarm(&self) -> bool {
            true
        }
    }
}

pub(super) use imp::Unload;
