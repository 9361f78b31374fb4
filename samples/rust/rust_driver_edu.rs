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
//! - `config`: the revision from the configuration space.
//! - `vector`: the type of the interrupt vector and its number.
//! - `interrupts`: how many interrupts there have been, by cause.
//! - `factorial`: write `N` to have the device compute `N!` modulo 2^32. The write returns when the
//!   device has finished. Read it to get `N` and the result.
//! - `dma`: write `SEED LENGTH` to have the device copy `LENGTH` bytes of a pattern that depends on
//!   `SEED` to its buffer, and back to another place. Read it to get how many bytes have been
//!   compared, and how many were wrong.
//! - `stream`: the same with memory that is mapped for each copy: to the device, from the device,
//!   and in both directions, where the driver changes the data in between. Reading gives a line
//!   `seed length compared mismatches` for the two ways of copying together.
//! - `pool`: write `SEED COUNT` to have the device copy `COUNT` blocks of 64 bytes to its buffer,
//!   and back to other blocks, all of which come from a DMA pool.
//! - `scatter`: write `SEED PAGES` to have the device copy up to 8 pages, which need not be
//!   contiguous, by its buffer to as many others, segment by segment. Read it to get the number of
//!   segments of both, and the same as from `pool`.
//! - `watch`: write `MILLISECONDS` to have the driver read the status register for that long. The
//!   write fails with `ETIMEDOUT` when the time is over, and before that if the device is gone.
//! - `reset`: write 1 to have the device reset later, or 0 to have it reset at once, which fails
//!   with `EAGAIN` if somebody else is at it. Read it to get the identification that the device has
//!   read from its own registers by DMA after the last reset, or `none` if it can't reach them.
//! - `power`: how often the driver has been called to suspend and resume the device, by system
//!   sleep and at run time, to prepare for a reset and to go on after it, and to recover from an
//!   error of the bus.
//! - `sleep`: the callbacks of the last system sleep, in the order in which they have been called.
//!
//! Memory is mapped for `stream` only if the device can reach it. Without an IOMMU, that is memory
//! below 256 MiB, unless the kernel has bounce buffers there.
//!
//! The device is awake during an operation only, if user space has allowed it to be suspended at
//! run time, by writing `auto` to `power/control`.
//!
//! A write fails with `ETIMEDOUT` if the device does not finish or does not signal it, with
//! `ENODEV` if the driver is being unbound, or the device is being reset or gone, with `EIO` if it
//! is cut off by an error of the bus, and with `EBUSY` if one of the other files is in use. It is
//! given up if the writing process is killed. Reading gives `busy` during an operation, and `none`
//! after a failure.

use core::fmt;
use kernel::{
    c_str,
    debugfs::Scope,
    device::{self, Bound, Core, Device},
    devres::Devres,
    dma::{
        Bidirectional, Block, BoundMapper, CoherentAllocation, CpuWrites, Device as _, Direction,
        DmaAddress, DmaMask, FromDevice, Mapper, Mapping, PageList, Pool, Slots, ToDevice,
    },
    io::{poll::read_poll_timeout, register::RegisterIo, ResourceSize},
    irq, new_mutex,
    page::{Page, PAGE_SIZE},
    pci::{
        self,
        err::{ChannelState, RecoveryResult},
        pm::Prepare,
        IrqType, IrqTypes,
    },
    pm::{runtime::Awake, DriverFlags},
    prelude::*,
    str::CString,
    sync::{
        aref::ARef,
        atomic::{Atomic, Relaxed},
        Arc, Completion, Mutex,
    },
    time::{msecs_to_jiffies, Delta, Jiffies, Msecs},
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
    /// Read only: the causes of the interrupt.
    pub(crate) const IRQ_STATUS: usize = 0x24;
    /// Write only: the causes to clear.
    pub(crate) const IRQ_ACK: usize = 0x64;
    pub(crate) const DMA_SRC: usize = 0x80;
    pub(crate) const DMA_DST: usize = 0x88;
    pub(crate) const DMA_COUNT: usize = 0x90;
    /// The size of all registers.
    pub(crate) const END: usize = 0xa0;
}

// The ones that tell what the device is doing.
kernel::register! {
    STATUS(u32) @ 0x20 {
        0:0 computing as bool, ro;
        7:7 irq_after_factorial as bool;
    }

    DMA_COMMAND(u32) @ 0x98 {
        /// Set as long as the device is copying, or will be: it counts down before it does.
        0:0 start as bool;
        1:1 to_memory as bool;
        2:2 irq as bool;
    }
}

/// Registers in the configuration space.
const CONFIG_COMMAND: usize = 0x04;
const CONFIG_REVISION: usize = 0x08;

/// A bit of [`CONFIG_COMMAND`]: the device answers to accesses to its memory BARs.
const COMMAND_MEMORY: u16 = 0x02;

/// The lower half of [`regs::ID`].
const ID_EDU: u32 = 0x00ed;

/// Bits of [`regs::IRQ_STATUS`] and [`regs::IRQ_ACK`].
const IRQ_FACTORIAL: u32 = 0x001;
const IRQ_DMA: u32 = 0x100;

/// In which direction the device copies.
#[derive(Clone, Copy, PartialEq)]
enum Transfer {
    FromMemory,
    ToMemory,
}

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

/// How often to ask for the device while its interrupt does not come.
const WATCH_MS: Msecs = 100;

/// How many factors the device can be expected to multiply in a millisecond, at least.
const FACTORS_PER_MS: u32 = 50_000;

