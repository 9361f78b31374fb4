// SPDX-License-Identifier: GPL-2.0

//! A buffer that has been freed is gone.

#![allow(missing_docs, unused)]

use kernel::{net::skb::SkBuff, prelude::*};

pub fn test(skb: SkBuff) -> usize {
    skb.consume();
    return skb.len(); //~ error[E0382]: borrow of moved value: `skb`
    0
}
