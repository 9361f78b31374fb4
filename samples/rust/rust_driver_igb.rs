// SPDX-License-Identifier: GPL-2.0

//! Rust PCI driver sample for the Intel 82576, an Ethernet controller, which QEMU has as `igb`.
//!
//! To make this driver probe, QEMU must be run with `-device pcie-root-port,id=port` and `-device
//! igb,bus=port`. This is not a network driver: it shows how a driver deals with what a PCI Express
//! device has to offer, and gives a test something to compare. The packets it transmits don't leave
//! the controller.
//!
//! It recovers from errors of the bus, stops while the device is reset or the system sleeps, lets
//! the device be suspended at run time, and enables virtual functions, for which there is a driver
//! of its own in `rust_driver_igbvf.rs`.
//!
//! The directory `rust_driver_igb-<name of the device>` in debugfs has these files:
//!
//! - `identification`: the status register as of probe, and the address.
//! - `vectors`: the type of the interrupt vectors, how many there are, and how many there could be;
//!   then for each vector that is used its index, its number, the CPUs it is directed to and may be
//!   directed to (as masks), and whether it is disabled. Write `INDEX 0` to disable a vector,
//!   `INDEX 1` to enable it again.
//! - `interrupts`: how often each vector has been signaled; then the runs of the thread of vector
//!   1, the transmit interrupts among vector 0 (of MSI and INTx only, others can't be told apart),
//!   and the interrupts of other devices.
//! - `raise`: write `MASK ROUNDS` to have the device signal the vectors in `MASK` that many times,
//!   each time waiting for the interrupts to arrive. With 0 rounds it is done once, without
//!   waiting. Read it to get the rounds that have been completed.
//! - `transmit`: write `PACKETS LENGTH` to have the device transmit. Read it to get the number of
//!   packets, the number of descriptors that the device has completed, and the number of packets
//!   that it says it has transmitted.
//! - `callbacks`: how often the driver has been called to recover from an error, to prepare for a
//!   reset and to go on after it, and to suspend and resume the device; and how often it has been
//!   refused, during a recovery, what would deadlock then.
//! - `reset`: write `1` to have the driver reset the device, unless somebody else is about to do
//!   something to it, which gives `EAGAIN`. Read it to get how often this has been done.
//! - `sleep`: write `1` to have the driver change the power state when the device is suspended at
//!   run time, instead of the PCI core, or `0` not to. Read it to get the states from which the
//!   device can signal wake-up, as a mask; then what has come of it the last time: the errors for
//!   no state at all, for D1, and for wake-up from D3hot, and the states that the device has said
//!   to be in on the way to D3hot, back to D0, and to D3hot.
//! - `fail_recovery`: write `1` to have the next recovery that needs a reset fail, or `0` not to.
//! - `vfs`: how many virtual functions are enabled, a mask of those that have a driver, and the
//!   number of vectors that they have left to this function.
//!
//! A write fails with `ETIMEDOUT` if the device does not do its part in time, and with `ENODEV` if
//! the device is gone, or the driver is being unbound, and with `EAGAIN` while the device is
//! stopped. Reading gives `none` after a failure, and `busy` during an operation.

use core::{
    fmt,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};
use kernel::{
    c_str,
    cpu::{self, CpuId},
    cpumask::{Cpumask, CpumaskVar},
    debugfs::Scope,
    device::{Bound, Core, Device, Pm},
    devres::Devres,
    dma::{CoherentAllocation, Device as _, DmaAddress, DmaMask},
    driver,
    io::poll::read_poll_timeout,
    irq::{self, Line},
    new_mutex,
    pci::{
        self, cap,
        err::{ChannelState, RecoveryResult},
        express::LinkStates,
        pm::{PowerState, SavedState},
        IrqType, IrqTypes, IrqVectors,
    },
    pm::runtime::Awake,
    prelude::*,
    str::CString,
    sync::{aref::ARef, Arc, Mutex},
    time::{delay::fsleep, Delta},
    uaccess::UserSliceReader,
    InPlaceModule,
};

mod rust_driver_igbvf;

/// Offsets of the registers in BAR 0, in bytes. All of them have 32 bits.
mod regs {
    pub(crate) const CTRL: usize = 0x0000;
    pub(crate) const STATUS: usize = 0x0008;
    /// The causes of an interrupt that is no MSI-X one. Reading clears them.
    pub(crate) const ICR: usize = 0x00c0;
    /// Write only: causes to signal.
    pub(crate) const ICS: usize = 0x00c8;
    /// Causes to signal from now on, and no longer.
    pub(crate) const IMS: usize = 0x00d0;
    pub(crate) const IMC: usize = 0x00d8;
    pub(crate) const RCTL: usize = 0x0100;
    pub(crate) const TCTL: usize = 0x0400;
    pub(crate) const GPIE: usize = 0x1514;
    /// The same as [`ICS`], [`IMS`] and [`IMC`], with a bit for each MSI-X vector.
    pub(crate) const EICS: usize = 0x1520;
    pub(crate) const EIMS: usize = 0x1524;
    pub(crate) const EIMC: usize = 0x1528;
    /// MSI-X vectors whose cause is cleared when it has been signaled.
    pub(crate) const EIAC: usize = 0x152c;
    /// Which vectors the queues 7 and 15 signal.
    pub(crate) const IVAR7: usize = 0x171c;
    /// Which vector everything else signals.
    pub(crate) const IVAR_MISC: usize = 0x1740;
    /// Good packets transmitted. Reading clears it.
    pub(crate) const GPTC: usize = 0x4080;
    pub(crate) const RAL0: usize = 0x5400;
    pub(crate) const RAH0: usize = 0x5404;
    /// Transmit queue 7. The ones before it belong to virtual functions, if there are any.
    pub(crate) const TDBAL7: usize = 0xe1c0;
    pub(crate) const TDBAH7: usize = 0xe1c4;
    pub(crate) const TDLEN7: usize = 0xe1c8;
    pub(crate) const TDH7: usize = 0xe1d0;
    pub(crate) const TDT7: usize = 0xe1d8;
    pub(crate) const TXDCTL7: usize = 0xe1e8;
    /// The size of all registers, rounded up.
    pub(crate) const END: usize = 0x10000;

    /// The least time between two interrupts of a vector.
    pub(crate) const fn eitr(vector: usize) -> usize {
        0x1680 + 4 * vector
    }
}

/// Bits of [`regs::CTRL`].
const CTRL_MASTER_DISABLE: u32 = 1 << 2;
const CTRL_RESET: u32 = 1 << 26;

/// Bits of [`regs::STATUS`].
const STATUS_MASTER_ENABLED: u32 = 1 << 19;

/// Bits of [`regs::ICR`] and the like: one for transmission, and one that serves for what software
/// signals, as nothing is received.
const ICR_TX: u32 = 1 << 0;
const ICR_SOFTWARE: u32 = 1 << 4;

