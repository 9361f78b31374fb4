// SPDX-License-Identifier: GPL-2.0

//! A frame is not kept after the callback; the interface it is from may be gone then.

#![allow(missing_docs, unused)]

use kernel::{net::mac80211::{Operations, TxFrame}, prelude::*};

fn keep<T: 'static>(_: T) {}

pub fn test<T: Operations>(frame: TxFrame<'_, T>) {
    keep(frame); //~ error[E0521]: borrowed data escapes outside of function
}
