// SPDX-License-Identifier: GPL-2.0

//! A handler must not wait for itself. It has a bound device, but not the device lock.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Core, Device}, irq, prelude::*};

pub fn suspend<T: irq::Handler>(dev: &Device<Core>, irq: &irq::Registration<T>) -> Result {
    irq.disable(dev)?.leave();
    Ok(())
}

pub fn handler<T: irq::Handler>(dev: &Device<Bound>, irq: &irq::Registration<T>) -> Result {
    irq.disable(dev)?.leave(); //~ error[E0308]: mismatched types
    Ok(())
}
