// SPDX-License-Identifier: GPL-2.0

//! What a kernel and its tests print: KTAP results, and problems in a kernel log.
//!
//! Pure text in, values out. Whatever is incomplete counts as a failure: a plan that promises more
//! than came, output that ends in the middle, no plan, no test at all.

mod line;
mod problems;
mod results;

pub use line::message;
pub use problems::{merge, scan, Problem};
pub use results::{kernel_log, output, Case, Results, Status};
