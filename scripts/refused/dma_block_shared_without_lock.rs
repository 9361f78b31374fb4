// SPDX-License-Identifier: GPL-2.0

//! A block is shared between threads only through a lock.

#![allow(missing_docs, unused)]

use kernel::dma::Block;

fn shared<T: Sync>() {}

pub fn test() {
    shared::<u64>();
    shared::<Block<'static, u64>>(); //~ error[E0277]: cannot be shared between threads safely
}
