// SPDX-License-Identifier: GPL-2.0

//! The callbacks for runtime PM run without the device lock.

#![allow(missing_docs, unused)]

use kernel::{device::{Core, Pm}, pci, prelude::*};

pub fn needs_lock(_pdev: &pci::Device<Core>) {}

pub fn runtime_suspend(pdev: &pci::Device<Pm>) {
    needs_lock(pdev); //~ error[E0308]: mismatched types
}
