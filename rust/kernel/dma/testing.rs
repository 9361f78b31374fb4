// SPDX-License-Identifier: GPL-2.0

//! A device for the KUnit tests.

use crate::{
    bindings,
    device::{Bound, Device},
    faux,
    prelude::*,
};

/// A device that does not exist, but can do DMA.
pub(crate) struct TestDevice(faux::Registration);

impl TestDevice {
    pub(crate) fn new(name: &CStr) -> Result<Self> {
        let faux = faux::Registration::new(name, None)?;
        let dev = faux.as_ref().as_raw();

        // SAFETY: `dev` is valid, and nobody else knows it. The mask lives as long as the device.
        unsafe {
            (*dev).coherent_dma_mask = u64::MAX;
            (*dev).dma_mask = &raw mut (*dev).coherent_dma_mask;
        }

        Ok(Self(faux))
    }

    pub(crate) fn bound(&self) -> &Device<Bound> {
        let dev: &Device = self.0.as_ref();

        // SAFETY: A faux device is bound as long as it is registered.
        unsafe { dev.as_bound() }
    }

    /// Runs `f` in what looks like a binding of its own, at the end of which devres releases what
    /// `f` has registered.
    pub(crate) fn with_binding<R>(&self, f: impl FnOnce(&Device<Bound>) -> Result<R>) -> Result<R> {
        let dev = self.bound();

        // SAFETY: `dev.as_raw()` is valid.
        let group = unsafe {
            bindings::devres_open_group(dev.as_raw(), core::ptr::null_mut(), GFP_KERNEL.as_raw())
        };
        if group.is_null() {
            return Err(ENOMEM);
        }

        let ret = f(dev);

        // SAFETY: `dev.as_raw()` is valid, `group` has been opened above.
        unsafe { bindings::devres_release_group(dev.as_raw(), group) };

        ret
    }
}
