// SPDX-License-Identifier: GPL-2.0

//! Memory of vmalloc() is not mapped in one piece.

#![allow(missing_docs, unused)]

use kernel::{dma::{Mapper, ToDevice}, prelude::*};

pub fn test(mapper: &Mapper, buffer: VVec<u8>) -> Result {
    let mapping = mapper.map(buffer, ToDevice)?; //~ error[E0277]: Vmalloc>: kernel::dma::Owner` is not satisfied
    Ok(())
}
