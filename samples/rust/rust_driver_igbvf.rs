// SPDX-License-Identifier: GPL-2.0

//! The driver of the virtual functions (VFs) that the driver of the Intel 82576 enables.
//!
//! A VF has three interrupt vectors of its own, which are all that is used of it. It asks the
//! driver of its physical function (PF) for its address, and how many of the vectors it may use,
//! which user space can change by writing to `sriov_vf_msix_count` before the driver is bound.
//!
//! The directory `rust_driver_igbvf-<name of the device>` in debugfs has these files:
//!
//! - `identification`: the number of the VF, the name of its PF, and the address.
//! - `interrupts`: how often each vector has been signaled.
//! - `raise`: write `MASK ROUNDS` to have the device signal the vectors in `MASK` that many times,
//!   each time waiting for the interrupts to arrive. Read it to get the rounds that have been
//!   completed.

use super::{regs, Files, Igb, IgbDriver, ALL_ONES, POLL, TIMEOUT, VF_VECTORS};
use core::{
    fmt,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};
use kernel::{
    c_str,
    debugfs::Scope,
    device::{Bound, Core, Device},
    devres::Devres,
    io::poll::read_poll_timeout,
    irq, new_mutex,
    pci::{
        self,
        err::{ChannelState, RecoveryResult},
        pm::SavedState,
        IrqType,
    },
    prelude::*,
    str::CString,
    sync::{Arc, Mutex},
    uaccess::UserSliceReader,
};

/// The size of all registers, which are those of the PF as far as a VF has them.
const END: usize = 0x4000;

type Bar0 = pci::Bar<END>;

/// The device, as the interrupt handlers and the debugfs files share it.
#[pin_data]
struct Igbvf {
    #[pin]
    bar: Devres<Bar0>,
    id: u16,
    address: [u8; 6],
    pf: CString,
    /// The vectors that it uses, as a mask.
    vectors: u32,
    /// Set when the driver is unbound; an operation in progress gives up.
    gone: AtomicBool,
    /// Set while the device is stopped, the same.
    stopped: AtomicBool,
    interrupts: [AtomicU32; VF_VECTORS],
    /// The rounds that the last operation has completed.
    #[pin]
    raised: Mutex<Option<u32>>,
}

impl Igbvf {
    fn new(pdev: &pci::Device<Core>, id: u16, address: [u8; 6], vectors: u32) -> Result<Arc<Self>> {
        let pf = CString::try_from_fmt(fmt!("{}", pdev.physfn().name()))?;

        Arc::pin_init(
            try_pin_init!(Self {
                bar <- pdev.iomap_region_sized::<END>(0, c_str!("rust_driver_igbvf")),
                id,
                address,
                pf,
                vectors,
                gone: AtomicBool::new(false),
                stopped: AtomicBool::new(false),
                interrupts: [const { AtomicU32::new(0) }; VF_VECTORS],
                raised <- new_mutex!(None),
            }),
            GFP_KERNEL,
        )
    }

    fn start(&self, dev: &Device<Bound>) -> Result {
        let bar = self.bar.access(dev)?;

        if bar.read32(regs::STATUS) == ALL_ONES {
            return Err(ENODEV);
        }
        for vector in 0..VF_VECTORS {
            bar.try_write32(0, regs::eitr(vector))?;
        }
        bar.write32(self.vectors, regs::EIAC);
        bar.write32(self.vectors, regs::EIMS);

        // Writes are posted; this has been seen by the device when it answers.
        bar.read32(regs::STATUS);
        Ok(())
    }

    /// Has an operation in progress give up because of `reason`, and waits until it has.
    fn give_up(&self, reason: &AtomicBool) {
        reason.store(true, Ordering::Relaxed);
        drop(self.raised.lock());
    }

    /// Stops the device.
    fn stop(&self, pdev: &pci::Device<Bound>) {
        // There is no way to stop a device that is cut off.
        if !pdev.is_offline() {
            if let Ok(bar) = self.bar.access(pdev.as_ref()) {
                bar.write32(self.vectors, regs::EIMC);
            }
        }
    }

