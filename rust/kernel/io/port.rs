// SPDX-License-Identifier: GPL-2.0

//! Port I/O.
//!
//! C headers: [`include/asm-generic/iomap.h`](srctree/include/asm-generic/iomap.h),
//! [`include/linux/ioport.h`](srctree/include/linux/ioport.h)

use crate::{
    bindings, build_assert,
    device::{Bound, Device},
    devres::Devres,
    prelude::*,
};
use core::ops::Deref;

/// A range of I/O ports.
///
/// What identifies a port for the CPU, the cookie, is not an address, so this is not an [`Io`]. The
/// methods are the same: those without `try_` take an offset in bytes that the compiler can check
/// against `SIZE`, the others check it at run time and return [`EINVAL`]. Offsets need not be
/// multiples of the size: what a device has at odd ports is up to the device.
///
/// May be accessed in any context. Port I/O is slow: a write is not posted, it has reached the
/// device when it returns.
///
/// [`Io`]: super::Io
///
/// # Invariants
///
/// `cookie` is what the C function `ioport_map()`, or `pci_iomap()` for a BAR of I/O ports, has
/// returned for `maxsize` ports, and may be used as long as `self` can be reached. `maxsize` is not
/// less than `SIZE`.
pub struct Ports<const SIZE: usize = 0> {
    cookie: usize,
    maxsize: usize,
}

macro_rules! define_access {
    ($word:ty, $bits:literal, $read:ident, $try_read:ident, $write:ident, $try_write:ident,
     $c_read:ident, $c_write:ident) => {
        #[doc = concat!("Reads ", $bits, " bits at an offset that is known to the compiler.")]
        // Always inline to optimize out the error path of `offset_assert`.
        #[inline(always)]
        pub fn $read(&self, offset: usize) -> $word {
            let cookie = self.offset_assert::<$word>(offset);

            // SAFETY: By the type invariants, `cookie` is valid for port I/O.
            unsafe { bindings::$c_read(cookie) as $word }
        }

        #[doc = concat!("Reads ", $bits, " bits at `offset`.")]
        pub fn $try_read(&self, offset: usize) -> Result<$word> {
            let cookie = self.offset_checked::<$word>(offset)?;

            // SAFETY: By the type invariants, `cookie` is valid for port I/O.
            Ok(unsafe { bindings::$c_read(cookie) as $word })
        }

        #[doc = concat!("Writes ", $bits, " bits at an offset that is known to the compiler.")]
        // Always inline to optimize out the error path of `offset_assert`.
        #[inline(always)]
        pub fn $write(&self, value: $word, offset: usize) {
            let cookie = self.offset_assert::<$word>(offset);

            // SAFETY: By the type invariants, `cookie` is valid for port I/O.
            unsafe { bindings::$c_write(value, cookie) }
        }

        #[doc = concat!("Writes ", $bits, " bits at `offset`.")]
        pub fn $try_write(&self, value: $word, offset: usize) -> Result {
            let cookie = self.offset_checked::<$word>(offset)?;

            // SAFETY: By the type invariants, `cookie` is valid for port I/O.
            unsafe { bindings::$c_write(value, cookie) };
            Ok(())
        }
    };
}

impl<const SIZE: usize> Ports<SIZE> {
    /// Returns the ports behind a cookie, or [`EINVAL`] if there are less than `SIZE`.
    ///
    /// # Safety
    ///
    /// `cookie` must be what the C function `ioport_map()` or `pci_iomap()` has returned for
    /// `maxsize` I/O ports, and remain valid as long as the returned value can be reached.
    pub unsafe fn from_raw(cookie: usize, maxsize: usize) -> Result<Self> {
        if maxsize < SIZE {
            return Err(EINVAL);
        }

        // INVARIANT: By the safety requirements, and `SIZE` has just been checked.
        Ok(Self { cookie, maxsize })
    }

    /// Returns the cookie of the first port.
    #[inline]
    pub fn cookie(&self) -> usize {
        self.cookie
    }

    /// Returns the number of ports.
    #[inline]
    pub fn maxsize(&self) -> usize {
        self.maxsize
    }

    #[inline]
    const fn offset_valid<U>(offset: usize, size: usize) -> bool {
        let type_size = core::mem::size_of::<U>();

        match offset.checked_add(type_size) {
            Some(end) => end <= size,
            None => false,
        }
    }