/// Bits of [`regs::RCTL`]: what is transmitted is received.
const RCTL_LOOPBACK: u32 = 1 << 6;

/// Bits of [`regs::TCTL`]: on, and short packets are padded.
const TCTL_ENABLE: u32 = 1 << 1;
const TCTL_PAD: u32 = 1 << 3;

/// Bits of [`regs::GPIE`]: reading [`regs::ICR`] always clears it, one vector for each cause, and
/// the bits that are pending in the MSI-X table are cleared with the cause.
const GPIE_CLEAR_ON_READ: u32 = 1 << 0;
const GPIE_MULTIPLE_MSIX: u32 = 1 << 4;
const GPIE_PBA: u32 = 1 << 31;

/// An entry of [`regs::IVAR7`] and [`regs::IVAR_MISC`] is valid.
const IVAR_VALID: u32 = 1 << 7;

/// Bits of [`regs::RAH0`].
const RAH_VALID: u32 = 1 << 31;

/// Bits of [`regs::TXDCTL7`].
const TXDCTL_ENABLE: u32 = 1 << 25;

/// What a register gives if the device is gone.
const ALL_ONES: u32 = u32::MAX;

/// The number of MSI-X vectors.
const VECTORS: usize = 10;

/// The device has this many vectors in all. The virtual functions (VFs) take theirs from the end,
/// the same number each.
const ALL_VECTORS: usize = 25;
const VF_VECTORS: usize = 3;

/// The number of VFs that may be enabled: one more would take [`VECTOR_OTHER`].
const MAX_VFS: u16 = 7;

/// The vector that the transmit queue signals, and the one for everything else. These two remain
/// if virtual functions take theirs.
const VECTOR_TX: usize = 0;
const VECTOR_OTHER: usize = 1;

/// For how many milliseconds the device must not have been used before it is suspended.
const AUTOSUSPEND_MS: i32 = 100;

/// How long the device may take for anything, and how often it is looked at.
const TIMEOUT: Delta = Delta::from_secs(5);
const POLL: Delta = Delta::from_micros(50);

/// How long it needs after a reset until its registers may be accessed.
const RESET_DELAY: Delta = Delta::from_millis(10);

type Bar0 = pci::Bar<{ regs::END }>;

/// Identification of the device.
struct Identity {
    status: u32,
    address: [u8; 6],
}

/// A ring of descriptors, and the one packet that all of them are for.
///
/// A descriptor has two words: the address of the data, and what to do with it.
struct Ring {
    memory: Pin<KBox<Devres<CoherentAllocation<u64>>>>,
    dma_handle: DmaAddress,
    /// The next descriptor to fill.
    tail: usize,
    /// What the last operations have given.
    raised: Option<u32>,
    transmitted: Option<Transmitted>,
    power_changes: Option<PowerChanges>,
}

#[derive(Clone, Copy, Default)]
struct Transmitted {
    packets: u32,
    completed: u32,
    counted: u32,
}

impl Ring {
    /// The number of descriptors, one of which is always left free: a full ring would look like an
    /// empty one.
    const LEN: usize = 64;

    /// Where the packet is, and the size of everything, in words.
    const PACKET: usize = Self::LEN * 2;
    const WORDS: usize = Self::PACKET + Self::MAX_PACKET.div_ceil(8);

    /// A packet, without its checksum.
    const MIN_PACKET: usize = 14;
    const MAX_PACKET: usize = 1514;

    /// Bits of the second word: advanced descriptor, data, end of packet, insert the checksum, and
    /// report the completion, as which the device sets another bit.
    const DATA: u64 = 1 << 29 | 3 << 20;
    const END_OF_PACKET: u64 = 1 << 24;
    const INSERT_CHECKSUM: u64 = 1 << 25;
    const REPORT: u64 = 1 << 27;
    const LENGTH_SHIFT: u32 = 46;
    const DONE: u64 = 1 << 32;

    fn new(dev: &Device<Bound>) -> Result<Self> {
        let memory = KBox::pin_init(
            CoherentAllocation::alloc_coherent(dev, Self::WORDS, GFP_KERNEL),
            GFP_KERNEL,
        )?;
        let dma_handle = memory.access(dev)?.dma_handle();

        Ok(Self {
            memory,
            dma_handle,
            tail: 0,
            raised: None,
            transmitted: None,
            power_changes: None,
        })
    }

    /// The two words of a descriptor for a packet of `len` bytes, which is at most
    /// [`Self::MAX_PACKET`].
    fn descriptor(&self, len: usize) -> [u64; 2] {
        let packet = self.dma_handle + (Self::PACKET * 8) as DmaAddress;
        let command = Self::DATA | Self::END_OF_PACKET | Self::INSERT_CHECKSUM | Self::REPORT;

        [
            packet.to_le(),
            (command | len as u64 | (len as u64) << Self::LENGTH_SHIFT).to_le(),
        ]
    }

    /// Runs `f` with access to the memory; `f` must not sleep.
    fn with_memory<R>(&self, f: impl FnOnce(&CoherentAllocation<u64>) -> Result<R>) -> Result<R> {
        self.memory.try_access_with(f).ok_or(ENODEV)?
    }

    /// Tells the device about the ring, of which it uses nothing before [`regs::TDT7`] is written.
    fn program(&mut self, bar: &Bar0) {
        let address = self.dma_handle;

        bar.write32(0, regs::TXDCTL7);
        bar.write32(address as u32, regs::TDBAL7);
        bar.write32((address >> 32) as u32, regs::TDBAH7);
        bar.write32((Self::LEN * 16) as u32, regs::TDLEN7);
        bar.write32(0, regs::TDH7);
        bar.write32(0, regs::TDT7);
        self.tail = 0;

        bar.write32(TXDCTL_ENABLE, regs::TXDCTL7);
        bar.write32(RCTL_LOOPBACK, regs::RCTL);
        bar.write32(TCTL_ENABLE | TCTL_PAD, regs::TCTL);
    }

