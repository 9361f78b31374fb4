// SPDX-License-Identifier: GPL-2.0

//! Rust PCI driver sample for QEMU's educational device `edu`.
//!
//! To make this driver probe, QEMU must be run with `-device edu`. The device is described in
//! `docs/specs/edu.rst` of QEMU. It computes factorials, and copies between memory and a buffer of
//! its own, both of which it signals by an interrupt.
//!
//! The directory `rust_driver_edu-<name of the device>` in debugfs has these files:
//!
//! - `identification`: what the identification register has said in probe.
//! - `vector`: the type of the interrupt vector and its number.
//! - `interrupts`: how many interrupts there have been, by cause.
//! - `factorial`: write `N` to have the device compute `N!` modulo 2^32. The write returns when the
//!   device has finished. Read it to get `N` and the result.
//! - `dma`: write `SEED LENGTH` to have the device copy `LENGTH` bytes of a pattern that depends on
//!   `SEED` to its buffer, and back to another place. Read it to get how many bytes have been
//!   compared, and how many were wrong.
//!
//! A write fails with `ETIMEDOUT` if the device does not finish or does not signal it, with
//! `ENODEV` if the driver is being unbound, with either if the device is gone, and with `EBUSY` if
//! one of the files `factorial` and `dma` is in use otherwise. Reading gives `busy` during an
//! operation, and `none` after a failure.

use core::{
    fmt,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};
use kernel::{
    c_str,
    debugfs::Scope,
    device::{Bound, Core, Device},
    devres::Devres,
    dma::{CoherentAllocation, Device as _, DmaAddress, DmaMask},
    io::poll::read_poll_timeout,
    irq, new_mutex,
    pci::{self, IrqType, IrqTypes},
    prelude::*,
    str::CString,
    sync::{Arc, Completion, Mutex},
    time::{msecs_to_jiffies, Delta, Msecs},
    uaccess::UserSliceReader,
};

/// Offsets of the registers in BAR 0, in bytes. All of them can be accessed with 32 bits.
mod regs {
    /// Read only: the major and minor revision, and [`ID_EDU`](super::ID_EDU).
    pub(crate) const ID: usize = 0x00;
    /// Gives the complement of what has been written.
    pub(crate) const LIVENESS: usize = 0x04;
    /// Writing starts the computation of a factorial, reading gives the result.
    pub(crate) const FACTORIAL: usize = 0x08;
    pub(crate) const STATUS: usize = 0x20;
    /// Read only: the causes of the interrupt.
    pub(crate) const IRQ_STATUS: usize = 0x24;
    /// Write only: the causes to clear.
    pub(crate) const IRQ_ACK: usize = 0x64;
    pub(crate) const DMA_SRC: usize = 0x80;
    pub(crate) const DMA_DST: usize = 0x88;
    pub(crate) const DMA_COUNT: usize = 0x90;
    pub(crate) const DMA_COMMAND: usize = 0x98;
    /// The size of all registers.
    pub(crate) const END: usize = 0xa0;
}

/// The lower half of [`regs::ID`].
const ID_EDU: u32 = 0x00ed;

/// Bits of [`regs::STATUS`].
const STATUS_COMPUTING: u32 = 0x01;
const STATUS_IRQ_AFTER_FACTORIAL: u32 = 0x80;

/// Bits of [`regs::IRQ_STATUS`] and [`regs::IRQ_ACK`].
const IRQ_FACTORIAL: u32 = 0x001;
const IRQ_DMA: u32 = 0x100;

/// Bits of [`regs::DMA_COMMAND`].
const DMA_START: u32 = 0x01;
const DMA_TO_MEMORY: u32 = 0x02;
const DMA_IRQ: u32 = 0x04;

/// What a register gives if the device is gone.
const ALL_ONES: u32 = u32::MAX;

/// The address of the buffer of the device, as it sees it, and its size in bytes.
const DEVICE_BUFFER: u32 = 0x40000;
const DEVICE_BUFFER_SIZE: usize = 4096;

/// The number of address bits that the device has for memory, unless QEMU is told otherwise.
const DMA_BITS: u32 = 28;

/// How long the device may take for things that don't depend on an argument.
const TIMEOUT_MS: Msecs = 5000;

