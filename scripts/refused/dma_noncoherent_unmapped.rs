// SPDX-License-Identifier: GPL-2.0

//! Memory that was allocated for a mapping is not kept without it.

#![allow(missing_docs, unused)]

use kernel::{dma::{FromDevice, Mapper}, prelude::*};

pub fn test(mapper: &Mapper) -> Result {
    let mapping = mapper.alloc_noncoherent(64, GFP_KERNEL, FromDevice)?;
    let memory = mapping.unmap(); //~ error[E0277]: Noncoherent: kernel::dma::Reusable` is not satisfied
    Ok(())
}
