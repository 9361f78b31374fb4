// SPDX-License-Identifier: GPL-2.0

//! Rust PCI driver sample for QEMU's model of an ATI Rage 128 Pro.
//!
//! To make this driver probe, QEMU must be run with `-device ati-vga,model=rage128p`. The device is
//! a conventional PCI graphics card. The driver shows no picture; it uses what such a card has and
//! simpler devices do not: memory whose writes are combined, I/O ports, an expansion ROM, an
//! interrupt pin that is shared, and a firmware that has used the display before.
//!
//! The directory `rust_driver_ati-<name of the device>` in debugfs has these files:
//!
//! - `bars`: what the PCI core says about each BAR.
//! - `memory`: how much video memory there is, as the registers, the ports and the BAR say.
//! - `rom`: the size of the expansion ROM, the sum of its bytes, and its images.
//! - `scratch`: write `INDEX VALUE` to set one of 4 registers which mean nothing to the device.
//!   Read it to get them all, as read from memory and from I/O ports.
//! - `vram`: write `SEED OFFSET LENGTH` to fill video memory with a pattern that depends on `SEED`.
//!   Read it to get how many bytes were wrong when read back, and how many words when read through
//!   I/O ports instead.
//! - `vblank`: write `N` to wait for `N` vertical blanks. Read it to get how many interrupts there
//!   have been.
//! - `vector`: the type of the interrupt vector and its number.
//!
//! A write fails with `ETIMEDOUT` if the interrupts do not come, with `ENODEV` if the device is
//! gone or the driver being unbound, with `EIO` if the device is frozen because of an error, and
//! with `EBUSY` if the file is in use otherwise.

use core::{
    fmt,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};
use kernel::{
    aperture, c_str,
    debugfs::Scope,
    device::{Bound, Core, Device},
    devres::Devres,
    io::register::RegisterIo,
    irq, new_mutex,
    pci::{
        self,
        rom::{self, CodeType},
        IrqType, IrqTypes,
    },
    prelude::*,
    register,
    str::CString,
    sync::{Arc, Completion, Mutex},
    time::{msecs_to_jiffies, Msecs},
    uaccess::UserSliceReader,
};

register! {
    /// What [`MM_DATA`] refers to: a register, or video memory.
    MM_INDEX(u32) @ 0x000 {
        30:0 address;
        31:31 memory as bool;
    }

    MM_DATA(u32) @ 0x004 {
        31:0 value;
    }

    BIOS_SCRATCH(u32) @ 0x010[4] {
        31:0 value;
    }

    GEN_INT_CNTL(u32) @ 0x040 {
        0:0 vblank as bool;
    }

    GEN_INT_STATUS(u32) @ 0x044, w1c {
        0:0 vblank as bool;
    }

    /// The size of video memory in bytes.
    CONFIG_MEMSIZE(u32) @ 0x0f8, ro {
        31:0 bytes;
    }

    /// The size of the registers in bytes.
    CONFIG_REG_APER_SIZE(u32) @ 0x110, ro {
        31:0 bytes;
    }
}

/// The BARs, and the sizes of the ones with registers in bytes.
const BAR_MEMORY: u32 = 0;
const BAR_PORTS: u32 = 1;
const BAR_REGISTERS: u32 = 2;
const PORTS_SIZE: usize = 0x100;
const REGISTERS_SIZE: usize = 0x4000;

/// How long the device may take for a vertical blank. There are 60 in a second.
const TIMEOUT_MS: Msecs = 5000;

/// How many vertical blanks can be waited for.
const MAX_VBLANKS: u32 = 1000;

/// How many bytes of video memory are written and compared at most.
const MAX_FILL: usize = 65536;

type Registers = pci::BarMap<REGISTERS_SIZE>;
type Ports = pci::PortBar<PORTS_SIZE>;

/// What was found in the expansion ROM.
struct RomSummary {
    size: usize,
    sum: u32,
    images: KVec<(pci::Vendor, u16, CodeType, usize)>,
}

