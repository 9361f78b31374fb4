// SPDX-License-Identifier: GPL-2.0

//! PCI Express: ports, links and what is negotiated on them.
//!
//! C header: [`include/linux/pci.h`](srctree/include/linux/pci.h)
//!
//! Everything begins with [`Device::express`], which is `None` for a device without PCI Express, so
//! that nothing else here needs to handle it.
//!
//! ```
//! use kernel::{device::Bound, pci::{self, express::LinkSpeed}, prelude::*};
//!
//! /// Whether the device has a faster link than it makes use of.
//! fn is_slowed_down(pdev: &pci::Device<Bound>) -> Result<bool> {
//!     let express = pdev.express().ok_or(ENODEV)?;
//!     let link = express.link()?.ok_or(ENODEV)?;
//!
//!     Ok(link.speed < express.max_speed().unwrap_or(LinkSpeed::Gt2_5))
//! }
//! ```

use super::{
    cap::{self, ReadConfig, View},
    config,
    topology::Bridge,
    Device,
};
use crate::{bindings, device, error::to_result, prelude::*};
use core::{fmt, ops};

/// What a function is in a tree of PCI Express.
///
/// C macros: `PCI_EXP_TYPE_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortType {
    /// An endpoint.
    Endpoint,
    /// An endpoint that may use what is left of conventional PCI, such as I/O ports.
    LegacyEndpoint,
    /// A port of the root complex, with a link downwards.
    RootPort,
    /// The port of a switch with the link upwards.
    Upstream,
    /// A port of a switch with a link downwards.
    Downstream,
    /// A bridge to conventional PCI or PCI-X.
    PcieToPciBridge,
    /// A bridge from conventional PCI or PCI-X.
    PciToPcieBridge,
    /// An endpoint in the root complex, without a link.
    RootComplexEndpoint,
    /// A collector of the events of endpoints in the root complex.
    RootComplexEventCollector,
}

impl PortType {
    const fn from_raw(raw: u32) -> Option<Self> {
        match raw {
            bindings::PCI_EXP_TYPE_ENDPOINT => Some(Self::Endpoint),
            bindings::PCI_EXP_TYPE_LEG_END => Some(Self::LegacyEndpoint),
            bindings::PCI_EXP_TYPE_ROOT_PORT => Some(Self::RootPort),
            bindings::PCI_EXP_TYPE_UPSTREAM => Some(Self::Upstream),
            bindings::PCI_EXP_TYPE_DOWNSTREAM => Some(Self::Downstream),
            bindings::PCI_EXP_TYPE_PCI_BRIDGE => Some(Self::PcieToPciBridge),
            bindings::PCI_EXP_TYPE_PCIE_BRIDGE => Some(Self::PciToPcieBridge),
            bindings::PCI_EXP_TYPE_RC_END => Some(Self::RootComplexEndpoint),
            bindings::PCI_EXP_TYPE_RC_EC => Some(Self::RootComplexEventCollector),
            _ => None,
        }
    }

    const fn from_flags(flags: u16) -> Option<Self> {
        Self::from_raw((flags as u32 & bindings::PCI_EXP_FLAGS_TYPE) >> 4)
    }
}

/// The speed of a link, in transfers per second and lane.
///
/// C type: `enum pci_bus_speed`, of which these are the ones of PCI Express.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkSpeed {
    /// 2.5 GT/s, since PCIe 1.0.
    Gt2_5,
    /// 5 GT/s, since PCIe 2.0.
    Gt5,
    /// 8 GT/s, since PCIe 3.0.
    Gt8,
    /// 16 GT/s, since PCIe 4.0.
    Gt16,
    /// 32 GT/s, since PCIe 5.0.
    Gt32,
    /// 64 GT/s, since PCIe 6.0.
    Gt64,
}

impl LinkSpeed {
    /// Converts the value of one of the fields in the registers.
    const fn from_field(field: u32) -> Option<Self> {
        match field {
            1 => Some(Self::Gt2_5),
            2 => Some(Self::Gt5),
            3 => Some(Self::Gt8),
            4 => Some(Self::Gt16),
            5 => Some(Self::Gt32),
            6 => Some(Self::Gt64),
            _ => None,
        }
    }

    const fn from_raw(raw: bindings::pci_bus_speed) -> Option<Self> {
        match raw {
            bindings::pci_bus_speed_PCIE_SPEED_2_5GT => Some(Self::Gt2_5),
            bindings::pci_bus_speed_PCIE_SPEED_5_0GT => Some(Self::Gt5),
            bindings::pci_bus_speed_PCIE_SPEED_8_0GT => Some(Self::Gt8),
            bindings::pci_bus_speed_PCIE_SPEED_16_0GT => Some(Self::Gt16),
            bindings::pci_bus_speed_PCIE_SPEED_32_0GT => Some(Self::Gt32),
            bindings::pci_bus_speed_PCIE_SPEED_64_0GT => Some(Self::Gt64),
            _ => None,
        }
    }

