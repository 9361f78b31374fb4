// SPDX-License-Identifier: GPL-2.0

//! The resources behind the base address registers (BARs): what they are, mapping them, and
//! resizing them.
//!
//! C headers: [`include/linux/pci.h`](srctree/include/linux/pci.h),
//! [`include/linux/ioport.h`](srctree/include/linux/ioport.h)

use super::{Bar, ConfigSpace, Device, Normal};
use crate::{
    bindings, device,
    devres::{BindingState, Devres},
    dma::{DeviceMemory, Direction, DmaAddress, Mapper, Mapping},
    error::to_result,
    io::{port::Ports, resource::Flags, Io, IoRaw, PhysAddr, ResourceSize},
    prelude::*,
    sync::aref::ARef,
};
use core::ops::Deref;

/// The number of BARs of a device.
pub const BAR_COUNT: u32 = bindings::PCI_STD_NUM_BARS;

/// What is behind a BAR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarKind {
    /// Memory, or registers that are accessed like memory.
    Memory {
        /// Whether reading has no side effects, so that reads may be merged and done in advance.
        prefetchable: bool,
        /// Whether the BAR takes addresses of 64 bits. The BAR with the next number does not exist
        /// then.
        wide: bool,
    },
    /// I/O ports.
    Ports,
}

/// What the PCI core knows about a BAR: a copy, which is outdated once BARs are resized or
/// assigned.
///
/// See [`Device::bar_resource`].
#[derive(Clone, Copy)]
pub struct BarResource {
    start: PhysAddr,
    len: ResourceSize,
    flags: Flags,
}

impl BarResource {
    /// Returns the address at which the CPU sees the BAR, or 0 if it has none; for I/O ports, the
    /// number of the first one.
    ///
    /// C macro: `pci_resource_start()`.
    #[inline]
    pub fn start(&self) -> PhysAddr {
        self.start
    }

    /// Returns the last address of the BAR, or [`None`] if it has no bytes.
    ///
    /// C macro: `pci_resource_end()`.
    #[inline]
    pub fn end(&self) -> Option<PhysAddr> {
        self.start.checked_add(self.len.checked_sub(1)?)
    }

    /// Returns the size in bytes, 0 if the device has no such BAR.
    ///
    /// C macro: `pci_resource_len()`.
    #[inline]
    pub fn size(&self) -> ResourceSize {
        self.len
    }

    /// Returns all flags.
    ///
    /// C macro: `pci_resource_flags()`.
    #[inline]
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// Returns what is behind the BAR, or [`None`] if the device has no such BAR.
    pub fn kind(&self) -> Option<BarKind> {
        if self.flags.contains(Flags::IORESOURCE_MEM) {
            Some(BarKind::Memory {
                prefetchable: self.flags.contains(Flags::IORESOURCE_PREFETCH),
                wide: self.flags.contains(Flags::IORESOURCE_MEM_64),
            })
        } else if self.flags.contains(Flags::IORESOURCE_IO) {
            Some(BarKind::Ports)
        } else {
            None
        }
    }

    /// Returns whether the BAR has an address, and can be mapped.
    pub fn is_assigned(&self) -> bool {
        self.len != 0
            && !self.flags.contains(Flags::IORESOURCE_UNSET)
            && !self.flags.contains(Flags::IORESOURCE_DISABLED)
    }

    /// Checks that the BAR is assigned and of the right sort, and returns the part of it that
    /// begins at `offset` and has `len` bytes, or all that is left if this is [`None`].
    fn part(
        &self,
        ports: bool,
        offset: ResourceSize,
        len: Option<ResourceSize>,
    ) -> Result<(PhysAddr, ResourceSize)> {
        // No register is larger, hence all of them are aligned in the part if they are in the BAR.
        const ALIGN: ResourceSize = 8;

        let kind = self.kind().ok_or(ENXIO)?;

        if !self.is_assigned() {
            return Err(ENXIO);
        }
        if (kind == BarKind::Ports) != ports || offset % ALIGN != 0 {
            return Err(EINVAL);
        }

        let left = self.len.checked_sub(offset).ok_or(EINVAL)?;
        let len = len.unwrap_or(left);
        if len == 0 || len > left {
            return Err(EINVAL);
        }

        Ok((self.start.checked_add(offset).ok_or(EINVAL)?, len))
    }
}

/// How many uses of the BARs of a device there are, as the binding remembers it.
#[derive(Default)]
pub(crate) struct BarState {
    uses: usize,
    moving: bool,
    rom_mapped: bool,
}

impl BarState {
    fn begin_use(&mut self) -> Result {
        if self.moving {
            return Err(EBUSY);
        }

        self.uses = self.uses.checked_add(1).ok_or(EBUSY)?;
        Ok(())
    }

    fn end_use(&mut self) {
        self.uses = self.uses.saturating_sub(1);
    }

    fn begin_move(&mut self) -> Result {
        if self.moving || self.uses != 0 {
            return Err(EBUSY);
        }

        self.moving = true;
        Ok(())
    }

    fn end_move(&mut self) {
        self.moving = false;
    }

    fn begin_rom(&mut self) -> Result {
        if self.rom_mapped {
            return Err(EBUSY);
        }

        self.begin_use()?;
        self.rom_mapped = true;
        Ok(())
    }

    fn end_rom(&mut self) {
        self.rom_mapped = false;
        self.end_use();
    }
}

