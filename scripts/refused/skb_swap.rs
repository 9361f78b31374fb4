// SPDX-License-Identifier: GPL-2.0

//! Two buffers that are only borrowed can't be exchanged.

#![allow(missing_docs, unused)]

use kernel::{net::skb::Skb, prelude::*};

pub fn test(a: &mut Skb, b: &mut Skb) {
    core::mem::swap(a, b); //~ error[E0277]: the size for values of type `[()]` cannot be known at compilation time
}
