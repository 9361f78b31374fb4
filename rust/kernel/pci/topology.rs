// SPDX-License-Identifier: GPL-2.0

//! Where PCI devices are, and how to find others.
//!
//! C header: [`include/linux/pci.h`](srctree/include/linux/pci.h)
//!
//! # Looking up and looking down
//!
//! What is above a device, its bus and the bridges up to the root, exists as long as the device is
//! bound: removing a bridge unbinds all that is below it first. It is borrowed from the device and
//! costs nothing ([`Bridge`]).
//!
//! All others can be removed at any time. They are found with a reference count of their own, see
//! [`Devices`], and offer no more than a [`Device`] that nobody is known to be bound to.

use super::{Device, DeviceId};
use crate::{
    bindings, device,
    prelude::*,
    sync::aref::ARef,
    types::Opaque,
    workqueue::{self, impl_has_work, new_work, Work, WorkItem},
};
use core::{fmt, ops::Deref, ptr::NonNull, str::FromStr};

/// The address of a PCI function.
///
/// It is shown and parsed as in sysfs and `lspci`: `domain:bus:device.function`, all of them in
/// hexadecimal. The domain, 0 on most machines, may be left out when parsing.
///
/// # Examples
///
/// ```
/// use kernel::pci::Address;
///
/// let address: Address = "0000:3a:1f.7".parse()?;
///
/// assert_eq!(address, Address::new(0, 0x3a, 0x1f, 7)?);
/// assert_eq!("3a:1f.7".parse::<Address>()?, address);
/// assert!("3a:20.0".parse::<Address>().is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    domain: u32,
    bus: u8,
    devfn: u8,
}

impl Address {
    /// Creates an address.
    ///
    /// [`EINVAL`] if `device` is above 31 or `function` above 7.
    pub const fn new(domain: u32, bus: u8, device: u8, function: u8) -> Result<Self> {
        if device > 0x1f || function > 7 {
            return Err(EINVAL);
        }

        Ok(Self {
            domain,
            bus,
            devfn: device << 3 | function,
        })
    }

    /// Returns the domain, also called segment, to which the bus belongs.
    pub const fn domain(self) -> u32 {
        self.domain
    }

    /// Returns the number of the bus.
    pub const fn bus(self) -> u8 {
        self.bus
    }

    /// Returns the number of the device on its bus, from 0 to 31. C macro: `PCI_SLOT()`.
    pub const fn device(self) -> u8 {
        self.devfn >> 3
    }

    /// Returns the number of the function in its device, from 0 to 7. C macro: `PCI_FUNC()`.
    pub const fn function(self) -> u8 {
        self.devfn & 7
    }

    /// Returns device and function as C has them. C macro: `PCI_DEVFN()`.
    pub const fn devfn(self) -> u8 {
        self.devfn
    }

    /// Returns bus, device and function as they are in packets. C macro: `PCI_DEVID()`.
    pub const fn id(self) -> u16 {
        (self.bus as u16) << 8 | self.devfn as u16
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let mut parts = text.rsplitn(3, |c| *c == b':');
        let slot = parts.next()?;
        let bus = parts.next()?;
        let domain = match parts.next() {
            Some(domain) => parse_hex(domain, 8)?,
            None => 0,
        };

        let mut parts = slot.splitn(2, |c| *c == b'.');
        let device = parse_hex(parts.next()?, 2)?;
        let function = parse_hex(parts.next()?, 1)?;

        Self::new(
            domain,
            parse_hex(bus, 2)? as u8,
            device as u8,
            function as u8,
        )
        .ok()
    }
}

/// Parses up to `max` hexadecimal digits, of which there are at most 8, and nothing else.
fn parse_hex(digits: &[u8], max: usize) -> Option<u32> {
    if digits.is_empty() || digits.len() > max {
        return None;
    }

    digits.iter().try_fold(0, |value, digit| {
        Some(value << 4 | char::from(*digit).to_digit(16)?)
    })
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04x}:{:02x}:{:02x}.{:x}",
            self.domain,
            self.bus,
            self.device(),
            self.function()
        )
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text.as_bytes()).ok_or(EINVAL)
    }
}

/// A PCI bus.
///
/// # Invariants
///
/// A [`Bus`] instance represents a valid `struct pci_bus`.
#[repr(transparent)]
pub struct Bus(Opaque<bindings::pci_bus>);