    /// Returns the speed in millions of transfers per second.
    pub const fn megatransfers(self) -> u32 {
        match self {
            Self::Gt2_5 => 2_500,
            Self::Gt5 => 5_000,
            Self::Gt8 => 8_000,
            Self::Gt16 => 16_000,
            Self::Gt32 => 32_000,
            Self::Gt64 => 64_000,
        }
    }

    /// Returns the bandwidth of a lane in Mbit/s, which is less than the speed by what the encoding
    /// takes. C macro: `PCIE_SPEED2MBS_ENC`.
    pub const fn lane_mbps(self) -> u32 {
        let speed = self.megatransfers();

        match self {
            Self::Gt2_5 | Self::Gt5 => speed * 8 / 10,
            Self::Gt8 | Self::Gt16 | Self::Gt32 => speed * 128 / 130,
            Self::Gt64 => speed,
        }
    }
}

impl fmt::Display for LinkSpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let speed = self.megatransfers();

        write!(f, "{}.{} GT/s", speed / 1000, speed % 1000 / 100)
    }
}

/// The width of a link in lanes.
///
/// C type: `enum pcie_link_width`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum LinkWidth {
    X1 = 1,
    X2 = 2,
    X4 = 4,
    X8 = 8,
    X12 = 12,
    X16 = 16,
    X32 = 32,
}

impl LinkWidth {
    const fn from_raw(raw: u32) -> Option<Self> {
        match raw {
            1 => Some(Self::X1),
            2 => Some(Self::X2),
            4 => Some(Self::X4),
            8 => Some(Self::X8),
            12 => Some(Self::X12),
            16 => Some(Self::X16),
            32 => Some(Self::X32),
            _ => None,
        }
    }

    /// Returns the number of lanes.
    pub const fn lanes(self) -> u32 {
        self as u32
    }
}

impl fmt::Display for LinkWidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "x{}", self.lanes())
    }
}

/// A link that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its speed.
    pub speed: LinkSpeed,
    /// Its width.
    pub width: LinkWidth,
}

impl Link {
    /// Returns the bandwidth of all lanes in one direction, in Mbit/s.
    pub const fn mbps(self) -> u32 {
        self.speed.lane_mbps() * self.width.lanes()
    }

    /// Converts a value of the link status register.
    const fn from_status(status: u16) -> Option<Self> {
        let status = status as u32;
        let speed = LinkSpeed::from_field(status & bindings::PCI_EXP_LNKSTA_CLS);
        let width = LinkWidth::from_raw(
            (status & bindings::PCI_EXP_LNKSTA_NLW) >> bindings::PCI_EXP_LNKSTA_NLW_SHIFT,
        );

        match (speed, width) {
            (Some(speed), Some(width)) => Some(Self { speed, width }),
            _ => None,
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.speed, self.width)
    }
}

/// A limit for the size of packets, in bytes.
///
/// # Examples
///
/// ```
/// use kernel::pci::express::PacketSize;
///
/// assert_eq!(PacketSize::from_bytes(512), Some(PacketSize::B512));
/// assert_eq!(PacketSize::from_bytes(500), None);
/// assert_eq!(PacketSize::B4096.bytes(), 4096);
/// assert!(PacketSize::B128 < PacketSize::B256);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum PacketSize {
    B128 = 0,
    B256 = 1,
    B512 = 2,
    B1024 = 3,
    B2048 = 4,
    B4096 = 5,
}

impl PacketSize {
    /// Converts a number of bytes, if it is one of them.
    pub const fn from_bytes(bytes: u32) -> Option<Self> {
        match bytes {
            128 => Some(Self::B128),
            256 => Some(Self::B256),
            512 => Some(Self::B512),
            1024 => Some(Self::B1024),
            2048 => Some(Self::B2048),
            4096 => Some(Self::B4096),
            _ => None,
        }
    }

    /// Returns the number of bytes.
    pub const fn bytes(self) -> u32 {
        128 << self as u32
    }

    /// Converts the value of a field in a register; two values are reserved.
    fn from_field(value: u32, mask: u32) -> Result<Self> {
        Self::from_bytes(128 << ((value & mask) >> mask.trailing_zeros())).ok_or(EIO)
    }
}

/// How long a function waits for the completion of a request.
///
/// Each of them is a range, in which the function chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionTimeout {
    /// 50 µs to 50 ms.
    Default = 0x0,
    /// 50 µs to 100 µs.
    Us50To100 = 0x1,
    /// 1 ms to 10 ms.
    Ms1To10 = 0x2,
    /// 16 ms to 55 ms.
    Ms16To55 = 0x5,
    /// 65 ms to 210 ms.
    Ms65To210 = 0x6,
    /// 260 ms to 900 ms.
    Ms260To900 = 0x9,
    /// 1 s to 3.5 s.
    S1To3 = 0xa,
    /// 4 s to 13 s.
    S4To13 = 0xd,
    /// 17 s to 64 s.
    S17To64 = 0xe,
    /// Forever.
    Disabled = 0x10,
}

