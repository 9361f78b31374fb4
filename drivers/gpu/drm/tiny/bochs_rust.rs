// SPDX-License-Identifier: GPL-2.0

//! Rust driver for the display that QEMU gives its guests: `VGA` and `bochs-display`.
//!
//! The device shows what is in its memory (BAR 0). Framebuffers are in the memory of the CPU, and
//! what has changed is copied. The registers (BAR 2) are those of VGA and of Bochs' extensions to
//! it, and the EDID of the display. Without that BAR, they are behind I/O ports, and there is no
//! EDID.
//!
//! C version of this driver: [`drivers/gpu/drm/tiny/bochs.c`](./bochs.c)
//!
//! In contrast to that, memory (BAR 0) which another driver has requested is not used, and with the
//! parameter `modeset=0` the module is loaded, but drives no device.

use kernel::{
    aperture, c_str,
    device::{Bound, Core, Device},
    devres::Devres,
    drm::{
        self,
        gem::shmem,
        kms::{
            self, Connector, ConnectorProbe, ConnectorType, Crtc, CrtcCommit, DisplayMode, Encoder,
            EncoderType, FourCc, ModeConfig, ModeStatus, NewObjects, PanicContext, Plane,
            PlaneCheck, PlaneCommit, PlaneInfo, PlaneLimits, PlaneProperties, PlaneType,
            ScanoutBuffer, Vblank,
        },
    },
    io::{
        port::PortRegion,
        register::{Fixed, FixedRegister, Readable, Register, RegisterIo, Writable},
    },
    pci,
    prelude::*,
    register,
    sync::aref::ARef,
};

register! {
    /// VGA: index and value of the attribute controller, one after the other.
    VGA_ATT_W(u8) @ 0x400, wo {
        /// Whether the picture is shown.
        5:5 video as bool;
    }

    /// VGA: the miscellaneous output register.
    VGA_MIS_W(u8) @ 0x402, wo {
        /// Whether registers have the addresses of a color display.
        0:0 color as bool;
    }

    /// VGA: the input status register. Reading it makes [`VGA_ATT_W`] expect an index.
    VGA_IS1_RC(u8) @ 0x41a, ro {
        7:0 value;
    }

    DISPI_ID(u16) @ 0x500, ro {
        15:4 id;
        3:0 version;
    }

    DISPI_XRES(u16) @ 0x502 {
        15:0 pixels;
    }

    DISPI_YRES(u16) @ 0x504 {
        15:0 pixels;
    }

    DISPI_BPP(u16) @ 0x506 {
        15:0 bits;
    }

    DISPI_ENABLE(u16) @ 0x508 {
        0:0 enabled as bool;
        /// Whether memory is linear, instead of in banks.
        6:6 linear as bool;
    }

    DISPI_BANK(u16) @ 0x50a {
        15:0 value;
    }

    DISPI_VIRT_WIDTH(u16) @ 0x50c {
        15:0 pixels;
    }

    DISPI_VIRT_HEIGHT(u16) @ 0x50e {
        15:0 pixels;
    }

    DISPI_X_OFFSET(u16) @ 0x510 {
        15:0 pixels;
    }

    DISPI_Y_OFFSET(u16) @ 0x512 {
        15:0 pixels;
    }

    /// The size of the memory, in 64 KiB.
    DISPI_VIDEO_MEMORY_64K(u16) @ 0x514, ro {
        15:0 blocks;
    }

    /// The size of QEMU's own registers in bytes, with this one.
    QEXT_SIZE(u32) @ 0x600, ro {
        31:0 bytes;
    }

    QEXT_ENDIAN(u32) @ 0x604 {
        31:0 value;
    }
}

const LITTLE_ENDIAN: u32 = 0x1e1e1e1e;
const BIG_ENDIAN: u32 = 0xbebebebe;

const BAR_MEMORY: u32 = 0;
const BAR_REGISTERS: u32 = 2;
const REGISTERS_SIZE: usize = 0x1000;

