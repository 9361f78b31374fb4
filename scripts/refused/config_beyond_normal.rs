// SPDX-License-Identifier: GPL-2.0

//! Extended capabilities are not in the space that every device has.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, pci, prelude::*};

pub fn test(pdev: &pci::Device<Bound>) -> Result {
    pdev.config_space().read32::<0xfc>()?;
    pdev.config_space().read32::<0x100>()?; //~ error[E0080]: evaluation of `kernel::pci::ConfigSpace
    Ok(())
}