/// For how many milliseconds the device must not have been used before it is suspended.
const AUTOSUSPEND_MS: i32 = 100;

/// The part of the coherent buffer that the device reads, and the one it writes.
const TX: usize = 0;
const RX: usize = DEVICE_BUFFER_SIZE;

/// The size of the blocks of the pool, and how many of them fit the buffer of the device.
const BLOCK_SIZE: usize = 64;
const MAX_BLOCKS: usize = DEVICE_BUFFER_SIZE / BLOCK_SIZE;

/// How many pages are copied at most.
const MAX_PAGES: usize = 8;

/// The data that are copied through a mapping, and through a block of the pool.
type Buffer<D> = Mapping<'static, KVec<u8>, D>;
type Pages<'a, D> = Mapping<'a, PageList<KVec<Page>>, D>;
type Segments = KVec<(u32, usize)>;
type PoolBlock = Block<'static, [u8; BLOCK_SIZE]>;

type Bar0 = pci::Bar<{ regs::END }>;
type CheckedBar<'a> = pci::Checked<'a, Bar0>;

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
    /// What is mapped during a copy: it can't be a local variable, as the device may be unbound
    /// meanwhile. It stays there if the copy is given up, until the next one.
    to_device: Slots<Buffer<ToDevice>>,
    from_device: Slots<Buffer<FromDevice>>,
    bidirectional: Slots<Buffer<Bidirectional>>,
    read_pages: Slots<Pages<'static, ToDevice>>,
    written_pages: Slots<Pages<'static, Bidirectional>>,
    /// First the blocks that the device reads, then those that it writes.
    blocks: Slots<PoolBlock>,
    /// The last argument and result.
    factorial: Option<(u32, u32)>,
    dma: Option<RoundTrip>,
    stream: Option<RoundTrip>,
    pool: Option<RoundTrip>,
    scatter: Option<(usize, RoundTrip)>,
}

/// How many interrupts there have been, by cause.
struct Irqs {
    factorial: Atomic<u32>,
    dma: Atomic<u32>,
    other: Atomic<u32>,
}

impl Irqs {
    fn new() -> Self {
        Self {
            factorial: Atomic::new(0),
            dma: Atomic::new(0),
            other: Atomic::new(0),
        }
    }
}

/// What power management and resets need, and how often their callbacks have been called.
struct Power {
    device: ARef<pci::Device>,
    /// Set when the device is about to be reset; operations in progress give up.
    reset: Atomic<u32>,
    suspend: Atomic<u32>,
    resume: Atomic<u32>,
    runtime_suspend: Atomic<u32>,
    runtime_resume: Atomic<u32>,
    runtime_idle: Atomic<u32>,
    reset_prepare: Atomic<u32>,
    reset_done: Atomic<u32>,
    error_detected: Atomic<u32>,
    slot_reset: Atomic<u32>,
    error_resume: Atomic<u32>,
    /// What the device has read from its own registers after the last reset, 0 if nothing.
    loopback: Atomic<u32>,
    sleep: Pin<KBox<Mutex<Sleep>>>,
}

impl Power {
    fn new(pdev: &pci::Device<Core>) -> Result<Self> {
        Ok(Self {
            device: pdev.into(),
            reset: Atomic::new(0),
            suspend: Atomic::new(0),
            resume: Atomic::new(0),
            runtime_suspend: Atomic::new(0),
            runtime_resume: Atomic::new(0),
            runtime_idle: Atomic::new(0),
            reset_prepare: Atomic::new(0),
            reset_done: Atomic::new(0),
            error_detected: Atomic::new(0),
            slot_reset: Atomic::new(0),
            error_resume: Atomic::new(0),
            loopback: Atomic::new(0),
            sleep: KBox::pin_init(new_mutex!(Sleep::NONE), GFP_KERNEL)?,
        })
    }
}

/// The names of the callbacks of a system sleep, in the order of the calls.
#[derive(Clone, Copy)]
struct Sleep {
    calls: [&'static str; Self::MAX],
    len: usize,
}

impl Sleep {
    /// Hibernation has the most: three times three to stop the device, the same to start it, and
    /// one before and after all of them.
    const MAX: usize = 20;

    const NONE: Self = Self {
        calls: [""; Self::MAX],
        len: 0,
    };

