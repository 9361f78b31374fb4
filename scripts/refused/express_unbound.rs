// SPDX-License-Identifier: GPL-2.0

//! A device that may be unbound at any time has no link to look at.

#![allow(missing_docs, unused)]

use kernel::pci;

pub fn test(pdev: &pci::Device) {
    let _ = pdev.address();
    let _ = pdev.express(); //~ error[E0599]: no method named `express` found
}
