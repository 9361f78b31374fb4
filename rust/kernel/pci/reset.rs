// SPDX-License-Identifier: GPL-2.0

//! Resets of PCI functions.
//!
//! C header: [`include/linux/pci.h`](srctree/include/linux/pci.h)
//!
//! A reset must not happen behind the back of the driver, hence it needs the device lock. Who has
//! it is told by the type of the device; who has not, nothing can tell. Therefore there is nothing
//! here that waits for the lock, as a callback that has it, or somebody whom it waits for, would
//! wait forever:
//!
//! | from | call | which |
//! | ---- | ---- | ----- |
//! | a callback that has the lock (`Device<Core>`) | [`Device::reset_function`] | uses it |
//! | anywhere, not waiting | [`Device::try_reset_function`] | gives up if it is held |
//! | anywhere, later | [`Device::request_reset`] | has a work item of the kernel wait for it |
//!
//! All of them tell the driver by [`reset_prepare`](super::err::Driver::reset_prepare) and
//! [`reset_done`](super::err::Driver::reset_done), and save and restore the configuration space,
//! except for [`Device::reset_function_without_restore`] and [`Device::flr`].
//!
//! Except for [`Device::request_reset`], all of them must be called from process context, and may
//! sleep, some for seconds.

use super::Device;
use crate::{
    alloc::Flags,
    bindings,
    device::{self, Core},
    error::{to_result, Result},
    prelude::*,
    sync::aref::ARef,
    types::ScopeGuard,
    workqueue::{self, impl_has_work, new_work, Work, WorkItem},
};

/// The ways to reset a function.
///
/// The C code calls them by the names that are given here, also in `reset_method` in sysfs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `device_specific`: a quirk for this very device.
    DeviceSpecific,
    /// `acpi`: the firmware does it.
    Acpi,
    /// `flr`: Function Level Reset of PCI Express.
    Flr,
    /// `af_flr`: Function Level Reset by the Advanced Features capability.
    AfFlr,
    /// `pm`: to D3hot and back to D0.
    Pm,
    /// `bus`: reset of the bus, or slot, if there is nothing else on it.
    Bus,
    /// `cxl_bus`: reset of the bus below a CXL port.
    CxlBus,
}

// The indices below must be changed with `pci_reset_fn_methods[]` in `drivers/pci/pci.c`.
kernel::static_assert!(bindings::PCI_NUM_RESET_METHODS == 8);

impl Method {
    /// From the index in `pci_reset_fn_methods[]`, of which 0 says that there is no method.
    fn from_raw(method: u8) -> Option<Self> {
        match method {
            1 => Some(Self::DeviceSpecific),
            2 => Some(Self::Acpi),
            3 => Some(Self::Flr),
            4 => Some(Self::AfFlr),
            5 => Some(Self::Pm),
            6 => Some(Self::Bus),
            7 => Some(Self::CxlBus),
            _ => None,
        }
    }
}

impl Device {
    /// Returns by which methods this function can be reset, the preferred one first.
    ///
    /// User space may change this at any time by `reset_method` in sysfs. May be called from any
    /// context.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::{device::Core, pci::{self, reset::Method}};
    /// fn needs_d3_reset(pdev: &pci::Device<Core>) -> bool {
    ///     pdev.reset_methods().next() == Some(Method::Pm)
    /// }
    /// ```
    pub fn reset_methods(&self) -> impl Iterator<Item = Method> {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`. Any value that is read
        // while C changes the array is a value of `u8`.
        let methods = unsafe { (&raw const (*self.as_raw()).reset_methods).read_volatile() };

        methods.into_iter().map_while(Method::from_raw)
    }

    /// Returns whether this function can be reset at all.
    ///
    /// The same as whether [`Self::reset_methods`] gives any. May be called from any context.
    /// C function: `pci_reset_supported()`.
    pub fn reset_supported(&self) -> bool {
        self.reset_methods().next().is_some()
    }

    /// Resets this function if it is bound and nobody holds the device lock.
    ///
    /// In a callback that has the lock, this is somebody, too. C function:
    /// [`pci_try_reset_function`].
    ///
    /// # Errors
    ///
    /// - [`EAGAIN`](kernel::error::code::EAGAIN) if the device lock is held by somebody.
    /// - [`ENODEV`](kernel::error::code::ENODEV) if no driver is bound to the device: it has been
    ///   unbound, or removed.
    /// - [`ENOTTY`](kernel::error::code::ENOTTY) if there is no way to reset it.
    /// - Otherwise the error of the method.
    ///
    /// [`pci_try_reset_function`]: srctree/drivers/pci/pci.c
    pub fn try_reset_function(&self) -> Result {
        // Otherwise a device that is suspended is woken up behind the back of runtime PM.
        let _awake = self.runtime_pm().resume_and_get();

        self.try_reset_bound()
    }

    fn try_reset_bound(&self) -> Result {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        if unsafe { bindings::pci_dev_trylock(self.as_raw()) } == 0 {
            return Err(EAGAIN);
        }
        let _locked = ScopeGuard::new(|| {
            // SAFETY: It has just been locked.
            unsafe { bindings::pci_dev_unlock(self.as_raw()) };
        });

        // SAFETY: The device lock is held.
        unsafe { self.reset_bound() }
    }

    /// Resets this function if it is bound: it can't be removed then, as this unbinds it first,
    /// and there is a bus to reach it by.
    ///
    /// # Safety
    ///
    /// The device lock must be held.
    unsafe fn reset_bound(&self) -> Result {
        let dev: &device::Device = self.as_ref();

        // SAFETY: `dev.as_raw()` is a pointer to a valid `struct device`, of which the device lock
        // is held.
        if !unsafe { bindings::device_is_bound(dev.as_raw()) } {
            return Err(ENODEV);
        }

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`, of which the device
        // lock is held, and which has not been removed.
        to_result(unsafe { bindings::pci_reset_function_locked(self.as_raw()) })
    }

