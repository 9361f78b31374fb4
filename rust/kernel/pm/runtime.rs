// SPDX-License-Identifier: GPL-2.0

//! Runtime power management.
//!
//! C header: [`include/linux/pm_runtime.h`](srctree/include/linux/pm_runtime.h)
//!
//! A device that nobody uses may be suspended while the system runs. A user is who holds a usage
//! count, which is what the guards of this module are: [`Usage`] keeps the device from being
//! suspended, and [`Awake`] in addition says that it is not suspended. Both let go of the count
//! when they are dropped.
//!
//! Everything is reached by `runtime_pm()` of a device, e.g. [`Device::runtime_pm`].
//!
//! # Contexts
//!
//! | what | may be called from |
//! | ---- | ------------------ |
//! | what counts, looks, or queues a request | any context, including interrupt handlers |
//! | what waits until the device is resumed or suspended | process context (`MayWait`) |
//! | what configures | callbacks of the bus (`Device<Core>`) |
//!
//! Waiting for the device in one of its own callbacks for runtime PM would be waiting for oneself.
//! These callbacks get a `Device<Pm>`, for which the functions that wait don't exist. A driver that
//! calls them all the same, by a reference to the device that it has from somewhere else, gets
//! [`EDEADLK`]:
//!
//! ```ignore
//! # use kernel::{device::{Device, Pm}, prelude::*};
//! fn runtime_suspend(dev: &Device<Pm>) -> Result {
//!     let _awake = dev.runtime_pm().resume_and_get()?;
//!     Ok(())
//! }
//! ```
//!
//! # Teardown
//!
//! A guard that is never dropped keeps the device awake for as long as it exists, also for its next
//! driver; nothing worse. What [`RuntimePm::enable`] and [`RuntimePm::use_autosuspend`] have set up
//! is undone when the device is unbound.
//!
//! Without `CONFIG_PM`, devices are always awake.

use crate::{
    bindings,
    device::{Bound, Core, CoreInternal, Device, DeviceContext, Normal},
    error::to_result,
    ffi::{c_int, c_void},
    prelude::*,
    sync::aref::ARef,
};
#[cfg(CONFIG_PCI)]
use crate::{devres::BindingState, task::Task};
use core::ops::Deref;

/// A context in which one may wait until the device has been resumed or suspended.
///
/// This is not the case for [`device::Pm`](kernel::device::Pm): the callbacks for runtime PM of the
/// device, which get it, are what one would wait for.
#[diagnostic::on_unimplemented(
    message = "a runtime PM callback can't wait for the runtime PM of its own device",
    label = "not available in the context `{Self}`"
)]
pub trait MayWait: DeviceContext {}

impl MayWait for Normal {}
impl MayWait for Bound {}
impl MayWait for Core {}
impl MayWait for CoreInternal {}

/// The runtime power management of a device.
///
/// Created by [`Device::runtime_pm`].
pub struct RuntimePm<'a, Ctx: DeviceContext = Normal>(&'a Device<Ctx>);

impl<Ctx: DeviceContext> Device<Ctx> {
    /// Returns the runtime power management of this device.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::{device::{Bound, Device}, prelude::*};
    /// fn read_sensor(dev: &Device<Bound>) -> Result<u32> {
    ///     let awake = dev.runtime_pm().resume_and_get()?;
    ///
    ///     // ... the device is awake ...
    ///
    ///     // Stay awake for a while, as more is likely to come.
    ///     awake.put_autosuspend();
    ///     Ok(0)
    /// }
    /// ```
    #[inline]
    pub fn runtime_pm(&self) -> RuntimePm<'_, Ctx> {
        RuntimePm(self)
    }
}

/// Makes a result of a C function that returns a positive value for "nothing to do".
fn done(ret: c_int) -> Result {
    to_result(ret.min(0))
}

impl<'a, Ctx: DeviceContext> RuntimePm<'a, Ctx> {
    #[inline]
    fn as_raw(&self) -> *mut bindings::device {
        self.0.as_raw()
    }

