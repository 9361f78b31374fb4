// SPDX-License-Identifier: GPL-2.0

//! A pool itself is not to be had, only one in a `Devres`.

#![allow(missing_docs, unused)]

use kernel::{c_str, device::{Bound, Device}, dma::Pool, prelude::*};

pub fn test(dev: &Device<Bound>) -> Result {
    let pool: Pin<KBox<Pool<u64>>> = KBox::pin_init(Pool::new(dev, c_str!("test")), GFP_KERNEL)?; //~ error[E0308]: `?` operator has incompatible types
    Ok(())
}
