// SPDX-License-Identifier: GPL-2.0

//! The mode of a state is changed by checks only.

#![allow(missing_docs, unused)]

use kernel::{drm::kms::{self, CrtcState, New}, prelude::*};

pub fn commit<T: kms::Driver>(state: New<'_, CrtcState<T>>) -> i32 {
    state.mode().set_clock(25000); //~ error[E0596]: cannot borrow data in a `&` reference as mutable
    state.mode().clock()
}