/// A use of the BARs of a device, as long as which none of them can be given another address.
pub(super) struct BarUse {
    pdev: ARef<Device>,
    rom: bool,
}

impl BarUse {
    pub(super) fn new(pdev: &Device<device::Bound>) -> Result<Self> {
        BindingState::with(pdev.as_ref(), |state| state.bars.begin_use())??;

        Ok(Self {
            pdev: pdev.into(),
            rom: false,
        })
    }

    /// The use by a mapping of the expansion ROM, of which there can be one at a time.
    pub(super) fn new_rom(pdev: &Device<device::Bound>) -> Result<Self> {
        BindingState::with(pdev.as_ref(), |state| state.bars.begin_rom())??;

        Ok(Self {
            pdev: pdev.into(),
            rom: true,
        })
    }

    #[inline]
    pub(super) fn pdev(&self) -> &Device {
        &self.pdev
    }
}

impl Drop for BarUse {
    fn drop(&mut self) {
        // If there is no state any more, the device has just been unbound, and the next binding
        // begins with a new one. A use never outlives its binding.
        BindingState::with_existing(self.pdev.as_ref(), |state| {
            if self.rom {
                state.bars.end_rom();
            } else {
                state.bars.end_use();
            }
        });
    }
}

/// Keeps BARs from being used while they are given other addresses.
struct BarMove<'a>(&'a Device<device::Core>);

impl<'a> BarMove<'a> {
    fn new(pdev: &'a Device<device::Core>) -> Result<Self> {
        let dev: &device::Device<device::Core> = pdev.as_ref();

        // The PCI core has mapped the table of the vectors, which is in a BAR. Vectors are
        // allocated and freed with the device lock held, i.e. not before the move is over.
        //
        // SAFETY: `pdev.as_raw()` is a valid pointer to a `struct pci_dev`.
        if unsafe { (*pdev.as_raw()).msix_enabled() } != 0 {
            return Err(EBUSY);
        }
        pdev.check_bus_lock()?;
        BindingState::with(dev, |state| state.bars.begin_move())??;
        Ok(Self(pdev))
    }
}

impl BarMove<'_> {
    /// The addresses are about to change.
    fn forget_saved_state(&self) {
        // What has been saved by `pci_save_state()` is not to be restored: there are old addresses.
        //
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`; the device lock is held.
        unsafe { (*self.0.as_raw()).set_state_saved(0) };
    }
}

impl Drop for BarMove<'_> {
    fn drop(&mut self) {
        let pdev: &Device = self.0;

        BindingState::with_existing(pdev.as_ref(), |state| state.bars.end_move());
    }
}

/// Addresses that have been requested for exclusive use by a driver.
///
/// # Invariants
///
/// `start` and `len` have been requested, and not been released.
struct Region {
    start: PhysAddr,
    len: ResourceSize,
    ports: bool,
}

impl Region {
    fn request(
        start: PhysAddr,
        len: ResourceSize,
        ports: bool,
        name: &'static CStr,
        exclusive: bool,
    ) -> Result<Self> {
        let name = name.as_char_ptr();

        // SAFETY: `name` is a valid string, forever.
        let region = unsafe {
            if ports {
                bindings::request_region(start, len, name)
            } else if exclusive {
                bindings::request_mem_region_exclusive(start, len, name)
            } else {
                bindings::request_mem_region(start, len, name)
            }
        };
        if region.is_null() {
            return Err(EBUSY);
        }

        // INVARIANT: It has just been requested.
        Ok(Self { start, len, ports })
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe {
            if self.ports {
                bindings::release_region(self.start, self.len)
            } else {
                bindings::release_mem_region(self.start, self.len)
            }
        };
    }
}

/// How the CPU accesses memory behind a BAR.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caching {
    Uncached,
    WriteCombined,
}

/// A BAR that is to be mapped.
///
/// Obtained from [`Device::request_bar`]. What is requested are the addresses that are mapped, so
/// that different parts of a BAR can be mapped in different ways, but no part twice.
///
/// # Errors
///
/// All the functions that map return
///
/// - [`EINVAL`] if there is no BAR of this number (0 to 5), it is of the other sort (memory or I/O
///   ports), the part is empty or not within the BAR, its offset is not a multiple of 8, or it is
///   smaller than SIZE.
/// - [`ENXIO`] if the device has no such BAR, or the BAR has no address.
/// - [`EBUSY`] if the addresses have been requested before, by whomever, or BARs are being resized.
/// - [`EOVERFLOW`] if the part is larger than the address space of the CPU.
/// - [`ENOMEM`] if it can't be mapped.
///
/// # Examples
///
/// ```
/// # use kernel::{c_str, device::Bound, devres::Devres, pci, prelude::*};
/// /// The second megabyte of BAR 0, for pixels.
/// fn map_pixels(pdev: &pci::Device<Bound>) -> Result<Pin<KBox<Devres<pci::BarMap>>>> {
///     KBox::pin_init(
///         pdev.request_bar(0, c_str!("pixels"))
///             .part(0x10_0000, 0x10_0000)
///             .write_combined()
///             .iomap(),
///         GFP_KERNEL,
///     )
/// }
/// ```
#[must_use = "nothing is requested until the BAR is mapped"]
pub struct BarRequest<'a> {
    pdev: &'a Device<device::Bound>,
    bar: u32,
    name: &'static CStr,
    offset: ResourceSize,
    len: Option<ResourceSize>,
    exclusive: bool,
    caching: Caching,
}

