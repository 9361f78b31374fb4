// SPDX-License-Identifier: GPL-2.0

//! A frame is not looked at after its status was reported.

#![allow(missing_docs, unused)]

use kernel::{net::mac80211::{Operations, TxFrame}, prelude::*};

pub fn test<T: Operations>(frame: TxFrame<'_, T>) -> usize {
    frame.into_status().report_irqsafe();
    return frame.len(); //~ error[E0382]: borrow of moved value
    0
}
