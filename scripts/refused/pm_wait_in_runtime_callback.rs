// SPDX-License-Identifier: GPL-2.0

//! A runtime PM callback that waits for the runtime PM of its device waits for itself.

#![allow(missing_docs, unused)]

use kernel::{device::{Core, Pm}, pci, prelude::*};

pub fn probe(pdev: &pci::Device<Core>) -> Result {
    let _awake = pdev.runtime_pm().resume_and_get()?;
    Ok(())
}

pub fn runtime_suspend(pdev: &pci::Device<Pm>) -> Result {
    let _usage = pdev.runtime_pm().get_noresume();
    let _awake = pdev.runtime_pm().resume_and_get()?; //~ error[E0599]: the method `resume_and_get` exists for struct `RuntimePm<'_, Pm>`, but its trait bounds were not satisfied
    Ok(())
}
