// SPDX-License-Identifier: GPL-2.0

//! A channel context that was found with RCU is not there any more afterwards.

#![allow(missing_docs, unused)]

use kernel::{
    net::mac80211::{ChanCtx, Operations, Vif},
    prelude::*,
    sync::rcu,
};

pub fn channel<T: Operations>(vif: &Vif<T>) -> Option<u16> {
    let guard = rcu::read_lock();
    let ctx = vif.chanctx(&guard)?;
    let freq = ctx.chandef()?.center_freq;
    drop(guard); //~ error[E0505]: cannot move out of `guard`
    let again = ctx.chandef();
    Some(freq)
}