/// Bochs' registers have numbers, and an address in the BAR each.
const DISPI: usize = 0x500;

/// The port that takes the number of one of them, and the distance of the one with its value, which
/// has 16 bits as well.
const DISPI_PORT: u16 = 0x1ce;
const DISPI_INDEX: usize = 0;
const DISPI_DATA: usize = 1;
const DISPI_PORTS: usize = 3;

/// VGA's registers begin here in the BAR, and there are the ports.
const VGA: usize = 0x400;
const VGA_PORT: usize = 0x3c0;
const VGA_PORTS: usize = 0x3b0;

/// The EDID is at the beginning of the registers.
const EDID_SIZE: usize = 0x400;
const EDID_HEADER: [u8; 8] = [0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00];

/// Whether the device shows 16 bits: in the byte order of the machine that it is in, which is only
/// known to be little endian if the CPU is.
const HAS_RGB565: bool = cfg!(target_endian = "little");

/// The size of the smallest pixels in bytes. A mode has enough memory if they fit, since what has
/// larger ones is converted then.
const MIN_CPP: u32 = if HAS_RGB565 { 2 } else { 4 };

/// The limits of the device.
const MAX_WIDTH: u32 = 8192;
const MAX_HEIGHT: u32 = 8192;

const NAME: &CStr = c_str!("bochs_rust");

type Memory = pci::BarMap<REGISTERS_SIZE>;
type Ports = PortRegion<DISPI_PORTS>;

/// Where the registers are.
enum Registers {
    Memory(Pin<KBox<Devres<Memory>>>),
    Ports(Pin<KBox<Devres<Ports>>>),
}

impl Registers {
    fn new(pdev: &pci::Device<Core>) -> Result<Self> {
        let bar = pdev.bar_resource(BAR_REGISTERS)?;

        if let Some(pci::BarKind::Memory { .. }) = bar.kind() {
            let memory = pdev.request_bar(BAR_REGISTERS, NAME).iomap_sized();

            Ok(Self::Memory(KBox::pin_init(memory, GFP_KERNEL)?))
        } else {
            let ports = Ports::request(pdev.as_ref(), DISPI_PORT, NAME);

            Ok(Self::Ports(KBox::pin_init(ports, GFP_KERNEL)?))
        }
    }

    fn access<'a>(&'a self, dev: &'a Device<Bound>) -> Result<Io<'a>> {
        Ok(match self {
            Self::Memory(memory) => Io::Memory(memory.access(dev)?),
            Self::Ports(ports) => Io::Ports(ports.access(dev)?, dev.try_into()?),
        })
    }
}

/// The registers of a device that is bound.
#[derive(Clone, Copy)]
enum Io<'a> {
    Memory(&'a Memory),
    Ports(&'a Ports, &'a pci::Device<Bound>),
}

impl<'a> Io<'a> {
    /// Returns the memory, which has more than what is behind ports.
    fn memory(self) -> Option<&'a Memory> {
        match self {
            Self::Memory(io) => Some(io),
            Self::Ports(..) => None,
        }
    }

    /// Reads one of Bochs' registers.
    fn read<R>(self, _: Fixed<R>) -> R
    where
        R: FixedRegister + Readable + Register<Word = u16, Block = ()>,
    {
        R::from_word(self.read_word(R::OFFSET))
    }

    /// Writes one of Bochs' registers.
    fn write<R>(self, _: Fixed<R>, value: R)
    where
        R: FixedRegister + Writable + Register<Word = u16, Block = ()>,
    {
        self.write_word(value.into_word(), R::OFFSET);
    }

    #[inline(never)]
    fn read_word(self, offset: usize) -> u16 {
        match self {
            // Can't fail: all registers lie within the BAR.
            Self::Memory(io) => io.try_read16(offset).unwrap_or(u16::MAX),
            Self::Ports(io, _) => {
                io.write16(((offset - DISPI) / 2) as u16, DISPI_INDEX);
                io.read16(DISPI_DATA)
            }
        }
    }

    #[inline(never)]
    fn write_word(self, value: u16, offset: usize) {
        match self {
            Self::Memory(io) => {
                // Can't fail: all registers lie within the BAR.
                let _ = io.try_write16(value, offset);
            }
            Self::Ports(io, _) => {
                io.write16(((offset - DISPI) / 2) as u16, DISPI_INDEX);
                io.write16(value, DISPI_DATA);
            }
        }
    }
}

