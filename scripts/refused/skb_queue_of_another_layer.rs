// SPDX-License-Identifier: GPL-2.0

//! A queue has the buffers of one layer.

#![allow(missing_docs, unused)]

use kernel::{net::skb::{Cb, SkBuff, SkbQueue}, prelude::*};

pub fn test(queue: &SkbQueue<Cb<u32>>, skb: SkBuff) {
    queue.queue_tail(skb); //~ error[E0308]: mismatched types
}
