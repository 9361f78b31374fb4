// SPDX-License-Identifier: GPL-2.0

//! Port I/O.
//!
//! C header: [`include/asm-generic/iomap.h`](srctree/include/asm-generic/iomap.h)

use crate::{bindings, build_assert, prelude::*};

/// A range of I/O ports.
///
/// What identifies a port for the CPU, the cookie, is not an address, so this is not an [`Io`]. The
/// methods are the same: those without `try_` take an offset in bytes that the compiler can check
/// against `SIZE`, the others check it at run time and return [`EINVAL`].
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
            Some(end) => end <= size && offset % type_size == 0,
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
