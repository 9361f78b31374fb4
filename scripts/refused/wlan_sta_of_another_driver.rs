// SPDX-License-Identifier: GPL-2.0

//! A station has the data of its own driver, not that of another one.

#![allow(missing_docs, unused)]

use kernel::{net::mac80211::{Operations, Sta}, prelude::*};

pub fn test<A: Operations, B: Operations>(sta: &Sta<A>) {
    let other: &Sta<B> = sta; //~ error[E0308]: mismatched types
}
