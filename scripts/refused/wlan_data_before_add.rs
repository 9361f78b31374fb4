// SPDX-License-Identifier: GPL-2.0

//! An interface that was not added has no data yet.

#![allow(missing_docs, unused)]

use kernel::{net::mac80211::{Interface, Operations, Vif}, prelude::*};

pub fn added<T: Operations>(vif: &Vif<T>) -> &T::Vif {
    vif.data()
}

pub fn new(vif: &Interface) {
    vif.data(); //~ error[E0599]: no method named `data` found
}