impl RomSummary {
    fn new(pdev: &pci::Device<Core>) -> Result<Self> {
        let contents = pdev.map_rom()?.to_vec()?;
        let mut images = KVec::new();

        for image in rom::images(&contents) {
            let image = image?;

            images.push(
                (
                    image.vendor_id(),
                    image.device_id(),
                    image.code_type(),
                    image.bytes().len(),
                ),
                GFP_KERNEL,
            )?;
        }

        Ok(Self {
            size: contents.len(),
            sum: contents
                .iter()
                .fold(0, |sum, &byte| sum.wrapping_add(byte.into())),
            images,
        })
    }
}

/// The result of filling video memory.
#[derive(Clone, Copy)]
struct Fill {
    offset: usize,
    len: usize,
    mismatches: usize,
    words: usize,
    word_mismatches: usize,
}

/// What only one operation at a time may use: [`MM_INDEX`] and the interrupt.
#[derive(Default)]
struct Operation {
    fill: Option<Fill>,
}

/// The device, as the interrupt handler and the debugfs files share it.
#[pin_data]
struct Ati {
    #[pin]
    registers: Devres<Registers>,
    #[pin]
    ports: Devres<Ports>,
    #[pin]
    memory: Devres<pci::BarMap>,
    rom: RomSummary,
    bars: KVec<(u32, pci::BarResource)>,
    irq: u32,
    irq_type: IrqType,
    /// Set when the driver is unbound; operations in progress give up.
    gone: AtomicBool,
    /// Signaled for each interrupt, and for good when `gone` is set.
    #[pin]
    event: Completion,
    vblanks: AtomicU32,
    #[pin]
    operation: Mutex<Operation>,
}

/// The byte at index `i` of a pattern.
fn pattern(seed: u8, i: usize) -> u8 {
    // Neighbors differ, and so do the bytes at the same place in different pages of 256.
    seed ^ (i as u8).wrapping_mul(167) ^ (i >> 8) as u8
}

impl irq::Handler for Ati {
    fn handle(&self, dev: &Device<Bound>) -> irq::IrqReturn {
        let Ok(registers) = self.registers.access(dev) else {
            return irq::IrqReturn::None;
        };

        // The pin is shared with other devices. A device that is gone is none of them.
        let status = registers.read(GEN_INT_STATUS);
        if !status.vblank() || u32::from(status) == u32::MAX {
            return irq::IrqReturn::None;
        }
        registers.write(GEN_INT_STATUS, status);

        self.vblanks.fetch_add(1, Ordering::Relaxed);
        // This also orders the counter before what the woken task does.
        self.event.complete();

        irq::IrqReturn::Handled
    }
}

impl Ati {
    fn new(pdev: &pci::Device<Core>, vector: pci::IrqVector<'_>) -> Result<Arc<Self>> {
        const NAME: &CStr = c_str!("rust_driver_ati");
        let dev = pdev.as_ref();
        let rom = RomSummary::new(pdev)?;
        let mut bars = KVec::new();

        for bar in 0..pci::BAR_COUNT {
            let resource = pdev.bar_resource(bar)?;

            if resource.kind().is_some() {
                bars.push((bar, resource), GFP_KERNEL)?;
            }
        }

        let ati = Arc::pin_init(
            try_pin_init!(Self {
                registers <- pdev
                    .request_bar(BAR_REGISTERS, NAME)
                    .exclusive()
                    .iomap_sized(),
                ports <- pdev.request_bar(BAR_PORTS, NAME).ports_sized(),
                memory <- pdev.request_bar(BAR_MEMORY, NAME).write_combined().iomap(),
                rom,
                bars,
                irq: vector.irq(),
                irq_type: vector.irq_type(),
                gone: AtomicBool::new(false),
                event <- Completion::new(),
                vblanks: AtomicU32::new(0),
                operation <- new_mutex!(Operation::default()),
            }),
            GFP_KERNEL,
        )?;

        let registers = ati.registers.access(dev)?;
        Self::quiesce(registers);

        let size = registers.checked().read(CONFIG_REG_APER_SIZE)?.bytes();
        // The BAR has the registers twice.
        if size != REGISTERS_SIZE as u32 / 2 {
            dev_err!(dev, "registers have {:#x} bytes\n", size);
            return Err(ENODEV);
        }

        Ok(ati)
    }

