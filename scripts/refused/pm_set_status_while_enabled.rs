// SPDX-License-Identifier: GPL-2.0

//! The status for runtime PM can be set only as long as it is disabled.

#![allow(missing_docs, unused)]

use kernel::{device::Core, pci, prelude::*};

pub fn probe(pdev: &pci::Device<Core>) -> Result {
    pdev.runtime_pm().disable().set_active(pdev.as_ref())?;
    pdev.runtime_pm().set_active(pdev.as_ref())?; //~ error[E0599]: no method named `set_active` found
    Ok(())
}