impl Bus {
    fn as_raw(&self) -> *mut bindings::pci_bus {
        self.0.get()
    }

    /// Returns the number of the bus in its domain.
    pub fn number(&self) -> u8 {
        // SAFETY: By the type invariant, this is a valid `struct pci_bus`, whose number does not
        // change after it has been created.
        unsafe { (*self.as_raw()).number }
    }

    /// Returns whether the bus belongs to a host bridge, and not to a bridge that is itself a PCI
    /// device, or to virtual functions.
    ///
    /// C function: `pci_is_root_bus()`.
    pub fn is_root(&self) -> bool {
        // SAFETY: By the type invariant, this is a valid `struct pci_bus`, whose parent does not
        // change after it has been created.
        unsafe { (*self.as_raw()).parent.is_null() }
    }

    /// Returns the function `function` of the device number `device` on this bus, if there is one.
    ///
    /// Process context, sleeps: it takes `pci_bus_sem`. The PCI core holds this for reading around
    /// error handlers, where this must not be called.
    ///
    /// C function: `pci_get_slot()`.
    pub fn device(&self, device: u8, function: u8) -> Option<ARef<Device>> {
        let address = Address::new(0, 0, device, function).ok()?;

        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_bus`.
        let pdev = unsafe { bindings::pci_get_slot(self.as_raw(), address.devfn().into()) };

        // SAFETY: It comes with a reference count, if it is not null.
        unsafe { Device::from_get(pdev) }
    }
}

// SAFETY: All that can be done with a reference can be done from any thread.
unsafe impl Sync for Bus {}

/// A bridge above a bound device.
///
/// Obtained from [`Device::upstream_bridge`] and others.
///
/// # Invariants
///
/// There is a device below the bridge that is bound for `'a`.
#[derive(Clone, Copy)]
pub struct Bridge<'a>(&'a Device);

impl<'a> Bridge<'a> {
    /// # Safety
    ///
    /// `pdev` must be null, or a bridge above a device that is bound for `'a`.
    unsafe fn from_raw(pdev: *mut bindings::pci_dev) -> Option<Self> {
        // SAFETY: If it is not null, it exists as long as the device below it. `Device` is
        // transparent to `struct pci_dev`.
        let pdev = unsafe { pdev.cast::<Device>().as_ref() }?;

        // INVARIANT: Required by this function.
        Some(Self(pdev))
    }

    /// Returns the bridge as a device.
    pub fn device(self) -> &'a Device {
        self.0
    }

    /// Returns the next bridge on the way to the root. May be called in any context.
    pub fn upstream_bridge(self) -> Option<Self> {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, which is above a bound
        // device by the type invariant. What is above it is so, too.
        unsafe { Self::from_raw(bindings::pci_upstream_bridge(self.0.as_raw())) }
    }

    /// Returns whether the firmware can switch off the power of what is below the bridge
    /// (D3cold).
    ///
    /// Process context, sleeps. C function: `pci_pr3_present()`.
    pub fn pr3_present(self) -> bool {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev` that is not removed.
        unsafe { bindings::pci_pr3_present(self.0.as_raw()) }
    }
}

impl Deref for Bridge<'_> {
    type Target = Device;

    fn deref(&self) -> &Device {
        self.0
    }
}

impl Device {
    /// # Safety
    ///
    /// `pdev` must be null, or valid with a reference count that the caller gives away.
    pub(super) unsafe fn from_get(pdev: *mut bindings::pci_dev) -> Option<ARef<Self>> {
        let pdev = NonNull::new(pdev)?;

        // SAFETY: Valid and with a reference count, as required. `Device` is transparent to
        // `struct pci_dev`.
        Some(unsafe { ARef::from_raw(pdev.cast()) })
    }

    /// Returns the address.
    ///
    /// May be called in any context. C functions: `pci_domain_nr()`, `pci_dev_id()`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::{pci, prelude::*};
    /// fn is_first_function(pdev: &pci::Device) -> bool {
    ///     pdev.address().function() == 0
    /// }
    /// ```
    pub fn address(&self) -> Address {
        let id = self.dev_id();

        // The domain of the bus is in memory of the host bridge, which may be gone after the device
        // has been removed. The name tells it, too.
        Address::parse(self.name().as_bytes()).unwrap_or(Address {
            domain: 0,
            bus: (id >> 8) as u8,
            devfn: id as u8,
        })
    }

    /// Returns the bus on which the device is. May be called in any context.
    pub fn bus(&self) -> &Bus {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, which holds a reference
        // count of its bus. `Bus` is transparent to `struct pci_bus`.
        unsafe { &*(*self.as_raw()).bus.cast::<Bus>() }
    }

    /// Returns whether the device has the class of a VGA controller.
    ///
    /// May be called in any context. C function: `pci_is_vga()`.
    pub fn is_vga(&self) -> bool {
        matches!(
            self.pci_class().as_raw() >> 8,
            bindings::PCI_CLASS_DISPLAY_VGA | bindings::PCI_CLASS_NOT_DEFINED_VGA
        )
    }

    /// Finds a device by its address.
    ///
    /// Process context, may sleep. C function: `pci_get_domain_bus_and_slot()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::pci::{Address, Device};
    ///
    /// // A machine has no more than 256 domains, unless it is a very special one.
    /// assert!(Device::by_address(Address::new(0x7fff_ffff, 0, 0, 0)?).is_none());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn by_address(address: Address) -> Option<ARef<Self>> {
        let domain = c_int::try_from(address.domain).ok()?;

        // SAFETY: There are no requirements.
        let pdev = unsafe {
            bindings::pci_get_domain_bus_and_slot(domain, address.bus.into(), address.devfn.into())
        };

        // SAFETY: It comes with a reference count, if it is not null.
        unsafe { Self::from_get(pdev) }
    }