/// The hardware.
struct Bochs {
    registers: Registers,
    memory: Pin<KBox<Devres<pci::BarMap>>>,
    /// How much of the memory is used for pictures, in bytes.
    size: u64,
    /// Whether the byte order of pixels can be chosen.
    has_endian: bool,
}

impl Bochs {
    fn new(pdev: &pci::Device<Core>) -> Result<Self> {
        let dev = pdev.as_ref();

        let registers = Registers::new(pdev)
            .inspect_err(|err| dev_err!(dev, "cannot map registers: {:?}\n", err))?;
        let io = registers.access(dev)?;

        let id = io.read(DISPI_ID);
        if id.id() != 0xb0c {
            dev_err!(dev, "id mismatch: {:#x}\n", u16::from(id));
            return Err(ENODEV);
        }

        let bar = pdev.bar_resource(BAR_MEMORY)?.size();
        let size = u64::from(io.read(DISPI_VIDEO_MEMORY_64K).blocks()) << 16;
        if size != bar {
            dev_warn!(dev, "size mismatch: pci={}, bochs={}\n", bar, size);
        }
        let size = size.min(bar);

        let memory = KBox::pin_init(
            pdev.request_bar(BAR_MEMORY, NAME)
                .part(0, size)
                .write_combined()
                .iomap(),
            GFP_KERNEL,
        )
        .inspect_err(|err| dev_err!(dev, "cannot map memory: {:?}\n", err))?;

        // There is nothing behind the registers of older devices.
        let has_endian = pdev.revision_id() >= 2
            && io.memory().is_some_and(|io| {
                (8..=REGISTERS_SIZE as u32).contains(&io.read(QEXT_SIZE).bytes())
            });

        dev_info!(
            dev,
            "bochs display, id {:#x}, {} kB of memory\n",
            u16::from(id),
            size / 1024
        );

        let bochs = Self {
            registers,
            memory,
            size,
            has_endian,
        };
        bochs.set_big_endian(bochs.registers.access(dev)?, cfg!(target_endian = "big"));

        Ok(bochs)
    }

    fn set_big_endian(&self, io: Io<'_>, big: bool) {
        if let (true, Some(io)) = (self.has_endian, io.memory()) {
            let value = if big { BIG_ENDIAN } else { LITTLE_ENDIAN };

            io.write(QEXT_ENDIAN, QEXT_ENDIAN::default().with_value(value));
        }
    }

    fn blank(io: Io<'_>, blank: bool) {
        // So that the status register is where it is read.
        let color = VGA_MIS_W::default().with_color(true);
        let video = VGA_ATT_W::default().with_video(!blank);

        match io {
            Io::Memory(io) => {
                io.write(VGA_MIS_W, color);
                io.read(VGA_IS1_RC);
                io.write(VGA_ATT_W, video);
            }
            Io::Ports(_, pdev) => {
                const fn port<R: FixedRegister>(_: Fixed<R>) -> usize {
                    R::OFFSET - VGA + VGA_PORT - VGA_PORTS
                }

                // Without them there is nothing to be seen anyway.
                if let Ok(io) = pdev.vga_ports() {
                    io.write8(color.into_word(), port(VGA_MIS_W));
                    io.read8(port(VGA_IS1_RC));
                    io.write8(video.into_word(), port(VGA_ATT_W));
                }
            }
        }
    }

