// SPDX-License-Identifier: GPL-2.0

//! In a panic there is no way to the device, whose registers may have locks.

#![allow(missing_docs, unused)]

use kernel::{drm::kms::{Driver, PanicContext}, prelude::*};

pub fn test<T: Driver>(panic: &PanicContext<'_, T>) {
    let drm = panic.drm(); //~ error[E0599]: no method named `drm` found
}