    /// Has this function reset by a work item of the kernel, soon.
    ///
    /// The work item takes the device lock, and the one of the bridge above. The driver gets to
    /// know when it happens by [`reset_prepare`](super::err::Driver::reset_prepare), and when it is
    /// over by [`reset_done`](super::err::Driver::reset_done); if it has failed, this is logged.
    /// Nothing happens if the device has been unbound by then. If it has been bound again, it is
    /// the new binding that is reset. Each request is a reset of its own.
    ///
    /// May be called from the context that `flags` allow, with
    /// [`GFP_ATOMIC`](crate::alloc::flags::GFP_ATOMIC) from any, e.g. by an interrupt handler that
    /// finds the device hung. C function: [`pci_reset_function`].
    ///
    /// # Errors
    ///
    /// - [`ENOTTY`](kernel::error::code::ENOTTY) if there is no way to reset it.
    /// - [`ENOMEM`](kernel::error::code::ENOMEM) if there is no memory for the work item.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::{device::{Bound, Device}, irq, pci, prelude::*};
    /// # use kernel::sync::{aref::ARef, atomic::{Atomic, Relaxed}};
    /// struct Hung {
    ///     pdev: ARef<pci::Device>,
    ///     // Cleared by `reset_done`.
    ///     requested: Atomic<u32>,
    /// }
    ///
    /// impl irq::Handler for Hung {
    ///     fn handle(&self, _dev: &Device<Bound>) -> irq::IrqReturn {
    ///         // The device says that it does not go on without a reset. It may say so again and
    ///         // again, until it has been reset.
    ///         if self.requested.xchg(1, Relaxed) == 0
    ///             && self.pdev.request_reset(GFP_ATOMIC).is_err()
    ///         {
    ///             dev_err!(self.pdev.as_ref(), "hung\n");
    ///         }
    ///         irq::IrqReturn::Handled
    ///     }
    /// }
    /// ```
    ///
    /// [`pci_reset_function`]: srctree/drivers/pci/pci.c
    pub fn request_reset(&self, flags: Flags) -> Result {
        if !self.reset_supported() {
            return Err(ENOTTY);
        }

        let request = KBox::pin_init(Request::new(self.into()), flags)?;

        // It has just been created, so it can't be in a queue.
        workqueue::system_unbound().enqueue(request);
        Ok(())
    }

    /// The same as the C function `pci_reset_function()` for a device that is bound.
    fn reset_with_locks(&self) -> Result {
        let dev: &device::Device = self.as_ref();

        // The bridge is locked before the device, but what is above a device is known only as long
        // as that is bound.
        let bridge = {
            let _guard = dev.lock();

            // SAFETY: The device lock is held, of the pointer to a valid `struct device`.
            if !unsafe { bindings::device_is_bound(dev.as_raw()) } {
                return Err(ENODEV);
            }

            // SAFETY: The device is bound, hence its bus, and the physical function of a virtual
            // one, have not been removed. There may be no bridge, for which this returns null.
            unsafe {
                Device::from_get(bindings::pci_dev_get(bindings::pci_upstream_bridge(
                    self.as_raw(),
                )))
            }
        };

        let lock = |pdev: &Device| {
            let pdev = pdev.as_raw();

            // SAFETY: `pdev` is a pointer to a valid `struct pci_dev`. Nobody else's lock is held
            // except the one of the bridge above, which comes first, like in C.
            unsafe { bindings::pci_dev_lock(pdev) };

            ScopeGuard::new(move || {
                // SAFETY: It has been locked above, and the caller still has the reference.
                unsafe { bindings::pci_dev_unlock(pdev) };
            })
        };
        let _bridge_locked = bridge.as_deref().map(lock);
        let _locked = lock(self);

        // SAFETY: The device lock is held.
        unsafe { self.reset_bound() }
    }
}

/// The work item of [`Device::request_reset`].
#[pin_data]
struct Request {
    pdev: ARef<Device>,
    #[pin]
    work: Work<Self>,
}

