// SPDX-License-Identifier: GPL-2.0

//! PCI capabilities.
//!
//! C headers: [`include/linux/pci.h`](srctree/include/linux/pci.h),
//! [`include/uapi/linux/pci_regs.h`](srctree/include/uapi/linux/pci_regs.h)
//!
//! A function describes what it can do in two lists of capabilities: the standard ones in the first
//! 256 bytes of its configuration space, the extended ones, of PCI Express, in the rest. A
//! capability is found by its kind, a type of this module such as [`MsiX`], which gives a [`View`]
//! with typed fields:
//!
//! ```
//! use kernel::{device::Bound, pci::{self, cap}, prelude::*};
//!
//! fn vectors(pdev: &pci::Device<Bound>) -> Result<u16> {
//!     let msix = pdev.find_capability::<cap::MsiX>()?.ok_or(ENODEV)?;
//!
//!     msix.table_size()
//! }
//! ```
//!
//! Views only read. What a driver may change is offered elsewhere, e.g. by
//! [`Express`](super::Express); the rest belongs to the PCI core, see
//! [`ConfigSpace`](super::ConfigSpace#registers-of-the-pci-core).
//!
//! # Context
//!
//! Everything in this module may be used in any context, like [`ConfigSpace`]. It is slow: each
//! step in a list and each field is an access to the configuration space. Search in probe, and keep
//! what was found.
//!
//! # Errors
//!
//! Hardware, and a device that stops to answer half way, can show anything. Besides the errors of
//! the accesses, see [`ConfigSpace`], everything in this module returns [`EIO`] if the device
//! contradicts the specification: a list that leads out of its part of the configuration space or
//! into a circle, a capability that does not fit, a reserved value in a field with a meaning. A
//! list is always finite.

use super::{config, ConfigSpace, ConfigSpaceKind, Device};
use crate::{bindings, device, prelude::*};
use core::{fmt, marker::PhantomData};

/// The end of the part of the configuration space with the standard capabilities.
const STANDARD_END: usize = bindings::PCI_CFG_SPACE_SIZE as usize;
/// The end of the part with the extended capabilities.
const EXTENDED_END: usize = bindings::PCI_CFG_SPACE_EXP_SIZE as usize;

/// Something that can be read like the configuration space of a function.
///
/// This is a [`ConfigSpace`], or a copy of one ([`ConfigBytes`]).
pub trait ReadConfig: Copy {
    /// Returns the size in bytes.
    fn size(self) -> usize;

    /// Reads the 8-bit register at `offset`; [`EINVAL`] if there is none.
    fn read_u8(self, offset: usize) -> Result<u8>;

    /// Reads the 16-bit register at `offset`; [`EINVAL`] if there is none, or it is misaligned.
    fn read_u16(self, offset: usize) -> Result<u16>;

    /// Reads the 32-bit register at `offset`; [`EINVAL`] if there is none, or it is misaligned.
    fn read_u32(self, offset: usize) -> Result<u32>;

    /// Iterates over the standard capabilities.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{device::Bound, pci::{self, cap::ReadConfig}, prelude::*};
    ///
    /// fn show(pdev: &pci::Device<Bound>) -> Result {
    ///     for capability in pdev.config_space().capabilities()? {
    ///         dev_info!(pdev.as_ref(), "{}\n", capability?);
    ///     }
    ///
    ///     Ok(())
    /// }
    /// ```
    fn capabilities(self) -> Result<Capabilities<Self>> {
        Capabilities::new(self)
    }

    /// Finds the first capability of the kind `K`.
    ///
    /// `None` if the function does not have it. If the list is broken, this is an error only if the
    /// capability is not in front of the place where it is.
    fn find_capability<K: StandardKind>(self) -> Result<Option<View<K, Self>>> {
        for capability in self.capabilities()? {
            if let Some(view) = capability?.view::<K, Self>(self)? {
                return Ok(Some(view));
            }
        }

        Ok(None)
    }
}

/// A [`ReadConfig`] that can have extended capabilities.
pub trait ReadExtendedConfig: ReadConfig {
    /// Iterates over the extended capabilities.
    fn ext_capabilities(self) -> ExtCapabilities<Self> {
        ExtCapabilities::new(self)
    }

    /// Finds the first extended capability of the kind `K`.
    ///
    /// See [`ReadConfig::find_capability`].
    fn find_ext_capability<K: ExtendedKind>(self) -> Result<Option<View<K, Self>>> {
        for capability in self.ext_capabilities() {
            if let Some(view) = capability?.view::<K, Self>(self)? {
                return Ok(Some(view));
            }
        }

        Ok(None)
    }
}

impl<S: ConfigSpaceKind> ReadConfig for ConfigSpace<'_, S> {
    fn size(self) -> usize {
        S::SIZE
    }

    fn read_u8(self, offset: usize) -> Result<u8> {
        self.try_read8(offset)
    }

    fn read_u16(self, offset: usize) -> Result<u16> {
        self.try_read16(offset)
    }

    fn read_u32(self, offset: usize) -> Result<u32> {
        self.try_read32(offset)
    }
}

impl ReadExtendedConfig for ConfigSpace<'_, config::Extended> {}

/// A copy of a configuration space.
///
/// For one that has been saved, e.g. in a crash dump or by the firmware of a device, and for tests.
///
/// # Examples
///
/// ```
/// # use kernel::pci::cap::{self, ConfigBytes, ReadConfig};
/// let mut bytes = [0; 256];
///
/// bytes[0x06] = 0x10; // There is a list of capabilities,
/// bytes[0x34] = 0x40; // it begins here:
/// bytes[0x40..0x44].copy_from_slice(&[0x11, 0, 9, 0]);
/// bytes[0x44] = 3;
///
/// let config = ConfigBytes::new(&bytes);
/// let msix = config.find_capability::<cap::MsiX>()?.ok_or(ENODEV)?;
///
/// assert_eq!(msix.table_size()?, 10);
/// assert_eq!(msix.table()?.bar, 3);
/// assert!(config.find_capability::<cap::Msi>()?.is_none());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct ConfigBytes<'a>(&'a [u8]);

impl<'a> ConfigBytes<'a> {
    /// Creates a configuration space from its bytes, usually 256 or 4096.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn read<const N: usize>(self, offset: usize) -> Result<[u8; N]> {
        if offset % N != 0 {
            return Err(EINVAL);
        }

        let end = offset.checked_add(N).ok_or(EINVAL)?;
        let bytes = self.0.get(offset..end).ok_or(EINVAL)?;

        bytes.try_into().map_err(|_| EINVAL)
    }
}

impl ReadConfig for ConfigBytes<'_> {
    fn size(self) -> usize {
        self.0.len()
    }

    fn read_u8(self, offset: usize) -> Result<u8> {
        Ok(u8::from_le_bytes(self.read(offset)?))
    }

    fn read_u16(self, offset: usize) -> Result<u16> {
        Ok(u16::from_le_bytes(self.read(offset)?))
    }

    fn read_u32(self, offset: usize) -> Result<u32> {
        Ok(u32::from_le_bytes(self.read(offset)?))
    }
}

impl ReadExtendedConfig for ConfigBytes<'_> {}

/// The places in a configuration space where a list has been, one bit for each 32-bit word.
struct Visited<const N: usize>([u64; N]);

impl<const N: usize> Visited<N> {
    const fn new() -> Self {
        Self([0; N])
    }

    /// Returns whether the list has been at `offset` before, or can't be there.
    fn check(&mut self, offset: usize) -> bool {
        let word = offset / 4;
        let bit = 1 << (word % 64);

        match self.0.get_mut(word / 64) {
            Some(bits) if *bits & bit == 0 => {
                *bits |= bit;
                false
            }
            _ => true,
        }
    }
}

/// A standard capability of a function, as found in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability {
    id: u8,
    offset: u8,
}

impl Capability {
    /// Returns the id, one of `PCI_CAP_ID_*` in C.
    pub const fn id(self) -> u8 {
        self.id
    }

    /// Returns the offset in the configuration space, which is a multiple of 4.
    pub const fn offset(self) -> usize {
        self.offset as usize
    }

    /// Returns a view of the capability in `config` if it is of the kind `K`.
    pub fn view<K: StandardKind, C: ReadConfig>(self, config: C) -> Result<Option<View<K, C>>> {
        if self.id != K::ID {
            return Ok(None);
        }

        View::new(config, self.offset(), STANDARD_END).map(Some)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "capability {:#04x} at {:#04x}", self.id, self.offset)
    }
}

/// An iterator over the standard capabilities of a function.
///
/// Created by [`ReadConfig::capabilities`]. Gives an error where the list is broken, and then ends.
pub struct Capabilities<C> {
    config: C,
    next: u8,
    visited: Visited<1>,
}

