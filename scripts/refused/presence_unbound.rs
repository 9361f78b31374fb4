// SPDX-License-Identifier: GPL-2.0

//! A device that may be unbound at any time can't be asked.

#![allow(missing_docs, unused)]

use kernel::pci;

pub fn test(pdev: &pci::Device) {
    let _ = pdev.is_disconnected();
    let _ = pdev.is_present(); //~ error[E0599]: no method named `is_present` found
}