impl CompletionTimeout {
    const MASK: u16 =
        (bindings::PCI_EXP_DEVCTL2_COMP_TIMEOUT | bindings::PCI_EXP_DEVCTL2_COMP_TMOUT_DIS) as u16;

    fn from_control(control: u16) -> Result<Self> {
        if control & Self::Disabled as u16 != 0 {
            return Ok(Self::Disabled);
        }

        match control & Self::MASK {
            0x0 => Ok(Self::Default),
            0x1 => Ok(Self::Us50To100),
            0x2 => Ok(Self::Ms1To10),
            0x5 => Ok(Self::Ms16To55),
            0x6 => Ok(Self::Ms65To210),
            0x9 => Ok(Self::Ms260To900),
            0xa => Ok(Self::S1To3),
            0xd => Ok(Self::S4To13),
            0xe => Ok(Self::S17To64),
            _ => Err(EIO),
        }
    }

    /// Returns whether a function with these device capabilities 2 supports it.
    const fn supported(self, cap2: u32) -> bool {
        // The lowest four bits are for the ranges A to D of two values each.
        cap2 & match self {
            Self::Default => return true,
            Self::Us50To100 | Self::Ms1To10 => 1 << 0,
            Self::Ms16To55 | Self::Ms65To210 => 1 << 1,
            Self::Ms260To900 | Self::S1To3 => 1 << 2,
            Self::S4To13 | Self::S17To64 => 1 << 3,
            Self::Disabled => bindings::PCI_EXP_DEVCAP2_COMP_TMOUT_DIS,
        } != 0
    }
}

/// A set of power saving states of a link.
///
/// C macros: `PCIE_LINK_STATE_*`.
///
/// # Examples
///
/// ```
/// use kernel::pci::express::LinkStates;
///
/// let states = LinkStates::L0S | LinkStates::L1;
///
/// assert!(states.contains(LinkStates::L1));
/// assert!(!states.contains(LinkStates::CLOCK));
/// assert!(LinkStates::ALL.contains(states));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkStates(u32);

impl LinkStates {
    /// L0s, in both directions.
    pub const L0S: Self = Self(bindings::PCIE_LINK_STATE_L0S);
    /// L1.
    pub const L1: Self = Self(bindings::PCIE_LINK_STATE_L1);
    /// The substate L1.1.
    pub const L1_1: Self = Self(bindings::PCIE_LINK_STATE_L1_1);
    /// The substate L1.2.
    pub const L1_2: Self = Self(bindings::PCIE_LINK_STATE_L1_2);
    /// The substate L1.1, when the functions are in D3hot.
    pub const L1_1_PCIPM: Self = Self(bindings::PCIE_LINK_STATE_L1_1_PCIPM);
    /// The substate L1.2, when the functions are in D3hot.
    pub const L1_2_PCIPM: Self = Self(bindings::PCIE_LINK_STATE_L1_2_PCIPM);
    /// The reference clock is switched off in L1.
    pub const CLOCK: Self = Self(bindings::PCIE_LINK_STATE_CLKPM);
    /// All of them.
    pub const ALL: Self = Self(
        Self::L0S.0
            | Self::L1.0
            | Self::L1_1.0
            | Self::L1_2.0
            | Self::L1_1_PCIPM.0
            | Self::L1_2_PCIPM.0
            | Self::CLOCK.0,
    );

    /// Returns whether all of `states` are in this set.
    pub const fn contains(self, states: Self) -> bool {
        self.0 & states.0 == states.0
    }
}

