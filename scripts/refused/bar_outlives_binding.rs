// SPDX-License-Identifier: GPL-2.0

//! A mapping itself is not to be had, only one in a `Devres`.

#![allow(missing_docs, unused)]

use kernel::{c_str, device::Bound, devres::Devres, pci, prelude::*};

pub fn test(pdev: &pci::Device<Bound>) -> Result {
    let bar: Pin<KBox<Devres<pci::BarMap>>> = KBox::pin_init(pdev.request_bar(0, c_str!("a")).iomap(), GFP_KERNEL)?;
    let bar: Pin<KBox<pci::BarMap>> = KBox::pin_init(pdev.request_bar(0, c_str!("a")).iomap(), GFP_KERNEL)?; //~ error[E0308]: `?` operator has incompatible types
    Ok(())
}
