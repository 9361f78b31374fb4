// SPDX-License-Identifier: GPL-2.0

//! An interface is not kept beyond the RCU section in which it was found.

#![allow(missing_docs, unused)]

use kernel::{net::mac80211::{Hw, Operations, Vif}, prelude::*, sync::rcu};

pub fn test<T: Operations>(hw: &Hw<T>) {
    let mut found = None;
    {
        let rcu = rcu::read_lock();
        hw.for_each_active_interface(&rcu, |vif| found = Some(vif)); //~ error[E0597]: `rcu` does not live long enough
    }
    let found: Option<&Vif<T>> = found;
}
