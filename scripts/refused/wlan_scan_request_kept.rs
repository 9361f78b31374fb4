// SPDX-License-Identifier: GPL-2.0

//! What a scan is asked for belongs to mac80211; a driver copies what it needs.

#![allow(missing_docs, unused)]

use kernel::{net::mac80211::ScanRequest, prelude::*};

pub struct Scan {
    elements: &'static [u8],
}

pub fn begin(req: &ScanRequest<'_>) -> Scan {
    let mut scan = Scan { elements: &[] };
    scan.elements = req.elements(); //~ error: lifetime may not live long enough
    scan
}
