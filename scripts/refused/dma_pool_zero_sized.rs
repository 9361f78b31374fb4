// SPDX-License-Identifier: GPL-2.0

//! There are no blocks without a size.

#![allow(missing_docs, unused)]

use kernel::{c_str, device::{Bound, Device}, dma::Pool, prelude::*};

pub fn test(dev: &Device<Bound>) -> Result {
    let _ = KBox::pin_init(Pool::<[u8; 1]>::new(dev, c_str!("test")), GFP_KERNEL)?;
    let _ = KBox::pin_init(Pool::<[u8; 0]>::new(dev, c_str!("test")), GFP_KERNEL)?; //~ error[E0080]: A block must have a size
    Ok(())
}
