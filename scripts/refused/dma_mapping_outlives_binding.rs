// SPDX-License-Identifier: GPL-2.0

//! A mapping is not kept for longer than the device is bound.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Device}, dma::{FromDevice, Mapper, Mapping}, prelude::*};

pub fn test(dev: &Device<Bound>, buffer: KVec<u8>) -> Result {
    let mapper = Mapper::of(dev)?;
    let mapping: Mapping<'static, KVec<u8>, FromDevice> = mapper.map(buffer, FromDevice)?; //~ error: lifetime may not live long enough
    Ok(())
}