    /// Sets the resolution, as if pixels were small. [`Bochs::set_scanout`] follows.
    fn set_mode(&self, io: Io<'_>, mode: &DisplayMode) {
        let stride = u64::from(mode.hdisplay()) * u64::from(MIN_CPP);
        let lines = self.size.checked_div(stride).unwrap_or(0);
        let lines = u16::try_from(lines).unwrap_or(u16::MAX);

        io.write(DISPI_ENABLE, DISPI_ENABLE::default());
        io.write(
            DISPI_BPP,
            DISPI_BPP::default().with_bits(MIN_CPP as u16 * 8),
        );
        io.write(
            DISPI_XRES,
            DISPI_XRES::default().with_pixels(mode.hdisplay()),
        );
        io.write(
            DISPI_YRES,
            DISPI_YRES::default().with_pixels(mode.vdisplay()),
        );
        io.write(DISPI_BANK, DISPI_BANK::default());
        io.write(
            DISPI_VIRT_WIDTH,
            DISPI_VIRT_WIDTH::default().with_pixels(mode.hdisplay()),
        );
        io.write(
            DISPI_VIRT_HEIGHT,
            DISPI_VIRT_HEIGHT::default().with_pixels(lines),
        );
        io.write(DISPI_X_OFFSET, DISPI_X_OFFSET::default());
        io.write(DISPI_Y_OFFSET, DISPI_Y_OFFSET::default());
        io.write(
            DISPI_ENABLE,
            DISPI_ENABLE::default().with_enabled(true).with_linear(true),
        );
    }

    fn set_scanout(&self, io: Io<'_>, scanout: &Scanout) {
        // At any time, the device reduces the height to what fits the memory, and does not increase
        // it again. So lines change while pixels are small.
        io.write(
            DISPI_BPP,
            DISPI_BPP::default().with_bits(MIN_CPP as u16 * 8),
        );
        io.write(
            DISPI_VIRT_WIDTH,
            DISPI_VIRT_WIDTH::default().with_pixels(scanout.layout.width),
        );
        io.write(
            DISPI_BPP,
            DISPI_BPP::default().with_bits(u16::from(scanout.layout.cpp) * 8),
        );
        io.write(
            DISPI_X_OFFSET,
            DISPI_X_OFFSET::default().with_pixels(scanout.x),
        );
        io.write(
            DISPI_Y_OFFSET,
            DISPI_Y_OFFSET::default().with_pixels(scanout.y),
        );
        self.set_big_endian(io, scanout.layout.big_endian);
    }

    fn read_edid(io: &Memory, offset: usize, buf: &mut [u8]) -> Result {
        if offset.checked_add(buf.len()).ok_or(EINVAL)? > EDID_SIZE {
            return Err(EINVAL);
        }

        for (i, byte) in buf.iter_mut().enumerate() {
            *byte = io.try_read8(offset + i)?;
        }
        Ok(())
    }
}

/// How pixels are kept in the memory of the device.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Layout {
    /// The length of a line in pixels.
    width: u16,
    /// The size of a pixel in bytes.
    cpp: u8,
    big_endian: bool,
    /// Whether the framebuffer is in [`FourCc::XRGB8888`], and becomes [`FourCc::RGB565`].
    converted: bool,
}

impl Layout {
    /// The length of a line in bytes.
    fn pitch(&self) -> u32 {
        u32::from(self.width) * u32::from(self.cpp)
    }
}

/// What the device shows: memory has the whole framebuffer, and this is where the first pixel is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Scanout {
    layout: Layout,
    x: u16,
    y: u16,
}