/// How long a copy takes at most: the device begins 100 ms after it has been told to, and nothing
/// can stop it.
const COPY_MS: i64 = 500;

/// How many factors the device can be expected to multiply in a millisecond, at least.
const FACTORS_PER_MS: u32 = 50_000;

/// The part of the coherent buffer that the device reads, and the one it writes.
const TX: usize = 0;
const RX: usize = DEVICE_BUFFER_SIZE;

type Bar0 = pci::Bar<{ regs::END }>;

/// The result of a round trip of a pattern.
#[derive(Clone, Copy)]
struct RoundTrip {
    seed: u8,
    len: usize,
    compared: usize,
    mismatches: usize,
}

/// What only one operation at a time may use.
struct Operation {
    buffer: Pin<KBox<Devres<CoherentAllocation<u8>>>>,
    dma_handle: DmaAddress,
    /// The last argument and result.
    factorial: Option<(u32, u32)>,
    dma: Option<RoundTrip>,
}

/// The device, as the interrupt handler and the debugfs files share it.
#[pin_data]
struct Edu {
    #[pin]
    bar: Devres<Bar0>,
    id: u32,
    irq: u32,
    irq_type: IrqType,
    /// Set when the driver is unbound; operations in progress give up.
    gone: AtomicBool,
    /// Signaled for each interrupt, and for good when `gone` is set.
    #[pin]
    event: Completion,
    factorial_irqs: AtomicU32,
    dma_irqs: AtomicU32,
    other_irqs: AtomicU32,
    #[pin]
    operation: Mutex<Operation>,
}

/// The byte at index `i` of a pattern.
fn pattern(seed: u8, i: usize) -> u8 {
    // Neighbors differ, and so do the bytes at the same place in different pages of 256.
    seed ^ (i as u8).wrapping_mul(167) ^ (i >> 8) as u8
}

impl irq::Handler for Edu {
    fn handle(&self, dev: &Device<Bound>) -> irq::IrqReturn {
        let Ok(bar) = self.bar.access(dev) else {
            return irq::IrqReturn::None;
        };

        let causes = bar.read32(regs::IRQ_STATUS);
        if causes == 0 || causes == ALL_ONES {
            return irq::IrqReturn::None;
        }
        bar.write32(causes, regs::IRQ_ACK);

        for (cause, count) in [
            (IRQ_FACTORIAL, &self.factorial_irqs),
            (IRQ_DMA, &self.dma_irqs),
            (!(IRQ_FACTORIAL | IRQ_DMA), &self.other_irqs),
        ] {
            if causes & cause != 0 {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }

        // This also orders the counters before what the woken task does.
        self.event.complete();

        irq::IrqReturn::Handled
    }
}

impl Edu {
    fn new(pdev: &pci::Device<Core>, vector: pci::IrqVector<'_>) -> Result<Arc<Self>> {
        let dev = pdev.as_ref();
        let buffer = KBox::pin_init(
            CoherentAllocation::alloc_coherent(dev, RX + DEVICE_BUFFER_SIZE, GFP_KERNEL),
            GFP_KERNEL,
        )?;
        let dma_handle = buffer.access(dev)?.dma_handle();

        Arc::pin_init(
            try_pin_init!(Self {
                bar <- pdev.iomap_region_sized::<{ regs::END }>(0, c_str!("rust_driver_edu")),
                id: Self::identify(dev, bar.access(dev)?)?,
                irq: vector.irq(),
                irq_type: vector.irq_type(),
                gone: AtomicBool::new(false),
                event <- Completion::new(),
                factorial_irqs: AtomicU32::new(0),
                dma_irqs: AtomicU32::new(0),
                other_irqs: AtomicU32::new(0),
                operation <- new_mutex!(Operation {
                    buffer,
                    dma_handle,
                    factorial: None,
                    dma: None,
                }),
            }),
            GFP_KERNEL,
        )
    }

    /// Checks that this is the device we know, and that it is alive.
    fn identify(dev: &Device<Bound>, bar: &Bar0) -> Result<u32> {
        let id = bar.read32(regs::ID);
        if id == ALL_ONES || id & 0xffff != ID_EDU {
            dev_err!(dev, "not an edu device: identification is {:#010x}\n", id);
            return Err(ENODEV);
        }

        for value in [0, 0x1234_5678, 0xedcb_a987] {
            bar.write32(value, regs::LIVENESS);

            let answer = bar.read32(regs::LIVENESS);
            if answer != !value {
                dev_err!(dev, "not alive: {:#x} became {:#x}\n", value, answer);
                return Err(ENODEV);
            }
        }

        Ok(id)
    }

