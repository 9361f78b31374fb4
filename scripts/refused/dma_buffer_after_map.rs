// SPDX-License-Identifier: GPL-2.0

//! A buffer that is mapped belongs to the mapping.

#![allow(missing_docs, unused)]

use kernel::{dma::{Mapper, ToDevice}, prelude::*};

pub fn test(mapper: &Mapper, mut buffer: KVec<u8>) -> Result {
    let mapping = mapper.map(buffer, ToDevice)?;
    buffer[0] = 1; //~ error[E0382]: borrow of moved value: `buffer`
    Ok(())
}
