// SPDX-License-Identifier: GPL-2.0

//! Taking over the display from the drivers that have used what the firmware left behind.
//!
//! A display that the firmware has set up is at first used by a generic driver, which knows no more
//! than where its memory is. A driver for the device itself has to get rid of the generic one
//! before it touches the hardware.
//!
//! Without `CONFIG_APERTURE_HELPERS`, no generic driver can be removed, and the functions here do
//! nothing: drivers that need them select it.
//!
//! C header: [`include/linux/aperture.h`](srctree/include/linux/aperture.h)

use crate::{
    bindings,
    error::to_result,
    io::{PhysAddr, ResourceSize},
    prelude::*,
};

#[cfg(CONFIG_PCI)]
use crate::{device, pci};

/// Removes the drivers that use memory behind the BARs of a device.
///
/// If it is the display that the system has booted with, this includes the drivers of VGA: the text
/// console, and the frame buffer at its fixed addresses.
///
/// To be called in probe before the device is touched, and before its BARs are requested: a generic
/// driver may have requested them. Must be called from process context; may sleep. Takes the lock
/// of the console.
///
/// C function: [`aperture_remove_conflicting_pci_devices`].
///
/// # Errors
///
/// Those of the C function, such as [`ENODEV`] if there is no other console to replace VGA's. The
/// driver must not go on then.
///
/// # Examples
///
/// ```
/// # #![cfg(CONFIG_PCI)]
/// # use kernel::{aperture, c_str, device::Core, pci, prelude::*};
/// fn probe(pdev: &pci::Device<Core>) -> Result {
///     aperture::remove_conflicting_pci_devices(pdev, c_str!("my_display"))?;
///     pdev.enable_device_mem()?;
///     // ...
///     Ok(())
/// }
/// ```
///
/// [`aperture_remove_conflicting_pci_devices`]: srctree/drivers/video/aperture.c
#[cfg(CONFIG_PCI)]
pub fn remove_conflicting_pci_devices(
    pdev: &pci::Device<device::Core>,
    name: &'static CStr,
) -> Result {
    // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, `name` is a valid string.
    to_result(unsafe {
        bindings::aperture_remove_conflicting_pci_devices(pdev.as_raw(), name.as_char_ptr())
    })
}

/// Removes the drivers that use memory between `base` and `base + size`.
///
/// This is for displays that are not on a bus that tells where their memory is. `name` is the name
/// of the driver. Must be called from process context; may sleep.
///
/// C function: [`aperture_remove_conflicting_devices`].
///
/// # Errors
///
/// - [`EINVAL`] if `size` is 0, or the end is beyond all addresses.
/// - Otherwise the error of the C function.
///
/// [`aperture_remove_conflicting_devices`]: srctree/drivers/video/aperture.c
pub fn remove_conflicting_devices(
    base: PhysAddr,
    size: ResourceSize,
    name: &'static CStr,
) -> Result {
    // C adds them without looking.
    if size == 0 || base.checked_add(size).is_none() {
        return Err(EINVAL);
    }

    // SAFETY: `name` is a valid string.
    to_result(unsafe {
        bindings::aperture_remove_conflicting_devices(base, size, name.as_char_ptr())
    })
}

/// Removes all the drivers that use memory of a display.
///
/// See [`remove_conflicting_devices`]. C function: `aperture_remove_all_conflicting_devices()`.
///
/// # Errors
///
/// That of the C function.
pub fn remove_all_conflicting_devices(name: &'static CStr) -> Result {
    remove_conflicting_devices(0, ResourceSize::MAX, name)
}
