// SPDX-License-Identifier: GPL-2.0

//! PCI interrupt vectors.
//!
//! C header: [`include/linux/pci.h`](srctree/include/linux/pci.h)

use super::Device;
use crate::{
    bindings, device,
    devres::BindingState,
    error::{to_result, Error},
    irq::{self, Handler, IrqRequest, Registration, ThreadedHandler, ThreadedRegistration},
    new_mutex,
    prelude::*,
    str::CStr,
    sync::{aref::ARef, Arc, Mutex},
    types::ScopeGuard,
};

/// The ways in which a PCI function can signal an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IrqType {
    /// The level-triggered interrupt pin, a single one, shared with other devices.
    Intx,
    /// Message signaled interrupts (MSI), up to 32 of them.
    Msi,
    /// Extended message signaled interrupts (MSI-X), up to 2048 of them.
    MsiX,
}

impl IrqType {
    const fn as_raw(self) -> u32 {
        match self {
            IrqType::Intx => bindings::PCI_IRQ_INTX,
            IrqType::Msi => bindings::PCI_IRQ_MSI,
            IrqType::MsiX => bindings::PCI_IRQ_MSIX,
        }
    }
}

/// A set of [`IrqType`]s.
///
/// # Examples
///
/// ```
/// use kernel::pci::{IrqType, IrqTypes};
///
/// let messages = IrqTypes::new().with(IrqType::Msi).with(IrqType::MsiX);
///
/// assert!(messages.contains(IrqType::MsiX));
/// assert!(!messages.contains(IrqType::Intx));
/// assert_eq!(messages.with(IrqType::Intx), IrqTypes::all());
/// assert_eq!(IrqTypes::from(IrqType::Msi), IrqTypes::new().with(IrqType::Msi));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IrqTypes(u32);

impl IrqTypes {
    /// Creates an empty set.
    #[inline]
    pub const fn new() -> Self {
        Self(0)
    }

    /// Creates a set of all types.
    #[inline]
    pub const fn all() -> Self {
        Self::new()
            .with(IrqType::Intx)
            .with(IrqType::Msi)
            .with(IrqType::MsiX)
    }

    /// Returns the set with `irq_type` added.
    #[inline]
    pub const fn with(self, irq_type: IrqType) -> Self {
        Self(self.0 | irq_type.as_raw())
    }

    /// Returns whether `irq_type` is in the set.
    #[inline]
    pub const fn contains(self, irq_type: IrqType) -> bool {
        self.0 & irq_type.as_raw() != 0
    }
}

impl From<IrqType> for IrqTypes {
    #[inline]
    fn from(irq_type: IrqType) -> Self {
        Self::new().with(irq_type)
    }
}

/// How the vectors are to be spread over the CPUs.
///
/// See [`Device::alloc_irq_vectors_affinity`]. C type: [`struct irq_affinity`].
///
/// [`struct irq_affinity`]: srctree/include/linux/interrupt.h
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IrqAffinity {
    /// The number of vectors at the beginning that are not spread, e.g. for configuration changes.
    pub pre_vectors: u32,
    /// The number of vectors at the end that are not spread.
    pub post_vectors: u32,
}

/// The vectors which have been allocated for a device.
///
/// # Invariants
///
/// Unless `*freed`, the vectors `0..count` of `pdev` are allocated, and nobody else frees them.
#[pin_data]
struct Allocation {
    pdev: ARef<Device>,
    irq_type: IrqType,
    count: u32,
    #[pin]
    freed: Mutex<bool>,
}

impl Allocation {
    /// Frees the vectors; returns `false` if they have been freed already.
    ///
    /// If another thread is freeing them, waits until this is done. There must be no handlers.
    fn free(&self) -> bool {
        let mut freed = self.freed.lock();

        if *freed {
            return false;
        }

        // SAFETY: By the type invariants, the vectors are allocated and ours to free. All handlers
        // have been unregistered, as `pci_free_irq_vectors()` requires: each of them is a user, if
        // this is called when the last user is gone, and by devres otherwise.
        unsafe { bindings::pci_free_irq_vectors(self.pdev.as_raw()) };

        // INVARIANT: The vectors have just been freed.
        *freed = true;

        let dev: &device::Device = self.pdev.as_ref();
        BindingState::with_existing(dev, |state| state.irq_vectors = false);

        true
    }

