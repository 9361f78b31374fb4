// SPDX-License-Identifier: GPL-2.0

//! Neither is a part of it.

#![allow(missing_docs, unused)]

use kernel::{dma::{FromDevice, Mapping}, prelude::*};

pub fn test(mapping: &mut Mapping<'_, KVec<u8>, FromDevice>) -> Result {
    let mut view = mapping.view(0..4)?;
    let _ = view[0];
    view[0] = 1; //~ error[E0594]: cannot assign to data in dereference of `kernel::dma::CpuView
    Ok(())
}
