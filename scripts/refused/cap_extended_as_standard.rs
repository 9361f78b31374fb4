// SPDX-License-Identifier: GPL-2.0

//! An extended capability is not searched for in the list of the standard ones.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, pci::{self, cap}};

pub fn test(pdev: &pci::Device<Bound>) {
    let _ = pdev.find_ext_capability::<cap::Aer>();
    let _ = pdev.find_capability::<cap::Aer>(); //~ error[E0277]: Aer: kernel::pci::cap::StandardKind` is not satisfied
}
