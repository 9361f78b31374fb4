// SPDX-License-Identifier: GPL-2.0

//! Slots are shared between threads only through a lock.

#![allow(missing_docs, unused)]

use kernel::{dma::{Mapping, Slots, ToDevice}, prelude::*};

fn shared<T: Sync>() {}

pub fn test() {
    shared::<u32>();
    shared::<Slots<Mapping<'static, KVec<u8>, ToDevice>>>(); //~ error[E0277]: cannot be shared between threads safely
}