    /// The devres action: frees the vectors unless this has happened already.
    ///
    /// All handlers have been unregistered, since each [`Registration`] has a devres action of its
    /// own, that was added after this one and has thus been run before.
    ///
    /// # Safety
    ///
    /// `this` must come from [`Arc::into_raw`], and its reference is given up.
    unsafe extern "C" fn release(this: *mut c_void) {
        // SAFETY: By the safety requirements of this function.
        let this = unsafe { Arc::<Self>::from_raw(this.cast()) };

        this.free();
    }
}

/// What [`IrqVectors`] and all registered handlers share: when the last of them is gone, the
/// vectors are freed.
///
/// This is not the same as the references to [`Allocation`], as the devres action has one as well.
struct Users {
    allocation: Arc<Allocation>,
}

impl irq::Owner for Users {}

impl Drop for Users {
    fn drop(&mut self) {
        if !self.allocation.free() {
            return;
        }

        // The device is still bound, or the devres action would have freed the vectors. Remove the
        // action, lest they pile up in a driver that allocates vectors again and again.
        let this = &*self.allocation;
        let dev: &device::Device = this.pdev.as_ref();

        // SAFETY: `dev` is valid; the action and its argument are the ones given to
        // `devm_add_action()`, if it has been called.
        let ret = unsafe {
            bindings::devm_remove_action_nowarn(
                dev.as_raw(),
                Some(Allocation::release),
                core::ptr::from_ref(this).cast_mut().cast(),
            )
        };

        // Otherwise the action has not been added yet, or it is about to run and waits for nothing
        // but its turn: it will find the vectors freed.
        if ret == 0 {
            // SAFETY: The pointer comes from `Arc::into_raw()` in `Device::alloc_vectors`, and the
            // action that owned the reference has been removed without running.
            drop(unsafe { Arc::<Allocation>::from_raw(this) });
        }
    }
}

/// The interrupt vectors of a device.
///
/// A driver allocates its vectors in probe by [`Device::alloc_irq_vectors`], and registers a
/// handler for each vector it uses. The vectors are freed
///
/// - when [`IrqVectors`] and all handlers have been dropped, or
/// - when the device is unbound, whatever the driver still holds, or has leaked;
///
/// in both cases after the last handler has been unregistered, which waits for it to finish. A
/// driver may allocate vectors again once the former ones have been freed.
///
/// # Contexts
///
/// | function | context |
/// | -------- | ------- |
/// | [`Device::alloc_irq_vectors`] | process, with the device lock held, as in probe |
/// | [`Device::alloc_irq_vectors_affinity`] | the same |
/// | [`IrqVectors::vector`] | process, while the device is bound |
/// | [`IrqVector::request_irq`] | the same |
/// | [`IrqVector::request_threaded_irq`] | the same |
/// | dropping [`IrqVectors`] or a [`Registration`] | process |
/// | [`Handler::handle`], [`ThreadedHandler::handle`] | hard interrupt |
/// | [`ThreadedHandler::handle_threaded`] | process (a thread of the interrupt) |
///
/// # Examples
///
/// ```
/// use kernel::{
///     c_str,
///     device::{Bound, Core, Device},
///     irq,
///     pci::{self, IrqTypes},
///     prelude::*,
/// };
///
/// struct QueueHandler;
///
/// impl irq::Handler for QueueHandler {
///     fn handle(&self, _dev: &Device<Bound>) -> irq::IrqReturn {
///         irq::IrqReturn::Handled
///     }
/// }
///
/// /// Registers a handler for each queue; there are at most `max_queues`, and at least one.
/// fn setup_queues(
///     pdev: &pci::Device<Core>,
///     max_queues: u32,
/// ) -> Result<KVec<Pin<KBox<irq::Registration<QueueHandler>>>>> {
///     let vectors = pdev.alloc_irq_vectors(1, max_queues, IrqTypes::all())?;
///     let mut handlers = KVec::new();
///
///     for queue in 0..vectors.count() {
///         let vector = vectors.vector(pdev, queue)?;
///         let handler = Ok(QueueHandler);
///         let handler = vector.request_irq(irq::Flags::TRIGGER_NONE, c_str!("q"), handler);
///
///         handlers.push(KBox::pin_init(handler, GFP_KERNEL)?, GFP_KERNEL)?;
///     }
///
///     // The handlers keep the vectors.
///     Ok(handlers)
/// }
/// ```
pub struct IrqVectors {
    users: Arc<Users>,
}

