// SPDX-License-Identifier: GPL-2.0

//! Control of an interrupt that has a handler.
//!
//! C headers: [`include/linux/interrupt.h`](srctree/include/linux/interrupt.h),
//! [`include/linux/irq.h`](srctree/include/linux/irq.h)

use crate::{
    bindings,
    cpu::CpuId,
    cpumask::Cpumask,
    error::to_result,
    irq::Flags,
    prelude::*,
    sync::{Arc, Completion},
    task::Task,
};
use core::{
    ptr,
    sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering},
};

/// An interrupt that a driver has registered a handler for.
///
/// [`Registration::with_line`](super::Registration::with_line) gives access to it, for as long as
/// the handler is registered.
///
/// # Contexts
///
/// | function | context |
/// | -------- | ------- |
/// | [`Line::irq`], [`Line::affinity`], [`Line::effective_affinity`] | any |
/// | [`Line::disable_nosync`], [`Line::enable`], dropping [`Disabled`] | any, see below |
/// | [`Line::set_affinity`] and the like | any except NMI |
/// | [`Line::disable`], [`Line::synchronize`] | process, not in a handler of this interrupt |
///
/// An interrupt controller that is itself behind a slow bus, such as I2C, must be talked to in
/// process context. The ones of PCI devices are not.
///
/// # Examples
///
/// ```
/// use kernel::{cpumask::CpumaskVar, irq, prelude::*};
///
/// /// Does something that the handler must not see half done, and returns the number of CPUs that
/// /// the interrupt is directed to.
/// fn reconfigure<T: irq::Handler>(handler: &irq::Registration<T>) -> Result<u32> {
///     handler.with_line(|line| {
///         // The handler is not running, and will not before `_disabled` is dropped.
///         let _disabled = line.disable()?;
///
///         let mut cpus = CpumaskVar::new_zero(GFP_KERNEL)?;
///         line.effective_affinity(&mut cpus);
///         Ok(cpus.weight())
///     })?
/// }
/// ```
///
/// # Invariants
///
/// - As long as `users` is not 0, a handler for `irq` is registered.
/// - `irq` has been disabled `disabled` times by us, and not been enabled since.
#[pin_data]
pub struct Line {
    irq: u32,
    shared: bool,
    disabled: AtomicU32,
    /// The thread that runs the handler, once it has.
    thread: AtomicPtr<bindings::task_struct>,
    /// The registration, and everybody who is using this.
    users: AtomicUsize,
    #[pin]
    idle: Completion,
}

