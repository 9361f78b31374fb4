// SPDX-License-Identifier: GPL-2.0

//! A frame gets one status.

#![allow(missing_docs, unused)]

use kernel::{
    net::{
        mac80211::{Hw, Operations, Pending},
        skb::SkBuff,
    },
    prelude::*,
};

pub fn test<T: Operations>(hw: &Hw<T>, frame: SkBuff<Pending<T>>) {
    let first = hw.tx_status(frame);
    let second = hw.tx_status(frame); //~ error[E0382]: use of moved value: `frame`
}
