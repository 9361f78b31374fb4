// SPDX-License-Identifier: GPL-2.0

//! The 802.11 parsers of the kernel crate, compiled on the host to be fuzzed.

#[path = "../../../../rust/kernel/net/ieee80211/mod.rs"]
pub mod ieee80211;

pub mod exercise;
