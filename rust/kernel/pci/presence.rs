// SPDX-License-Identifier: GPL-2.0

//! Telling a device that is gone, or frozen, from one that answers.
//!
//! A device may be pulled out, or lose power, at any time. Reading its registers then gives all
//! ones, and writing has no effect; the CPU does not notice otherwise. The PCI core gets to know
//! about it a little later. The accessors of [`Io`] return what the bus returns, like `readl()`: a
//! driver must be prepared for all ones, and most often it is enough not to trust what a register
//! says, e.g. as an index.
//!
//! Where that is not enough, [`Checked`] asks the device whether all ones are its answer, and the
//! PCI core whether the device still may be used. When the device has not been removed and reads
//! something else, this costs one comparison and one read of memory for each access.
//!
//! [`poll_timeout`] is for waiting, by functions that don't have a [`Device<Bound>`]: it gives up
//! when the device is gone or frozen, and when it is being unbound.
//!
//! C header: [`include/linux/pci.h`](srctree/include/linux/pci.h)
//!
//! [`Device<Bound>`]: crate::device::Bound

use super::{Bar, BarMap, Device, PortBar};
use crate::{
    bindings, device,
    devres::Devres,
    io::{
        poll::read_poll_timeout,
        port::Ports,
        register::{
            Location, Readable, Register, RegisterIo, RegisterSpace, Updatable, Word, WordIo,
            Writable,
        },
        Io,
    },
    prelude::*,
    time::Delta,
};

mod private {
    pub trait Sealed {}
}

/// Whether a device can be reached, as far as the PCI core knows.
///
/// This is not the state of the device's power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Nothing is known against it.
    Normal,
    /// An error has been detected, and the device must not be used until recovery has finished.
    Frozen,
    /// The device has been removed, or recovery has failed.
    Gone,
}

impl Reach {
    #[inline]
    fn of(state: bindings::pci_channel_state_t) -> Self {
        match state {
            bindings::pci_channel_io_frozen => Self::Frozen,
            bindings::pci_channel_io_perm_failure => Self::Gone,
            _ => Self::Normal,
        }
    }

    #[inline]
    fn check(self) -> Result {
        match self {
            Self::Normal => Ok(()),
            Self::Frozen => Err(EIO),
            Self::Gone => Err(ENODEV),
        }
    }
}

/// Decides what a read has meant: `known` is what was known against the device after it,
/// `is_present` asks the device.
#[inline]
fn check_answer(known: Result, all_ones: bool, is_present: impl FnOnce() -> bool) -> Result {
    known?;
    if all_ones && !is_present() {
        return Err(ENODEV);
    }

    Ok(())
}

impl Device {
    #[inline]
    fn reach(&self) -> Reach {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`. The field is read once, like
        // with `READ_ONCE()`: C changes it without a lock.
        Reach::of(unsafe { (&raw const (*self.as_raw()).error_state).read_volatile() })
    }

    /// Returns whether the PCI core knows that the device has been removed.
    ///
    /// It does not know for a while, see [`Device::is_present`]. May be called from any context.
    ///
    /// C function: `pci_dev_is_disconnected()`.
    #[inline]
    pub fn is_disconnected(&self) -> bool {
        self.reach() == Reach::Gone
    }

    /// Returns whether the device must not be accessed: because of an error from which it has not
    /// recovered yet, or because it has been removed.
    ///
    /// May be called from any context. C function: `pci_channel_offline()`.
    #[inline]
    pub fn is_offline(&self) -> bool {
        self.reach() != Reach::Normal
    }

    /// Asks the device, unless it is known to be gone.
    ///
    /// # Safety
    ///
    /// The device must be bound during the call.
    unsafe fn answers(&self) -> bool {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`. By the safety requirements,
        // the device is bound, and hence its bus, and the one of the PF if this is a VF, exist.
        unsafe { bindings::pci_device_is_present(self.as_raw()) }
    }
}

impl Device<device::Bound> {
    /// Asks the device whether it is there: whether it answers with a vendor id.
    ///
    /// A device that is in D3cold, or just being reset, does not answer, either. May be called from
    /// any context; reads the configuration space, which takes a microsecond or more.
    ///
    /// C function: [`pci_device_is_present`].
    ///
    /// [`pci_device_is_present`]: srctree/drivers/pci/pci.c
    pub fn is_present(&self) -> bool {
        // SAFETY: The device is bound.
        unsafe { self.answers() }
    }
}

