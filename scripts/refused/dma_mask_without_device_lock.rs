// SPDX-License-Identifier: GPL-2.0

//! DMA masks are set by probe, before there is any DMA memory.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, dma::{Device as _, DmaMask}, pci, prelude::*};

pub fn test(pdev: &pci::Device<Bound>) -> Result {
    pdev.dma_set_mask_and_coherent(DmaMask::new::<32>())?; //~ error[E0599]: no method named `dma_set_mask_and_coherent` found
    Ok(())
}
