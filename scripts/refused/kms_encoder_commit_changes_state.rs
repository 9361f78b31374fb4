// SPDX-License-Identifier: GPL-2.0

//! States of connectors change in the check phase, and not when they are committed.

#![allow(missing_docs, unused)]

use kernel::{drm::kms::{self, EncoderCheck, EncoderCommit}, prelude::*};

pub fn check<T: kms::Driver>(check: &mut EncoderCheck<'_, T>) {
    *check.connector_data_mut() = Default::default();
}

pub fn commit<T: kms::Driver>(commit: &mut EncoderCommit<'_, T>) {
    *commit.connector_data_mut() = Default::default(); //~ error[E0599]: no method named `connector_data_mut` found
}
