// SPDX-License-Identifier: GPL-2.0

//! A callback, which has the mutex of the wiphy locked already, can't lock it again.

#![allow(missing_docs, unused)]

use kernel::{
    net::{cfg80211::Locked, mac80211::{Hw, Operations}},
    prelude::*,
};

pub fn start<T: Operations>(hw: &Locked<Hw<T>>) {
    hw.lock(); //~ error[E0599]: no method named `lock` found
}
