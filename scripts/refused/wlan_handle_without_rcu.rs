// SPDX-License-Identifier: GPL-2.0

//! Hardware that is found by a handle is used as long as RCU is held.

#![allow(missing_docs, unused)]

use kernel::{net::mac80211::{Handle, Operations}, prelude::*, sync::rcu};

pub fn test<T: Operations>(handle: &Handle<T>) {
    let rcu = rcu::read_lock();
    let hw = handle.get(&rcu);
    drop(rcu); //~ error[E0505]: cannot move out of `rcu` because it is borrowed
    if let Some(hw) = hw {
        hw.stop_queues();
    }
}
