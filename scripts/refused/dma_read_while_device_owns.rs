// SPDX-License-Identifier: GPL-2.0

//! What the device owns is not read.

#![allow(missing_docs, unused)]

use kernel::{dma::{FromDevice, Mapping}, prelude::*};

pub fn test(mapping: Mapping<'_, KVec<u8>, FromDevice>) -> u8 {
    let first = mapping.data()[0]; //~ error[E0599]: no method named `data` found
    let mapping = mapping.sync_for_cpu();
    mapping.data()[0]
}
