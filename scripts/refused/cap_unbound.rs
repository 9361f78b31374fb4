// SPDX-License-Identifier: GPL-2.0

//! A device that may be unbound at any time has no capabilities to look at.

#![allow(missing_docs, unused)]

use kernel::pci::{self, cap};

pub fn test(pdev: &pci::Device) {
    let _ = pdev.address();
    let _ = pdev.find_capability::<cap::Pm>(); //~ error[E0599]: no method named `find_capability` found
}
