// SPDX-License-Identifier: GPL-2.0

//! The stack is not mapped.

#![allow(missing_docs, unused)]

use kernel::{dma::{Mapper, ToDevice}, prelude::*};

pub fn test(mapper: &Mapper) -> Result {
    let mapping = mapper.map([0u8; 16], ToDevice)?; //~ error[E0277]: `[u8; 16]: kernel::dma::Owner` is not satisfied
    Ok(())
}
