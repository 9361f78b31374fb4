// SPDX-License-Identifier: GPL-2.0

//! Accesses are aligned to their size.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, pci, prelude::*};

pub fn test(pdev: &pci::Device<Bound>) -> Result {
    pdev.config_space().read16::<0x02>()?;
    pdev.config_space().read16::<0x03>()?; //~ error[E0080]: evaluation of `kernel::pci::ConfigSpace
    Ok(())
}
