// SPDX-License-Identifier: GPL-2.0

//! The configuration is read with the mutex of the wiphy.

#![allow(missing_docs, unused)]

use kernel::{
    net::{cfg80211::Locked, mac80211::{Hw, Operations, Registration}},
    prelude::*,
};

pub fn locked<T: Operations>(hw: &Locked<Hw<T>>) -> bool {
    hw.conf().idle
}

pub fn registered<T: Operations>(hw: &Registration<T>) -> bool {
    hw.lock().conf().idle
}

pub fn unlocked<T: Operations>(hw: &Hw<T>) -> bool {
    return hw.conf().idle; //~ error[E0599]: no method named `conf` found
    false
}
