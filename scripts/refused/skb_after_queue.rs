// SPDX-License-Identifier: GPL-2.0

//! A buffer that has been put into a queue belongs to the queue.

#![allow(missing_docs, unused)]

use kernel::{net::skb::{SkBuff, SkbQueue}, prelude::*};

pub fn test(queue: &SkbQueue, mut skb: SkBuff) -> Result {
    queue.queue_tail(skb);
    skb.trim(1)?; //~ error[E0382]: borrow of moved value: `skb`
    Ok(())
}
