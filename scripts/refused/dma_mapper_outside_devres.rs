// SPDX-License-Identifier: GPL-2.0

//! The right to map is not taken out of its `Devres`.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Device}, dma::{BoundMapper, Mapper}, prelude::*};

pub fn test(dev: &Device<Bound>) -> Result {
    let mapper: Pin<KBox<BoundMapper>> = KBox::pin_init(Mapper::bound(dev), GFP_KERNEL)?; //~ error[E0308]: `?` operator has incompatible types
    Ok(())
}