    /// Returns whether the device is copying, or will be: it counts down before it does.
    fn copying(bar: &Bar0) -> bool {
        bar.read32(regs::DMA_COMMAND) & DMA_START != 0
    }

    /// Waits until the device is no longer copying, which may have been started by an earlier
    /// binding, or given up.
    ///
    /// Until then it may access memory that it was given at that time, and signal an interrupt.
    fn wait_copied(bar: &Bar0) -> Result {
        read_poll_timeout(
            || Ok(bar.read32(regs::DMA_COMMAND)),
            |&command| command & DMA_START == 0 || command == ALL_ONES,
            Delta::from_millis(1),
            Delta::from_millis(COPY_MS),
        )?;

        Ok(())
    }

    /// Keeps the device from signaling further interrupts for what it may be doing.
    fn quiesce(bar: &Bar0) {
        bar.write32(0, regs::STATUS);
        bar.write32(bar.read32(regs::IRQ_STATUS), regs::IRQ_ACK);
    }

    /// Runs `f` with access to the registers, unless the device has been unbound.
    ///
    /// `f` must not sleep.
    fn with_bar<R>(&self, f: impl FnOnce(&Bar0) -> R) -> Result<R> {
        self.bar.try_access_with(f).ok_or(ENODEV)
    }

    fn check_not_gone(&self) -> Result {
        if self.gone.load(Ordering::Relaxed) {
            return Err(ENODEV);
        }

        Ok(())
    }

    /// Waits until the device is no longer `busy`: giving up an operation does not stop it.
    ///
    /// A device that is gone is busy forever, as all bits are set.
    fn wait_idle(&self, busy: impl Fn(&Bar0) -> bool) -> Result {
        read_poll_timeout(
            || {
                self.check_not_gone()?;
                self.with_bar(&busy)
            },
            |busy| !busy,
            Delta::from_millis(1),
            Delta::from_millis(TIMEOUT_MS.into()),
        )?;

        Ok(())
    }

    /// Lets `start` start something, and waits until `count` tells that its interrupt has come, and
    /// the device is no longer `busy`.
    fn run(
        &self,
        count: &AtomicU32,
        timeout: Msecs,
        start: impl FnOnce(&Bar0),
        busy: impl Fn(&Bar0) -> bool,
    ) -> Result {
        let before = count.load(Ordering::Relaxed);
        let mut left = msecs_to_jiffies(timeout);

        self.with_bar(start)?;

        // There may be events, and the interrupt, of an operation that has been given up.
        while count.load(Ordering::Relaxed) == before || self.with_bar(&busy)? {
            left = self.event.wait_for_completion_timeout(left)?;
            self.check_not_gone()?;
        }

        Ok(())
    }

    fn factorial(&self, n: u32) -> Result {
        let computing = |bar: &Bar0| bar.read32(regs::STATUS) & STATUS_COMPUTING != 0;

        // An operation may take more than a minute; don't wait for it.
        let mut operation = self.operation.try_lock().ok_or(EBUSY)?;
        operation.factorial = None;

        self.wait_idle(computing)?;
        self.run(
            &self.factorial_irqs,
            TIMEOUT_MS.saturating_add(n / FACTORS_PER_MS),
            |bar| {
                bar.write32(STATUS_IRQ_AFTER_FACTORIAL, regs::STATUS);
                bar.write32(n, regs::FACTORIAL);
            },
            computing,
        )?;

        // No factorial is all ones: they are 1, or even.
        let result = self.with_bar(|bar| bar.read32(regs::FACTORIAL))?;
        if result == ALL_ONES {
            return Err(ENODEV);
        }
        operation.factorial = Some((n, result));

        Ok(())
    }

