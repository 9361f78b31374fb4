// SPDX-License-Identifier: GPL-2.0

//! A 32-bit register is not read as a 16-bit one.

#![allow(missing_docs, unused)]

use kernel::{pci::express::{Dword, Express, Word}, prelude::*};

pub fn test(express: Express<'_>) -> Result {
    let _ = express.read16(Word::LinkStatus)?;
    let _ = express.read16(Dword::LinkCapabilities)?; //~ error[E0308]: mismatched types
    Ok(())
}