    /// Removes the device from the system as if it had been unplugged, and then searches its bus
    /// for devices, so that it is found again.
    ///
    /// This is the last resort for a device that does not react any more, which a driver can't
    /// reset on its own.
    ///
    /// All of it happens later, in a work item of the kernel: removing the device waits for its
    /// driver to be unbound, so that a driver that did it in a callback, or in anything that it
    /// waits for in [`Driver::unbind`](super::Driver::unbind), would wait for itself. For the same
    /// reason, the lock for it (`pci_lock_rescan_remove()`) is not offered to drivers. The driver
    /// is unbound like any other time. If the device has been removed by somebody else when it
    /// comes to it, only the search is done; nothing is done if its bus has been removed.
    ///
    /// Process context, may sleep. C functions: `pci_stop_and_remove_bus_device()`,
    /// `pci_rescan_bus()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] for virtual functions, which appear and disappear with their physical function.
    /// - [`ENOMEM`].
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{pci, prelude::*};
    ///
    /// fn give_up(pdev: &pci::Device) {
    ///     dev_err!(pdev.as_ref(), "firmware is dead, starting over\n");
    ///
    ///     if let Err(err) = pdev.remove_and_rescan() {
    ///         dev_err!(pdev.as_ref(), "can't start over: {err:?}\n");
    ///     }
    /// }
    /// ```
    pub fn remove_and_rescan(&self) -> Result {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`. The bit field is written
        // only when the device is created.
        if unsafe { (*self.as_raw()).is_virtfn() } != 0 {
            return Err(EINVAL);
        }

        let removal = KBox::pin_init(Removal::new(self.into()), GFP_KERNEL)?;

        // It has just been created, so it can't be in a queue.
        workqueue::system_unbound().enqueue(removal);
        Ok(())
    }
}

impl Device<device::Bound> {
    /// Returns the bridge above the device, `None` if it is on a root bus.
    ///
    /// For a virtual function, it is the one above its physical function. May be called in any
    /// context. C function: `pci_upstream_bridge()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{device::Bound, pci, prelude::*};
    ///
    /// fn bridges(pdev: &pci::Device<Bound>) -> usize {
    ///     let first = pdev.upstream_bridge();
    ///
    ///     core::iter::successors(first, |bridge| bridge.upstream_bridge()).count()
    /// }
    /// ```
    pub fn upstream_bridge(&self) -> Option<Bridge<'_>> {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, which is bound. Then its
        // physical function, if it is a virtual one, has not been removed.
        unsafe { Bridge::from_raw(bindings::pci_upstream_bridge(self.as_raw())) }
    }