impl IrqVectors {
    /// Returns the number of vectors, at least 1.
    #[inline]
    pub fn count(&self) -> u32 {
        self.users.allocation.count
    }

    /// Returns the type of the vectors.
    #[inline]
    pub fn irq_type(&self) -> IrqType {
        self.users.allocation.irq_type
    }

    /// Returns the vector at `index`, to register a handler for.
    ///
    /// Must be called from process context; may sleep.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `pdev` is not the device which the vectors belong to, or `index` is not less
    ///   than [`Self::count`].
    /// - [`ENXIO`] if the device has been unbound since the vectors have been allocated, and `pdev`
    ///   is a later binding.
    pub fn vector<'a>(
        &'a self,
        pdev: &'a Device<device::Bound>,
        index: u32,
    ) -> Result<IrqVector<'a>> {
        let allocation = &self.users.allocation;

        if pdev.as_raw() != allocation.pdev.as_raw() || index >= allocation.count {
            return Err(EINVAL);
        }

        // `self` is a user, hence only unbinding frees the vectors, which `pdev` rules out for as
        // long as it lives. Thus they remain allocated for `'a` if they are now.
        if *allocation.freed.lock() {
            return Err(ENXIO);
        }

        // SAFETY: `pdev.as_raw` returns a valid pointer to a `struct pci_dev`.
        let irq = unsafe { bindings::pci_irq_vector(pdev.as_raw(), index) };

        // INVARIANT: The vector is allocated, see above.
        Ok(IrqVector {
            vectors: self,
            dev: pdev.as_ref(),
            index,
            irq: u32::try_from(irq).map_err(|_| Error::from_errno(irq))?,
        })
    }
}

/// One vector of [`IrqVectors`].
///
/// # Invariants
///
/// `irq` is the Linux interrupt number of an interrupt of `dev`, and allocated for `'a`.
#[derive(Clone, Copy)]
pub struct IrqVector<'a> {
    vectors: &'a IrqVectors,
    dev: &'a device::Device<device::Bound>,
    index: u32,
    irq: u32,
}

impl<'a> IrqVector<'a> {
    /// Returns the index of the vector, which devices use to refer to it.
    #[inline]
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Returns the Linux interrupt number of the vector, as in `/proc/interrupts`.
    #[inline]
    pub fn irq(&self) -> u32 {
        self.irq
    }

    /// Returns the type of the vector.
    #[inline]
    pub fn irq_type(&self) -> IrqType {
        self.vectors.irq_type()
    }

    fn into_request(self) -> IrqRequest<'a> {
        // The interrupt pin is wired to the same input as the ones of other devices.
        let flags = match self.irq_type() {
            IrqType::Intx => irq::Flags::SHARED,
            IrqType::Msi | IrqType::MsiX => irq::Flags::TRIGGER_NONE,
        };

