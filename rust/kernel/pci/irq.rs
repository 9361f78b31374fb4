// SPDX-License-Identifier: GPL-2.0

//! PCI interrupt vectors.
//!
//! C header: [`include/linux/pci.h`](srctree/include/linux/pci.h)

use super::Device;
use crate::{
    bindings, c_str,
    cpumask::Cpumask,
    device,
    error::Error,
    irq::{self, Handler, IrqRequest, Registration, ThreadedHandler, ThreadedRegistration},
    prelude::*,
    str::CStr,
    sync::{aref::ARef, Arc},
    types::ScopeGuard,
};
use core::sync::atomic::{AtomicBool, Ordering};

/// The number of MSI vectors that a function has at most.
const MAX_MSI: u32 = 32;

/// The number of MSI-X vectors that a function has at most.
const MAX_MSIX: u32 = bindings::PCI_MSIX_FLAGS_QSIZE + 1;

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

/// A set of [`IrqType`]s, which is empty by default.
///
/// # Examples
///
/// ```
/// use kernel::pci::{IrqType, IrqTypes};
///
/// let messages = IrqTypes::default().with(IrqType::Msi).with(IrqType::MsiX);
///
/// assert!(messages.contains(IrqType::MsiX));
/// assert!(!messages.contains(IrqType::Intx));
/// assert_eq!(messages.with(IrqType::Intx), IrqTypes::all());
/// assert_eq!(IrqTypes::from(IrqType::Msi), IrqTypes::default().with(IrqType::Msi));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IrqTypes(u32);

impl IrqTypes {
    /// Creates a set of all types.
    #[inline]
    pub const fn all() -> Self {
        Self(0)
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
        Self::default().with(irq_type)
    }
}

/// How the vectors are to be spread over the CPUs.
///
/// The vectors that are not spread must not be more than the minimum of vectors that is asked for.
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

impl IrqAffinity {
    /// Checks that the vectors that are not spread are among the `min` that there are at least.
    fn check(self, min: u32) -> Result {
        match self.pre_vectors.checked_add(self.post_vectors) {
            Some(reserved) if reserved <= min => Ok(()),
            _ => Err(EINVAL),
        }
    }
}

/// The vectors which have been allocated for a device.
///
/// Devres has a reference to it, by which the vectors are freed. This happens with the device lock
/// held, and nowhere else: C modifies the command register and the bitfields of `struct pci_dev`
/// without another lock.
///
/// # Invariants
///
/// - Unless `freed`, the vectors `0..count` of `pdev` are allocated, and freed by
///   [`Allocation::release`] only.
/// - If `in_use` is not set, none of the vectors has a handler, and nobody can register one.
pub(super) struct Allocation {
    pdev: ARef<Device>,
    irq_type: IrqType,
    count: u32,
    in_use: AtomicBool,
    freed: AtomicBool,
}

impl Allocation {
    /// Frees what has been allocated for `dev` before, if it is not in use any more.
    ///
    /// Returns [`EBUSY`] if it is.
    fn free_unused(dev: &device::Device<device::Core>) -> Result {
        // SAFETY: `dev.as_raw()` is valid, there is nothing to match.
        let res = unsafe {
            bindings::devres_find(dev.as_raw(), Self::key(), None, core::ptr::null_mut())
        };
        if res.is_null() {
            return Ok(());
        }

        // SAFETY: The resources with this key contain a pointer to an `Allocation`, of which they
        // own a reference. They are released with the device lock held, which the caller holds.
        let this = unsafe { &*res.cast::<*const Self>().read() };

        // Pairs with the `Release` in `Users::drop()`.
        if this.in_use.load(Ordering::Acquire) {
            return Err(EBUSY);
        }

        // SAFETY: `dev.as_raw()` is valid. By the type invariants, there are no handlers.
        unsafe { bindings::devres_release(dev.as_raw(), Self::key(), None, core::ptr::null_mut()) };

        Ok(())
    }

    /// Frees what has been allocated for `dev`, which has no handlers any more.
    ///
    /// Otherwise devres would do it, but then nothing keeps the device from being suspended: when
    /// it is resumed, `__pci_restore_msi_state()` looks at the vectors without a lock.
    pub(super) fn free_all(dev: &device::Device<device::CoreInternal>) {
        // SAFETY: `dev.as_raw()` is valid. The device lock is held by those who have a
        // `CoreInternal`, and there are no handlers.
        unsafe { bindings::devres_release(dev.as_raw(), Self::key(), None, core::ptr::null_mut()) };
    }

