// SPDX-License-Identifier: GPL-2.0

//! A device that may be unbound at any time has no vital product data to read.

#![allow(missing_docs, unused)]

use kernel::pci;

pub fn test(pdev: &pci::Device) {
    let _ = pdev.address();
    let _ = pdev.vpd(); //~ error[E0599]: no method named `vpd` found
}
