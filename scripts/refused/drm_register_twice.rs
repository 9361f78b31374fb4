// SPDX-License-Identifier: GPL-2.0

//! A DRM device is registered once.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Device}, drm, prelude::*};

pub fn probe<T: drm::Driver + 'static>(drm: drm::UnregisteredDevice<T>, dev: &Device<Bound>) -> Result {
    drm::Registration::new_foreign_owned(drm, dev, 0)?;
    drm::Registration::new_foreign_owned(drm, dev, 0)?; //~ error[E0382]: use of moved value: `drm`
    Ok(())
}
