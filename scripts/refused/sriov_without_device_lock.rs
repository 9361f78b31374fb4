// SPDX-License-Identifier: GPL-2.0

//! Virtual functions are enabled by who holds the device lock.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Core}, pci, prelude::*};

pub fn probe(pdev: &pci::Device<Core>) -> Result {
    pdev.enable_sriov(1)
}

pub fn handler(pdev: &pci::Device<Bound>) -> Result {
    pdev.enable_sriov(1)?; //~ error[E0599]: no method named `enable_sriov` found
    Ok(())
}
