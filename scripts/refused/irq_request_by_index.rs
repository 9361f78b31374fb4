// SPDX-License-Identifier: GPL-2.0

//! An index alone may name a vector that nobody has allocated.

#![allow(missing_docs, unused)]

use kernel::{c_str, device::{Bound, Device}, irq, pci, prelude::*};

struct Handler;

impl irq::Handler for Handler {
    fn handle(&self, _dev: &Device<Bound>) -> irq::IrqReturn {
        irq::IrqReturn::None
    }
}

pub fn test(pdev: &pci::Device<Bound>) {
    let _ = pdev.request_irq(0, irq::Flags::SHARED, c_str!("h"), Handler); //~ error[E0599]: no method named `request_irq` found
}
