// SPDX-License-Identifier: GPL-2.0

//! The I/O ports of VGA, which several devices may have.
//!
//! C header: [`include/linux/vgaarb.h`](srctree/include/linux/vgaarb.h)

use super::Device;
use crate::{bindings, device, error::to_result, io::port::Ports, prelude::*, types::ScopeGuard};
use core::ops::Deref;

const FIRST: c_ulong = 0x3b0;
const COUNT: usize = 0x30;

/// The I/O ports of VGA, from 0x3b0 to 0x3df, which belong to one device meanwhile.
///
/// Accessed through [`Ports`], to which this dereferences; an offset of 0 is port 0x3b0. See
/// [`Device::vga_ports`].
///
/// # Invariants
///
/// `pdev` owns the ports, which are mapped as `ports`.
pub struct VgaPorts<'a> {
    ports: Ports<COUNT>,
    pdev: &'a Device<device::Bound>,
}

impl Device<device::Bound> {
    /// Lets this device, and no other one, answer to the I/O ports of VGA, until the returned value
    /// is dropped.
    ///
    /// Must be called from process context; sleeps until no other device needs them. Calls may be
    /// nested. C functions: `vga_get_uninterruptible()`, and `vga_put()` when the value is dropped.
    ///
    /// # Errors
    ///
    /// [`ENODEV`] if it is not a VGA device, or the machine has no I/O ports.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::{device::Bound, pci, prelude::*};
    /// /// Returns what the miscellaneous output register has.
    /// fn misc(pdev: &pci::Device<Bound>) -> Result<u8> {
    ///     Ok(pdev.vga_ports()?.read8(0x3cc - 0x3b0))
    /// }
    /// ```
    pub fn vga_ports(&self) -> Result<VgaPorts<'_>> {
        // SAFETY: `self.as_raw()` is a valid pointer to a `struct pci_dev`.
        to_result(unsafe { bindings::vga_get(self.as_raw(), bindings::VGA_RSRC_LEGACY_IO, 0) })?;

        let put = ScopeGuard::new(|| {
            // SAFETY: `vga_get()` has succeeded.
            unsafe { bindings::vga_put(self.as_raw(), bindings::VGA_RSRC_LEGACY_IO) };
        });

        // SAFETY: There is nothing to be kept.
        let cookie = unsafe { bindings::ioport_map(FIRST, COUNT as c_uint) } as usize;
        if cookie == 0 {
            return Err(ENODEV);
        }
        // SAFETY: It has just been mapped, and is unmapped when the returned value is dropped.
        let ports = unsafe { Ports::from_raw(cookie, COUNT) }?;
        put.dismiss();

        // INVARIANT: `vga_get()` has succeeded.
        Ok(VgaPorts { ports, pdev: self })
    }
}

impl Drop for VgaPorts<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe {
            bindings::ioport_unmap(self.ports.cookie() as *mut c_void);
            bindings::vga_put(self.pdev.as_raw(), bindings::VGA_RSRC_LEGACY_IO);
        }
    }
}

impl Deref for VgaPorts<'_> {
    type Target = Ports<COUNT>;

    fn deref(&self) -> &Self::Target {
        &self.ports
    }
}
