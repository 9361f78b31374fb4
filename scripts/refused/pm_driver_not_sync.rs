// SPDX-License-Identifier: GPL-2.0

//! Callbacks for runtime PM run concurrently with others.

#![allow(missing_docs, unused)]

use core::cell::Cell;
use kernel::{bindings, device::Core, pci, prelude::*};

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

#[vtable] impl pci::pm::Driver for Driver {} //~ error[E0277]: Cell<u32>` cannot be shared between threads safely
