// SPDX-License-Identifier: GPL-2.0

//! Virtual functions of PCI Express devices (SR-IOV).
//!
//! C header: [`include/linux/pci.h`](srctree/include/linux/pci.h)
//!
//! The driver of a physical function (PF) enables virtual functions (VFs), either on its own or as
//! user space asks for it in `sriov_numvfs` ([`Driver::sriov_configure`]). Each VF is a device of
//! its own, with a driver of its own, which may be the same, and is bound and unbound with the
//! device lock of the PF held.
//!
//! # Teardown
//!
//! VFs don't outlive the binding of the PF: the abstraction disables them, which unbinds their
//! drivers, before it calls [`unbind`](super::Driver::unbind) for the PF, when the PF still works
//! and its driver can still answer the ones of the VFs. Should `unbind` have enabled others, they
//! go before the data of the driver is dropped. The same holds for a failed probe. A driver may
//! disable them earlier.
//!
//! Hence the driver of a VF may use the data of the one of the PF, see [`Device::pf_drvdata`].
//!
//! As long as VFs are enabled, the PF is not suspended at run time.

use super::{Adapter, Device};
use crate::{
    bindings,
    device::{self, Bound, Core},
    devres::BindingState,
    error::{from_result, to_result, Error, Result, VTABLE_DEFAULT_ERROR},
    ffi::c_int,
    prelude::*,
};
use core::{any::TypeId, marker::PhantomData, pin::Pin};

