// SPDX-License-Identifier: GPL-2.0

//! A BAR that is mapped for DMA by another device must stay where it is.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, devres::Devres, dma::{Mapper, ToDevice}, pci, prelude::*};

pub fn map<'a>(
    mapper: &'a Mapper,
    bar: &'a Devres<pci::Bar<0x100>>,
    kept: &mut Option<pci::BarDma<'a, ToDevice>>,
) -> Result {
    let bar = bar.try_access().ok_or(ENODEV)?;
    *kept = Some(bar.dma_map(mapper, 0, 4, ToDevice)?); //~ error[E0597]: `bar` does not live long enough
    Ok(())
}