impl Line {
    /// Creates the line of the interrupt `irq`, which a handler is about to be registered for with
    /// `flags`.
    pub(super) fn new(irq: u32, flags: Flags) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                irq,
                shared: flags & Flags::SHARED == Flags::SHARED,
                // INVARIANT: With this flag, the interrupt is disabled once by `request_irq()`.
                disabled: AtomicU32::new((flags & Flags::NO_AUTOEN == Flags::NO_AUTOEN).into()),
                thread: AtomicPtr::new(ptr::null_mut()),
                // INVARIANT: There are no users yet.
                users: AtomicUsize::new(0),
                idle <- Completion::new(),
            }),
            GFP_KERNEL,
        )
    }

    /// To be called once after the handler has been registered.
    ///
    /// # Safety
    ///
    /// The handler must remain registered until [`Self::unregister`] has been called.
    pub(super) unsafe fn registered(&self) {
        // INVARIANT: The handler is registered by the safety requirements.
        self.users.store(1, Ordering::Release);
    }

    /// To be called before the handler is unregistered. Waits until nobody is using this.
    pub(super) fn unregister(&self) {
        self.put();
        // It is complete when the last user is gone, which may be ourselves.
        self.idle.wait_for_completion();

        // The other handlers of a shared interrupt must not be left without it. An exclusive one
        // is enabled when the next handler is registered.
        if self.shared {
            while self.enable_irq().is_ok() {}
        } else {
            // C does not want a hint to outlive the handler.
            //
            // SAFETY: The handler has not been unregistered. There is no mask to keep valid.
            unsafe { bindings::irq_update_affinity_hint(self.irq, ptr::null()) };
        }
    }

    /// Notes that the handler is run by the current task.
    pub(super) fn set_thread(&self) {
        self.thread.store(Task::current_raw(), Ordering::Relaxed);
    }

    /// Runs `f` unless the handler is, or is being, unregistered, which `f` delays.
    pub(super) fn with<R>(&self, f: impl FnOnce(&Self) -> R) -> Result<R> {
        self.users
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |users| match users {
                0 => None,
                users => users.checked_add(1),
            })
            .map_err(|_| ENODEV)?;

        let ret = f(self);

        self.put();
        Ok(ret)
    }

    fn put(&self) {
        if self.users.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.idle.complete_all();
        }
    }

    /// Returns [`EDEADLK`] if the caller would wait for itself, or can't wait at all.
    fn may_wait(&self) -> Result {
        // SAFETY: These functions only look at the state of the present CPU and task.
        if unsafe { bindings::in_interrupt() != 0 || bindings::irqs_disabled() } {
            return Err(EDEADLK);
        }

        if ptr::eq(self.thread.load(Ordering::Relaxed), Task::current_raw()) {
            return Err(EDEADLK);
        }

        Ok(())
    }

    /// Returns the Linux interrupt number, as in `/proc/interrupts`.
    #[inline]
    pub fn irq(&self) -> u32 {
        self.irq
    }

    /// Waits until handlers that are running have finished, including their threads.
    ///
    /// Must be called from process context; may sleep. C function: `synchronize_irq()`.
    ///
    /// # Errors
    ///
    /// [`EDEADLK`] in interrupt context, with interrupts disabled, and in the thread of this
    /// interrupt's handler.
    pub fn synchronize(&self) -> Result {
        self.may_wait()?;
        self.synchronize_irq();

        Ok(())
    }

    pub(super) fn synchronize_irq(&self) {
        // SAFETY: By the type invariants, `self.irq` is the number of an interrupt.
        unsafe { bindings::synchronize_irq(self.irq) };
    }

    /// Disables the interrupt, and waits until handlers that are running have finished.
    ///
    /// An interrupt that is signaled meanwhile is delivered when it is enabled again. If the
    /// interrupt is shared, the other devices don't get theirs either.
    ///
    /// Must be called from process context; may sleep. C function: `disable_irq()`.
    ///
    /// # Errors
    ///
    /// - [`EDEADLK`] in interrupt context, with interrupts disabled, and in the thread of this
    ///   interrupt's handler.
    /// - [`EOVERFLOW`] if it has been disabled, and not enabled again, too many times.
    pub fn disable(&self) -> Result<Disabled<'_>> {
        self.may_wait()?;

        self.disable_irq()
    }

    pub(super) fn disable_irq(&self) -> Result<Disabled<'_>> {
        let disabled = self.disable_nosync()?;
        self.synchronize_irq();

        Ok(disabled)
    }

    /// Disables the interrupt, and does not wait for handlers that are running.
    ///
    /// The same as [`Self::disable`] otherwise, except that it may be called from any context, the
    /// handler included. C function: `disable_irq_nosync()`.
    pub fn disable_nosync(&self) -> Result<Disabled<'_>> {
        // C does not check for an overflow of its counter, which has the same size. Half of it is
        // left to others, who may have disabled a shared interrupt.
        if self.disabled.load(Ordering::Relaxed) > u32::MAX / 2 {
            return Err(EOVERFLOW);
        }

        // SAFETY: By the type invariants, there is a handler for the interrupt.
        unsafe { bindings::disable_irq_nosync(self.irq) };

        // INVARIANT: The interrupt has just been disabled.
        self.disabled.fetch_add(1, Ordering::Release);

        Ok(Disabled { line: self })
    }

    /// Enables the interrupt, for which this must be called as many times as it has been disabled
    /// and then [left](Disabled::leave) so.
    ///
    /// To be used by a driver that has registered its handler with [`Flags::NO_AUTOEN`] as well.
    ///
    /// May be called from any context. C function: `enable_irq()`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the interrupt has not been disabled by the driver.
    pub fn enable(&self) -> Result {
        self.enable_irq()
    }

    fn enable_irq(&self) -> Result {
        // INVARIANT: The interrupt is enabled below, and nobody else does it for this one.
        self.disabled
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |n| n.checked_sub(1))
            .map_err(|_| EINVAL)?;

        // SAFETY: By the type invariants, the interrupt has been disabled, and not been enabled
        // since; there is a handler, as callers are either users or about to unregister it.
        unsafe { bindings::enable_irq(self.irq) };

        Ok(())
    }

    /// Returns whether the driver has disabled the interrupt.
    #[inline]
    pub fn is_disabled(&self) -> bool {
        self.disabled.load(Ordering::Relaxed) != 0
    }

    /// Directs the interrupt to the CPUs in `mask`.
    ///
    /// User space may change this by `/proc/irq/*/smp_affinity`. It takes effect at once, or when
    /// the interrupt comes the next time.
    ///
    /// May be called from any context except NMI. C function: `irq_set_affinity()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if no CPU in `mask` is online, or the interrupt controller has no choice.
    /// - Others of the interrupt controller, such as [`ENOSPC`] if the CPUs have no vector left.
    pub fn set_affinity(&self, mask: &Cpumask) -> Result {
        // SAFETY: By the type invariants, `self.irq` is the number of an interrupt; `mask` is valid
        // for this call, in which it is copied.
        to_result(unsafe { bindings::irq_set_affinity(self.irq, mask.as_raw()) })
    }

    /// Directs the interrupt to `cpu`, and recommends this to user space by
    /// `/proc/irq/*/affinity_hint`.
    ///
    /// The recommendation is withdrawn when the handler is unregistered. If the interrupt can't be
    /// directed to `cpu`, for example because it is not online, it remains where it was.
    ///
    /// May be called from any context except NMI. C function: `irq_set_affinity_and_hint()`.
    ///
    /// # Errors
    ///
    /// - [`EBUSY`] if the interrupt is shared, where it is not for a single driver to say.
    /// - [`EINVAL`] if the kernel is for a single CPU.
    pub fn set_affinity_and_hint(&self, cpu: CpuId) -> Result {
        if self.shared {
            return Err(EBUSY);
        }

        // SAFETY: By the type invariants, `self.irq` is the number of an interrupt. `cpu` is the
        // number of a possible CPU, the mask of which is never freed.
        to_result(unsafe {
            bindings::irq_set_affinity_and_hint(self.irq, bindings::cpumask_of(cpu.as_u32()))
        })
    }

    /// Recommends `cpu` to user space, or withdraws the recommendation.
    ///
    /// The same as [`Self::set_affinity_and_hint`], except that the interrupt is not directed
    /// anywhere. C function: `irq_update_affinity_hint()`.
    pub fn update_affinity_hint(&self, cpu: Option<CpuId>) -> Result {
        if self.shared {
            return Err(EBUSY);
        }

        let mask = match cpu {
            // SAFETY: `cpu` is the number of a possible CPU.
            Some(cpu) => unsafe { bindings::cpumask_of(cpu.as_u32()) },
            None => ptr::null(),
        };

        // SAFETY: By the type invariants, `self.irq` is the number of an interrupt. `mask` is null
        // or the mask of a single CPU, which is never freed.
        to_result(unsafe { bindings::irq_update_affinity_hint(self.irq, mask) })
    }

    /// Copies the CPUs that the interrupt may be directed to, to `mask`.
    ///
    /// May be called from any context. C function: `irq_get_affinity_mask()`.
    pub fn affinity(&self, mask: &mut Cpumask) {
        // SAFETY: By the type invariants, `self.irq` is the number of an interrupt, whose
        // descriptor is not freed as long as it has a handler.
        unsafe { copy_mask(bindings::irq_get_affinity_mask(self.irq as c_int), mask) };
    }

    /// Copies the CPUs that the interrupt is directed to, to `mask`: the choice that the interrupt
    /// controller has made among [`Self::affinity`].
    ///
    /// There is none before the interrupt has been enabled.
    ///
    /// May be called from any context. C function: `irq_get_effective_affinity_mask()`.
    pub fn effective_affinity(&self, mask: &mut Cpumask) {
        // SAFETY: As above.
        unsafe { copy_mask(bindings::irq_get_effective_affinity_mask(self.irq), mask) };
    }
}

