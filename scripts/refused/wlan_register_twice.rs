// SPDX-License-Identifier: GPL-2.0

//! Hardware is registered once.

#![allow(missing_docs, unused)]

use kernel::{net::mac80211::{Configured, Operations}, prelude::*};

pub fn test<T: Operations>(hw: Configured<T>) -> Result {
    let first = hw.register()?;
    let second = hw.register()?; //~ error[E0382]: use of moved value
    Ok(())
}