impl<'a> BarRequest<'a> {
    /// Maps only `len` bytes that begin at `offset` (in bytes, a multiple of 8).
    pub fn part(mut self, offset: ResourceSize, len: ResourceSize) -> Self {
        self.offset = offset;
        self.len = Some(len);
        self
    }

    /// Keeps user space from mapping the addresses, through `/dev/mem` or sysfs.
    ///
    /// This has no effect on I/O ports. C function: `pci_request_selected_regions_exclusive()`.
    pub fn exclusive(mut self) -> Self {
        self.exclusive = true;
        self
    }

    /// Lets the CPU combine writes, for memory such as that of a graphics card.
    ///
    /// Writes may reach the device late and in another order, and reads are slow. Not for
    /// registers. The CPU decides page by page: in a page that is also mapped in the other way,
    /// writes are not combined, or mapping fails. C functions: `pci_ioremap_wc_bar()`,
    /// `pci_iomap_wc_range()`.
    pub fn write_combined(mut self) -> Self {
        self.caching = Caching::WriteCombined;
        self
    }

    /// Maps memory of at least `SIZE` bytes.
    ///
    /// Must be called from process context; may sleep. The mapping ends when the device is unbound,
    /// if not before. C functions: `pci_request_region()`, `pci_iomap_range()`.
    pub fn iomap_sized<const SIZE: usize>(self) -> impl PinInit<Devres<BarMap<SIZE>>, Error> + 'a {
        let dev: &'a device::Device<device::Bound> = self.pdev.as_ref();

        Devres::new_with(dev, move || BarMap::new(self))
    }

    /// Maps memory whose size is not known when the driver is compiled. See
    /// [`Self::iomap_sized`].
    pub fn iomap(self) -> impl PinInit<Devres<BarMap>, Error> + 'a {
        self.iomap_sized::<0>()
    }

    /// Maps at least `SIZE` I/O ports.
    ///
    /// The device must have been enabled by [`Device::enable_device`] before the ports are
    /// accessed. Otherwise the same as [`Self::iomap_sized`].
    pub fn ports_sized<const SIZE: usize>(self) -> impl PinInit<Devres<PortBar<SIZE>>, Error> + 'a {
        let dev: &'a device::Device<device::Bound> = self.pdev.as_ref();

        Devres::new_with(dev, move || PortBar::new(self))
    }

    /// Maps I/O ports whose number is not known when the driver is compiled. See
    /// [`Self::ports_sized`].
    pub fn ports(self) -> impl PinInit<Devres<PortBar>, Error> + 'a {
        self.ports_sized::<0>()
    }

    /// Requests the resource and returns it, with the address and size of the part.
    fn claim(&self, ports: bool) -> Result<(BarUse, Region)> {
        // This comes first, so that the resource does not change any more.
        let bar_use = BarUse::new(self.pdev)?;
        let (start, len) = self
            .pdev
            .bar_resource(self.bar)?
            .part(ports, self.offset, self.len)?;
        let region = Region::request(start, len, ports, self.name, self.exclusive)?;

        Ok((bar_use, region))
    }

    /// Calls C to map what has been claimed; returns the address or cookie, and the size.
    fn map(&self, region: &Region) -> Result<(usize, usize)> {
        let len = usize::try_from(region.len).map_err(|_| EOVERFLOW)?;
        let offset = c_ulong::try_from(self.offset).map_err(|_| EOVERFLOW)?;
        let bar = c_int::try_from(self.bar)?;
        let pdev = self.pdev.as_raw();

        // SAFETY: `pdev` is a valid pointer to a `struct pci_dev`; `bar`, `offset` and `len` have
        // been checked by `Self::claim()`.
        let addr = unsafe {
            match self.caching {
                Caching::Uncached => bindings::pci_iomap_range(pdev, bar, offset, len as c_ulong),
                Caching::WriteCombined => {
                    bindings::pci_iomap_wc_range(pdev, bar, offset, len as c_ulong)
                }
            }
        };
        if addr.is_null() {
            return Err(ENOMEM);
        }

        Ok((addr as usize, len))
    }
}

/// Memory behind a BAR, or a part of it, that has been mapped.
///
/// Registers are accessed through [`Io`], to which this dereferences. [`Bar`](super::Bar) is the
/// same for a whole BAR without any choice.
///
/// # Invariants
///
/// `io` is a mapping of the addresses of `region`.
pub struct BarMap<const SIZE: usize = 0> {
    io: IoRaw<SIZE>,
    region: Region,
    bar_use: BarUse,
}

impl<const SIZE: usize> BarMap<SIZE> {
    fn new(request: BarRequest<'_>) -> Result<Self> {
        let (bar_use, region) = request.claim(false)?;

        // Before mapping, so that there is nothing to undo.
        if region.len < SIZE as ResourceSize {
            return Err(EINVAL);
        }
        let (addr, len) = request.map(&region)?;

        // INVARIANT: Just mapped.
        Ok(Self {
            io: IoRaw::new(addr, len)?,
            region,
            bar_use,
        })
    }

    /// Returns the device; it is bound as long as `self` can be reached.
    #[inline]
    pub(super) fn pdev(&self) -> &Device {
        self.bar_use.pdev()
    }
}

impl<const SIZE: usize> Drop for BarMap<SIZE> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants; the fields, and with them the region, are dropped later.
        unsafe { bindings::pci_iounmap(self.pdev().as_raw(), self.io.addr() as *mut c_void) };
    }
}

