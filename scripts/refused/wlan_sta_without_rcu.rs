// SPDX-License-Identifier: GPL-2.0

//! A station is not kept beyond the RCU section in which it was found.

#![allow(missing_docs, unused)]

use kernel::{net::mac80211::{Hw, Operations, Sta}, prelude::*, sync::rcu};

pub fn test<T: Operations>(hw: &Hw<T>) {
    let mut found = None;
    {
        let rcu = rcu::read_lock();
        hw.for_each_sta(&rcu, |sta| found = Some(sta)); //~ error[E0597]: `rcu` does not live long enough
    }
    let found: Option<&Sta<T>> = found;
}