/// The callbacks of a driver of physical functions.
///
/// All of them are optional, and run in process context with the device lock of the PF held. They
/// are called as long as the data of the driver exists: not before
/// [`probe`](super::Driver::probe) has returned, and not once
/// [`unbind`](super::Driver::unbind) has been called.
///
/// # Examples
///
/// ```
/// # use kernel::{bindings, device::Core, pci, prelude::*};
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
///     const SRIOV: Option<pci::sriov::Ops<Self>> = Some(pci::sriov::Ops::new());
///
///     fn probe(_pdev: &pci::Device<Core>, _info: &()) -> Result<Pin<KBox<Self>>> {
///         Err(ENODEV)
///     }
/// }
///
/// #[vtable]
/// impl pci::sriov::Driver for MyDriver {
///     fn sriov_configure(
///         pdev: &pci::Device<Core>,
///         _this: Pin<&Self>,
///         num_vfs: u16,
///     ) -> Result<u16> {
///         pdev.sriov_configure_simple(num_vfs)
///     }
/// }
/// ```
#[vtable]
pub trait Driver: super::Driver {
    /// User space wants `num_vfs` VFs, or, if it is 0, that they be disabled.
    ///
    /// Called only if the number changes, and none are enabled if it is not 0. Returns how many
    /// there are now.
    fn sriov_configure(dev: &Device<Core>, this: Pin<&Self>, num_vfs: u16) -> Result<u16> {
        let _ = (dev, this, num_vfs);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Returns how many MSI-X vectors there are that can be given to VFs.
    fn get_vf_total_msix(dev: &Device<Core>, this: Pin<&Self>) -> u32 {
        let _ = (dev, this);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// User space wants the VF `vf` to have `count` MSI-X vectors; 0 is for the default.
    ///
    /// The VF has no driver, and its device lock is held, too. This is why `dev` is not
    /// `Device<Core>`, by which the VF could be removed: this would wait for that lock.
    fn set_msix_vec_count(
        dev: &Device<Bound>,
        this: Pin<&Self>,
        vf: &Device,
        count: u32,
    ) -> Result {
        let _ = (dev, this, vf, count);
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// The C functions behind the callbacks.
///
/// All of them have the same safety requirements: only to be called by the PCI core as members of
/// the `struct pci_driver` of the driver, for a device to which `T` is bound, with the device lock
/// held.
struct Callbacks<T>(PhantomData<T>);

impl<T: Driver + 'static> Callbacks<T> {
    /// # Safety
    ///
    /// See [`Callbacks`].
    unsafe extern "C" fn configure(pdev: *mut bindings::pci_dev, num_vfs: c_int) -> c_int {
        // SAFETY: By the safety requirements of this function; the device lock is held.
        let Some((dev, this)) = (unsafe { Adapter::<T>::bound_pci(pdev) }) else {
            return -(bindings::ENODEV as c_int);
        };

        from_result(|| {
            let num_vfs = u16::try_from(num_vfs)?;

            T::sriov_configure(dev, this, num_vfs).map(c_int::from)
        })
    }

    /// # Safety
    ///
    /// See [`Callbacks`].
    unsafe extern "C" fn get_vf_total_msix(pdev: *mut bindings::pci_dev) -> u32 {
        // SAFETY: By the safety requirements of this function; the device lock is held.
        match unsafe { Adapter::<T>::bound_pci(pdev) } {
            Some((dev, this)) => T::get_vf_total_msix(dev, this),
            None => 0,
        }
    }

    /// In contrast to the others, this is called with a VF of the device.
    ///
    /// # Safety
    ///
    /// See [`Callbacks`].
    unsafe extern "C" fn set_msix_vec_count(vf: *mut bindings::pci_dev, count: c_int) -> c_int {
        // SAFETY: `vf` is a valid pointer to a VF that has not been removed.
        let pf = unsafe { bindings::pci_physfn(vf) };

        // SAFETY: By the safety requirements of this function; the device lock of `pf` is held.
        let Some((dev, this)) = (unsafe { Adapter::<T>::bound_pci(pf) }) else {
            return -(bindings::ENODEV as c_int);
        };

        // SAFETY: `vf` is a valid pointer, and `Device` a transparent wrapper.
        let vf = unsafe { &*vf.cast::<Device>() };

        from_result(|| {
            let count = u32::try_from(count)?;

            T::set_msix_vec_count(dev, this, vf, count).map(|()| 0)
        })
    }
}

/// The table of the SR-IOV callbacks of a driver, for [`pci::Driver::SRIOV`].
///
/// [`pci::Driver::SRIOV`]: super::Driver::SRIOV
pub struct Ops<T: ?Sized> {
    configure: Option<unsafe extern "C" fn(*mut bindings::pci_dev, c_int) -> c_int>,
    get_vf_total_msix: Option<unsafe extern "C" fn(*mut bindings::pci_dev) -> u32>,
    set_msix_vec_count: Option<unsafe extern "C" fn(*mut bindings::pci_dev, c_int) -> c_int>,
    _driver: PhantomData<fn(&T)>,
}

impl<T: Driver + 'static> Ops<T> {
    /// The callbacks that `T` implements.
    pub const fn new() -> Self {
        Self {
            configure: if T::HAS_SRIOV_CONFIGURE {
                Some(Callbacks::<T>::configure)
            } else {
                None
            },
            get_vf_total_msix: if T::HAS_GET_VF_TOTAL_MSIX {
                Some(Callbacks::<T>::get_vf_total_msix)
            } else {
                None
            },
            set_msix_vec_count: if T::HAS_SET_MSIX_VEC_COUNT {
                Some(Callbacks::<T>::set_msix_vec_count)
            } else {
                None
            },
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
    /// Enters the callbacks into `pdrv`, which has not been registered yet.
    pub(super) fn install(&self, pdrv: &mut bindings::pci_driver) {
        pdrv.sriov_configure = self.configure;
        pdrv.sriov_get_vf_total_msix = self.get_vf_total_msix;
        pdrv.sriov_set_msix_vec_count = self.set_msix_vec_count;
    }
}

/// The number of BARs that a VF can have.
const NUM_BARS: u32 = 6;

/// The index of the first BAR of the VFs in the resources of the PF.
#[cfg(CONFIG_PCI_IOV)]
const IOV_RESOURCES: u32 = bindings::PCI_IOV_RESOURCES;
#[cfg(not(CONFIG_PCI_IOV))]
const IOV_RESOURCES: u32 = 0;

/// The index of BAR `bar` of the VFs in the resources of the PF.
fn resource_of(bar: u32) -> Result<c_int> {
    if bar >= NUM_BARS {
        return Err(EINVAL);
    }

    Ok((IOV_RESOURCES + bar) as c_int)
}

impl Device {
    /// Returns whether this is a virtual function.
    ///
    /// May be called from any context.
    #[inline]
    pub fn is_virtfn(&self) -> bool {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        unsafe { bindings::pci_dev_is_virtfn(self.as_raw()) }
    }

    /// Returns whether this is a physical function that can have virtual functions.
    ///
    /// May be called from any context.
    #[inline]
    pub fn is_physfn(&self) -> bool {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        unsafe { bindings::pci_dev_is_physfn(self.as_raw()) }
    }

    /// Returns how many VFs user space may enable; 0 if this is not a PF.
    ///
    /// May be called from any context. C function: [`pci_sriov_get_totalvfs`].
    ///
    /// [`pci_sriov_get_totalvfs`]: srctree/drivers/pci/iov.c
    #[inline]
    pub fn totalvfs(&self) -> u16 {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        let total = unsafe { bindings::pci_sriov_get_totalvfs(self.as_raw()) };

        // This is a `u16` in C, too.
        u16::try_from(total).unwrap_or(0)
    }

    /// Returns how many VFs are enabled.
    ///
    /// 0 while they are being enabled, i.e. in the probe of a VF. May be called from any context.
    /// C function: [`pci_num_vf`].
    ///
    /// [`pci_num_vf`]: srctree/drivers/pci/iov.c
    #[inline]
    pub fn num_vf(&self) -> u16 {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        let num = unsafe { bindings::pci_num_vf(self.as_raw()) };

        // This is a `u16` in C, too.
        u16::try_from(num).unwrap_or(0)
    }

    /// Returns the device and function number that the VF `vf` of this PF has, or would have.
    ///
    /// The first one is 0. May be called from any context. C function: [`pci_iov_virtfn_devfn`].
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if this is not a PF.
    ///
    /// [`pci_iov_virtfn_devfn`]: srctree/drivers/pci/iov.c
    pub fn virtfn_devfn(&self, vf: u16) -> Result<u8> {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        let devfn = unsafe { bindings::pci_iov_virtfn_devfn(self.as_raw(), vf.into()) };

        if devfn < 0 {
            return Err(Error::from_errno(devfn));
        }
        Ok(u8::try_from(devfn)?)
    }
}

impl Device<Bound> {
    /// Returns the physical function of a VF, and any other device itself.
    ///
    /// The PF is there as long as the VF is bound, but need not have a driver.
    /// May be called from any context. C function: `pci_physfn()`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::{device::Bound, pci};
    /// fn other_vfs(pdev: &pci::Device<Bound>) -> u16 {
    ///     pdev.physfn().num_vf()
    /// }
    /// ```
    pub fn physfn(&self) -> &Device {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`. A VF has a reference to
        // its PF until it has been removed, i.e. longer than it is bound, hence the returned
        // reference is valid for as long as `self` is.
        unsafe { &*bindings::pci_physfn(self.as_raw()).cast() }
    }

    /// Returns a mask of the sizes that BAR `bar` of the VFs can have if there are `num_vfs` of
    /// them: bit 0 is for 1 MiB, bit 1 for 2 MiB, and so on.
    ///
    /// 0 if the BAR can't be resized. May be called from any context; reads the configuration
    /// space. C function: [`pci_iov_vf_bar_get_sizes`].
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if `bar` is not the number of a BAR (0 to 5), or this is not a PF.
    ///
    /// [`pci_iov_vf_bar_get_sizes`]: srctree/drivers/pci/iov.c
    pub fn vf_bar_sizes(&self, bar: u32, num_vfs: u16) -> Result<u32> {
        let bar = resource_of(bar)?;
        if !self.is_physfn() {
            return Err(EINVAL);
        }

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`, which is a PF and has
        // not been removed, and `bar` the index of a resource for VFs.
        Ok(unsafe { bindings::pci_iov_vf_bar_get_sizes(self.as_raw(), bar, num_vfs.into()) })
    }

    /// Returns the data of the driver of the physical function (PF) of this VF.
    ///
    /// They are there for as long as this VF is bound, see the [module documentation](self). The
    /// callbacks of the PF may run at the same time, and, while the PF enables or disables VFs,
    /// wait for the driver of the VF to be bound or unbound: mind the locks of the driver.
    ///
    /// May be called from any context. C function: [`pci_iov_get_pf_drvdata`].
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if this is not a VF.
    /// - [`ENODEV`] if the driver of the PF is not `T`, or is none, or its probe or unbind has
    ///   enabled this VF and has not returned yet.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::{device::{Bound, Core}, pci, prelude::*};
    /// struct PfDriver {
    ///     link_speed: u32,
    /// }
    ///
    /// # kernel::pci_device_table!(
    /// #     PCI_TABLE,
    /// #     MODULE_PCI_TABLE,
    /// #     <PfDriver as pci::Driver>::IdInfo,
    /// #     [(pci::DeviceId::from_id(pci::Vendor::REDHAT, 0), ())]
    /// # );
    /// impl pci::Driver for PfDriver {
    ///     // ...
    /// #     type IdInfo = ();
    /// #     const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;
    /// #
    /// #     fn probe(_pdev: &pci::Device<Core>, _info: &()) -> Result<Pin<KBox<Self>>> {
    /// #         Err(ENODEV)
    /// #     }
    /// }
    ///
    /// /// In the driver of the VFs.
    /// fn link_speed(vf: &pci::Device<Bound>) -> Result<u32> {
    ///     Ok(vf.pf_drvdata::<PfDriver>()?.link_speed)
    /// }
    /// ```
    ///
    /// [`pci_iov_get_pf_drvdata`]: srctree/drivers/pci/iov.c
    pub fn pf_drvdata<T: super::Driver + Sync + 'static>(&self) -> Result<Pin<&T>> {
        if !self.is_virtfn() {
            return Err(EINVAL);
        }

        let pf = self.physfn();
        let mut driver = None;
        BindingState::with_existing(pf.as_ref(), |state| driver = state.pf_driver);
        if driver != Some(TypeId::of::<T>()) {
            return Err(ENODEV);
        }

        // SAFETY: `Device` is a transparent wrapper of `struct pci_dev`, whatever its context. The
        // context is needed for the call below only, for which see there.
        let pf = unsafe { &*pf.as_raw().cast::<Device<device::CoreInternal>>() };
        let dev: &device::Device<device::CoreInternal> = pf.as_ref();

        // SAFETY: The type of the driver is noted after its data has been set, and forgotten after
        // all VFs have been unbound, but before the data is taken away. As this VF is bound, and
        // the type was still noted, the latter has not happened, and does not for as long as
        // `self` is valid. The type of the data is `Pin<KBox<T>>`.
        Ok(unsafe { dev.drvdata_borrow::<Pin<KBox<T>>>() })
    }

    /// Returns the number of this VF, from 0.
    ///
    /// May be called from any context. C function: [`pci_iov_vf_id`].
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if this is not a VF.
    ///
    /// [`pci_iov_vf_id`]: srctree/drivers/pci/iov.c
    pub fn vf_id(&self) -> Result<u16> {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`; if it is a VF, its PF
        // is valid, as in `Self::physfn()`.
        let id = unsafe { bindings::pci_iov_vf_id(self.as_raw()) };

        if id < 0 {
            return Err(Error::from_errno(id));
        }
        Ok(u16::try_from(id)?)
    }
}

/// For callbacks that hold the device lock. All of it may sleep.
///
/// VFs are added and removed with the lock for rescanning and removing, which nests outside of the
/// device lock. When it is user space that sets the number of VFs, or the device is removed, it is
/// held before. When user space binds or unbinds the driver of a PF, it is not; a removal of the
/// device at the same time deadlocks if there are VFs, as it does for drivers in C. So does a
/// recovery from an error of AER or DPC that begins while VFs are added or removed: that holds
/// `pci_bus_sem` and waits for the device lock, and adding VFs does it the other way round.
impl Device<Core> {
    /// Enables `num_vfs` VFs.
    ///
    /// Drivers are bound to them before this returns. The device is kept awake as long as they are
    /// enabled. C function: [`pci_enable_sriov`].
    ///
    /// # Errors
    ///
    /// - `ENOSYS` if this is not a PF, [`ENODEV`] without `CONFIG_PCI_IOV`.
    /// - [`EINVAL`] if `num_vfs` is 0 or the device does not have so many VFs, or some are enabled.
    /// - [`ENOMEM`] if there are no addresses or bus numbers for them.
    /// - [`EDEADLK`] in the recovery from an [error](super::err).
    ///
    /// [`pci_enable_sriov`]: srctree/drivers/pci/iov.c
    pub fn enable_sriov(&self, num_vfs: u16) -> Result {
        if num_vfs == 0 {
            return Err(EINVAL);
        }
        self.check_bus_lock()?;

        // If runtime PM is disabled, the device stays as it is, which is fine.
        let usage = match self.runtime_pm().resume_and_get() {
            Ok(awake) => awake.into(),
            Err(EACCES) => self.runtime_pm().get_noresume(),
            Err(err) => return Err(err),
        };

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`. The VFs are disabled
        // before the driver is unbound.
        to_result(unsafe { bindings::pci_enable_sriov(self.as_raw(), num_vfs.into()) })?;

        // Given back in `disable_sriov()`. As no VF was enabled before, there is none from an
        // earlier time.
        let mut kept = false;
        BindingState::with_existing(self.as_ref(), |state| {
            state.sriov_awake = true;
            kept = true;
        });
        if kept {
            core::mem::forget(usage);
        }

        Ok(())
    }

    /// Unbinds the drivers of all VFs, and disables them.
    ///
    /// Takes at least a second if there are any. C function: [`pci_disable_sriov`].
    ///
    /// # Errors
    ///
    /// [`EDEADLK`] in the recovery from an [error](super::err).
    ///
    /// [`pci_disable_sriov`]: srctree/drivers/pci/iov.c
    pub fn disable_sriov(&self) -> Result {
        self.check_bus_lock()?;
        self.remove_vfs();

        Ok(())
    }

    /// The same as [`Self::disable_sriov`], for probe and remove.
    pub(super) fn remove_vfs(&self) {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        unsafe { bindings::pci_disable_sriov(self.as_raw()) };

        let mut awake = false;
        BindingState::with_existing(self.as_ref(), |state| {
            awake = core::mem::replace(&mut state.sriov_awake, false);
        });
        if awake {
            let dev: &device::Device<Core> = self.as_ref();

            // SAFETY: `dev.as_raw()` is a pointer to a valid `struct device`. This balances what
            // `enable_sriov()` has forgotten.
            unsafe { bindings::pm_runtime_put(dev.as_raw()) };
        }
    }

    /// What [`Driver::sriov_configure`] does for devices that need nothing else.
    ///
    /// Returns `num_vfs`. Like C function [`pci_sriov_configure_simple`].
    ///
    /// # Errors
    ///
    /// [`EPERM`] if VFs are in use by a virtual machine (Xen), and those of
    /// [`Self::enable_sriov`].
    ///
    /// [`pci_sriov_configure_simple`]: srctree/drivers/pci/iov.c
    pub fn sriov_configure_simple(&self, num_vfs: u16) -> Result<u16> {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        if unsafe { bindings::pci_vfs_assigned(self.as_raw()) } != 0 {
            return Err(EPERM);
        }

        if num_vfs == 0 {
            self.disable_sriov()?;
        } else {
            self.enable_sriov(num_vfs)?;
        }

        Ok(num_vfs)
    }

    /// Limits how many VFs user space may enable, until the device is unbound.
    ///
    /// C function: [`pci_sriov_set_totalvfs`].
    ///
    /// # Errors
    ///
    /// - `ENOSYS` if this is not a PF.
    /// - [`EINVAL`] if the device does not have so many VFs.
    /// - [`EBUSY`] if VFs are enabled.
    ///
    /// [`pci_sriov_set_totalvfs`]: srctree/drivers/pci/iov.c
    pub fn set_totalvfs(&self, num_vfs: u16) -> Result {
        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`.
        to_result(unsafe { bindings::pci_sriov_set_totalvfs(self.as_raw(), num_vfs) })
    }

    /// Sets the size of BAR `bar` of the VFs: 0 is for 1 MiB, 1 for 2 MiB, and so on.
    ///
    /// C function: [`pci_iov_vf_bar_set_size`].
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `bar` is not the number of a BAR (0 to 5), or it can't have this size, or
    ///   this is not a PF.
    /// - [`EBUSY`] if VFs are enabled.
    /// - `ENOTSUPP` if the BAR can't be resized.
    ///
    /// [`pci_iov_vf_bar_set_size`]: srctree/drivers/pci/iov.c
    pub fn vf_bar_set_size(&self, bar: u32, size: u32) -> Result {
        let bar = resource_of(bar)?;
        // The C function shifts by `size`, and relies on there being the capability.
        if size >= u32::BITS || !self.is_physfn() {
            return Err(EINVAL);
        }

        // SAFETY: `self.as_raw()` is a pointer to a valid `struct pci_dev`, which is a PF, `bar` is
        // the index of a resource for VFs, and `size` can be shifted by.
        to_result(unsafe { bindings::pci_iov_vf_bar_set_size(self.as_raw(), bar, size as c_int) })
    }
}

#[kunit_tests(rust_kernel_pci_sriov)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_checked() -> Result {
        assert_eq!(resource_of(0)?, IOV_RESOURCES as c_int);
        assert_eq!(resource_of(5)?, IOV_RESOURCES as c_int + 5);
        assert_eq!(resource_of(6), Err(EINVAL));
        assert_eq!(resource_of(u32::MAX), Err(EINVAL));
        Ok(())
    }
}
