// SPDX-License-Identifier: GPL-2.0

//! PCI configuration space.
//!
//! C header: [`include/linux/pci.h`](srctree/include/linux/pci.h)

use super::Device;
use crate::{bindings, device, prelude::*};
use core::marker::PhantomData;

mod private {
    pub trait Sealed {}
}

/// The kind of a [`ConfigSpace`], which determines its size.
pub trait ConfigSpaceKind: private::Sealed {
    /// The size in bytes.
    const SIZE: usize;
}

/// The configuration space that every PCI function has, of 256 bytes.
pub struct Normal;

/// The configuration space of PCI Express and PCI-X 2.0 functions, of 4096 bytes.
pub struct Extended;

impl private::Sealed for Normal {}
impl private::Sealed for Extended {}

impl ConfigSpaceKind for Normal {
    const SIZE: usize = bindings::PCI_CFG_SPACE_SIZE as usize;
}

impl ConfigSpaceKind for Extended {
    const SIZE: usize = bindings::PCI_CFG_SPACE_EXP_SIZE as usize;
}

/// The size of the configuration space of a device, see [`Device::cfg_size`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum ConfigSpaceSize {
    /// 256 bytes, see [`Normal`].
    Normal = Normal::SIZE,
    /// 4096 bytes, see [`Extended`].
    Extended = Extended::SIZE,
}

impl ConfigSpaceSize {
    /// Returns the size in bytes.
    #[inline]
    pub const fn into_raw(self) -> usize {
        self as usize
    }
}

/// Whether a register of `size` bytes exists at `offset`, in a space of `space` bytes.
const fn offset_valid(offset: usize, size: usize, space: usize) -> bool {
    // `size` is a power of two that divides `space`, so an aligned register does not cross the end.
    offset & (size - 1) == 0 && offset < space
}

/// Decides what a value read from a device is worth.
///
/// A device that does not answer, since it has been removed or powered off, or does not accept
/// requests at the moment, gives all-ones without an error. Unless `value` is `all_ones`, the
/// device has answered; if it is, the value is real only if the device `is_present`.
#[inline]
pub(super) fn check_answer<T: PartialEq>(
    value: T,
    all_ones: T,
    is_present: impl FnOnce() -> bool,
) -> Result<T> {
    if value == all_ones && !is_present() {
        return Err(ENODEV);
    }

    Ok(value)
}

/// The configuration space of a device.
///
/// Obtained from [`Device::config_space`] or [`Device::config_space_extended`].
///
/// All methods may be called in any context, including hard interrupt and with interrupts disabled;
/// a single access does not interfere with others. They are slow, a microsecond or more, and not
/// for hot paths.
///
/// # Offsets
///
/// Offsets are in bytes and must be a multiple of the size of the register. Where an offset is
/// known when the driver is written, it is a const argument and checked by the compiler:
///
/// ```
/// # use kernel::{device::Bound, pci, prelude::*};
/// # fn test(pdev: &pci::Device<Bound>) -> Result {
/// const COMMAND: usize = 0x04;
///
/// let command = pdev.config_space().read16::<COMMAND>()?;
/// # let _ = command;
/// # Ok(())
/// # }
/// ```
///
/// Capabilities are found at run time; the methods `try_*` take such offsets and return [`EINVAL`]
/// if there can't be a register of this size.
///
/// # Errors
///
/// - [`ENODEV`] if the device does not answer: it has been removed, or is in D3cold. When a device
///   has just been removed, C does not know yet and reports success, with all bits set. Therefore,
///   if all bits are set, this looks whether the device still answers with a vendor id.
/// - [`EINVAL`], see above.
/// - Others if the host controller fails ([`pcibios_err_to_errno`]).
///
/// Writes are not acknowledged in a way that the CPU could notice. That they succeed means no more
/// than that the device was not known to be gone.
///
/// # Read, modify, write
///
/// The methods `clear_and_set*` are not atomic. The driver must see to it that it does not change
/// the same register from two places at the same time. Mind also that bits which are cleared by
/// writing 1 to them are cleared by writing back what was read; name them in `clear` to keep them.
///
/// # Registers of the PCI core
///
/// Nothing keeps a driver from writing to registers that the PCI core manages, and behind its back
/// it takes the ground from under what the other methods of [`Device`] promise. A driver must leave
/// alone:
///
/// - the command register: use [`Device::enable_device_mem`], [`Device::set_master`] and
///   [`Device::clear_master`]. The PCI core reads, modifies and writes it under the device lock,
///   e.g. the bits for bus mastering and for the interrupt pin, so that anybody else who does this
///   races with it;
/// - the BARs, and the latency timer and cache line size;
/// - the MSI and MSI-X capabilities: use [`Device::alloc_irq_vectors`];
/// - the power management capability, and the resizable BAR, SR-IOV and AER capabilities;
/// - in the PCI Express capability, what the PCI core or a service driver changes, such as device,
///   link and slot control, for which C has accessors that hold a lock.
///
/// [`pcibios_err_to_errno`]: srctree/include/linux/pci.h
///
/// # Examples
///
/// ```
/// # use kernel::{device::Bound, pci, prelude::*};
/// /// Counts the capabilities of the device.
/// fn count_capabilities(pdev: &pci::Device<Bound>) -> Result<usize> {
///     const CAPABILITY_LIST: usize = 0x34;
///
///     let config = pdev.config_space();
///     let mut pos = config.read8::<CAPABILITY_LIST>()? & !3;
///     let mut count = 0;
///
///     // There is room for no more than 48, the list of a broken device may be a circle.
///     while pos != 0 && count < 48 {
///         let header = config.try_read16(pos.into())?;
///
///         count += 1;
///         pos = (header >> 8) as u8 & !3;
///     }
///
///     Ok(count)
/// }
/// ```
pub struct ConfigSpace<'a, S: ConfigSpaceKind = Extended> {
    pdev: &'a Device<device::Bound>,
    _kind: PhantomData<S>,
}

