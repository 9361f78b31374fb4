// SPDX-License-Identifier: GPL-2.0

//! Only types for which any bytes are valid are given to a device.

#![allow(missing_docs, unused)]

use kernel::{dma::{FromDevice, Mapper}, prelude::*};

pub fn test(mapper: &Mapper) -> Result {
    let _ = mapper.map(KBox::new(1u32, GFP_KERNEL)?, FromDevice)?;
    let _ = mapper.map(KBox::new(true, GFP_KERNEL)?, FromDevice)?; //~ error[E0277]: `bool: kernel::transmute::FromBytes` is not satisfied
    Ok(())
}
