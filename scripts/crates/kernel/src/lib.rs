// SPDX-License-Identifier: GPL-2.0

//! The kernel: base source, worktrees, configuration and build.

mod build;
mod config;
mod git;
mod modules;
mod refused;
mod source;

pub use build::{Build, Built};
pub use config::{Config, Fragment};
pub use git::{git, Linux};
pub use source::{base_in, check_space, release, Base, Source};
