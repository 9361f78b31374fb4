// SPDX-License-Identifier: GPL-2.0

//! Hardware that is not registered can't be set up anew: mac80211 would never cancel that.

#![allow(missing_docs, unused)]

use kernel::{
    net::mac80211::{Configured, Operations, Registration},
    prelude::*,
};

pub fn registered<T: Operations>(hw: &Registration<T>) {
    hw.restart();
}

pub fn configured<T: Operations>(hw: &Configured<T>) {
    hw.restart(); //~ error[E0599]: no method named `restart` found
}