impl<const SIZE: usize> Deref for BarMap<SIZE> {
    type Target = Io<SIZE>;

    fn deref(&self) -> &Self::Target {
        // SAFETY: By the type invariants.
        unsafe { Io::from_raw(&self.io) }
    }
}

/// A part of a BAR that is mapped for DMA by a device.
///
/// Obtained from [`Bar::dma_map`] or [`BarMap::dma_map`], unmapped when it is dropped. As long as
/// it lives, the BAR is where it is, for which it borrows the mapping for the CPU, and the device
/// that accesses it is bound. Hence there are no [`Slots`](crate::dma::Slots) for it, which would
/// keep it without the former.
///
/// As with other mappings, the device must have stopped to access the BAR before this is dropped.
pub struct BarDma<'a, D: Direction>(Mapping<'a, DeviceMemory, D>);

impl<'a, D: Direction> BarDma<'a, D> {
    /// `start` and `len` are the ones of a BAR that has an address for `'a`.
    fn new(
        mapper: &'a Mapper,
        (start, len): (PhysAddr, ResourceSize),
        offset: ResourceSize,
        size: usize,
        direction: D,
    ) -> Result<Self> {
        let end = offset.checked_add(size.try_into()?).ok_or(EINVAL)?;
        if end > len {
            return Err(EINVAL);
        }

        let start = start.checked_add(offset).ok_or(EINVAL)?;
        Ok(Self(mapper.map_device_memory(start, size, direction)?))
    }

    /// Returns the address for the device that accesses the BAR.
    #[inline]
    pub fn dma_address(&self) -> DmaAddress {
        self.0.dma_address()
    }

    /// Returns the number of bytes.
    #[inline]
    pub fn size(&self) -> usize {
        self.0.size()
    }
}

macro_rules! impl_dma_map {
    ($mapping:ident, |$this:ident| $range:expr) => {
        impl<const SIZE: usize> $mapping<SIZE> {
            /// Maps `size` bytes of the BAR, from `offset` on, for DMA by the device of `mapper`.
            ///
            /// This is mostly another device than that of the BAR. Whether the two reach each other
            /// is up to the bridges between them. Offset and size are in bytes.
            ///
            /// May be called from any context. C functions: `dma_map_resource()`,
            /// `dma_mapping_error()`; `dma_unmap_resource()` when the result is dropped.
            ///
            /// # Errors
            ///
            /// - [`EINVAL`] if the part is empty, or not inside of what is mapped.
            /// - [`ENOMEM`] if the device can't reach it: without an IOMMU, if it does not have the
            ///   address bits; with one, if that has no addresses left.
            ///
            /// # Examples
            ///
            /// ```
            /// # use kernel::{dma::{DmaAddress, FromDevice, Mapper}, pci, prelude::*};
            #[doc = concat!("type Peer = pci::", stringify!($mapping), "<0x100>;")]
            ///
            /// /// Runs `f` with the address at which one device writes to the doorbell of another.
            /// fn ring(
            ///     mapper: &Mapper,
            ///     peer: &Peer,
            ///     f: impl FnOnce(DmaAddress) -> Result,
            /// ) -> Result {
            ///     let doorbell = peer.dma_map(mapper, 0x40, 4, FromDevice)?;
            ///
            ///     f(doorbell.dma_address())
            /// }
            /// ```
            pub fn dma_map<'a, D: Direction>(
                &'a self,
                mapper: &'a Mapper,
                offset: ResourceSize,
                size: usize,
                direction: D,
            ) -> Result<BarDma<'a, D>> {
                let $this = self;

                BarDma::new(mapper, $range, offset, size, direction)
            }
        }
    };
}

impl_dma_map!(BarMap, |this| (this.region.start, this.region.len));
// It has been checked, and does not move as long as it is mapped.
impl_dma_map!(Bar, |this| this
    .pdev()
    .bar_resource(u32::try_from(this.num)?)?
    .part(false, 0, None)?);

/// The I/O ports behind a BAR.
///
/// Accessed through [`Ports`], to which this dereferences.
///
/// # Examples
///
/// ```
/// # use kernel::{c_str, device::Core, devres::Devres, pci, prelude::*};
/// fn probe(pdev: &pci::Device<Core>) -> Result<u32> {
///     pdev.enable_device()?;
///
///     let ports = KBox::pin_init(
///         pdev.request_bar(1, c_str!("ports")).ports_sized::<0x10>(),
///         GFP_KERNEL,
///     )?;
///
///     Ok(ports.access(pdev.as_ref())?.read32(0x0c))
/// }
/// ```
///
/// # Invariants
///
/// `ports` are the ports of `_region`.
pub struct PortBar<const SIZE: usize = 0> {
    ports: Ports<SIZE>,
    _region: Region,
    bar_use: BarUse,
}

impl<const SIZE: usize> PortBar<SIZE> {
    fn new(request: BarRequest<'_>) -> Result<Self> {
        if request.caching == Caching::WriteCombined {
            return Err(EINVAL);
        }

        let (bar_use, region) = request.claim(true)?;

        // Before mapping, so that there is nothing to undo.
        if region.len < SIZE as ResourceSize {
            return Err(EINVAL);
        }
        let (cookie, len) = request.map(&region)?;

        // SAFETY: `pci_iomap_range()` has returned `cookie` for a resource of I/O ports. It is
        // unmapped when `self` is dropped.
        let ports = unsafe { Ports::from_raw(cookie, len) }?;

        // INVARIANT: Just mapped.
        Ok(Self {
            ports,
            _region: region,
            bar_use,
        })
    }

