// SPDX-License-Identifier: GPL-2.0

//! Several tasks may use a file of a DRM device at the same time.

#![allow(missing_docs, unused)]

use core::{cell::Cell, marker::PhantomData};
use kernel::{drm::{self, file::DriverFile}, prelude::*};

pub struct File<T>(Cell<u32>, PhantomData<fn() -> T>);

impl<T: drm::Driver> DriverFile for File<T> { type Driver = T; fn open(_: &drm::Device<T>) -> Result<Pin<KBox<Self>>> { Err(EINVAL) } } //~ error[E0277]: `core::cell::Cell<u32>` cannot be shared between threads safely