impl Scanout {
    /// Returns how the part `src` of a framebuffer is shown, or an error if the device can't show
    /// it.
    ///
    /// `src` is in 1/65536 of a pixel, `size` is that of the memory in bytes.
    fn new(src: kms::Rect, fb: &kms::Framebuffer, size: u64) -> Result<Self> {
        let format = fb.format();
        let cpp: u8 = if format == FourCc::RGB565 { 2 } else { 4 };
        if fb.pitch() % u32::from(cpp) != 0 {
            return Err(EINVAL);
        }

        let x = u16::try_from(src.x1 >> 16)?;
        let y = u16::try_from(src.y1 >> 16)?;
        let bottom = u64::try_from(i64::from(src.y2) + 0xffff)? >> 16;
        let layout = Layout {
            width: u16::try_from(fb.pitch() / u32::from(cpp))?,
            cpp,
            big_endian: format == FourCc::BGRX8888,
            converted: false,
        };
        // This is how the device checks it.
        let fits =
            |l: &Layout| bottom * u64::from(l.pitch()) + u64::from(x) * u64::from(l.cpp) <= size;

        let small = Layout {
            cpp: 2,
            converted: true,
            ..layout
        };
        let layout = if fits(&layout) {
            layout
        } else if HAS_RGB565 && format == FourCc::XRGB8888 && fits(&small) {
            small
        } else {
            return Err(ENOMEM);
        };

        Ok(Self { layout, x, y })
    }
}

struct BochsPlane;

#[vtable]
impl kms::DriverPlane for BochsPlane {
    type Driver = BochsDriver;
    type State = Scanout;

    const SHADOW: bool = true;

    fn atomic_check(plane: &Plane<BochsDriver>, check: &mut PlaneCheck<'_, BochsDriver>) -> Result {
        // Nothing is visible then, and the next mode brings the plane along.
        check.check_state(PlaneLimits {
            can_update_disabled: true,
            ..PlaneLimits::default()
        })?;

        let state = check.new_state();
        let (true, Some(fb)) = (state.is_visible(), state.framebuffer()) else {
            return Ok(());
        };
        let scanout = Scanout::new(state.src(), fb, plane.drm().size)?;

        if scanout.layout.converted {
            check.reserve_conversion(FourCc::RGB565)?;
        }
        // What user space has not changed is not where it has been.
        if scanout.layout != check.old_state().layout {
            check.ignore_damage_clips();
        }
        *check.data_mut() = scanout;

        Ok(())
    }

    fn atomic_update(plane: &Plane<BochsDriver>, commit: &PlaneCommit<'_, BochsDriver>) {
        let bochs = plane.drm();
        let (old, new) = (commit.old_state(), commit.new_state());
        let Some(guard) = bochs.enter() else {
            return;
        };
        let (Ok(io), Ok(memory)) = (
            bochs.registers.access(guard.dev()),
            bochs.memory.access(guard.dev()),
        ) else {
            return;
        };
        // Then nothing of it is to be copied either.
        if !new.is_visible() {
            return;
        }

        if let Some(shadow) = commit.shadow() {
            let pitch = new.layout.pitch();

            for clip in commit.damage() {
                // Can't fail: all of it has been checked.
                let _ = if new.layout.converted {
                    shadow.convert_to_io(&clip, FourCc::RGB565, memory, 0, pitch)
                } else {
                    shadow.copy_to_io(&clip, memory, 0, pitch)
                };
            }
        }

        let keeps_mode = commit
            .new_crtc_state()
            .is_some_and(|crtc| !crtc.needs_modeset());
        if !(keeps_mode && old.is_visible() && **old == **new) {
            bochs.set_scanout(io, &new);
        }
    }

    fn scanout_buffer<'a>(
        &'a self,
        panic: &'a PanicContext<'a, BochsDriver>,
    ) -> Option<ScanoutBuffer<'a>> {
        let memory = panic.access(&panic.data().memory)?;
        let fb = panic.state().framebuffer()?;
        let layout = panic.state().layout;

        if layout.converted {
            ScanoutBuffer::from_io_converted(fb, FourCc::RGB565, memory, 0, layout.pitch())
        } else {
            ScanoutBuffer::from_io(fb, memory, 0, layout.pitch())
        }
    }
}

struct BochsCrtc;

