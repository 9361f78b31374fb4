// SPDX-License-Identifier: GPL-2.0
//! The `series` command.

fn main() {}
