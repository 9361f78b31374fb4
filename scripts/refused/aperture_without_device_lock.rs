// SPDX-License-Identifier: GPL-2.0

//! The display is taken over in probe.

#![allow(missing_docs, unused)]

use kernel::{aperture, c_str, device::Bound, pci, prelude::*};

pub fn test(pdev: &pci::Device<Bound>) -> Result {
    let _ = aperture::remove_all_conflicting_devices(c_str!("a"));
    aperture::remove_conflicting_pci_devices(pdev, c_str!("a"))?; //~ error[E0308]: mismatched types
    Ok(())
}
