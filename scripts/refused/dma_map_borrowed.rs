// SPDX-License-Identifier: GPL-2.0

//! Borrowed memory could be freed while it is mapped.

#![allow(missing_docs, unused)]

use kernel::{dma::{Mapper, ToDevice}, prelude::*};

pub fn test(mapper: &Mapper, buffer: &mut [u8]) -> Result {
    let mapping = mapper.map(buffer, ToDevice)?; //~ error[E0277]: `&mut [u8]: kernel::dma::Owner` is not satisfied
    Ok(())
}
