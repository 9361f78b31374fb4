// SPDX-License-Identifier: GPL-2.0

//! An allocation itself is not to be had, only one in a `Devres`.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Device}, devres::Devres, dma::CoherentAllocation, prelude::*};

pub fn test(dev: &Device<Bound>) -> Result {
    let init = CoherentAllocation::<u8>::alloc_coherent(dev, 1, GFP_KERNEL);
    let memory: Pin<KBox<CoherentAllocation<u8>>> = KBox::pin_init(init, GFP_KERNEL)?; //~ error[E0308]: `?` operator has incompatible types
    Ok(())
}
