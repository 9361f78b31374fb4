// SPDX-License-Identifier: GPL-2.0

//! Data that have been borrowed may be elsewhere after the buffer has changed.

#![allow(missing_docs, unused)]

use kernel::{net::skb::SkBuff, prelude::*};

pub fn test(skb: &mut SkBuff) -> Result<u8> {
    let data = skb.data();
    let first = data[0];
    skb.ensure_headroom(100, GFP_KERNEL)?; //~ error[E0502]: cannot borrow `*skb` as mutable because it is also borrowed as immutable
    let first = data[0];
    Ok(first)
}
