// SPDX-License-Identifier: GPL-2.0

//! Only who has the device lock can reset the function without taking it.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, pci, prelude::*};

pub fn handler(pdev: &pci::Device<Bound>) -> Result {
    pdev.try_reset_function()?;
    pdev.reset_function()?; //~ error[E0599]: no method named `reset_function` found
    Ok(())
}