impl BochsCrtc {
    fn with_registers(crtc: &Crtc<BochsDriver>, f: impl FnOnce(&Bochs, Io<'_>)) {
        let bochs = crtc.drm();

        if let Some(guard) = bochs.enter() {
            if let Ok(io) = bochs.registers.access(guard.dev()) {
                f(bochs, io);
            }
        }
    }
}

#[vtable]
impl kms::DriverCrtc for BochsCrtc {
    type Driver = BochsDriver;
    type State = ();

    const VBLANK: Vblank = Vblank::Timer;

    fn mode_set(crtc: &Crtc<BochsDriver>, commit: &CrtcCommit<'_, BochsDriver>) {
        Self::with_registers(crtc, |bochs, io| {
            bochs.set_mode(io, commit.new_state().mode());
        });
    }

    fn atomic_enable(crtc: &Crtc<BochsDriver>, _commit: &CrtcCommit<'_, BochsDriver>) {
        Self::with_registers(crtc, |_, io| Bochs::blank(io, false));
    }

    fn atomic_disable(crtc: &Crtc<BochsDriver>, _commit: &CrtcCommit<'_, BochsDriver>) {
        Self::with_registers(crtc, |_, io| Bochs::blank(io, true));
    }
}

struct BochsConnector;

#[vtable]
impl kms::DriverConnector for BochsConnector {
    type Driver = BochsDriver;
    type State = ();

    fn get_modes(connector: &Connector<BochsDriver>, probe: &mut ConnectorProbe<'_, BochsDriver>) {
        let bochs = connector.drm();
        let Some(guard) = bochs.enter() else {
            return;
        };
        let Ok(io) = bochs.registers.access(guard.dev()) else {
            return;
        };

        // QEMU may have been told not to have one, and there are zeros.
        let edid = io.memory().and_then(|io| {
            let mut header = [0; EDID_HEADER.len()];

            Bochs::read_edid(io, 0, &mut header).ok()?;
            if header != EDID_HEADER {
                return None;
            }
            probe.read_edid(|block, buf| {
                Bochs::read_edid(io, block.saturating_mul(kms::EDID_BLOCK_LEN), buf)
            })
        });

        if probe.update_edid(edid.as_ref()).is_err() {
            return;
        }
        match edid {
            Some(_) => probe.add_edid_modes(),
            None => {
                probe.add_usual_modes(MAX_WIDTH, MAX_HEIGHT);
                probe.prefer_mode(
                    *module_parameters::defx.value(),
                    *module_parameters::defy.value(),
                );
            }
        }
    }
}

impl kms::Driver for BochsDriver {
    type Plane = BochsPlane;
    type Crtc = BochsCrtc;
    type Encoder = ();
    type Connector = BochsConnector;

    fn mode_config(_drm: &drm::Device<Self>) -> ModeConfig {
        ModeConfig {
            max_width: MAX_WIDTH,
            max_height: MAX_HEIGHT,
            preferred_depth: 24,
        }
    }

    fn create_objects(new: &NewObjects<'_, Self>) -> Result {
        // Without a choice, it is the one of the CPU.
        let formats: &[FourCc] = match (new.drm().has_endian, HAS_RGB565) {
            (true, true) => &[FourCc::XRGB8888, FourCc::BGRX8888, FourCc::RGB565],
            (true, false) => &[FourCc::XRGB8888, FourCc::BGRX8888],
            (false, true) => &[FourCc::XRGB8888, FourCc::RGB565],
            (false, false) => &[FourCc::BGRX8888],
        };

        let primary = Plane::new(
            new,
            PlaneInfo {
                plane_type: PlaneType::Primary,
                formats,
                modifiers: &[],
                damage_clips: true,
                possible_crtcs: 0,
                properties: PlaneProperties::default(),
            },
            Ok(BochsPlane),
        )?;
        let crtc = Crtc::new(new, primary, None, Ok(BochsCrtc))?;
        let encoder = Encoder::new(new, EncoderType::Virtual, crtc.mask(), Ok(()))?;
        Connector::new(new, ConnectorType::Virtual, encoder, Ok(BochsConnector))?;

        Ok(())
    }