impl<C: ReadConfig> Capabilities<C> {
    fn new(config: C) -> Result<Self> {
        let status = config.read_u16(bindings::PCI_STATUS as usize)?;
        let mut next = 0;

        if u32::from(status) & bindings::PCI_STATUS_CAP_LIST != 0 {
            let header = config.read_u8(bindings::PCI_HEADER_TYPE as usize)?;

            // Like C, take a header of an unknown type for one without capabilities.
            let pointer = match u32::from(header) & bindings::PCI_HEADER_TYPE_MASK {
                bindings::PCI_HEADER_TYPE_NORMAL | bindings::PCI_HEADER_TYPE_BRIDGE => {
                    Some(bindings::PCI_CAPABILITY_LIST)
                }
                bindings::PCI_HEADER_TYPE_CARDBUS => Some(bindings::PCI_CB_CAPABILITY_LIST),
                _ => None,
            };

            if let Some(pointer) = pointer {
                next = config.read_u8(pointer as usize)?;
            }
        }

        Ok(Self {
            config,
            next,
            visited: Visited::new(),
        })
    }

    fn step(&mut self, offset: u8) -> Result<Capability> {
        if u32::from(offset) < bindings::PCI_STD_HEADER_SIZEOF || self.visited.check(offset.into())
        {
            return Err(EIO);
        }

        let [id, next] = self.config.read_u16(offset.into())?.to_le_bytes();

        // What is read where there is nothing.
        if id == u8::MAX {
            return Err(EIO);
        }

        self.next = next;
        Ok(Capability { id, offset })
    }
}

impl<C: ReadConfig> Iterator for Capabilities<C> {
    type Item = Result<Capability>;

    fn next(&mut self) -> Option<Self::Item> {
        // The two lowest bits are reserved, and to be ignored.
        match core::mem::take(&mut self.next) & !3 {
            0 => None,
            offset => Some(self.step(offset)),
        }
    }
}

/// An extended capability of a function, as found in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtCapability {
    id: u16,
    version: u8,
    offset: u16,
}

impl ExtCapability {
    /// Returns the id, one of `PCI_EXT_CAP_ID_*` in C.
    pub const fn id(self) -> u16 {
        self.id
    }

    /// Returns the version of the capability, from 0 to 15.
    pub const fn version(self) -> u8 {
        self.version
    }

    /// Returns the offset in the configuration space, which is a multiple of 4.
    pub const fn offset(self) -> usize {
        self.offset as usize
    }

    /// Returns a view of the capability in `config` if it is of the kind `K`.
    pub fn view<K: ExtendedKind, C: ReadExtendedConfig>(
        self,
        config: C,
    ) -> Result<Option<View<K, C>>> {
        if self.id != K::ID {
            return Ok(None);
        }

        View::new(config, self.offset(), EXTENDED_END).map(Some)
    }
}

impl fmt::Display for ExtCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "extended capability {:#06x} version {} at {:#05x}",
            self.id, self.version, self.offset
        )
    }
}

/// An iterator over the extended capabilities of a function.
///
/// Created by [`ReadExtendedConfig::ext_capabilities`]. Gives an error where the list is broken,
/// and then ends.
pub struct ExtCapabilities<C> {
    config: C,
    next: u16,
    visited: Visited<{ EXTENDED_END / 4 / 64 }>,
}

impl<C: ReadExtendedConfig> ExtCapabilities<C> {
    fn new(config: C) -> Self {
        // The list begins at a fixed offset.
        let next = if config.size() > STANDARD_END {
            STANDARD_END as u16
        } else {
            0
        };

        Self {
            config,
            next,
            visited: Visited::new(),
        }
    }

    fn step(&mut self, offset: u16) -> Result<Option<ExtCapability>> {
        let first = usize::from(offset) == STANDARD_END;

        if usize::from(offset) < STANDARD_END || self.visited.check(offset.into()) {
            return Err(EIO);
        }

        let header = self.config.read_u32(offset.into())?;

        // A list without capabilities has an empty first entry. Some devices end others like this.
        if header == 0 || (first && header == u32::MAX) {
            return Ok(None);
        }

        if header == u32::MAX {
            return Err(EIO);
        }

        self.next = (header >> 20) as u16;

        Ok(Some(ExtCapability {
            id: header as u16,
            version: field(header, 0x000f_0000) as u8,
            offset,
        }))
    }
}

impl<C: ReadExtendedConfig> Iterator for ExtCapabilities<C> {
    type Item = Result<ExtCapability>;

    fn next(&mut self) -> Option<Self::Item> {
        // The two lowest bits are reserved, and to be ignored.
        match core::mem::take(&mut self.next) & !3 {
            0 => None,
            offset => self.step(offset).transpose(),
        }
    }
}

mod private {
    pub trait Sealed {}
}

/// A kind of capability.
pub trait Kind: private::Sealed {
    /// The size in bytes that a capability of this kind has at least.
    const SIZE: usize;
}

/// A kind of standard capability.
pub trait StandardKind: Kind {
    /// The id of this kind.
    const ID: u8;
}

/// A kind of extended capability.
pub trait ExtendedKind: Kind {
    /// The id of this kind.
    const ID: u16;
}

macro_rules! kinds {
    ($trait:ident, $id:ty: $($(#[$doc:meta])* $name:ident = $value:ident, $size:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl private::Sealed for $name {}

            impl Kind for $name {
                const SIZE: usize = $size;
            }

            impl $trait for $name {
                const ID: $id = bindings::$value as $id;
            }
        )*
    };
}

kinds! {
    StandardKind, u8:

    /// Power management.
    Pm = PCI_CAP_ID_PM, 8;
    /// Vital product data, which is read by [`Device::read_vpd`].
    Vpd = PCI_CAP_ID_VPD, 8;
    /// Message signaled interrupts.
    Msi = PCI_CAP_ID_MSI, 10;
    /// What a vendor has defined for its own devices.
    VendorSpecific = PCI_CAP_ID_VNDR, 3;
    /// PCI Express, see also [`Device::express`].
    Pcie = PCI_CAP_ID_EXP, 12;
    /// Extended message signaled interrupts.
    MsiX = PCI_CAP_ID_MSIX, 12;
}

kinds! {
    ExtendedKind, u16:

    /// Advanced error reporting.
    Aer = PCI_EXT_CAP_ID_ERR, 0x2c;
    /// The serial number of the device.
    Dsn = PCI_EXT_CAP_ID_DSN, 12;
    /// What a vendor has defined for its own devices.
    Vsec = PCI_EXT_CAP_ID_VNDR, 8;
    /// Address translation services.
    Ats = PCI_EXT_CAP_ID_ATS, 8;
    /// Single root I/O virtualization.
    SrIov = PCI_EXT_CAP_ID_SRIOV, 0x40;
    /// Resizable BARs.
    ReBar = PCI_EXT_CAP_ID_REBAR, 12;
    /// Latency tolerance reporting.
    Ltr = PCI_EXT_CAP_ID_LTR, 8;
    /// L1 power management substates.
    L1ss = PCI_EXT_CAP_ID_L1SS, 16;
    /// What one vendor, or a consortium, has defined for devices of many.
    Dvsec = PCI_EXT_CAP_ID_DVSEC, 10;
}

/// Returns the field of `value` that is where `mask` has its bits.
const fn field(value: u32, mask: u32) -> u32 {
    (value & mask) >> mask.trailing_zeros()
}

/// A capability of the kind `K` in the configuration space `C`.
///
/// Which fields it has depends on `K`. All of them are read anew each time; for contexts and errors
/// see the [module](self).
///
/// # Invariants
///
/// `K::SIZE` bytes, and at least `size` bytes if the kind does not say how many, fit between
/// `offset`, a multiple of 4, and `end`.
pub struct View<K, C> {
    config: C,
    offset: usize,
    end: usize,
    _kind: PhantomData<K>,
}

impl<K: Kind, C: ReadConfig> View<K, C> {
    fn new(config: C, offset: usize, end: usize) -> Result<Self> {
        if offset + K::SIZE > end {
            return Err(EIO);
        }

        // INVARIANT: It fits, and the lists give multiples of 4.
        Ok(Self {
            config,
            offset,
            end,
            _kind: PhantomData,
        })
    }

    /// Returns the offset of the capability in the configuration space, a multiple of 4.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Converts an offset in this capability to one in the configuration space.
    fn at(&self, reg: usize, size: usize) -> Result<usize> {
        let offset = self.offset.checked_add(reg).ok_or(EIO)?;

        if offset.checked_add(size).ok_or(EIO)? > self.end {
            return Err(EIO);
        }

        Ok(offset)
    }

    pub(super) fn u8(&self, reg: u32) -> Result<u8> {
        self.config.read_u8(self.at(reg as usize, 1)?)
    }

    pub(super) fn u16(&self, reg: u32) -> Result<u16> {
        self.config.read_u16(self.at(reg as usize, 2)?)
    }

    pub(super) fn u32(&self, reg: u32) -> Result<u32> {
        self.config.read_u32(self.at(reg as usize, 4)?)
    }
}

/// The power states from which a function can signal a wake-up event (PME).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PmeSupport {
    pub d0: bool,
    pub d1: bool,
    pub d2: bool,
    pub d3hot: bool,
    pub d3cold: bool,
}