        // SAFETY: By the type invariants, `self.irq` is an interrupt of `self.dev`, and remains so
        // as long as the owner lives.
        unsafe { IrqRequest::new(self.dev, self.irq) }
            .with_flags(flags)
            .with_owner(self.vectors.users.clone())
    }

    /// Registers `handler` for the interrupt.
    ///
    /// The handler may be called before this function returns. It must return
    /// [`IrqReturn::None`](irq::IrqReturn::None) unless its device has caused the interrupt; if the
    /// vector is of type [`IrqType::Intx`], the interrupt is shared with other devices
    /// ([`irq::Flags::SHARED`] is added to `flags`), and the handler is also called when one of
    /// them has caused it.
    ///
    /// The handler is unregistered when the [`Registration`] is dropped or the device is unbound.
    ///
    /// Must be called from process context; may sleep. C function: `request_irq()`.
    ///
    /// # Errors
    ///
    /// - [`EBUSY`] if the vector has a handler, or the interrupt pin is used exclusively by another
    ///   device.
    /// - [`ENOMEM`] if memory is short.
    pub fn request_irq<T: Handler + 'static>(
        self,
        flags: irq::Flags,
        name: &'static CStr,
        handler: impl PinInit<T, Error> + 'a,
    ) -> impl PinInit<Registration<T>, Error> + 'a {
        Registration::new(self.into_request(), flags, name, handler)
    }

    /// Registers `handler` for the interrupt; most of the work is done in a thread.
    ///
    /// A handler for a level-triggered interrupt, i.e. [`IrqType::Intx`], must keep the device from
    /// asserting it before it wakes the thread.
    ///
    /// Otherwise the same as [`Self::request_irq`]. C function: `request_threaded_irq()`.
    pub fn request_threaded_irq<T: ThreadedHandler + 'static>(
        self,
        flags: irq::Flags,
        name: &'static CStr,
        handler: impl PinInit<T, Error> + 'a,
    ) -> impl PinInit<ThreadedRegistration<T>, Error> + 'a {
        ThreadedRegistration::new(self.into_request(), flags, name, handler)
    }
}

impl Device<device::Core> {
    /// Allocates between `min` and `max` interrupt vectors, of one of the types in `types`.
    ///
    /// MSI-X is preferred to MSI, and MSI to INTx. INTx is used only if `min` is 1. The device must
    /// have been enabled, e.g. by [`Device::enable_device_mem`]. To signal an interrupt by a
    /// message, the device also needs [`Device::set_master`].
    ///
    /// Must be called from process context; may sleep.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `min` is 0, or `max` less than `min`, or `types` is empty.
    /// - [`EBUSY`] if the vectors allocated before have not been freed.
    /// - [`ENOSPC`] if less than `min` vectors are available.
    /// - [`ENOMEM`] if memory is short.
    /// - Others, if the device or the platform does not support any type.
    ///
    /// C function: [`pci_alloc_irq_vectors`].
    ///
    /// [`pci_alloc_irq_vectors`]: srctree/drivers/pci/msi/api.c
    pub fn alloc_irq_vectors(&self, min: u32, max: u32, types: IrqTypes) -> Result<IrqVectors> {
        self.alloc_vectors(min, max, types, None)
    }

    /// Allocates interrupt vectors that are spread over the CPUs.
    ///
    /// The same as [`Device::alloc_irq_vectors`], except that each vector besides the ones that
    /// `affinity` exempts is directed to a set of CPUs, which together are all CPUs. User space
    /// can't change this.
    ///
    /// C function: [`pci_alloc_irq_vectors_affinity`] with `PCI_IRQ_AFFINITY`.
    ///
    /// [`pci_alloc_irq_vectors_affinity`]: srctree/drivers/pci/msi/api.c
    pub fn alloc_irq_vectors_affinity(
        &self,
        min: u32,
        max: u32,
        types: IrqTypes,
        affinity: IrqAffinity,
    ) -> Result<IrqVectors> {
        self.alloc_vectors(min, max, types, Some(affinity))
    }