    /// Starts the device again.
    fn restart(&self, dev: &Device<Bound>) -> Result {
        self.start(dev)?;
        self.stopped.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn check_running(&self) -> Result {
        if self.gone.load(Ordering::Relaxed) {
            return Err(ENODEV);
        }
        if self.stopped.load(Ordering::Relaxed) {
            return Err(EAGAIN);
        }

        Ok(())
    }

    fn counts(&self) -> [u32; VF_VECTORS] {
        self.interrupts
            .each_ref()
            .map(|count| count.load(Ordering::Relaxed))
    }

    fn raise(&self, mask: u32, rounds: u32) -> Result {
        if mask == 0 || mask & !self.vectors != 0 {
            return Err(EINVAL);
        }

        let mut raised = self.raised.lock();
        *raised = None;

        for _ in 0..rounds {
            let before = self.counts();
            let arrived = || {
                let now = self.counts();

                (0..VF_VECTORS).all(|i| mask & 1 << i == 0 || now[i] != before[i])
            };

            self.check_running()?;
            self.bar
                .try_access_with(|bar| {
                    bar.checked()
                        .check(bar.read32(regs::STATUS))
                        .map(|_| bar.write32(mask, regs::EICS))
                })
                .ok_or(ENODEV)??;
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

        *raised = Some(rounds);
        Ok(())
    }
}

/// The handler of a vector.
struct VectorHandler {
    igbvf: Arc<Igbvf>,
    vector: usize,
}

impl irq::Handler for VectorHandler {
    fn handle(&self, _dev: &Device<Bound>) -> irq::IrqReturn {
        // The cause is known, and has been cleared by the device.
        if let Some(count) = self.igbvf.interrupts.get(self.vector) {
            count.fetch_add(1, Ordering::Relaxed);
        }

        irq::IrqReturn::Handled
    }
}

/// The debugfs files.
impl Igbvf {
    fn show_identification(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vf {} of {} address", this.id, &*this.pf)?;
        for (i, byte) in this.address.iter().enumerate() {
            write!(f, "{}{:02x}", if i == 0 { ' ' } else { ':' }, byte)?;
        }
        writeln!(f)
    }

    fn show_interrupts(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (vector, count) in this.counts().iter().enumerate() {
            writeln!(f, "{} {}", vector, count)?;
        }

        Ok(())
    }

    fn show_raise(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(raised) = this.raised.try_lock() else {
            return writeln!(f, "busy");
        };

        match *raised {
            Some(rounds) => writeln!(f, "{}", rounds),
            None => writeln!(f, "none"),
        }
    }

    fn store_raise(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        let [mask, rounds] = Files::read_numbers(reader)?;

        this.raise(mask, rounds)
    }

    fn debugfs(this: Arc<Self>, name: &CStr) -> impl PinInit<Scope<Arc<Self>>> + '_ {
        Scope::dir(this, name, |this, dir| {
            dir.read_callback_file(c_str!("identification"), this, &Self::show_identification);
            dir.read_callback_file(c_str!("interrupts"), this, &Self::show_interrupts);
            dir.read_write_callback_file(
                c_str!("raise"),
                this,
                &Self::show_raise,
                &Self::store_raise,
            );
        })
    }
}

#[pin_data]
pub(crate) struct IgbvfDriver {
    // The files go first, then the handlers: nobody uses what has been dropped.
    #[pin]
    _debugfs: Scope<Arc<Igbvf>>,
    handlers: KVec<Pin<KBox<irq::Registration<VectorHandler>>>>,
    /// The configuration space at the end of probe.
    saved: SavedState,
    igbvf: Arc<Igbvf>,
}

kernel::pci_device_table!(
    PCI_TABLE,
    MODULE_PCI_TABLE,
    <IgbvfDriver as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_id(pci::Vendor::INTEL, 0x10ca), ())]
);

impl IgbvfDriver {
    /// Returns the PF, for as long as this VF is bound.
    ///
    /// It may have another driver, e.g. if this one is in a virtual machine.
    fn pf(pdev: &pci::Device<Bound>) -> Result<&Igb> {
        let pf: Pin<&IgbDriver> = pdev.pf_drvdata()?;

        Ok(&pf.get_ref().igb)
    }