    /// Writes the packet: a broadcast of a protocol for experiments.
    fn write_packet(&self, identity: &Identity, len: usize) -> Result {
        let mut bytes = KVec::from_elem(0, len.next_multiple_of(8), GFP_KERNEL)?;
        let [a, b, c, d, e, f] = identity.address;
        let header = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, a, b, c, d, e, f, 0x88, 0xb5,
        ];

        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = header.get(i).copied().unwrap_or(i as u8);
        }

        let mut words = KVec::with_capacity(bytes.len() / 8, GFP_KERNEL)?;
        for chunk in bytes.chunks_exact(8) {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            words.push(u64::from_ne_bytes(word), GFP_KERNEL)?;
        }

        self.with_memory(|memory| memory.write_from(Self::PACKET, &words))
    }

    /// Fills `count` descriptors, less than [`Self::LEN`], and returns the first of them.
    ///
    /// Whether the device completes them or not, they are not filled again before the others.
    fn fill(&mut self, count: usize, len: usize) -> Result<usize> {
        let first = self.tail;
        let descriptor = self.descriptor(len);

        self.with_memory(|memory| {
            for i in 0..count {
                memory.write_from((first + i) % Self::LEN * 2, &descriptor)?;
            }
            Ok(())
        })?;
        self.tail = (first + count) % Self::LEN;

        Ok(first)
    }

    /// Returns how many of the `count` descriptors from `first` on the device has completed.
    fn completed(&self, first: usize, count: usize) -> Result<usize> {
        self.with_memory(|memory| {
            let mut completed = 0;

            for i in 0..count {
                let mut word = [0];
                memory.read_into((first + i) % Self::LEN * 2 + 1, &mut word)?;
                if u64::from_le(word[0]) & Self::DONE != 0 {
                    completed += 1;
                }
            }
            Ok(completed)
        })
    }
}

/// The callbacks that are counted.
#[derive(Clone, Copy)]
enum Callback {
    CorrectedError,
    DetectedNormal,
    DetectedFrozen,
    DetectedFailure,
    MmioEnabled,
    SlotReset,
    Recovered,
    RefusedInRecovery,
    ResetPrepare,
    ResetDone,
    Suspend,
    Resume,
    RuntimeSuspend,
    RuntimeResume,
}

impl Callback {
    /// In the order of declaration.
    const NAMES: [&'static str; 14] = [
        "cor_error_detected",
        "error_detected_normal",
        "error_detected_frozen",
        "error_detected_failure",
        "mmio_enabled",
        "slot_reset",
        "error_resume",
        "refused_in_recovery",
        "reset_prepare",
        "reset_done",
        "suspend",
        "resume",
        "runtime_suspend",
        "runtime_resume",
    ];
}

/// How often each of them has been called, how often the driver has reset the device, and what they
/// are to do.
struct Callbacks {
    counts: [AtomicU32; Callback::NAMES.len()],
    resets: AtomicU32,
    /// Set to have a recovery fail, and to have the driver change the power state by itself.
    fail_recovery: AtomicBool,
    change_power: AtomicBool,
}

impl Callbacks {
    fn new() -> Self {
        Self {
            counts: [const { AtomicU32::new(0) }; Callback::NAMES.len()],
            resets: AtomicU32::new(0),
            fail_recovery: AtomicBool::new(false),
            change_power: AtomicBool::new(false),
        }
    }

