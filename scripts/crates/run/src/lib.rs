// SPDX-License-Identifier: GPL-2.0

//! Running other programs: progress on the terminal, everything in log files, errors that say
//! what failed, where the log is and what to do next. And the place where all of it is kept.

mod cache;
mod command;
mod ui;

pub use cache::{free_space, Cache, Lock};
pub use command::{logged, output, succeeds, Failure};
pub use ui::{Step, Ui};
