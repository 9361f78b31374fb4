// SPDX-License-Identifier: GPL-2.0

//! Resets of PCI functions.
//!
//! C header: [`include/linux/pci.h`](srctree/include/linux/pci.h)
//!
//! A reset must not happen behind the back of the driver, hence it needs the device lock. Who has
//! it and who has not is told by the type of the device:
//!
//! | from | call | which |
//! | ---- | ---- | ----- |
//! | a callback that has the lock (`Device<Core>`) | [`Device::reset_function`] | uses it |
//! | elsewhere, e.g. a work item | [`reset_function`] here | takes it |
//! | elsewhere, without waiting | [`Device::try_reset_function`] | gives up if it is held |
//!
//! All of them tell the driver by [`reset_prepare`](super::err::Driver::reset_prepare) and
//! [`reset_done`](super::err::Driver::reset_done), and save and restore the configuration space,
//! except for [`Device::reset_function_without_restore`] and [`Device::flr`].
//!
//! All of them must be called from process context, and may sleep, some for seconds.

use super::Device;
use crate::{
    bindings,
    device::{self, Core},
    error::{to_result, Result},
    prelude::*,
    sync::aref::ARef,
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

    /// Resets this function unless somebody holds the device lock.
    ///
    /// C function: [`pci_try_reset_function`].
    ///
    /// # Errors
    ///
    /// - [`EAGAIN`](kernel::error::code::EAGAIN) if the device lock is held by somebody.
    /// - [`ENOTTY`](kernel::error::code::ENOTTY) if there is no way to reset it.
    /// - Otherwise the error of the method.
    ///
    /// [`pci_try_reset_function`]: srctree/drivers/pci/pci.c
    pub fn try_reset_function(&self) -> Result {
        // Otherwise a device that is suspended is woken up behind the back of runtime PM.
        let _awake = self.runtime_pm().resume_and_get();

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        to_result(unsafe { bindings::pci_try_reset_function(self.as_raw()) })
    }
}

/// A runtime PM callback can't wait for its own device to be resumed; it can try without.
impl Device<device::Pm> {
    /// Resets this function unless somebody holds the device lock.
    ///
    /// The same as for other devices, except that the device is not resumed before.
    pub fn try_reset_function(&self) -> Result {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        to_result(unsafe { bindings::pci_try_reset_function(self.as_raw()) })
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
    /// - Otherwise the error of the method.
    ///
    /// [`pci_reset_function_locked`]: srctree/drivers/pci/pci.c
    pub fn reset_function(&self) -> Result {
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
    /// - `ETIME` and others if the device does not come back.
    ///
    /// [`pcie_reset_flr`]: srctree/drivers/pci/pci.c
    pub fn flr(&self) -> Result {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`, of which the device
        // lock is held. `false` is `PCI_RESET_DO_RESET`.
        to_result(unsafe { bindings::pcie_reset_flr(self.as_raw(), false) })
    }
}

/// Resets a function, with the device lock, which this takes, like the one of the bridge above.
///
/// Not for callbacks that have the device lock, for which there is [`Device::reset_function`]: the
/// lock would be waited for forever. This is why it is no method, and does not take a reference
/// that they have. C function: [`pci_reset_function`].
///
/// # Errors
///
/// - [`ENOTTY`](kernel::error::code::ENOTTY) if there is no way to reset it.
/// - Otherwise the error of the method.
///
/// [`pci_reset_function`]: srctree/drivers/pci/pci.c
pub fn reset_function(pdev: &ARef<Device>) -> Result {
    // As in `Device::try_reset_function()`.
    let _awake = pdev.runtime_pm().resume_and_get();

    // SAFETY: `pdev.as_raw()` is a pointer to a valid `struct pci_dev`.
    to_result(unsafe { bindings::pci_reset_function(pdev.as_raw()) })
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
