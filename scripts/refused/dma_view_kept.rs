// SPDX-License-Identifier: GPL-2.0

//! A part that was lent to the CPU is given back before the device goes on.

#![allow(missing_docs, unused)]

use kernel::{dma::{FromDevice, Mapping}, prelude::*};

pub fn test(mut mapping: Mapping<'_, KVec<u8>, FromDevice>) -> Result<u8> {
    let view = mapping.view(0..4)?;
    let buffer = mapping.unmap(); //~ error[E0505]: cannot move out of `mapping` because it is borrowed
    Ok(view[0])
}
