// SPDX-License-Identifier: GPL-2.0

//! Access to the link does not outlive the binding.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, pci::{self, Express}, prelude::*};

pub fn test(pdev: &pci::Device<Bound>, keep: &mut Option<Express<'static>>) {
    *keep = pdev.express(); //~ error[E0521]: borrowed data escapes outside of function
}
