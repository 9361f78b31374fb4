// SPDX-License-Identifier: GPL-2.0

//! A register belongs to its block, which may be anywhere in the mapping.

#![allow(missing_docs, unused)]

use kernel::{io::{register::{RegisterBlock, RegisterIo}, Io}, register};

pub struct Queue;

impl RegisterBlock for Queue {
    const SIZE: usize = 0x10;
}

register! {
    for Queue;

    HEAD(u32) @ 0x04 { 15:0 index as u16; }
}

pub fn test(io: &Io<0x100>) {
    io.block::<Queue, 0x80>().read(HEAD);
    io.read(HEAD); //~ error[E0271]: type mismatch resolving `<HEAD as Register>::Block == ()`
}
