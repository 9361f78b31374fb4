// SPDX-License-Identifier: GPL-2.0

//! Bus mastering is switched by who holds the device lock.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Core}, pci};

pub fn probe(pdev: &pci::Device<Core>) {
    pdev.set_master();
}

pub fn handler(pdev: &pci::Device<Bound>) {
    pdev.set_master(); //~ error[E0599]: no method named `set_master` found
}
