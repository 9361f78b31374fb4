// SPDX-License-Identifier: GPL-2.0

//! A register lies within the mapping.

#![allow(missing_docs, unused)]

use kernel::{io::{register::RegisterIo, Io}, prelude::*, register};

register! {
    ID(u32) @ 0x00, ro { 7:0 revision as u8; }
    CONTROL(u32) @ 0x04 { 3:0 mode as u8; }
    CAUSES(u32) @ 0x08, w1c { 0:0 done as bool; }
    DOORBELL(u32) @ 0x0c, wo { 7:0 queue as u8; }
    ADDRESS(u32) @ 0x10[4; 8] { 31:0 page; }
    FAR(u32) @ 0x100 { 31:0 value; }
}

pub fn test(io: &Io<0x100>) {
    io.read(CONTROL);
    io.read(FAR); //~ error[E0080]: register is beyond the end of the space
}
