// SPDX-License-Identifier: GPL-2.0

//! A block is given back before the pool goes.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Device}, devres::Devres, dma::{Block, Pool}, prelude::*};

pub fn test(dev: &Device<Bound>, pool: Pin<KBox<Devres<Pool<u64>>>>) -> Result {
    let block = pool.access(dev)?.zalloc(GFP_KERNEL)?;
    drop(pool); //~ error[E0505]: cannot move out of `pool` because it is borrowed
    drop(block);
    Ok(())
}
