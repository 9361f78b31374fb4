// SPDX-License-Identifier: GPL-2.0

//! The power state is changed by callbacks, not behind their back.

#![allow(missing_docs, unused)]

use kernel::{device::{Bound, Core}, pci::{self, PowerState}, prelude::*};

pub fn suspend(pdev: &pci::Device<Core>) -> Result {
    pdev.set_power_state(PowerState::D3Hot)
}

pub fn handler(pdev: &pci::Device<Bound>) -> Result {
    pdev.set_power_state(PowerState::D3Hot)?; //~ error[E0599]: no method named `set_power_state` found
    Ok(())
}
