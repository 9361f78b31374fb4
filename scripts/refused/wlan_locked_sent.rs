// SPDX-License-Identifier: GPL-2.0

//! That the mutex of the wiphy is held is true of one thread.

#![allow(missing_docs, unused)]

use kernel::{
    net::{cfg80211::Locked, mac80211::{Hw, Operations}},
    prelude::*,
};

fn send<T: Send>(_: T) {}

pub fn test<T: Operations>(hw: &Locked<Hw<T>>) {
    let plain: &Hw<T> = hw;
    send(plain);
    send(hw); //~ error[E0277]: cannot be shared between threads safely
}