    /// Returns the root port below which the device is, `None` for a device without one.
    ///
    /// May be called in any context. C function: `pcie_find_root_port()`.
    pub fn root_port(&self) -> Option<Bridge<'_>> {
        // SAFETY: As in `upstream_bridge`. If the device is a root port, this is itself, and bound.
        unsafe { Bridge::from_raw(bindings::pcie_find_root_port(self.as_raw())) }
    }

    /// Returns whether the device, or a bridge above it, belongs to a Thunderbolt controller.
    ///
    /// May be called in any context. C function: `pci_is_thunderbolt_attached()`.
    pub fn is_thunderbolt_attached(&self) -> bool {
        // SAFETY: As in `upstream_bridge`.
        unsafe { bindings::pci_is_thunderbolt_attached(self.as_raw()) }
    }

    /// Returns whether the firmware can switch off the power of the device (D3cold).
    ///
    /// Process context, sleeps. C function: `pci_pr3_present()`.
    pub fn pr3_present(&self) -> bool {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev` that is not removed.
        unsafe { bindings::pci_pr3_present(self.as_raw()) }
    }
}

/// The work item of [`Device::remove_and_rescan`].
#[pin_data]
struct Removal {
    pdev: ARef<Device>,
    #[pin]
    work: Work<Self>,
}

impl_has_work! {
    impl HasWork<Self> for Removal { self.work }
}

impl Removal {
    fn new(pdev: ARef<Device>) -> impl PinInit<Self> {
        pin_init!(Self {
            pdev,
            work <- new_work!("pci::Removal::work"),
        })
    }
}

impl WorkItem for Removal {
    type Pointer = Pin<KBox<Self>>;

    fn run(this: Self::Pointer) {
        let bus = this.pdev.bus().as_raw();

        // SAFETY: There are no requirements except process context. Nothing that is held here is
        // needed by somebody who holds this lock.
        unsafe { bindings::pci_lock_rescan_remove() };

        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`. As long as the lock, which
        // `pci_stop_and_remove_bus_device()` asks for, is held, a device that is registered is not
        // removed by somebody else.
        unsafe {
            if bindings::device_is_registered(this.pdev.as_ref().as_raw()) != 0 {
                bindings::pci_stop_and_remove_bus_device(this.pdev.as_raw());
            }
        }

        // SAFETY: `bus` is valid, since `this.pdev` holds a reference count of it. As long as the
        // lock is held, a bus that is registered is not removed, and neither is its host bridge.
        unsafe {
            if bindings::device_is_registered(&raw mut (*bus).dev) != 0 {
                bindings::pci_rescan_bus(bus);
            }
        }

        // SAFETY: It has been locked above.
        unsafe { bindings::pci_unlock_rescan_remove() };
    }
}

/// An iterator over the devices of the system that match an id.
///
/// Each device is found with a reference count. Devices that appear or disappear meanwhile may be
/// found or not; if the last one found is removed, the search begins anew, and may find devices
/// twice.
///
/// Process context, may sleep. C functions: `pci_get_device()`, `pci_get_subsys()`,
/// `pci_get_class()`, `pci_get_base_class()`.
///
/// # Examples
///
/// ```
/// use kernel::pci::{Device, DeviceId, Devices};
///
/// // All of them, and each by its address.
/// for pdev in Devices::all() {
///     let address = pdev.address();
///
///     assert!(Device::by_address(address).is_some_and(|found| found.address() == address));
/// }
///
/// // Graphics hardware, whether or not it understands VGA: `pci_get_base_class()`.
/// let displays = Devices::matching(DeviceId::from_class(0x03_0000, 0xff_0000));
/// assert!(displays.count() <= Devices::all().count());
/// ```
pub struct Devices {
    id: DeviceId,
    last: Option<ARef<Device>>,
    done: bool,
}

impl Devices {
    /// Iterates over the devices that match `id`.
    pub const fn matching(id: DeviceId) -> Self {
        Self {
            id,
            last: None,
            done: false,
        }
    }

    /// Iterates over all devices.
    pub const fn all() -> Self {
        Self::matching(DeviceId::from_class(0, 0))
    }

    /// Returns whether there is a device that matches one of `ids`.
    ///
    /// It may be gone when this returns. Process context, may sleep. C function:
    /// `pci_dev_present()`.
    pub fn present(ids: &[DeviceId]) -> bool {
        ids.iter().any(|id| Self::matching(*id).next().is_some())
    }
}