    /// Returns the device; it is bound as long as `self` can be reached.
    #[inline]
    pub(super) fn pdev(&self) -> &Device {
        self.bar_use.pdev()
    }
}

impl<const SIZE: usize> Drop for PortBar<SIZE> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants; the fields, and with them the region, are dropped later.
        unsafe { bindings::pci_iounmap(self.pdev().as_raw(), self.ports.cookie() as *mut c_void) };
    }
}

impl<const SIZE: usize> Deref for PortBar<SIZE> {
    type Target = Ports<SIZE>;

    fn deref(&self) -> &Self::Target {
        &self.ports
    }
}

/// BARs that have been requested and not been mapped, so that nobody else uses them.
///
/// See [`Device::request_regions`].
pub struct BarRegions {
    _regions: [Option<Region>; BAR_COUNT as usize],
    _bar_use: BarUse,
}

impl BarRegions {
    fn new(
        pdev: &Device<device::Bound>,
        bars: u8,
        name: &'static CStr,
        exclusive: bool,
    ) -> Result<Self> {
        if u32::from(bars) >> BAR_COUNT != 0 {
            return Err(EINVAL);
        }

        let bar_use = BarUse::new(pdev)?;
        let mut regions = [const { None }; BAR_COUNT as usize];

        for (bar, region) in (0..BAR_COUNT).zip(&mut regions) {
            let resource = pdev.bar_resource(bar)?;
            let Some(kind) = resource.kind() else {
                continue;
            };
            if bars & (1 << bar) == 0 || resource.len == 0 {
                continue;
            }

            let ports = kind == BarKind::Ports;
            let (start, len) = resource.part(ports, 0, None)?;
            *region = Some(Region::request(start, len, ports, name, exclusive)?);
        }

        Ok(Self {
            _regions: regions,
            _bar_use: bar_use,
        })
    }
}

impl Device {
    /// Returns what the PCI core knows about a BAR.
    ///
    /// May be called from any context.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if `bar` is not the number of a BAR, 0 to 5.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::{pci::{self, BarKind}, prelude::*};
    /// /// Returns the number of the first BAR of I/O ports.
    /// fn find_ports(pdev: &pci::Device) -> Option<u32> {
    ///     (0..pci::BAR_COUNT).find(|&bar| {
    ///         pdev.bar_resource(bar).is_ok_and(|r| r.kind() == Some(BarKind::Ports))
    ///     })
    /// }
    /// ```
    pub fn bar_resource(&self, bar: u32) -> Result<BarResource> {
        if bar >= BAR_COUNT {
            return Err(EINVAL);
        }

        Ok(BarResource {
            start: self.resource_start(bar)?,
            len: self.resource_len(bar)?,
            flags: self.resource_flags(bar)?,
        })
    }
}

impl Device<device::Bound> {
    /// Begins to map a BAR, with choices that [`Device::iomap_region`] does not offer.
    ///
    /// `name` appears in `/proc/iomem` or `/proc/ioports`.
    pub fn request_bar(&self, bar: u32, name: &'static CStr) -> BarRequest<'_> {
        BarRequest {
            pdev: self,
            bar,
            name,
            offset: 0,
            len: None,
            exclusive: false,
            caching: Caching::Uncached,
        }
    }

    /// Requests BARs without mapping them, so that nobody else uses them.
    ///
    /// `bars` has a bit for each BAR; those that the device does not have are ignored. BARs that
    /// are mapped by the driver are requested by that, and must be left out. With `exclusive`, user
    /// space is kept from mapping them, too.
    ///
    /// Must be called from process context; may sleep. They are released when the device is
    /// unbound, if not before.
    ///
    /// C functions: `pcim_request_all_regions()`, `pci_request_selected_regions()`,
    /// `pci_request_selected_regions_exclusive()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `bars` has bits for other than BARs 0 to 5.
    /// - [`ENXIO`] if one of the BARs has no address.
    /// - [`EBUSY`] if one of them has been requested before.
    ///
    /// In all cases, none is requested.
    pub fn request_regions(
        &self,
        bars: u8,
        name: &'static CStr,
        exclusive: bool,
    ) -> impl PinInit<Devres<BarRegions>, Error> + '_ {
        let dev: &device::Device<device::Bound> = self.as_ref();

        Devres::new_with(dev, move || BarRegions::new(self, bars, name, exclusive))
    }
}

/// A size that a resizable BAR can have: a power of two of at least 1 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BarSize(u8);

impl BarSize {
    const MIN_SHIFT: u32 = 20;
    const COUNT: u32 = u32::BITS;

    /// Returns the smallest size of at least `bytes`, or [`None`] if this is more than the 2 PiB
    /// that the PCI core knows.
    ///
    /// C function: `pci_rebar_bytes_to_size()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{pci::BarSize, sizes::{SZ_1M, SZ_4M}};
    ///
    /// assert_eq!(BarSize::from_bytes(1).map(BarSize::bytes), Some(SZ_1M as u64));
    /// assert_eq!(BarSize::from_bytes(3 << 20).map(BarSize::bytes), Some(SZ_4M as u64));
    /// assert_eq!(BarSize::from_bytes(u64::MAX), None);
    /// ```
    pub const fn from_bytes(bytes: u64) -> Option<Self> {
        let Some(bytes) = bytes.checked_next_power_of_two() else {
            return None;
        };
        let size = bytes.trailing_zeros().saturating_sub(Self::MIN_SHIFT);

        if size < Self::COUNT {
            Some(Self(size as u8))
        } else {
            None
        }
    }

