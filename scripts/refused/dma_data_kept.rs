// SPDX-License-Identifier: GPL-2.0

//! No reference to the data is left when the device gets them.

#![allow(missing_docs, unused)]

use kernel::{dma::{Mapping, ToDevice}, prelude::*};

pub fn test(mapping: Mapping<'_, KVec<u8>, ToDevice>) -> u8 {
    let mapping = mapping.sync_for_cpu();
    let data = mapping.data();
    let mapping = mapping.sync_for_device(); //~ error[E0505]: cannot move out of `mapping` because it is borrowed
    data[0]
}
