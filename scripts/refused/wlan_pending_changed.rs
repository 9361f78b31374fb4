// SPDX-License-Identifier: GPL-2.0

//! A frame that mac80211 gets back is as it was.

#![allow(missing_docs, unused)]

use kernel::{net::{mac80211::{Operations, Pending}, skb::SkBuff}, prelude::*};

pub fn test<T: Operations>(mut frame: SkBuff<Pending<T>>) {
    frame.set_queue_mapping(1000); //~ error[E0596]: cannot borrow data in dereference of
}
