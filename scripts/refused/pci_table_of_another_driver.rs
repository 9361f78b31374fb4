// SPDX-License-Identifier: GPL-2.0

//! The callbacks of one driver can't be called with the data of another one.

#![allow(missing_docs, unused)]

use kernel::{bindings, device::Core, pci, prelude::*};

pub struct A;
pub struct B;

kernel::pci_device_table!(
    PCI_TABLE,
    MODULE_PCI_TABLE,
    (),
    [(pci::DeviceId::from_id(pci::Vendor::REDHAT, 1), ())]
);

impl pci::Driver for A {
    type IdInfo = ();
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;
    const ERROR_HANDLERS: Option<pci::err::Handlers<Self>> = Some(pci::err::Handlers::<A>::new());

    fn probe(_pdev: &pci::Device<Core>, _info: &()) -> Result<Pin<KBox<Self>>> {
        Err(ENODEV)
    }
}

impl pci::Driver for B {
    type IdInfo = ();
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;
    const ERROR_HANDLERS: Option<pci::err::Handlers<Self>> = Some(pci::err::Handlers::<A>::new()); //~ error[E0308]: mismatched types

    fn probe(_pdev: &pci::Device<Core>, _info: &()) -> Result<Pin<KBox<Self>>> {
        Err(ENODEV)
    }
}

#[vtable]
impl pci::err::Driver for A {}