    /// Returns the key by which devres finds the allocation, which is also the function that is
    /// called to release it.
    ///
    /// Rust does not guarantee that a function always has the same address, hence nobody else must
    /// take it, and this must not be inlined.
    #[inline(never)]
    fn key() -> bindings::dr_release_t {
        Some(Self::release)
    }

    /// # Safety
    ///
    /// - `res` must point to a pointer that comes from [`Arc::into_raw`], whose reference is given
    ///   up.
    /// - There must be no handlers, and the device lock must be held.
    unsafe extern "C" fn release(_dev: *mut bindings::device, res: *mut c_void) {
        // SAFETY: By the safety requirements of this function.
        let this = unsafe { Arc::<Self>::from_raw(res.cast::<*const Self>().read()) };

        // SAFETY: By the type invariants, the vectors are allocated and ours to free. All handlers
        // have been unregistered, as `pci_free_irq_vectors()` requires.
        unsafe { bindings::pci_free_irq_vectors(this.pdev.as_raw()) };

        // INVARIANT: The vectors have just been freed.
        this.freed.store(true, Ordering::Relaxed);
    }
}

/// What [`IrqVectors`] and all registered handlers share: when the last of them is gone, the
/// vectors may be freed.
///
/// This is not the same as the references to [`Allocation`], as devres has one as well.
struct Users {
    allocation: Arc<Allocation>,
}

impl irq::Owner for Users {}

impl Drop for Users {
    fn drop(&mut self) {
        // The device lock need not be held here, so leave it to others to free the vectors.
        //
        // INVARIANT: Each handler is a user, as is everything that a handler can be registered by.
        self.allocation.in_use.store(false, Ordering::Release);
    }
}

