// SPDX-License-Identifier: GPL-2.0

//! Hardware is registered after it was configured, and not configured afterwards.

#![allow(missing_docs, unused)]

use kernel::{net::mac80211::{Allocated, Config, Operations, Registration}, prelude::*};

pub fn right<T: Operations>(hw: Allocated<T>, config: &Config<'_>) -> Result<Registration<T>> {
    hw.configure(config)?.register()
}

pub fn test<T: Operations>(hw: Allocated<T>) -> Result<Registration<T>> {
    return hw.register(); //~ error[E0599]: no method named `register` found
    Err(EINVAL)
}
