// SPDX-License-Identifier: GPL-2.0

//! A callback, which has the device lock, must not wait for it, nor must anybody it waits for.

#![allow(missing_docs, unused)]

use kernel::{device::Core, pci, prelude::*, sync::aref::ARef};

pub fn suspend(pdev: &pci::Device<Core>) -> Result {
    pdev.reset_function()?;

    let pdev: ARef<pci::Device> = pdev.into();
    pdev.try_reset_function()?;
    pdev.request_reset(GFP_KERNEL)?;
    pdev.reset_function()?; //~ error[E0599]: no method named `reset_function` found
    Ok(())
}
