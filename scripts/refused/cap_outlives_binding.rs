// SPDX-License-Identifier: GPL-2.0

//! The view of a capability does not outlive the binding.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, pci::{self, cap, ConfigSpace, Normal}, prelude::*};

pub fn test(
    pdev: &pci::Device<Bound>,
    keep: &mut Option<cap::View<cap::MsiX, ConfigSpace<'static, Normal>>>,
) -> Result {
    *keep = pdev.find_capability::<cap::MsiX>()?; //~ error[E0521]: borrowed data escapes outside of function
    Ok(())
}