    fn alloc_vectors(
        &self,
        min: u32,
        max: u32,
        types: IrqTypes,
        affinity: Option<IrqAffinity>,
    ) -> Result<IrqVectors> {
        let dev: &device::Device<device::Core> = self.as_ref();

        // Vectors may be freed while the device lock is not held.
        BindingState::with(dev, |state| {
            if core::mem::replace(&mut state.irq_vectors, true) {
                Err(EBUSY)
            } else {
                Ok(())
            }
        })??;
        let unlock = ScopeGuard::new(|| {
            BindingState::with_existing(dev, |state| state.irq_vectors = false);
        });

        let (irq_type, count) = self.enable_vectors(min, max, types, affinity)?;
        let disable = ScopeGuard::new(|| {
            // SAFETY: The vectors have just been allocated and have no handlers.
            unsafe { bindings::pci_free_irq_vectors(self.as_raw()) };
        });

        // INVARIANT: The vectors have just been allocated; `BindingState::irq_vectors` keeps others
        // from replacing them.
        let allocation = Arc::pin_init(
            pin_init!(Allocation {
                pdev: self.into(),
                irq_type,
                count,
                freed <- new_mutex!(false),
            }),
            GFP_KERNEL,
        )?;

        // From here on, dropping `users` undoes all.
        disable.dismiss();
        unlock.dismiss();
        let users = Users { allocation };
        let action_ref = users.allocation.clone();
        let users = Arc::new(users, GFP_KERNEL)?;

        // This comes after the vectors have been allocated, since what the MSI core has registered
        // with devres by then (see `pci_setup_msi_context()`) must be released after them.
        let ptr = Arc::into_raw(action_ref);
        // SAFETY: `dev` is valid and bound; `release` may be called with `ptr`.
        let ret = unsafe {
            bindings::devm_add_action(
                dev.as_raw(),
                Some(Allocation::release),
                ptr.cast_mut().cast(),
            )
        };
        if ret != 0 {
            // SAFETY: `ptr` comes from `Arc::into_raw()`; the action has not been added.
            drop(unsafe { Arc::from_raw(ptr) });
        }
        to_result(ret)?;

        Ok(IrqVectors { users })
    }

    /// Calls C to allocate vectors, type by type, so that the type is known.
    fn enable_vectors(
        &self,
        min: u32,
        max: u32,
        types: IrqTypes,
        affinity: Option<IrqAffinity>,
    ) -> Result<(IrqType, u32)> {
        // No type has more vectors; C takes the number as an `int`.
        let max = max.min(bindings::PCI_MSIX_FLAGS_QSIZE + 1);
        if min == 0 || max < min {
            return Err(EINVAL);
        }

        let mut ret = Err(EINVAL);

        for irq_type in [IrqType::MsiX, IrqType::Msi, IrqType::Intx] {
            if !types.contains(irq_type) {
                continue;
            }

            let mut flags = irq_type.as_raw();
            let mut affd = bindings::irq_affinity::default();
            let mut affd_ptr = core::ptr::null_mut();

            // There is nothing to spread in a single vector.
            if let (Some(affinity), IrqType::MsiX | IrqType::Msi) = (affinity, irq_type) {
                affd.pre_vectors = affinity.pre_vectors;
                affd.post_vectors = affinity.post_vectors;
                affd_ptr = &raw mut affd;
                flags |= bindings::PCI_IRQ_AFFINITY;
            }

            // SAFETY: `self.as_raw` is a valid pointer to a `struct pci_dev`, `affd_ptr` is null or
            // points to a `struct irq_affinity`, which C uses during this call only. The device has
            // no vectors, as `BindingState::irq_vectors` says.
            let n = unsafe {
                bindings::pci_alloc_irq_vectors_affinity(self.as_raw(), min, max, flags, affd_ptr)
            };

            match u32::try_from(n) {
                Ok(n) => return Ok((irq_type, n)),
                Err(_) => ret = Err(Error::from_errno(n)),
            }
        }

        ret
    }
}
