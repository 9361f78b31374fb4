// SPDX-License-Identifier: GPL-2.0

//! What has been read of a new state is not used any more when it is changed.

#![allow(missing_docs, unused)]

use kernel::{drm::kms::{self, ConnectorCheck}, prelude::*};

pub fn check<T: kms::Driver>(check: &mut ConnectorCheck<'_, T>) -> bool {
    let state = check.new_state();
    *check.data_mut() = Default::default(); //~ error[E0502]: cannot borrow `*check` as mutable because it is also borrowed as immutable
    state.crtc().is_some()
}
