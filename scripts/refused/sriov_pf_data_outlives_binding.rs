// SPDX-License-Identifier: GPL-2.0

//! The driver of a virtual function uses the data of the physical function's as long as it is bound.

#![allow(missing_docs, unused)]

use core::pin::Pin;
use kernel::{
    bindings,
    device::{Bound, Core},
    pci,
    prelude::*,
    sync::aref::ARef,
};

pub struct Driver(u32);

kernel::pci_device_table!(
    PCI_TABLE,
    MODULE_PCI_TABLE,
    <Driver as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_id(pci::Vendor::REDHAT, 1), ())]
);

impl pci::Driver for Driver {
    type IdInfo = ();
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe(_pdev: &pci::Device<Core>, _info: &()) -> Result<Pin<KBox<Self>>> {
        Err(ENODEV)
    }
}

pub fn bound(vf: &pci::Device<Bound>) -> Result<Pin<&Driver>> {
    vf.pf_drvdata()
}

pub fn unbound(vf: &ARef<pci::Device>) -> Result<u32> {
    return Ok(vf.pf_drvdata::<Driver>()?.0); //~ error[E0599]: no method named `pf_drvdata` found
    Err(ENODEV)
}