/// What a function can do in power management, see `capabilities` of a [`View`] of [`Pm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PmCapabilities(u16);

impl PmCapabilities {
    const fn has(self, bits: u32) -> bool {
        self.0 as u32 & bits != 0
    }

    /// Returns the version of the capability; 3 in everything that is not old.
    pub const fn version(self) -> u8 {
        field(self.0 as u32, bindings::PCI_PM_CAP_VER_MASK) as u8
    }

    /// Returns whether there is the state D1.
    pub const fn d1(self) -> bool {
        self.has(bindings::PCI_PM_CAP_D1)
    }

    /// Returns whether there is the state D2.
    pub const fn d2(self) -> bool {
        self.has(bindings::PCI_PM_CAP_D2)
    }

    /// Returns whether the driver must initialize the device after a reset, before it is used.
    pub const fn device_specific_initialization(self) -> bool {
        self.has(bindings::PCI_PM_CAP_DSI)
    }

    /// Returns the states that can signal PME.
    pub const fn pme(self) -> PmeSupport {
        PmeSupport {
            d0: self.has(bindings::PCI_PM_CAP_PME_D0),
            d1: self.has(bindings::PCI_PM_CAP_PME_D1),
            d2: self.has(bindings::PCI_PM_CAP_PME_D2),
            d3hot: self.has(bindings::PCI_PM_CAP_PME_D3hot),
            d3cold: self.has(bindings::PCI_PM_CAP_PME_D3cold),
        }
    }
}

/// The state of a function in power management, see `status` of a [`View`] of [`Pm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PmStatus(u16);

impl PmStatus {
    const fn has(self, bits: u32) -> bool {
        self.0 as u32 & bits != 0
    }

    /// Returns the number of the current state, 0 for D0 up to 3 for D3hot.
    pub const fn state(self) -> u8 {
        field(self.0 as u32, bindings::PCI_PM_CTRL_STATE_MASK) as u8
    }

    /// Returns whether the function keeps its state from D3hot to D0.
    pub const fn no_soft_reset(self) -> bool {
        self.has(bindings::PCI_PM_CTRL_NO_SOFT_RESET)
    }

    /// Returns whether the function may signal PME.
    pub const fn pme_enabled(self) -> bool {
        self.has(bindings::PCI_PM_CTRL_PME_ENABLE)
    }

    /// Returns whether the function has signaled, or would signal, PME.
    pub const fn pme_pending(self) -> bool {
        self.has(bindings::PCI_PM_CTRL_PME_STATUS)
    }
}

impl<C: ReadConfig> View<Pm, C> {
    /// Reads what the function can do.
    pub fn capabilities(&self) -> Result<PmCapabilities> {
        Ok(PmCapabilities(self.u16(bindings::PCI_PM_PMC)?))
    }

    /// Reads the state of the function.
    pub fn status(&self) -> Result<PmStatus> {
        Ok(PmStatus(self.u16(bindings::PCI_PM_CTRL)?))
    }
}

impl<C: ReadConfig> View<Msi, C> {
    fn has(&self, bits: u32) -> Result<bool> {
        Ok(u32::from(self.u16(bindings::PCI_MSI_FLAGS)?) & bits != 0)
    }

    fn count(&self, mask: u32) -> Result<u8> {
        match field(self.u16(bindings::PCI_MSI_FLAGS)?.into(), mask) {
            log2 @ 0..=5 => Ok(1 << log2),
            _ => Err(EIO),
        }
    }

    /// Returns how many vectors the function can use; a power of two up to 32.
    pub fn vectors(&self) -> Result<u8> {
        self.count(bindings::PCI_MSI_FLAGS_QMASK)
    }

    /// Returns how many vectors the function has been given; a power of two up to 32.
    pub fn vectors_enabled(&self) -> Result<u8> {
        self.count(bindings::PCI_MSI_FLAGS_QSIZE)
    }

    /// Returns whether MSI is enabled.
    pub fn enabled(&self) -> Result<bool> {
        self.has(bindings::PCI_MSI_FLAGS_ENABLE)
    }

    /// Returns whether the function can send messages to 64-bit addresses.
    pub fn address64(&self) -> Result<bool> {
        self.has(bindings::PCI_MSI_FLAGS_64BIT)
    }

    /// Returns whether the vectors can be masked one by one.
    pub fn maskable(&self) -> Result<bool> {
        self.has(bindings::PCI_MSI_FLAGS_MASKBIT)
    }
}

/// A place in a BAR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarOffset {
    /// The number of the BAR, from 0 to 5.
    pub bar: u8,
    /// The offset in bytes, a multiple of 8. It may be outside of the BAR: check it.
    pub offset: u32,
}

impl<C: ReadConfig> View<MsiX, C> {
    fn has(&self, bits: u32) -> Result<bool> {
        Ok(u32::from(self.u16(bindings::PCI_MSIX_FLAGS)?) & bits != 0)
    }

    fn bar_offset(&self, reg: u32) -> Result<BarOffset> {
        let value = self.u32(reg)?;
        let bar = field(value, bindings::PCI_MSIX_TABLE_BIR) as u8;

        if u32::from(bar) >= bindings::PCI_STD_NUM_BARS {
            return Err(EIO);
        }

        Ok(BarOffset {
            bar,
            offset: value & bindings::PCI_MSIX_TABLE_OFFSET,
        })
    }

    /// Returns the number of vectors, from 1 to 2048.
    pub fn table_size(&self) -> Result<u16> {
        let flags = self.u16(bindings::PCI_MSIX_FLAGS)?.into();

        Ok(field(flags, bindings::PCI_MSIX_FLAGS_QSIZE) as u16 + 1)
    }

    /// Returns whether MSI-X is enabled.
    pub fn enabled(&self) -> Result<bool> {
        self.has(bindings::PCI_MSIX_FLAGS_ENABLE)
    }

    /// Returns whether all vectors are masked.
    pub fn masked(&self) -> Result<bool> {
        self.has(bindings::PCI_MSIX_FLAGS_MASKALL)
    }

    /// Returns where the table of vectors is, with 16 bytes for each.
    pub fn table(&self) -> Result<BarOffset> {
        self.bar_offset(bindings::PCI_MSIX_TABLE)
    }

    /// Returns where the pending bits are, with one bit for each vector.
    pub fn pending_bits(&self) -> Result<BarOffset> {
        self.bar_offset(bindings::PCI_MSIX_PBA)
    }
}

