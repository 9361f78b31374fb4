// SPDX-License-Identifier: GPL-2.0

//! Enabling a device, and what else is in its command register.
//!
//! C header: [`include/linux/pci.h`](srctree/include/linux/pci.h)

use super::Device;
use crate::{bindings, device, error::to_result, prelude::*};

impl Device {
    /// Returns whether somebody has enabled the device.
    ///
    /// May be called from any context. Unless the caller knows that nobody enables or disables the
    /// device right now, the answer may be outdated as soon as it is given.
    ///
    /// C function: `pci_is_enabled()`.
    #[inline]
    pub fn is_enabled(&self) -> bool {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`.
        unsafe { bindings::pci_is_enabled(self.as_raw()) != 0 }
    }
}

impl Device<device::Core> {
    /// Enables the memory and the I/O ports of the device.
    ///
    /// Drivers that don't use I/O ports should call [`Device::enable_device_mem`] instead: there
    /// may be none to be had. Otherwise the same as that, also in how it is undone.
    ///
    /// C functions: [`pci_enable_device`], `pcim_enable_device()`.
    ///
    /// [`pci_enable_device`]: srctree/drivers/pci/pci.c
    pub fn enable_device(&self) -> Result {
        self.check_bus_lock()?;

        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, and the device lock is held.
        to_result(unsafe { bindings::pci_enable_device(self.as_raw()) })?;

        self.disable_at_unbind()
    }

    /// Lets the device write whole cache lines by memory-write-and-invalidate, on conventional PCI.
    ///
    /// This is undone when the device is unbound, or when its probe fails. It has no effect on PCI
    /// Express, and none on platforms that don't want it.
    ///
    /// Must be called from process context; may sleep. C function: [`pcim_set_mwi`]. A driver
    /// that does not care whether this works, as with `pci_try_set_mwi()`, ignores the result.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if the device does not support the size of the cache lines.
    /// - [`ENOMEM`] if memory is short.
    ///
    /// [`pcim_set_mwi`]: srctree/drivers/pci/devres.c
    pub fn set_mwi(&self) -> Result {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, which is bound, and the
        // device lock is held.
        to_result(unsafe { bindings::pcim_set_mwi(self.as_raw()) })
    }

    /// Keeps the device from using memory-write-and-invalidate.
    ///
    /// Must be called from process context. C function: [`pci_clear_mwi`].
    ///
    /// [`pci_clear_mwi`]: srctree/drivers/pci/pci.c
    pub fn clear_mwi(&self) {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, and the device lock is held.
        unsafe { bindings::pci_clear_mwi(self.as_raw()) };
    }

    /// Enables or disables the interrupt pin of the device.
    ///
    /// Drivers rarely need this: enabling the device enables it, and allocating vectors of another
    /// type disables it. What it was at first is restored when the device is unbound, or when its
    /// probe fails.
    ///
    /// Must be called from process context; may sleep. C function: [`pcim_intx`].
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if memory is short.
    ///
    /// [`pcim_intx`]: srctree/drivers/pci/devres.c
    pub fn intx(&self, enable: bool) -> Result {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, which is bound, and the
        // device lock is held.
        to_result(unsafe { bindings::pcim_intx(self.as_raw(), enable.into()) })
    }
}