    /// Has the device copy `count` bytes, which must fit both the buffers.
    fn copy(&self, src: u32, dst: u32, count: u32, direction: u32) -> Result {
        self.wait_idle(Self::copying)?;
        self.run(
            &self.dma_irqs,
            TIMEOUT_MS,
            |bar| {
                bar.write32(src, regs::DMA_SRC);
                bar.write32(dst, regs::DMA_DST);
                bar.write32(count, regs::DMA_COUNT);
                bar.write32(DMA_START | DMA_IRQ | direction, regs::DMA_COMMAND);
            },
            Self::copying,
        )
    }

    fn dma(&self, seed: u8, len: usize) -> Result {
        if len == 0 || len > DEVICE_BUFFER_SIZE {
            return Err(EINVAL);
        }

        let mut operation = self.operation.try_lock().ok_or(EBUSY)?;
        operation.dma = None;

        // A copy that has been given up must not meet the data of this one.
        self.wait_idle(Self::copying)?;

        let mut data = KVec::from_elem(0, DEVICE_BUFFER_SIZE, GFP_KERNEL)?;
        let address = |offset| u32::try_from(operation.dma_handle + offset as DmaAddress);
        let (tx, rx, count) = (address(TX)?, address(RX)?, u32::try_from(len)?);

        // What must not arrive at the other end, so that all bytes of it have to be written, and
        // none beyond.
        for (i, byte) in data.iter_mut().enumerate() {
            *byte = !pattern(seed, i);
        }
        self.with_buffer(&operation, |buffer| buffer.write_from(RX, &data))?;

        for (i, byte) in data.iter_mut().enumerate() {
            *byte = pattern(seed, i);
        }
        self.with_buffer(&operation, |buffer| buffer.write_from(TX, &data))?;

        self.copy(tx, DEVICE_BUFFER, count, 0)?;
        self.copy(DEVICE_BUFFER, rx, count, DMA_TO_MEMORY)?;

        self.with_buffer(&operation, |buffer| buffer.read_into(RX, &mut data))?;
        let mismatches = data
            .iter()
            .enumerate()
            .filter(|&(i, &byte)| {
                let sent = pattern(seed, i);

                byte != if i < len { sent } else { !sent }
            })
            .count();

        operation.dma = Some(RoundTrip {
            seed,
            len,
            compared: data.len(),
            mismatches,
        });
        Ok(())
    }

    /// Runs `f` with access to the coherent buffer; `f` must not sleep.
    fn with_buffer(
        &self,
        operation: &Operation,
        f: impl FnOnce(&CoherentAllocation<u8>) -> Result,
    ) -> Result {
        operation.buffer.try_access_with(f).ok_or(ENODEV)?
    }
}

/// The debugfs files.
impl Edu {
    /// Reads up to `N` decimal numbers, of which there must be exactly `N`.
    fn read_numbers<const N: usize>(reader: &mut UserSliceReader) -> Result<[u32; N]> {
        let mut buf = [0; 32];
        let input = buf.get_mut(..reader.len()).ok_or(EINVAL)?;
        reader.read_slice(input)?;

        let mut words = core::str::from_utf8(input)
            .map_err(|_| EINVAL)?
            .split_ascii_whitespace();
        let mut numbers = [0; N];
        for number in &mut numbers {
            let word = words.next().ok_or(EINVAL)?;
            *number = word.parse().map_err(|_| EINVAL)?;
        }
        if words.next().is_some() {
            return Err(EINVAL);
        }

        Ok(numbers)
    }

    fn show_identification(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:#010x}", this.id)
    }

    fn show_vector(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?} {}", this.irq_type, this.irq)
    }

    fn show_interrupts(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in [
            ("factorial", &this.factorial_irqs),
            ("dma", &this.dma_irqs),
            ("other", &this.other_irqs),
        ] {
            writeln!(f, "{} {}", name, count.load(Ordering::Relaxed))?;
        }

        Ok(())
    }

    fn show_factorial(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(operation) = this.operation.try_lock() else {
            return writeln!(f, "busy");
        };

        match operation.factorial {
            Some((n, result)) => writeln!(f, "{} {}", n, result),
            None => writeln!(f, "none"),
        }
    }

    fn store_factorial(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        let [n] = Self::read_numbers(reader)?;

        this.factorial(n)
    }

    fn show_dma(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(operation) = this.operation.try_lock() else {
            return writeln!(f, "busy");
        };

        match operation.dma {
            Some(RoundTrip {
                seed,
                len,
                compared,
                mismatches,
            }) => writeln!(
                f,
                "seed {} length {} compared {} mismatches {}",
                seed, len, compared, mismatches
            ),
            None => writeln!(f, "none"),
        }
    }

