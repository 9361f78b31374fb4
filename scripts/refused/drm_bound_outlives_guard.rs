// SPDX-License-Identifier: GPL-2.0

//! The parent of a DRM device is known to be bound until the guard is dropped.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Device}, drm, prelude::*};

pub fn kept<T: drm::Driver>(drm: &drm::Device<T>) -> Option<&Device<Bound>> {
    let guard = drm.enter()?;
    return Some(guard.dev()); //~ error[E0515]: cannot return value referencing local variable `guard`
    None
}