impl Device<device::Core> {
    /// Keeps the PCI core from taking it for a removal when the device loses power, or its link
    /// goes down.
    ///
    /// This is for drivers that switch their device off behind the back of the PCI core. It holds
    /// for the port that the device is plugged into, too, and can't be undone.
    ///
    /// May be called from any context. C function: [`pci_ignore_hotplug`].
    ///
    /// [`pci_ignore_hotplug`]: srctree/drivers/pci/pci.c
    pub fn ignore_hotplug(&self) {
        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`; the device lock is held.
        unsafe { bindings::pci_ignore_hotplug(self.as_raw()) };
    }
}

/// A mapping of registers of a PCI device: [`Bar`], [`BarMap`] or [`PortBar`].
///
/// A mapping is only ever found in a [`Devres`], which revokes it when the device is unbound. Hence
/// the device is bound whenever there is a reference to a mapping.
pub trait Mapping: private::Sealed + Send {
    /// How the registers are accessed.
    type Io: RegisterSpace;

    /// Returns the registers.
    #[doc(hidden)]
    fn io(&self) -> &Self::Io;

    /// Returns the device.
    #[doc(hidden)]
    fn pci_device(&self) -> &Device;
}

macro_rules! impl_mapping {
    ($mapping:ident, $io:ident) => {
        impl<const SIZE: usize> private::Sealed for $mapping<SIZE> {}

        impl<const SIZE: usize> Mapping for $mapping<SIZE> {
            type Io = $io<SIZE>;

            #[inline]
            fn io(&self) -> &Self::Io {
                self
            }

            #[inline]
            fn pci_device(&self) -> &Device {
                self.pdev()
            }
        }

        impl<const SIZE: usize> $mapping<SIZE> {
            /// Returns accessors that tell a device that is gone, or frozen, from one that answers.
            #[inline]
            pub fn checked(&self) -> Checked<'_, Self> {
                Checked { mapping: self }
            }
        }
    };
}

impl_mapping!(Bar, Io);
impl_mapping!(BarMap, Io);
impl_mapping!(PortBar, Ports);

/// Something read from a device, of which all ones may mean that it is gone.
pub trait Answer {
    /// Returns whether all bits are set.
    fn is_all_ones(&self) -> bool;
}

macro_rules! impl_answer {
    ($($word:ty),*) => {
        $(
            impl Answer for $word {
                #[inline]
                fn is_all_ones(&self) -> bool {
                    *self == <$word>::MAX
                }
            }
        )*
    };
}

impl_answer!(u8, u16, u32, u64);

/// Accessors of a mapping that tell a device that is gone, or frozen, from one that answers.
///
/// Obtained from `checked()` of [`Bar`], [`BarMap`] and [`PortBar`]. May be used in any context
/// that the mapping may be accessed in.
///
/// # Errors
///
/// - [`ENODEV`] if the device has been removed, or does not answer.
/// - [`EIO`] if an error has been detected, from which the device has not recovered. What has been
///   read may be right, but the driver must keep off the device until it is told to go on.
///
/// A write is never answered. That it succeeds means no more than that nothing was known against
/// the device.
///
/// # Examples
///
/// ```
/// # use kernel::{devres::Devres, device::{Bound, Device}, pci, prelude::*};
/// kernel::register! {
///     STATUS(u32) @ 0x20, ro {
///         0:0 busy as bool;
///         15:8 queue as u8;
///     }
/// }
///
/// fn queue(dev: &Device<Bound>, bar: &Devres<pci::Bar<0x100>>) -> Result<u8> {
///     Ok(bar.access(dev)?.checked().read(STATUS)?.queue())
/// }
/// ```
pub struct Checked<'a, M: Mapping> {
    mapping: &'a M,
}

impl<M: Mapping> Checked<'_, M> {
    /// Returns `value`, which has just been read from the device, if it is an answer of the device.
    #[inline]
    pub fn check<T: Answer>(&self, value: T) -> Result<T> {
        self.check_word(value.is_all_ones())?;

        Ok(value)
    }

    #[inline]
    fn check_word(&self, all_ones: bool) -> Result {
        let pdev = self.mapping.pci_device();

        check_answer(
            pdev.reach().check(),
            all_ones,
            // SAFETY: A mapping can be reached only as long as the device is bound.
            || unsafe { pdev.answers() },
        )
    }

    /// Reads a register. See [`RegisterIo::read`].
    #[inline]
    pub fn read<L>(&self, location: L) -> Result<L::Register>
    where
        L: Location,
        L::Register: Readable + Register<Block = <M::Io as RegisterSpace>::Block>,
        M::Io: WordIo<<L::Register as Register>::Word>,
    {
        let value = self.mapping.io().read(location);

        self.check_word(value.into_word() == <L::Register as Register>::Word::ALL_ONES)?;
        Ok(value)
    }

    /// Writes a register. See [`RegisterIo::write`].
    #[inline]
    pub fn write<L>(&self, location: L, value: L::Register) -> Result
    where
        L: Location,
        L::Register: Writable + Register<Block = <M::Io as RegisterSpace>::Block>,
        M::Io: WordIo<<L::Register as Register>::Word>,
    {
        self.mapping.pci_device().reach().check()?;
        self.mapping.io().write(location, value);
        Ok(())
    }

