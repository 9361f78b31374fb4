// SPDX-License-Identifier: GPL-2.0

//! The mode of the hardware is adjusted in the check phase, and not when it is committed.

#![allow(missing_docs, unused)]

use kernel::{drm::kms::{self, CrtcCheck, CrtcCommit}, prelude::*};

pub fn check<T: kms::Driver>(check: &mut CrtcCheck<'_, T>) {
    check.adjust_mode(|mode| mode.set_clock(25000));
}

pub fn commit<T: kms::Driver>(commit: &mut CrtcCommit<'_, T>) {
    commit.adjust_mode(|mode| mode.set_clock(25000)); //~ error[E0599]: no method named `adjust_mode` found
}