    #[inline]
    fn device(&self) -> &'a Device {
        // SAFETY: `self.as_raw()` is valid for `'a`, for which `self.0` is borrowed.
        unsafe { Device::from_raw(self.as_raw()) }
    }

    /// Takes over a usage count that the caller owns.
    #[inline]
    fn usage(&self) -> Usage<&'a Device> {
        Usage {
            dev: self.device(),
            put: Put::Idle,
        }
    }

    /// Keeps the device from being suspended, but does not resume it.
    ///
    /// May be called from any context. C function: `pm_runtime_get_noresume()`.
    #[inline]
    pub fn get_noresume(&self) -> Usage<&'a Device> {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        unsafe { bindings::pm_runtime_get_noresume(self.as_raw()) };
        self.usage()
    }

    /// Keeps the device from being suspended, and requests that it be resumed.
    ///
    /// The device need not be awake when this returns. May be called from any context.
    /// C function: `pm_runtime_get()`.
    ///
    /// # Errors
    ///
    /// - [`EACCES`] if runtime PM is disabled for the device, and it is not known to be awake.
    /// - [`EINVAL`] if an earlier callback has failed.
    pub fn get(&self) -> Result<Usage<&'a Device>> {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        let ret = unsafe { bindings::pm_runtime_get(self.as_raw()) };
        // The count is incremented in any case.
        let usage = self.usage();

        // Somebody else is resuming it already: fine.
        if ret == -(bindings::EINPROGRESS as c_int) {
            return Ok(usage);
        }
        if let Err(err) = done(ret) {
            usage.put_noidle();
            return Err(err);
        }

        Ok(usage)
    }

    fn if_awake(&self, ret: c_int) -> Result<Option<Awake<&'a Device>>> {
        if ret < 0 {
            return Err(Error::from_errno(ret));
        }

        Ok((ret > 0).then(|| Awake(self.usage())))
    }

    /// Keeps the device awake if it is, whether or not somebody uses it.
    ///
    /// Returns `None` if it is suspended, or about to be. May be called from any context.
    /// C function: [`pm_runtime_get_if_active`].
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if runtime PM is disabled for the device, or not built in.
    ///
    /// [`pm_runtime_get_if_active`]: srctree/drivers/base/power/runtime.c
    #[inline]
    pub fn get_if_active(&self) -> Result<Option<Awake<&'a Device>>> {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        self.if_awake(unsafe { bindings::pm_runtime_get_if_active(self.as_raw()) })
    }

    /// Keeps the device awake if it is, and somebody else keeps it so anyway.
    ///
    /// The same as [`Self::get_if_active`], except that it returns `None` if nobody uses the
    /// device. C function: [`pm_runtime_get_if_in_use`].
    ///
    /// [`pm_runtime_get_if_in_use`]: srctree/drivers/base/power/runtime.c
    #[inline]
    pub fn get_if_in_use(&self) -> Result<Option<Awake<&'a Device>>> {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        self.if_awake(unsafe { bindings::pm_runtime_get_if_in_use(self.as_raw()) })
    }

    /// Requests that the device be resumed, without keeping it awake.
    ///
    /// May be called from any context. C function: `pm_request_resume()`.
    #[inline]
    pub fn request_resume(&self) -> Result {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        done(unsafe { bindings::pm_request_resume(self.as_raw()) })
    }

    /// Requests that the device be suspended if nobody uses it.
    ///
    /// May be called from any context. C function: `pm_request_idle()`.
    ///
    /// # Errors
    ///
    /// [`EAGAIN`] if somebody uses it, and others as in C.
    #[inline]
    pub fn request_idle(&self) -> Result {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        done(unsafe { bindings::pm_request_idle(self.as_raw()) })
    }

    /// Requests that the device be suspended when it has not been used for the autosuspend delay.
    ///
    /// Counts as a use itself. May be called from any context.
    /// C function: `pm_request_autosuspend()`.
    ///
    /// # Errors
    ///
    /// [`EAGAIN`] if somebody uses it, and others as in C.
    #[inline]
    pub fn request_autosuspend(&self) -> Result {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        done(unsafe { bindings::pm_request_autosuspend(self.as_raw()) })
    }

    /// Requests that the device be suspended in `delay` milliseconds if nobody uses it then.
    ///
    /// May be called from any context. C function: [`pm_schedule_suspend`].
    ///
    /// # Errors
    ///
    /// [`EAGAIN`] if somebody uses it, and others as in C.
    ///
    /// [`pm_schedule_suspend`]: srctree/drivers/base/power/runtime.c
    #[inline]
    pub fn schedule_suspend(&self, delay: u32) -> Result {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        done(unsafe { bindings::pm_schedule_suspend(self.as_raw(), delay) })
    }

    /// Has the autosuspend delay begin now.
    ///
    /// May be called from any context. C function: `pm_runtime_mark_last_busy()`.
    #[inline]
    pub fn mark_last_busy(&self) {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        unsafe { bindings::pm_runtime_mark_last_busy(self.as_raw()) };
    }

    /// Returns when the autosuspend delay ends, in nanoseconds of the monotonic clock.
    ///
    /// Returns `None` if it has ended, or autosuspend is not in use. May be called from any
    /// context. C function: [`pm_runtime_autosuspend_expiration`].
    ///
    /// [`pm_runtime_autosuspend_expiration`]: srctree/drivers/base/power/runtime.c
    #[inline]
    pub fn autosuspend_expiration(&self) -> Option<u64> {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        let at = unsafe { bindings::pm_runtime_autosuspend_expiration(self.as_raw()) };
        (at != 0).then_some(at)
    }

    /// Returns whether the device is suspended, and runtime PM is enabled.
    ///
    /// Unless something else keeps the device as it is, the answer may be outdated as soon as it is
    /// given. May be called from any context. C function: `pm_runtime_suspended()`.
    #[inline]
    pub fn suspended(&self) -> bool {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        unsafe { bindings::pm_runtime_suspended(self.as_raw()) }
    }

    /// Returns whether the device is awake, or runtime PM is disabled.
    ///
    /// The same restriction as for [`Self::suspended`] applies. C function: `pm_runtime_active()`.
    #[inline]
    pub fn active(&self) -> bool {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        unsafe { bindings::pm_runtime_active(self.as_raw()) }
    }

    /// Returns whether the device is suspended, even if runtime PM is disabled.
    ///
    /// The same restriction as for [`Self::suspended`] applies.
    /// C function: `pm_runtime_status_suspended()`.
    #[inline]
    pub fn status_suspended(&self) -> bool {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        unsafe { bindings::pm_runtime_status_suspended(self.as_raw()) }
    }

    /// Returns whether runtime PM is enabled.
    ///
    /// The same restriction as for [`Self::suspended`] applies. C function: `pm_runtime_enabled()`.
    #[inline]
    pub fn enabled(&self) -> bool {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        unsafe { bindings::pm_runtime_enabled(self.as_raw()) }
    }
}

