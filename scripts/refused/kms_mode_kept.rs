// SPDX-License-Identifier: GPL-2.0

//! A mode can be changed while it is adjusted, and not later.

#![allow(missing_docs, unused)]

use kernel::{drm::kms::{self, CrtcCheck, DisplayMode}, prelude::*};

pub fn check<T: kms::Driver>(check: &mut CrtcCheck<'_, T>) {
    let mut kept = None::<&mut DisplayMode>;
    check.adjust_mode(|mode| mode.set_clock(25000));
    check.adjust_mode(|mode| kept = Some(mode)); //~ error[E0521]: borrowed data escapes outside of closure
}
