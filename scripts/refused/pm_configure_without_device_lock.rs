// SPDX-License-Identifier: GPL-2.0

//! Runtime PM is configured by who holds the device lock.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Core}, pci, prelude::*};

pub fn probe(pdev: &pci::Device<Core>) {
    pdev.runtime_pm().allow();
}

pub fn handler(pdev: &pci::Device<Bound>) {
    pdev.runtime_pm().allow(); //~ error[E0599]: no method named `allow` found
}