    /// Reads a register, and writes what `f` makes of it. See [`RegisterIo::update`].
    ///
    /// Nothing is written if reading fails.
    #[inline]
    pub fn update<L>(&self, location: L, f: impl FnOnce(L::Register) -> L::Register) -> Result
    where
        L: Location,
        L::Register: Updatable + Register<Block = <M::Io as RegisterSpace>::Block>,
        M::Io: WordIo<<L::Register as Register>::Word>,
    {
        let value = self.read(location)?;

        self.mapping.io().write(location, f(value.unchanged()));
        Ok(())
    }
}

/// Calls `op` until `cond` holds for what it returns, and returns that.
///
/// Between the calls, this sleeps for `sleep_delta`. `op` itself must not sleep. See
/// [`read_poll_timeout`].
///
/// The mapping is looked up anew for each call, so that unbinding does not have to wait. A function
/// that has a [`Device<Bound>`](crate::device::Bound) can use [`read_poll_timeout`] and
/// [`Checked`] instead.
///
/// Must be called from process context.
///
/// # Errors
///
/// - [`ENODEV`] if the device is being unbound, has been removed, or does not answer.
/// - [`EIO`] if an error has been detected, see [`Checked`].
/// - [`ETIMEDOUT`] if `cond` does not hold after `timeout_delta`.
/// - Others that `op` returns.
///
/// # Examples
///
/// ```
/// # use kernel::{devres::Devres, io::register::RegisterIo, pci, prelude::*, time::Delta};
/// kernel::register! {
///     COMMAND(u32) @ 0x10 {
///         0:0 start as bool;
///         /// Set as long as the device is at it.
///         1:1 busy as bool, ro;
///     }
/// }
///
/// fn run(bar: &Devres<pci::Bar<0x100>>) -> Result {
///     bar.try_access_with(|bar| bar.write(COMMAND, COMMAND::default().with_start(true)))
///         .ok_or(ENODEV)?;
///
///     pci::poll_timeout(
///         bar,
///         |bar| bar.read(COMMAND),
///         |command| !command.busy(),
///         Delta::from_millis(1),
///         Delta::from_secs(1),
///     )?;
///     Ok(())
/// }
/// ```
pub fn poll_timeout<M: Mapping, T>(
    mapping: &Devres<M>,
    mut op: impl FnMut(&Checked<'_, M>) -> Result<T>,
    cond: impl FnMut(&T) -> bool,
    sleep_delta: Delta,
    timeout_delta: Delta,
) -> Result<T> {
    read_poll_timeout(
        || {
            mapping
                .try_access_with(|mapping| op(&Checked { mapping }))
                .ok_or(ENODEV)?
        },
        cond,
        sleep_delta,
        timeout_delta,
    )
}

#[kunit_tests(rust_kernel_pci_presence)]
mod tests {
    use super::*;

    #[test]
    fn states_of_c() {
        assert_eq!(Reach::of(bindings::pci_channel_io_normal), Reach::Normal);
        assert_eq!(Reach::of(bindings::pci_channel_io_frozen), Reach::Frozen);
        assert_eq!(
            Reach::of(bindings::pci_channel_io_perm_failure),
            Reach::Gone
        );
        // What a device has before its state is set up.
        assert_eq!(Reach::of(0), Reach::Normal);
    }

    #[test]
    fn answers_are_told_from_silence() {
        // The device is asked only if there is doubt.
        let mut asked = false;
        assert_eq!(
            check_answer(Reach::Normal.check(), false, || {
                asked = true;
                false
            }),
            Ok(())
        );
        assert!(!asked);

        assert_eq!(check_answer(Ok(()), true, || true), Ok(()));
        assert_eq!(check_answer(Ok(()), true, || false), Err(ENODEV));
        assert_eq!(
            check_answer(Reach::Frozen.check(), false, || true),
            Err(EIO)
        );
        assert_eq!(check_answer(Reach::Frozen.check(), true, || true), Err(EIO));
        assert_eq!(
            check_answer(Reach::Gone.check(), false, || true),
            Err(ENODEV)
        );
        assert_eq!(
            check_answer(Reach::Gone.check(), true, || false),
            Err(ENODEV)
        );
        assert_eq!(Reach::Normal.check(), Ok(()));
        assert_eq!(Reach::Frozen.check(), Err(EIO));
        assert_eq!(Reach::Gone.check(), Err(ENODEV));
    }

    #[test]
    fn all_ones() {
        assert!(u8::MAX.is_all_ones() && u16::MAX.is_all_ones());
        assert!(u32::MAX.is_all_ones() && u64::MAX.is_all_ones());
        assert!(!0xffu16.is_all_ones() && !u64::from(u32::MAX).is_all_ones());
    }
}