/// Copies `from` to `to`, or leaves it empty.
///
/// # Safety
///
/// `from` must be null or valid for this call. C may modify it meanwhile.
unsafe fn copy_mask(from: *const bindings::cpumask, to: &mut Cpumask) {
    if from.is_null() {
        // SAFETY: `to` is valid.
        unsafe { bindings::cpumask_clear(to.as_raw()) };
    } else {
        // SAFETY: `to` is valid, and `from` by the safety requirements.
        unsafe { bindings::cpumask_copy(to.as_raw(), from) };
    }
}

/// Keeps an interrupt disabled.
///
/// Enables it when dropped, unless it has been disabled more than once.
#[must_use = "the interrupt is enabled when this is dropped"]
pub struct Disabled<'a> {
    line: &'a Line,
}

impl Disabled<'_> {
    /// Leaves the interrupt disabled, until [`Line::enable`] is called or the handler is
    /// unregistered.
    pub fn leave(self) {
        core::mem::forget(self);
    }
}

impl Drop for Disabled<'_> {
    fn drop(&mut self) {
        // Somebody may have called `Line::enable()` once too often, which is no reason to disturb
        // the balance of C.
        let _ = self.line.enable_irq();
    }
}

#[kunit_tests(rust_kernel_irq)]
mod tests {
    use super::*;
    use crate::{
        c_str,
        device::{Bound, Device},
        faux,
        irq::{Handler, IrqRequest, IrqReturn, Registration},
    };

