// SPDX-License-Identifier: GPL-2.0

//! Recovery from errors of the PCI bus.
//!
//! C header: [`include/linux/pci.h`](srctree/include/linux/pci.h)
//!
//! When the hardware reports an error that can't be corrected (AER, DPC, EEH), the core asks the
//! drivers of all devices that are concerned what to do, resets what has to be reset, and tells
//! them how it went:
//!
//! | callback | when | tells |
//! | -------- | ---- | ----- |
//! | `error_detected` | first of all; the device may be cut off | what the driver needs |
//! | `mmio_enabled` | all have said [`RecoveryResult::CanRecover`] | whether it could |
//! | `slot_reset` | the device has been reset | whether it could be initialized |
//! | `resume` | all have said [`RecoveryResult::Recovered`] | |
//!
//! A reset that is not part of a recovery, e.g. as user space has written to `reset` in sysfs, is
//! announced by [`reset_prepare`](Driver::reset_prepare) and
//! [`reset_done`](Driver::reset_done).
//!
//! Which locks are held in which callback is said in the
//! [documentation of `pci`](super#contexts-of-the-callbacks). The PCI core goes through the devices
//! of a bus meanwhile, with a lock for reading, `pci_bus_sem`. What takes that lock gives
//! [`EDEADLK`] when it is called for the device by one of the four callbacks above: resets, changes
//! of the power state and of BARs, enabling the device, and what adds or removes virtual functions.
//!
//! Documentation:
//! [`Documentation/PCI/pci-error-recovery.rst`](srctree/Documentation/PCI/pci-error-recovery.rst)

use super::{Adapter, Device};
use crate::{
    bindings,
    device::{self, Core},
    devres::BindingState,
    error::VTABLE_DEFAULT_ERROR,
    prelude::*,
    task::Task,
};
use core::{marker::PhantomData, pin::Pin};

/// What an error has done to the connection of a device.
///
/// C type: `pci_channel_state_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelState {
    /// The device can be accessed, e.g. after an error that is not fatal.
    Normal,
    /// The device is cut off: reads give all ones, writes and DMA have no effect.
    Frozen,
    /// The device is lost for good.
    PermFailure,
}

impl ChannelState {
    fn from_raw(state: bindings::pci_channel_state_t) -> Self {
        match state {
            1 => Self::Normal,
            2 => Self::Frozen,
            // Whatever else there will be: don't touch the device.
            _ => Self::PermFailure,
        }
    }
}

/// What a driver needs to recover, or whether it has recovered.
///
/// C type: `pci_ers_result_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryResult {
    /// The driver has no opinion.
    None,
    /// The driver can recover without a reset, if it may access the registers.
    CanRecover,
    /// The driver needs the device to be reset.
    NeedReset,
    /// The driver gives up the device.
    Disconnect,
    /// The device works again.
    Recovered,
}

impl RecoveryResult {
    pub(super) fn as_raw(self) -> bindings::pci_ers_result_t {
        match self {
            Self::None => bindings::pci_ers_result_PCI_ERS_RESULT_NONE,
            Self::CanRecover => bindings::pci_ers_result_PCI_ERS_RESULT_CAN_RECOVER,
            Self::NeedReset => bindings::pci_ers_result_PCI_ERS_RESULT_NEED_RESET,
            Self::Disconnect => bindings::pci_ers_result_PCI_ERS_RESULT_DISCONNECT,
            Self::Recovered => bindings::pci_ers_result_PCI_ERS_RESULT_RECOVERED,
        }
    }
}

