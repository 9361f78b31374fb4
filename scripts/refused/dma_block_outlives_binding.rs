// SPDX-License-Identifier: GPL-2.0

//! A block is not kept for longer than the device is bound.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Device}, devres::Devres, dma::{Block, Pool}, prelude::*};

pub fn test(dev: &Device<Bound>, pool: &Devres<Pool<u64>>) -> Result {
    let block: Block<'static, u64> = pool.access(dev)?.zalloc(GFP_KERNEL)?; //~ error: lifetime may not live long enough
    Ok(())
}