    fn push(&mut self, name: &'static str) {
        if let Some(call) = self.calls.get_mut(self.len) {
            *call = name;
            self.len += 1;
        }
    }
}

/// The device, as the interrupt handler and the debugfs files share it.
#[pin_data]
struct Edu {
    #[pin]
    bar: Devres<Bar0>,
    #[pin]
    mapper: Devres<BoundMapper>,
    #[pin]
    pool: Devres<Pool<[u8; BLOCK_SIZE]>>,
    id: u32,
    revision: u8,
    irq: u32,
    irq_type: IrqType,
    /// Set when the driver is unbound; operations in progress give up.
    gone: Atomic<u32>,
    /// Signaled for each interrupt, and when `gone` or `reset` is set.
    #[pin]
    event: Completion,
    irqs: Irqs,
    power: Power,
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
            (IRQ_FACTORIAL, &self.irqs.factorial),
            (IRQ_DMA, &self.irqs.dma),
            (!(IRQ_FACTORIAL | IRQ_DMA), &self.irqs.other),
        ] {
            if causes & cause != 0 {
                count.add(1, Relaxed);
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
                revision: Self::check_config(pdev)?,
                bar <- pdev.iomap_region_sized::<{ regs::END }>(0, c_str!("rust_driver_edu")),
                mapper <- Mapper::bound(dev),
                pool <- Pool::new(dev, c_str!("rust_driver_edu")),
                id: Self::identify(dev, bar.access(dev)?)?,
                irq: vector.irq(),
                irq_type: vector.irq_type(),
                gone: Atomic::new(0),
                event <- Completion::new(),
                irqs: Irqs::new(),
                power: Power::new(pdev)?,
                operation <- new_mutex!(Operation {
                    buffer,
                    dma_handle,
                    to_device: Self::slots(dev, mapper.access(dev)?)?,
                    from_device: Self::slots(dev, mapper.access(dev)?)?,
                    bidirectional: Self::slots(dev, mapper.access(dev)?)?,
                    read_pages: Slots::<Pages<'static, ToDevice>>::new(
                        dev,
                        mapper.access(dev)?,
                        1,
                        GFP_KERNEL,
                    )?,
                    written_pages: Slots::<Pages<'static, Bidirectional>>::new(
                        dev,
                        mapper.access(dev)?,
                        1,
                        GFP_KERNEL,
                    )?,
                    blocks: Slots::<PoolBlock>::new(
                        dev,
                        pool.access(dev)?,
                        2 * MAX_BLOCKS,
                        GFP_KERNEL,
                    )?,
                    factorial: None,
                    dma: None,
                    stream: None,
                    pool: None,
                    scatter: None,
                }),
            }),
            GFP_KERNEL,
        )
    }

    /// Checks that the device has been enabled, and returns its revision.
    fn check_config(pdev: &pci::Device<Bound>) -> Result<u8> {
        let config = pdev.config_space();

        let command = config.read16::<CONFIG_COMMAND>()?;
        if command & COMMAND_MEMORY == 0 {
            dev_err!(pdev.as_ref(), "not enabled: command is {:#06x}\n", command);
            return Err(ENODEV);
        }

        config.read8::<CONFIG_REVISION>()
    }

    /// Returns a place for one mapping.
    fn slots<D: Direction>(dev: &Device<Bound>, mapper: &Mapper) -> Result<Slots<Buffer<D>>> {
        Slots::new(dev, mapper, 1, GFP_KERNEL)
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

    fn copying(bar: &Bar0) -> bool {
        bar.read(DMA_COMMAND).start()
    }

    /// Waits until the device is no longer copying, which may have been started by an earlier
    /// binding, or given up.
    ///
    /// Until then it may access memory that it was given at that time, and signal an interrupt.
    /// A device that is gone does neither.
    fn wait_copied(bar: &Bar0) -> Result {
        let bar = bar.checked();

        let ret = read_poll_timeout(
            || bar.read(DMA_COMMAND),
            |command| !command.start(),
            Delta::from_millis(1),
            Delta::from_millis(COPY_MS),
        );

        match ret {
            Err(ETIMEDOUT) => Err(ETIMEDOUT),
            _ => Ok(()),
        }
    }

    /// Keeps the device from signaling further interrupts for what it may be doing.
    fn quiesce(bar: &Bar0) {
        bar.write(STATUS, STATUS::default());
        bar.write32(bar.read32(regs::IRQ_STATUS), regs::IRQ_ACK);
    }

    /// Tells the device to copy.
    fn start_copy(bar: &Bar0, src: u32, dst: u32, count: u32, direction: Transfer, irq: bool) {
        bar.write32(src, regs::DMA_SRC);
        bar.write32(dst, regs::DMA_DST);
        bar.write32(count, regs::DMA_COUNT);
        bar.write(
            DMA_COMMAND,
            DMA_COMMAND::default()
                .with_start(true)
                .with_to_memory(direction == Transfer::ToMemory)
                .with_irq(irq),
        );
    }

    /// Runs `f` with access to the registers, unless the device has been unbound.
    ///
    /// `f` must not sleep.
    fn with_bar<R>(&self, f: impl FnOnce(&Bar0) -> R) -> Result<R> {
        self.bar.try_access_with(f).ok_or(ENODEV)
    }

    fn check_not_gone(&self) -> Result {
        if self.gone.load(Relaxed) != 0 || self.power.reset.load(Relaxed) != 0 {
            return Err(ENODEV);
        }

        Ok(())
    }

    /// Resumes the device if need be, and keeps it awake.
    fn wake(&self) -> Result<Awake<&Device>> {
        self.check_not_gone()?;
        self.power.device.runtime_pm().resume_and_get()
    }

    /// Stops the device; there must be no operation in progress.
    ///
    /// It can't be kept from finishing what it has begun. Wait for a copy, as it would not find its
    /// way to memory, or find it changed, later.
    fn stop(&self, dev: &Device<Bound>) -> Result {
        let bar = self.bar.access(dev)?;

        Self::wait_copied(bar)?;
        Self::quiesce(bar);
        Ok(())
    }

    /// Starts the device after it has been stopped, and may have lost its state.
    fn start(&self, dev: &Device<Bound>) -> Result {
        let bar = self.bar.access(dev)?;

        Self::identify(dev, bar)?;
        Self::quiesce(bar);
        Ok(())
    }

    /// Notes a callback of system sleep.
    fn slept(&self, name: &'static str) {
        self.power.sleep.lock().push(name);
    }

    /// Has an operation in progress give up, as `reason` has been set, and waits until it has.
    fn give_up(&self, reason: &Atomic<u32>) {
        reason.store(1, Relaxed);
        // Nobody but this operation waits for events.
        self.event.complete();
        drop(self.operation.lock());
    }

    /// Waits until the device is no longer `busy`: giving up an operation does not stop it.
    fn wait_idle(&self, busy: impl Fn(&CheckedBar<'_>) -> Result<bool>) -> Result {
        pci::poll_timeout(
            &self.bar,
            |bar| {
                self.check_not_gone()?;
                busy(bar)
            },
            |busy| !busy,
            Delta::from_millis(1),
            Delta::from_millis(TIMEOUT_MS.into()),
        )?;

        Ok(())
    }

    fn wait_no_copy(&self) -> Result {
        self.wait_idle(|bar| Ok(bar.read(DMA_COMMAND)?.start()))
    }

    /// Lets `start` start something, and waits until `count` tells that its interrupt has come, and
    /// the device is no longer `busy`.
    fn run(
        &self,
        count: &Atomic<u32>,
        timeout: Msecs,
        start: impl FnOnce(&Bar0),
        busy: impl Fn(&Bar0) -> bool,
    ) -> Result {
        let mut left = msecs_to_jiffies(timeout);

        // Drop the events of an operation that has been given up. When the driver is unbound, there
        // is no end of them.
        while self.event.try_wait_for_completion() {
            self.check_not_gone()?;
        }

        let before = count.load(Relaxed);
        self.with_bar(start)?;

        // The interrupt of such an operation may still come.
        while count.load(Relaxed) == before || self.with_bar(&busy)? {
            left = self.wait_event(left)?;
            self.check_not_gone()?;
        }

        Ok(())
    }

    /// Waits for an event for at most `left`; returns what is left of it.
    ///
    /// A device that is gone signals none, and nobody may know yet that it is: ask it now and then.
    fn wait_event(&self, mut left: Jiffies) -> Result<Jiffies> {
        loop {
            let step = left.min(msecs_to_jiffies(WATCH_MS).max(1));

            match self.event.wait_for_completion_killable_timeout(step) {
                Ok(rest) => return Ok(left - step + rest),
                Err(ETIMEDOUT) => left -= step,
                Err(err) => return Err(err),
            }

            self.check_not_gone()?;
            self.with_bar(|bar| bar.checked().read(STATUS))??;
            if left == 0 {
                return Err(ETIMEDOUT);
            }
        }
    }

    /// Reads the status register for `timeout` milliseconds.
    fn watch(&self, timeout: Msecs) -> Result {
        let _operation = self.operation.try_lock().ok_or(EBUSY)?;
        let awake = self.wake()?;

        pci::poll_timeout(
            &self.bar,
            |bar| {
                self.check_not_gone()?;
                bar.read(STATUS)
            },
            |_| false,
            Delta::from_millis(1),
            Delta::from_millis(timeout.into()),
        )?;

        awake.put_autosuspend();
        Ok(())
    }

    /// Returns the identification of the device, as it reads it itself.
    ///
    /// The device can't tell that the address is one of its own registers; they might as well be
    /// those of another device. There must be no operation in progress.
    fn loopback(&self, dev: &Device<Bound>) -> Result<u32> {
        let operation = self.operation.lock();
        let bar = self.bar.access(dev)?;
        let id = bar.dma_map(
            self.mapper.access(dev)?,
            regs::ID as ResourceSize,
            4,
            ToDevice,
        )?;
        let dst = u32::try_from(operation.dma_handle)?;
        let mut bytes = [0; 4];

        Self::start_copy(
            bar,
            u32::try_from(id.dma_address())?,
            DEVICE_BUFFER,
            4,
            Transfer::FromMemory,
            false,
        );
        Self::wait_copied(bar)?;
        Self::start_copy(bar, DEVICE_BUFFER, dst, 4, Transfer::ToMemory, false);
        Self::wait_copied(bar)?;

        operation.buffer.access(dev)?.read_into(0, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn factorial(&self, n: u32) -> Result {
        // An operation may take more than a minute; don't wait for it.
        let mut operation = self.operation.try_lock().ok_or(EBUSY)?;
        operation.factorial = None;

        let awake = self.wake()?;
        self.wait_idle(|bar| Ok(bar.read(STATUS)?.computing()))?;
        self.run(
            &self.irqs.factorial,
            TIMEOUT_MS.saturating_add(n / FACTORS_PER_MS),
            |bar| {
                bar.write(STATUS, STATUS::default().with_irq_after_factorial(true));
                bar.write32(n, regs::FACTORIAL);
            },
            |bar| bar.read(STATUS).computing(),
        )?;

        // No factorial is all ones: they are 1, or even.
        let result = self.with_bar(|bar| bar.read32(regs::FACTORIAL))?;
        if result == ALL_ONES {
            return Err(ENODEV);
        }
        operation.factorial = Some((n, result));

        awake.put_autosuspend();
        Ok(())
    }

    /// Has the device copy `count` bytes, which must fit both the buffers.
    fn copy(&self, src: u32, dst: u32, count: u32, direction: Transfer) -> Result {
        self.wait_no_copy()?;
        self.run(
            &self.irqs.dma,
            TIMEOUT_MS,
            |bar| Self::start_copy(bar, src, dst, count, direction, true),
            Self::copying,
        )
    }

    fn dma(&self, seed: u8, len: usize) -> Result {
        if len == 0 || len > DEVICE_BUFFER_SIZE {
            return Err(EINVAL);
        }

        let mut operation = self.operation.try_lock().ok_or(EBUSY)?;
        operation.dma = None;

        let awake = self.wake()?;

        // A copy that has been given up must not meet the data of this one.
        self.wait_no_copy()?;

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

        self.copy(tx, DEVICE_BUFFER, count, Transfer::FromMemory)?;
        self.copy(DEVICE_BUFFER, rx, count, Transfer::ToMemory)?;

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

        awake.put_autosuspend();
        Ok(())
    }

    /// Maps `buffer`, lets `copy` have the device copy something with its address, and unmaps it.
    ///
    /// If `copy` fails, the buffer stays mapped: the device may still be at it.
    fn with_mapped<D: Direction>(
        &self,
        slots: &mut Slots<Buffer<D>>,
        buffer: KVec<u8>,
        direction: D,
        copy: impl FnOnce(&mut Slots<Buffer<D>>, u32) -> Result,
    ) -> Result<KVec<u8>> {
        let address = {
            let mapper = self.mapper.try_access().ok_or(ENODEV)?;
            // The device is no longer copying, see the callers.
            drop(slots.take(0, &mapper)?);

            let mapping = mapper.map(buffer, direction)?;
            let address = mapping.dma_address();
            slots.put(0, mapping)?;
            u32::try_from(address)?
        };

        copy(slots, address)?;

        let mapper = self.mapper.try_access().ok_or(ENODEV)?;
        let mapping = slots.take(0, &mapper)?.ok_or(EIO)?;
        Ok(mapping.unmap())
    }

    fn stream(&self, seed: u8, len: usize) -> Result {
        if len == 0 || len > DEVICE_BUFFER_SIZE {
            return Err(EINVAL);
        }

        let mut operation = self.operation.try_lock().ok_or(EBUSY)?;
        let operation = &mut *operation;
        operation.stream = None;

        let awake = self.wake()?;

        // A copy that has been given up must not meet the data of this one.
        self.wait_no_copy()?;

        let count = u32::try_from(len)?;
        let mut data = KVec::from_elem(0, DEVICE_BUFFER_SIZE, GFP_KERNEL)?;
        for (i, byte) in data.iter_mut().enumerate() {
            *byte = pattern(seed, i);
        }
        let mut data = self.with_mapped(&mut operation.to_device, data, ToDevice, |_, tx| {
            self.copy(tx, DEVICE_BUFFER, count, Transfer::FromMemory)
        })?;

        // What the device has to overwrite, up to `len`.
        for (i, byte) in data.iter_mut().enumerate() {
            *byte = !pattern(seed, i);
        }
        let data = self.with_mapped(&mut operation.from_device, data, FromDevice, |_, rx| {
            self.copy(DEVICE_BUFFER, rx, count, Transfer::ToMemory)
        })?;
        let mut mismatches = Self::mismatches(&data, |i| {
            let sent = pattern(seed, i);

            if i < len {
                sent
            } else {
                !sent
            }
        });
        let mut compared = data.len();

        // Now get the same data, and send their complement, in one mapping.
        let data = self.with_mapped(
            &mut operation.bidirectional,
            data,
            Bidirectional,
            |slots, address| {
                self.copy(DEVICE_BUFFER, address, count, Transfer::ToMemory)?;

                {
                    let mapper = self.mapper.try_access().ok_or(ENODEV)?;
                    let mut mapping = slots.take(0, &mapper)?.ok_or(EIO)?.sync_for_cpu();
                    for byte in mapping.data_mut() {
                        *byte = !*byte;
                    }
                    slots.put(0, mapping.sync_for_device())?;
                }

                self.copy(address, DEVICE_BUFFER, count, Transfer::FromMemory)?;

                {
                    // A part of it, for which no other type is needed.
                    let mapper = self.mapper.try_access().ok_or(ENODEV)?;
                    let mut mapping = slots.take(0, &mapper)?.ok_or(EIO)?;
                    mapping.view(0..len)?.fill(0);
                    slots.put(0, mapping)?;
                }

                self.copy(DEVICE_BUFFER, address, count, Transfer::ToMemory)
            },
        )?;
        mismatches += Self::mismatches(&data, |i| {
            let sent = pattern(seed, i);

            if i < len {
                !sent
            } else {
                sent
            }
        });
        compared += data.len();

        operation.stream = Some(RoundTrip {
            seed,
            len,
            compared,
            mismatches,
        });

        awake.put_autosuspend();
        Ok(())
    }

    fn mismatches(data: &[u8], expected: impl Fn(usize) -> u8) -> usize {
        data.iter()
            .enumerate()
            .filter(|&(i, &byte)| byte != expected(i))
            .count()
    }

    fn pool(&self, seed: u8, count: usize) -> Result {
        if count == 0 || count > MAX_BLOCKS {
            return Err(EINVAL);
        }

        let mut operation = self.operation.try_lock().ok_or(EBUSY)?;
        let operation = &mut *operation;
        operation.pool = None;

        let awake = self.wake()?;
        self.wait_no_copy()?;

        let blocks = &mut operation.blocks;
        let mut addresses = KVec::with_capacity(2 * count, GFP_KERNEL)?;
        {
            let pool = self.pool.try_access().ok_or(ENODEV)?;
            for i in 0..blocks.len() {
                drop(blocks.take(i, &pool)?);
            }
            for i in 0..2 * count {
                let mut block = pool.zalloc(GFP_ATOMIC)?;
                if i < count {
                    block.write(core::array::from_fn(|j| pattern(seed, i * BLOCK_SIZE + j)));
                }
                addresses.push(u32::try_from(block.dma_address())?, GFP_ATOMIC)?;
                blocks.put(i, block)?;
            }
        }

        let size = u32::try_from(BLOCK_SIZE)?;
        let (read, written) = addresses.split_at(count);
        for (&address, offset) in read.iter().zip((0..).step_by(BLOCK_SIZE)) {
            self.copy(address, DEVICE_BUFFER + offset, size, Transfer::FromMemory)?;
        }
        for (&address, offset) in written.iter().zip((0..).step_by(BLOCK_SIZE)) {
            self.copy(DEVICE_BUFFER + offset, address, size, Transfer::ToMemory)?;
        }

        let mut mismatches = 0;
        let pool = self.pool.try_access().ok_or(ENODEV)?;
        for i in 0..2 * count {
            let block = blocks.take(i, &pool)?.ok_or(EIO)?;
            let first = (i % count) * BLOCK_SIZE;
            mismatches += Self::mismatches(&block.read(), |j| pattern(seed, first + j));
        }

        operation.pool = Some(RoundTrip {
            seed,
            len: count * BLOCK_SIZE,
            compared: 2 * count * BLOCK_SIZE,
            mismatches,
        });

        awake.put_autosuspend();
        Ok(())
    }

    /// The address of what is `offset` bytes from the start of the segments, and how many bytes
    /// there are from it to the end of its segment.
    fn within(segments: &[(u32, usize)], mut offset: usize) -> Result<(u32, usize)> {
        for &(address, len) in segments {
            if offset < len {
                return Ok((address + u32::try_from(offset)?, len - offset));
            }
            offset -= len;
        }

        Err(EINVAL)
    }

    /// Maps pages that begin with the bytes of `data`, and returns their segments, too.
    ///
    /// May be called from any context.
    fn map_pages<'a, D: CpuWrites>(
        mapper: &'a Mapper,
        pages: KVec<Page>,
        data: &[u8],
        direction: D,
    ) -> Result<(Pages<'a, D>, Segments)> {
        let list = PageList::new(mapper, pages, GFP_ATOMIC)?;
        let mut mapping = mapper.map(list, direction)?.sync_for_cpu();
        mapping.write(0, data)?;

        let mapping = mapping.sync_for_device();
        let mut segments = Segments::new();
        for segment in mapping.segments().iter() {
            let address = u32::try_from(segment.dma_address())?;

            segments.push((address, usize::try_from(segment.dma_len())?), GFP_ATOMIC)?;
        }

        Ok((mapping, segments))
    }

    fn scatter(&self, seed: u8, count: usize) -> Result {
        if count == 0 || count > MAX_PAGES {
            return Err(EINVAL);
        }

        let mut operation = self.operation.try_lock().ok_or(EBUSY)?;
        let operation = &mut *operation;
        operation.scatter = None;

        let awake = self.wake()?;
        self.wait_no_copy()?;

        // Every other page, so that they are unlikely to be neighbors.
        let len = count * PAGE_SIZE;
        let (mut read, mut written) = (KVec::new(), KVec::new());
        for _ in 0..count {
            read.push(Page::alloc_page(GFP_KERNEL)?, GFP_KERNEL)?;
            written.push(Page::alloc_page(GFP_KERNEL)?, GFP_KERNEL)?;
        }
        let mut data = KVec::with_capacity(len, GFP_KERNEL)?;
        let mut blank = KVec::with_capacity(len, GFP_KERNEL)?;
        for i in 0..len {
            data.push(pattern(seed, i), GFP_KERNEL)?;
            blank.push(!pattern(seed, i), GFP_KERNEL)?;
        }

        let (src, dst) = {
            let mapper = self.mapper.try_access().ok_or(ENODEV)?;
            // What has been given up.
            drop(operation.read_pages.take(0, &mapper)?);
            drop(operation.written_pages.take(0, &mapper)?);

            let (mapping, src) = Self::map_pages(&mapper, read, &data, ToDevice)?;
            operation.read_pages.put(0, mapping)?;
            let (mapping, dst) = Self::map_pages(&mapper, written, &blank, Bidirectional)?;
            operation.written_pages.put(0, mapping)?;
            (src, dst)
        };

        let mut offset = 0;
        while offset < len {
            let (from, left) = Self::within(&src, offset)?;
            let (to, space) = Self::within(&dst, offset)?;
            let n = left.min(space).min(DEVICE_BUFFER_SIZE);
            let count = u32::try_from(n)?;

            self.copy(from, DEVICE_BUFFER, count, Transfer::FromMemory)?;
            self.copy(DEVICE_BUFFER, to, count, Transfer::ToMemory)?;
            offset += n;
        }

        let mapper = self.mapper.try_access().ok_or(ENODEV)?;
        drop(operation.read_pages.take(0, &mapper)?);
        let mapping = operation.written_pages.take(0, &mapper)?.ok_or(EIO)?;
        mapping.sync_for_cpu().read(0, &mut blank)?;

        operation.scatter = Some((
            src.len() + dst.len(),
            RoundTrip {
                seed,
                len,
                compared: len,
                mismatches: Self::mismatches(&blank, |i| pattern(seed, i)),
            },
        ));

        awake.put_autosuspend();
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

    fn show_config(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "revision {:#04x}", this.revision)
    }

    fn show_vector(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?} {}", this.irq_type, this.irq)
    }

    fn show_interrupts(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in [
            ("factorial", &this.irqs.factorial),
            ("dma", &this.irqs.dma),
            ("other", &this.irqs.other),
        ] {
            writeln!(f, "{} {}", name, count.load(Relaxed))?;
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

    fn show_round_trip(
        &self,
        f: &mut fmt::Formatter<'_>,
        which: impl FnOnce(&Operation) -> Option<RoundTrip>,
    ) -> fmt::Result {
        let Some(operation) = self.operation.try_lock() else {
            return writeln!(f, "busy");
        };

        match which(&operation) {
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

    fn show_dma(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        this.show_round_trip(f, |operation| operation.dma)
    }

    fn show_stream(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        this.show_round_trip(f, |operation| operation.stream)
    }

    fn store_stream(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        let [seed, len] = Self::read_numbers(reader)?;

        this.stream(u8::try_from(seed)?, usize::try_from(len)?)
    }

    fn show_pool(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        this.show_round_trip(f, |operation| operation.pool)
    }

    fn store_pool(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        let [seed, count] = Self::read_numbers(reader)?;

        this.pool(u8::try_from(seed)?, usize::try_from(count)?)
    }

    fn show_scatter(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((segments, _)) = this.operation.try_lock().and_then(|op| op.scatter) {
            writeln!(f, "segments {}", segments)?;
        }
        this.show_round_trip(f, |operation| operation.scatter.map(|(_, trip)| trip))
    }

    fn store_scatter(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        let [seed, count] = Self::read_numbers(reader)?;

        this.scatter(u8::try_from(seed)?, usize::try_from(count)?)
    }

    fn store_dma(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        let [seed, len] = Self::read_numbers(reader)?;

        this.dma(u8::try_from(seed)?, usize::try_from(len)?)
    }

    fn show_power(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let power = &this.power;

        for (name, count) in [
            ("suspend", &power.suspend),
            ("resume", &power.resume),
            ("runtime_suspend", &power.runtime_suspend),
            ("runtime_resume", &power.runtime_resume),
            ("runtime_idle", &power.runtime_idle),
            ("reset_prepare", &power.reset_prepare),
            ("reset_done", &power.reset_done),
            ("error_detected", &power.error_detected),
            ("slot_reset", &power.slot_reset),
            ("error_resume", &power.error_resume),
        ] {
            writeln!(f, "{} {}", name, count.load(Relaxed))?;
        }

        Ok(())
    }

    fn show_sleep(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sleep = *this.power.sleep.lock();

        for (i, name) in sleep.calls.iter().take(sleep.len).enumerate() {
            write!(f, "{}{}", if i == 0 { "" } else { " " }, name)?;
        }
        writeln!(f)
    }

    fn store_watch(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        let [timeout] = Self::read_numbers(reader)?;

        this.watch(timeout)
    }

    fn show_reset(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match this.power.loopback.load(Relaxed) {
            0 => writeln!(f, "none"),
            id => writeln!(f, "{:#010x}", id),
        }
    }

    fn store_reset(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        let pdev = &this.power.device;

        match Self::read_numbers(reader)? {
            [0] => pdev.try_reset_function(),
            [1] => pdev.request_reset(GFP_KERNEL),
            _ => Err(EINVAL),
        }
    }

    fn debugfs(this: Arc<Self>, name: &CStr) -> impl PinInit<Scope<Arc<Self>>> + '_ {
        Scope::dir(this, name, |this, dir| {
            dir.read_callback_file(c_str!("identification"), this, &Self::show_identification);
            dir.read_callback_file(c_str!("config"), this, &Self::show_config);
            dir.read_callback_file(c_str!("vector"), this, &Self::show_vector);
            dir.read_callback_file(c_str!("interrupts"), this, &Self::show_interrupts);
            dir.read_callback_file(c_str!("power"), this, &Self::show_power);
            dir.read_callback_file(c_str!("sleep"), this, &Self::show_sleep);
            dir.read_write_callback_file(
                c_str!("factorial"),
                this,
                &Self::show_factorial,
                &Self::store_factorial,
            );
            dir.read_write_callback_file(c_str!("dma"), this, &Self::show_dma, &Self::store_dma);
            dir.read_write_callback_file(
                c_str!("stream"),
                this,
                &Self::show_stream,
                &Self::store_stream,
            );
            dir.read_write_callback_file(c_str!("pool"), this, &Self::show_pool, &Self::store_pool);
            dir.read_write_callback_file(
                c_str!("scatter"),
                this,
                &Self::show_scatter,
                &Self::store_scatter,
            );
            dir.write_only_callback_file(c_str!("watch"), this, &Self::store_watch);
            dir.read_write_callback_file(
                c_str!("reset"),
                this,
                &Self::show_reset,
                &Self::store_reset,
            );
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
    const PM: Option<pci::pm::Ops<Self>> = Some(pci::pm::Ops::simple());
    const ERROR_HANDLERS: Option<pci::err::Handlers<Self>> = Some(pci::err::Handlers::new());

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
            .or_else(|_| pdev.reset_function())
            .inspect_err(|_| dev_err!(pdev.as_ref(), "does not stop copying\n"))?;
        Edu::quiesce(bar);

        // If it is suspended already, it may remain so while the system sleeps.
        pdev.as_ref()
            .set_pm_driver_flags(DriverFlags::new().smart_prepare());
        pdev.runtime_pm().set_autosuspend_delay(AUTOSUSPEND_MS);
        pdev.runtime_pm().use_autosuspend()?;

        let name = CString::try_from_fmt(fmt!("rust_driver_edu-{}", pdev.name()))?;

        // The device has not been told about any memory yet, hence the order of release does not
        // matter if anything fails below.
        pdev.set_master();

        // What is restored when an error of the bus has cost the device its configuration.
        pdev.save_state()?;

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

        // No other operation can begin.
        edu.give_up(&edu.gone);

        // A copy ends with an interrupt; a computation does not, once it has been told so. If the
        // copy does not end, it will not reach our memory, since bus mastering is disabled before
        // the buffer is freed.
        if let Ok(bar) = edu.bar.access(pdev.as_ref()) {
            if Edu::wait_copied(bar).is_err() {
                dev_warn!(pdev.as_ref(), "does not stop copying\n");
            }
            Edu::quiesce(bar);
        }
    }

    fn shutdown(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        let edu = &this.edu;

        edu.give_up(&edu.gone);

        if edu.stop(pdev.as_ref()).is_err() {
            dev_warn!(pdev.as_ref(), "does not stop copying\n");
        }
    }
}

fn count(counter: &Atomic<u32>) {
    counter.add(1, Relaxed);
}

#[vtable]
impl pci::pm::Driver for EduDriver {
    fn prepare(_pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result<Prepare> {
        *this.edu.power.sleep.lock() = Sleep::NONE;
        this.edu.slept("prepare");
        Ok(Prepare::DirectComplete)
    }

    // User space is frozen during system sleep, hence there are no operations.
    fn suspend(pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        count(&this.edu.power.suspend);
        this.edu.slept("suspend");
        this.edu.stop(pdev.as_ref())
    }

    fn resume(pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        count(&this.edu.power.resume);
        this.edu.slept("resume");
        this.edu.start(pdev.as_ref())
    }

    // The others have nothing to do: a device that is stopped remains so.
    fn suspend_late(_pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.edu.slept("suspend_late");
        Ok(())
    }

    fn resume_early(_pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.edu.slept("resume_early");
        Ok(())
    }

    fn freeze_late(_pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.edu.slept("freeze_late");
        Ok(())
    }

    fn thaw_early(_pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.edu.slept("thaw_early");
        Ok(())
    }

    fn poweroff_late(_pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.edu.slept("poweroff_late");
        Ok(())
    }

    fn restore_early(_pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.edu.slept("restore_early");
        Ok(())
    }

    fn suspend_noirq(_pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.edu.slept("suspend_noirq");
        Ok(())
    }

    fn resume_noirq(_pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.edu.slept("resume_noirq");
        Ok(())
    }

    fn freeze_noirq(_pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.edu.slept("freeze_noirq");
        Ok(())
    }

    fn thaw_noirq(_pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.edu.slept("thaw_noirq");
        Ok(())
    }

    fn poweroff_noirq(_pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.edu.slept("poweroff_noirq");
        Ok(())
    }

    fn restore_noirq(_pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.edu.slept("restore_noirq");
        Ok(())
    }

    fn complete(_pdev: &pci::Device<Core>, this: Pin<&Self>) {
        this.edu.slept("complete");
    }

    // An operation keeps the device awake. One that has been given up may still be in progress in
    // the device; try again later then.
    fn runtime_suspend(pdev: &pci::Device<device::Pm>, this: Pin<&Self>) -> Result {
        let edu = &this.edu;
        let bar = edu.bar.access(pdev.as_ref())?;

        if Edu::copying(bar) {
            pdev.runtime_pm().mark_last_busy();
            return Err(EBUSY);
        }
        Edu::quiesce(bar);

        count(&edu.power.runtime_suspend);
        Ok(())
    }

    fn runtime_resume(pdev: &pci::Device<device::Pm>, this: Pin<&Self>) -> Result {
        count(&this.edu.power.runtime_resume);
        this.edu.start(pdev.as_ref())
    }

    fn runtime_idle(_pdev: &pci::Device<Bound>, this: Pin<&Self>) -> Result {
        count(&this.edu.power.runtime_idle);
        Ok(())
    }
}

#[vtable]
impl pci::err::Driver for EduDriver {
    fn reset_prepare(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        let edu = &this.edu;

        count(&edu.power.reset_prepare);
        edu.give_up(&edu.power.reset);

        if edu.stop(pdev.as_ref()).is_err() {
            dev_warn!(pdev.as_ref(), "does not stop copying\n");
        }
    }

    fn reset_done(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        let edu = &this.edu;

        if edu.start(pdev.as_ref()).is_ok() {
            let id = edu.loopback(pdev.as_ref()).unwrap_or(0);

            edu.power.loopback.store(id, Relaxed);
            edu.power.reset.store(0, Relaxed);
        }
        count(&edu.power.reset_done);
    }

    // The device can't be accessed until it has been reset.
    fn error_detected(
        _pdev: &pci::Device<Core>,
        this: Pin<&Self>,
        state: ChannelState,
    ) -> RecoveryResult {
        let edu = &this.edu;

        count(&edu.power.error_detected);
        edu.give_up(&edu.power.reset);

        match state {
            ChannelState::PermFailure => RecoveryResult::Disconnect,
            _ => RecoveryResult::NeedReset,
        }
    }

    fn slot_reset(pdev: &pci::Device<Core>, this: Pin<&Self>) -> RecoveryResult {
        count(&this.edu.power.slot_reset);

        // The state is gone once it has been restored; save it for the next time.
        pdev.restore_state();
        match pdev.save_state() {
            Ok(()) => RecoveryResult::Recovered,
            Err(_) => RecoveryResult::Disconnect,
        }
    }

    fn resume(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        let edu = &this.edu;

        if edu.start(pdev.as_ref()).is_ok() {
            edu.power.reset.store(0, Relaxed);
        }
        count(&edu.power.error_resume);
    }
}

kernel::module_pci_driver! {
    type: EduDriver,
    name: "rust_driver_edu",
    authors: ["Seed e5ff81f6 maintainers"],
    description: "Rust PCI driver for QEMU's edu device",
    license: "GPL v2",
}
