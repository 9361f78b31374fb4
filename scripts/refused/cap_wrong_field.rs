// SPDX-License-Identifier: GPL-2.0

//! The view of a capability has the fields of its kind only.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, pci::{self, cap}, prelude::*};

pub fn test(pdev: &pci::Device<Bound>) -> Result {
    let msi = pdev.find_capability::<cap::Msi>()?.ok_or(ENODEV)?;
    let _ = msi.vectors()?;
    let _ = msi.table_size()?; //~ error[E0599]: no method named `table_size` found
    Ok(())
}