    /// An interrupt that no hardware signals.
    struct FakeIrq(u32);

    impl FakeIrq {
        fn new() -> Result<Self> {
            // SAFETY: Any number will do; there is no module or affinity to be valid.
            let irq = unsafe {
                bindings::__irq_alloc_descs(
                    -1,
                    1,
                    1,
                    bindings::NUMA_NO_NODE,
                    ptr::null_mut(),
                    ptr::null(),
                )
            };
            let this = Self(irq.try_into().map_err(|_| Error::from_errno(irq))?);

            // SAFETY: The interrupt is ours, and the chip does nothing.
            unsafe {
                bindings::irq_set_chip_and_handler_name(
                    this.0,
                    &raw const bindings::dummy_irq_chip,
                    Some(bindings::handle_simple_irq),
                    ptr::null(),
                );
                // Some architectures let nobody request what is not set up by them.
                bindings::irq_modify_status(this.0, bindings::IRQ_NOREQUEST as c_ulong, 0);
            }

            Ok(this)
        }

        fn fire(&self) {
            // SAFETY: The interrupt is ours; this disables interrupts meanwhile.
            unsafe { bindings::generic_handle_irq_safe(self.0) };
        }
    }

    impl Drop for FakeIrq {
        fn drop(&mut self) {
            // SAFETY: The interrupt is ours.
            unsafe { bindings::irq_free_descs(self.0, 1) };
        }
    }

    #[derive(Default)]
    struct Count {
        interrupts: AtomicU32,
        refused: AtomicU32,
    }

    impl Count {
        fn interrupts(&self) -> u32 {
            self.interrupts.load(Ordering::Relaxed)
        }
    }

    struct CountHandler {
        count: Arc<Count>,
        line: Arc<Line>,
    }

    impl Handler for CountHandler {
        fn handle(&self, _dev: &Device<Bound>) -> IrqReturn {
            self.count.interrupts.fetch_add(1, Ordering::Relaxed);
            if self.line.synchronize() == Err(EDEADLK)
                && matches!(self.line.disable(), Err(EDEADLK))
            {
                self.count.refused.fetch_add(1, Ordering::Relaxed);
            }

            IrqReturn::Handled
        }
    }

