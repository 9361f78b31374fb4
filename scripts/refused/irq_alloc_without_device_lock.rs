// SPDX-License-Identifier: GPL-2.0

//! An interrupt handler has a bound device, but not the device lock.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Core}, pci::{self, IrqTypes}, prelude::*};

pub fn probe(pdev: &pci::Device<Core>) -> Result {
    pdev.alloc_irq_vectors(1, 1, IrqTypes::all())?;
    Ok(())
}

pub fn handler(pdev: &pci::Device<Bound>) -> Result {
    pdev.alloc_irq_vectors(1, 1, IrqTypes::all())?; //~ error[E0599]: no method named `alloc_irq_vectors` found
    Ok(())
}
