// SPDX-License-Identifier: GPL-2.0

//! Devres drops its data at unbind, also if the `Devres` has been leaked: it must not borrow.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Device}, devres::Devres, prelude::*};

struct Borrows<'a>(&'a u32);

pub fn owned(dev: &Device<Bound>, value: u32) -> Result {
    core::mem::forget(KBox::pin_init(Devres::new(dev, value), GFP_KERNEL)?);
    Ok(())
}

pub fn borrowed<'a>(dev: &Device<Bound>, value: &'a u32) -> Result {
    core::mem::forget(KBox::pin_init(Devres::new(dev, Borrows(value)), GFP_KERNEL)?); //~ error[E0521]: borrowed data escapes
    Ok(())
}
