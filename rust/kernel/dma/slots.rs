// SPDX-License-Identifier: GPL-2.0

//! Storage for mappings and blocks that live longer than the function that creates them.
//!
//! See [`Slots`].

use super::streaming::{private::Sealed, Mapper, Rejected};
use crate::{
    alloc::Flags,
    device::{Bound, Device},
    devres::Devres,
    prelude::*,
};
use core::cell::UnsafeCell;

/// What [`Slots`] can store: a [`Mapping`](super::Mapping) or a [`Block`](super::Block).
///
/// Drivers can't implement it. The implementing type has the lifetime `'static`, which stands for
/// any other one.
///
/// # Safety
///
/// - [`Parkable::Parked`] must not depend on the lifetime of a [`Parkable::Live`], and dropping it
///   must be a leak.
/// - If [`Parkable::same`] is true and the devices are the same, [`Parkable::unpark`] must be able
///   to use the one home in place of the other.
pub unsafe trait Parkable: Sealed + 'static {
    /// The type with the lifetime `'a`.
    type Live<'a>;

    /// What has created it.
    type Home: 'static;

    /// Keeps [`Self::Home`] alive.
    #[doc(hidden)]
    type Anchor: Send;

    /// What is stored.
    #[doc(hidden)]
    type Parked: Send;

    /// # Safety
    ///
    /// The result must be put into a [`Devres`] of the same device and binding.
    #[doc(hidden)]
    unsafe fn anchor(home: &Self::Home) -> Self::Anchor;

    #[doc(hidden)]
    fn mapper(home: &Self::Home) -> &Mapper;

    #[doc(hidden)]
    fn home<'l, 'a: 'l>(live: &'l Self::Live<'a>) -> &'a Self::Home;

    #[doc(hidden)]
    fn anchored<'s>(anchor: &'s Self::Anchor) -> &'s Self::Home;

    /// Whether both are the same, provided that their devices are.
    #[doc(hidden)]
    fn same(anchor: &Self::Anchor, home: &Self::Home) -> bool;

    #[doc(hidden)]
    fn park(live: Self::Live<'_>) -> Self::Parked;

    /// # Safety
    ///
    /// `parked` must come from [`Self::park`] with a value of `home`, or the same according to
    /// [`Self::same`], in the present binding of the device.
    #[doc(hidden)]
    unsafe fn unpark<'a>(parked: Self::Parked, home: &'a Self::Home) -> Self::Live<'a>;
}

/// What is released when the device is unbound.
///
/// # Invariants
///
/// The values in `slots` come from the home that `anchor` keeps alive, or the same one.
struct Inner<K: Parkable> {
    anchor: K::Anchor,
    slots: UnsafeCell<KVec<Option<K::Parked>>>,
}

impl<K: Parkable> Drop for Inner<K> {
    fn drop(&mut self) {
        for parked in self.slots.get_mut().iter_mut().filter_map(Option::take) {
            // SAFETY: By the type invariants. `self` is dropped before or by devres, hence the
            // binding is still the same.
            drop(unsafe { K::unpark(parked, K::anchored(&self.anchor)) });
        }
    }
}

/// A fixed number of places for mappings, or blocks of a [`Pool`](super::Pool), that the driver
/// keeps.
///
/// A [`Mapping`](super::Mapping) can't be stored in the data of a driver, since it must not outlive
/// the binding of the device. With `Slots` it can: they are registered with devres, once, and what
/// is in them is unmapped and dropped when the device is unbound, or the `Slots` are dropped,
/// whatever happens first. Storing and taking is a comparison and a move.
///
/// Usually there is one slot for each descriptor of a ring. The driver puts the `Slots` in the same
/// lock as the ring; storing and taking need exclusive access.
///
/// # Teardown
///
/// Like with [`CoherentAllocation`](super::CoherentAllocation), make sure that the device does not
/// access the memory any more before the `Slots` are dropped.
#[cfg_attr(
    CONFIG_PCI,
    doc = "For PCI devices this is so at unbind, see [`pci`](kernel::pci#teardown-order)."
)]
/// `Slots` must be dropped in process context.
///
/// If they are leaked, what is in them is nevertheless released when the device is unbound. If they
/// are kept for longer than the device is bound, they become useless, see [`Slots::put`].
///
/// # Examples
///
/// ```
/// # use kernel::{device::{Bound, Device}, devres::Devres};
/// use kernel::dma::{BoundMapper, FromDevice, Mapper, Mapping, Slots};
/// use kernel::sync::SpinLock;
///
/// type Received = Mapping<'static, KVec<u8>, FromDevice>;
///
/// struct Ring {
///     mapper: Pin<KBox<Devres<BoundMapper>>>,
///     buffers: Pin<KBox<SpinLock<Slots<Received>>>>,
/// }
///
/// impl Ring {
///     fn new(dev: &Device<Bound>) -> Result<Self> {
///         let mapper = KBox::pin_init(Mapper::bound(dev), GFP_KERNEL)?;
///         let mut slots = Slots::<Received>::new(dev, mapper.access(dev)?, 16, GFP_KERNEL)?;
///
///         for i in 0..slots.len() {
///             let buffer = KVec::from_elem(0, 2048, GFP_KERNEL)?;
///             let mapping = mapper.access(dev)?.map(buffer, FromDevice)?;
///
///             // Write `mapping.dma_address()` to descriptor `i` ...
///
///             slots.put(i, mapping)?;
///         }
///
///         Ok(Self {
///             mapper,
///             buffers: KBox::pin_init(kernel::new_spinlock!(slots), GFP_KERNEL)?,
///         })
///     }
///
///     /// Returns what the device has written to the buffer of descriptor `i`.
///     fn completed(&self, dev: &Device<Bound>, i: usize) -> Result<Option<KVec<u8>>> {
///         let mapper = self.mapper.access(dev)?;
///
///         Ok(self.buffers.lock().take(i, mapper)?.map(Mapping::unmap))
///     }
/// }
/// ```
pub struct Slots<K: Parkable> {
    inner: Pin<KBox<Devres<Inner<K>>>>,
    len: usize,
}

