// SPDX-License-Identifier: GPL-2.0

//! That a connection is lost is said with the mutex of the wiphy.

#![allow(missing_docs, unused)]

use kernel::{
    net::{
        cfg80211::Locked,
        mac80211::{Hw, Operations, Vif},
    },
    prelude::*,
};

pub fn locked<T: Operations>(hw: &Locked<Hw<T>>, vif: &Vif<T>) -> Result {
    hw.connection_loss(vif)
}

pub fn unlocked<T: Operations>(hw: &Hw<T>, vif: &Vif<T>) -> Result {
    return hw.connection_loss(vif); //~ error[E0599]: no method named `connection_loss` found
    Ok(())
}
