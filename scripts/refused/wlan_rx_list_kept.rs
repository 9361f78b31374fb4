// SPDX-License-Identifier: GPL-2.0

//! Received frames are handed to the network stack at the end of the poll.

#![allow(missing_docs, unused)]

use kernel::{
    net::{
        mac80211::{Hw, Operations, RxList},
        napi::PollContext,
    },
    prelude::*,
};

pub fn keep<T: Operations>(hw: &Hw<T>, context: &PollContext<'_>) {
    let mut kept = None;
    hw.rx_list(context, |list| {
        kept = Some(list); //~ error[E0521]: borrowed data escapes outside of closure
    });
    let _: Option<&mut RxList<'_, T>> = kept;
}
