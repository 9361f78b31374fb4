// SPDX-License-Identifier: GPL-2.0

//! Hardware is allocated for a device that is bound.

#![allow(missing_docs, unused)]

use kernel::{
    device::{Bound, Device},
    net::mac80211::{Allocated, Operations},
    prelude::*,
};

pub fn right<T: Operations>(dev: &Device<Bound>, data: T) -> Result<Allocated<T>> {
    Allocated::new(dev, data)
}

pub fn test<T: Operations>(dev: &Device, data: T) -> Result {
    let _ = Allocated::new(dev, data)?; //~ error[E0308]: mismatched types
    Ok(())
}
