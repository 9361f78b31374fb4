// SPDX-License-Identifier: GPL-2.0

//! Power management of PCI devices.
//!
//! C headers: [`include/linux/pci.h`](srctree/include/linux/pci.h),
//! [`include/linux/pm.h`](srctree/include/linux/pm.h)
//!
//! The PCI core saves and restores the configuration space and changes the power state of the
//! device around the callbacks of the driver ([`Driver`]), so that most drivers only have to stop
//! the device in `suspend` and to start it again in `resume`. What is here for the device beyond
//! that, such as [`Device::set_power_state`], is for devices that need something special.
//!
//! Which locks are held in which callback is said in the
//! [documentation of `pci`](super#contexts-of-the-callbacks).
//!
//! Documentation: [`Documentation/power/pci.rst`](srctree/Documentation/power/pci.rst)

use super::{Adapter, Device, BAR_COUNT};
use crate::{
    bindings,
    device::{self, Core},
    error::{from_result, to_result, Result, VTABLE_DEFAULT_ERROR},
    ffi::c_int,
    fmt,
    io::resource::ResourceSize,
    pm::runtime::{Callback, RuntimePm},
    prelude::*,
    str::CStr,
    sync::aref::ARef,
};
use core::{marker::PhantomData, pin::Pin, ptr::NonNull};

/// The power states of a PCI device.
///
/// # Examples
///
/// ```
/// use kernel::pci::PowerState;
///
/// assert!(PowerState::D0 < PowerState::D3Cold);
/// assert_eq!(PowerState::D3Hot.name().to_bytes(), b"D3hot");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum PowerState {
    /// Fully on.
    D0 = 0,
    /// Light sleep; optional.
    D1 = 1,
    /// Deeper sleep; optional.
    D2 = 2,
    /// Off, except for the configuration space.
    D3Hot = 3,
    /// Without power.
    D3Cold = 4,
    /// Not known to the PCI core, e.g. as the device is not in use.
    Unknown = 5,
}

impl PowerState {
    fn from_raw(state: bindings::pci_power_t) -> Self {
        match state {
            0 => Self::D0,
            1 => Self::D1,
            2 => Self::D2,
            3 => Self::D3Hot,
            4 => Self::D3Cold,
            _ => Self::Unknown,
        }
    }

    #[inline]
    fn as_raw(self) -> bindings::pci_power_t {
        self as bindings::pci_power_t
    }

    /// The state as one that a device can be put into.
    fn target(self) -> Result<bindings::pci_power_t> {
        match self {
            Self::Unknown => Err(EINVAL),
            _ => Ok(self.as_raw()),
        }
    }

    /// Returns the name, as the PCI core writes it.
    ///
    /// C function: `pci_power_name()`.
    pub fn name(self) -> &'static CStr {
        // SAFETY: C has a name for each of the values of this type.
        let name = unsafe { bindings::pci_power_name(self.as_raw()) };

        // SAFETY: These names are nul-terminated, and never change.
        unsafe { CStr::from_char_ptr(name) }
    }
}

impl fmt::Display for PowerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.name(), f)
    }
}

/// What the `prepare` callback says about a device that is runtime suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepare {
    /// It goes through all phases of system suspend.
    Suspend,
    /// It may be left as it is until the system has resumed ("direct complete").
    DirectComplete,
}

impl Prepare {
    fn as_raw(self) -> c_int {
        match self {
            Self::Suspend => 0,
            Self::DirectComplete => 1,
        }
    }
}

