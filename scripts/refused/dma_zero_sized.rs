// SPDX-License-Identifier: GPL-2.0

//! There is no DMA memory for objects without a size.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Device}, dma::CoherentAllocation, prelude::*};

pub fn test(dev: &Device<Bound>) -> Result {
    let _ = KBox::pin_init(CoherentAllocation::<u8>::alloc_coherent(dev, 1, GFP_KERNEL), GFP_KERNEL)?;
    let _ = KBox::pin_init(CoherentAllocation::<[u8; 0]>::alloc_coherent(dev, 1, GFP_KERNEL), GFP_KERNEL)?; //~ error[E0080]: doesn't make sense for the allocated type to be a ZST
    Ok(())
}