impl<K: Parkable> Slots<K> {
    /// Creates `len` empty slots for what comes from `home`.
    ///
    /// Must be called from process context; may sleep.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `dev` is not the device of `home`.
    /// - [`ENOMEM`] if there is no memory.
    pub fn new(dev: &Device<Bound>, home: &K::Home, len: usize, flags: Flags) -> Result<Self> {
        if K::mapper(home).as_raw() != dev.as_raw() {
            return Err(EINVAL);
        }

        let mut slots = KVec::with_capacity(len, flags)?;
        for _ in 0..len {
            slots.push_within_capacity(None)?;
        }

        // INVARIANT: There are no values.
        let inner = Inner::<K> {
            // SAFETY: The device is the same, and as both `home` and `dev` live, so is the binding.
            anchor: unsafe { K::anchor(home) },
            slots: UnsafeCell::new(slots),
        };

        Ok(Self {
            inner: KBox::pin_init(Devres::new(dev, inner), flags)?,
            len,
        })
    }

    /// Returns the number of slots.
    #[inline]
    #[expect(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns the slot `index`, if it is certain that it is not released as long as `home` lives.
    #[inline]
    fn slot<'a>(
        &'a mut self,
        index: usize,
        home: &'a K::Home,
    ) -> Result<&'a mut Option<K::Parked>> {
        // SAFETY: It is used for `access()` only.
        let dev = unsafe { K::mapper(home).device_for_access() };
        let inner = self.inner.access(dev)?;

        if !K::same(&inner.anchor, home) {
            return Err(EINVAL);
        }

        // SAFETY: This is the only place where a reference to the content is created, except when
        // it is dropped; `self` is borrowed mutably.
        let slots = unsafe { &mut *inner.slots.get() };

        slots.get_mut(index).ok_or(EINVAL)
    }

    /// Stores `value` in the slot `index`.
    ///
    /// May be called from any context.
    ///
    /// # Errors
    ///
    /// They come with `value`, see [`Rejected`].
    ///
    /// - [`EINVAL`] if there is no such slot, or `value` comes from another device or
    ///   [`Pool`](super::Pool) than the one that the slots have been created for.
    /// - [`EBUSY`] if the slot is in use.
    /// - [`ENXIO`] if the device has been unbound, and bound again, since the slots have been
    ///   created.
    #[inline]
    pub fn put<'a>(
        &mut self,
        index: usize,
        value: K::Live<'a>,
    ) -> Result<(), Rejected<K::Live<'a>>> {
        let slot = match self.slot(index, K::home(&value)) {
            Ok(slot) => slot,
            Err(error) => return Err(Rejected::new(error, value)),
        };
        if slot.is_some() {
            return Err(Rejected::new(EBUSY, value));
        }

        // INVARIANT: `Self::slot` has checked where `value` comes from.
        *slot = Some(K::park(value));
        Ok(())
    }

    /// Takes what is in the slot `index`, if anything.
    ///
    /// May be called from any context.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if there is no such slot, or `home` is not the one that the slots have been
    ///   created for.
    /// - [`ENXIO`] if the device has been unbound, and bound again, since the slots have been
    ///   created; they are empty.
    #[inline]
    pub fn take<'a>(&mut self, index: usize, home: &'a K::Home) -> Result<Option<K::Live<'a>>> {
        Ok(self.slot(index, home)?.take().map(|parked| {
            // SAFETY: By the type invariants of `Inner`; `Self::slot` has compared `home`. The
            // binding is the same, as the slots would have been released otherwise.
            unsafe { K::unpark(parked, home) }
        }))
    }
}

#[kunit_tests(rust_kernel_dma_slots)]
mod tests {
    use super::super::{testing::TestDevice, FromDevice, Mapping, ToDevice};
    use super::*;
    use crate::{
        c_str,
        transmute::{AsBytes, FromBytes},
    };
    use core::sync::atomic::{AtomicUsize, Ordering};

    static DROPPED: AtomicUsize = AtomicUsize::new(0);