    /// Returns the size in bytes.
    pub const fn bytes(self) -> u64 {
        1 << (self.0 as u32 + Self::MIN_SHIFT)
    }
}

/// The sizes that a resizable BAR can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarSizes(u32);

impl BarSizes {
    /// Returns whether the BAR can't be resized.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns whether the BAR can have this size.
    pub const fn contains(self, size: BarSize) -> bool {
        self.0 & (1 << size.0) != 0
    }

    /// Returns the sizes from the smallest to the largest.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = BarSize> {
        (0..BarSize::COUNT as u8)
            .map(BarSize)
            .filter(move |&size| self.contains(size))
    }

    /// Returns the largest size that does not exceed `size`.
    pub fn largest_up_to(self, size: BarSize) -> Option<BarSize> {
        self.iter().filter(|&s| s <= size).last()
    }
}

impl Device<device::Bound> {
    /// Returns which sizes a BAR can have; they are empty if it can't be resized.
    ///
    /// May be called from any context; reads the configuration space.
    ///
    /// C function: [`pci_rebar_get_possible_sizes`].
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if `bar` is not the number of a BAR, 0 to 5.
    ///
    /// [`pci_rebar_get_possible_sizes`]: srctree/drivers/pci/pci.c
    pub fn bar_sizes(&self, bar: u32) -> Result<BarSizes> {
        if bar >= BAR_COUNT {
            return Err(EINVAL);
        }

        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, `bar` is the number of a
        // BAR.
        Ok(BarSizes(unsafe {
            bindings::pci_rebar_get_possible_sizes(self.as_raw(), bar as c_int)
        }))
    }