/// Notes that the current task runs a callback for runtime PM of a device, which has a
/// [`BindingState`].
///
/// Of the callbacks of a device that are noted, there must not be two at the same time.
#[cfg(CONFIG_PCI)]
pub(crate) struct Callback<'a>(&'a Device);

#[cfg(CONFIG_PCI)]
impl<'a> Callback<'a> {
    pub(crate) fn enter(dev: &'a Device) -> Self {
        let task = Task::current_raw() as usize;

        BindingState::with_existing(dev, |state| state.pm_task = task);
        Self(dev)
    }
}

#[cfg(CONFIG_PCI)]
impl Drop for Callback<'_> {
    fn drop(&mut self) {
        BindingState::with_existing(self.0, |state| state.pm_task = 0);
    }
}

#[cfg(all(CONFIG_PCI, CONFIG_PM))]
impl<Ctx: DeviceContext> RuntimePm<'_, Ctx> {
    /// Returns [`EDEADLK`] if the current task runs a callback that it would wait for.
    #[inline]
    fn check_wait(&self) -> Result {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`. C changes the field
        // under a lock; what the current task has to do with it does not change.
        match unsafe { (&raw const (*self.as_raw()).power.runtime_status).read_volatile() } {
            bindings::rpm_status_RPM_RESUMING | bindings::rpm_status_RPM_SUSPENDING => {
                self.check_task()
            }
            _ => Ok(()),
        }
    }

    #[cold]
    fn check_task(&self) -> Result {
        let mut task = 0;
        BindingState::with_existing(self.device(), |state| task = state.pm_task);

        if task == Task::current_raw() as usize {
            return Err(EDEADLK);
        }
        Ok(())
    }
}

#[cfg(not(all(CONFIG_PCI, CONFIG_PM)))]
impl<Ctx: DeviceContext> RuntimePm<'_, Ctx> {
    #[inline]
    fn check_wait(&self) -> Result {
        Ok(())
    }
}

/// What waits: process context, not in a callback for runtime PM of the same device.
///
/// All of it returns [`EDEADLK`] in such a callback.
impl<'a, Ctx: MayWait> RuntimePm<'a, Ctx> {
    /// Resumes the device, and keeps it awake.
    ///
    /// May sleep. C function: `pm_runtime_resume_and_get()`.
    ///
    /// # Errors
    ///
    /// - [`EACCES`] if runtime PM is disabled for the device, and it is not known to be awake.
    /// - [`EINVAL`] if an earlier callback has failed.
    /// - What the driver returns when it can't resume.
    #[inline]
    pub fn resume_and_get(&self) -> Result<Awake<&'a Device>> {
        self.check_wait()?;

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        to_result(unsafe { bindings::pm_runtime_resume_and_get(self.as_raw()) })?;

        Ok(Awake(self.usage()))
    }

    /// Resumes the device, without keeping it awake.
    ///
    /// May sleep. Errors are those of [`Self::resume_and_get`]. C function: `pm_runtime_resume()`.
    #[inline]
    pub fn resume(&self) -> Result {
        self.check_wait()?;

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        done(unsafe { bindings::pm_runtime_resume(self.as_raw()) })
    }

    /// Suspends the device if nobody uses it.
    ///
    /// May sleep. C function: `pm_runtime_suspend()`.
    ///
    /// # Errors
    ///
    /// [`EAGAIN`] if somebody uses it, [`EBUSY`] if a child is awake, and others as in C.
    #[inline]
    pub fn suspend(&self) -> Result {
        self.check_wait()?;

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        done(unsafe { bindings::pm_runtime_suspend(self.as_raw()) })
    }

    /// Suspends the device if nobody uses it, after the autosuspend delay if that is in use.
    ///
    /// May sleep. Errors are those of [`Self::suspend`]. C function: `pm_runtime_autosuspend()`.
    #[inline]
    pub fn autosuspend(&self) -> Result {
        self.check_wait()?;

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        done(unsafe { bindings::pm_runtime_autosuspend(self.as_raw()) })
    }

    /// Asks the driver whether the device can be suspended, and does it if nobody uses it.
    ///
    /// May sleep. Errors are those of [`Self::suspend`]. C function: `pm_runtime_idle()`.
    #[inline]
    pub fn idle(&self) -> Result {
        self.check_wait()?;

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        done(unsafe { bindings::pm_runtime_idle(self.as_raw()) })
    }
}

/// What configures: in the callbacks of the bus that have the device lock. May sleep, and may
/// resume or suspend the device.
impl<'a> RuntimePm<'a, Core> {
    /// Enables runtime PM until the device is unbound.
    ///
    /// Not for PCI devices, for which the bus does this. C function: [`devm_pm_runtime_enable`].
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory to remember that it must be disabled.
    ///
    /// [`devm_pm_runtime_enable`]: srctree/drivers/base/power/runtime.c
    pub fn enable(&self) -> Result {
        // SAFETY: `self.as_raw()` is a pointer to a valid and bound `struct device`.
        to_result(unsafe { bindings::devm_pm_runtime_enable(self.as_raw()) })
    }

    /// Disables runtime PM until the guard is dropped, and waits for callbacks in progress.
    ///
    /// C functions: `pm_runtime_disable()`, and [`pm_runtime_enable`] when the guard is dropped.
    ///
    /// [`pm_runtime_enable`]: srctree/drivers/base/power/runtime.c
    pub fn disable(&self) -> Disabled<&'a Device> {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        unsafe { bindings::pm_runtime_disable(self.as_raw()) };

        // INVARIANT: This is what has been counted right now.
        Disabled { dev: self.device() }
    }

    /// Lets the device be suspended at run time, as user space does by `auto` in `power/control`.
    ///
    /// It is up to user space to change this again. C function: [`pm_runtime_allow`].
    ///
    /// [`pm_runtime_allow`]: srctree/drivers/base/power/runtime.c
    #[inline]
    pub fn allow(&self) {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        unsafe { bindings::pm_runtime_allow(self.as_raw()) };
    }

    /// Resumes the device, and keeps it awake until [`Self::allow`] is called or user space writes
    /// `auto` to `power/control`.
    ///
    /// This is how PCI devices begin. C function: [`pm_runtime_forbid`].
    ///
    /// [`pm_runtime_forbid`]: srctree/drivers/base/power/runtime.c
    #[inline]
    pub fn forbid(&self) {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        unsafe { bindings::pm_runtime_forbid(self.as_raw()) };
    }

    /// Declares that the device has no callbacks: what becomes of it is the parent's business.
    ///
    /// C function: [`pm_runtime_no_callbacks`].
    ///
    /// [`pm_runtime_no_callbacks`]: srctree/drivers/base/power/runtime.c
    #[inline]
    pub fn no_callbacks(&self) {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        unsafe { bindings::pm_runtime_no_callbacks(self.as_raw()) };
    }

    /// Sets for how many milliseconds the device must not have been used before it is suspended.
    ///
    /// A negative value keeps it awake. Has no effect without [`Self::use_autosuspend`]. User space
    /// may change it. C function: [`pm_runtime_set_autosuspend_delay`].
    ///
    /// [`pm_runtime_set_autosuspend_delay`]: srctree/drivers/base/power/runtime.c
    #[inline]
    pub fn set_autosuspend_delay(&self, milliseconds: i32) {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        unsafe { bindings::pm_runtime_set_autosuspend_delay(self.as_raw(), milliseconds) };
    }

    /// Has the device suspended only when it has not been used for the autosuspend delay.
    ///
    /// Undone when the device is unbound, or by [`Self::dont_use_autosuspend`].
    /// C function: `pm_runtime_use_autosuspend()`.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory to remember that it must be undone.
    pub fn use_autosuspend(&self) -> Result {
        /// # Safety
        ///
        /// `dev` must point to a valid `struct device`.
        unsafe extern "C" fn undo(dev: *mut c_void) {
            // SAFETY: By the safety requirements of this function.
            unsafe { bindings::pm_runtime_dont_use_autosuspend(dev.cast()) };
        }

        // SAFETY: `self.as_raw()` is a pointer to a valid and bound `struct device`.
        unsafe { bindings::pm_runtime_use_autosuspend(self.as_raw()) };

        // SAFETY: `self.as_raw()` is a pointer to a valid and bound `struct device`, and valid
        // until its devres actions have run.
        to_result(unsafe {
            bindings::devm_add_action_or_reset(self.as_raw(), Some(undo), self.as_raw().cast())
        })
    }

    /// Has the device suspended as soon as nobody uses it.
    ///
    /// C function: `pm_runtime_dont_use_autosuspend()`.
    #[inline]
    pub fn dont_use_autosuspend(&self) {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        unsafe { bindings::pm_runtime_dont_use_autosuspend(self.as_raw()) };
    }
}

/// How to let go of a usage count.
#[derive(Clone, Copy)]
enum Put {
    Idle,
    Autosuspend,
    Sync,
    NoIdle,
}

/// Keeps a device from being suspended at run time.
///
/// The device need not be awake; see [`Awake`]. `D` is `&Device`, or `ARef<Device>` for a guard
/// that may go anywhere, see [`Usage::to_owned`].
///
/// When it is dropped, the device may be suspended again, which does not happen before the drop
/// returns, so that this may be done in any context (`pm_runtime_put()`).
///
/// # Invariants
///
/// Owns a usage count of `dev`.
#[must_use = "the device may be suspended again if this is not kept"]
pub struct Usage<D: Deref<Target = Device>> {
    dev: D,
    put: Put,
}

impl<D: Deref<Target = Device>> Usage<D> {
    /// Returns the device.
    #[inline]
    pub fn device(&self) -> &Device {
        &self.dev
    }

    /// Lets go of the device; it is suspended after the autosuspend delay, which begins now.
    ///
    /// The driver is not asked whether it is idle. May be called from any context.
    /// C function: `pm_runtime_put_autosuspend()`.
    #[inline]
    pub fn put_autosuspend(mut self) {
        self.put = Put::Autosuspend;
    }

    /// Lets go of the device; if nobody else uses it, it is suspended before this returns, unless
    /// autosuspend is in use.
    ///
    /// Must be called from process context, not in a callback for runtime PM; may sleep.
    /// C function: `pm_runtime_put_sync()`.
    #[inline]
    pub fn put_sync(mut self) {
        self.put = Put::Sync;
    }

    /// Lets go of the device without having it suspended.
    ///
    /// May be called from any context. C function: `pm_runtime_put_noidle()`.
    #[inline]
    pub fn put_noidle(mut self) {
        self.put = Put::NoIdle;
    }

    /// Returns another guard of the same device, which has a reference to it.
    pub fn to_owned(&self) -> Usage<ARef<Device>> {
        // SAFETY: `self.device().as_raw()` is a pointer to a valid `struct device`.
        unsafe { bindings::pm_runtime_get_noresume(self.device().as_raw()) };

        // INVARIANT: This is the usage count that has been taken right now.
        Usage {
            dev: self.device().into(),
            put: Put::Idle,
        }
    }
}

impl<D: Deref<Target = Device>> Drop for Usage<D> {
    #[inline]
    fn drop(&mut self) {
        let dev = self.dev.as_raw();

        // SAFETY: `dev` is a pointer to a valid `struct device`, of which, by the type invariant, a
        // usage count is owned.
        unsafe {
            match self.put {
                Put::Idle => {
                    bindings::pm_runtime_put(dev);
                }
                Put::Autosuspend => {
                    bindings::pm_runtime_put_autosuspend(dev);
                }
                Put::Sync => {
                    bindings::pm_runtime_put_sync(dev);
                }
                Put::NoIdle => bindings::pm_runtime_put_noidle(dev),
            }
        }
    }
}

/// A [`Usage`] of a device that is awake.
#[must_use = "the device may be suspended again if this is not kept"]
pub struct Awake<D: Deref<Target = Device>>(Usage<D>);

impl<D: Deref<Target = Device>> Awake<D> {
    /// Returns the device.
    #[inline]
    pub fn device(&self) -> &Device {
        self.0.device()
    }

    /// See [`Usage::put_autosuspend`].
    #[inline]
    pub fn put_autosuspend(self) {
        self.0.put_autosuspend();
    }

    /// See [`Usage::put_sync`].
    #[inline]
    pub fn put_sync(self) {
        self.0.put_sync();
    }

    /// See [`Usage::put_noidle`].
    #[inline]
    pub fn put_noidle(self) {
        self.0.put_noidle();
    }

    /// Returns another guard of the same device, which has a reference to it.
    #[inline]
    pub fn to_owned(&self) -> Awake<ARef<Device>> {
        Awake(self.0.to_owned())
    }
}

impl<D: Deref<Target = Device>> From<Awake<D>> for Usage<D> {
    #[inline]
    fn from(awake: Awake<D>) -> Self {
        awake.0
    }
}

/// Runtime PM of a device is disabled as long as this exists.
///
/// No callback for runtime PM of the device runs, and what the core believes about its state can be
/// corrected. Created by [`RuntimePm::disable`].
///
/// # Invariants
///
/// Owns an increment of the disable depth of `dev`.
#[must_use = "runtime PM is enabled again when this is dropped"]
pub struct Disabled<D: Deref<Target = Device>> {
    dev: D,
}

impl<D: Deref<Target = Device>> Disabled<D> {
    /// Checks that `dev` is the device of this, hence that it has not been removed: C looks at its
    /// parent, to which a device that has been removed has no reference any more.
    fn check(&self, dev: &Device<Bound>) -> Result {
        if dev.as_raw() != self.dev.as_raw() {
            return Err(EINVAL);
        }

        Ok(())
    }

    /// Tells the core that the device is awake.
    ///
    /// Must be called from process context; may sleep. C function: `pm_runtime_set_active()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `dev` is another device.
    /// - [`EBUSY`] if the parent is not awake.
    pub fn set_active(&self, dev: &Device<Bound>) -> Result {
        self.check(dev)?;

        // SAFETY: `dev.as_raw()` is a pointer to a valid and bound `struct device`.
        done(unsafe { bindings::pm_runtime_set_active(dev.as_raw()) })
    }

    /// Tells the core that the device is suspended.
    ///
    /// Must be called from process context; may sleep. C function: `pm_runtime_set_suspended()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `dev` is another device.
    /// - [`EBUSY`] if a child is awake.
    pub fn set_suspended(&self, dev: &Device<Bound>) -> Result {
        self.check(dev)?;

        // SAFETY: `dev.as_raw()` is a pointer to a valid and bound `struct device`.
        done(unsafe { bindings::pm_runtime_set_suspended(dev.as_raw()) })
    }
}

