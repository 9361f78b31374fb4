// SPDX-License-Identifier: GPL-2.0

//! A buffer in a queue is only looked at with the lock held.

#![allow(missing_docs, unused)]

use kernel::{net::skb::SkbQueue, prelude::*};

pub fn test(queue: &SkbQueue) -> usize {
    let guard = queue.lock();
    let first = guard.peek();
    drop(guard); //~ error[E0505]: cannot move out of `guard` because it is borrowed
    first.map_or(0, |skb| skb.len())
}
