// SPDX-License-Identifier: GPL-2.0

//! Boots a kernel in QEMU, runs the guest tests, and judges what came out.
//!
//! - `test`: a test script and what it says about itself in its first lines
//! - `configuration`: the machines on which tests run
//! - [`plans`]: which tests share a boot
//! - `initramfs`, `cpio`: what the guest starts from
//! - `machine`: the command line of QEMU
//! - `monitor`: QMP; `guest`: the line to the agent in the guest; `terminal`: the user's
//! - `picture`: what a display shows
//! - [`boot`]: all boots; `supervise`: one, from start to power off
//! - [`Report`]: what came out, and the verdict

mod boot;
mod configuration;
mod cpio;
mod guest;
mod initramfs;
mod machine;
mod monitor;
mod picture;
mod plan;
mod report;
mod supervise;
mod terminal;
mod test;

pub use boot::{boot, Kernel, Mode, Options};
pub use plan::{plans, plans_apart, Extent, Plan};
pub use report::Report;
