// SPDX-License-Identifier: GPL-2.0

//! A vector is no longer used than the device is bound.

#![allow(missing_docs, unused)]

use kernel::{device::Bound, pci::{self, IrqVector, IrqVectors}, prelude::*};

pub fn test(pdev: &pci::Device<Bound>, vectors: &'static IrqVectors) -> Result {
    let vector = vectors.vector(pdev, 0)?;
    let vector: IrqVector<'static> = vectors.vector(pdev, 0)?; //~ error: lifetime may not live long enough
    Ok(())
}
