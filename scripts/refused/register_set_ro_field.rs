// SPDX-License-Identifier: GPL-2.0

//! A field that can only be read has no setter.

#![allow(missing_docs, unused)]

use kernel::register;

register! {
    pub STATUS(u32) @ 0x00 {
        0:0 enable as bool;
        1:1 busy as bool, ro;
    }
}

pub fn test(status: STATUS) {
    let _ = status.busy();
    let _ = status.with_enable(true);
    let _ = status.with_busy(true); //~ error[E0599]: no method named `with_busy` found
}
