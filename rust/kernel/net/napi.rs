// SPDX-License-Identifier: GPL-2.0

//! Polling for received packets.
//!
//! C header: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h)
//!
//! Drivers of full network devices need more than what is here; a [`Napi`] belongs to a
//! [`DummyDevice`], as it does in drivers for WLAN, whose network devices are those of mac80211.
//!
//! # Contexts
//!
//! | function | context |
//! |---|---|
//! | [`Poll::poll`] | softirq, or a thread; one at a time for each [`Napi`] |
//! | [`Poll::completed`] | the same, but another CPU may be in [`Poll::poll`] again |
//! | [`Napi::schedule`] | any but NMI, most of all an interrupt handler |
//! | creating and dropping, [`Napi::enable`], [`Napi::disable`], [`Napi::synchronize`] | may sleep
//! |

use super::skb::SkBuff;
use crate::{
    bindings,
    ffi::c_int,
    new_mutex,
    prelude::*,
    sync::{Arc, Mutex},
    types::{NotThreadSafe, Opaque},
};
use core::{marker::PhantomData, ptr, ptr::NonNull};

/// A network device that carries NAPI instances, and can do nothing else (`alloc_netdev_dummy()`).
///
/// # Invariants
///
/// The pointer is the one of a dummy device that `self` owns.
pub struct DummyDevice(NonNull<bindings::net_device>);

// SAFETY: A device does not belong to a thread.
unsafe impl Send for DummyDevice {}

// SAFETY: It is only given to functions of C that take the locks they need.
unsafe impl Sync for DummyDevice {}

impl DummyDevice {
    /// Allocates a device.
    ///
    /// Fails with [`ENOMEM`].
    pub fn new() -> Result<Self> {
        // SAFETY: There are no requirements.
        let dev = unsafe { bindings::alloc_netdev_dummy(0) };

        // INVARIANT: It is a new device.
        NonNull::new(dev).map(Self).ok_or(ENOMEM)
    }
}

impl Drop for DummyDevice {
    fn drop(&mut self) {
        // SAFETY: By the type invariants. It has never been registered, and has no NAPI instance
        // any more, because each has a reference to the device.
        unsafe { bindings::free_netdev(self.0.as_ptr()) };
    }
}

/// What is done when a [`Napi`] is polled.
pub trait Poll: Send + Sync + 'static {
    /// Handles up to `budget` received packets, and returns how many there have been.
    ///
    /// If there have been fewer, no more are expected, and [`Poll::completed`] is called; else this
    /// function is called again. If `budget` is 0, only transmitted packets may be cleaned up.
    fn poll(&self, context: &PollContext<'_>, budget: usize) -> usize;

    /// Enables the interrupts that [`Napi::schedule`] has been called for.
    fn completed(&self) {}
}

/// Shows that a [`Napi`] is being polled.
pub struct PollContext<'a> {
    napi: NonNull<bindings::napi_struct>,
    budget: i32,
    _lifetime: PhantomData<&'a ()>,
    _not_send: NotThreadSafe,
}

impl PollContext<'_> {
    /// Returns the pointer for C.
    #[allow(dead_code)]
    #[inline]
    pub(crate) fn as_raw(&self) -> *mut bindings::napi_struct {
        self.napi.as_ptr()
    }

    /// Hands a received packet to the network stack (`napi_gro_receive()`), at the latest at the
    /// end of the poll.
    ///
    /// # Safety
    ///
    /// The caller must own the buffer, which must be as a network device hands it over.
    #[allow(dead_code)]
    #[inline]
    pub(crate) unsafe fn gro_receive(&self, skb: NonNull<bindings::sk_buff>) {
        // SAFETY: This is the context of a poll function of the instance; the buffer is handed over
        // by the safety requirements.
        unsafe { bindings::gro_receive_skb(&raw mut (*self.as_raw()).gro, skb.as_ptr()) };
    }

    /// Frees the buffer of a packet that has been transmitted (`napi_consume_skb()`), so that it
    /// can be used again for a received one soon.
    #[inline]
    pub fn consume(&self, skb: SkBuff) {
        // SAFETY: This is the context of a poll function with this budget, and the buffer is handed
        // over.
        unsafe { bindings::napi_consume_skb(skb.into_raw().as_ptr(), self.budget) };
    }
}