    struct Counted([u8; 256]);

    // SAFETY: All bytes are a valid `[u8; 256]`.
    unsafe impl FromBytes for Counted {}
    // SAFETY: There are no uninitialized bytes.
    unsafe impl AsBytes for Counted {}

    impl Drop for Counted {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }

    type Stored = Mapping<'static, KBox<Counted>, FromDevice>;

    fn counted() -> Result<KBox<Counted>> {
        Ok(KBox::new(Counted([3; 256]), GFP_KERNEL)?)
    }

    #[test]
    fn mappings_are_stored() -> Result {
        let device = TestDevice::new(c_str!("rust_dma_slots"))?;
        let other = TestDevice::new(c_str!("rust_dma_slots_other"))?;
        let dev = device.bound();
        let (mapper, other) = (Mapper::of(dev)?, Mapper::of(other.bound())?);
        let mut slots = Slots::<Stored>::new(dev, mapper, 2, GFP_KERNEL)?;
        assert_eq!(slots.len(), 2);

        let mapping = mapper.map(counted()?, FromDevice)?;
        let address = mapping.dma_address();
        slots.put(1, mapping)?;

        // A slot that is in use, one that does not exist, another device.
        for (index, mapper, error) in [(1, mapper, EBUSY), (2, mapper, EINVAL), (0, other, EINVAL)]
        {
            let Err(rejected) = slots.put(index, mapper.map(counted()?, FromDevice)?) else {
                return Err(EIO);
            };
            assert_eq!(rejected.error(), error);
            assert_eq!(rejected.into_inner().unmap().0[0], 3);
        }
        assert!(slots.take(1, other).is_err_and(|error| error == EINVAL));
        assert!(slots.take(2, mapper).is_err_and(|error| error == EINVAL));
        assert!(slots.take(0, mapper)?.is_none());

        let mapping = slots.take(1, mapper)?.ok_or(EIO)?;
        assert_eq!(mapping.dma_address(), address);
        assert_eq!(mapping.unmap().0[255], 3);
        assert!(slots.take(1, mapper)?.is_none());

        let other = Slots::<Stored>::new(dev, other, 1, GFP_KERNEL);
        assert!(other.is_err_and(|error| error == EINVAL));

        Ok(())
    }

    #[test]
    fn slots_are_released_with_the_binding() -> Result {
        let device = TestDevice::new(c_str!("rust_dma_unbind"))?;
        let before = DROPPED.load(Ordering::Relaxed);
        let dropped = || DROPPED.load(Ordering::Relaxed) - before;

        let (mut slots, kept) = device.with_binding(|dev| {
            let mapper = Mapper::of(dev)?;
            let mut slots = Slots::<Stored>::new(dev, mapper, 3, GFP_KERNEL)?;
            slots.put(0, mapper.map(counted()?, FromDevice)?)?;
            slots.put(2, mapper.map(counted()?, FromDevice)?)?;

            // Slots are released with the binding even if they are not dropped until later.
            let mut kept = Slots::<Stored>::new(dev, mapper, 1, GFP_KERNEL)?;
            kept.put(0, mapper.map(counted()?, FromDevice)?)?;

            let mut dropped_early = Slots::<Stored>::new(dev, mapper, 1, GFP_KERNEL)?;
            dropped_early.put(0, mapper.map(counted()?, FromDevice)?)?;
            drop(dropped_early);
            assert_eq!(dropped(), 1);

            Ok((slots, kept))
        })?;
        assert_eq!(dropped(), 4);

        // The next binding has no use for them.
        device.with_binding(|dev| {
            let mapper = Mapper::of(dev)?;
            assert!(slots.take(0, mapper).is_err_and(|error| error == ENXIO));
            let Err(rejected) = slots.put(1, mapper.map(counted()?, FromDevice)?) else {
                return Err(EIO);
            };
            assert_eq!(rejected.error(), ENXIO);
            Ok(())
        })?;
        assert_eq!(dropped(), 5);

        drop((slots, kept));
        assert_eq!(dropped(), 5);

        Ok(())
    }

    #[test]
    fn mapper_is_revoked() -> Result {
        let device = TestDevice::new(c_str!("rust_dma_revoked"))?;

        let bound = device.with_binding(|dev| {
            let bound = KBox::pin_init(Mapper::bound(dev), GFP_KERNEL)?;
            let buffer = KVec::from_elem(0u8, 256, GFP_KERNEL)?;

            // In an RCU read side critical section, into the slots and out of them.
            let mut slots = Slots::<Mapping<'static, KVec<u8>, ToDevice>>::new(
                dev,
                bound.access(dev)?,
                1,
                GFP_KERNEL,
            )?;
            {
                let mapper = bound.try_access().ok_or(EIO)?;
                slots.put(0, mapper.map(buffer, ToDevice)?)?;
            }
            let mapper = bound.access(dev)?;
            assert_eq!(slots.take(0, mapper)?.ok_or(EIO)?.unmap().len(), 256);

            Ok(bound)
        })?;
        assert!(bound.try_access().is_none());

        Ok(())
    }
}
