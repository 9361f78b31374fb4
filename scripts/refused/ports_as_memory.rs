// SPDX-License-Identifier: GPL-2.0

//! I/O ports are not accessed like memory.

#![allow(missing_docs, unused)]

use kernel::{io::Io, pci};

pub fn test<'a>(bar: &'a pci::BarMap<0x10>, ports: &'a pci::PortBar<0x10>) -> &'a Io<0x10> {
    let io: &Io<0x10> = bar;
    let io: &Io<0x10> = ports; //~ error[E0308]: mismatched types
    io
}
