// SPDX-License-Identifier: GPL-2.0

//! Objects are created before the device is registered.

#![allow(missing_docs, unused)]

use kernel::{drm, drm::kms::{self, EncoderType, Encoder, NewObjects}, prelude::*};

pub fn before<T: kms::Driver<Encoder = ()>>(new: &NewObjects<'_, T>) -> Result {
    Encoder::new(new, EncoderType::Virtual, 1, Ok(()))?;
    Ok(())
}

pub fn after<T: kms::Driver<Encoder = ()>>(drm: &drm::Device<T>) -> Result {
    Encoder::new(drm, EncoderType::Virtual, 1, Ok(()))?; //~ error[E0308]: mismatched types
    Ok(())
}
