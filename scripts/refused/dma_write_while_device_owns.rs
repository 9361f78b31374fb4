// SPDX-License-Identifier: GPL-2.0

//! What the device owns is not written.

#![allow(missing_docs, unused)]

use kernel::{dma::{Mapping, ToDevice}, prelude::*};

pub fn test(mapping: Mapping<'_, KVec<u8>, ToDevice>) {
    let mut mapping = mapping.sync_for_cpu();
    mapping.data_mut()[0] = 1;
    let mut mapping = mapping.sync_for_device();
    mapping.data_mut()[0] = 2; //~ error[E0599]: no method named `data_mut` found
}
