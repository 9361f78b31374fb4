// SPDX-License-Identifier: GPL-2.0

//! A virtual function refers to its physical function only until it has been removed.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, pci, sync::aref::ARef};

pub fn bound(vf: &pci::Device<Bound>) -> &pci::Device {
    vf.physfn()
}

pub fn unbound(vf: &ARef<pci::Device>) {
    let _pf = vf.physfn(); //~ error[E0599]: no method named `physfn` found
}
