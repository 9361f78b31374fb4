// SPDX-License-Identifier: GPL-2.0

//! What comes from the device is not written: it would be lost.

#![allow(missing_docs, unused)]

use kernel::{dma::{FromDevice, Mapping}, prelude::*};

pub fn test(mapping: Mapping<'_, KVec<u8>, FromDevice>) {
    let mut mapping = mapping.sync_for_cpu();
    let _ = mapping.data()[0];
    mapping.data_mut()[0] = 1; //~ error[E0277]: FromDevice: kernel::dma::CpuWrites` is not satisfied
}