    fn count(&self, callback: Callback) {
        if let Some(count) = self.counts.get(callback as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What has come of changing the power state.
#[derive(Clone, Copy)]
struct PowerChanges {
    unknown: Result,
    d1: Result,
    wake: Result,
    /// D0 to D3hot, as the register has it.
    states: [u8; 3],
}

impl PowerChanges {
    fn errno(result: Result) -> i32 {
        result.err().map_or(0, Error::to_errno)
    }

    fn state(pdev: &pci::Device<Pm>) -> Result<u8> {
        let pm = pdev.find_capability::<cap::Pm>()?.ok_or(ENODEV)?;

        Ok(pm.status()?.state())
    }

    /// Puts the device, which is in D0, into D3hot, wakes it up, and puts it into D3hot again.
    fn make(pdev: &pci::Device<Pm>) -> Result<Self> {
        let unknown = pdev.set_power_state(PowerState::Unknown);
        let d1 = pdev.set_power_state(PowerState::D1);
        let wake = pdev.enable_wake(PowerState::D3Hot, true);
        let mut states = [0; 3];

        for (i, state) in states.iter_mut().enumerate() {
            if i == 1 {
                pdev.set_power_state(PowerState::D0)?;
                pdev.restore_state();
            } else {
                // From here on, the PCI core leaves it to the driver.
                pdev.save_state()?;
                pdev.set_power_state(PowerState::D3Hot)?;
            }
            *state = Self::state(pdev)?;
        }

        Ok(Self {
            unknown,
            d1,
            wake,
            states,
        })
    }
}

/// What there is to know about the VFs.
struct Vfs {
    /// Those that have a driver, as a mask.
    bound: AtomicU32,
    /// How many vectors are not theirs. Changes only with [`Igb::ring`] locked, and so does what
    /// the device knows of it.
    own_vectors: AtomicU32,
    /// How many vectors the driver of each of them may use.
    vectors: [AtomicU32; MAX_VFS as usize],
}

impl Vfs {
    fn new() -> Self {
        Self {
            bound: AtomicU32::new(0),
            own_vectors: AtomicU32::new(VECTORS as u32),
            vectors: [const { AtomicU32::new(VF_VECTORS as u32) }; MAX_VFS as usize],
        }
    }

    /// The default, for VFs that are new.
    fn reset_vectors(&self) {
        for vectors in &self.vectors {
            vectors.store(VF_VECTORS as u32, Ordering::Relaxed);
        }
    }
}

/// The device, as the interrupt handlers and the debugfs files share it.
#[pin_data]
struct Igb {
    device: ARef<pci::Device>,
    #[pin]
    bar: Devres<Bar0>,
    identity: Identity,
    irq_type: IrqType,
    /// Set when the driver is unbound; operations in progress give up.
    gone: AtomicBool,
    /// Set while the device is stopped, the same.
    stopped: AtomicBool,
    callbacks: Callbacks,
    vfs: Vfs,
    interrupts: [AtomicU32; VECTORS],
    thread_runs: AtomicU32,
    tx_irqs: AtomicU32,
    foreign_irqs: AtomicU32,
    #[pin]
    ring: Mutex<Ring>,
}

/// Access to the hardware.
impl Igb {
    fn new(pdev: &pci::Device<Core>, irq_type: IrqType) -> Result<Arc<Self>> {
        let dev = pdev.as_ref();
        let ring = Ring::new(dev)?;

        Arc::pin_init(
            try_pin_init!(Self {
                device: pdev.into(),
                bar <- pdev.iomap_region_sized::<{ regs::END }>(0, c_str!("rust_driver_igb")),
                identity: {
                    let bar = bar.access(dev)?;

                    Self::reset(bar).inspect_err(|_| dev_err!(dev, "does not reset\n"))?;
                    Self::identify(dev, bar)?
                },
                irq_type,
                gone: AtomicBool::new(false),
                stopped: AtomicBool::new(false),
                callbacks: Callbacks::new(),
                vfs: Vfs::new(),
                interrupts: [const { AtomicU32::new(0) }; VECTORS],
                thread_runs: AtomicU32::new(0),
                tx_irqs: AtomicU32::new(0),
                foreign_irqs: AtomicU32::new(0),
                ring <- new_mutex!(ring),
            }),
            GFP_KERNEL,
        )
    }

    /// Stops whatever the device is doing, and brings it to its initial state.
    fn reset(bar: &Bar0) -> Result {
        Self::quiesce(bar);

        // It must not be reset in the middle of an access to memory.
        bar.write32(bar.read32(regs::CTRL) | CTRL_MASTER_DISABLE, regs::CTRL);
        Self::poll(
            || Ok(bar.read32(regs::STATUS)),
            |&status| status & STATUS_MASTER_ENABLED == 0,
        )?;

        bar.write32(bar.read32(regs::CTRL) | CTRL_RESET, regs::CTRL);
        fsleep(RESET_DELAY);
        Self::poll(
            || Ok(bar.read32(regs::CTRL)),
            |&ctrl| ctrl & CTRL_RESET == 0,
        )?;

        // It comes up with interrupts disabled, but may have had one pending.
        Self::quiesce(bar);
        Ok(())
    }

    /// Keeps the device from signaling interrupts, and from beginning to transmit.
    fn quiesce(bar: &Bar0) {
        bar.write32(ALL_ONES, regs::EIMC);
        Self::quiesce_rest(bar);
    }

    /// The same, except for the MSI-X vectors.
    fn quiesce_rest(bar: &Bar0) {
        bar.write32(ALL_ONES, regs::IMC);
        bar.write32(0, regs::RCTL);
        bar.write32(0, regs::TCTL);
        bar.read32(regs::ICR);
    }

    /// Calls `read` until `done` says that its value is the right one.
    ///
    /// Returns [`ENODEV`] if it is the one of a device that is gone.
    fn poll(mut read: impl FnMut() -> Result<u32>, done: impl Fn(&u32) -> bool) -> Result<u32> {
        let value = read_poll_timeout(
            &mut read,
            |value| *value == ALL_ONES || done(value),
            POLL,
            TIMEOUT,
        )?;
        if value == ALL_ONES {
            return Err(ENODEV);
        }

        Ok(value)
    }

    fn identify(dev: &Device<Bound>, bar: &Bar0) -> Result<Identity> {
        let status = bar.read32(regs::STATUS);
        let (low, high) = (bar.read32(regs::RAL0), bar.read32(regs::RAH0));

        if status == ALL_ONES || high == ALL_ONES {
            return Err(ENODEV);
        }
        if high & RAH_VALID == 0 {
            dev_err!(dev, "has no address\n");
            return Err(ENODEV);
        }

        let ([a, b, c, d], [e, f, ..]) = (low.to_le_bytes(), high.to_le_bytes());
        Ok(Identity {
            status,
            address: [a, b, c, d, e, f],
        })
    }

    /// The MSI-X vectors that are not those of VFs, as a mask.
    fn own_vectors(&self) -> u32 {
        (1 << self.vfs.own_vectors.load(Ordering::Relaxed)) - 1
    }

    /// Stops the device, which has no operation in progress. Its VFs go on.
    fn stop(&self, bar: &Bar0) {
        bar.write32(self.own_vectors(), regs::EIMC);
        Self::quiesce_rest(bar);
    }

    /// Has an operation in progress give up, waits until it has, and stops the device.
    ///
    /// Operations that begin after this fail until [`Self::restart`] has been called.
    fn suspend(&self, pdev: &pci::Device<Core>, handlers: &Handlers) {
        let dev = pdev.as_ref();

        self.stopped.store(true, Ordering::Relaxed);
        drop(self.ring.lock());

        // There is no way to stop a device that is cut off. It can't disturb, either.
        if !pdev.is_offline() {
            if let Ok(bar) = self.bar.access(dev) {
                self.stop(bar);
            }
        }
        handlers.synchronize(dev);
    }

    /// Starts the device again. It may have been reset, but its configuration space is restored.
    fn restart(&self, dev: &Device<Bound>) -> Result {
        let bar = self.bar.access(dev)?;

        if bar.read32(regs::STATUS) == ALL_ONES {
            return Err(ENODEV);
        }
        self.stop(bar);
        self.start(bar)?;
        self.stopped.store(false, Ordering::Relaxed);

        Ok(())
    }

    /// Leaves the VFs their vectors, if there are to be `num` of them.
    fn share_vectors(&self, pdev: &pci::Device<Core>, num: u16) -> Result {
        let taken = usize::from(num).saturating_mul(VF_VECTORS);
        let own = ALL_VECTORS.saturating_sub(taken).min(VECTORS);
        let bar = self.bar.access(pdev.as_ref())?;

        let _ring = self.ring.lock();
        self.vfs.own_vectors.store(own as u32, Ordering::Relaxed);
        if self.irq_type == IrqType::MsiX && !self.stopped.load(Ordering::Relaxed) {
            bar.write32(!self.own_vectors(), regs::EIMC);
            bar.write32(self.own_vectors(), regs::EIMS);
        }

        Ok(())
    }

    /// The driver of VF `vf` has been bound, or unbound. Returns the address of the VF.
    fn vf_bound(&self, vf: u16, bound: bool) -> Result<[u8; 6]> {
        let mask = 1u32.checked_shl(vf.into()).ok_or(EINVAL)?;
        let before = if bound {
            self.vfs.bound.fetch_or(mask, Ordering::Relaxed)
        } else {
            self.vfs.bound.fetch_and(!mask, Ordering::Relaxed)
        };
        if (before & mask == 0) != bound {
            return Err(EBUSY);
        }

        // The ones that follow the address of this function.
        let mut address = self.identity.address;
        let last = &mut address[5];
        *last = last.wrapping_add(1).wrapping_add(vf as u8);
        Ok(address)
    }

    /// Returns how many vectors the driver of VF `vf` may use.
    fn vf_vectors(&self, vf: u16) -> Result<u32> {
        let vectors = self.vfs.vectors.get(usize::from(vf)).ok_or(EINVAL)?;

        Ok(vectors.load(Ordering::Relaxed))
    }

    /// Resets the device, on behalf of user space.
    fn reset_function(&self) -> Result {
        self.check_running()?;
        self.device.try_reset_function()?;
        self.callbacks.resets.fetch_add(1, Ordering::Relaxed);

        Ok(())
    }

    /// Sets the device up after a reset.
    fn start(&self, bar: &Bar0) -> Result {
        self.ring.lock().program(bar);

        let tx = IVAR_VALID | VECTOR_TX as u32;
        bar.write32(tx << 8, regs::IVAR7);

        if self.irq_type == IrqType::MsiX {
            let own = self.own_vectors();
            let other = IVAR_VALID | VECTOR_OTHER as u32;

            bar.write32(
                GPIE_CLEAR_ON_READ | GPIE_MULTIPLE_MSIX | GPIE_PBA,
                regs::GPIE,
            );
            bar.write32(other << 8, regs::IVAR_MISC);
            for vector in 0..VECTORS {
                bar.try_write32(0, regs::eitr(vector))?;
            }
            bar.write32(own, regs::EIAC);
            bar.write32(own, regs::EIMS);
        } else {
            bar.write32(ICR_TX | ICR_SOFTWARE, regs::IMS);
        }

        // Writes are posted; this has been seen by the device when it answers.
        bar.read32(regs::STATUS);
        Ok(())
    }

    /// Runs `f` with access to the registers, unless the device has been unbound.
    ///
    /// `f` must not sleep.
    fn with_bar<R>(&self, f: impl FnOnce(&Bar0) -> R) -> Result<R> {
        self.bar.try_access_with(f).ok_or(ENODEV)
    }

    /// Returns an error if operations have to give up.
    fn check_running(&self) -> Result {
        if self.gone.load(Ordering::Relaxed) {
            return Err(ENODEV);
        }
        if self.stopped.load(Ordering::Relaxed) {
            return Err(EAGAIN);
        }

        Ok(())
    }

    /// Resumes the device if need be, and keeps it awake.
    fn wake(&self) -> Result<Awake<&Device>> {
        self.check_running()?;
        self.device.runtime_pm().resume_and_get()
    }

    /// Returns [`ENODEV`] if the device is gone, or about to be.
    fn check_present(&self) -> Result {
        self.check_running()?;
        self.with_bar(|bar| bar.checked().check(bar.read32(regs::STATUS)))??;

        Ok(())
    }

    fn count(&self, vector: usize) -> u32 {
        self.interrupts
            .get(vector)
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// The vectors that can be signaled, as a mask.
    fn vector_mask(&self) -> u32 {
        match self.irq_type {
            IrqType::MsiX => self.own_vectors(),
            IrqType::Msi | IrqType::Intx => 1,
        }
    }

    /// Has the device signal the vectors in `mask`.
    fn signal(&self, mask: u32) -> Result {
        self.with_bar(|bar| match self.irq_type {
            IrqType::MsiX => bar.write32(mask, regs::EICS),
            IrqType::Msi | IrqType::Intx => bar.write32(ICR_SOFTWARE, regs::ICS),
        })
    }

    fn raise(&self, mask: u32, rounds: u32) -> Result {
        let awake = self.wake()?;
        let mut ring = self.ring.lock();
        if mask == 0 || mask & !self.vector_mask() != 0 {
            return Err(EINVAL);
        }
        ring.raised = None;

        if rounds == 0 {
            self.check_present()?;
            self.signal(mask)?;
        }
        for _ in 0..rounds {
            let before: [u32; VECTORS] = core::array::from_fn(|i| self.count(i));
            let arrived = || (0..VECTORS).all(|i| mask & 1 << i == 0 || self.count(i) != before[i]);

            self.check_present()?;
            self.signal(mask)?;
            read_poll_timeout(
                || {
                    self.check_running()?;
                    Ok(arrived())
                },
                |arrived| *arrived,
                POLL,
                TIMEOUT,
            )?;
        }

        ring.raised = Some(rounds);
        awake.put_autosuspend();
        Ok(())
    }

    fn transmit(&self, packets: u32, len: usize) -> Result {
        if !(Ring::MIN_PACKET..=Ring::MAX_PACKET).contains(&len) {
            return Err(EINVAL);
        }

        let awake = self.wake()?;
        let mut ring = self.ring.lock();
        let mut transmitted = Transmitted {
            packets,
            ..Default::default()
        };
        ring.transmitted = None;
        self.check_present()?;
        ring.write_packet(&self.identity, len)?;
        // Forget what has been counted so far.
        self.with_bar(|bar| bar.read32(regs::GPTC))?;

        let mut left = packets;
        while left > 0 {
            let count = left.min(Ring::LEN as u32 - 1);
            self.check_present()?;
            transmitted.completed += self.transmit_some(&mut ring, count, len)?;
            transmitted.counted = transmitted
                .counted
                .saturating_add(self.with_bar(|bar| bar.read32(regs::GPTC))?);
            left -= count;
        }

        ring.transmitted = Some(transmitted);
        awake.put_autosuspend();
        Ok(())
    }

    /// Transmits `count` packets, and waits until all descriptors have been completed.
    fn transmit_some(&self, ring: &mut Ring, count: u32, len: usize) -> Result<u32> {
        let n = count as usize;
        let first = ring.fill(n, len)?;
        let tail = ring.tail as u32;

        // The descriptors are in memory before the device hears of them, see `CoherentAllocation`.
        self.with_bar(|bar| bar.write32(tail, regs::TDT7))?;
        read_poll_timeout(
            || {
                self.check_running()?;
                ring.completed(first, n)
            },
            |completed| *completed == n,
            POLL,
            TIMEOUT,
        )?;

        Ok(count)
    }
}

/// The handler of a vector.
struct VectorHandler {
    igb: Arc<Igb>,
    vector: usize,
}

impl VectorHandler {
    fn count(&self) {
        if let Some(count) = self.igb.interrupts.get(self.vector) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Finds out what the only vector has been signaled for.
    fn handle_causes(&self, dev: &Device<Bound>) -> irq::IrqReturn {
        let Ok(bar) = self.igb.bar.access(dev) else {
            return irq::IrqReturn::None;
        };

        let causes = bar.read32(regs::ICR);
        if causes == ALL_ONES || causes & (ICR_TX | ICR_SOFTWARE) == 0 {
            self.igb.foreign_irqs.fetch_add(1, Ordering::Relaxed);
            return irq::IrqReturn::None;
        }
        if causes & ICR_TX != 0 {
            self.igb.tx_irqs.fetch_add(1, Ordering::Relaxed);
        }
        self.count();

        irq::IrqReturn::Handled
    }
}

impl irq::Handler for VectorHandler {
    fn handle(&self, dev: &Device<Bound>) -> irq::IrqReturn {
        match self.igb.irq_type {
            // The cause is known, and has been cleared by the device.
            IrqType::MsiX => {
                self.count();
                irq::IrqReturn::Handled
            }
            IrqType::Msi | IrqType::Intx => self.handle_causes(dev),
        }
    }
}

/// The vector that is for events that take time to deal with.
impl irq::ThreadedHandler for VectorHandler {
    fn handle(&self, _dev: &Device<Bound>) -> irq::ThreadedIrqReturn {
        self.count();
        irq::ThreadedIrqReturn::WakeThread
    }

    fn handle_threaded(&self, _dev: &Device<Bound>) -> irq::IrqReturn {
        self.igb.thread_runs.fetch_add(1, Ordering::Relaxed);
        irq::IrqReturn::Handled
    }
}

/// The handler of a vector, of either kind.
enum Registration {
    Hard(Pin<KBox<irq::Registration<VectorHandler>>>),
    Threaded(Pin<KBox<irq::ThreadedRegistration<VectorHandler>>>),
}

impl Registration {
    fn new(igb: &Arc<Igb>, vector: pci::IrqVector<'_>) -> Result<Self> {
        let index = vector.index() as usize;
        let name = c_str!("rust_driver_igb");
        let handler = VectorHandler {
            igb: igb.clone(),
            vector: index,
        };

        if igb.irq_type == IrqType::MsiX && index == VECTOR_OTHER {
            let init = vector.request_threaded_irq(irq::Flags::ONESHOT, name, Ok(handler));

            Ok(Self::Threaded(KBox::pin_init(init, GFP_KERNEL)?))
        } else {
            let init = vector.request_irq(irq::Flags::TRIGGER_NONE, name, Ok(handler));

            Ok(Self::Hard(KBox::pin_init(init, GFP_KERNEL)?))
        }
    }

    fn with_line<R>(&self, f: impl FnOnce(&Line) -> R) -> Result<R> {
        match self {
            Self::Hard(registration) => registration.with_line(f),
            Self::Threaded(registration) => registration.with_line(f),
        }
    }

    fn synchronize(&self, dev: &Device<Core>) -> Result {
        match self {
            Self::Hard(registration) => registration.synchronize(dev),
            Self::Threaded(registration) => registration.synchronize(dev),
        }
    }
}

/// All handlers, in the order of the vectors.
struct Handlers {
    registrations: KVec<Registration>,
    allocated: u32,
    available: Option<u32>,
}

impl Handlers {
    fn new(pdev: &pci::Device<Core>, igb: &Arc<Igb>, vectors: &IrqVectors) -> Result<Arc<Self>> {
        let mut registrations = KVec::new();

        for index in 0..vectors.count() {
            let registration = Registration::new(igb, vectors.vector(pdev, index)?)?;

            // Spread the load, and leave the last word to the administrator.
            if let Some(cpu) = CpuId::from_u32(index % cpu::nr_cpu_ids()) {
                if igb.irq_type == IrqType::MsiX && cpu::nr_cpu_ids() > 1 {
                    registration.with_line(|line| line.set_affinity_and_hint(cpu))??;
                }
            }
            registrations.push(registration, GFP_KERNEL)?;
        }

        Ok(Arc::new(
            Self {
                registrations,
                allocated: vectors.count(),
                available: pdev.msix_vec_count().ok(),
            },
            GFP_KERNEL,
        )?)
    }

    /// Waits for the handlers that are running.
    fn synchronize(&self, dev: &Device<Core>) {
        for registration in &self.registrations {
            // It fails only if there is nothing to wait for.
            let _ = registration.synchronize(dev);
        }
    }
}

/// What the debugfs files need.
struct Files {
    igb: Arc<Igb>,
    handlers: Arc<Handlers>,
}

/// The debugfs files.
impl Files {
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

    fn show_identification(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Identity { status, address } = &self.igb.identity;

        write!(f, "status {:#010x} address", status)?;
        for (i, byte) in address.iter().enumerate() {
            write!(f, "{}{:02x}", if i == 0 { ' ' } else { ':' }, byte)?;
        }
        writeln!(f)
    }

    /// The first 64 CPUs of a mask, as `/proc/irq/*/smp_affinity` has them.
    fn mask_bits(mask: &Cpumask) -> u64 {
        (0..cpu::nr_cpu_ids().min(u64::BITS))
            .filter(|&i| CpuId::from_u32(i).is_some_and(|cpu| mask.test(cpu)))
            .fold(0, |bits, i| bits | 1 << i)
    }

    fn show_vectors(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:?} {} {}",
            self.igb.irq_type,
            self.handlers.allocated,
            self.handlers.available.unwrap_or(0)
        )?;

        for (index, registration) in self.handlers.registrations.iter().enumerate() {
            let line = registration.with_line(|line| {
                let mut mask = CpumaskVar::new_zero(GFP_KERNEL).map_err(|_| fmt::Error)?;
                line.effective_affinity(&mut mask);
                let effective = Self::mask_bits(&mask);
                line.affinity(&mut mask);
                let allowed = Self::mask_bits(&mask);

                writeln!(
                    f,
                    "{} irq {} effective {:x} allowed {:x} disabled {}",
                    index,
                    line.irq(),
                    effective,
                    allowed,
                    u32::from(line.is_disabled()),
                )
            });

            match line {
                Ok(result) => result?,
                Err(_) => writeln!(f, "{} gone", index)?,
            }
        }

        Ok(())
    }

    fn store_vectors(&self, reader: &mut UserSliceReader) -> Result {
        let [index, enable] = Self::read_numbers(reader)?;
        let registration = self
            .handlers
            .registrations
            .get(usize::try_from(index)?)
            .ok_or(EINVAL)?;

        registration.with_line(|line| match enable {
            0 => line.disable().map(|disabled| disabled.leave()),
            1 => line.enable(),
            _ => Err(EINVAL),
        })?
    }

    fn show_interrupts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let igb = &self.igb;

        for vector in 0..self.handlers.registrations.len() {
            writeln!(f, "{} {}", vector, igb.count(vector))?;
        }
        for (name, count) in [
            ("thread", &igb.thread_runs),
            ("tx", &igb.tx_irqs),
            ("foreign", &igb.foreign_irqs),
        ] {
            writeln!(f, "{} {}", name, count.load(Ordering::Relaxed))?;
        }

        Ok(())
    }

    fn show_raise(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(ring) = self.igb.ring.try_lock() else {
            return writeln!(f, "busy");
        };

        match ring.raised {
            Some(rounds) => writeln!(f, "{}", rounds),
            None => writeln!(f, "none"),
        }
    }

    fn store_raise(&self, reader: &mut UserSliceReader) -> Result {
        let [mask, rounds] = Self::read_numbers(reader)?;

        self.igb.raise(mask, rounds)
    }

    fn show_transmit(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(ring) = self.igb.ring.try_lock() else {
            return writeln!(f, "busy");
        };

        match ring.transmitted {
            Some(Transmitted {
                packets,
                completed,
                counted,
            }) => writeln!(
                f,
                "packets {} completed {} counted {}",
                packets, completed, counted
            ),
            None => writeln!(f, "none"),
        }
    }

    fn store_transmit(&self, reader: &mut UserSliceReader) -> Result {
        let [packets, len] = Self::read_numbers(reader)?;

        self.igb.transmit(packets, usize::try_from(len)?)
    }

    fn show_callbacks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in Callback::NAMES.iter().zip(&self.igb.callbacks.counts) {
            writeln!(f, "{} {}", name, count.load(Ordering::Relaxed))?;
        }

        Ok(())
    }

    fn show_reset(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.igb.callbacks.resets.load(Ordering::Relaxed))
    }

