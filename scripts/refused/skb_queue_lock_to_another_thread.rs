// SPDX-License-Identifier: GPL-2.0

//! The lock is dropped by the thread that has taken it.

#![allow(missing_docs, unused)]

use kernel::{net::skb::{QueueGuard, SkbQueue}, prelude::*};

fn send<T: Send>(_: T) {}

pub fn test(queue: &SkbQueue) {
    let guard = queue.lock();
    send(guard); //~ error[E0277]: `*mut ()` cannot be sent between threads safely
}