    /// Returns whether there are addresses of memory above 4 GiB for the devices behind the same
    /// host bridge. Without them, there is hardly room for a BAR to be enlarged.
    ///
    /// May be called from any context. C macro: `pci_bus_for_each_resource()`, on the root bus.
    pub fn has_high_memory(&self) -> bool {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`. As it is bound, the buses
        // above it exist.
        let root = unsafe {
            let mut bus = (*self.as_raw()).bus;

            while !(*bus).parent.is_null() {
                bus = (*bus).parent;
            }
            bus
        };

        for i in 0.. {
            // SAFETY: `root` is a valid pointer to a `struct pci_bus`.
            let resource = unsafe { bindings::pci_bus_resource_n(root, i) };

            if resource.is_null() {
                // Of the first ones, some may be missing.
                if i as u32 >= bindings::PCI_BRIDGE_RESOURCE_NUM {
                    break;
                }
                continue;
            }

            // SAFETY: The resources of a root bus exist as long as the bus does.
            let (flags, start) = unsafe { (Flags::from_raw((*resource).flags), (*resource).start) };

            // Addresses may have 32 bits only.
            if flags.contains(Flags::IORESOURCE_MEM)
                && start.checked_shr(32).is_some_and(|high| high != 0)
            {
                return true;
            }
        }

        false
    }
}

impl Device<device::Core> {
    /// Returns whether somebody uses addresses of the BAR, or a part of them.
    fn bar_has_users(&self, bar: u32) -> bool {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, `bar` is the number of a
        // BAR. The pointers are compared only.
        unsafe {
            let resource = &raw const (*self.as_raw()).resource[bar as usize];

            !(&raw const (*resource).child).read_volatile().is_null()
        }
    }

    /// Returns the BARs of memory that have an address.
    fn memory_bars(&self) -> impl Iterator<Item = u32> + '_ {
        (0..BAR_COUNT).filter(|&bar| {
            self.bar_resource(bar)
                .is_ok_and(|r| matches!(r.kind(), Some(BarKind::Memory { .. })) && r.is_assigned())
        })
    }

    /// Resizes a BAR, e.g. so that the CPU reaches all the memory of a graphics card.
    ///
    /// All the memory BARs of the device get new addresses. Nobody must use one of them, nor the
    /// expansion ROM: drivers do this in probe before they map anything, after conflicting drivers
    /// have been removed ([`crate::aperture`]).
    ///
    /// Must be called from process context; may sleep. Memory can't be accessed by the CPU during
    /// the call. State of the device that has been saved before is forgotten.
    ///
    /// C functions: [`pci_release_resource`], [`pci_resize_resource`],
    /// [`pci_assign_unassigned_bus_resources`].
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `bar` is not the number of a BAR, or can't have this size.
    /// - [`ENOTSUPP`] if the firmware wants addresses to be left alone.
    /// - [`EBUSY`] if one of the BARs is mapped, or requested by somebody else, or there are MSI-X
    ///   vectors, whose table is in one of them.
    /// - [`ENOSPC`] or [`ENOENT`] if there is no room for the size.
    /// - [`EDEADLK`] in an [error handler](super::err).
    ///
    /// [`ENXIO`] means that one of the BARs has no address any more, and the device can't be used.
    /// After any other error, they have their old sizes, and may have other addresses than before.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::{device::Core, pci::{self, BarSize}, prelude::*};
    /// /// Makes BAR 0 as large as the memory of the device, or nearly so.
    /// fn enlarge(pdev: &pci::Device<Core>, memory: u64) -> Result {
    ///     let wanted = BarSize::from_bytes(memory).ok_or(EINVAL)?;
    ///
    ///     if !pdev.has_high_memory() {
    ///         return Ok(());
    ///     }
    ///     match pdev.bar_sizes(0)?.largest_up_to(wanted) {
    ///         Some(size) if size.bytes() > pdev.bar_resource(0)?.size() => {
    ///             match pdev.resize_bar(0, size) {
    ///                 // We can do with a small one.
    ///                 Err(ENOENT | ENOSPC | ENOTSUPP) => Ok(()),
    ///                 ret => ret,
    ///             }
    ///         }
    ///         _ => Ok(()),
    ///     }
    /// }
    /// ```
    ///
    /// [`pci_release_resource`]: srctree/drivers/pci/setup-res.c
    /// [`pci_resize_resource`]: srctree/drivers/pci/setup-res.c
    /// [`pci_assign_unassigned_bus_resources`]: srctree/drivers/pci/setup-bus.c
    pub fn resize_bar(&self, bar: u32, size: BarSize) -> Result {
        const COMMAND: usize = bindings::PCI_COMMAND as usize;
        const MEMORY: u16 = bindings::PCI_COMMAND_MEMORY as u16;

        if !self.bar_sizes(bar)?.contains(size) {
            return Err(EINVAL);
        }
        if self.bar_resource(bar)?.size() == size.bytes() {
            return Ok(());
        }

        // SAFETY: The bus of the device is valid, and so is its host bridge.
        if unsafe { (*bindings::pci_find_host_bridge((*self.as_raw()).bus)).preserve_config() } != 0
        {
            return Err(ENOTSUPP);
        }

        let moving = BarMove::new(self)?;

        let mut released = 0u8;
        for bar in self.memory_bars() {
            if self.bar_has_users(bar) {
                return Err(EBUSY);
            }
            released |= 1 << bar;
        }

        moving.forget_saved_state();
        let config: ConfigSpace<'_, Normal> = self.config_space();
        let command = config.read16::<COMMAND>()?;
        config.write16::<COMMAND>(command & !MEMORY)?;

        let mut ret = Ok(());
        for bar in (0..BAR_COUNT).filter(|bar| released & (1 << bar) != 0) {
            // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, `bar` is the number of a
            // BAR, which nobody uses.
            let err = unsafe { bindings::pci_release_resource(self.as_raw(), bar as c_int) };
            ret = ret.and(to_result(err));
        }

        if ret.is_ok() {
            // SAFETY: As above. The BAR has been released and memory decoding is disabled; that
            // `size` is less than 32 has been checked.
            ret = to_result(unsafe {
                bindings::pci_resize_resource(self.as_raw(), bar as c_int, size.0.into())
            });
        }

        // SAFETY: The bus of the device is valid.
        unsafe { bindings::pci_assign_unassigned_bus_resources((*self.as_raw()).bus) };

        let restored = config.write16::<COMMAND>(command);

        let lost = (0..BAR_COUNT).any(|bar| {
            released & (1 << bar) != 0 && !self.bar_resource(bar).is_ok_and(|r| r.is_assigned())
        });
        if lost {
            return Err(ENXIO);
        }

        ret.and(restored)
    }

    /// Gives a BAR an address, unless it has one.
    ///
    /// Nobody must use the BARs of the device.
    ///
    /// Must be called from process context; may sleep. C function: [`pci_assign_resource`].
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `bar` is not the number of a BAR.
    /// - [`ENXIO`] if the device has no such BAR.
    /// - [`EBUSY`] if a BAR of the device is mapped, or there are MSI-X vectors.
    /// - [`EDEADLK`] in an [error handler](super::err).
    /// - Otherwise the error of the C function.
    ///
    /// [`pci_assign_resource`]: srctree/drivers/pci/setup-res.c
    pub fn assign_bar(&self, bar: u32) -> Result {
        let resource = self.bar_resource(bar)?;

        if resource.kind().is_none() || resource.size() == 0 {
            return Err(ENXIO);
        }

        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, `bar` is the number of a
        // BAR. The pointer is compared only.
        let claimed = unsafe { !(*self.as_raw()).resource[bar as usize].parent.is_null() };
        if resource.is_assigned() && claimed {
            return Ok(());
        }

        let moving = BarMove::new(self)?;

        moving.forget_saved_state();
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, `bar` is the number of a
        // BAR, which nobody uses, and the device lock is held.
        to_result(unsafe { bindings::pci_assign_resource(self.as_raw(), bar as c_int) })
    }
}

#[kunit_tests(rust_kernel_pci_bar)]
mod tests {
    use super::*;

    fn memory(len: ResourceSize) -> BarResource {
        BarResource {
            start: 0xfe00_0000,
            len,
            flags: Flags::IORESOURCE_MEM,
        }
    }

    fn ports(len: ResourceSize) -> BarResource {
        BarResource {
            start: 0xc000,
            len,
            flags: Flags::IORESOURCE_IO,
        }
    }