    fn store_reset(&self, reader: &mut UserSliceReader) -> Result {
        let [one] = Self::read_numbers(reader)?;
        if one != 1 {
            return Err(EINVAL);
        }

        self.igb.reset_function()
    }

    /// Reads `0` or `1`.
    fn read_flag(reader: &mut UserSliceReader) -> Result<bool> {
        match Self::read_numbers(reader)? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(EINVAL),
        }
    }

    fn store_fail_recovery(&self, reader: &mut UserSliceReader) -> Result {
        let fail = Self::read_flag(reader)?;

        self.igb
            .callbacks
            .fail_recovery
            .store(fail, Ordering::Relaxed);
        Ok(())
    }

    fn show_sleep(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pme = [
            PowerState::D0,
            PowerState::D1,
            PowerState::D2,
            PowerState::D3Hot,
            PowerState::D3Cold,
        ]
        .iter()
        .filter(|&&state| self.igb.device.pme_capable(state))
        .fold(0, |mask, &state| mask | 1 << state as u32);

        writeln!(f, "pme {:#x}", pme)?;
        let Some(ring) = self.igb.ring.try_lock() else {
            return writeln!(f, "busy");
        };
        match ring.power_changes {
            Some(PowerChanges {
                unknown,
                d1,
                wake,
                states,
            }) => writeln!(
                f,
                "unknown {} d1 {} wake {} states {:?}",
                PowerChanges::errno(unknown),
                PowerChanges::errno(d1),
                PowerChanges::errno(wake),
                states
            ),
            None => writeln!(f, "none"),
        }
    }

    fn store_sleep(&self, reader: &mut UserSliceReader) -> Result {
        let own = Self::read_flag(reader)?;

        self.igb
            .callbacks
            .change_power
            .store(own, Ordering::Relaxed);
        Ok(())
    }

    fn show_vfs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let igb = &self.igb;

        writeln!(
            f,
            "enabled {} bound {:#x} vectors {}",
            igb.device.num_vf(),
            igb.vfs.bound.load(Ordering::Relaxed),
            igb.vfs.own_vectors.load(Ordering::Relaxed)
        )
    }

    fn debugfs(self, name: &CStr) -> impl PinInit<Scope<Self>> + '_ {
        Scope::dir(self, name, |this, dir| {
            dir.read_callback_file(c_str!("identification"), this, &Self::show_identification);
            dir.read_callback_file(c_str!("interrupts"), this, &Self::show_interrupts);
            dir.read_callback_file(c_str!("callbacks"), this, &Self::show_callbacks);
            dir.read_callback_file(c_str!("vfs"), this, &Self::show_vfs);
            dir.read_write_callback_file(
                c_str!("sleep"),
                this,
                &Self::show_sleep,
                &Self::store_sleep,
            );
            dir.write_only_callback_file(c_str!("fail_recovery"), this, &Self::store_fail_recovery);
            dir.read_write_callback_file(
                c_str!("reset"),
                this,
                &Self::show_reset,
                &Self::store_reset,
            );
            dir.read_write_callback_file(
                c_str!("vectors"),
                this,
                &Self::show_vectors,
                &Self::store_vectors,
            );
            dir.read_write_callback_file(
                c_str!("raise"),
                this,
                &Self::show_raise,
                &Self::store_raise,
            );
            dir.read_write_callback_file(
                c_str!("transmit"),
                this,
                &Self::show_transmit,
                &Self::store_transmit,
            );
        })
    }
}