/// The interrupt vectors of a device.
///
/// A driver allocates its vectors in probe by [`Device::alloc_irq_vectors`], and registers a
/// handler for each vector it uses. The vectors are freed
///
/// - when the device is unbound, whatever the driver still holds, or has leaked, or
/// - when the driver allocates vectors again, for which it must have dropped [`IrqVectors`] and all
///   handlers;
///
/// in both cases after the last handler has been unregistered, which waits for it to finish.
/// Dropping [`IrqVectors`] and the handlers does not free the vectors at once, since the PCI core
/// requires the device lock for that.
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
/// | [`IrqVector::affinity`] | the same |
/// | [`Device::msix_vec_count`], [`Device::msi_vec_count`] | any, while the device is bound |
/// | masking, directing and waiting for an interrupt | see [`irq::Line`] |
/// | dropping [`IrqVectors`] | any |
/// | dropping a [`Registration`] | process |
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
    ///   is a later binding; or if the interrupt pin is not connected to anything.
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
        // long as it lives. Thus they remain allocated for `'a` if they are now. If they have been
        // freed by an earlier unbind, this is visible here by the device lock.
        if allocation.freed.load(Ordering::Relaxed) {
            return Err(ENXIO);
        }

        // SAFETY: `pdev.as_raw` returns a valid pointer to a `struct pci_dev`.
        let irq = unsafe { bindings::pci_irq_vector(pdev.as_raw(), index) };

        let irq = match u32::try_from(irq) {
            Ok(irq) => irq,
            // C stores this in place of the number of the interrupt, it is no errno.
            Err(_) if irq as u32 == bindings::IRQ_NOTCONNECTED => return Err(ENXIO),
            Err(_) => return Err(Error::from_errno(irq)),
        };

        // INVARIANT: The vector is allocated, see above.
        Ok(IrqVector {
            vectors: self,
            dev: pdev.as_ref(),
            index,
            irq,
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

    /// Copies the CPUs which the vector has been directed to when it was allocated, to `mask`.
    ///
    /// These are all CPUs for [`IrqType::Intx`]. For where the interrupt is directed to now, see
    /// [`irq::Line::affinity`].
    ///
    /// Must be called from process context; may sleep. C function: `pci_irq_get_affinity()`.
    ///
    /// # Errors
    ///
    /// [`ENOENT`] if the vector has not been spread, see [`Device::alloc_irq_vectors_affinity`].
    pub fn affinity(&self, mask: &mut Cpumask) -> Result {
        let index = c_int::try_from(self.index)?;

        // SAFETY: By the type invariants, the vector is allocated, thus so is the mask. Nobody
        // changes it.
        unsafe {
            let from =
                bindings::pci_irq_get_affinity(self.vectors.users.allocation.pdev.as_raw(), index);
            if from.is_null() {
                return Err(ENOENT);
            }

            bindings::cpumask_copy(mask.as_raw(), from);
        }

        Ok(())
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
    /// asserting it before it wakes the thread. If it can't, [`irq::Flags::ONESHOT`] keeps the
    /// interrupt masked until the thread has finished, for all devices that share it; all of them
    /// must agree on this, or the one that comes second gets [`EBUSY`]. Messages need neither.
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

impl Device<device::Bound> {
    /// Returns how many vectors of type [`IrqType::MsiX`] the device has, from 1 to 2048.
    ///
    /// May be called from any context. C function: `pci_msix_vec_count()`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the device does not have this type; others if the kernel does not.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{device::Core, pci::{self, IrqType}, prelude::*};
    ///
    /// /// Allocates all vectors, if there are at least as many as queues.
    /// fn alloc(pdev: &pci::Device<Core>, queues: u32) -> Result<pci::IrqVectors> {
    ///     let count = pdev.msix_vec_count()?;
    ///
    ///     pdev.alloc_irq_vectors(queues, count, IrqType::MsiX.into())
    /// }
    /// ```
    pub fn msix_vec_count(&self) -> Result<u32> {
        // SAFETY: `self.as_raw` is a valid pointer to a `struct pci_dev`.
        let count = unsafe { bindings::pci_msix_vec_count(self.as_raw()) };

        check_count(count, MAX_MSIX)
    }

    /// Returns how many vectors of type [`IrqType::Msi`] the device has: a power of 2, at most 32.
    ///
    /// May be called from any context. C function: `pci_msi_vec_count()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if the device does not have this type.
    /// - [`EIO`] if what it says about it is impossible, as it is when the device is gone.
    /// - Others if the kernel does not have this type.
    pub fn msi_vec_count(&self) -> Result<u32> {
        // SAFETY: `self.as_raw` is a valid pointer to a `struct pci_dev`.
        let count = unsafe { bindings::pci_msi_vec_count(self.as_raw()) };

        check_count(count, MAX_MSI)
    }
}

/// Checks a number of vectors, or an errno, that comes from C.
fn check_count(count: c_int, max: u32) -> Result<u32> {
    match u32::try_from(count) {
        Ok(count) if count <= max => Ok(count),
        Ok(_) => Err(EIO),
        Err(_) => Err(Error::from_errno(count)),
    }
}

impl Device<device::Core> {
    /// Returns whether the device signals interrupts by messages (MSI or MSI-X).
    ///
    /// Must be called with the device lock held, as allocating vectors changes it. C function:
    /// `pci_dev_msi_enabled()`.
    #[inline]
    pub fn msi_enabled(&self) -> bool {
        // SAFETY: `self.as_raw` is a valid pointer to a `struct pci_dev`, whose bitfields do not
        // change as the device lock is held.
        unsafe { bindings::pci_dev_msi_enabled(self.as_raw()) }
    }

    /// Allocates between `min` and `max` interrupt vectors, of one of the types in `types`.
    ///
    /// MSI-X is preferred to MSI, and MSI to INTx. INTx is used only if `min` is 1. The device must
    /// have been enabled, e.g. by [`Device::enable_device_mem`], as only this tells which interrupt
    /// its pin is connected to. To signal an interrupt by a message, the device also needs
    /// [`Device::set_master`].
    ///
    /// Frees vectors that have been allocated before, unless they are in use.
    ///
    /// Must be called from process context; may sleep.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `min` is 0, or `max` less than `min`, or `types` is empty, or the device is
    ///   not enabled.
    /// - [`EBUSY`] if vectors have been allocated before, and [`IrqVectors`] or one of the handlers
    ///   still exists.
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
    /// Returns [`EINVAL`] also if `affinity` exempts more than `min` vectors.
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
        // When the device is resumed, the PCI core looks at the vectors without a lock.
        let _awake = self.runtime_pm().resume_and_get();

        Allocation::free_unused(dev)?;

        // SAFETY: There are no requirements.
        let res = unsafe {
            bindings::__devres_alloc_node(
                Allocation::key(),
                core::mem::size_of::<*const Allocation>(),
                GFP_KERNEL.as_raw(),
                bindings::NUMA_NO_NODE,
                c_str!("rust_pci_irq_vectors").as_char_ptr(),
            )
        };
        if res.is_null() {
            return Err(ENOMEM);
        }
        let res = ScopeGuard::new_with_data(res, |res| {
            // SAFETY: `res` comes from `__devres_alloc_node()` and has not been added to a device.
            unsafe { bindings::devres_free(res) };
        });

        let (irq_type, count) = self.enable_vectors(min, max, types, affinity)?;
        let disable = ScopeGuard::new(|| {
            // SAFETY: The vectors have just been allocated and have no handlers.
            unsafe { bindings::pci_free_irq_vectors(self.as_raw()) };
        });

        // INVARIANT: The vectors have just been allocated. `Allocation::free_unused()` keeps others
        // from replacing them. `users` is created below.
        let allocation = Arc::new(
            Allocation {
                pdev: self.into(),
                irq_type,
                count,
                in_use: AtomicBool::new(true),
                freed: AtomicBool::new(false),
            },
            GFP_KERNEL,
        )?;
        let users = Arc::new(
            Users {
                allocation: allocation.clone(),
            },
            GFP_KERNEL,
        )?;

        disable.dismiss();
        let res = res.dismiss();

        // SAFETY: `res` is valid for writes of a pointer.
        unsafe {
            res.cast::<*const Allocation>()
                .write(Arc::into_raw(allocation))
        };

        // This comes after the vectors have been allocated, since what the MSI core has registered
        // with devres by then (see `pci_setup_msi_context()`) must be released after them.
        //
        // SAFETY: `dev` is valid and bound. Devres may release `res` with the device lock held: at
        // unbind, all handlers have been unregistered before, see `devres::release_early()`.
        unsafe { bindings::devres_add(dev.as_raw(), res) };

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
        const MAX: u32 = MAX_MSIX;

        if min == 0 || max < min {
            return Err(EINVAL);
        }
        if min > MAX {
            return Err(ENOSPC);
        }
        let max = max.min(MAX);

        if let Some(affinity) = affinity {
            affinity.check(min)?;
        }

        // SAFETY: `self.as_raw` is a valid pointer to a `struct pci_dev`.
        if unsafe { bindings::pci_is_enabled(self.as_raw()) } == 0 {
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
            // points to a `struct irq_affinity`, which C uses during this call only, and whose sum
            // of vectors does not exceed `min`, as has been checked: C computes it without regard
            // to overflow, and writes as many elements to an array of at least `min`. The device
            // has no vectors, or there would be an `Allocation`, and the device lock is held.
            let n = unsafe {
                bindings::pci_alloc_irq_vectors_affinity(self.as_raw(), min, max, flags, affd_ptr)
            };

            match u32::try_from(n) {
                Ok(n) => return Ok((irq_type, n)),
                // That there are not enough vectors says more than that the next type has none.
                Err(_) if ret == Err(ENOSPC) => {}
                Err(_) => ret = Err(Error::from_errno(n)),
            }
        }

        ret
    }
}

#[kunit_tests(rust_kernel_pci_irq)]
mod tests {
    use super::*;

    #[test]
    fn reserved_vectors_are_limited() {
        let check = |pre_vectors, post_vectors, min| {
            IrqAffinity {
                pre_vectors,
                post_vectors,
            }
            .check(min)
        };

        assert_eq!(check(0, 0, 1), Ok(()));
        assert_eq!(check(1, 2, 3), Ok(()));
        assert_eq!(check(1, 2, 2), Err(EINVAL));
        assert_eq!(check(u32::MAX, 2, 1), Err(EINVAL));
        assert_eq!(check(2, u32::MAX, u32::MAX), Err(EINVAL));
    }

    #[test]
    fn impossible_counts_are_errors() {
        assert_eq!(check_count(1, MAX_MSI), Ok(1));
        assert_eq!(check_count(32, MAX_MSI), Ok(32));
        // All bits of the capability are set.
        assert_eq!(check_count(128, MAX_MSI), Err(EIO));
        assert_eq!(check_count(2048, MAX_MSIX), Ok(2048));
        assert_eq!(check_count(-22, MAX_MSIX), Err(EINVAL));
    }
}
