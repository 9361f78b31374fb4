// SPDX-License-Identifier: GPL-2.0

//! A mapping does not get out of the slots without a proof that the device is bound.

#![allow(missing_docs, unused)]

use kernel::{dma::{FromDevice, Mapper, Mapping, Slots}, prelude::*};

type Stored = Mapping<'static, KVec<u8>, FromDevice>;

pub fn test(slots: &mut Slots<Stored>, mapper: &Mapper) -> Result {
    let mapping: Option<Stored> = slots.take(0, mapper)?; //~ error: lifetime may not live long enough
    Ok(())
}