    fn store_dma(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        let [seed, len] = Self::read_numbers(reader)?;

        this.dma(u8::try_from(seed)?, usize::try_from(len)?)
    }

    fn debugfs(this: Arc<Self>, name: &CStr) -> impl PinInit<Scope<Arc<Self>>> + '_ {
        Scope::dir(this, name, |this, dir| {
            dir.read_callback_file(c_str!("identification"), this, &Self::show_identification);
            dir.read_callback_file(c_str!("vector"), this, &Self::show_vector);
            dir.read_callback_file(c_str!("interrupts"), this, &Self::show_interrupts);
            dir.read_write_callback_file(
                c_str!("factorial"),
                this,
                &Self::show_factorial,
                &Self::store_factorial,
            );
            dir.read_write_callback_file(c_str!("dma"), this, &Self::show_dma, &Self::store_dma);
        })
    }
}

#[pin_data]
struct EduDriver {
    // The files go first, then the handler: nobody uses what has been dropped.
    #[pin]
    _debugfs: Scope<Arc<Edu>>,
    #[pin]
    _handler: irq::Registration<Arc<Edu>>,
    edu: Arc<Edu>,
}

kernel::pci_device_table!(
    PCI_TABLE,
    MODULE_PCI_TABLE,
    <EduDriver as pci::Driver>::IdInfo,
    [(
        pci::DeviceId::from_id(pci::Vendor::from_raw(0x1234), 0x11e8),
        ()
    )]
);

impl pci::Driver for EduDriver {
    type IdInfo = ();
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe(pdev: &pci::Device<Core>, _info: &Self::IdInfo) -> Result<Pin<KBox<Self>>> {
        pdev.enable_device_mem()?;
        pdev.dma_set_mask_and_coherent(DmaMask::new::<DMA_BITS>())?;

        let vectors =
            pdev.alloc_irq_vectors(1, 1, IrqTypes::from(IrqType::Msi).with(IrqType::Intx))?;
        let vector = vectors.vector(pdev, 0)?;

        let edu = Edu::new(pdev, vector)?;

        // An earlier binding may have left a copy behind. It would get hold of memory that is no
        // longer the driver's if it found bus mastering enabled.
        let bar = edu.bar.access(pdev.as_ref())?;
        Edu::wait_copied(bar)
            .inspect_err(|_| dev_err!(pdev.as_ref(), "does not stop copying\n"))?;
        Edu::quiesce(bar);

        let name = CString::try_from_fmt(fmt!("rust_driver_edu-{}", pdev.name()))?;

        // The device has not been told about any memory yet, hence the order of release does not
        // matter if anything fails below.
        pdev.set_master();

        KBox::pin_init(
            try_pin_init!(Self {
                _handler <- vector.request_irq(
                    irq::Flags::TRIGGER_NONE,
                    c_str!("rust_driver_edu"),
                    Ok(edu.clone()),
                ),
                // From here on user space can start operations.
                _debugfs <- Edu::debugfs(edu.clone(), &name),
                edu: edu.clone(),
            }),
            GFP_KERNEL,
        )
    }

    fn unbind(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        let edu = &this.edu;

        // Have an operation in progress give up, and wait until it has. No other one can begin.
        edu.gone.store(true, Ordering::Relaxed);
        edu.event.complete_all();
        drop(edu.operation.lock());

        // The device can't be kept from finishing what it has begun. Wait for a copy, as it ends
        // with an interrupt; a computation does not, once it has been told so. If the copy does not
        // end, it will not reach our memory, since bus mastering is disabled before the buffer is
        // freed.
        if let Ok(bar) = edu.bar.access(pdev.as_ref()) {
            if Edu::wait_copied(bar).is_err() {
                dev_warn!(pdev.as_ref(), "does not stop copying\n");
            }
            Edu::quiesce(bar);
        }
    }
}

kernel::module_pci_driver! {
    type: EduDriver,
    name: "rust_driver_edu",
    authors: ["Seed e5ff81f6 maintainers"],
    description: "Rust PCI driver for QEMU's edu device",
    license: "GPL v2",
}