    fn with_registration(
        flags: Flags,
        f: impl FnOnce(&FakeIrq, &Registration<CountHandler>, &Count) -> Result,
    ) -> Result {
        let faux = faux::Registration::new(c_str!("rust_irq_line"), None)?;
        let dev: &Device = faux.as_ref();
        // SAFETY: A faux device is bound as long as it is registered.
        let dev = unsafe { dev.as_bound() };
        let irq = FakeIrq::new()?;
        let count = Arc::new(Count::default(), GFP_KERNEL)?;

        // SAFETY: Nobody else has the interrupt, so it may be said to be one of `dev`.
        let request = unsafe { IrqRequest::new(dev, irq.0) };
        let handler = CountHandler {
            count: count.clone(),
            // Only to be refused to wait, for which it need not be the right one.
            line: Line::new(irq.0, flags)?,
        };
        let name = c_str!("rust_irq_line");
        let registration = KBox::pin_init(
            Registration::new(request, flags, name, Ok(handler)),
            GFP_KERNEL,
        )?;

        f(&irq, &registration, &count)
    }

    #[test]
    fn disabled_while_the_guard_lives() -> Result {
        with_registration(Flags::TRIGGER_NONE, |irq, registration, count| {
            irq.fire();
            assert_eq!(count.interrupts(), 1);

            registration.with_line(|line| {
                let outer = line.disable()?;
                assert!(line.is_disabled());
                let inner = line.disable_nosync()?;
                drop(outer);
                assert!(line.is_disabled());
                irq.fire();
                assert_eq!(count.interrupts(), 1);
                drop(inner);
                assert!(!line.is_disabled());
                line.synchronize()
            })??;

            // The one from above may have been sent again.
            let before = count.interrupts();
            irq.fire();
            assert!(count.interrupts() > before);

            Ok(())
        })
    }

    #[test]
    fn enabling_is_balanced() -> Result {
        with_registration(Flags::TRIGGER_NONE, |irq, registration, count| {
            registration.with_line(|line| {
                assert_eq!(line.enable(), Err(EINVAL));

                line.disable()?.leave();
                assert!(line.is_disabled());
                assert_eq!(line.enable(), Ok(()));
                assert_eq!(line.enable(), Err(EINVAL));

                // One too many, which must not become known to C.
                let disabled = line.disable()?;
                assert_eq!(line.enable(), Ok(()));
                drop(disabled);
                assert!(!line.is_disabled());

                irq.fire();
                assert_eq!(count.interrupts(), 1);

                // Unregistered while disabled.
                line.disable()?.leave();
                Ok(())
            })?
        })
    }

    #[test]
    fn not_enabled_automatically() -> Result {
        with_registration(Flags::NO_AUTOEN, |irq, registration, count| {
            registration.with_line(|line| {
                assert!(line.is_disabled());
                irq.fire();
                assert_eq!(count.interrupts(), 0);
                assert_eq!(line.enable(), Ok(()));
                assert_eq!(line.enable(), Err(EINVAL));
                Ok(())
            })?
        })
    }

    #[test]
    fn handler_can_not_wait_for_itself() -> Result {
        with_registration(Flags::TRIGGER_NONE, |irq, _, count| {
            irq.fire();
            assert_eq!(count.interrupts(), 1);
            assert_eq!(count.refused.load(Ordering::Relaxed), 1);

            Ok(())
        })
    }

    #[test]
    fn nobody_uses_it_after_unregistering() -> Result {
        let line = Line::new(1, Flags::TRIGGER_NONE)?;
        assert_eq!(line.with(|_| ()), Err(ENODEV));

        line.users.store(1, Ordering::Relaxed);
        assert_eq!(line.with(|line| line.users.load(Ordering::Relaxed)), Ok(2));
        assert_eq!(line.users.load(Ordering::Relaxed), 1);

        line.put();
        assert_eq!(line.with(|_| ()), Err(ENODEV));

        Ok(())
    }

    #[test]
    fn hint_needs_an_exclusive_interrupt() -> Result {
        let cpu = CpuId::current();

        with_registration(Flags::SHARED, |_, registration, _| {
            registration.with_line(|line| {
                assert_eq!(line.set_affinity_and_hint(cpu), Err(EBUSY));
                assert_eq!(line.update_affinity_hint(None), Err(EBUSY));
            })
        })?;

        with_registration(Flags::TRIGGER_NONE, |_, registration, _| {
            registration.with_line(|line| {
                // It is left in place for `unregister()` to withdraw.
                if cfg!(CONFIG_SMP) {
                    assert_eq!(line.update_affinity_hint(Some(cpu)), Ok(()));
                }
            })
        })
    }
}