    #[test]
    fn kinds() {
        let kind = |flags| {
            BarResource {
                start: 0,
                len: 4096,
                flags,
            }
            .kind()
        };
        let mem = Flags::IORESOURCE_MEM;

        assert_eq!(kind(Flags::IORESOURCE_IO), Some(BarKind::Ports));
        assert_eq!(kind(Flags::IORESOURCE_UNSET), None);
        for (flags, prefetchable, wide) in [
            (mem, false, false),
            (mem | Flags::IORESOURCE_PREFETCH, true, false),
            (mem | Flags::IORESOURCE_MEM_64, false, true),
            (
                mem | Flags::IORESOURCE_PREFETCH | Flags::IORESOURCE_MEM_64,
                true,
                true,
            ),
        ] {
            assert_eq!(kind(flags), Some(BarKind::Memory { prefetchable, wide }));
        }
    }

    #[test]
    fn ends() {
        assert_eq!(memory(0x1000).end(), Some(0xfe00_0fff));
        assert_eq!(memory(1).end(), Some(0xfe00_0000));
        assert_eq!(memory(0).end(), None);
        assert_eq!(memory(PhysAddr::MAX).end(), None);
    }

    #[test]
    fn parts_are_inside() {
        let bar = memory(0x1000);

        assert_eq!(bar.part(false, 0, None), Ok((0xfe00_0000, 0x1000)));
        assert_eq!(bar.part(false, 0x800, None), Ok((0xfe00_0800, 0x800)));
        assert_eq!(
            bar.part(false, 0x800, Some(0x800)),
            Ok((0xfe00_0800, 0x800))
        );
        assert_eq!(bar.part(false, 0xff8, Some(1)), Ok((0xfe00_0ff8, 1)));
        assert_eq!(bar.part(false, 0x800, Some(0x801)), Err(EINVAL));
        assert_eq!(bar.part(false, 0x1000, None), Err(EINVAL));
        assert_eq!(bar.part(false, 0x1008, None), Err(EINVAL));
        assert_eq!(bar.part(false, 0, Some(0)), Err(EINVAL));
        assert_eq!(bar.part(false, 4, None), Err(EINVAL));
        assert_eq!(bar.part(false, 8, Some(ResourceSize::MAX)), Err(EINVAL));
        assert_eq!(bar.part(false, ResourceSize::MAX - 7, None), Err(EINVAL));
    }

    #[test]
    fn parts_are_of_the_right_sort() {
        let unset = BarResource {
            flags: Flags::IORESOURCE_MEM | Flags::IORESOURCE_UNSET,
            ..memory(0x1000)
        };

        assert_eq!(memory(0x1000).part(true, 0, None), Err(EINVAL));
        assert_eq!(ports(0x20).part(false, 0, None), Err(EINVAL));
        assert_eq!(ports(0x20).part(true, 0x10, None), Ok((0xc010, 0x10)));
        assert_eq!(memory(0).part(false, 0, None), Err(ENXIO));
        assert_eq!(unset.part(false, 0, None), Err(ENXIO));
    }

    #[test]
    fn bars_in_use_are_not_moved() {
        let mut state = BarState::default();

        assert_eq!(state.begin_move(), Ok(()));
        assert_eq!(state.begin_use(), Err(EBUSY));
        assert_eq!(state.begin_rom(), Err(EBUSY));
        assert_eq!(state.begin_move(), Err(EBUSY));
        state.end_move();

        assert_eq!(state.begin_use(), Ok(()));
        assert_eq!(state.begin_rom(), Ok(()));
        assert_eq!(state.begin_rom(), Err(EBUSY));
        assert_eq!(state.begin_move(), Err(EBUSY));
        state.end_use();
        assert_eq!(state.begin_move(), Err(EBUSY));
        state.end_rom();
        assert_eq!(state.begin_move(), Ok(()));
        state.end_move();
        assert_eq!(state.begin_rom(), Ok(()));
    }

    #[test]
    fn sizes() {
        let size = |bytes| BarSize::from_bytes(bytes).map(|size| size.0);

        assert_eq!(size(0), Some(0));
        assert_eq!(size(1), Some(0));
        assert_eq!(size(1 << 20), Some(0));
        assert_eq!(size((1 << 20) + 1), Some(1));
        assert_eq!(size(1 << 21), Some(1));
        assert_eq!(size(256 << 20), Some(8));
        assert_eq!(size(1 << 51), Some(31));
        assert_eq!(size((1 << 51) + 1), None);
        assert_eq!(size(1 << 63), None);
        assert_eq!(size(u64::MAX), None);

        for shift in 20..52 {
            let size = BarSize::from_bytes(1 << shift);
            assert_eq!(size.map(BarSize::bytes), Some(1 << shift));
        }
    }

    #[test]
    fn sets_of_sizes() {
        let size = |shift: u32| BarSize((shift - BarSize::MIN_SHIFT) as u8);
        // 256 MiB, 512 MiB and 8 GiB.
        let sizes = BarSizes(1 << 8 | 1 << 9 | 1 << 13);

        assert!(BarSizes(0).is_empty());
        assert!(!sizes.is_empty());
        assert!(sizes.contains(size(28)));
        assert!(!sizes.contains(size(30)));
        assert!(sizes.iter().eq([size(28), size(29), size(33)]));
        assert_eq!(sizes.largest_up_to(size(27)), None);
        assert_eq!(sizes.largest_up_to(size(28)), Some(size(28)));
        assert_eq!(sizes.largest_up_to(size(32)), Some(size(29)));
        assert_eq!(sizes.largest_up_to(size(51)), Some(size(33)));
        assert!(BarSizes(u32::MAX).contains(size(51)));
    }
}
