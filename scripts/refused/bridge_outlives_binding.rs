// SPDX-License-Identifier: GPL-2.0

//! A bridge above a device is not used after the device has been unbound.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, pci::{self, Bridge}};

pub fn test(pdev: &pci::Device<Bound>, keep: &mut Option<Bridge<'static>>) {
    *keep = pdev.upstream_bridge(); //~ error[E0521]: borrowed data escapes outside of function
}
