// SPDX-License-Identifier: GPL-2.0

//! BARs are resized by who holds the device lock.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Core}, pci::{self, BarSize}, prelude::*};

pub fn probe(pdev: &pci::Device<Core>, size: BarSize) -> Result {
    pdev.resize_bar(0, size)
}

pub fn handler(pdev: &pci::Device<Bound>, size: BarSize) -> Result {
    pdev.resize_bar(0, size)?; //~ error[E0599]: no method named `resize_bar` found
    Ok(())
}
