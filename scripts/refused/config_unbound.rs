// SPDX-License-Identifier: GPL-2.0

//! A device that may be unbound at any time has no configuration space.

#![allow(missing_docs, unused)]

use kernel::pci;

pub fn test(pdev: &pci::Device) {
    let _ = pdev.vendor_id();
    let _ = pdev.config_space(); //~ error[E0599]: no method named `config_space` found
}
