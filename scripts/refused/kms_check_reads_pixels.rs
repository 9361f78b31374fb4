// SPDX-License-Identifier: GPL-2.0

//! The framebuffer is mapped when it is committed, and not in the check phase.

#![allow(missing_docs, unused)]

use kernel::{drm::kms::{self, PlaneCheck, PlaneCommit}, prelude::*};

pub fn commit<T: kms::Driver>(commit: &PlaneCommit<'_, T>) {
    let _ = commit.shadow();
}

pub fn check<T: kms::Driver>(check: &PlaneCheck<'_, T>) {
    let _ = check.shadow(); //~ error[E0599]: no method named `shadow` found
}
