// SPDX-License-Identifier: GPL-2.0

//! A driver does not say what can be mapped.

#![allow(missing_docs, unused)]

use kernel::dma::{Linear, Memory};

struct Mine([u8; 16]);

unsafe impl Linear for Mine { fn memory(&self) -> Memory { loop {} } } //~ error[E0277]: private::Sealed` is not satisfied