    /// Keeps the device from signaling interrupts.
    fn quiesce(registers: &Registers) {
        registers.write(GEN_INT_CNTL, GEN_INT_CNTL::default());
        registers.write(GEN_INT_STATUS, registers.read(GEN_INT_STATUS));
    }

    /// Runs `f` with access to the registers, unless the device has been unbound.
    ///
    /// `f` must not sleep.
    fn with_registers<R>(&self, f: impl FnOnce(&Registers) -> R) -> Result<R> {
        self.registers.try_access_with(f).ok_or(ENODEV)
    }

    fn check_not_gone(&self) -> Result {
        if self.gone.load(Ordering::Relaxed) {
            return Err(ENODEV);
        }

        Ok(())
    }

    /// Waits until there have been `count` interrupts.
    fn wait_vblanks(&self, count: u32) -> Result {
        if count == 0 || count > MAX_VBLANKS {
            return Err(EINVAL);
        }

        let _operation = self.operation.try_lock().ok_or(EBUSY)?;
        self.check_not_gone()?;

        let before = self.vblanks.load(Ordering::Relaxed);
        let mut left = msecs_to_jiffies(TIMEOUT_MS + count * 50);

        self.with_registers(|registers| {
            registers
                .checked()
                .update(GEN_INT_CNTL, |r| r.with_vblank(true))
        })??;

        let ret = loop {
            if let Err(err) = self.check_not_gone() {
                break Err(err);
            }
            if self.vblanks.load(Ordering::Relaxed).wrapping_sub(before) >= count {
                break Ok(());
            }
            match self.event.wait_for_completion_timeout(left) {
                Ok(jiffies) => left = jiffies,
                Err(err) => break Err(err),
            }
        };

        self.with_registers(|registers| {
            registers
                .checked()
                .update(GEN_INT_CNTL, |r| r.with_vblank(false))
        })??;
        ret
    }

    /// Reads a word of video memory through ports.
    fn read_indirect(ports: &Ports, offset: usize) -> Result<u32> {
        let index = MM_INDEX::default()
            .with_memory(true)
            .try_with_address(u32::try_from(offset)?)?;

        ports.write(MM_INDEX, index);
        Ok(ports.read(MM_DATA).value())
    }

    fn fill(&self, seed: u8, offset: usize, len: usize) -> Result {
        if len == 0 || len > MAX_FILL || offset % 4 != 0 || len % 4 != 0 {
            return Err(EINVAL);
        }

        let mut operation = self.operation.try_lock().ok_or(EBUSY)?;
        operation.fill = None;
        self.check_not_gone()?;

        let mut data = KVVec::from_elem(0u8, len, GFP_KERNEL)?;
        for (i, byte) in data.iter_mut().enumerate() {
            *byte = pattern(seed, i);
        }

        let (mismatches, words, word_mismatches) = self
            .memory
            .try_access_with(|memory| -> Result<_> {
                // What must not be left where the pattern has been written.
                memory.try_memset_io(offset, !pattern(seed, 0), len)?;
                memory.try_memcpy_toio(offset, &data)?;

                // The first and the last words, on another way.
                let mut words = 0;
                let mut word_mismatches = 0;
                let ends = (0..len).step_by(4).filter(|&i| i < 64 || i + 64 >= len);
                for i in ends {
                    let wrong = self.ports.try_access_with(|ports| -> Result<bool> {
                        let expected = [0, 1, 2, 3].map(|j| pattern(seed, i + j));

                        let word = Self::read_indirect(ports, offset + i)?;
                        Ok(word != u32::from_le_bytes(expected))
                    });

                    words += 1;
                    word_mismatches += usize::from(wrong.ok_or(ENODEV)??);
                }

                memory.try_memcpy_fromio(offset, &mut data)?;
                let mismatches = data
                    .iter()
                    .enumerate()
                    .filter(|&(i, &byte)| byte != pattern(seed, i))
                    .count();

                Ok((mismatches, words, word_mismatches))
            })
            .ok_or(ENODEV)??;

        operation.fill = Some(Fill {
            offset,
            len,
            mismatches,
            words,
            word_mismatches,
        });
        Ok(())
    }
}

