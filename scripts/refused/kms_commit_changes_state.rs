// SPDX-License-Identifier: GPL-2.0

//! States change in the check phase, and not when they are committed.

#![allow(missing_docs, unused)]

use kernel::{drm::kms::{self, DriverPlane, PlaneCheck, PlaneCommit}, prelude::*};

pub fn check<T: kms::Driver>(check: &mut PlaneCheck<'_, T>) {
    *check.data_mut() = Default::default();
}

pub fn commit<T: kms::Driver>(commit: &mut PlaneCommit<'_, T>) {
    *commit.data_mut() = Default::default(); //~ error[E0599]: no method named `data_mut` found
}