#[pin_data]
struct IgbDriver {
    // The files go first, then the handlers: nobody uses what has been dropped.
    #[pin]
    _debugfs: Scope<Files>,
    handlers: Arc<Handlers>,
    /// The configuration space at the end of probe.
    saved: SavedState,
    igb: Arc<Igb>,
}

kernel::pci_device_table!(
    PCI_TABLE,
    MODULE_PCI_TABLE,
    <IgbDriver as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_id(pci::Vendor::INTEL, 0x10c9), ())]
);

impl IgbDriver {
    /// Allocates all vectors, or else a single one.
    fn alloc_vectors(pdev: &pci::Device<Core>) -> Result<IrqVectors> {
        let all = VECTORS as u32;

        pdev.alloc_irq_vectors(all, all, IrqType::MsiX.into())
            .or_else(|_| {
                pdev.alloc_irq_vectors(1, 1, IrqTypes::from(IrqType::Msi).with(IrqType::Intx))
            })
    }
}

impl pci::Driver for IgbDriver {
    type IdInfo = ();
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;
    const PM: Option<pci::pm::Ops<Self>> = Some(pci::pm::Ops::simple());
    const ERROR_HANDLERS: Option<pci::err::Handlers<Self>> = Some(pci::err::Handlers::new());
    const SRIOV: Option<pci::sriov::Ops<Self>> = Some(pci::sriov::Ops::new());