impl<S: ConfigSpaceKind> Clone for ConfigSpace<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: ConfigSpaceKind> Copy for ConfigSpace<'_, S> {}

macro_rules! impl_access {
    ($ty:ty, $bits:literal, $read:ident, $try_read:ident, $write:ident, $try_write:ident,
     $clear_and_set:ident, $try_clear_and_set:ident, $c_read:ident, $c_write:ident) => {
        #[doc = concat!("Reads the ", $bits, "-bit register at `OFFSET`.")]
        ///
        /// See [`ConfigSpace`] for contexts and errors.
        #[inline]
        pub fn $read<const OFFSET: usize>(&self) -> Result<$ty> {
            const { assert!(offset_valid(OFFSET, core::mem::size_of::<$ty>(), S::SIZE)) };

            self.$try_read(OFFSET)
        }

        #[doc = concat!("Reads the ", $bits, "-bit register at `offset`.")]
        ///
        /// See [`ConfigSpace`] for contexts and errors.
        #[inline]
        pub fn $try_read(&self, offset: usize) -> Result<$ty> {
            let mut value = 0;
            let offset = Self::check_offset(offset, core::mem::size_of::<$ty>())?;

            // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, `value` is valid for
            // writes.
            let ret = unsafe { bindings::$c_read(self.pdev.as_raw(), offset, &mut value) };
            Self::check_return(ret)?;

            check_answer(value, <$ty>::MAX, || self.is_present())
        }

        #[doc = concat!("Writes `value` to the ", $bits, "-bit register at `OFFSET`.")]
        ///
        /// See [`ConfigSpace`] for contexts and errors.
        #[inline]
        pub fn $write<const OFFSET: usize>(&self, value: $ty) -> Result {
            const { assert!(offset_valid(OFFSET, core::mem::size_of::<$ty>(), S::SIZE)) };

            self.$try_write(OFFSET, value)
        }

        #[doc = concat!("Writes `value` to the ", $bits, "-bit register at `offset`.")]
        ///
        /// See [`ConfigSpace`] for contexts and errors.
        #[inline]
        pub fn $try_write(&self, offset: usize, value: $ty) -> Result {
            let offset = Self::check_offset(offset, core::mem::size_of::<$ty>())?;

            // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`.
            Self::check_return(unsafe { bindings::$c_write(self.pdev.as_raw(), offset, value) })
        }

        #[doc = concat!("Reads the ", $bits, "-bit register at `OFFSET`, clears the bits `clear`,")]
        /// sets the bits `set`, and writes it back. Returns what has been read.
        ///
        /// This is not atomic, see [`ConfigSpace`], also for contexts and errors. Nothing is
        /// written if reading fails.
        #[inline]
        pub fn $clear_and_set<const OFFSET: usize>(&self, clear: $ty, set: $ty) -> Result<$ty> {
            const { assert!(offset_valid(OFFSET, core::mem::size_of::<$ty>(), S::SIZE)) };

            self.$try_clear_and_set(OFFSET, clear, set)
        }

        #[doc = concat!("Reads the ", $bits, "-bit register at `offset`, clears the bits `clear`,")]
        /// sets the bits `set`, and writes it back. Returns what has been read.
        ///
        /// This is not atomic, see [`ConfigSpace`], also for contexts and errors. Nothing is
        /// written if reading fails.
        pub fn $try_clear_and_set(&self, offset: usize, clear: $ty, set: $ty) -> Result<$ty> {
            let value = self.$try_read(offset)?;

            self.$try_write(offset, value & !clear | set)?;
            Ok(value)
        }
    };
}

impl<'a, S: ConfigSpaceKind> ConfigSpace<'a, S> {
    impl_access!(
        u8,
        "8",
        read8,
        try_read8,
        write8,
        try_write8,
        clear_and_set8,
        try_clear_and_set8,
        pci_read_config_byte,
        pci_write_config_byte
    );

    impl_access!(
        u16,
        "16",
        read16,
        try_read16,
        write16,
        try_write16,
        clear_and_set16,
        try_clear_and_set16,
        pci_read_config_word,
        pci_write_config_word
    );