/// The debugfs files.
impl Ati {
    /// Reads up to `N` decimal numbers, of which there must be exactly `N`.
    fn read_numbers<const N: usize>(reader: &mut UserSliceReader) -> Result<[u32; N]> {
        let mut buf = [0; 64];
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

    fn show_bars(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bar, resource) in &this.bars {
            let Some(kind) = resource.kind() else {
                continue;
            };

            match kind {
                pci::BarKind::Memory { prefetchable, wide } => write!(
                    f,
                    "{} memory{}{}",
                    bar,
                    if prefetchable { " prefetchable" } else { "" },
                    if wide { " wide" } else { "" },
                ),
                pci::BarKind::Ports => write!(f, "{} ports", bar),
            }?;
            writeln!(f, " {:#x} {:#x}", resource.start(), resource.size())?;
        }

        Ok(())
    }

    fn show_memory(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let registers = this.with_registers(|r| r.checked().read(CONFIG_MEMSIZE));
        let ports = this
            .ports
            .try_access_with(|ports| ports.checked().read(CONFIG_MEMSIZE));
        let bar = this.memory.try_access_with(|memory| memory.maxsize());

        match (registers, ports, bar) {
            (Ok(Ok(registers)), Some(Ok(ports)), Some(bar)) => {
                writeln!(f, "{} {} {}", registers.bytes(), ports.bytes(), bar)
            }
            _ => writeln!(f, "gone"),
        }
    }

    fn show_rom(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "size {} sum {}", this.rom.size, this.rom.sum)?;

        for &(vendor, device, code_type, len) in &this.rom.images {
            writeln!(
                f,
                "image {:#06x} {:#06x} {:?} {}",
                vendor.as_raw(),
                device,
                code_type,
                len
            )?;
        }