impl Disabled<&Device> {
    /// Turns this into a guard which has a reference to the device, and can be kept in the data of
    /// a driver.
    pub fn into_owned(self) -> Disabled<ARef<Device>> {
        let dev = self.dev.into();

        // INVARIANT: The increment goes to the new guard.
        core::mem::forget(self);
        Disabled { dev }
    }
}

impl<D: Deref<Target = Device>> Drop for Disabled<D> {
    fn drop(&mut self) {
        // SAFETY: `self.dev.as_raw()` is a pointer to a valid `struct device`; by the type
        // invariant, this is balanced.
        unsafe { bindings::pm_runtime_enable(self.dev.as_raw()) };
    }
}

#[cfg(CONFIG_PM)]
#[kunit_tests(rust_kernel_pm_runtime)]
mod tests {
    use super::*;
    use crate::{c_str, faux};

    /// Runs `f` with a device that has no callbacks, and for which runtime PM is enabled.
    fn with_device(f: impl FnOnce(&Device<Core>) -> Result) -> Result {
        let faux = faux::Registration::new(c_str!("rust_pm_runtime"), None)?;
        let dev: &Device = faux.as_ref();
        // SAFETY: `Device` is a transparent wrapper. A faux device is bound as long as it is
        // registered, and nobody else knows this one, which is the same as holding the device lock.
        let dev = unsafe { &*core::ptr::from_ref(dev).cast::<Device<Core>>() };

        dev.runtime_pm().enable()?;
        f(dev)
    }