    #[inline]
    fn offset_checked<U>(&self, offset: usize) -> Result<*mut c_void> {
        if !Self::offset_valid::<U>(offset, self.maxsize) {
            return Err(EINVAL);
        }

        Ok((self.cookie + offset) as *mut c_void)
    }

    // Always inline to optimize out the error path of `build_assert`.
    #[inline(always)]
    fn offset_assert<U>(&self, offset: usize) -> *mut c_void {
        build_assert!(Self::offset_valid::<U>(offset, SIZE));

        (self.cookie + offset) as *mut c_void
    }

    define_access!(u8, "8", read8, try_read8, write8, try_write8, ioread8, iowrite8);
    define_access!(
        u16,
        "16",
        read16,
        try_read16,
        write16,
        try_write16,
        ioread16,
        iowrite16
    );
    define_access!(
        u32,
        "32",
        read32,
        try_read32,
        write32,
        try_write32,
        ioread32,
        iowrite32
    );
}

/// I/O ports at a known place, requested for exclusive use: those of a device that has been there
/// since before ports had BARs.
///
/// Accessed through [`Ports`], to which this dereferences. They are released when the device is
/// unbound. The ports of VGA belong to several devices, see [`pci::Device::vga_ports`].
///
/// [`pci::Device::vga_ports`]: crate::pci::Device::vga_ports
///
/// # Examples
///
/// ```
/// # use kernel::{c_str, device::Bound, devres::Devres, io::port::PortRegion, pci, prelude::*};
/// /// Index and data of a device.
/// fn request(pdev: &pci::Device<Bound>) -> Result<Pin<KBox<Devres<PortRegion<2>>>>> {
///     KBox::pin_init(
///         PortRegion::request(pdev.as_ref(), 0x1ce, c_str!("index")),
///         GFP_KERNEL,
///     )
/// }
/// ```
///
/// # Invariants
///
/// The ports from `first` on, as many as `ports` has, have been requested, and mapped as `ports`.
pub struct PortRegion<const SIZE: usize> {
    ports: Ports<SIZE>,
    first: u16,
}

impl<const SIZE: usize> PortRegion<SIZE> {
    /// Requests and maps the ports from `first` on, for `dev`. `name` appears in `/proc/ioports`.
    ///
    /// Must be called from process context; may sleep. C functions: `request_region()`,
    /// `ioport_map()`.
    ///
    /// # Errors
    ///
    /// - [`EBUSY`] if one of them has been requested before, by whomever.
    /// - [`ENODEV`] if the machine has no I/O ports, or these can't be mapped.
    pub fn request<'a>(
        dev: &'a Device<Bound>,
        first: u16,
        name: &'static CStr,
    ) -> impl PinInit<Devres<Self>, Error> + 'a {
        const { assert!(SIZE > 0 && SIZE <= 0x10000) };

        Devres::new_with(dev, move || Self::new(first, name))
    }

    fn new(first: u16, name: &'static CStr) -> Result<Self> {
        let (start, len) = (first.into(), SIZE as bindings::resource_size_t);
        // SAFETY: `name` is a valid string until the driver is gone, and so is the region by then.
        if unsafe { bindings::request_region(start, len, name.as_char_ptr()) }.is_null() {
            return Err(EBUSY);
        }

        // SAFETY: There is nothing to be kept.
        let cookie = unsafe { bindings::ioport_map(first.into(), SIZE as c_uint) };
        if cookie.is_null() {
            // SAFETY: The region has just been requested.
            unsafe { bindings::release_region(start, len) };
            return Err(ENODEV);
        }

        // INVARIANT: Just requested and mapped, also that of `Ports`; it is unmapped when `self` is
        // dropped.
        Ok(Self {
            ports: Ports {
                cookie: cookie as usize,
                maxsize: SIZE,
            },
            first,
        })
    }
}

impl<const SIZE: usize> Drop for PortRegion<SIZE> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants; nobody uses `ports` any more.
        unsafe {
            bindings::ioport_unmap(self.ports.cookie as *mut c_void);
            bindings::release_region(self.first.into(), SIZE as bindings::resource_size_t);
        }
    }
}

impl<const SIZE: usize> Deref for PortRegion<SIZE> {
    type Target = Ports<SIZE>;

    fn deref(&self) -> &Self::Target {
        &self.ports
    }
}
