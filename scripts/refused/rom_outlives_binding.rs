// SPDX-License-Identifier: GPL-2.0

//! The expansion ROM is no longer mapped than the device is bound.

#![allow(missing_docs, unused)]

use kernel::{device::Core, pci::{self, rom::Rom}, prelude::*};

pub fn test(pdev: &pci::Device<Core>) -> Result {
    let rom = pdev.map_rom()?;
    let rom: Rom<'static> = pdev.map_rom()?; //~ error: lifetime may not live long enough
    Ok(())
}
