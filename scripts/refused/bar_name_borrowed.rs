// SPDX-License-Identifier: GPL-2.0

//! The name of a region is read as long as it is requested.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, devres::Devres, pci, prelude::*, str::CString};

pub fn test(pdev: &pci::Device<Bound>) -> Result<Pin<KBox<Devres<pci::Bar>>>> {
    let name = CString::try_from_fmt(fmt!("bar{}", 0))?;
    return KBox::pin_init(pdev.iomap_region(0, &name), GFP_KERNEL); //~ error[E0597]: `name` does not live long enough
    Err(EINVAL)
}