    #[test]
    fn guards_keep_the_device_awake() -> Result {
        with_device(|dev| {
            let pm = dev.runtime_pm();
            assert!(pm.enabled());
            assert!(pm.suspended());
            assert!(pm.get_if_active()?.is_none());

            let awake = pm.resume_and_get()?;
            assert!(pm.active());
            assert_eq!(pm.suspend(), Err(EAGAIN));

            let other = pm.get_if_in_use()?.ok_or(EINVAL)?;
            let owned = other.to_owned();
            assert!(core::ptr::eq(owned.device().as_raw(), dev.as_raw()));

            awake.put_sync();
            other.put_sync();
            assert!(pm.active());
            owned.put_sync();
            assert!(pm.suspended());
            Ok(())
        })
    }

    #[test]
    fn usage_does_not_resume() -> Result {
        with_device(|dev| {
            let pm = dev.runtime_pm();
            let usage = pm.get_noresume();
            assert!(pm.suspended());
            assert!(pm.get_if_active()?.is_none());

            pm.resume()?;
            assert!(pm.get_if_active()?.is_some());
            // The guard of the line above has gone again, this one has not.
            assert_eq!(pm.suspend(), Err(EAGAIN));

            usage.put_noidle();
            assert!(pm.active());
            assert!(pm.get_if_in_use()?.is_none());
            pm.suspend()?;
            // It is, already.
            pm.suspend()?;
            assert!(pm.suspended());
            Ok(())
        })
    }

