// SPDX-License-Identifier: GPL-2.0

//! Boots a kernel in QEMU, runs the guest tests, and judges what came out.
//!
//! - [`Test`]: a test script and what it says about itself in its first lines
//! - [`plan`]: which tests share a boot
//! - `initramfs`, `cpio`: what the guest starts from
//! - `machine`: the command line of QEMU
//! - `monitor`: QMP; `guest`: the line to the agent in the guest
//! - [`boot`], `supervise`: one boot, from start to power off
//! - [`Report`]: what came out, and the verdict

mod boot;
mod cpio;
mod guest;
mod initramfs;
mod machine;
mod monitor;
mod plan;
mod report;
mod supervise;
mod test;

pub use boot::{boot, Kernel, Mode, Options};
pub use plan::{plan, Plan};
pub use report::{Binding, Boot, Outcome, Report};
pub use test::{load, Expectation, Root, Test};
