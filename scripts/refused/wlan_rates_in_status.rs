// SPDX-License-Identifier: GPL-2.0

//! The control information of a frame is gone when it has a status.

#![allow(missing_docs, unused)]

use kernel::{net::mac80211::{Operations, TxFrame}, prelude::*};

pub fn test<T: Operations>(frame: TxFrame<'_, T>) {
    let rates = frame.rates().len();
    let status = frame.into_status();
    let rates = status.rates().len(); //~ error[E0599]: no method named `rates` found
}