    #[test]
    fn status_is_set_while_disabled() -> Result {
        with_device(|dev| {
            let pm = dev.runtime_pm();
            let disabled = pm.disable();
            assert!(!pm.enabled());
            assert!(pm.status_suspended());
            assert!(!pm.suspended());
            assert_eq!(pm.resume_and_get().err(), Some(EACCES));

            disabled.set_active(dev)?;
            assert!(!pm.status_suspended());
            let other = faux::Registration::new(c_str!("rust_pm_runtime_other"), None)?;
            // SAFETY: A faux device is bound as long as it is registered.
            let other = unsafe { other.as_ref().as_bound() };
            assert_eq!(disabled.set_suspended(other), Err(EINVAL));

            let disabled = disabled.into_owned();
            assert!(!pm.enabled());

            drop(disabled);
            assert!(pm.enabled());
            assert!(pm.active());
            pm.suspend()?;
            assert!(pm.suspended());
            Ok(())
        })
    }

    #[cfg(CONFIG_PCI)]
    #[test]
    fn callback_does_not_wait_for_itself() -> Result {
        with_device(|dev| {
            let pm = dev.runtime_pm();
            BindingState::with(dev, |_| ())?;
            // SAFETY: Nobody else knows this device.
            let status = unsafe { &raw mut (*dev.as_raw()).power.runtime_status };

            {
                let _callback = Callback::enter(dev);

                // SAFETY: As above.
                unsafe { status.write(bindings::rpm_status_RPM_RESUMING) };
                assert_eq!(pm.resume_and_get().err(), Some(EDEADLK));
                assert_eq!(pm.suspend(), Err(EDEADLK));

                // SAFETY: As above.
                unsafe { status.write(bindings::rpm_status_RPM_SUSPENDED) };
                pm.resume()?;
                pm.suspend()?;
            }

            // SAFETY: As above.
            unsafe { status.write(bindings::rpm_status_RPM_SUSPENDING) };
            assert_eq!(pm.check_wait(), Ok(()));
            // SAFETY: As above.
            unsafe { status.write(bindings::rpm_status_RPM_SUSPENDED) };
            Ok(())
        })
    }

    #[test]
    fn autosuspend_waits() -> Result {
        with_device(|dev| {
            let pm = dev.runtime_pm();
            pm.set_autosuspend_delay(60_000);
            pm.use_autosuspend()?;

            pm.resume_and_get()?.put_autosuspend();
            assert!(pm.active());
            assert!(pm.autosuspend_expiration().is_some());

            pm.dont_use_autosuspend();
            assert!(pm.autosuspend_expiration().is_none());
            pm.suspend()?;
            assert!(pm.suspended());
            Ok(())
        })
    }
}
