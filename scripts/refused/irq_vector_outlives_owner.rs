// SPDX-License-Identifier: GPL-2.0

//! A vector is no longer used than the value lives that frees it.

#![allow(missing_docs, unused)]

use kernel::{device::Core, pci::{self, IrqTypes}, prelude::*};

pub fn test(pdev: &pci::Device<Core>) -> Result<pci::IrqVector<'_>> {
    let vectors = pdev.alloc_irq_vectors(1, 1, IrqTypes::all())?;
    return vectors.vector(pdev, 0); //~ error[E0515]: cannot return value referencing local variable `vectors`
    Err(EINVAL)
}
