// SPDX-License-Identifier: GPL-2.0

//! A handler must not wait for itself. It has a bound device, but not the device lock.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Core, Device}, irq, prelude::*};

pub fn unbind<T: irq::ThreadedHandler>(
    dev: &Device<Core>,
    irq: &irq::ThreadedRegistration<T>,
) -> Result {
    irq.synchronize(dev)
}

pub fn handler<T: irq::ThreadedHandler>(
    dev: &Device<Bound>,
    irq: &irq::ThreadedRegistration<T>,
) -> Result {
    irq.synchronize(dev)?; //~ error[E0308]: mismatched types
    Ok(())
}
