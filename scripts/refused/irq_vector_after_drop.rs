// SPDX-License-Identifier: GPL-2.0

//! Vectors are not freed while one of them is in use.

#![allow(missing_docs, unused)]

use kernel::{device::Core, pci::{self, IrqTypes}, prelude::*};

pub fn test(pdev: &pci::Device<Core>) -> Result {
    let vectors = pdev.alloc_irq_vectors(1, 1, IrqTypes::all())?;
    let vector = vectors.vector(pdev, 0)?;
    drop(vectors); //~ error[E0505]: cannot move out of `vectors` because it is borrowed
    let _ = vector.irq();
    Ok(())
}
