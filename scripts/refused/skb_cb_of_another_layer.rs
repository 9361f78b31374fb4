// SPDX-License-Identifier: GPL-2.0

//! A control block that has no type, or another one, can't be read.

#![allow(missing_docs, unused)]

use kernel::{net::skb::SkBuff, prelude::*};

pub fn test(skb: SkBuff) -> u32 {
    let skb = skb.with_cb(1u32);
    let retries = *skb.cb();
    let skb = skb.without_cb();
    let retries = *skb.cb(); //~ error[E0599]: no method named `cb` found for struct
    retries
}
