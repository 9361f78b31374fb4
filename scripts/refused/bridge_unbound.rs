// SPDX-License-Identifier: GPL-2.0

//! What is above a device is known to exist only as long as the device is bound.

#![allow(missing_docs, unused)]

use kernel::pci;

pub fn test(pdev: &pci::Device) {
    let _ = pdev.bus();
    let _ = pdev.upstream_bridge(); //~ error[E0599]: no method named `upstream_bridge` found
}
