// SPDX-License-Identifier: GPL-2.0

//! A callback, which has the device lock, must not wait for it.

#![allow(missing_docs, unused)]

use kernel::{device::Core, pci, prelude::*};

pub fn suspend(pdev: &pci::Device<Core>) -> Result {
    pdev.reset_function()?;
    pci::reset::reset_function(pdev)?; //~ error: mismatched types
    Ok(())
}