impl_has_work! {
    impl HasWork<Self> for Request { self.work }
}

impl Request {
    fn new(pdev: ARef<Device>) -> impl PinInit<Self> {
        pin_init!(Self {
            pdev,
            work <- new_work!("pci::reset::Request::work"),
        })
    }
}

impl WorkItem for Request {
    type Pointer = Pin<KBox<Self>>;

    fn run(this: Self::Pointer) {
        let pdev = &this.pdev;
        // As in `Device::try_reset_function()`.
        let _awake = pdev.runtime_pm().resume_and_get();

        match pdev.reset_with_locks() {
            // Unbound meanwhile: there is nobody who wants it any more.
            Ok(()) | Err(ENODEV) => {}
            Err(err) => {
                dev_err!(pdev.as_ref(), "requested reset failed: {err:?}\n");
            }
        }
    }
}

/// A runtime PM callback can't wait for its own device to be resumed; it can try without.
impl Device<device::Pm> {
    /// Resets this function unless somebody holds the device lock.
    ///
    /// The same as for other devices, except that the device is not resumed before.
    pub fn try_reset_function(&self) -> Result {
        self.try_reset_bound()
    }
}

/// For callbacks that hold the device lock.
impl Device<Core> {
    /// Resets this function, with the device lock that the callback holds.
    ///
    /// [`reset_prepare`](super::err::Driver::reset_prepare) and
    /// [`reset_done`](super::err::Driver::reset_done) are called from here, if the data of the
    /// driver exists: mind the locks of the driver. C function: [`pci_reset_function_locked`].
    ///
    /// # Errors
    ///
    /// - [`ENOTTY`](kernel::error::code::ENOTTY) if there is no way to reset it.
    /// - [`EDEADLK`] in the recovery from an error: say [`NeedReset`] instead.
    /// - Otherwise the error of the method.
    ///
    /// [`NeedReset`]: super::err::RecoveryResult::NeedReset
    /// [`pci_reset_function_locked`]: srctree/drivers/pci/pci.c
    pub fn reset_function(&self) -> Result {
        self.check_bus_lock()?;
        // As in `Device::try_reset_function()`, here and below.
        let _awake = self.runtime_pm().resume_and_get();

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`, of which the device
        // lock is held.
        to_result(unsafe { bindings::pci_reset_function_locked(self.as_raw()) })
    }

    /// The same as [`Self::reset_function`]: with the lock that is held, there is nothing to try.
    pub fn try_reset_function(&self) -> Result {
        self.reset_function()
    }

    /// Resets this function, and leaves it as it is then.
    ///
    /// The configuration space is not restored: BARs, bus mastering and interrupt messages are
    /// lost, unless the driver calls [`save_state`](Self::save_state) before and
    /// [`restore_state`](Self::restore_state) after this. The callbacks are not called.
    /// C function: [`__pci_reset_function_locked`].
    ///
    /// # Errors
    ///
    /// Those of [`Self::reset_function`].
    ///
    /// [`__pci_reset_function_locked`]: srctree/drivers/pci/pci.c
    pub fn reset_function_without_restore(&self) -> Result {
        self.check_bus_lock()?;
        let _awake = self.runtime_pm().resume_and_get();

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`, of which the device
        // lock is held.
        to_result(unsafe { bindings::__pci_reset_function_locked(self.as_raw()) })
    }

    /// Resets this function by a Function Level Reset of PCI Express, and leaves it as it is then.
    ///
    /// See [`Self::reset_function_without_restore`]. C function: [`pcie_reset_flr`].
    ///
    /// # Errors
    ///
    /// - [`ENOTTY`](kernel::error::code::ENOTTY) if the device does not have it, or it is known not
    ///   to work.
    /// - [`EDEADLK`] in the recovery from an error.
    /// - `ETIME` and others if the device does not come back.
    ///
    /// [`pcie_reset_flr`]: srctree/drivers/pci/pci.c
    pub fn flr(&self) -> Result {
        self.check_bus_lock()?;
        let _awake = self.runtime_pm().resume_and_get();

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`, of which the device
        // lock is held. `false` is `PCI_RESET_DO_RESET`.
        to_result(unsafe { bindings::pcie_reset_flr(self.as_raw(), false) })
    }
}

#[kunit_tests(rust_kernel_pci_reset)]
mod tests {
    use super::*;

    #[test]
    fn methods_end_at_zero() {
        let raw = [3u8, 5, 6, 0, 1, 0, 0, 0];
        let mut methods = raw.into_iter().map_while(Method::from_raw);

        assert_eq!(methods.next(), Some(Method::Flr));
        assert_eq!(methods.next(), Some(Method::Pm));
        assert_eq!(methods.next(), Some(Method::Bus));
        assert_eq!(methods.next(), None);

        assert_eq!(Method::from_raw(8), None);
        assert_eq!(Method::from_raw(7), Some(Method::CxlBus));
    }
}
