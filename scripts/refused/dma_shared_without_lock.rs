// SPDX-License-Identifier: GPL-2.0

//! DMA memory is shared between threads only through a lock.

#![allow(missing_docs, unused)]

use kernel::dma::CoherentAllocation;

fn shared<T: Sync>() {}

pub fn test() {
    shared::<u32>();
    shared::<CoherentAllocation<u32>>(); //~ error[E0277]: cannot be shared between threads safely
}
