// SPDX-License-Identifier: GPL-2.0

//! The parent of a CRTC is known to be bound while vertical blanks are enabled, and not later.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Device}, drm::kms::{self, Crtc, DriverCrtc}, prelude::*};

pub fn enable<C: DriverCrtc>(crtc: &Crtc<C::Driver>, dev: &Device<Bound>) -> Result {
    C::enable_vblank(crtc, dev)?;
    let kept: &'static Device<Bound> = dev; //~ error: lifetime may not live long enough
    Ok(())
}