/// The error handlers of a PCI driver.
///
/// All of them are optional; without [`error_detected`](Self::error_detected), neither this device
/// nor the others that are concerned by an error recover from it. They run in process context with
/// the device lock held, and may sleep. They are called as long as the data of the driver exists:
/// not before [`probe`](super::Driver::probe) has returned, and not once
/// [`unbind`](super::Driver::unbind) has been called.
///
/// # Examples
///
/// ```
/// # use kernel::{device::Core, pci::{self, err::{ChannelState, RecoveryResult}}, prelude::*};
/// # use kernel::bindings;
/// struct MyDriver;
///
/// # kernel::pci_device_table!(
/// #     PCI_TABLE,
/// #     MODULE_PCI_TABLE,
/// #     <MyDriver as pci::Driver>::IdInfo,
/// #     [(pci::DeviceId::from_id(pci::Vendor::REDHAT, bindings::PCI_ANY_ID as u32), ())]
/// # );
/// impl pci::Driver for MyDriver {
///     type IdInfo = ();
///     const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;
///     const ERROR_HANDLERS: Option<pci::err::Handlers<Self>> = Some(pci::err::Handlers::new());
///
///     fn probe(pdev: &pci::Device<Core>, _info: &()) -> Result<Pin<KBox<Self>>> {
///         pdev.save_state()?;
///         Ok(KBox::new(MyDriver, GFP_KERNEL)?.into())
///     }
/// }
///
/// #[vtable]
/// impl pci::err::Driver for MyDriver {
///     fn error_detected(
///         _pdev: &pci::Device<Core>,
///         _this: Pin<&Self>,
///         state: ChannelState,
///     ) -> RecoveryResult {
///         match state {
///             ChannelState::PermFailure => RecoveryResult::Disconnect,
///             _ => RecoveryResult::NeedReset,
///         }
///     }
///
///     fn slot_reset(pdev: &pci::Device<Core>, _this: Pin<&Self>) -> RecoveryResult {
///         pdev.restore_state();
///         // It is used up; save it for the next time.
///         match pdev.save_state() {
///             Ok(()) => RecoveryResult::Recovered,
///             Err(_) => RecoveryResult::Disconnect,
///         }
///     }
/// }
/// ```
#[vtable]
pub trait Driver: super::Driver {
    /// An error has been detected on the bus that leads to the device.
    ///
    /// The driver stops to use the device, and says what it needs. With
    /// [`ChannelState::PermFailure`], the answer does not matter.
    fn error_detected(dev: &Device<Core>, this: Pin<&Self>, state: ChannelState) -> RecoveryResult {
        let _ = (dev, this, state);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The registers can be accessed again; DMA may still be cut off.
    fn mmio_enabled(dev: &Device<Core>, this: Pin<&Self>) -> RecoveryResult {
        let _ = (dev, this);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The device has been reset, and must be initialized again; what the configuration space
    /// contained is lost unless the driver restores it.
    ///
    /// What [`Device::save_state`] has saved is used up once it has been restored, which the PCI
    /// core does, too, when the device resumes. A driver that saves it in probe should keep a copy
    /// ([`Device::store_saved_state`]), and load it here before it restores it.
    fn slot_reset(dev: &Device<Core>, this: Pin<&Self>) -> RecoveryResult {
        let _ = (dev, this);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The function is about to be reset: the driver stops to use it.
    ///
    /// Also called if the driver itself resets the device by [`Device::reset_function`].
    fn reset_prepare(dev: &Device<Core>, this: Pin<&Self>) {
        let _ = (dev, this);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The reset is over, or has failed; the configuration space has been restored.
    fn reset_done(dev: &Device<Core>, this: Pin<&Self>) {
        let _ = (dev, this);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// All devices have recovered: the driver goes on.
    fn resume(dev: &Device<Core>, this: Pin<&Self>) {
        let _ = (dev, this);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The hardware has corrected an error. Nothing needs to be done.
    fn cor_error_detected(dev: &Device<Core>, this: Pin<&Self>) {
        let _ = (dev, this);
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// Notes that the current task runs a callback of the recovery of a device, which has a
/// [`BindingState`]. Since the device lock is held, there is one such task at a time.
struct Recovery<'a>(&'a device::Device);

impl<'a> Recovery<'a> {
    fn begin(dev: &'a device::Device<Core>) -> Self {
        let task = Task::current_raw() as usize;

        BindingState::with_existing(dev, |state| state.recovery_task = task);
        Self(dev)
    }
}

impl Drop for Recovery<'_> {
    fn drop(&mut self) {
        BindingState::with_existing(self.0, |state| state.recovery_task = 0);
    }
}

impl Device {
    /// Returns [`EDEADLK`] if the current task runs a callback of the recovery of this device, for
    /// what takes `pci_bus_sem`, which the PCI core may hold then.
    ///
    /// To read-lock it a second time is to wait for whoever wants to write-lock it, and waits for
    /// the first one.
    pub(super) fn check_bus_lock(&self) -> Result {
        let mut task = 0;
        BindingState::with_existing(self.as_ref(), |state| task = state.recovery_task);

        if task == Task::current_raw() as usize {
            return Err(EDEADLK);
        }
        Ok(())
    }
}

/// The C functions behind the callbacks.
///
/// All of them have the same safety requirements: only to be called by the PCI core as members of
/// the `struct pci_error_handlers` of the driver, for a device to which `T` is bound, or is being
/// bound or unbound, with the device lock held.
struct Callbacks<T>(PhantomData<T>);

impl<T: Driver + 'static> Callbacks<T> {
    /// Calls `f`, unless the driver has no data.
    ///
    /// # Safety
    ///
    /// See [`Callbacks`].
    unsafe fn recover(
        pdev: *mut bindings::pci_dev,
        f: impl FnOnce(&Device<Core>, Pin<&T>) -> RecoveryResult,
    ) -> bindings::pci_ers_result_t {
        // SAFETY: By the safety requirements of this function; the device lock is held.
        match unsafe { Adapter::<T>::bound_pci(pdev) } {
            Some((dev, this)) => {
                let dev: &Device<Core> = dev;
                let _recovery = Recovery::begin(dev.as_ref());

                f(dev, this)
            }
            None => RecoveryResult::None,
        }
        .as_raw()
    }

    /// # Safety
    ///
    /// See [`Callbacks`].
    unsafe extern "C" fn error_detected(
        pdev: *mut bindings::pci_dev,
        state: bindings::pci_channel_state_t,
    ) -> bindings::pci_ers_result_t {
        let state = ChannelState::from_raw(state);

        // SAFETY: By the safety requirements of this function.
        unsafe { Self::recover(pdev, |dev, this| T::error_detected(dev, this, state)) }
    }

    /// # Safety
    ///
    /// See [`Callbacks`].
    unsafe extern "C" fn mmio_enabled(pdev: *mut bindings::pci_dev) -> bindings::pci_ers_result_t {
        // SAFETY: By the safety requirements of this function.
        unsafe { Self::recover(pdev, T::mmio_enabled) }
    }

    /// # Safety
    ///
    /// See [`Callbacks`].
    unsafe extern "C" fn slot_reset(pdev: *mut bindings::pci_dev) -> bindings::pci_ers_result_t {
        // SAFETY: By the safety requirements of this function.
        unsafe { Self::recover(pdev, T::slot_reset) }
    }

    /// # Safety
    ///
    /// See [`Callbacks`].
    unsafe extern "C" fn reset_prepare(pdev: *mut bindings::pci_dev) {
        // SAFETY: By the safety requirements of this function; the device lock is held.
        if let Some((dev, this)) = unsafe { Adapter::<T>::bound_pci(pdev) } {
            T::reset_prepare(dev, this);
        }
    }

    /// # Safety
    ///
    /// See [`Callbacks`].
    unsafe extern "C" fn reset_done(pdev: *mut bindings::pci_dev) {
        // SAFETY: By the safety requirements of this function; the device lock is held.
        if let Some((dev, this)) = unsafe { Adapter::<T>::bound_pci(pdev) } {
            T::reset_done(dev, this);
        }
    }

    /// # Safety
    ///
    /// See [`Callbacks`].
    unsafe extern "C" fn resume(pdev: *mut bindings::pci_dev) {
        let resume = |dev: &Device<Core>, this: Pin<&T>| {
            T::resume(dev, this);
            RecoveryResult::None
        };

        // SAFETY: By the safety requirements of this function.
        unsafe { Self::recover(pdev, resume) };
    }

    /// # Safety
    ///
    /// See [`Callbacks`].
    unsafe extern "C" fn cor_error_detected(pdev: *mut bindings::pci_dev) {
        // SAFETY: By the safety requirements of this function; the device lock is held.
        if let Some((dev, this)) = unsafe { Adapter::<T>::bound_pci(pdev) } {
            T::cor_error_detected(dev, this);
        }
    }

    const TABLE: bindings::pci_error_handlers = {
        let mut table: bindings::pci_error_handlers = pin_init::zeroed();

        if T::HAS_ERROR_DETECTED {
            table.error_detected = Some(Self::error_detected);
        }
        if T::HAS_MMIO_ENABLED {
            table.mmio_enabled = Some(Self::mmio_enabled);
        }
        if T::HAS_SLOT_RESET {
            table.slot_reset = Some(Self::slot_reset);
        }
        if T::HAS_RESET_PREPARE {
            table.reset_prepare = Some(Self::reset_prepare);
        }
        if T::HAS_RESET_DONE {
            table.reset_done = Some(Self::reset_done);
        }
        if T::HAS_RESUME {
            table.resume = Some(Self::resume);
        }
        if T::HAS_COR_ERROR_DETECTED {
            table.cor_error_detected = Some(Self::cor_error_detected);
        }

        table
    };
}

/// The table of the error handlers of a driver, for [`pci::Driver::ERROR_HANDLERS`].
///
/// C type: [`struct pci_error_handlers`](srctree/include/linux/pci.h).
///
/// [`pci::Driver::ERROR_HANDLERS`]: super::Driver::ERROR_HANDLERS
pub struct Handlers<T: ?Sized> {
    raw: &'static bindings::pci_error_handlers,
    _driver: PhantomData<fn(&T)>,
}

impl<T: Driver + 'static> Handlers<T> {
    /// The callbacks that `T` implements.
    pub const fn new() -> Self {
        Self {
            raw: &Callbacks::<T>::TABLE,
            _driver: PhantomData,
        }
    }
}

impl<T: Driver + 'static> Default for Handlers<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ?Sized> Handlers<T> {
    pub(super) const fn as_raw(&self) -> &'static bindings::pci_error_handlers {
        self.raw
    }
}

#[kunit_tests(rust_kernel_pci_err)]
mod tests {
    use super::*;

    #[test]
    fn unknown_states_are_failures() {
        assert_eq!(ChannelState::from_raw(1), ChannelState::Normal);
        assert_eq!(ChannelState::from_raw(2), ChannelState::Frozen);
        assert_eq!(ChannelState::from_raw(3), ChannelState::PermFailure);
        assert_eq!(ChannelState::from_raw(0), ChannelState::PermFailure);
        assert_eq!(ChannelState::from_raw(u32::MAX), ChannelState::PermFailure);
    }

    #[test]
    fn results_are_those_of_c() {
        let results = [
            RecoveryResult::None,
            RecoveryResult::CanRecover,
            RecoveryResult::NeedReset,
            RecoveryResult::Disconnect,
            RecoveryResult::Recovered,
        ];

        for (i, result) in results.into_iter().enumerate() {
            assert_eq!(result.as_raw() as usize, i + 1);
        }
    }
}