impl Iterator for Devices {
    type Item = ARef<Device>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }

        loop {
            let id = self.id.as_raw();
            let last = match self.last.take() {
                Some(last) => ARef::into_raw(last).as_ptr().cast(),
                None => core::ptr::null_mut(),
            };

            // SAFETY: `last` is null, or valid with a reference count that C takes over.
            let pdev = unsafe {
                bindings::pci_get_subsys(id.vendor, id.device, id.subvendor, id.subdevice, last)
            };

            // SAFETY: It comes with a reference count, if it is not null.
            let Some(pdev) = (unsafe { Device::from_get(pdev) }) else {
                self.done = true;
                return None;
            };

            self.last = Some(pdev.clone());
            if self.id.matches(&pdev) {
                return Some(pdev);
            }
        }
    }
}

#[kunit_tests(rust_kernel_pci_topology)]
mod tests {
    use super::*;
    use crate::str::CString;

    #[test]
    fn addresses_are_parsed() -> Result {
        let parse = |text: &str| text.parse::<Address>();

        assert_eq!(parse("0000:00:04.0"), Address::new(0, 0, 4, 0));
        assert_eq!(parse("00:04.0"), Address::new(0, 0, 4, 0));
        assert_eq!(parse("0:4.0"), Address::new(0, 0, 4, 0));
        assert_eq!(parse("10000:e1:00.7"), Address::new(0x10000, 0xe1, 0, 7));
        assert_eq!(
            parse("FfFfFfFf:fF:1F.7"),
            Address::new(u32::MAX, 0xff, 0x1f, 7)
        );
        Ok(())
    }

    #[test]
    fn no_addresses_are_refused() {
        for text in [
            "",
            ":",
            ".",
            "::.",
            "00:04",
            "04.0",
            "00:04.",
            "00:.0",
            ":04.0",
            ":00:04.0",
            "00:04.8",
            "00:20.0",
            "100:04.0",
            "00:004.0",
            "00:04.00",
            "00:04.0.0",
            "0000:0000:00:04.0",
            "123456789:00:04.0",
            "+0:04.0",
            "0x0:04.0",
            "-1:04.0",
            " 00:04.0",
            "00:04.0\n",
            "00:04.g",
            "pci-00:04.0",
        ] {
            assert_eq!(text.parse::<Address>(), Err(EINVAL));
        }
        assert_eq!(Address::new(0, 0, 32, 0), Err(EINVAL));
        assert_eq!(Address::new(0, 0, 0, 8), Err(EINVAL));
    }

    #[test]
    fn addresses_are_shown() -> Result {
        let address = Address::new(0, 0x3a, 0x1f, 7)?;

        assert_eq!(address.id(), 0x3aff);
        assert_eq!((address.device(), address.function()), (0x1f, 7));
        assert_eq!(
            CString::try_from_fmt(fmt!("{address}"))?.as_bytes(),
            b"0000:3a:1f.7"
        );

        let address = Address::new(0x12345, 1, 2, 3)?;
        assert_eq!(
            CString::try_from_fmt(fmt!("{address}"))?.as_bytes(),
            b"12345:01:02.3"
        );
        Ok(())
    }

    #[test]
    fn devices_are_found() {
        let mut count = 0;

        for pdev in Devices::all() {
            let address = pdev.address();
            count += 1;

            assert_eq!(address.id(), pdev.dev_id());
            assert_eq!(address.bus(), pdev.bus().number());

            let found = Device::by_address(address);
            assert!(found.is_some_and(|found| found.as_raw() == pdev.as_raw()));

            let found = pdev.bus().device(address.device(), address.function());
            assert!(found.is_some_and(|found| found.as_raw() == pdev.as_raw()));

            let id = DeviceId::from_id(pdev.vendor_id(), pdev.device_id().into());
            assert!(id.matches(&pdev));
            assert!(Devices::present(&[id]));
            assert!(Devices::matching(id).any(|found| found.as_raw() == pdev.as_raw()));
        }

        let mut devices = Devices::all();
        assert_eq!(devices.by_ref().count(), count);
        // It does not begin again.
        assert!(devices.next().is_none());

        // No device has this vendor, nor this class.
        let nobody = DeviceId::from_id(super::super::Vendor::from_raw(0xffff), 0xffff);
        assert!(!Devices::present(&[nobody]));
        assert!(!Devices::present(&[]));
        assert_eq!(
            Devices::matching(DeviceId::from_class(0xfe_dcba, 0xff_ffff)).count(),
            0
        );
    }
}
