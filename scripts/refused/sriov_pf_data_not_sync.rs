// SPDX-License-Identifier: GPL-2.0

//! Drivers of virtual functions use the data of the physical function's while its callbacks run.

#![allow(missing_docs, unused)]

use core::cell::Cell;
use kernel::{
    device::{Bound, Core},
    pci,
    prelude::*,
};

pub struct Driver(Cell<u32>);

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

pub fn change(vf: &pci::Device<Bound>) -> Result {
    vf.pf_drvdata::<Driver>()?.0.set(1); //~ error[E0277]: Cell<u32>` cannot be shared between threads safely
    Ok(())
}