/// Generates the trait and the C functions that call its methods.
macro_rules! declare_callbacks {
    (
        locked { $($(#[$lmeta:meta])* $locked:ident,)* }
        unlocked { $($(#[$umeta:meta])* $unlocked:ident,)* }
        runtime {
            $($(#[$rmeta:meta])* $runtime:ident: $ctx:ident, $exclusive:literal, $missing:expr;)*
        }
    ) => {
        /// The power management callbacks of a PCI driver.
        ///
        /// All of them are optional. The PCI core does its part for those that are missing, exactly
        /// as for a C driver whose `struct dev_pm_ops` has a null pointer there: a missing
        /// `suspend` still has the state of the device saved, and its power state changed. A driver
        /// that does not know how to stop its device should not have a [`Ops`] at all.
        ///
        /// The callbacks are called as long as the data of the driver exists: not before
        /// [`probe`](super::Driver::probe) has returned, and not once
        /// [`unbind`](super::Driver::unbind) has been called; a callback in progress is waited for.
        /// They are in process context and may sleep.
        ///
        /// The callbacks for system sleep run with the device lock held. The ones for runtime PM
        /// don't: they may run concurrently with all others, which is why the data of the driver
        /// must be [`Sync`].
        ///
        /// # Examples
        ///
        /// ```
        /// # use kernel::{bindings, device::{Core, Pm}, pci, prelude::*};
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
        ///     const PM: Option<pci::pm::Ops<Self>> = Some(pci::pm::Ops::simple());
        ///
        ///     fn probe(_pdev: &pci::Device<Core>, _info: &()) -> Result<Pin<KBox<Self>>> {
        ///         Err(ENODEV)
        ///     }
        /// }
        ///
        /// #[vtable]
        /// impl pci::pm::Driver for MyDriver {
        ///     fn suspend(_pdev: &pci::Device<Core>, _this: Pin<&Self>) -> Result {
        ///         Ok(()) // Stop the device.
        ///     }
        ///
        ///     fn resume(_pdev: &pci::Device<Core>, _this: Pin<&Self>) -> Result {
        ///         Ok(()) // Start it again.
        ///     }
        ///
        ///     fn runtime_suspend(_pdev: &pci::Device<Pm>, _this: Pin<&Self>) -> Result {
        ///         Ok(())
        ///     }
        ///
        ///     fn runtime_resume(_pdev: &pci::Device<Pm>, _this: Pin<&Self>) -> Result {
        ///         Ok(())
        ///     }
        /// }
        /// ```
        #[vtable]
        pub trait Driver: super::Driver + Sync {
            /// Whether the device may be suspended at run time.
            ///
            /// The PCI core holds a usage count of a bound device. If this is `true`, it is given
            /// up when `probe` has succeeded, and taken back before `unbind` is called; a driver
            /// has nothing to do with it. If it is `false`, the callbacks for runtime PM are never
            /// called.
            ///
            /// By default it is `true` if the driver implements one of these callbacks. A driver
            /// may set it without having any, if it is enough that the PCI core changes the power
            /// state.
            ///
            /// Mind that PCI devices are suspended at run time only after user space has asked for
            /// it, or the driver has called
            /// [`RuntimePm::allow`](crate::pm::runtime::RuntimePm::allow).
            const RUNTIME_PM: bool =
                Self::HAS_RUNTIME_SUSPEND || Self::HAS_RUNTIME_RESUME || Self::HAS_RUNTIME_IDLE;

            /// System sleep, with the device lock: no children of the device are created from here
            /// on. Decides what becomes of a device that is runtime suspended.
            fn prepare(dev: &Device<Core>, this: Pin<&Self>) -> Result<Prepare> {
                let _ = (dev, this);
                build_error!(VTABLE_DEFAULT_ERROR)
            }

            /// System sleep, with the device lock: the system has resumed; undoes `prepare`.
            fn complete(dev: &Device<Core>, this: Pin<&Self>) {
                let _ = (dev, this);
                build_error!(VTABLE_DEFAULT_ERROR)
            }

            $(
                $(#[$lmeta])*
                fn $locked(dev: &Device<Core>, this: Pin<&Self>) -> Result {
                    let _ = (dev, this);
                    build_error!(VTABLE_DEFAULT_ERROR)
                }
            )*

            $(
                $(#[$umeta])*
                fn $unlocked(dev: &Device<Core>, this: Pin<&Self>) -> Result {
                    let _ = (dev, this);
                    build_error!(VTABLE_DEFAULT_ERROR)
                }
            )*

            $(
                $(#[$rmeta])*
                fn $runtime(dev: &Device<device::$ctx>, this: Pin<&Self>) -> Result {
                    let _ = (dev, this);
                    build_error!(VTABLE_DEFAULT_ERROR)
                }
            )*
        }

        /// The C functions behind the callbacks.
        ///
        /// All of them have the same safety requirements: only to be called by the PCI core for a
        /// device to which `T` is bound, or is being bound or unbound, from the context in which it
        /// calls the member of `struct dev_pm_ops` of that name.
        struct Callbacks<T>(PhantomData<T>);

        impl<T: Driver + 'static> Callbacks<T> {
            $(
                /// # Safety
                ///
                /// See [`Callbacks`].
                unsafe extern "C" fn $locked(dev: *mut bindings::device) -> c_int {
                    // SAFETY: By the safety requirements of this function; the device lock is held.
                    match unsafe { Adapter::<T>::bound(dev) } {
                        Some((dev, this)) => from_result(|| T::$locked(dev, this).map(|()| 0)),
                        None => 0,
                    }
                }
            )*

            $(
                /// # Safety
                ///
                /// See [`Callbacks`].
                unsafe extern "C" fn $unlocked(dev: *mut bindings::device) -> c_int {
                    // The PM core does not hold the device lock in this phase. It does hold a
                    // reference, but the device may be unbound meanwhile by a kernel thread, e.g.
                    // since it has been unplugged. Keep it bound.
                    //
                    // SAFETY: The caller holds a reference to `dev`.
                    let locked: &device::Device = unsafe { device::Device::from_raw(dev) };
                    let _guard = locked.lock();

                    // SAFETY: By the safety requirements of this function. The device lock is held.
                    // If the device has been unbound before it was taken, it is unbound still:
                    // nothing is bound during a transition of the system.
                    match unsafe { Adapter::<T>::bound(dev) } {
                        Some((dev, this)) => from_result(|| T::$unlocked(dev, this).map(|()| 0)),
                        None => 0,
                    }
                }
            )*

            $(
                /// # Safety
                ///
                /// See [`Callbacks`].
                unsafe extern "C" fn $runtime(dev: *mut bindings::device) -> c_int {
                    // SAFETY: By the safety requirements of this function. The device lock is not
                    // held; instead, the runtime PM core has noted that this function is running,
                    // for which `remove_callback()` waits once it has taken away the data, and so
                    // does the driver core before it binds another driver.
                    match unsafe { Adapter::<T>::bound(dev) } {
                        Some((dev, this)) => {
                            let _callback = $exclusive.then(|| Callback::enter(dev.as_ref()));

                            from_result(|| T::$runtime(dev, this).map(|()| 0))
                        }
                        None => $missing,
                    }
                }
            )*

            /// # Safety
            ///
            /// See [`Callbacks`].
            unsafe extern "C" fn prepare(dev: *mut bindings::device) -> c_int {
                // SAFETY: By the safety requirements of this function; the device lock is held.
                match unsafe { Adapter::<T>::bound(dev) } {
                    Some((dev, this)) => from_result(|| T::prepare(dev, this).map(Prepare::as_raw)),
                    None => 0,
                }
            }

            /// # Safety
            ///
            /// See [`Callbacks`].
            unsafe extern "C" fn complete(dev: *mut bindings::device) {
                // SAFETY: By the safety requirements of this function; the device lock is held.
                if let Some((dev, this)) = unsafe { Adapter::<T>::bound(dev) } {
                    T::complete(dev, this);
                }
            }

            /// What the driver has implemented, and nothing else.
            const EXACT: bindings::dev_pm_ops = {
                let mut ops: bindings::dev_pm_ops = pin_init::zeroed();

                if T::HAS_PREPARE {
                    ops.prepare = Some(Self::prepare);
                }
                if T::HAS_COMPLETE {
                    ops.complete = Some(Self::complete);
                }

                ::kernel::macros::paste! {
                    $(
                        if T::[<HAS_ $locked:upper>] {
                            ops.$locked = Some(Self::$locked);
                        }
                    )*
                    $(
                        if T::[<HAS_ $unlocked:upper>] {
                            ops.$unlocked = Some(Self::$unlocked);
                        }
                    )*
                    $(
                        if T::[<HAS_ $runtime:upper>] {
                            ops.$runtime = Some(Self::$runtime);
                        }
                    )*
                }

                ops
            };
        }
    };
}

declare_callbacks! {
    locked {
        /// System sleep, with the device lock: stops the device, for which this may be the last
        /// time that interrupts work.
        suspend,
        /// System sleep, with the device lock: undoes `suspend`.
        resume,
        /// Hibernation, with the device lock: stops the device, so that memory does not change.
        freeze,
        /// Hibernation, with the device lock: undoes `freeze`, when the image has been created, or
        /// could not be.
        thaw,
        /// Hibernation, with the device lock: stops the device when the image has been written.
        poweroff,
        /// Hibernation, with the device lock: starts the device when the image has been read.
        restore,
    }
    unlocked {
        /// System sleep, after `suspend` of all devices; runtime PM is disabled.
        ///
        /// The PM core does not hold the device lock in this phase, the abstraction does.
        suspend_late,
        /// System sleep, undoes `suspend_late`. The abstraction holds the device lock.
        resume_early,
        /// Hibernation, after `freeze` of all devices. The abstraction holds the device lock.
        freeze_late,
        /// Hibernation, undoes `freeze_late`. The abstraction holds the device lock.
        thaw_early,
        /// Hibernation, after `poweroff` of all devices. The abstraction holds the device lock.
        poweroff_late,
        /// Hibernation, before `restore` of any device. The abstraction holds the device lock.
        restore_early,
        /// System sleep, after `suspend_late` of all devices, when interrupt handlers are not
        /// called any more. The abstraction holds the device lock.
        suspend_noirq,
        /// System sleep, undoes `suspend_noirq`. The abstraction holds the device lock.
        resume_noirq,
        /// Hibernation, the same as `suspend_noirq`. The abstraction holds the device lock.
        freeze_noirq,
        /// Hibernation, undoes `freeze_noirq`. The abstraction holds the device lock.
        thaw_noirq,
        /// Hibernation, the same as `suspend_noirq`. The abstraction holds the device lock.
        poweroff_noirq,
        /// Hibernation, the same as `resume_noirq`. The abstraction holds the device lock.
        restore_noirq,
    }
    runtime {
        /// Runtime PM, without the device lock: stops the device, which nobody uses.
        ///
        /// With [`EBUSY`] or [`EAGAIN`] it stays awake for now; with another error, it is not
        /// suspended any more until it is bound again.
        runtime_suspend: Pm, true, -(bindings::EBUSY as c_int);
        /// Runtime PM, without the device lock: undoes `runtime_suspend`.
        runtime_resume: Pm, true, 0;
        /// Runtime PM, without the device lock: nobody uses the device. It is suspended if this
        /// returns `Ok`.
        ///
        /// In contrast to the other two, this may run concurrently with them, and may suspend the
        /// device by itself, e.g. by [`RuntimePm::autosuspend`], and return an error.
        runtime_idle: Bound, false, -(bindings::EBUSY as c_int);
    }
}

impl<T: Driver + 'static> Callbacks<T> {
    /// The same as [`Self::EXACT`], with `suspend` and `resume` also where hibernation needs them.
    const SIMPLE: bindings::dev_pm_ops = {
        let mut ops = Self::EXACT;

        if T::HAS_SUSPEND {
            if !T::HAS_FREEZE {
                ops.freeze = ops.suspend;
            }
            if !T::HAS_POWEROFF {
                ops.poweroff = ops.suspend;
            }
        }
        if T::HAS_RESUME {
            if !T::HAS_THAW {
                ops.thaw = ops.resume;
            }
            if !T::HAS_RESTORE {
                ops.restore = ops.resume;
            }
        }

        ops
    };
}

/// The table of the power management callbacks of a driver, for [`pci::Driver::PM`].
///
/// C type: [`struct dev_pm_ops`](srctree/include/linux/pm.h).
///
/// [`pci::Driver::PM`]: super::Driver::PM
pub struct Ops<T: ?Sized> {
    raw: &'static bindings::dev_pm_ops,
    runtime: bool,
    _driver: PhantomData<fn(&T)>,
}

impl<T: Driver + 'static> Ops<T> {
    /// The callbacks that `T` implements.
    pub const fn new() -> Self {
        Self {
            raw: &Callbacks::<T>::EXACT,
            runtime: T::RUNTIME_PM,
            _driver: PhantomData,
        }
    }

    /// The callbacks that `T` implements; `suspend` also for a missing `freeze` and `poweroff`, and
    /// `resume` also for a missing `thaw` and `restore`.
    ///
    /// This is what most drivers want. C macro: `DEFINE_SIMPLE_DEV_PM_OPS()`.
    pub const fn simple() -> Self {
        Self {
            raw: &Callbacks::<T>::SIMPLE,
            runtime: T::RUNTIME_PM,
            _driver: PhantomData,
        }
    }
}

impl<T: Driver + 'static> Default for Ops<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ?Sized> Ops<T> {
    pub(super) const fn as_raw(&self) -> &'static bindings::dev_pm_ops {
        self.raw
    }

    pub(super) const fn runtime(&self) -> bool {
        self.runtime
    }
}

/// The state of the configuration space of a device, as it was at some time.
///
/// Created by [`Device::store_saved_state`].
///
/// # Invariants
///
/// `state` comes from `pci_store_saved_state()` for `pdev`, and is owned by this.
pub struct SavedState {
    pdev: ARef<Device>,
    state: NonNull<bindings::pci_saved_state>,
    bars: [ResourceSize; BAR_COUNT as usize],
}

// SAFETY: This is plain memory, which can be freed by any thread.
unsafe impl Send for SavedState {}

// SAFETY: Nothing can be done to it by a shared reference but to read it.
unsafe impl Sync for SavedState {}

impl Drop for SavedState {
    fn drop(&mut self) {
        // SAFETY: By the type invariant, this has been allocated by `kzalloc()`.
        unsafe { bindings::kfree(self.state.as_ptr().cast()) };
    }
}

impl<Ctx: device::DeviceContext> Device<Ctx> {
    /// Returns the runtime power management of this device.
    #[inline]
    pub fn runtime_pm(&self) -> RuntimePm<'_, Ctx> {
        let dev: &device::Device<Ctx> = self.as_ref();

        dev.runtime_pm()
    }
}

impl Device {
    /// Returns the power state that the PCI core believes the device to be in.
    ///
    /// Unless something keeps it from changing, the answer may be outdated as soon as it is given.
    /// May be called from any context.
    #[inline]
    pub fn power_state(&self) -> PowerState {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        PowerState::from_raw(unsafe { (&raw const (*self.as_raw()).current_state).read_volatile() })
    }

    /// Returns whether the device can signal a wake-up event (PME) from `state`.
    ///
    /// May be called from any context. C function: [`pci_pme_capable`].
    ///
    /// [`pci_pme_capable`]: srctree/drivers/pci/pci.c
    #[inline]
    pub fn pme_capable(&self, state: PowerState) -> bool {
        // The C function shifts by this.
        match state {
            PowerState::Unknown => false,
            // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
            _ => unsafe { bindings::pci_pme_capable(self.as_raw(), state.as_raw()) },
        }
    }

    /// Returns the state in which the device should be during system sleep.
    ///
    /// Must be called from process context; may sleep. C function: [`pci_choose_state`].
    ///
    /// [`pci_choose_state`]: srctree/drivers/pci/pci.c
    pub fn choose_state(&self) -> PowerState {
        let suspend = bindings::pm_message_t {
            event: bindings::PM_EVENT_SUSPEND as c_int,
        };

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        PowerState::from_raw(unsafe { bindings::pci_choose_state(self.as_raw(), suspend) })
    }
}

/// For callbacks of power management, and for those that hold the device lock. All of it must be
/// called from process context, and may sleep.
impl Device<device::Pm> {
    /// Puts the device into another power state.
    ///
    /// The PCI core does this on behalf of the driver when it suspends or resumes the device,
    /// unless the driver has called [`Self::save_state`] before. C function:
    /// [`pci_set_power_state`].
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] for [`PowerState::Unknown`], or a transition that does not exist.
    /// - [`EIO`] if the device does not support the state.
    /// - [`EDEADLK`] in an [error handler](super::err).
    ///
    /// [`pci_set_power_state`]: srctree/drivers/pci/pci.c
    pub fn set_power_state(&self, state: PowerState) -> Result {
        let state = state.target()?;
        self.check_bus_lock()?;

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        to_result(unsafe { bindings::pci_set_power_state(self.as_raw(), state) })
    }

    /// Saves the configuration space in memory, for [`Self::restore_state`].
    ///
    /// In a callback that suspends the device, this also tells the PCI core that the driver cares
    /// for the power state itself. C function: [`pci_save_state`].
    ///
    /// [`pci_save_state`]: srctree/drivers/pci/pci.c
    pub fn save_state(&self) -> Result {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        to_result(unsafe { bindings::pci_save_state(self.as_raw()) })
    }

    /// Restores the configuration space from memory; does nothing if it has not been saved, or has
    /// been restored since.
    ///
    /// C function: [`pci_restore_state`].
    ///
    /// [`pci_restore_state`]: srctree/drivers/pci/pci.c
    pub fn restore_state(&self) {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        unsafe { bindings::pci_restore_state(self.as_raw()) };
    }

    /// Returns a copy of what [`Self::save_state`] has saved.
    ///
    /// C function: [`pci_store_saved_state`].
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory, or nothing has been saved, or it has been restored.
    ///
    /// [`pci_store_saved_state`]: srctree/drivers/pci/pci.c
    pub fn store_saved_state(&self) -> Result<SavedState> {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        let state = unsafe { bindings::pci_store_saved_state(self.as_raw()) };

        // INVARIANT: This is what C has returned, and nobody else has it.
        Ok(SavedState {
            pdev: self.into(),
            state: NonNull::new(state).ok_or(ENOMEM)?,
            bars: self.bar_starts(),
        })
    }

    /// Where the BARs are.
    fn bar_starts(&self) -> [ResourceSize; BAR_COUNT as usize] {
        core::array::from_fn(|bar| {
            // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`; the driver does not
            // move the BARs meanwhile.
            unsafe { (*self.as_raw()).resource[bar].start }
        })
    }

    /// Puts `state` where [`Self::save_state`] saves to, for [`Self::restore_state`].
    ///
    /// C function: [`pci_load_saved_state`].
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if `state` is the one of another device, or from before a BAR was moved.
    ///
    /// [`pci_load_saved_state`]: srctree/drivers/pci/pci.c
    pub fn load_saved_state(&self, state: &SavedState) -> Result {
        if state.pdev.as_raw() != self.as_raw() || state.bars != self.bar_starts() {
            return Err(EINVAL);
        }

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`, and by the type
        // invariant of `SavedState`, so is the state, which is only read.
        to_result(unsafe { bindings::pci_load_saved_state(self.as_raw(), state.state.as_ptr()) })
    }

    /// Enables or disables the device to signal wake-up events from `state`.
    ///
    /// C function: [`pci_enable_wake`].
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the device is not allowed to wake up the system, see
    /// [`may_wakeup`](crate::device::Device::may_wakeup); [`EIO`] if it is not able to, in `state`.
    ///
    /// [`pci_enable_wake`]: srctree/drivers/pci/pci.c
    pub fn enable_wake(&self, state: PowerState, enable: bool) -> Result {
        let state = state.target()?;

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        Self::wake_result(unsafe { bindings::pci_enable_wake(self.as_raw(), state, enable) })
    }

    /// The same as [`Self::enable_wake`], from D3cold or D3hot, whichever the device is able to.
    ///
    /// C function: [`pci_wake_from_d3`].
    ///
    /// [`pci_wake_from_d3`]: srctree/drivers/pci/pci.c
    pub fn wake_from_d3(&self, enable: bool) -> Result {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        Self::wake_result(unsafe { bindings::pci_wake_from_d3(self.as_raw(), enable) })
    }

    /// C gives a positive value if the device has no PME from that state, and the platform none.
    fn wake_result(ret: c_int) -> Result {
        if ret > 0 {
            return Err(EIO);
        }

        to_result(ret)
    }

    /// Enables wake-up if it is allowed, and puts the device into the state for system sleep.
    ///
    /// C function: [`pci_prepare_to_sleep`].
    ///
    /// # Errors
    ///
    /// Those of [`Self::set_power_state`].
    ///
    /// [`pci_prepare_to_sleep`]: srctree/drivers/pci/pci.c
    pub fn prepare_to_sleep(&self) -> Result {
        self.check_bus_lock()?;

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        to_result(unsafe { bindings::pci_prepare_to_sleep(self.as_raw()) })
    }

    /// Puts the device into D0, and disables wake-up.
    ///
    /// C function: [`pci_back_from_sleep`].
    ///
    /// # Errors
    ///
    /// Those of [`Self::set_power_state`].
    ///
    /// [`pci_back_from_sleep`]: srctree/drivers/pci/pci.c
    pub fn back_from_sleep(&self) -> Result {
        self.check_bus_lock()?;

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        to_result(unsafe { bindings::pci_back_from_sleep(self.as_raw()) })
    }

    /// Allows the device to lose its power at run time, which is the default.
    ///
    /// C function: [`pci_d3cold_enable`].
    ///
    /// [`pci_d3cold_enable`]: srctree/drivers/pci/pci.c
    pub fn d3cold_enable(&self) {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        unsafe { bindings::pci_d3cold_enable(self.as_raw()) };
    }

    /// Keeps the power of the device on at run time.
    ///
    /// C function: [`pci_d3cold_disable`].
    ///
    /// [`pci_d3cold_disable`]: srctree/drivers/pci/pci.c
    pub fn d3cold_disable(&self) {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        unsafe { bindings::pci_d3cold_disable(self.as_raw()) };
    }

    /// Writes the interrupt messages to the device again, after it has lost them.
    ///
    /// [`Self::restore_state`] does this, too. C function: [`pci_restore_msi_state`].
    ///
    /// [`pci_restore_msi_state`]: srctree/drivers/pci/msi/msi.c
    pub fn restore_msi_state(&self) {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        unsafe { bindings::pci_restore_msi_state(self.as_raw()) };
    }
}

impl Device<Core> {
    /// Enables the resources of the device again, if they were enabled before it was suspended.
    ///
    /// C function: [`pci_reenable_device`].
    ///
    /// # Errors
    ///
    /// - [`EDEADLK`] in an [error handler](super::err): [`Self::restore_state`] does it, too.
    /// - Otherwise the error of the C function.
    ///
    /// [`pci_reenable_device`]: srctree/drivers/pci/pci.c
    pub fn reenable_device(&self) -> Result {
        self.check_bus_lock()?;

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        to_result(unsafe { bindings::pci_reenable_device(self.as_raw()) })
    }
}

#[kunit_tests(rust_kernel_pci_pm)]
mod tests {
    use super::*;
    use crate::{
        device_id::IdArray,
        pci::{self, err, err::Driver as _, DeviceId, Vendor},
    };
    use core::sync::atomic::{AtomicU32, Ordering};

    struct Sample(AtomicU32);

    const TABLE: IdArray<DeviceId, (), 1> =
        IdArray::new([(DeviceId::from_id(Vendor::REDHAT, 0), ())]);

    impl pci::Driver for Sample {
        type IdInfo = ();
        const ID_TABLE: pci::IdTable<()> = &TABLE;
        const PM: Option<Ops<Self>> = Some(Ops::simple());
        const ERROR_HANDLERS: Option<err::Handlers<Self>> = Some(err::Handlers::new());

        fn probe(_dev: &Device<Core>, _info: &()) -> Result<Pin<KBox<Self>>> {
            Err(ENODEV)
        }
    }

    #[vtable]
    impl Driver for Sample {
        fn suspend(_dev: &Device<Core>, this: Pin<&Self>) -> Result {
            this.0.fetch_add(1, Ordering::Relaxed);
            Err(EIO)
        }

        fn resume(_dev: &Device<Core>, _this: Pin<&Self>) -> Result {
            Ok(())
        }

        fn thaw(_dev: &Device<Core>, _this: Pin<&Self>) -> Result {
            Err(EINVAL)
        }

        fn runtime_idle(_dev: &Device<device::Bound>, this: Pin<&Self>) -> Result {
            this.0.fetch_add(100, Ordering::Relaxed);
            Ok(())
        }
    }

    #[vtable]
    impl err::Driver for Sample {
        fn slot_reset(_dev: &Device<Core>, _this: Pin<&Self>) -> err::RecoveryResult {
            err::RecoveryResult::Recovered
        }
    }

    struct Quiet;

    impl pci::Driver for Quiet {
        type IdInfo = ();
        const ID_TABLE: pci::IdTable<()> = &TABLE;

        fn probe(_dev: &Device<Core>, _info: &()) -> Result<Pin<KBox<Self>>> {
            Err(ENODEV)
        }
    }

    #[vtable]
    impl Driver for Quiet {
        const RUNTIME_PM: bool = true;
    }

    #[test]
    fn tables_have_what_is_implemented() {
        let ops = Ops::<Sample>::new();
        let raw = ops.as_raw();
        assert!(ops.runtime());
        assert!(raw.suspend.is_some() && raw.resume.is_some() && raw.thaw.is_some());
        assert!(raw.runtime_idle.is_some());
        assert!(raw.prepare.is_none() && raw.complete.is_none());
        assert!(raw.freeze.is_none() && raw.poweroff.is_none() && raw.restore.is_none());
        assert!(raw.suspend_late.is_none() && raw.resume_noirq.is_none());
        assert!(raw.runtime_suspend.is_none() && raw.runtime_resume.is_none());

        let simple = Ops::<Sample>::simple();
        let raw = simple.as_raw();
        assert!(raw.freeze.is_some() && raw.poweroff.is_some() && raw.restore.is_some());
        assert!(raw.runtime_suspend.is_none() && raw.suspend_noirq.is_none());

        let quiet = Ops::<Quiet>::simple();
        assert!(quiet.runtime());
        assert!(quiet.as_raw().suspend.is_none() && quiet.as_raw().freeze.is_none());

        let handlers = err::Handlers::<Sample>::new();
        assert!(handlers.as_raw().slot_reset.is_some());
        assert!(handlers.as_raw().error_detected.is_none());
        assert!(Sample::HAS_SLOT_RESET);
    }

    #[test]
    fn callbacks_need_the_data() -> Result {
        let mut pdev = KBox::<bindings::pci_dev>::new_uninit(GFP_KERNEL | __GFP_ZERO)?;
        let pdev = pdev.as_mut_ptr();
        // SAFETY: `pdev` is valid.
        let dev = unsafe { &raw mut (*pdev).dev };
        // SAFETY: The device is zeroed, and not in use.
        unsafe { bindings::device_initialize(dev) };
        // SAFETY: As above, and nobody else knows this device.
        let core = unsafe { &*dev.cast::<device::Device<device::CoreInternal>>() };

        let raw = Ops::<Sample>::simple().as_raw();
        let (suspend, freeze, thaw, idle) = (
            raw.suspend.ok_or(EINVAL)?,
            raw.freeze.ok_or(EINVAL)?,
            raw.thaw.ok_or(EINVAL)?,
            raw.runtime_idle.ok_or(EINVAL)?,
        );
        let slot_reset = err::Handlers::<Sample>::new()
            .as_raw()
            .slot_reset
            .ok_or(EINVAL)?;

        // SAFETY: No driver is bound, and nobody can bind one.
        let without = unsafe { (suspend(dev), idle(dev), slot_reset(pdev)) };
        assert_eq!(without.0, 0);
        assert_eq!(without.1, EBUSY.to_errno());
        assert_eq!(without.2, err::RecoveryResult::None.as_raw());

        core.set_drvdata(KBox::pin(Sample(AtomicU32::new(0)), GFP_KERNEL)?);

        // SAFETY: As above; the data is the one of the driver.
        let with = unsafe {
            (
                suspend(dev),
                freeze(dev),
                thaw(dev),
                idle(dev),
                slot_reset(pdev),
            )
        };
        assert_eq!(with.0, EIO.to_errno());
        assert_eq!(with.1, EIO.to_errno());
        assert_eq!(with.2, EINVAL.to_errno());
        assert_eq!(with.3, 0);
        assert_eq!(with.4, err::RecoveryResult::Recovered.as_raw());

        // SAFETY: This is the data that has been set above.
        let data = unsafe { core.drvdata_obtain::<Pin<KBox<Sample>>>() };
        assert_eq!(data.0.load(Ordering::Relaxed), 102);

        // SAFETY: As above.
        let gone = unsafe { suspend(dev) };
        assert_eq!(gone, 0);
        assert_eq!(data.0.load(Ordering::Relaxed), 102);
        Ok(())
    }

    #[test]
    fn power_states_are_those_of_c() {
        for (raw, name) in [
            (0, b"D0".as_slice()),
            (1, b"D1"),
            (2, b"D2"),
            (3, b"D3hot"),
            (4, b"D3cold"),
            (5, b"unknown"),
            // An error, in C.
            (-1, b"unknown"),
        ] {
            let state = PowerState::from_raw(raw);

            assert_eq!(state.name().to_bytes(), name);
            assert_eq!(state.target().is_ok(), (0..=4).contains(&raw));
        }
    }
}
