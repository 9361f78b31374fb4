// SPDX-License-Identifier: GPL-2.0

//! An interrupt is not enabled again after its handler may have been unregistered.

#![allow(missing_docs, unused)]

use kernel::{irq, prelude::*};

pub fn hold<T: irq::Handler>(registration: &irq::Registration<T>) -> Result {
    registration.with_line(|line| {
        let disabled = line.disable_nosync()?;
        drop(disabled);
        Ok(())
    })?
}

pub fn keep<T: irq::Handler>(registration: &irq::Registration<T>) -> Result {
    registration.with_line(|line| line.disable_nosync())??; //~ error: lifetime may not live long enough
    Ok(())
}