    fn probe_with(pdev: &pci::Device<Core>, id: u16, address: [u8; 6]) -> Result<Pin<KBox<Self>>> {
        let count = Self::pf(pdev)?.vf_vectors(id)?;

        pdev.enable_device_mem()?;
        let igbvf = Igbvf::new(pdev, id, address, (1 << count) - 1)?;
        let vectors = pdev.alloc_irq_vectors(count, count, IrqType::MsiX.into())?;

        let mut handlers = KVec::new();
        for index in 0..vectors.count() {
            let handler = VectorHandler {
                igbvf: igbvf.clone(),
                vector: index as usize,
            };
            let init = vectors.vector(pdev, index)?.request_irq(
                irq::Flags::TRIGGER_NONE,
                c_str!("rust_driver_igbvf"),
                Ok(handler),
            );
            handlers.push(KBox::pin_init(init, GFP_KERNEL)?, GFP_KERNEL)?;
        }

        let name = CString::try_from_fmt(fmt!("rust_driver_igbvf-{}", pdev.name()))?;

        // Interrupts are all that it masters.
        pdev.set_master();
        igbvf.start(pdev.as_ref())?;
        pdev.save_state()?;
        let saved = pdev.store_saved_state()?;

        KBox::pin_init(
            try_pin_init!(Self {
                _debugfs <- Igbvf::debugfs(igbvf.clone(), &name),
                handlers,
                saved,
                igbvf,
            }),
            GFP_KERNEL,
        )
    }

    /// Stops the device, and waits for the handlers that are running.
    fn stop(&self, pdev: &pci::Device<Core>) {
        self.igbvf.stop(pdev);
        for handler in &self.handlers {
            // It fails only if there is nothing to wait for.
            let _ = handler.synchronize(pdev.as_ref());
        }
    }

    fn suspend_device(&self, pdev: &pci::Device<Core>) {
        self.igbvf.give_up(&self.igbvf.stopped);
        self.stop(pdev);
    }
}

impl pci::Driver for IgbvfDriver {
    type IdInfo = ();
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;
    const PM: Option<pci::pm::Ops<Self>> = Some(pci::pm::Ops::simple());
    const ERROR_HANDLERS: Option<pci::err::Handlers<Self>> = Some(pci::err::Handlers::new());

    fn probe(pdev: &pci::Device<Core>, _info: &Self::IdInfo) -> Result<Pin<KBox<Self>>> {
        let id = pdev.vf_id()?;
        let pf = Self::pf(pdev)?;
        let address = pf.vf_bound(id, true)?;

        Self::probe_with(pdev, id, address).inspect_err(|_| {
            let _ = pf.vf_bound(id, false);
        })
    }

    fn unbind(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        this.igbvf.give_up(&this.igbvf.gone);
        this.stop(pdev);

        // The PF still has its driver, and will have until this VF has been unbound.
        let pf = Self::pf(pdev).and_then(|pf| pf.vf_bound(this.igbvf.id, false));
        if pf.is_err() {
            dev_err!(pdev.as_ref(), "the physical function does not know it\n");
        }
    }
}

#[vtable]
impl pci::err::Driver for IgbvfDriver {
    fn error_detected(
        pdev: &pci::Device<Core>,
        this: Pin<&Self>,
        state: ChannelState,
    ) -> RecoveryResult {
        this.suspend_device(pdev);

        // The PF decides whether it needs a reset.
        match state {
            ChannelState::Normal => RecoveryResult::CanRecover,
            ChannelState::Frozen => RecoveryResult::NeedReset,
            ChannelState::PermFailure => RecoveryResult::Disconnect,
        }
    }

    fn mmio_enabled(_pdev: &pci::Device<Core>, _this: Pin<&Self>) -> RecoveryResult {
        // As the PF, which has VFs.
        RecoveryResult::NeedReset
    }

    fn slot_reset(pdev: &pci::Device<Core>, this: Pin<&Self>) -> RecoveryResult {
        if pdev.load_saved_state(&this.saved).is_err() {
            return RecoveryResult::Disconnect;
        }
        pdev.restore_state();

        match this.igbvf.restart(pdev.as_ref()) {
            Ok(()) => RecoveryResult::Recovered,
            Err(_) => RecoveryResult::Disconnect,
        }
    }

    fn reset_prepare(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        this.suspend_device(pdev);
    }

    fn reset_done(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        if this.igbvf.restart(pdev.as_ref()).is_err() {
            dev_err!(pdev.as_ref(), "does not work after a reset\n");
        }
    }
}

#[vtable]
impl pci::pm::Driver for IgbvfDriver {
    fn suspend(pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.suspend_device(pdev);
        Ok(())
    }

    fn resume(pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.igbvf.restart(pdev.as_ref())
    }
}