/// A NAPI instance (`struct napi_struct`).
///
/// It is disabled at first, and when it is dropped, which waits for [`Poll::poll`] and
/// [`Poll::completed`] to return: it must not be dropped by them.
///
/// # Invariants
///
/// `napi` is on the list of `dev`. `enabled` says whether it is enabled.
///
/// # Examples
///
/// ```
/// use kernel::net::napi::{DummyDevice, Napi, Poll, PollContext};
/// use kernel::sync::{atomic::{Atomic, Relaxed}, Arc};
///
/// struct Rx {
///     waiting: Atomic<u64>,
/// }
///
/// impl Poll for Rx {
///     fn poll(&self, _context: &PollContext<'_>, _budget: usize) -> usize {
///         self.waiting.store(0, Relaxed);
///         1
///     }
/// }
///
/// let dev = Arc::new(DummyDevice::new()?, GFP_KERNEL)?;
/// let napi = Arc::pin_init(
///     Napi::new(dev, Rx { waiting: Atomic::new(1) }),
///     GFP_KERNEL,
/// )?;
///
/// assert!(!napi.schedule());
/// napi.enable()?;
/// assert!(napi.schedule());
/// napi.synchronize();
/// assert_eq!(napi.data().waiting.load(Relaxed), 0);
/// # Ok::<(), Error>(())
/// ```
#[pin_data(PinnedDrop)]
pub struct Napi<T: Poll> {
    data: T,
    #[pin]
    enabled: Mutex<bool>,
    // The last one: the others are there before it is on the list.
    #[pin]
    napi: Opaque<bindings::napi_struct>,
    dev: Arc<DummyDevice>,
}

// SAFETY: An instance does not belong to a thread, and `T` can be sent.
unsafe impl<T: Poll> Send for Napi<T> {}

// SAFETY: The functions of C take the locks they need, or are atomic, and `T` can be shared.
unsafe impl<T: Poll> Sync for Napi<T> {}

/// Not in a generic function, of which each driver has a copy: to lockdep, a class of locks with
/// several names is an error.
#[inline(never)]
fn new_enabled() -> impl PinInit<Mutex<bool>> {
    new_mutex!(false, "Napi::enabled")
}

impl<T: Poll> Napi<T> {
    /// Creates an initialiser (`netif_napi_add()`).
    pub fn new(dev: Arc<DummyDevice>, data: T) -> impl PinInit<Self> {
        pin_init!(Self {
            data,
            enabled <- new_enabled(),
            napi <- Opaque::ffi_init(|slot: *mut bindings::napi_struct| {
                // SAFETY: `slot` is valid for writing, and all zero is what C expects. The device
                // is valid, and lives longer, since `self` has a reference to it.
                unsafe {
                    ptr::write_bytes(slot, 0, 1);
                    bindings::netif_napi_add(dev.0.as_ptr(), slot, Some(Self::poll_callback));
                }
            }),
            dev,
        })
    }

    /// # Safety
    ///
    /// Called by C for an instance that is enabled.
    unsafe extern "C" fn poll_callback(napi: *mut bindings::napi_struct, budget: c_int) -> c_int {
        // SAFETY: `napi` is the member of a `Napi<T>`, which lives until `PinnedDrop::drop()` has
        // waited for this function.
        let this = unsafe { &*crate::container_of!(Opaque::cast_from(napi), Self, napi) };
        let context = PollContext {
            // SAFETY: C does not call this with NULL.
            napi: unsafe { NonNull::new_unchecked(napi) },
            budget,
            _lifetime: PhantomData,
            _not_send: NotThreadSafe,
        };
        let limit = usize::try_from(budget).unwrap_or(0);
        // More than the budget would confuse C.
        let work = this.data.poll(&context, limit).min(limit);

        // GRO has no reference to the network devices of the packets that it holds, which are not
        // the one of this instance. They do not go while softirqs are disabled, that is, before
        // this function returns, but perhaps before the next poll.
        if limit > 0 {
            // SAFETY: This is the poll function, and the owner of the instance.
            unsafe { bindings::gro_flush_normal(&raw mut (*napi).gro, false) };
        }

        // With a budget of 0 this is not the owner of the instance.
        if work < limit {
            // SAFETY: This is the poll function, and there has been less to do than the budget.
            if unsafe { bindings::napi_complete_done(napi, work as i32) } {
                this.data.completed();
            }
        }
        work as i32
    }

    /// Returns the data of the driver.
    #[inline]
    pub fn data(&self) -> &T {
        &self.data
    }

    /// Returns the pointer for C.
    #[allow(dead_code)]
    #[inline]
    pub(crate) fn as_raw(&self) -> *mut bindings::napi_struct {
        self.napi.get()
    }

