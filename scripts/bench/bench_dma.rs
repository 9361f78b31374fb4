// SPDX-License-Identifier: GPL-2.0

//! What bench_rust.rs is for, with streaming DMA mappings. Compiled only if the kernel has them.

use kernel::{
    dma::{Mapper, ToDevice},
    pci,
    prelude::*,
};

const CONTROL: usize = 0x10;

#[no_mangle]
fn bench_dma_map_unmap(
    bar: &pci::Bar<0x100>,
    mapper: &Mapper,
    data: KBox<[u8; 2048]>,
) -> Result<KBox<[u8; 2048]>> {
    let mapping = mapper.map(data, ToDevice)?;

    bar.write32(mapping.dma_address() as u32, CONTROL);
    Ok(mapping.unmap())
}

struct Bench;

impl kernel::Module for Bench {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // Nothing here is for running.
        Err(ENODEV)
    }
}

module! {
    type: Bench,
    name: "bench_dma",
    authors: ["Seed e5ff81f6 maintainers"],
    description: "Functions to count the instructions of",
    license: "GPL",
}
