// SPDX-License-Identifier: GPL-2.0

//! Only control registers are read, modified and written; in others, this would clear bits.

#![allow(missing_docs, unused)]

use kernel::{pci::express::{Control, Express, Word}, prelude::*};

pub fn test(express: Express<'_>) -> Result {
    express.clear_and_set(Control::Link, 0, 0)?;
    express.clear_and_set(Word::LinkStatus, 0, 0)?; //~ error[E0308]: mismatched types
    Ok(())
}
