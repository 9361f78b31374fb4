// SPDX-License-Identifier: GPL-2.0

//! A configuration space is no longer used than the device is bound.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, pci::{self, Normal}};

pub fn test(pdev: &pci::Device<Bound>) {
    let space = pdev.config_space();
    let space: pci::ConfigSpace<'static, Normal> = pdev.config_space(); //~ error: lifetime may not live long enough
}