    /// Makes scheduling have an effect (`napi_enable()`).
    ///
    /// Fails with [`EBUSY`] if it has already.
    pub fn enable(&self) -> Result {
        let mut enabled = self.enabled.lock();

        if *enabled {
            return Err(EBUSY);
        }
        // SAFETY: By the type invariants the instance is on the list of its device, and disabled.
        unsafe { bindings::napi_enable(self.napi.get()) };
        *enabled = true;
        Ok(())
    }

    /// Waits until it is not polled any more, and makes scheduling have no effect
    /// (`napi_disable()`). Does nothing if it is disabled.
    pub fn disable(&self) {
        let mut enabled = self.enabled.lock();

        if *enabled {
            // SAFETY: By the type invariants the instance is on the list of its device, and
            // enabled.
            unsafe { bindings::napi_disable(self.napi.get()) };
            *enabled = false;
        }
    }

    /// Has it polled, and returns whether that was not the case already (`napi_schedule()`).
    ///
    /// It has no effect if it is disabled.
    #[inline]
    pub fn schedule(&self) -> bool {
        // SAFETY: By the type invariants the instance is valid.
        unsafe { bindings::napi_schedule(self.napi.get()) }
    }

    /// Waits until it is not polled (`napi_synchronize()`). Returns at once if it is disabled.
    pub fn synchronize(&self) {
        let enabled = self.enabled.lock();

        if *enabled {
            // SAFETY: By the type invariants the instance is valid.
            unsafe { bindings::napi_synchronize(self.napi.get()) };
        }
    }
}

#[pinned_drop]
impl<T: Poll> PinnedDrop for Napi<T> {
    fn drop(self: Pin<&mut Self>) {
        self.disable();
        // This waits for a grace period of RCU, hence for `poll_callback()`, which may still be
        // running after it has completed the instance.
        //
        // SAFETY: By the type invariants the instance is on the list of its device, and it is
        // disabled now.
        unsafe { bindings::netif_napi_del(self.napi.get()) };
    }
}

#[kunit_tests(rust_kernel_net_napi)]
mod tests {
    use super::*;
    use crate::sync::atomic::{Atomic, Relaxed};

    /// Has `packets` packets, and remembers how it has been called.
    struct Source {
        packets: Atomic<u64>,
        polled: Atomic<u64>,
        completed: Atomic<u64>,
    }

    impl Poll for Source {
        fn poll(&self, context: &PollContext<'_>, budget: usize) -> usize {
            let mut work = 0;

            self.polled.fetch_add(1, Relaxed);
            while work < budget && self.packets.load(Relaxed) > 0 {
                self.packets.fetch_add(u64::MAX, Relaxed);
                if let Ok(skb) = SkBuff::alloc(64, 0, GFP_ATOMIC) {
                    context.consume(skb);
                }
                work += 1;
            }
            work
        }

        fn completed(&self) {
            self.completed.fetch_add(1, Relaxed);
        }
    }

    fn source() -> Result<Arc<Napi<Source>>> {
        let dev = Arc::new(DummyDevice::new()?, GFP_KERNEL)?;

        Arc::pin_init(
            Napi::new(
                dev,
                Source {
                    packets: Atomic::new(0),
                    polled: Atomic::new(0),
                    completed: Atomic::new(0),
                },
            ),
            GFP_KERNEL,
        )
    }

    #[test]
    fn polled_until_there_is_no_more() -> Result {
        let napi = source()?;

        // The budget is 64, so it takes three calls.
        napi.data().packets.store(150, Relaxed);
        napi.enable()?;
        assert!(napi.schedule());
        napi.synchronize();
        assert_eq!(napi.data().packets.load(Relaxed), 0);
        assert_eq!(napi.data().polled.load(Relaxed), 3);
        // It may be on another CPU, and not be done yet.
        napi.disable();
        drop(napi);
        Ok(())
    }

    #[test]
    fn disabled_is_not_polled() -> Result {
        let napi = source()?;

        assert!(!napi.schedule());
        napi.synchronize();
        napi.disable();
        napi.enable()?;
        assert_eq!(napi.enable(), Err(EBUSY));
        napi.disable();
        assert!(!napi.schedule());
        assert_eq!(napi.data().polled.load(Relaxed), 0);
        assert_eq!(napi.data().completed.load(Relaxed), 0);

        // Dropping disables.
        napi.enable()?;
        Ok(())
    }
}
