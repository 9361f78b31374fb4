// SPDX-License-Identifier: GPL-2.0

//! Power management of devices.
//!
//! C headers: [`include/linux/pm.h`](srctree/include/linux/pm.h),
//! [`include/linux/pm_wakeup.h`](srctree/include/linux/pm_wakeup.h)
//!
//! The callbacks for system sleep and runtime power management are the business of the bus, see for
//! instance [`pci::pm`](kernel::pci::pm). This module has what all buses share.

use crate::{
    bindings,
    device::{Core, Device},
    error::{to_result, Result},
};

pub mod runtime;

/// What the driver of a device promises to the core of system sleep.
///
/// The default is none of it. See [`Device::set_pm_driver_flags`].
///
/// # Examples
///
/// ```
/// use kernel::pm::DriverFlags;
///
/// let flags = DriverFlags::new().smart_prepare().smart_suspend();
///
/// assert_ne!(flags, DriverFlags::new().smart_suspend());
/// assert_eq!(flags, DriverFlags::new().smart_suspend().smart_prepare());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DriverFlags(u32);

impl DriverFlags {
    // From `include/linux/pm.h`; they are `BIT()`s, which bindgen does not evaluate.
    const NO_DIRECT_COMPLETE: u32 = 1 << 0;
    const SMART_PREPARE: u32 = 1 << 1;
    const SMART_SUSPEND: u32 = 1 << 2;
    const MAY_SKIP_RESUME: u32 = 1 << 3;

    /// Promises nothing.
    #[inline]
    pub const fn new() -> Self {
        Self(0)
    }

    /// The device must go through all phases, even if it is runtime suspended all the time
    /// (`DPM_FLAG_NO_DIRECT_COMPLETE`).
    #[inline]
    pub const fn no_direct_complete(self) -> Self {
        Self(self.0 | Self::NO_DIRECT_COMPLETE)
    }

    /// The answer of the driver's `prepare` callback counts (`DPM_FLAG_SMART_PREPARE`).
    #[inline]
    pub const fn smart_prepare(self) -> Self {
        Self(self.0 | Self::SMART_PREPARE)
    }

    /// The callbacks for system suspend cope with a device that is runtime suspended; it need not
    /// be resumed before (`DPM_FLAG_SMART_SUSPEND`).
    #[inline]
    pub const fn smart_suspend(self) -> Self {
        Self(self.0 | Self::SMART_SUSPEND)
    }

    /// The device may be left suspended when the system resumes (`DPM_FLAG_MAY_SKIP_RESUME`).
    #[inline]
    pub const fn may_skip_resume(self) -> Self {
        Self(self.0 | Self::MAY_SKIP_RESUME)
    }
}

impl Device {
    /// Returns whether the device is able to wake up the system, and allowed to.
    ///
    /// User space may change this at any time (`power/wakeup` in sysfs). May be called from any
    /// context. C function: `device_may_wakeup()`.
    #[inline]
    pub fn may_wakeup(&self) -> bool {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        unsafe { bindings::device_may_wakeup(self.as_raw()) }
    }
}

impl Device<Core> {
    /// Sets what the driver promises to the core of system sleep.
    ///
    /// Replaces what has been set before; forgotten when the device is unbound. To be called in
    /// probe. C function: `dev_pm_set_driver_flags()`.
    #[inline]
    pub fn set_pm_driver_flags(&self, flags: DriverFlags) {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`. The flags are read
        // during system sleep transitions only, in which no callback of a bus that provides a
        // `Device<Core>` runs concurrently with this one.
        unsafe { bindings::dev_pm_set_driver_flags(self.as_raw(), flags.0) };
    }

    /// Allows the device to wake up the system, or not, like user space does by `power/wakeup`.
    ///
    /// Must be called from process context; may sleep. C function: `device_set_wakeup_enable()`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`](kernel::error::code::EINVAL) if the device can't wake up the system.
    #[inline]
    pub fn set_wakeup_enable(&self, enable: bool) -> Result {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct device`.
        to_result(unsafe { bindings::device_set_wakeup_enable(self.as_raw(), enable) })
    }
}