impl ops::BitOr for LinkStates {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The sizes of atomic operations that must be completed by the root port.
///
/// # Examples
///
/// ```
/// use kernel::{device::Bound, pci::{self, express::AtomicOps}, prelude::*};
///
/// fn has_atomics(pdev: &pci::Device<Bound>) -> bool {
///     pdev.express()
///         .is_some_and(|express| express.enable_atomic_ops_to_root(AtomicOps::B32).is_ok())
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtomicOps(u32);

impl AtomicOps {
    /// Operations on 32 bits.
    pub const B32: Self = Self(bindings::PCI_EXP_DEVCAP2_ATOMIC_COMP32);
    /// Operations on 64 bits.
    pub const B64: Self = Self(bindings::PCI_EXP_DEVCAP2_ATOMIC_COMP64);
    /// Compare and swap of 128 bits.
    pub const B128: Self = Self(bindings::PCI_EXP_DEVCAP2_ATOMIC_COMP128);
}

impl ops::BitOr for AtomicOps {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The bandwidth that is left for a device on its way to the root, see
/// [`Express::bandwidth_available`].
pub struct Bandwidth<'a> {
    /// The bandwidth in Mbit/s; 0 if nothing is known.
    pub mbps: u32,
    /// The link that is the limit, if it has a known speed and width.
    pub link: Option<Link>,
    /// The device below that link.
    pub device: &'a Device,
}

macro_rules! registers {
    (
        $(#[$type_doc:meta])* $type:ident:
        $($(#[$doc:meta])* $name:ident = $value:ident;)*
    ) => {
        $(#[$type_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $type {
            $($(#[$doc])* $name = bindings::$value as u8,)*
        }
    };
}

registers! {
    /// A 16-bit register of the PCI Express capability.
    Word:

    /// Capabilities of the function, with version and type.
    Flags = PCI_EXP_FLAGS;
    /// Device control.
    DeviceControl = PCI_EXP_DEVCTL;
    /// Device status.
    DeviceStatus = PCI_EXP_DEVSTA;
    /// Link control.
    LinkControl = PCI_EXP_LNKCTL;
    /// Link status.
    LinkStatus = PCI_EXP_LNKSTA;
    /// Slot control.
    SlotControl = PCI_EXP_SLTCTL;
    /// Slot status.
    SlotStatus = PCI_EXP_SLTSTA;
    /// Root control.
    RootControl = PCI_EXP_RTCTL;
    /// Root capabilities.
    RootCapabilities = PCI_EXP_RTCAP;
    /// Device control 2.
    DeviceControl2 = PCI_EXP_DEVCTL2;
    /// Device status 2.
    DeviceStatus2 = PCI_EXP_DEVSTA2;
    /// Link control 2.
    LinkControl2 = PCI_EXP_LNKCTL2;
    /// Link status 2.
    LinkStatus2 = PCI_EXP_LNKSTA2;
}

registers! {
    /// A 32-bit register of the PCI Express capability.
    Dword:

    /// Device capabilities.
    DeviceCapabilities = PCI_EXP_DEVCAP;
    /// Link capabilities.
    LinkCapabilities = PCI_EXP_LNKCAP;
    /// Slot capabilities.
    SlotCapabilities = PCI_EXP_SLTCAP;
    /// Root status.
    RootStatus = PCI_EXP_RTSTA;
    /// Device capabilities 2.
    DeviceCapabilities2 = PCI_EXP_DEVCAP2;
    /// Link capabilities 2.
    LinkCapabilities2 = PCI_EXP_LNKCAP2;
    /// Slot capabilities 2.
    SlotCapabilities2 = PCI_EXP_SLTCAP2;
}

registers! {
    /// A register of the PCI Express capability that the driver of a device may change.
    Control:

    /// Device control.
    Device = PCI_EXP_DEVCTL;
    /// Link control.
    Link = PCI_EXP_LNKCTL;
    /// Device control 2.
    Device2 = PCI_EXP_DEVCTL2;
    /// Link control 2.
    Link2 = PCI_EXP_LNKCTL2;
}

/// The PCI Express part of a device.
///
/// Obtained from [`Device::express`], or [`Bridge::express`] for the bridges above it.
///
/// # Context
///
/// Unless said otherwise, the methods may be called in any context, including hard interrupt. Each
/// of them accesses the configuration space, and is slow.
///
/// Registers that a function need not have, such as the ones of the link in an endpoint of the root
/// complex, are 0. Virtual functions have few of their own; most of what is found there is 0, and
/// what matters is found in the physical function.
///
/// # Errors
///
/// As in [`ConfigSpace`](super::ConfigSpace): [`ENODEV`] if the device does not answer. And [`EIO`]
/// if a register has a reserved value.
///
/// # Invariants
///
/// The device has PCI Express, and it is bound, or above a bound device, for `'a`. Hence it is not
/// removed from its bus.
#[derive(Clone, Copy)]
pub struct Express<'a> {
    pdev: &'a Device,
}

impl<'a> Express<'a> {
    /// # Safety
    ///
    /// `pdev` must be bound, or above a bound device, for `'a`.
    unsafe fn new(pdev: &'a Device) -> Option<Self> {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`; the field does not change
        // once the device has been added.
        let cap = unsafe { (*pdev.as_raw()).pcie_cap };

        // INVARIANT: `pcie_cap` is the offset of the capability, or 0. The rest is required.
        (cap != 0).then_some(Self { pdev })
    }

    /// The capabilities register, which C keeps a copy of.
    fn flags(self) -> u16 {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`; the field does not change
        // once the device has been added.
        unsafe { (*self.pdev.as_raw()).pcie_flags_reg }
    }

    /// Returns what the function is, or `None` if this is reserved.
    ///
    /// C function: `pci_pcie_type()`. Does not access the device.
    pub fn port_type(self) -> Option<PortType> {
        PortType::from_flags(self.flags())
    }

    /// Returns the version of the capability: 2 unless the device is of PCIe 1.x.
    pub fn version(self) -> u8 {
        (u32::from(self.flags()) & bindings::PCI_EXP_FLAGS_VERS) as u8
    }

    /// Reads a 16-bit register.
    ///
    /// C function: `pcie_capability_read_word()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{device::Bound, pci::{self, express::Word}, prelude::*};
    ///
    /// fn link_control(pdev: &pci::Device<Bound>) -> Result<u16> {
    ///     pdev.express().ok_or(ENODEV)?.read16(Word::LinkControl)
    /// }
    /// ```
    pub fn read16(self, reg: Word) -> Result<u16> {
        let mut value = 0;

        // SAFETY: By the type invariant, `as_raw()` is a valid pointer to a `struct pci_dev` that
        // is not removed from its bus; `value` is valid for writes.
        let ret = unsafe {
            bindings::pcie_capability_read_word(self.pdev.as_raw(), reg as c_int, &mut value)
        };
        self.check_return(ret)?;

        config::check_answer(value, u16::MAX, || self.is_present())
    }

    /// Reads a 32-bit register.
    ///
    /// C function: `pcie_capability_read_dword()`.
    pub fn read32(self, reg: Dword) -> Result<u32> {
        let mut value = 0;

        // SAFETY: As in `read16`.
        let ret = unsafe {
            bindings::pcie_capability_read_dword(self.pdev.as_raw(), reg as c_int, &mut value)
        };
        self.check_return(ret)?;

        config::check_answer(value, u32::MAX, || self.is_present())
    }

    /// Reads a register, clears the bits `clear`, sets the bits `set`, and writes it back.
    ///
    /// For [`Control::Link`] and [`Control::Link2`], C does this under a lock, as it does itself
    /// wherever it changes them. For the others, the driver must see to it that nobody changes the
    /// register at the same time; the PCI core does so when it sets up the device, before probe,
    /// and when it resets the device or handles an error of it.
    ///
    /// C functions: `pcie_capability_clear_and_set_word()`, `pcie_capability_set_word()`,
    /// `pcie_capability_clear_word()`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if this would reset the function (`PCI_EXP_DEVCTL_BCR_FLR`), for which the PCI
    /// core has to save its state.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{device::Bound, pci::{self, express::Control}, prelude::*};
    ///
    /// fn forbid_snooping(pdev: &pci::Device<Bound>) -> Result {
    ///     const NO_SNOOP: u16 = 1 << 11;
    ///
    ///     pdev.express().ok_or(ENODEV)?.clear_and_set(Control::Device, NO_SNOOP, 0)
    /// }
    /// ```
    pub fn clear_and_set(self, reg: Control, clear: u16, set: u16) -> Result {
        if reg == Control::Device && u32::from(set) & bindings::PCI_EXP_DEVCTL_BCR_FLR != 0 {
            return Err(EINVAL);
        }

        // SAFETY: As in `read16`.
        self.check_return(unsafe {
            bindings::pcie_capability_clear_and_set_word(
                self.pdev.as_raw(),
                reg as c_int,
                clear,
                set,
            )
        })
    }

    /// Returns the speed and width that the link above the device has now, for a root port and the
    /// downstream port of a switch the one below it.
    ///
    /// `None` if there is no link, it is down, or its speed or width is not known.
    pub fn link(self) -> Result<Option<Link>> {
        Ok(Link::from_status(self.read16(Word::LinkStatus)?))
    }

    /// Returns the maximum speed of the link as far as the device is concerned.
    ///
    /// C function: `pcie_get_speed_cap()`. Does not access the device.
    pub fn max_speed(self) -> Option<LinkSpeed> {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`.
        LinkSpeed::from_raw(unsafe { bindings::pcie_get_speed_cap(self.pdev.as_raw()) })
    }

    /// Returns the maximum width of the link as far as the device is concerned.
    ///
    /// C function: `pcie_get_width_cap()`.
    pub fn max_width(self) -> Option<LinkWidth> {
        // SAFETY: As in `read16`.
        LinkWidth::from_raw(unsafe { bindings::pcie_get_width_cap(self.pdev.as_raw()) })
    }

    /// Returns the bandwidth of the narrowest place between the device and the root.
    ///
    /// C function: `pcie_bandwidth_available()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{device::Bound, pci, prelude::*};
    ///
    /// fn warn_if_slow(pdev: &pci::Device<Bound>) {
    ///     let Some(bandwidth) = pdev.express().map(|express| express.bandwidth_available()) else {
    ///         return;
    ///     };
    ///
    ///     if bandwidth.mbps < 8_000 {
    ///         dev_warn!(pdev.as_ref(), "limited by the link of {}\n", bandwidth.device.name());
    ///     }
    /// }
    /// ```
    pub fn bandwidth_available(self) -> Bandwidth<'a> {
        let mut limiting = self.pdev.as_raw();
        let mut speed = bindings::pci_bus_speed_PCI_SPEED_UNKNOWN;
        let mut width = bindings::pcie_link_width_PCIE_LNK_WIDTH_UNKNOWN;

        // SAFETY: By the type invariant, the device and all above it are valid and not removed;
        // the other arguments are valid for writes.
        let mbps = unsafe {
            bindings::pcie_bandwidth_available(
                self.pdev.as_raw(),
                &mut limiting,
                &mut speed,
                &mut width,
            )
        };

        let link = match (LinkSpeed::from_raw(speed), LinkWidth::from_raw(width)) {
            (Some(speed), Some(width)) => Some(Link { speed, width }),
            _ => None,
        };

        Bandwidth {
            mbps,
            link,
            // SAFETY: This is the device itself, or one above it, which exists as long as what is
            // below. `Device` is transparent to `struct pci_dev`.
            device: unsafe { &*limiting.cast::<Device>() },
        }
    }

    /// Returns the maximum payload size in use.
    ///
    /// C function: `pcie_get_mps()`.
    pub fn payload_size(self) -> Result<PacketSize> {
        let control = self.read16(Word::DeviceControl)?;

        PacketSize::from_field(control.into(), bindings::PCI_EXP_DEVCTL_PAYLOAD)
    }

    /// Sets the maximum payload size.
    ///
    /// The PCI core has set what all devices on the way understand, where it can. More than that
    /// makes requests fail. Call this in probe, see [`Self::clear_and_set`].
    ///
    /// C function: `pcie_set_mps()`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if this is more than the device supports.
    pub fn set_payload_size(self, size: PacketSize) -> Result {
        // SAFETY: As in `read16`. At most 4096 fits into a `c_int`.
        to_result(unsafe { bindings::pcie_set_mps(self.pdev.as_raw(), size.bytes() as c_int) })
    }

    /// Returns the maximum size of read requests in use.
    ///
    /// C function: `pcie_get_readrq()`.
    pub fn read_request_size(self) -> Result<PacketSize> {
        let control = self.read16(Word::DeviceControl)?;

        PacketSize::from_field(control.into(), bindings::PCI_EXP_DEVCTL_READRQ)
    }

    /// Sets the maximum size of read requests.
    ///
    /// May set a smaller one, the payload size, if the kernel runs with `pci=pcie_bus_perf`. Call
    /// this in probe, see [`Self::clear_and_set`].
    ///
    /// C function: `pcie_set_readrq()`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the host bridge does not allow more than what is in use.
    pub fn set_read_request_size(self, size: PacketSize) -> Result {
        // SAFETY: As in `read16`. At most 4096 fits into a `c_int`.
        to_result(unsafe { bindings::pcie_set_readrq(self.pdev.as_raw(), size.bytes() as c_int) })
    }

    /// Returns how long the function waits for completions.
    pub fn completion_timeout(self) -> Result<CompletionTimeout> {
        CompletionTimeout::from_control(self.read16(Word::DeviceControl2)?)
    }

    /// Sets how long the function waits for completions.
    ///
    /// Call this in probe, see [`Self::clear_and_set`].
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the function does not support it.
    pub fn set_completion_timeout(self, timeout: CompletionTimeout) -> Result {
        if !timeout.supported(self.read32(Dword::DeviceCapabilities2)?) {
            return Err(EINVAL);
        }

        self.clear_and_set(Control::Device2, CompletionTimeout::MASK, timeout as u16)
    }

    /// Returns whether the function may relax the ordering of its requests.
    ///
    /// C function: `pcie_relaxed_ordering_enabled()`.
    pub fn relaxed_ordering_enabled(self) -> Result<bool> {
        let control = self.read16(Word::DeviceControl)?;

        Ok(u32::from(control) & bindings::PCI_EXP_DEVCTL_RELAX_EN != 0)
    }

    /// Lets the function send atomic operations of the given sizes to memory.
    ///
    /// C function: `pci_enable_atomic_ops_to_root()`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the function is virtual or no endpoint, or the root port or a switch on the
    /// way does not support this.
    pub fn enable_atomic_ops_to_root(self, sizes: AtomicOps) -> Result {
        // SAFETY: As in `read16`, for all devices above, too.
        to_result(unsafe { bindings::pci_enable_atomic_ops_to_root(self.pdev.as_raw(), sizes.0) })
    }

    /// Waits until the function has no request in flight, for up to 0.7 s.
    ///
    /// The function must have been told to send no more requests. Process context, sleeps. C
    /// function: `pci_wait_for_pending_transaction()`.
    ///
    /// # Errors
    ///
    /// [`ETIMEDOUT`] if there still are some.
    pub fn wait_for_pending_transaction(self) -> Result {
        // SAFETY: As in `read16`.
        match unsafe { bindings::pci_wait_for_pending_transaction(self.pdev.as_raw()) } {
            0 => Err(ETIMEDOUT),
            _ => Ok(()),
        }
    }

    /// Returns whether the device may put the link above it into L0s or L1 on its own (active state
    /// power management).
    ///
    /// Like `pcie_aspm_enabled()` of C, but looks at the register. C looks at the state that it
    /// shares between the functions of a device and that function 0 takes along when it is removed.
    pub fn aspm_enabled(self) -> Result<bool> {
        let control = self.read16(Word::LinkControl)?;

        Ok(u32::from(control) & bindings::PCI_EXP_LNKCTL_ASPMC != 0)
    }

    /// Forbids power saving states of the link above the device, in addition to the ones that are
    /// forbidden already. To forbid L1 is to forbid its substates.
    ///
    /// This is for good: nothing allows them again. It is for the whole link, with all functions of
    /// the device.
    ///
    /// Process context, sleeps. C function: `pci_disable_link_state()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if there is no link above, or it is not known to be managed.
    /// - [`EPERM`] if the firmware does not leave it to the kernel.
    /// - [`EDEADLK`] in an [error handler](super::err) of the device. There, this must not be
    ///   called for a bridge above it, either.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{device::Core, pci::{self, express::LinkStates}, prelude::*};
    ///
    /// fn probe(pdev: &pci::Device<Core>) -> Result {
    ///     // The device loses interrupts when it wakes up.
    ///     if let Some(express) = pdev.express() {
    ///         express.disable_link_states(LinkStates::L0S | LinkStates::L1)?;
    ///     }
    ///
    ///     Ok(())
    /// }
    /// ```
    pub fn disable_link_states(self, states: LinkStates) -> Result {
        self.pdev.check_bus_lock()?;

        // SAFETY: By the type invariant, `as_raw()` is a valid pointer to a `struct pci_dev` that
        // is not removed, neither are the ones above it. C takes the locks.
        to_result(unsafe {
            bindings::pci_disable_link_state(self.pdev.as_raw(), states.0 as c_int)
        })
    }

    /// Sets the power saving states that the link above the device enters if the policy is the
    /// default one. The ones that have been disabled stay so.
    ///
    /// To enable a substate of L1 is to enable L1. The device must be in D0.
    ///
    /// Process context, sleeps; for errors see [`Self::disable_link_states`]. C function:
    /// `pci_enable_link_state()`.
    pub fn enable_link_states(self, states: LinkStates) -> Result {
        self.pdev.check_bus_lock()?;

        // SAFETY: As in `disable_link_states`.
        to_result(unsafe { bindings::pci_enable_link_state(self.pdev.as_raw(), states.0 as c_int) })
    }

    fn is_present(self) -> bool {
        // SAFETY: As in `read16`.
        unsafe { bindings::pci_device_is_present(self.pdev.as_raw()) }
    }

    /// Converts what C returns, which is an errno or one of the positive `PCIBIOS_*`.
    fn check_return(self, ret: c_int) -> Result {
        // SAFETY: There are no requirements.
        to_result(unsafe { bindings::pcibios_err_to_errno(ret) })
    }
}

impl Device<device::Bound> {
    /// Returns the PCI Express part of the device, or `None` if it is a device of conventional PCI.
    ///
    /// May be called in any context. C function: `pci_is_pcie()`.
    pub fn express(&self) -> Option<Express<'_>> {
        // SAFETY: The device is bound as long as `self` is borrowed.
        unsafe { Express::new(self) }
    }
}

impl<'a> Bridge<'a> {
    /// Returns the PCI Express part of the bridge, or `None` if it is one of conventional PCI.
    ///
    /// May be called in any context. C function: `pci_is_pcie()`.
    pub fn express(self) -> Option<Express<'a>> {
        // SAFETY: By the type invariant of `Bridge`, it is above a bound device for `'a`.
        unsafe { Express::new(self.device()) }
    }
}

impl<C: ReadConfig> View<cap::Pcie, C> {
    /// Returns the version of the capability: 2 unless the device is of PCIe 1.x.
    pub fn version(&self) -> Result<u8> {
        let flags = self.u16(bindings::PCI_EXP_FLAGS)?;

        Ok((u32::from(flags) & bindings::PCI_EXP_FLAGS_VERS) as u8)
    }

    /// Returns what the function is.
    pub fn port_type(&self) -> Result<PortType> {
        PortType::from_flags(self.u16(bindings::PCI_EXP_FLAGS)?).ok_or(EIO)
    }

    /// Returns whether the function can be reset alone (FLR).
    pub fn function_level_reset(&self) -> Result<bool> {
        Ok(self.u32(bindings::PCI_EXP_DEVCAP)? & bindings::PCI_EXP_DEVCAP_FLR != 0)
    }

    /// Returns the maximum payload size that the function supports.
    pub fn max_payload_size(&self) -> Result<PacketSize> {
        PacketSize::from_field(
            self.u32(bindings::PCI_EXP_DEVCAP)?,
            bindings::PCI_EXP_DEVCAP_PAYLOAD,
        )
    }
}

#[kunit_tests(rust_kernel_pci_express)]
mod tests {
    use super::*;

    #[test]
    fn port_types() {
        assert_eq!(PortType::from_flags(0x0002), Some(PortType::Endpoint));
        assert_eq!(PortType::from_flags(0x0142), Some(PortType::RootPort));
        assert_eq!(PortType::from_flags(0x0052), Some(PortType::Upstream));
        assert_eq!(PortType::from_flags(0x0162), Some(PortType::Downstream));
        assert_eq!(
            PortType::from_flags(0x00a2),
            Some(PortType::RootComplexEventCollector)
        );
        assert_eq!(PortType::from_flags(0x0022), None);
        assert_eq!(PortType::from_flags(0xffff), None);
    }

    #[test]
    fn link_status() {
        let link = |status| Link::from_status(status);

        assert_eq!(link(0), None);
        assert_eq!(link(0xffff), None);
        // Up, but of no known speed or width.
        assert_eq!(link(0x2011 & !0xf), None);
        assert_eq!(link(0x2031), None);
        assert_eq!(link(0x2017), None);
        assert_eq!(
            link(0x2011),
            Some(Link {
                speed: LinkSpeed::Gt2_5,
                width: LinkWidth::X1
            })
        );
        assert_eq!(
            link(0xf206),
            Some(Link {
                speed: LinkSpeed::Gt64,
                width: LinkWidth::X32
            })
        );
    }

    #[test]
    fn bandwidth() {
        let mbps = |speed, width| Link { speed, width }.mbps();

        assert_eq!(mbps(LinkSpeed::Gt2_5, LinkWidth::X1), 2_000);
        assert_eq!(mbps(LinkSpeed::Gt5, LinkWidth::X4), 16_000);
        assert_eq!(mbps(LinkSpeed::Gt8, LinkWidth::X1), 7_876);
        assert_eq!(mbps(LinkSpeed::Gt16, LinkWidth::X16), 252_048);
        assert_eq!(mbps(LinkSpeed::Gt64, LinkWidth::X32), 2_048_000);
    }

    #[test]
    fn speeds_of_c() {
        let speed = LinkSpeed::from_raw;

        assert_eq!(speed(bindings::pci_bus_speed_PCI_SPEED_UNKNOWN), None);
        assert_eq!(speed(bindings::pci_bus_speed_AGP_8X), None);
        for field in 1..=6 {
            assert_eq!(
                speed(bindings::pci_bus_speed_PCIE_SPEED_2_5GT + field - 1),
                LinkSpeed::from_field(field)
            );
        }
        assert_eq!(
            LinkWidth::from_raw(bindings::pcie_link_width_PCIE_LNK_WIDTH_UNKNOWN),
            None
        );
        assert_eq!(LinkWidth::from_raw(0), None);
    }

    #[test]
    fn packet_sizes() {
        for field in 0..8 {
            let size = PacketSize::from_field(field << 5, bindings::PCI_EXP_DEVCTL_PAYLOAD);

            if field < 6 {
                assert_eq!(size.map(PacketSize::bytes), Ok(128 << field));
            } else {
                assert_eq!(size, Err(EIO));
            }
        }
        assert_eq!(
            PacketSize::from_field(0x2810, bindings::PCI_EXP_DEVCTL_READRQ),
            Ok(PacketSize::B512)
        );
        assert_eq!(PacketSize::from_bytes(0), None);
        assert_eq!(PacketSize::from_bytes(8192), None);
    }

    #[test]
    fn completion_timeouts() {
        type Timeout = CompletionTimeout;

        for control in 0..=0x1f {
            // Every value is converted back, or is reserved.
            match Timeout::from_control(control) {
                Ok(Timeout::Disabled) => assert!(control & 0x10 != 0),
                Ok(timeout) => assert_eq!(timeout as u16, control),
                Err(err) => {
                    assert_eq!(err, EIO);
                    assert!([3, 4, 7, 8, 11, 12, 15].contains(&control));
                }
            }
        }
        assert_eq!(Timeout::from_control(0xffe6), Ok(Timeout::Ms65To210));

        assert!(Timeout::Default.supported(0));
        assert!(!Timeout::Us50To100.supported(0xe));
        assert!(Timeout::Ms1To10.supported(0x1));
        assert!(Timeout::Ms65To210.supported(0x2));
        assert!(Timeout::S1To3.supported(0x4));
        assert!(Timeout::S17To64.supported(0x8));
        assert!(!Timeout::S17To64.supported(0x7));
        assert!(!Timeout::Disabled.supported(0xf));
        assert!(Timeout::Disabled.supported(0x10));
    }
}
