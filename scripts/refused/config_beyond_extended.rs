// SPDX-License-Identifier: GPL-2.0

//! The extended configuration space ends at 4096.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, pci, prelude::*};

pub fn test(pdev: &pci::Device<Bound>) -> Result {
    let space = pdev.config_space_extended()?;
    space.write8::<0xfff>(0)?;
    space.write8::<0x1000>(0)?; //~ error[E0080]: evaluation of `kernel::pci::ConfigSpace
    Ok(())
}
