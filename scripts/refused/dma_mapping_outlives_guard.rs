// SPDX-License-Identifier: GPL-2.0

//! A mapping that is made under RCU is not kept for longer than that.

#![allow(missing_docs, unused)]

use kernel::{devres::Devres, dma::{BoundMapper, FromDevice}, prelude::*};

pub fn test(mapper: &Devres<BoundMapper>, buffer: KVec<u8>) -> Result {
    let guard = mapper.try_access().ok_or(ENODEV)?;
    let mapping = guard.map(buffer, FromDevice)?;
    drop(guard); //~ error[E0505]: cannot move out of `guard` because it is borrowed
    drop(mapping);
    Ok(())
}
