// SPDX-License-Identifier: GPL-2.0

//! What a poll may do is not for another thread.

#![allow(missing_docs, unused)]

use kernel::{net::napi::PollContext, prelude::*};

fn spawn<F: FnOnce() + Send>(f: F) {}

fn take<T>(value: T) {}

pub fn test(context: &PollContext<'_>) {
    spawn(move || take(context)); //~ error[E0277]: cannot be shared between threads safely
}
