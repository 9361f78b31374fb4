// SPDX-License-Identifier: GPL-2.0

//! Objects of two drivers can't be put together.

#![allow(missing_docs, unused)]

use kernel::{drm::kms::{self, Crtc, NewObjects, Plane}, prelude::*};

pub fn create<A: kms::Driver, B: kms::Driver>(
    new: &NewObjects<'_, A>,
    mine: &Plane<A>,
    other: &Plane<B>,
    data: [A::Crtc; 2],
) -> Result {
    let [data, more] = data;
    Crtc::new(new, mine, None, Ok(data))?;
    Crtc::new(new, other, None, Ok(more))?; //~ error[E0308]: mismatched types
    Ok(())
}