    fn mode_valid(drm: &drm::Device<Self>, mode: &DisplayMode) -> ModeStatus {
        let pitch = u64::from(mode.hdisplay()) * u64::from(MIN_CPP);

        if pitch == 0 {
            ModeStatus::BadWidth
        } else if u64::from(mode.vdisplay()) > drm.size / pitch {
            ModeStatus::Memory
        } else {
            ModeStatus::Ok
        }
    }
}

struct File;

impl drm::file::DriverFile for File {
    type Driver = BochsDriver;

    fn open(_drm: &drm::Device<Self::Driver>) -> Result<Pin<KBox<Self>>> {
        Ok(KBox::new(Self, GFP_KERNEL)?.into())
    }
}

#[vtable]
impl drm::Driver for BochsDriver {
    type Data = Bochs;
    type Object = shmem::Object<Self>;
    type File = File;

    const OWNER: &'static ThisModule = &THIS_MODULE;
    const INFO: drm::DriverInfo = drm::DriverInfo {
        major: 1,
        minor: 0,
        patchlevel: 0,
        // As the C driver, which user space may know.
        name: c_str!("bochs-drm"),
        desc: c_str!("bochs dispi vga interface (qemu stdvga)"),
    };
    const KMS: Option<kms::Ops<Self>> = Some(kms::Ops::new());
    const IOCTLS: &'static [drm::ioctl::DrmIoctlDescriptor] = &[];
}

struct BochsDriver {
    drm: ARef<drm::Device<Self>>,
}

kernel::pci_device_table!(
    PCI_TABLE,
    MODULE_PCI_TABLE,
    <BochsDriver as pci::Driver>::IdInfo,
    [
        (
            pci::DeviceId::from_id(pci::Vendor::from_raw(0x1234), 0x1111),
            ()
        ),
        (
            pci::DeviceId::from_id(pci::Vendor::from_raw(0x4321), 0x1111),
            ()
        ),
    ]
);

impl pci::Driver for BochsDriver {
    type IdInfo = ();
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;
    const PM: Option<pci::pm::Ops<Self>> = Some(pci::pm::Ops::simple());

    fn probe(pdev: &pci::Device<Core>, _info: &Self::IdInfo) -> Result<Pin<KBox<Self>>> {
        match *module_parameters::modeset.value() {
            0 => return Err(ENODEV),
            -1 if drm::firmware_drivers_only() => return Err(ENODEV),
            _ => (),
        }

        // Before anything that a generic driver may be using is touched.
        aperture::remove_conflicting_pci_devices(pdev, NAME)?;
        pdev.enable_device()?;

        let drm = drm::UnregisteredDevice::<Self>::new(pdev.as_ref(), Bochs::new(pdev))?;
        let drm = drm::Registration::new_foreign_owned(drm, pdev.as_ref(), 0)?;

        Ok(KBox::new(Self { drm }, GFP_KERNEL)?.into())
    }

    fn shutdown(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        this.drm.shutdown(pdev.as_ref());
    }
}

#[vtable]
impl pci::pm::Driver for BochsDriver {
    fn suspend(pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.drm.suspend(pdev.as_ref())
    }

    fn resume(pdev: &pci::Device<Core>, this: Pin<&Self>) -> Result {
        this.drm.resume(pdev.as_ref())
    }
}

kernel::module_pci_driver! {
    type: BochsDriver,
    name: "bochs_rust",
    authors: ["Seed e5ff81f6 maintainers"],
    description: "DRM support for bochs dispi vga interface (qemu stdvga)",
    license: "GPL v2",
    params: {
        modeset: i32 {
            default: -1,
            description: "Drive devices: 0 none, 1 all, -1 all unless the kernel has nomodeset",
        },
        defx: u16 {
            default: 1024,
            description: "Width to begin with if there is no EDID",
        },
        defy: u16 {
            default: 768,
            description: "Height to begin with if there is no EDID",
        },
    },
}
