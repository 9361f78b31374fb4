// SPDX-License-Identifier: GPL-2.0

//! What a file in debugfs refers to is part of the device.

#![allow(missing_docs, unused)]

use kernel::{c_str, debugfs::ScopedDir, drm, prelude::*};

pub fn create<'data, T>(drm: &'data drm::Device<T>, dir: &ScopedDir<'data, '_>)
where
    T: drm::Driver<Data = u32>,
{
    let local = 1u32;
    dir.read_only_file(c_str!("data"), &**drm);
    dir.read_only_file(c_str!("local"), &local); //~ error[E0597]: `local` does not live long enough
}