    impl_access!(
        u32,
        "32",
        read32,
        try_read32,
        write32,
        try_write32,
        clear_and_set32,
        try_clear_and_set32,
        pci_read_config_dword,
        pci_write_config_dword
    );

    /// Returns whether the device answers to configuration accesses.
    ///
    /// C function: `pci_device_is_present()`, which also does the right thing for virtual
    /// functions, which have no vendor id. May be called in any context.
    ///
    /// Below some switches of IDT this also modifies the access control of the port above the
    /// device for a moment, see `pci_idt_bus_quirk()`, and does so without a lock: two at a time
    /// may disturb each other.
    pub fn is_present(&self) -> bool {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`.
        unsafe { bindings::pci_device_is_present(self.pdev.as_raw()) }
    }

    /// Returns the size of this space in bytes.
    #[inline]
    pub const fn size(&self) -> usize {
        S::SIZE
    }

    fn check_offset(offset: usize, size: usize) -> Result<c_int> {
        if !offset_valid(offset, size, S::SIZE) {
            return Err(EINVAL);
        }

        Ok(c_int::try_from(offset)?)
    }

    /// Converts what C returns, which is an errno or one of the positive `PCIBIOS_*`.
    #[inline]
    fn check_return(ret: c_int) -> Result {
        if ret != 0 {
            return Err(Self::error(ret));
        }

        Ok(())
    }

    #[cold]
    fn error(ret: c_int) -> Error {
        // SAFETY: There are no requirements.
        Error::from_errno(unsafe { bindings::pcibios_err_to_errno(ret) })
    }
}

impl Device {
    /// Returns the size of the configuration space.
    ///
    /// It is [`ConfigSpaceSize::Normal`] also for a device that has more of which nothing can be
    /// accessed on this system. May be called in any context.
    #[inline]
    pub fn cfg_size(&self) -> ConfigSpaceSize {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`; `cfg_size` does not change
        // once the device has been added.
        let size = unsafe { (*self.as_raw()).cfg_size };

        if usize::try_from(size).is_ok_and(|size| size >= Extended::SIZE) {
            ConfigSpaceSize::Extended
        } else {
            ConfigSpaceSize::Normal
        }
    }
}

impl Device<device::Bound> {
    /// Returns the first 256 bytes of the configuration space, which every device has.
    #[inline]
    pub fn config_space(&self) -> ConfigSpace<'_, Normal> {
        ConfigSpace {
            pdev: self,
            _kind: PhantomData,
        }
    }

    /// Returns the configuration space with 4096 bytes.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the device has only 256 bytes, or no more can be accessed on this system.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::{device::Bound, pci, prelude::*};
    /// fn first_extended_capability(pdev: &pci::Device<Bound>) -> Result<u16> {
    ///     let header = pdev.config_space_extended()?.read32::<0x100>()?;
    ///
    ///     Ok(header as u16)
    /// }
    /// ```
    pub fn config_space_extended(&self) -> Result<ConfigSpace<'_, Extended>> {
        if self.cfg_size() != ConfigSpaceSize::Extended {
            return Err(EINVAL);
        }

        Ok(ConfigSpace {
            pdev: self,
            _kind: PhantomData,
        })
    }
}

#[kunit_tests(rust_kernel_pci_config)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_aligned_and_inside() {
        for space in [Normal::SIZE, Extended::SIZE] {
            for size in [1, 2, 4] {
                for offset in 0..2 * Extended::SIZE {
                    let expected = offset % size == 0 && offset + size <= space;
                    assert_eq!(offset_valid(offset, size, space), expected);
                }
                assert!(!offset_valid(usize::MAX, size, space));
                assert!(!offset_valid(usize::MAX - size + 1, size, space));
            }
        }
    }

    #[test]
    fn all_ones_are_checked() {
        // The device is asked only if there is doubt.
        assert_eq!(check_answer(0u8, u8::MAX, || false), Ok(0));
        assert_eq!(check_answer(0xff_u16, u16::MAX, || false), Ok(0xff));
        assert_eq!(check_answer(u8::MAX, u8::MAX, || true), Ok(u8::MAX));
        assert_eq!(check_answer(u8::MAX, u8::MAX, || false), Err(ENODEV));
        assert_eq!(check_answer(u32::MAX, u32::MAX, || true), Ok(u32::MAX));
        assert_eq!(check_answer(u32::MAX, u32::MAX, || false), Err(ENODEV));
    }

    #[test]
    fn errors_of_c_are_converted() {
        type Space<'a> = ConfigSpace<'a, Normal>;

        assert_eq!(Space::check_return(0), Ok(()));
        assert_eq!(Space::check_return(0x86), Err(ENODEV)); // PCIBIOS_DEVICE_NOT_FOUND
        assert_eq!(Space::check_return(0x87), Err(EFAULT)); // PCIBIOS_BAD_REGISTER_NUMBER
        assert_eq!(Space::check_return(EIO.to_errno()), Err(EIO));
    }
}
