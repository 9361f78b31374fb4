// SPDX-License-Identifier: GPL-2.0

//! Who has a shared reference can read only.

#![allow(missing_docs, unused)]

use kernel::{net::skb::Skb, prelude::*};

pub fn test(skb: &Skb) -> Result {
    skb.data_mut()?[0] = 1; //~ error[E0596]: cannot borrow `*skb` as mutable
    Ok(())
}