        Ok(())
    }

    fn show_scratch(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for location in BIOS_SCRATCH.iter() {
            let memory = this.with_registers(|r| r.read(location).value());
            let ports = this
                .ports
                .try_access_with(|ports| ports.read(location).value());

            match (memory, ports) {
                (Ok(memory), Some(ports)) => writeln!(f, "{} {}", memory, ports)?,
                _ => return writeln!(f, "gone"),
            }
        }

        Ok(())
    }

    fn store_scratch(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        let [index, value] = Self::read_numbers(reader)?;
        let location = BIOS_SCRATCH.get(usize::try_from(index)?).ok_or(EINVAL)?;
        let value = BIOS_SCRATCH::default().with_value(value);

        // One half of them on one way, the other half on the other.
        if index % 2 == 0 {
            this.with_registers(|r| r.checked().write(location, value))?
        } else {
            this.ports
                .try_access_with(|ports| ports.checked().write(location, value))
                .ok_or(ENODEV)?
        }
    }

    fn show_vram(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(operation) = this.operation.try_lock() else {
            return writeln!(f, "busy");
        };

        match operation.fill {
            Some(fill) => writeln!(
                f,
                "offset {} length {} mismatches {} words {} mismatches {}",
                fill.offset, fill.len, fill.mismatches, fill.words, fill.word_mismatches
            ),
            None => writeln!(f, "none"),
        }
    }

    fn store_vram(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        let [seed, offset, len] = Self::read_numbers(reader)?;

        this.fill(
            u8::try_from(seed)?,
            usize::try_from(offset)?,
            usize::try_from(len)?,
        )
    }

    fn show_vblank(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", this.vblanks.load(Ordering::Relaxed))
    }

    fn store_vblank(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        let [count] = Self::read_numbers(reader)?;

        this.wait_vblanks(count)
    }

    fn show_vector(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?} {}", this.irq_type, this.irq)
    }

    fn debugfs(this: Arc<Self>, name: &CStr) -> impl PinInit<Scope<Arc<Self>>> + '_ {
        Scope::dir(this, name, |this, dir| {
            dir.read_callback_file(c_str!("bars"), this, &Self::show_bars);
            dir.read_callback_file(c_str!("memory"), this, &Self::show_memory);
            dir.read_callback_file(c_str!("rom"), this, &Self::show_rom);
            dir.read_callback_file(c_str!("vector"), this, &Self::show_vector);
            dir.read_write_callback_file(
                c_str!("scratch"),
                this,
                &Self::show_scratch,
                &Self::store_scratch,
            );
            dir.read_write_callback_file(c_str!("vram"), this, &Self::show_vram, &Self::store_vram);
            dir.read_write_callback_file(
                c_str!("vblank"),
                this,
                &Self::show_vblank,
                &Self::store_vblank,
            );
        })
    }
}

#[pin_data]
struct AtiDriver {
    // The files go first, then the handler: nobody uses what has been dropped.
    #[pin]
    _debugfs: Scope<Arc<Ati>>,
    #[pin]
    _handler: irq::Registration<Arc<Ati>>,
    ati: Arc<Ati>,
}

kernel::pci_device_table!(
    PCI_TABLE,
    MODULE_PCI_TABLE,
    <AtiDriver as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_id(pci::Vendor::ATI, 0x5046), ())]
);

impl pci::Driver for AtiDriver {
    type IdInfo = ();
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe(pdev: &pci::Device<Core>, _info: &Self::IdInfo) -> Result<Pin<KBox<Self>>> {
        // Before anything that a generic driver may be using is touched.
        aperture::remove_conflicting_pci_devices(pdev, c_str!("rust_driver_ati"))?;
        // Usually they have addresses, and this does nothing.
        for bar in 0..3 {
            pdev.assign_bar(bar)?;
        }
        pdev.enable_device()?;
        // It works without it as well.
        let _ = pdev.set_mwi();

        let vectors = pdev.alloc_irq_vectors(1, 1, IrqTypes::from(IrqType::Intx))?;
        let vector = vectors.vector(pdev, 0)?;
        let ati = Ati::new(pdev, vector)?;
        let name = CString::try_from_fmt(fmt!("rust_driver_ati-{}", pdev.name()))?;

        KBox::pin_init(
            try_pin_init!(Self {
                _handler <- vector.request_irq(
                    irq::Flags::TRIGGER_NONE,
                    c_str!("rust_driver_ati"),
                    Ok(ati.clone()),
                ),
                // From here on user space can start operations.
                _debugfs <- Ati::debugfs(ati.clone(), &name),
                ati: ati.clone(),
            }),
            GFP_KERNEL,
        )
    }

    fn unbind(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        let ati = &this.ati;

        // Have an operation in progress give up, and wait until it has. No other one can begin.
        ati.gone.store(true, Ordering::Relaxed);
        ati.event.complete_all();
        drop(ati.operation.lock());

        if let Ok(registers) = ati.registers.access(pdev.as_ref()) {
            Ati::quiesce(registers);
        }
    }
}

kernel::module_pci_driver! {
    type: AtiDriver,
    name: "rust_driver_ati",
    authors: ["Seed e5ff81f6 maintainers"],
    description: "Rust PCI driver for QEMU's model of an ATI Rage 128 Pro",
    license: "GPL v2",
}
