// SPDX-License-Identifier: GPL-2.0

//! A frame is a view of the bytes of a buffer.

#![allow(missing_docs, unused)]

use kernel::{net::{ieee80211::Frame, skb::SkBuff}, prelude::*};

pub fn test(skb: SkBuff) -> Result<usize> {
    let frame = Frame::parse(skb.data())?;
    drop(skb); //~ error[E0505]: cannot move out of `skb` because it is borrowed
    Ok(frame.body().len())
}
