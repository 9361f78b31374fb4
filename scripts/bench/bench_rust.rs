// SPDX-License-Identifier: GPL-2.0

//! What drivers do in their hot paths, as they do it in Rust. The functions of the same names in
//! bench_c.c do the same. The interrupt handlers are found by the names of their types.

#![allow(non_camel_case_types)]

use kernel::{
    c_str,
    device::{Bound, Device},
    devres::Devres,
    dma::CoherentAllocation,
    io::register::RegisterIo,
    irq::{self, IrqReturn},
    pci,
    prelude::*,
    sync::Completion,
};

type Bar = pci::Bar<0x100>;

/// The registers of the device.
const STATUS: usize = 0x24;
const ACK: usize = 0x64;
const CONTROL: usize = 0x10;

#[no_mangle]
fn bench_mmio_read(bar: &Bar) -> u32 {
    bar.read32(CONTROL)
}

#[no_mangle]
fn bench_mmio_write(bar: &Bar, value: u32) {
    bar.write32(value, CONTROL);
}

#[no_mangle]
fn bench_mmio_update(bar: &Bar, set: u32) {
    bar.write32(bar.read32(CONTROL) & !0xff | set, CONTROL);
}

kernel::register! {
    CONTROL_REG(u32) @ 0x10 {
        7:0 mode as u8;
    }
}

#[no_mangle]
fn bench_register_read(bar: &Bar) -> u8 {
    bar.read(CONTROL_REG).mode()
}

#[no_mangle]
fn bench_register_update(bar: &Bar, mode: u8) {
    bar.update(CONTROL_REG, |control| control.with_mode(mode));
}

#[no_mangle]
fn bench_register_checked(bar: &Bar, value: &mut u32) -> Result {
    *value = bar.checked().read(CONTROL_REG)?.into();
    Ok(())
}

#[no_mangle]
fn bench_mmio_access(bar: &Devres<Bar>, dev: &Device<Bound>, value: u32) -> Result {
    bar.access(dev)?.write32(value, CONTROL);
    Ok(())
}

#[no_mangle]
fn bench_mmio_try_access(bar: &Devres<Bar>, value: u32) -> Result {
    bar.try_access_with(|bar| bar.write32(value, CONTROL))
        .ok_or(ENXIO)
}

#[no_mangle]
fn bench_config_read(pdev: &pci::Device<Bound>, value: &mut u16) -> Result {
    const COMMAND: usize = 0x04;

    *value = pdev.config_space().read16::<COMMAND>()?;
    Ok(())
}

#[no_mangle]
fn bench_config_write(pdev: &pci::Device<Bound>, value: u16) -> Result {
    const COMMAND: usize = 0x04;

    pdev.config_space().write16::<COMMAND>(value)
}

struct bench_irq_empty;

impl irq::Handler for bench_irq_empty {
    fn handle(&self, _dev: &Device<Bound>) -> IrqReturn {
        IrqReturn::Handled
    }
}

#[pin_data]
struct bench_irq_status {
    #[pin]
    bar: Devres<Bar>,
}

impl irq::Handler for bench_irq_status {
    fn handle(&self, dev: &Device<Bound>) -> IrqReturn {
        let Ok(bar) = self.bar.access(dev) else {
            return IrqReturn::None;
        };

        match bar.read32(STATUS) {
            0 => IrqReturn::None,
            status => {
                bar.write32(status, ACK);
                IrqReturn::Handled
            }
        }
    }
}

type Handlers = (
    Pin<KBox<irq::Registration<bench_irq_empty>>>,
    Pin<KBox<irq::Registration<bench_irq_status>>>,
);

/// Has the compiler make what the interrupt core calls.
#[no_mangle]
fn request_irqs(
    pdev: &pci::Device<Bound>,
    empty: irq::IrqRequest<'_>,
    status: irq::IrqRequest<'_>,
) -> Result<Handlers> {
    const NAME: &CStr = c_str!("bench");

    let empty = irq::Registration::new(empty, irq::Flags::TRIGGER_NONE, NAME, Ok(bench_irq_empty));
    let handler = try_pin_init!(bench_irq_status {
        bar <- pdev.iomap_region_sized::<0x100>(0, NAME),
    });
    let status = irq::Registration::new(status, irq::Flags::TRIGGER_NONE, NAME, handler);

    Ok((
        KBox::pin_init(empty, GFP_KERNEL)?,
        KBox::pin_init(status, GFP_KERNEL)?,
    ))
}

#[no_mangle]
fn bench_coherent_read(ring: &CoherentAllocation<u32>, index: usize) -> Result<u32> {
    kernel::dma_read!(ring[index])
}

#[no_mangle]
fn bench_coherent_write(ring: &CoherentAllocation<u32>, index: usize, value: u32) -> Result {
    kernel::dma_write!(ring[index] = value)
}

#[no_mangle]
fn bench_completion_complete(done: &Completion) {
    done.complete();
}

#[no_mangle]
fn bench_completion_try_wait(done: &Completion) -> bool {
    done.try_wait_for_completion()
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
    name: "bench_rust",
    authors: ["Seed e5ff81f6 maintainers"],
    description: "Functions to count the instructions of",
    license: "GPL",
}
