// SPDX-License-Identifier: GPL-2.0

//! Frames are pulled from a queue while it is its turn only.

#![allow(missing_docs, unused)]

use kernel::{
    net::mac80211::{Ac, ActiveTxq, Hw, Operations},
    prelude::*,
    sync::rcu,
};

pub fn keep<T: Operations>(hw: &Hw<T>, guard: &rcu::Guard) {
    let mut kept = None;
    hw.schedule_txqs(Ac::Be, guard, |queue| {
        let frame = queue.dequeue();
        kept = Some(queue); //~ error[E0521]: borrowed data escapes outside of closure
    });
    let _: Option<&mut ActiveTxq<'_, T>> = kept;
}
