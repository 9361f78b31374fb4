// SPDX-License-Identifier: GPL-2.0

//! A register whose end overflows would pass for one that ends at 0.

#![allow(missing_docs, unused)]

use kernel::{
    io::{register::RegisterIo, Io},
    prelude::*,
    register,
};

register! {
    FIRST(u32) @ 0x00 {
        0:0 start as bool;
    }

    LAST(u32) @ (usize::MAX - 3) {
        0:0 start as bool;
    }
}

pub fn test(io: &Io) -> Result {
    io.try_read(FIRST)?;
    io.try_write(LAST, LAST::default())?; //~ error[E0080]: attempt to compute `18446744073709551612_usize + 4_usize`, which would overflow
    Ok(())
}