    fn probe(pdev: &pci::Device<Core>, _info: &Self::IdInfo) -> Result<Pin<KBox<Self>>> {
        pdev.enable_device_mem()?;
        pdev.dma_set_mask_and_coherent(DmaMask::new::<64>())?;

        let vectors = Self::alloc_vectors(pdev)?;
        let igb = Igb::new(pdev, vectors.irq_type())?;
        let handlers = Handlers::new(pdev, &igb, &vectors)?;
        let name = CString::try_from_fmt(fmt!("rust_driver_igb-{}", pdev.name()))?;
        let files = Files {
            igb: igb.clone(),
            handlers: handlers.clone(),
        };

        if pdev.is_physfn() {
            pdev.set_totalvfs(MAX_VFS)?;
        }
        pdev.runtime_pm().set_autosuspend_delay(AUTOSUSPEND_MS);
        pdev.runtime_pm().use_autosuspend()?;

        // The device accesses memory only when it is told to transmit, which user space can't do
        // before there are files. These are the last thing that can fail.
        pdev.set_master();
        igb.start(igb.bar.access(pdev.as_ref())?)?;

        // For when the device has been reset after an error. What the PCI core has saved is used up
        // when it restores it, e.g. when the device resumes.
        pdev.save_state()?;
        let saved = pdev.store_saved_state()?;

        KBox::pin_init(
            try_pin_init!(Self {
                _debugfs <- files.debugfs(&name),
                handlers,
                saved,
                igb,
            }),
            GFP_KERNEL,
        )
    }

    fn unbind(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        let dev = pdev.as_ref();
        let igb = &this.igb;

        // Have an operation in progress give up, and wait until it has. No other one can begin.
        igb.gone.store(true, Ordering::Relaxed);
        drop(igb.ring.lock());

        // They have been disabled, which unbinds them, before this is called.
        if igb.vfs.bound.load(Ordering::Relaxed) != 0 {
            dev_err!(dev, "virtual functions are still bound\n");
        }

        if let Ok(bar) = igb.bar.access(dev) {
            Igb::quiesce(bar);
        }
        this.handlers.synchronize(dev);
        if let Ok(bar) = igb.bar.access(dev) {
            if Igb::reset(bar).is_err() {
                dev_warn!(dev, "does not reset\n");
            }
        }
    }
}

