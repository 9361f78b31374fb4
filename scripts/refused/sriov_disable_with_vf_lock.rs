// SPDX-License-Identifier: GPL-2.0

//! A callback that has the lock of a virtual function must not remove it.

#![allow(missing_docs, unused)]

use kernel::{
    bindings,
    device::{Bound, Core},
    pci,
    prelude::*,
};

pub struct Driver;

kernel::pci_device_table!(
    PCI_TABLE,
    MODULE_PCI_TABLE,
    <Driver as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_id(pci::Vendor::REDHAT, bindings::PCI_ANY_ID as u32), ())]
);

impl pci::Driver for Driver {
    type IdInfo = ();
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe(_pdev: &pci::Device<Core>, _info: &()) -> Result<Pin<KBox<Self>>> {
        Err(ENODEV)
    }
}

#[vtable]
impl pci::sriov::Driver for Driver {
    fn set_msix_vec_count(
        pdev: &pci::Device<Bound>,
        _this: Pin<&Self>,
        _vf: &pci::Device,
        _count: u32,
    ) -> Result {
        pdev.disable_sriov(); //~ error[E0599]: no method named `disable_sriov` found
        Ok(())
    }
}