macro_rules! impl_data {
    ($($(#[$doc:meta])* $kind:ident, $header:literal, $bound:ident;)*) => {
        $(
            impl<C: $bound> View<$kind, C> {
                fn data(&self, offset: usize, size: usize) -> Result<u32> {
                    let end = offset.checked_add(size).ok_or(EINVAL)?;

                    if offset < $header || end > self.length()?.into() {
                        return Err(EINVAL);
                    }

                    Ok(offset.try_into()?)
                }

                /// Reads 8 bits at `offset` bytes from the beginning of the capability.
                ///
                /// [`EINVAL`] if this is in the header or behind the end.
                pub fn read8(&self, offset: usize) -> Result<u8> {
                    self.u8(self.data(offset, 1)?)
                }

                /// Reads 16 bits at `offset` bytes from the beginning of the capability.
                ///
                /// [`EINVAL`] if this is in the header or behind the end, or misaligned.
                pub fn read16(&self, offset: usize) -> Result<u16> {
                    self.u16(self.data(offset, 2)?)
                }

                /// Reads 32 bits at `offset` bytes from the beginning of the capability.
                ///
                /// [`EINVAL`] if this is in the header or behind the end, or misaligned.
                pub fn read32(&self, offset: usize) -> Result<u32> {
                    self.u32(self.data(offset, 4)?)
                }
            }
        )*
    };
}

impl_data! {
    VendorSpecific, 3, ReadConfig;
    Vsec, 8, ReadExtendedConfig;
    Dvsec, 10, ReadExtendedConfig;
}

impl<C: ReadConfig> View<VendorSpecific, C> {
    /// Returns the length in bytes, with the three bytes of the header.
    pub fn length(&self) -> Result<u8> {
        let length = self.u8(bindings::PCI_CAP_FLAGS)?;

        if usize::from(length) < VendorSpecific::SIZE
            || self.offset + usize::from(length) > self.end
        {
            return Err(EIO);
        }

        Ok(length)
    }
}

impl<C: ReadExtendedConfig> View<Vsec, C> {
    fn header(&self) -> Result<u32> {
        self.u32(bindings::PCI_VNDR_HEADER)
    }

    /// Returns the id, which means something together with the vendor id of the device.
    pub fn vendor_id(&self) -> Result<u16> {
        Ok(self.header()? as u16)
    }

    /// Returns the revision, from 0 to 15.
    pub fn revision(&self) -> Result<u8> {
        Ok(field(self.header()?, 0x000f_0000) as u8)
    }

    /// Returns the length in bytes, with the eight bytes of the headers.
    pub fn length(&self) -> Result<u16> {
        let length = field(self.header()?, 0xfff0_0000) as u16;

        if usize::from(length) < Vsec::SIZE || self.offset + usize::from(length) > self.end {
            return Err(EIO);
        }

        Ok(length)
    }
}

impl<C: ReadExtendedConfig> View<Dvsec, C> {
    fn header(&self) -> Result<u32> {
        self.u32(bindings::PCI_DVSEC_HEADER1)
    }

    /// Returns the id of the vendor that has defined this capability.
    pub fn vendor(&self) -> Result<super::Vendor> {
        Ok(super::Vendor::from_raw(self.header()? as u16))
    }

    /// Returns the id, which means something together with [`Self::vendor`].
    pub fn id(&self) -> Result<u16> {
        self.u16(bindings::PCI_DVSEC_HEADER2)
    }

    /// Returns the revision, from 0 to 15.
    pub fn revision(&self) -> Result<u8> {
        Ok(field(self.header()?, 0x000f_0000) as u8)
    }

    /// Returns the length in bytes, with the ten bytes of the headers.
    pub fn length(&self) -> Result<u16> {
        let length = field(self.header()?, 0xfff0_0000) as u16;

        if usize::from(length) < Dvsec::SIZE || self.offset + usize::from(length) > self.end {
            return Err(EIO);
        }

        Ok(length)
    }
}

macro_rules! error_set {
    (
        $(#[$set_doc:meta])* $set:ident, $error:ident:
        $($(#[$doc:meta])* $name:ident = $value:ident;)*
    ) => {
        #[doc = concat!("An error of a [`", stringify!($set), "`].")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $error {
            $($(#[$doc])* $name,)*
        }

        impl $error {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the bit in the registers.
            pub const fn bit(self) -> u32 {
                match self {
                    $(Self::$name => bindings::$value,)*
                }
            }
        }

        $(#[$set_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $set(u32);

        impl $set {
            /// Returns the bits of the register, which may include ones without a name.
            pub const fn bits(self) -> u32 {
                self.0
            }

            /// Returns whether there is no bit at all.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Returns whether `error` is among them.
            pub const fn contains(self, error: $error) -> bool {
                self.0 & error.bit() != 0
            }

            /// Iterates over the errors with a name.
            pub fn iter(self) -> impl Iterator<Item = $error> {
                $error::ALL.iter().copied().filter(move |error| self.contains(*error))
            }
        }
    };
}

error_set! {
    /// A set of uncorrectable errors, as in the registers of [`Aer`].
    UncorrectableErrors, UncorrectableError:

    /// An error of the data link protocol.
    DataLinkProtocol = PCI_ERR_UNC_DLP;
    /// The link went down unexpectedly.
    SurpriseDown = PCI_ERR_UNC_SURPDN;
    /// A packet was marked as poisoned.
    PoisonedTlp = PCI_ERR_UNC_POISON_TLP;
    /// An error of the flow control protocol.
    FlowControlProtocol = PCI_ERR_UNC_FCP;
    /// A request was not completed in time.
    CompletionTimeout = PCI_ERR_UNC_COMP_TIME;
    /// The function completed a request with an abort.
    CompleterAbort = PCI_ERR_UNC_COMP_ABORT;
    /// A completion without a request.
    UnexpectedCompletion = PCI_ERR_UNC_UNX_COMP;
    /// More was received than there were credits.
    ReceiverOverflow = PCI_ERR_UNC_RX_OVER;
    /// A malformed packet.
    MalformedTlp = PCI_ERR_UNC_MALF_TLP;
    /// The end-to-end checksum is wrong.
    Ecrc = PCI_ERR_UNC_ECRC;
    /// A request that the function does not support.
    UnsupportedRequest = PCI_ERR_UNC_UNSUP;
    /// A violation of access control services.
    AcsViolation = PCI_ERR_UNC_ACSV;
    /// An internal error of the device.
    Internal = PCI_ERR_UNC_INTN;
    /// A blocked multicast packet.
    MulticastBlocked = PCI_ERR_UNC_MCBTLP;
    /// A blocked atomic operation.
    AtomicEgressBlocked = PCI_ERR_UNC_ATOMEG;
    /// A blocked prefix.
    PrefixBlocked = PCI_ERR_UNC_TLPPRE;
    /// A poisoned packet was blocked.
    PoisonedEgressBlocked = PCI_ERR_UNC_POISON_BLK;
}

error_set! {
    /// A set of correctable errors, as in the registers of [`Aer`].
    CorrectableErrors, CorrectableError:

    /// An error of the physical layer.
    Receiver = PCI_ERR_COR_RCVR;
    /// A bad packet of the transaction layer.
    BadTlp = PCI_ERR_COR_BAD_TLP;
    /// A bad packet of the data link layer.
    BadDllp = PCI_ERR_COR_BAD_DLLP;
    /// A packet was replayed so often that the count wrapped.
    ReplayRollover = PCI_ERR_COR_REP_ROLL;
    /// A packet was not acknowledged in time.
    ReplayTimeout = PCI_ERR_COR_REP_TIMER;
    /// A non-fatal error that is handled by somebody else.
    AdvisoryNonFatal = PCI_ERR_COR_ADV_NFAT;
    /// An internal error of the device that it has corrected.
    CorrectedInternal = PCI_ERR_COR_INTERNAL;
    /// The log of headers has overflown.
    HeaderLogOverflow = PCI_ERR_COR_LOG_OVER;
}

/// The capabilities and control register of [`Aer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AerControl(u32);

impl AerControl {
    const fn has(self, bits: u32) -> bool {
        self.0 & bits != 0
    }

    /// Returns the bit in [`UncorrectableErrors::bits`] of the first error, which is the one that
    /// `header_log` of a [`View`] of [`Aer`] is about. It means nothing if that bit is not set.
    pub const fn first_error(self) -> u32 {
        1 << (self.0 & 0x1f)
    }

    /// Returns whether the function can generate end-to-end checksums.
    pub const fn ecrc_generation_capable(self) -> bool {
        self.has(bindings::PCI_ERR_CAP_ECRC_GENC)
    }

    /// Returns whether the function generates end-to-end checksums.
    pub const fn ecrc_generation_enabled(self) -> bool {
        self.has(bindings::PCI_ERR_CAP_ECRC_GENE)
    }

    /// Returns whether the function can check end-to-end checksums.
    pub const fn ecrc_check_capable(self) -> bool {
        self.has(bindings::PCI_ERR_CAP_ECRC_CHKC)
    }

    /// Returns whether the function checks end-to-end checksums.
    pub const fn ecrc_check_enabled(self) -> bool {
        self.has(bindings::PCI_ERR_CAP_ECRC_CHKE)
    }
}

impl<C: ReadExtendedConfig> View<Aer, C> {
    /// Returns the uncorrectable errors that have happened.
    pub fn uncorrectable_status(&self) -> Result<UncorrectableErrors> {
        Ok(UncorrectableErrors(
            self.u32(bindings::PCI_ERR_UNCOR_STATUS)?,
        ))
    }

    /// Returns the uncorrectable errors that are not reported.
    pub fn uncorrectable_mask(&self) -> Result<UncorrectableErrors> {
        Ok(UncorrectableErrors(self.u32(bindings::PCI_ERR_UNCOR_MASK)?))
    }

    /// Returns the uncorrectable errors that are fatal.
    pub fn uncorrectable_severity(&self) -> Result<UncorrectableErrors> {
        Ok(UncorrectableErrors(
            self.u32(bindings::PCI_ERR_UNCOR_SEVER)?,
        ))
    }

    /// Returns the correctable errors that have happened.
    pub fn correctable_status(&self) -> Result<CorrectableErrors> {
        Ok(CorrectableErrors(self.u32(bindings::PCI_ERR_COR_STATUS)?))
    }

    /// Returns the correctable errors that are not reported.
    pub fn correctable_mask(&self) -> Result<CorrectableErrors> {
        Ok(CorrectableErrors(self.u32(bindings::PCI_ERR_COR_MASK)?))
    }

    /// Returns the capabilities and control register.
    pub fn control(&self) -> Result<AerControl> {
        Ok(AerControl(self.u32(bindings::PCI_ERR_CAP)?))
    }

    /// Returns the header of the packet that caused the first uncorrectable error.
    pub fn header_log(&self) -> Result<[u32; 4]> {
        let mut log = [0; 4];

        for (i, word) in (0..).zip(&mut log) {
            *word = self.u32(bindings::PCI_ERR_HEADER_LOG + 4 * i)?;
        }

        Ok(log)
    }
}

impl<C: ReadExtendedConfig> View<SrIov, C> {
    fn has(&self, bits: u32) -> Result<bool> {
        Ok(u32::from(self.u16(bindings::PCI_SRIOV_CTRL)?) & bits != 0)
    }

    /// Returns whether the virtual functions are enabled.
    pub fn enabled(&self) -> Result<bool> {
        self.has(bindings::PCI_SRIOV_CTRL_VFE)
    }

    /// Returns whether the memory BARs of the virtual functions are enabled.
    pub fn memory_enabled(&self) -> Result<bool> {
        self.has(bindings::PCI_SRIOV_CTRL_MSE)
    }

    /// Returns whether virtual functions may have function numbers above 7.
    pub fn ari(&self) -> Result<bool> {
        self.has(bindings::PCI_SRIOV_CTRL_ARI)
    }

    /// Returns how many virtual functions the device begins with.
    pub fn initial_vfs(&self) -> Result<u16> {
        self.u16(bindings::PCI_SRIOV_INITIAL_VF)
    }

    /// Returns how many virtual functions there can be.
    pub fn total_vfs(&self) -> Result<u16> {
        self.u16(bindings::PCI_SRIOV_TOTAL_VF)
    }

    /// Returns how many virtual functions have been asked for.
    pub fn num_vfs(&self) -> Result<u16> {
        self.u16(bindings::PCI_SRIOV_NUM_VF)
    }

    /// Returns the difference between the ids ([`Device::dev_id`]) of the first virtual function
    /// and of the physical function. It depends on [`Self::num_vfs`] and [`Self::ari`].
    pub fn first_vf_offset(&self) -> Result<u16> {
        self.u16(bindings::PCI_SRIOV_VF_OFFSET)
    }

    /// Returns the difference between the ids of two virtual functions in a row.
    pub fn vf_stride(&self) -> Result<u16> {
        self.u16(bindings::PCI_SRIOV_VF_STRIDE)
    }

    /// Returns the device id of the virtual functions.
    pub fn vf_device_id(&self) -> Result<u16> {
        self.u16(bindings::PCI_SRIOV_VF_DID)
    }

    /// Returns the page sizes to which the BARs of the virtual functions can be aligned: bit `n`
    /// is for `2^(n + 12)` bytes.
    pub fn supported_page_sizes(&self) -> Result<u32> {
        self.u32(bindings::PCI_SRIOV_SUP_PGSIZE)
    }
}

impl<C: ReadExtendedConfig> View<Dsn, C> {
    /// Returns the serial number, an EUI-64.
    pub fn serial_number(&self) -> Result<u64> {
        let low = self.u32(4)?;
        let high = self.u32(8)?;

        Ok(u64::from(high) << 32 | u64::from(low))
    }
}

impl<C: ReadExtendedConfig> View<Ats, C> {
    /// Returns how many invalidations can be in flight, from 1 to 32.
    pub fn queue_depth(&self) -> Result<u8> {
        match self.u16(bindings::PCI_ATS_CAP)? & 0x1f {
            0 => Ok(bindings::PCI_ATS_MAX_QDEP as u8),
            depth => Ok(depth as u8),
        }
    }

    /// Returns whether untranslated addresses are always aligned to pages of 4 KiB.
    pub fn page_aligned(&self) -> Result<bool> {
        Ok(u32::from(self.u16(bindings::PCI_ATS_CAP)?) & bindings::PCI_ATS_CAP_PAGE_ALIGNED != 0)
    }

    /// Returns whether the function may ask for translations.
    pub fn enabled(&self) -> Result<bool> {
        Ok(u32::from(self.u16(bindings::PCI_ATS_CTRL)?) & bindings::PCI_ATS_CTRL_ENABLE != 0)
    }

    /// Returns the logarithm to base 2 of the smallest unit of translation in bytes, 12 or more.
    pub fn smallest_translation_unit(&self) -> Result<u8> {
        let stu = self.u16(bindings::PCI_ATS_CTRL)? & 0x1f;

        Ok(bindings::PCI_ATS_MIN_STU as u8 + stu as u8)
    }
}

/// A BAR whose size can be changed, see `bar` of a [`View`] of [`ReBar`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResizableBar {
    /// The number of the BAR, from 0 to 5.
    pub bar: u8,
    sizes: u64,
    current: u8,
}

impl ResizableBar {
    /// Returns the possible sizes: bit `n` is for `2^n` MiB.
    pub const fn sizes(self) -> u64 {
        self.sizes
    }

    /// Returns whether the BAR can have `bytes` bytes.
    pub const fn supports(self, bytes: u64) -> bool {
        bytes.is_power_of_two()
            && bytes >= 1 << 20
            && self.sizes & 1 << (bytes.trailing_zeros() - 20) != 0
    }

    /// Returns the current size in bytes.
    pub const fn current(self) -> u64 {
        1 << (self.current as u32 + 20)
    }
}

impl<C: ReadExtendedConfig> View<ReBar, C> {
    /// Returns how many BARs can be resized, from 1 to 6.
    pub fn count(&self) -> Result<u8> {
        let control = self.u32(bindings::PCI_REBAR_CTRL)?;

        match field(control, bindings::PCI_REBAR_CTRL_NBAR_MASK) {
            count @ 1..=bindings::PCI_STD_NUM_BARS => Ok(count as u8),
            _ => Err(EIO),
        }
    }

    /// Returns the `index`-th of them; [`EINVAL`] if there are not so many.
    pub fn bar(&self, index: u8) -> Result<ResizableBar> {
        // Bits 8 to 13 in PCIe 4.0; the mask of C is from before.
        const SIZE: u32 = 0x3f00;

        if index >= self.count()? {
            return Err(EINVAL);
        }

        let entry = 8 * u32::from(index);
        let cap = self.u32(bindings::PCI_REBAR_CAP + entry)?;
        let control = self.u32(bindings::PCI_REBAR_CTRL + entry)?;
        let bar = field(control, bindings::PCI_REBAR_CTRL_BAR_IDX);
        let current = field(control, SIZE);

        // 2^43 MiB is what fits into 64 bits, and all that is defined.
        if bar >= bindings::PCI_STD_NUM_BARS || current > 43 {
            return Err(EIO);
        }

        Ok(ResizableBar {
            bar: bar as u8,
            sizes: u64::from(cap >> 4) | u64::from(control >> 16) << 28,
            current: current as u8,
        })
    }
}

/// Converts a latency with a scale, of which each step is a factor of 32, to nanoseconds.
fn latency_ns(value: u32, scale: u32) -> Result<u64> {
    match scale {
        0..=5 => Ok(u64::from(value) << (5 * scale)),
        _ => Err(EIO),
    }
}

impl<C: ReadExtendedConfig> View<Ltr, C> {
    fn latency(&self, reg: u32) -> Result<u64> {
        let value = self.u16(reg)?.into();

        latency_ns(
            field(value, bindings::PCI_LTR_VALUE_MASK),
            field(value, bindings::PCI_LTR_SCALE_MASK),
        )
    }

    /// Returns the longest latency in nanoseconds that the function may ask for, for accesses that
    /// snoop caches.
    pub fn max_snoop_ns(&self) -> Result<u64> {
        self.latency(bindings::PCI_LTR_MAX_SNOOP_LAT)
    }

    /// Returns the longest latency in nanoseconds that the function may ask for, for accesses that
    /// don't snoop caches.
    pub fn max_no_snoop_ns(&self) -> Result<u64> {
        self.latency(bindings::PCI_LTR_MAX_NOSNOOP_LAT)
    }
}

/// Substates of the link state L1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L1Substates(u32);

impl L1Substates {
    const fn has(self, bits: u32) -> bool {
        self.0 & bits != 0
    }

    /// Returns whether they include L1.1 under active state power management.
    pub const fn aspm_l1_1(self) -> bool {
        self.has(bindings::PCI_L1SS_CAP_ASPM_L1_1)
    }

    /// Returns whether they include L1.2 under active state power management.
    pub const fn aspm_l1_2(self) -> bool {
        self.has(bindings::PCI_L1SS_CAP_ASPM_L1_2)
    }

    /// Returns whether they include L1.1 when the function is in D3hot.
    pub const fn pcipm_l1_1(self) -> bool {
        self.has(bindings::PCI_L1SS_CAP_PCIPM_L1_1)
    }

    /// Returns whether they include L1.2 when the function is in D3hot.
    pub const fn pcipm_l1_2(self) -> bool {
        self.has(bindings::PCI_L1SS_CAP_PCIPM_L1_2)
    }
}

impl<C: ReadExtendedConfig> View<L1ss, C> {
    /// Returns the substates that the port has.
    pub fn supported(&self) -> Result<L1Substates> {
        let cap = self.u32(bindings::PCI_L1SS_CAP)?;

        // The others mean something only if this is set.
        if cap & bindings::PCI_L1SS_CAP_L1_PM_SS == 0 {
            return Ok(L1Substates(0));
        }

        Ok(L1Substates(cap & bindings::PCI_L1SS_CTL1_L1SS_MASK))
    }

    /// Returns the substates that are enabled.
    pub fn enabled(&self) -> Result<L1Substates> {
        let control = self.u32(bindings::PCI_L1SS_CTL1)?;

        Ok(L1Substates(control & bindings::PCI_L1SS_CTL1_L1SS_MASK))
    }

    /// Returns the time in microseconds that the port needs to restore the common mode voltage.
    pub fn common_mode_restore_us(&self) -> Result<u8> {
        let cap = self.u32(bindings::PCI_L1SS_CAP)?;

        Ok(field(cap, bindings::PCI_L1SS_CAP_CM_RESTORE_TIME) as u8)
    }

    /// Returns the time in microseconds that the port needs to power on.
    pub fn power_on_us(&self) -> Result<u16> {
        let cap = self.u32(bindings::PCI_L1SS_CAP)?;
        let value = field(cap, bindings::PCI_L1SS_CAP_P_PWR_ON_VALUE) as u16;

        match field(cap, bindings::PCI_L1SS_CAP_P_PWR_ON_SCALE) {
            0 => Ok(value * 2),
            1 => Ok(value * 10),
            2 => Ok(value * 100),
            _ => Err(EIO),
        }
    }

    /// Returns the latency in nanoseconds, as reported by LTR, from which on L1.2 is entered.
    pub fn l1_2_threshold_ns(&self) -> Result<u64> {
        let control = self.u32(bindings::PCI_L1SS_CTL1)?;

        latency_ns(
            field(control, bindings::PCI_L1SS_CTL1_LTR_L12_TH_VALUE),
            field(control, bindings::PCI_L1SS_CTL1_LTR_L12_TH_SCALE),
        )
    }
}

impl Device<device::Bound> {
    /// Finds a standard capability.
    ///
    /// `None` if the device does not have it. For contexts and errors see the [module](self), for
    /// an example too. C function: `pci_find_capability()`.
    pub fn find_capability<K: StandardKind>(
        &self,
    ) -> Result<Option<View<K, ConfigSpace<'_, config::Normal>>>> {
        self.config_space().find_capability()
    }

    /// Finds an extended capability.
    ///
    /// `None` if the device does not have it, or no extended configuration space at all. For
    /// contexts and errors see the [module](self). C function: `pci_find_ext_capability()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{device::Bound, pci::{self, cap}, prelude::*};
    ///
    /// fn total_vfs(pdev: &pci::Device<Bound>) -> Result<u16> {
    ///     match pdev.find_ext_capability::<cap::SrIov>()? {
    ///         Some(sriov) => sriov.total_vfs(),
    ///         None => Ok(0),
    ///     }
    /// }
    /// ```
    pub fn find_ext_capability<K: ExtendedKind>(
        &self,
    ) -> Result<Option<View<K, ConfigSpace<'_, config::Extended>>>> {
        match self.config_space_extended() {
            Ok(config) => config.find_ext_capability(),
            Err(_) => Ok(None),
        }
    }

    /// Returns the serial number of the device, an EUI-64, if it has one.
    ///
    /// For contexts and errors see [`cap`](self). C function: `pci_get_dsn()`, which can't tell
    /// the number 0 from an error.
    pub fn serial_number(&self) -> Result<Option<u64>> {
        self.find_ext_capability::<Dsn>()?
            .map(|dsn| dsn.serial_number())
            .transpose()
    }
}

#[kunit_tests(rust_kernel_pci_cap)]
mod tests {
    use super::*;

    /// A configuration space to be filled in.
    struct Fake(KVec<u8>);

    impl Fake {
        fn new(size: usize) -> Result<Self> {
            Ok(Self(KVec::from_elem(0, size, GFP_KERNEL)?))
        }

        /// One with a list of standard capabilities that begins at `first`.
        fn with_list(first: u8) -> Result<Self> {
            let mut fake = Self::new(EXTENDED_END)?;

            fake.set(0x06, &[0x10]);
            fake.set(0x34, &[first]);
            Ok(fake)
        }

        fn set(&mut self, offset: usize, bytes: &[u8]) {
            self.0[offset..offset + bytes.len()].copy_from_slice(bytes);
        }

        fn set32(&mut self, offset: usize, value: u32) {
            self.set(offset, &value.to_le_bytes());
        }

        fn config(&self) -> ConfigBytes<'_> {
            ConfigBytes::new(&self.0)
        }

        /// The ids in the list of standard capabilities, and whether it is broken behind them.
        fn list(&self) -> Result<(KVec<u8>, bool)> {
            let mut ids = KVec::new();

            for capability in self.config().capabilities()? {
                match capability {
                    Ok(capability) => ids.push(capability.id(), GFP_KERNEL)?,
                    Err(err) if err == EIO => return Ok((ids, true)),
                    Err(err) => return Err(err),
                }
            }

            Ok((ids, false))
        }

        fn list_is(&self, ids: &[u8], broken: bool) -> Result<bool> {
            let (list, is_broken) = self.list()?;

            Ok(*list == *ids && is_broken == broken)
        }

        fn ext_list(&self) -> Result<(KVec<u16>, bool)> {
            let mut ids = KVec::new();

            for capability in self.config().ext_capabilities() {
                match capability {
                    Ok(capability) => ids.push(capability.id(), GFP_KERNEL)?,
                    Err(err) if err == EIO => return Ok((ids, true)),
                    Err(err) => return Err(err),
                }
            }

            Ok((ids, false))
        }

        fn ext_list_is(&self, ids: &[u16], broken: bool) -> Result<bool> {
            let (list, is_broken) = self.ext_list()?;

            Ok(*list == *ids && is_broken == broken)
        }

        fn ext<K: ExtendedKind>(&self) -> Result<View<K, ConfigBytes<'_>>> {
            self.config().find_ext_capability()?.ok_or(ENODEV)
        }
    }

    #[test]
    fn bytes_are_checked() -> Result {
        let fake = Fake::new(256)?;
        let config = fake.config();

        assert_eq!(config.read_u8(255)?, 0);
        assert_eq!(config.read_u16(254)?, 0);
        assert_eq!(config.read_u32(252)?, 0);
        assert_eq!(config.read_u8(256), Err(EINVAL));
        assert_eq!(config.read_u16(255), Err(EINVAL));
        assert_eq!(config.read_u32(254), Err(EINVAL));
        assert_eq!(config.read_u32(256), Err(EINVAL));
        assert_eq!(config.read_u32(usize::MAX - 3), Err(EINVAL));
        Ok(())
    }

    #[test]
    fn list_is_walked() -> Result {
        let mut fake = Fake::with_list(0x40)?;

        fake.set(0x40, &[0x01, 0x80]);
        fake.set(0x80, &[0x05, 0xfc]);
        fake.set(0xfc, &[0x09, 0]);
        assert!(fake.list_is(&[1, 5, 9], false)?);

        // The status register says that there is none.
        fake.set(0x06, &[0]);
        assert!(fake.list_is(&[], false)?);
        Ok(())
    }

    #[test]
    fn list_begins_where_the_header_says() -> Result {
        let mut fake = Fake::with_list(0x40)?;

        fake.set(0x40, &[0x01, 0]);
        fake.set(0x50, &[0x02, 0]);
        fake.set(0x14, &[0x50]);

        for (header, id) in [(0x00, 1), (0x80, 1), (0x01, 1), (0x81, 1), (0x02, 2)] {
            fake.set(0x0e, &[header]);
            assert!(fake.list_is(&[id], false)?);
        }

        // A type that does not exist.
        fake.set(0x0e, &[0x03]);
        assert!(fake.list_is(&[], false)?);
        Ok(())
    }

    #[test]
    fn reserved_bits_are_ignored() -> Result {
        let mut fake = Fake::with_list(0x43)?;

        fake.set(0x40, &[0x01, 0x51]);
        fake.set(0x50, &[0x05, 3]);
        assert!(fake.list_is(&[1, 5], false)?);

        fake.set32(0x100, 0x153 << 20 | 1 << 16 | 0x01);
        fake.set32(0x150, 0x003 << 20 | 1 << 16 | 0x03);
        assert!(fake.ext_list_is(&[1, 3], false)?);
        Ok(())
    }

    #[test]
    fn circles_end() -> Result {
        // One that points to itself, and one of two.
        let mut fake = Fake::with_list(0x40)?;
        fake.set(0x40, &[0x01, 0x40]);
        assert!(fake.list_is(&[1], true)?);

        fake.set(0x40, &[0x01, 0x60]);
        fake.set(0x60, &[0x05, 0x41]);
        assert!(fake.list_is(&[1, 5], true)?);

        // What comes before the circle is closed can be found, what does not exist is an error.
        let config = fake.config();
        assert!(config.find_capability::<Msi>()?.is_some());
        assert_eq!(config.find_capability::<MsiX>().err(), Some(EIO));
        Ok(())
    }

    #[test]
    fn every_list_ends() -> Result {
        // As long as it can be: all of the 48 words.
        let mut fake = Fake::with_list(0x40)?;
        for offset in (0x40..0xfc).step_by(4) {
            fake.set(offset, &[0x09, offset as u8 + 4]);
        }
        fake.set(0xfc, &[0x09, 0]);
        let (ids, broken) = fake.list()?;
        assert_eq!((ids.len(), broken), (48, false));
        Ok(())
    }

    #[test]
    fn pointers_into_the_header_are_refused() -> Result {
        for first in [0x04, 0x07, 0x34, 0x3f] {
            let fake = Fake::with_list(first)?;
            assert!(fake.list_is(&[], true)?);
        }

        let mut fake = Fake::with_list(0x40)?;
        fake.set(0x40, &[0x01, 0x3c]);
        assert!(fake.list_is(&[1], true)?);
        Ok(())
    }

    #[test]
    fn nothing_there_is_refused() -> Result {
        let mut fake = Fake::with_list(0x40)?;
        fake.set(0x40, &[0x01, 0x50]);
        fake.set(0x50, &[0xff, 0xff]);
        assert!(fake.list_is(&[1], true)?);

        // All ones everywhere, like a device that has gone.
        let mut fake = Fake::new(EXTENDED_END)?;
        fake.0.fill(0xff);
        assert!(fake.list_is(&[], false)?);
        assert!(fake.ext_list_is(&[], false)?);
        Ok(())
    }

    #[test]
    fn capabilities_must_fit() -> Result {
        let mut fake = Fake::with_list(0xfc)?;

        // MSI-X has 12 bytes, and must not go on in the extended space.
        fake.set(0xfc, &[0x11, 0]);
        assert_eq!(fake.config().find_capability::<MsiX>().err(), Some(EIO));
        assert!(fake.config().find_capability::<Msi>()?.is_none());

        fake.set32(0x100, 0xffc << 20 | 1 << 16 | 0x0b);
        fake.set32(0xffc, 1 << 16 | 0x03);
        assert_eq!(fake.config().find_ext_capability::<Dsn>().err(), Some(EIO));
        Ok(())
    }

    #[test]
    fn extended_list_is_walked() -> Result {
        let mut fake = Fake::new(EXTENDED_END)?;

        // Empty.
        assert!(fake.ext_list_is(&[], false)?);

        fake.set32(0x100, 0x150 << 20 | 2 << 16 | 0x01);
        fake.set32(0x150, 0xffc << 20 | 1 << 16 | 0x03);
        fake.set32(0xffc, 0xf << 16 | 0xbeef);
        assert!(fake.ext_list_is(&[1, 3, 0xbeef], false)?);

        let last = fake.config().ext_capabilities().last().ok_or(ENOENT)??;
        assert_eq!((last.version(), last.offset()), (0xf, 0xffc));

        // There are no more than 256 bytes.
        let config = ConfigBytes::new(&fake.0[..256]);
        assert!(config.ext_capabilities().next().is_none());
        Ok(())
    }

    #[test]
    fn extended_list_ends() -> Result {
        let mut fake = Fake::new(EXTENDED_END)?;

        // To itself, to one before, into the standard part, to nothing.
        for (next, ids) in [(0x150, 2), (0x100, 2), (0x0fc, 2), (0x004, 2)] {
            fake.set32(0x100, 0x150 << 20 | 1 << 16 | 0x01);
            fake.set32(0x150, next << 20 | 1 << 16 | 0x03);
            let (list, broken) = fake.ext_list()?;
            assert_eq!((list.len(), broken), (ids, true));
        }

        fake.set32(0x150, u32::MAX);
        let (list, broken) = fake.ext_list()?;
        assert_eq!((list.len(), broken), (1, true));

        // As long as it can be.
        for offset in (0x100u32..0xffc).step_by(4) {
            fake.set32(offset as usize, (offset + 4) << 20 | 1 << 16 | 0x0b);
        }
        fake.set32(0xffc, 1 << 16 | 0x0b);
        let (list, broken) = fake.ext_list()?;
        assert_eq!((list.len(), broken), ((0x1000 - 0x100) / 4, false));
        Ok(())
    }

    #[test]
    fn pm() -> Result {
        let mut fake = Fake::with_list(0x40)?;

        // What QEMU's igb has.
        fake.set(0x40, &[0x01, 0, 0x23, 0xc8, 0x08, 0x81]);
        let pm = fake.config().find_capability::<Pm>()?.ok_or(ENODEV)?;
        let capabilities = pm.capabilities()?;

        assert_eq!(capabilities.version(), 3);
        assert!(!capabilities.d1() && !capabilities.d2());
        assert!(capabilities.device_specific_initialization());
        assert_eq!(
            capabilities.pme(),
            PmeSupport {
                d0: true,
                d1: false,
                d2: false,
                d3hot: true,
                d3cold: true,
            }
        );
        let status = pm.status()?;
        assert_eq!(status.state(), 0);
        assert!(status.no_soft_reset() && status.pme_enabled() && status.pme_pending());
        Ok(())
    }

    #[test]
    fn msi() -> Result {
        let mut fake = Fake::with_list(0x50)?;

        fake.set(0x50, &[0x05, 0, 0x8b, 0x01]);
        let msi = fake.config().find_capability::<Msi>()?.ok_or(ENODEV)?;
        assert_eq!(msi.offset(), 0x50);
        assert_eq!((msi.vectors()?, msi.vectors_enabled()?), (32, 1));
        assert!(msi.enabled()? && msi.address64()? && msi.maskable()?);

        // 64 vectors can't be.
        fake.set(0x52, &[0x0c]);
        let msi = fake.config().find_capability::<Msi>()?.ok_or(ENODEV)?;
        assert_eq!(msi.vectors(), Err(EIO));
        Ok(())
    }

    #[test]
    fn msix() -> Result {
        let mut fake = Fake::with_list(0x70)?;

        fake.set(0x70, &[0x11, 0, 0x09, 0x80]);
        fake.set32(0x74, 0x0000_0003);
        fake.set32(0x78, 0x0000_2003);
        let msix = fake.config().find_capability::<MsiX>()?.ok_or(ENODEV)?;
        assert_eq!(msix.table_size()?, 10);
        assert!(msix.enabled()? && !msix.masked()?);
        assert_eq!(msix.table()?, BarOffset { bar: 3, offset: 0 });
        assert_eq!(
            msix.pending_bits()?,
            BarOffset {
                bar: 3,
                offset: 0x2000
            }
        );

        fake.set(0x72, &[0xff, 0x47]);
        fake.set32(0x74, 0x0000_0006);
        let msix = fake.config().find_capability::<MsiX>()?.ok_or(ENODEV)?;
        assert_eq!(msix.table_size()?, 2048);
        assert!(!msix.enabled()? && msix.masked()?);
        assert_eq!(msix.table(), Err(EIO));
        Ok(())
    }

    #[test]
    fn vendor_specific() -> Result {
        let mut fake = Fake::with_list(0x80)?;

        fake.set(0x80, &[0x09, 0x90, 8, 1, 0x44, 0x33, 0x22, 0x11]);
        fake.set(0x90, &[0x09, 0, 2]);
        let vendor = fake
            .config()
            .find_capability::<VendorSpecific>()?
            .ok_or(ENODEV)?;
        assert_eq!(vendor.length()?, 8);
        assert_eq!(vendor.read8(3)?, 1);
        assert_eq!(vendor.read16(4)?, 0x3344);
        assert_eq!(vendor.read32(4)?, 0x1122_3344);
        assert_eq!(vendor.read8(2), Err(EINVAL));
        assert_eq!(vendor.read16(7), Err(EINVAL));
        assert_eq!(vendor.read8(8), Err(EINVAL));
        assert_eq!(vendor.read8(usize::MAX), Err(EINVAL));

        // Shorter than its header, and longer than the space.
        let second = fake.config().capabilities()?.nth(1).ok_or(ENOENT)??;
        let vendor = second
            .view::<VendorSpecific, _>(fake.config())?
            .ok_or(ENODEV)?;
        assert_eq!(vendor.length(), Err(EIO));
        assert_eq!(vendor.read8(3), Err(EIO));
        fake.set(0x92, &[0x71]);
        let vendor = second
            .view::<VendorSpecific, _>(fake.config())?
            .ok_or(ENODEV)?;
        assert_eq!(vendor.length(), Err(EIO));
        Ok(())
    }

    #[test]
    fn vsec_and_dvsec() -> Result {
        let mut fake = Fake::new(EXTENDED_END)?;

        fake.set32(0x100, 0x120 << 20 | 1 << 16 | 0x0b);
        fake.set32(0x104, 0x010 << 20 | 2 << 16 | 0x1234);
        fake.set32(0x10c, 0xdead_beef);
        fake.set32(0x120, 1 << 16 | 0x23);
        fake.set32(0x124, 0xfff << 20 | 3 << 16 | 0x1e98);
        fake.set32(0x128, 7);

        let vsec = fake.ext::<Vsec>()?;
        assert_eq!((vsec.vendor_id()?, vsec.revision()?), (0x1234, 2));
        assert_eq!(vsec.read32(0xc)?, 0xdead_beef);
        assert_eq!(vsec.read32(0x10), Err(EINVAL));

        let dvsec = fake.ext::<Dvsec>()?;
        assert_eq!(dvsec.vendor()?, super::super::Vendor::CXL);
        assert_eq!((dvsec.id()?, dvsec.revision()?), (7, 3));
        assert_eq!(dvsec.length(), Err(EIO));
        assert_eq!(dvsec.read8(12), Err(EIO));
        Ok(())
    }

    #[test]
    fn aer() -> Result {
        let mut fake = Fake::new(EXTENDED_END)?;

        fake.set32(0x100, 2 << 16 | 0x01);
        fake.set32(0x104, 1 << 18 | 1 << 20 | 1);
        fake.set32(0x10c, 1 << 18);
        fake.set32(0x110, 1 << 6);
        fake.set32(0x114, 1 << 13);
        fake.set32(0x118, 18 | 1 << 5 | 1 << 8);
        fake.set32(0x11c, 0x1111_1111);
        fake.set32(0x128, 0x4444_4444);

        let aer = fake.ext::<Aer>()?;
        let status = aer.uncorrectable_status()?;
        assert_eq!(status.bits(), 0x0014_0001);
        assert!(status.contains(UncorrectableError::MalformedTlp));
        assert!(!status.contains(UncorrectableError::Ecrc));
        assert!(status.iter().eq([
            UncorrectableError::MalformedTlp,
            UncorrectableError::UnsupportedRequest
        ]));
        assert!(aer.uncorrectable_mask()?.is_empty());
        assert!(aer
            .uncorrectable_severity()?
            .contains(UncorrectableError::MalformedTlp));
        assert!(aer
            .correctable_status()?
            .iter()
            .eq([CorrectableError::BadTlp]));
        assert!(aer
            .correctable_mask()?
            .contains(CorrectableError::AdvisoryNonFatal));
        let control = aer.control()?;
        assert_eq!(
            control.first_error(),
            UncorrectableError::MalformedTlp.bit()
        );
        assert!(control.ecrc_generation_capable() && !control.ecrc_generation_enabled());
        assert!(!control.ecrc_check_capable() && control.ecrc_check_enabled());
        assert_eq!(aer.header_log()?, [0x1111_1111, 0, 0, 0x4444_4444]);
        Ok(())
    }

    #[test]
    fn sriov() -> Result {
        let mut fake = Fake::new(EXTENDED_END)?;

        fake.set32(0x100, 1 << 16 | 0x10);
        fake.set32(0x108, 0x19);
        fake.set32(0x10c, 7 << 16 | 6);
        fake.set32(0x110, 5);
        fake.set32(0x114, 2 << 16 | 0x80);
        fake.set32(0x118, 0x10ca << 16);
        fake.set32(0x11c, 0x553);

        let sriov = fake.ext::<SrIov>()?;
        assert!(sriov.enabled()? && sriov.memory_enabled()? && sriov.ari()?);
        assert_eq!((sriov.initial_vfs()?, sriov.total_vfs()?), (6, 7));
        assert_eq!(sriov.num_vfs()?, 5);
        assert_eq!((sriov.first_vf_offset()?, sriov.vf_stride()?), (0x80, 2));
        assert_eq!(sriov.vf_device_id()?, 0x10ca);
        assert_eq!(sriov.supported_page_sizes()?, 0x553);
        Ok(())
    }

    #[test]
    fn dsn_and_ats() -> Result {
        let mut fake = Fake::new(EXTENDED_END)?;

        fake.set32(0x100, 0x110 << 20 | 1 << 16 | 0x03);
        fake.set32(0x104, 0x89ab_cdef);
        fake.set32(0x108, 0x0123_4567);
        fake.set32(0x110, 1 << 16 | 0x0f);
        fake.set32(0x114, 0x8001_0020);

        assert_eq!(fake.ext::<Dsn>()?.serial_number()?, 0x0123_4567_89ab_cdef);
        let ats = fake.ext::<Ats>()?;
        assert_eq!(ats.queue_depth()?, 32);
        assert_eq!(ats.smallest_translation_unit()?, 13);
        assert!(ats.page_aligned()? && ats.enabled()?);
        Ok(())
    }

    #[test]
    fn rebar() -> Result {
        let mut fake = Fake::new(EXTENDED_END)?;

        // BAR 0 with 256 MiB to 16 GiB, now 256 MiB; BAR 2 with 8 EiB, now 1 MiB.
        fake.set32(0x100, 1 << 16 | 0x15);
        fake.set32(0x104, 0x7f << 12);
        fake.set32(0x108, 8 << 8 | 2 << 5);
        fake.set32(0x10c, 1 << 4);
        fake.set32(0x110, 1 << 31 | 2);

        let rebar = fake.ext::<ReBar>()?;
        assert_eq!(rebar.count()?, 2);
        let bar = rebar.bar(0)?;
        assert_eq!((bar.bar, bar.current()), (0, 256 << 20));
        assert_eq!(bar.sizes(), 0x7f00);
        assert!(bar.supports(256 << 20) && bar.supports(16 << 30));
        assert!(!bar.supports(128 << 20) && !bar.supports(32 << 30));
        assert!(!bar.supports(0) && !bar.supports(1) && !bar.supports(3 << 28));
        let bar = rebar.bar(1)?;
        assert_eq!((bar.bar, bar.current()), (2, 1 << 20));
        assert!(bar.supports(1 << 20) && bar.supports(1 << 63));
        assert_eq!(rebar.bar(2), Err(EINVAL));

        // A BAR that does not exist, and a size that does not fit.
        fake.set32(0x108, 1 << 5 | 6);
        assert_eq!(fake.ext::<ReBar>()?.bar(0), Err(EIO));
        fake.set32(0x108, 1 << 5 | 44 << 8);
        assert_eq!(fake.ext::<ReBar>()?.bar(0), Err(EIO));
        fake.set32(0x108, 0);
        assert_eq!(fake.ext::<ReBar>()?.bar(0), Err(EIO));

        // The second one is behind the end of the space.
        fake.set32(0x100, 0xff4 << 20 | 1 << 16 | 0x0b);
        fake.set32(0xff4, 1 << 16 | 0x15);
        fake.set32(0xffc, 2 << 5);
        assert!(fake.ext::<ReBar>()?.bar(0).is_ok());
        assert_eq!(fake.ext::<ReBar>()?.bar(1), Err(EIO));
        Ok(())
    }

    #[test]
    fn latencies() -> Result {
        let mut fake = Fake::new(EXTENDED_END)?;

        fake.set32(0x100, 0x110 << 20 | 1 << 16 | 0x18);
        fake.set32(0x104, 0x1001 << 16 | 0x0fff);
        fake.set32(0x110, 1 << 16 | 0x1e);
        fake.set32(0x114, 0x0029_0f1f | 1 << 19);
        fake.set32(0x118, 0x4005_0008);

        let ltr = fake.ext::<Ltr>()?;
        assert_eq!(ltr.max_snoop_ns()?, 1023 << 15);
        assert_eq!(ltr.max_no_snoop_ns()?, 1 << 20);

        let l1ss = fake.ext::<L1ss>()?;
        let supported = l1ss.supported()?;
        assert!(supported.aspm_l1_1() && supported.aspm_l1_2());
        assert!(supported.pcipm_l1_1() && supported.pcipm_l1_2());
        let enabled = l1ss.enabled()?;
        assert!(enabled.aspm_l1_1() && !enabled.aspm_l1_2());
        assert_eq!(l1ss.common_mode_restore_us()?, 15);
        assert_eq!(l1ss.power_on_us()?, 50);
        assert_eq!(l1ss.l1_2_threshold_ns()?, 5 << 10);

        // Reserved scales, and no substates without the bit for all of them.
        fake.set32(0x104, 0x1801);
        assert_eq!(fake.ext::<Ltr>()?.max_snoop_ns(), Err(EIO));
        fake.set32(0x114, 0x0003_000f);
        assert_eq!(fake.ext::<L1ss>()?.power_on_us(), Err(EIO));
        assert_eq!(fake.ext::<L1ss>()?.supported()?, L1Substates(0));
        fake.set32(0x118, 0xe000_0000);
        assert_eq!(fake.ext::<L1ss>()?.l1_2_threshold_ns(), Err(EIO));
        Ok(())
    }
}