impl IgbDriver {
    /// The PCI core waits for the driver to recover. Returns whether what would have it wait
    /// for the PCI core is refused.
    fn waits_are_refused(pdev: &pci::Device<Core>) -> bool {
        let Some(express) = pdev.express() else {
            return false;
        };

        [
            pdev.reset_function(),
            pdev.reset_function_without_restore(),
            pdev.flr(),
            pdev.set_power_state(PowerState::D0),
            pdev.prepare_to_sleep(),
            pdev.back_from_sleep(),
            pdev.enable_sriov(1),
            pdev.disable_sriov(),
            express.disable_link_states(LinkStates::L0S),
            express.enable_link_states(LinkStates::L0S),
        ]
        .iter()
        .all(|result| *result == Err(EDEADLK))
    }

    /// Counts a callback of a recovery.
    fn count_recovery(&self, pdev: &pci::Device<Core>, callback: Callback) {
        self.igb.callbacks.count(callback);
        if Self::waits_are_refused(pdev) {
            self.igb.callbacks.count(Callback::RefusedInRecovery);
        }
    }
}

#[vtable]
impl pci::err::Driver for IgbDriver {
    fn error_detected(
        pdev: &pci::Device<Core>,
        this: Pin<&Self>,
        state: ChannelState,
    ) -> RecoveryResult {
        let igb = &this.igb;
        let (callback, result) = match state {
            ChannelState::Normal => (Callback::DetectedNormal, RecoveryResult::CanRecover),
            ChannelState::Frozen => (Callback::DetectedFrozen, RecoveryResult::NeedReset),
            ChannelState::PermFailure => (Callback::DetectedFailure, RecoveryResult::Disconnect),
        };

        this.count_recovery(pdev, callback);
        igb.suspend(pdev, &this.handlers);

        result
    }

    fn mmio_enabled(pdev: &pci::Device<Core>, this: Pin<&Self>) -> RecoveryResult {
        this.count_recovery(pdev, Callback::MmioEnabled);

        // Something has gone wrong, but the registers can be accessed: it may be enough to start
        // anew.
        match this.igb.restart(pdev.as_ref()) {
            Ok(()) => RecoveryResult::Recovered,
            Err(_) => RecoveryResult::NeedReset,
        }
    }

    fn slot_reset(pdev: &pci::Device<Core>, this: Pin<&Self>) -> RecoveryResult {
        this.count_recovery(pdev, Callback::SlotReset);

        if pdev.load_saved_state(&this.saved).is_err() {
            return RecoveryResult::Disconnect;
        }
        pdev.restore_state();

        if this
            .igb
            .callbacks
            .fail_recovery
            .swap(false, Ordering::Relaxed)
        {
            return RecoveryResult::Disconnect;
        }
        match this.igb.restart(pdev.as_ref()) {
            Ok(()) => RecoveryResult::Recovered,
            Err(_) => RecoveryResult::Disconnect,
        }
    }

    fn resume(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        this.count_recovery(pdev, Callback::Recovered);
    }

    fn cor_error_detected(_pdev: &pci::Device<Core>, this: Pin<&Self>) {
        this.igb.callbacks.count(Callback::CorrectedError);
    }

    fn reset_prepare(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        this.igb.callbacks.count(Callback::ResetPrepare);
        this.igb.suspend(pdev, &this.handlers);
    }

    fn reset_done(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        this.igb.callbacks.count(Callback::ResetDone);
        if this.igb.restart(pdev.as_ref()).is_err() {
            dev_err!(pdev.as_ref(), "does not work after a reset\n");
        }
    }
}

#[vtable]
impl pci::pm::Driver for IgbDriver {
    fn suspend(pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.igb.callbacks.count(Callback::Suspend);
        this.igb.suspend(pdev, &this.handlers);

        Ok(())
    }

    fn resume(pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.igb.callbacks.count(Callback::Resume);
        this.igb.restart(pdev.as_ref())
    }

    // An operation keeps the device awake, hence there is none.
    fn runtime_suspend(pdev: &pci::Device<Pm>, this: Pin<&Self>) -> Result {
        let igb = &this.igb;

        igb.callbacks.count(Callback::RuntimeSuspend);
        igb.stop(igb.bar.access(pdev.as_ref())?);

        if igb.callbacks.change_power.load(Ordering::Relaxed) {
            igb.ring.lock().power_changes = Some(PowerChanges::make(pdev)?);
        }
        Ok(())
    }

    fn runtime_resume(pdev: &pci::Device<Pm>, this: Pin<&Self>) -> Result {
        this.igb.callbacks.count(Callback::RuntimeResume);
        this.igb.restart(pdev.as_ref())
    }
}

#[vtable]
impl pci::sriov::Driver for IgbDriver {
    fn sriov_configure(pdev: &pci::Device<Core>, this: Pin<&Self>, num_vfs: u16) -> Result<u16> {
        let igb = &this.igb;
        let _awake = igb.wake()?;

        if num_vfs == 0 {
            pdev.disable_sriov()?;
            igb.share_vectors(pdev, 0)?;
        } else {
            // Their drivers are bound, and may use their vectors, before this returns.
            igb.vfs.reset_vectors();
            igb.share_vectors(pdev, num_vfs)?;
            if let Err(err) = pdev.enable_sriov(num_vfs) {
                igb.share_vectors(pdev, 0)?;
                return Err(err);
            }
        }

        Ok(num_vfs)
    }

    // Each VF has its vectors in the device, which can't be moved to another one: a VF that is to
    // have less has some that it does not use.
    fn get_vf_total_msix(_pdev: &pci::Device<Core>, _this: Pin<&Self>) -> u32 {
        u32::from(MAX_VFS) * VF_VECTORS as u32
    }

    fn set_msix_vec_count(
        pdev: &pci::Device<Bound>,
        this: Pin<&Self>,
        vf: &pci::Device,
        count: u32,
    ) -> Result {
        let all = VF_VECTORS as u32;
        let count = if count == 0 { all } else { count };
        if count > all {
            return Err(EINVAL);
        }

        for (i, vectors) in (0..pdev.num_vf()).zip(&this.igb.vfs.vectors) {
            if pdev.virtfn_devfn(i)? == vf.address().devfn() {
                vectors.store(count, Ordering::Relaxed);
                return Ok(());
            }
        }
        Err(ENODEV)
    }
}

#[pin_data]
struct IgbModule {
    #[pin]
    _pf: driver::Registration<pci::Adapter<IgbDriver>>,
    #[pin]
    _vf: driver::Registration<pci::Adapter<rust_driver_igbvf::IgbvfDriver>>,
}

impl InPlaceModule for IgbModule {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            _pf <- driver::Registration::new(c_str!("rust_driver_igb"), module),
            _vf <- driver::Registration::new(c_str!("rust_driver_igbvf"), module),
        })
    }
}

module! {
    type: IgbModule,
    name: "rust_driver_igb",
    authors: ["Seed e5ff81f6 maintainers"],
    description: "Rust PCI driver for QEMU's igb device",
    license: "GPL v2",
}
