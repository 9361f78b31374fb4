// SPDX-License-Identifier: GPL-2.0

//! A received frame belongs to mac80211 once it is handed over.

#![allow(missing_docs, unused)]

use kernel::{
    net::{
        mac80211::{Hw, Operations, RxStatus},
        skb::SkBuff,
    },
    prelude::*,
};

pub fn test<T: Operations>(hw: &Hw<T>, skb: SkBuff, status: &RxStatus) -> Result {
    hw.rx_ni(skb, status)?;
    let _ = skb.len(); //~ error[E0382]: borrow of moved value: `skb`
    Ok(())
}
