// SPDX-License-Identifier: GPL-2.0

//! The expansion ROM is mapped by who holds the device lock.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, pci, prelude::*};

pub fn test(pdev: &pci::Device<Bound>) -> Result {
    let _ = pdev.is_present();
    let _ = pdev.map_rom()?; //~ error[E0599]: no method named `map_rom` found
    Ok(())
}
