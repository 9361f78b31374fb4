// SPDX-License-Identifier: GPL-2.0

//! The state before is not taken for the one after.

#![allow(missing_docs, unused)]

use kernel::{drm::kms::{self, New, PlaneCommit, PlaneState}, prelude::*};

fn show<T: kms::Driver>(state: New<'_, PlaneState<T>>) {}

pub fn commit<T: kms::Driver>(commit: &PlaneCommit<'_, T>) {
    show(commit.new_state());
    show(commit.old_state()); //~ error[E0308]: mismatched types
}
