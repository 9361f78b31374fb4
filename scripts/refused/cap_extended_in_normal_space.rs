// SPDX-License-Identifier: GPL-2.0

//! The first 256 bytes of a configuration space have no extended capabilities.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, pci::{self, cap::{self, ReadConfig, ReadExtendedConfig}}, prelude::*};

pub fn test(pdev: &pci::Device<Bound>) -> Result {
    let _ = pdev.config_space_extended()?.ext_capabilities();
    let _ = pdev.config_space().ext_capabilities(); //~ error[E0599]: `ext_capabilities`
    Ok(())
}
