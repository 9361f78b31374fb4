// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Kernel mode setting (KMS): showing pictures on displays.
//!
//! C headers: [`include/drm/drm_mode_config.h`](srctree/include/drm/drm_mode_config.h),
//! [`include/drm/drm_atomic.h`](srctree/include/drm/drm_atomic.h),
//! [`include/drm/drm_atomic_helper.h`](srctree/include/drm/drm_atomic_helper.h)
//!
//! A driver implements [`Driver`], and names it in [`drm::Driver::KMS`]. It has one type for each
//! sort of object: [`Plane`], [`Crtc`], [`Encoder`], [`Connector`]. What is different between, say,
//! a primary plane and a cursor is up to the data of each object. As the types of objects and
//! states name the driver, those of different drivers can't be mixed.
//!
//! # Phases
//!
//! | phase | what the driver gets | allowed |
//! | ----- | -------------------- | ------- |
//! | creation | [`NewObjects`] | objects are created |
//! | check | [`PlaneCheck`] and so on | the new state is changed, or refused |
//! | commit | [`PlaneCommit`] and so on | hardware is used; can't fail |
//! | probing | [`ConnectorProbe`] | the display is asked |
//! | panic | [`PanicContext`] | the memory that is shown is found, without waiting |
//!
//! Between creation and the others the device is registered, see [`drm::Registration`]. When the
//! parent has been unbound, [`drm::Device::enter`] fails, in commits that have begun before, and in
//! a last one, see below. When the last file has been closed, the objects are freed, and then the
//! data of the driver.
//!
//! # Contexts of the callbacks
//!
//! | callback | locks | runs concurrently with |
//! | -------- | ----- | ---------------------- |
//! | [`Driver::create_objects`] | of the parent | nothing |
//! | `mode_valid` | mode configuration, or some modeset locks | all others |
//! | `atomic_check` | modeset locks of what is in the state | commits, other checks |
//! | `mode_set`, the other `atomic_*` | none to be relied on | checks, other CRTCs |
//! | `get_modes`, `detect` | mode configuration | commits |
//! | [`Clone`] of a state | modeset lock of its object | commits, checks of other objects |
//! | [`Drop`] of a state | none to be relied on | all others |
//! | `*_vblank*` of [`DriverCrtc`] | spinlocks, interrupts are disabled | all others |
//! | `scanout_buffer` | a raw spinlock, and any that is held at the panic | all others |
//!
//! All of them but the last two are called in process context, or by a work item, and may sleep.
//! [`Crtc::handle_vblank`], which the driver calls, takes the spinlocks of the callbacks for
//! vertical blanks. Commits of the same CRTC, and of the planes on it, come one after the other. In
//! each of them, the device may be unplugged: hardware is used in [`drm::Device::enter`], which is
//! enough to have it.
//!
//! # Teardown
//!
//! When the parent is unbound: vertical blanks are stopped, and the events that wait for one are
//! sent; the device is unplugged, for which sections of [`drm::Device::enter`] are waited for; the
//! console and user space are cut off; what is enabled is disabled by a last commit, which finds
//! the hardware gone. `atomic_disable` is not called for what is off already, nor if that commit
//! fails, for want of memory for example. Then interrupt handlers are unregistered, and mappings
//! are revoked.

use crate::{
    bindings, c_str, container_of, device, drm,
    error::{from_result, to_result, Result},
    prelude::*,
    types::{NotThreadSafe, Opaque},
};
use core::{cell::Cell, marker::PhantomData, ops::Deref, ptr};

pub mod connector;
pub mod crtc;
pub mod encoder;
pub mod framebuffer;
pub mod modes;
pub mod plane;
#[cfg(CONFIG_KUNIT = "y")]
mod tests;

pub use self::{
    connector::{
        Connector, ConnectorCheck, ConnectorProbe, ConnectorState, ConnectorStatus, ConnectorType,
        DriverConnector, Edid, Hotplug, EDID_BLOCK_LEN,
    },
    crtc::{ColorLut, Crtc, CrtcCheck, CrtcCommit, CrtcState, DriverCrtc, Vblank},
    encoder::{DriverEncoder, Encoder, EncoderCheck, EncoderCommit, EncoderType},
    framebuffer::{FourCc, Framebuffer, Modifier, Rect, ScanoutBuffer, ShadowFramebuffer},
    modes::{DisplayMode, ModeStatus},
    plane::{
        DamageIter, DriverPlane, PanicContext, Plane, PlaneCheck, PlaneCommit, PlaneInfo,
        PlaneLimits, PlaneProperties, PlaneState, PlaneType, Rotation, Zpos,
    },
};

/// What the whole device can do.
///
/// C struct: `struct drm_mode_config`.
#[derive(Clone, Copy)]
pub struct ModeConfig {
    /// The largest width of a framebuffer in pixels.
    pub max_width: u32,
    /// The largest height of a framebuffer in pixels.
    pub max_height: u32,
    /// The color depth that user space and the console are to use, in bits.
    pub preferred_depth: u32,
}

/// A driver with mode setting.
///
/// See the [module](self) for the contexts of the callbacks.
pub trait Driver: drm::Driver {
    /// The data of a plane.
    type Plane: DriverPlane<Driver = Self>;

    /// The data of a CRTC.
    type Crtc: DriverCrtc<Driver = Self>;

    /// The data of an encoder; `()` if there is nothing to do for encoders.
    type Encoder: DriverEncoder<Self>;

    /// The data of a connector.
    type Connector: DriverConnector<Driver = Self>;

    /// What the device can do.
    fn mode_config(drm: &drm::Device<Self>) -> ModeConfig;

    /// Creates the objects of the device.
    ///
    /// Every CRTC needs a primary plane of its own, and there must be an encoder and a connector
    /// for it. All primary planes and cursors belong to a CRTC, and masks name CRTCs that there
    /// are. Otherwise the device is not created, with [`EINVAL`].
    fn create_objects(new: &NewObjects<'_, Self>) -> Result;

    /// Returns whether a mode can be shown, as far as it does not depend on what else is shown.
    fn mode_valid(drm: &drm::Device<Self>, mode: &DisplayMode) -> ModeStatus {
        let _ = (drm, mode);
        ModeStatus::Ok
    }

    /// Check phase: decides whether what is to be shown is within what the device can do as a
    /// whole.
    ///
    /// May fail, and must not touch the hardware: it may be a test only. All objects of the atomic
    /// state have been checked already, and nothing else is in it.
    fn atomic_check(drm: &drm::Device<Self>, check: &mut Check<'_, Self>) -> Result {
        let _ = (drm, check);
        Ok(())
    }
}

/// The mode setting of a driver, for [`drm::Driver::KMS`].
pub struct Ops<T: drm::Driver> {
    init: fn(&drm::Device<T>) -> Result,
    /// Stops vertical blanks for good, if there are any. The device has been unplugged.
    stop_vblanks: Option<unsafe extern "C" fn(*mut bindings::drm_device, *mut c_void)>,
}

impl<T: Driver> Ops<T> {
    /// Returns what is implemented by [`Driver`].
    pub const fn new() -> Self {
        Self {
            init: init::<T>,
            stop_vblanks: if Crtc::<T>::HAS_VBLANK {
                Some(NewObjects::<T>::stop_vblanks)
            } else {
                None
            },
        }
    }
}

impl<T: Driver> Default for Ops<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: drm::Driver> Ops<T> {
    /// Sets up the mode configuration of a device that nobody else has seen yet.
    ///
    /// # Safety
    ///
    /// To be called once, for a device whose data has been initialized, and which is not
    /// registered.
    pub(super) unsafe fn init(&self, drm: &drm::Device<T>) -> Result {
        (self.init)(drm)
    }

    /// Shows the console, or whatever else the kernel shows by itself, on a device that has just
    /// been registered.
    pub(super) fn registered(&self, drm: &drm::Device<T>) {
        // Of the helpers for other objects, none is supported. Without the emulation of fbdev,
        // there is nobody who calls this; the log of the kernel needs dumb buffers only, and copes
        // if there are none.
        if cfg!(CONFIG_DRM_FBDEV_EMULATION)
            && <T::Object as drm::driver::AllocImpl>::ALLOC_OPS
                .fbdev_probe
                .is_none()
        {
            return;
        }

        // SAFETY: The device is valid, registered, and has a mode configuration.
        unsafe { bindings::drm_client_setup(drm.as_raw(), ptr::null()) };
    }

    /// Disables vertical blanks, and sends the events that wait for one, when a device is about to
    /// be unplugged.
    ///
    /// From then on, interrupts are not handled any more, and unplugging itself waits for commits
    /// of the console, which wait for their events.
    pub(super) fn unplug(&self, drm: &drm::Device<T>) {
        if self.stop_vblanks.is_none() {
            return;
        }

        // A commit may still enable them again, see `unplugged()`.
        //
        // SAFETY: The device is valid, and its CRTCs do not change any more. As they have vertical
        // blanks, `drm_vblank_init()` has been called; the C function may be called when they are
        // off already.
        unsafe {
            for_each(&raw const (*drm.as_raw()).mode_config.crtc_list, |head| {
                bindings::drm_crtc_vblank_off(container_of!(head, bindings::drm_crtc, head));
                true
            });
        }
    }

    /// Disables everything, when a device has been unplugged.
    pub(super) fn unplugged(&self, drm: &drm::Device<T>) {
        let dev = drm.as_raw();

        // SAFETY: The device is valid; it does nothing if polling has not been initialized.
        unsafe { bindings::drm_kms_helper_poll_fini(dev) };

        // If it has been suspended, what has been shown before is not going to be again. That state
        // holds a reference to the device.
        //
        // SAFETY: The device is valid, and the lock of the parent keeps others from suspending or
        // resuming it.
        unsafe {
            let state = (*dev).mode_config.suspend_state;

            if !state.is_null() {
                (*dev).mode_config.suspend_state = ptr::null_mut();
                bindings::drm_atomic_state_put(state);
            }
        }

        // A commit may have enabled them again since `unplug()`. Commits wait for the events that
        // this sends, and the last one for the commits; from hardware that is gone, there is no
        // interrupt. Who has a reference to the device may keep it longer than the module, which
        // has the function that the timer calls.
        if let Some(stop_vblanks) = self.stop_vblanks {
            // SAFETY: The device is of the driver `T`, and has been unplugged. As it has mode
            // setting, `drm_vblank_init()` has been called.
            unsafe { stop_vblanks(dev, ptr::null_mut()) };
        }

        // SAFETY: The device is valid and has a mode configuration whose objects have states.
        unsafe { bindings::drm_atomic_helper_shutdown(dev) };
    }
}

/// The part of [`Ops::init`] that depends on what the driver implements. See there for when it may
/// be called.
fn init<T: Driver>(drm: &drm::Device<T>) -> Result {
    let dev = drm.as_raw();

    // SAFETY: `dev` is valid, not registered, and has no mode configuration yet. It is cleaned up
    // before the data of the driver is dropped, since the action for that has been added before.
    to_result(unsafe { bindings::drmm_mode_config_init(dev) })?;

    // SAFETY: The format has no arguments.
    let commit_wq = unsafe {
        bindings::alloc_workqueue_noprof(
            c_str!("drm-commit").as_char_ptr(),
            bindings::wq_flags_WQ_UNBOUND,
            0,
        )
    };
    if commit_wq.is_null() {
        return Err(ENOMEM);
    }
    // SAFETY: `dev` is valid, and the action is for a workqueue. Nobody uses that any more when the
    // device is released, see `release()`.
    to_result(unsafe {
        bindings::__drmm_add_action_or_reset(
            dev,
            Some(bindings::__drmm_workqueue_release),
            commit_wq.cast(),
            c_str!("rust_drm_commit_wq").as_char_ptr(),
        )
    })?;

    let info = T::mode_config(drm);
    // SAFETY: `dev` is valid, and nobody else uses it yet.
    unsafe {
        let config = &mut (*dev).mode_config;

        config.max_width = info.max_width;
        config.max_height = info.max_height;
        config.preferred_depth = info.preferred_depth;
        // Without it, the formats that old user space asks for have another byte order on big
        // endian machines. All drivers should set it.
        config.quirk_addfb_prefer_host_byte_order = true;
        config.commit_wq = commit_wq;
        config.funcs = &ModeConfigFuncs::<T>::FUNCS;
        config.helper_private = &ModeConfigFuncs::<T>::HELPER_FUNCS;
    }

    let new = NewObjects {
        drm,
        _not_send: NotThreadSafe,
    };
    T::create_objects(&new)?;
    new.finish()
}

/// Waits for the work items of non-blocking commits.
///
/// They call functions of the driver, and may have references to the device. Only ioctls begin such
/// commits; as this is called when the last file has been closed, there is none left when the
/// module of the driver is unloaded, or the device is released. Files that are closed before do not
/// wait for the commits of others.
///
/// May sleep. This is not in a generic function, so that it is not part of the driver's module.
///
/// # Safety
///
/// Only called by C, for an open file of a DRM device.
pub(super) unsafe extern "C" fn release(
    inode: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    // SAFETY: By the safety requirements. The device may be released with the file; its module is
    // not unloaded before this function returns, since the file operations have a reference to it.
    // There is a workqueue if the device has mode setting; nobody takes it away as long as there is
    // a reference to the device.
    unsafe {
        let priv_ = (*file).private_data.cast::<bindings::drm_file>();
        let dev = (*(*priv_).minor).dev;

        bindings::drm_dev_get(dev);
        let ret = bindings::drm_release(inode, file);

        let commit_wq = (*dev).mode_config.commit_wq;
        if !commit_wq.is_null() && bindings::atomic_read(&raw const (*dev).open_count) == 0 {
            bindings::__flush_workqueue(commit_wq);
        }
        bindings::drm_dev_put(dev);

        ret
    }
}

/// The functions for the whole device.
struct ModeConfigFuncs<T>(PhantomData<T>);

impl<T: Driver> ModeConfigFuncs<T> {
    const FUNCS: bindings::drm_mode_config_funcs = bindings::drm_mode_config_funcs {
        fb_create: Some(bindings::drm_gem_fb_create_with_dirty),
        mode_valid: Some(Self::mode_valid),
        atomic_check: Some(Self::atomic_check),
        atomic_commit: Some(bindings::drm_atomic_helper_commit),
        ..pin_init::zeroed()
    };

    const HELPER_FUNCS: bindings::drm_mode_config_helper_funcs =
        bindings::drm_mode_config_helper_funcs {
            atomic_commit_tail: if Crtc::<T>::HAS_VBLANK {
                Some(atomic_commit_tail)
            } else {
                None
            },
            ..pin_init::zeroed()
        };

    /// # Safety
    ///
    /// Only called by C, for a device of the driver `T`.
    unsafe extern "C" fn mode_valid(
        dev: *mut bindings::drm_device,
        mode: *const bindings::drm_display_mode,
    ) -> bindings::drm_mode_status {
        // SAFETY: By the safety requirements; `mode` is valid, and does not change during the call.
        unsafe {
            T::mode_valid(drm::Device::from_raw(dev), DisplayMode::from_raw(mode))
                as bindings::drm_mode_status
        }
    }

    /// # Safety
    ///
    /// Only called by C, for a device of the driver `T`, and a state of it in the check phase.
    unsafe extern "C" fn atomic_check(
        dev: *mut bindings::drm_device,
        state: *mut bindings::drm_atomic_state,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the safety requirements.
            let (drm, mut check) = unsafe {
                to_result(bindings::drm_atomic_helper_check(dev, state))?;
                (
                    drm::Device::from_raw(dev),
                    Check(AtomicState::from_raw(state)),
                )
            };

            T::atomic_check(drm, &mut check)?;
            Ok(0)
        })
    }
}

/// The check phase, of the whole device.
pub struct Check<'a, T: Driver>(AtomicState<'a, T>);

impl<'a, T: Driver> Check<'a, T> {
    /// Returns the CRTCs of the atomic state, with their new states. The state of the other CRTCs
    /// stays as it is.
    ///
    /// C macro: `for_each_new_crtc_in_state()`.
    pub fn new_crtc_states(
        &self,
    ) -> impl Iterator<Item = (&'a Crtc<T>, New<'_, CrtcState<T>>)> + '_ {
        let state = self.0.state;
        // SAFETY: By the type invariants of `AtomicState`.
        let count = unsafe { (*(*state).dev).mode_config.num_crtc };

        (0..count as usize).filter_map(move |i| {
            // SAFETY: There is an entry for each CRTC of the device. If it is not empty, it has a
            // new state, which is changed only through `self`.
            unsafe {
                let entry = &*(*state).crtcs.add(i);

                (!entry.ptr.is_null()).then(|| {
                    (
                        Crtc::from_raw(entry.ptr),
                        New::of(CrtcState::from_raw(entry.new_state)),
                    )
                })
            }
        })
    }

    /// Returns the planes of the atomic state, with their new states. The state of the other planes
    /// stays as it is.
    ///
    /// C macro: `for_each_new_plane_in_state()`.
    pub fn new_plane_states(
        &self,
    ) -> impl Iterator<Item = (&'a Plane<T>, New<'_, PlaneState<T>>)> + '_ {
        let state = self.0.state;
        // SAFETY: By the type invariants of `AtomicState`.
        let count = unsafe { (*(*state).dev).mode_config.num_total_plane };

        (0..count as usize).filter_map(move |i| {
            // SAFETY: There is an entry for each plane of the device. If it is not empty, it has a
            // new state, which is changed only through `self`.
            unsafe {
                let entry = &*(*state).planes.add(i);

                (!entry.ptr.is_null()).then(|| {
                    (
                        Plane::from_raw(entry.ptr),
                        New::of(PlaneState::from_raw(entry.new_state)),
                    )
                })
            }
        })
    }

    /// Returns the data of the driver in the new state of a CRTC, to change it, if it is part of
    /// the atomic state.
    pub fn crtc_data_mut(&mut self, crtc: &Crtc<T>) -> Option<&mut <T::Crtc as DriverCrtc>::State> {
        let state = self.0.new_crtc_state(crtc)?.as_raw();

        // SAFETY: It is valid. In the check phase, it belongs to the task that checks it.
        Some(unsafe { CrtcState::<T>::data_mut(state) })
    }
}

/// The same as `drm_atomic_helper_commit_tail()`, except that it waits for the events, and not
/// for a vertical blank, before framebuffers are let go.
///
/// The next commit begins when the event of this one has been sent, and it may disable vertical
/// blanks, so that there would be none to wait for.
///
/// This is not in a generic function, so that it is not part of the module of the driver: a work
/// item returns to it when the device may have been unbound already.
///
/// # Safety
///
/// Only called by C, for a state in the commit phase, of a device whose CRTCs have vertical blanks.
unsafe extern "C" fn atomic_commit_tail(state: *mut bindings::drm_atomic_state) {
    // SAFETY: By the safety requirements. All CRTCs send their event in `atomic_flush`.
    unsafe {
        let dev = (*state).dev;

        bindings::drm_atomic_helper_commit_modeset_disables(dev, state);
        bindings::drm_atomic_helper_commit_planes(dev, state, 0);
        bindings::drm_atomic_helper_commit_modeset_enables(dev, state);
        bindings::drm_atomic_helper_fake_vblank(state);
        bindings::drm_atomic_helper_commit_hw_done(state);
        bindings::drm_atomic_helper_wait_for_flip_done(dev, state);
        bindings::drm_atomic_helper_cleanup_planes(dev, state);
    }
}

/// A device that does not have all of its objects yet.
///
/// It exists during [`Driver::create_objects`] only.
///
/// # Invariants
///
/// The device has a mode configuration and is not registered, and only the present task creates
/// objects.
pub struct NewObjects<'a, T: Driver> {
    drm: &'a drm::Device<T>,
    _not_send: NotThreadSafe,
}

impl<'a, T: Driver> NewObjects<'a, T> {
    /// Returns the device.
    pub fn drm(&self) -> &'a drm::Device<T> {
        self.drm
    }

    /// Gives all objects their first state, when all of them have been created.
    fn finish(self) -> Result {
        let dev = self.drm.as_raw();

        // SAFETY: By the type invariants.
        let crtcs = unsafe { (*dev).mode_config.num_crtc };
        if crtcs == 0 || !self.is_valid() {
            return Err(EINVAL);
        }

        if Crtc::<T>::HAS_VBLANK {
            // Timers are stopped before what they use is freed, and that is before the CRTCs.
            //
            // SAFETY: By the type invariants.
            unsafe {
                to_result(bindings::drm_vblank_init(dev, crtcs as c_uint))?;
                (*dev).max_vblank_count = T::Crtc::MAX_VBLANK_COUNT;
                to_result(bindings::__drmm_add_action_or_reset(
                    dev,
                    Some(Self::stop_vblanks),
                    ptr::null_mut(),
                    c_str!("rust_drm_vblank").as_char_ptr(),
                ))?;
            }
        }

        // SAFETY: By the type invariants.
        unsafe { bindings::drm_mode_config_reset(dev) };

        // `reset` of an object can't return an error. Without a state, the object can't be used.
        //
        // SAFETY: By the type invariants, the lists have been initialized and do not change. They
        // are lists of these types.
        let complete = unsafe {
            let config = &raw const (*dev).mode_config;

            for_each(&raw const (*config).crtc_list, |head| {
                !(*container_of!(head, bindings::drm_crtc, head))
                    .state
                    .is_null()
            }) && for_each(&raw const (*config).plane_list, |head| {
                !(*container_of!(head, bindings::drm_plane, head))
                    .state
                    .is_null()
            }) && for_each(&raw const (*config).connector_list, |head| {
                !(*container_of!(head, bindings::drm_connector, head))
                    .state
                    .is_null()
            })
        };

        if !complete {
            return Err(ENOMEM);
        }

        if T::Connector::HOTPLUG != Hotplug::Never {
            // SAFETY: The device has a mode configuration with connectors.
            unsafe { bindings::drmm_kms_helper_poll_init(dev) };
        }

        Ok(())
    }

    /// Returns whether planes and encoders are for CRTCs that there are, and each CRTC has a
    /// primary plane of its own. The core would warn: see the C function
    /// `drm_mode_config_validate()`.
    fn is_valid(&self) -> bool {
        let dev = self.drm.as_raw();
        let (crtcs, planes) = (Cell::new(0), Cell::new(0));

        // SAFETY: By the type invariants, the lists have been initialized and do not change. They
        // are lists of these types. `Crtc::new()` has checked that there is a primary plane.
        unsafe {
            let config = &raw const (*dev).mode_config;
            let is_for = |plane: *mut bindings::drm_plane, crtc: u32| {
                let plane = &*plane;
                let mask = 1 << plane.index;
                let new = planes.get() & mask == 0;

                planes.set(planes.get() | mask);
                new && plane.possible_crtcs & crtc != 0
            };

            for_each(&raw const (*config).crtc_list, |head| {
                let crtc = &*container_of!(head, bindings::drm_crtc, head);
                let mask = 1 << crtc.index;

                crtcs.set(crtcs.get() | mask);
                is_for(crtc.primary, mask) && (crtc.cursor.is_null() || is_for(crtc.cursor, mask))
            }) && for_each(&raw const (*config).plane_list, |head| {
                let plane = &*container_of!(head, bindings::drm_plane, head);

                plane.possible_crtcs & !crtcs.get() == 0
                    && plane.possible_crtcs != 0
                    && (plane.type_ == bindings::drm_plane_type_DRM_PLANE_TYPE_OVERLAY
                        || planes.get() & 1 << plane.index != 0)
            }) && for_each(&raw const (*config).encoder_list, |head| {
                let encoder = &*container_of!(head, bindings::drm_encoder, head);

                encoder.possible_crtcs & !crtcs.get() == 0
            })
        }
    }

    /// Returns [`EINVAL`] if there are as many objects of a sort as bits in a mask.
    pub(super) fn check_count(count: c_int) -> Result {
        if count < 32 {
            Ok(())
        } else {
            Err(EINVAL)
        }
    }
}

impl<T: Driver> NewObjects<'_, T> {
    /// # Safety
    ///
    /// Only to be called for a device of the driver `T` that has been unplugged, or has never been
    /// registered and is being released, after `drm_vblank_init()`.
    unsafe extern "C" fn stop_vblanks(dev: *mut bindings::drm_device, _: *mut c_void) {
        // SAFETY: By the safety requirements. The CRTCs still exist.
        unsafe {
            for_each(&raw const (*dev).mode_config.crtc_list, |head| {
                Crtc::<T>::from_raw(container_of!(head, bindings::drm_crtc, head)).stop_vblank();
                true
            });
        }
    }
}

/// Calls `f` for the entries of a list until it returns `false`, and returns whether it never did.
///
/// # Safety
///
/// `list` must be a valid list, which does not change.
unsafe fn for_each(
    list: *const bindings::list_head,
    mut f: impl FnMut(*mut bindings::list_head) -> bool,
) -> bool {
    // SAFETY: By the safety requirements, also below.
    let mut entry = unsafe { (*list).next };

    while !ptr::eq(entry, list) {
        if !f(entry) {
            return false;
        }
        // SAFETY: See above.
        entry = unsafe { (*entry).next };
    }

    true
}

/// The states of several objects, which become the present ones all at once.
///
/// C struct: `struct drm_atomic_state`.
///
/// # Invariants
///
/// `state` is valid for `'a`, of a device of the driver `T`, and in the check phase.
struct AtomicState<'a, T> {
    state: *mut bindings::drm_atomic_state,
    _driver: PhantomData<&'a T>,
}

impl<T: Driver> AtomicState<'_, T> {
    /// # Safety
    ///
    /// See the invariants.
    unsafe fn from_raw(state: *mut bindings::drm_atomic_state) -> Self {
        // INVARIANT: By the safety requirements.
        Self {
            state,
            _driver: PhantomData,
        }
    }

    fn is_of(&self, drm: &drm::Device<T>) -> bool {
        // SAFETY: By the type invariants.
        ptr::eq(unsafe { (*self.state).dev }, drm.as_raw())
    }

    fn new_crtc_state(&self, crtc: &Crtc<T>) -> Option<New<'_, CrtcState<T>>> {
        // C takes the number of the CRTC for an index.
        if !self.is_of(crtc.drm()) {
            return None;
        }

        // SAFETY: By the type invariants, and the CRTC belongs to the same device.
        let state = unsafe { bindings::drm_atomic_get_new_crtc_state(self.state, crtc.as_raw()) };

        // SAFETY: It is a state of the CRTC. Nobody changes it at the same time: this is the task
        // that checks it, and it is in another callback.
        (!state.is_null()).then(|| New::of(unsafe { CrtcState::from_raw(state) }))
    }

    fn new_plane_state(&self, plane: &Plane<T>) -> Option<New<'_, PlaneState<T>>> {
        if !self.is_of(plane.drm()) {
            return None;
        }

        // SAFETY: By the type invariants, and the plane belongs to the same device.
        let state = unsafe { bindings::drm_atomic_get_new_plane_state(self.state, plane.as_raw()) };

        // SAFETY: As above.
        (!state.is_null()).then(|| New::of(unsafe { PlaneState::from_raw(state) }))
    }
}

/// A state of an object: what C has of it, and then what the driver has.
#[repr(C)]
struct State<B, D> {
    base: Opaque<B>,
    data: D,
}

impl<B, D> State<B, D> {
    /// Returns zeroed memory for C, which is the first member of a [`State`] with `data`, or null.
    fn alloc(data: D) -> *mut B {
        let Ok(mut state) = KBox::<Self>::new_uninit(GFP_KERNEL | __GFP_ZERO) else {
            return ptr::null_mut();
        };

        // SAFETY: There is room for `data`. With it, all of `Self` is initialized.
        unsafe {
            (&raw mut (*state.as_mut_ptr()).data).write(data);
            KBox::into_raw(state.assume_init()).cast()
        }
    }

    /// The same as [`Self::alloc`], with the data that another state has.
    ///
    /// # Safety
    ///
    /// `base` must be null, or that of a valid [`State`], which does not change.
    unsafe fn alloc_like(base: *const B) -> *mut B
    where
        D: Clone,
    {
        if base.is_null() {
            return ptr::null_mut();
        }

        // SAFETY: By the safety requirements; it is the first member.
        Self::alloc(unsafe { (*base.cast::<Self>()).data.clone() })
    }

    /// # Safety
    ///
    /// `base` must come from one of the functions above, and nobody may use it any more.
    unsafe fn free(base: *mut B) {
        // SAFETY: By the safety requirements; it is the first member.
        drop(unsafe { KBox::from_raw(base.cast::<Self>()) });
    }
}

/// A state that an object is going to have, or has just got.
pub struct New<'a, S>(&'a S);

/// A state that an object has had before.
pub struct Old<'a, S>(&'a S);

macro_rules! impl_state {
    ($name:ident) => {
        impl<'a, S> $name<'a, S> {
            fn of(state: &'a S) -> Self {
                Self(state)
            }

            /// Returns the state.
            #[inline]
            pub fn get(&self) -> &'a S {
                self.0
            }
        }

        impl<S> Deref for $name<'_, S> {
            type Target = S;

            #[inline]
            fn deref(&self) -> &S {
                self.0
            }
        }
    };
}

impl_state!(New);
impl_state!(Old);

/// Makes a state the present one that has been saved before everything was disabled.
///
/// The C function `drm_atomic_helper_resume()` resets the states of all objects before, without
/// their locks: nobody may use the device then. Here, the present states are replaced with all
/// locks held. These are states in which everything is off, or what user space has set meanwhile.
///
/// # Safety
///
/// `dev` must be a registered device with mode setting, and `state` must come from
/// `drm_atomic_helper_suspend()`, for that device, and be owned by the caller.
unsafe fn commit_saved_state(
    dev: *mut bindings::drm_device,
    state: *mut bindings::drm_atomic_state,
) -> Result {
    let mut ctx: bindings::drm_modeset_acquire_ctx = pin_init::zeroed();
    let ctx = &raw mut ctx;

    // SAFETY: By the safety requirements. CRTCs are neither added to a registered device nor
    // removed. `ctx` is initialized first, and used by this task only; it has no locks any more in
    // the end. The state is committed with the locks of all objects held, as C requires it.
    unsafe {
        // If user space has set the same mode meanwhile, C would not see that the hardware has lost
        // it since.
        for_each(&raw const (*dev).mode_config.crtc_list, |head| {
            let crtc = container_of!(head, bindings::drm_crtc, head);
            let new = bindings::drm_atomic_get_new_crtc_state(state, crtc);

            if !new.is_null() && (*new).enable {
                (*new).set_mode_changed(true);
            }
            true
        });

        bindings::drm_modeset_acquire_init(ctx, 0);
        let ret = loop {
            let mut ret = bindings::drm_modeset_lock_all_ctx(dev, ctx);

            if ret == 0 {
                ret = bindings::drm_atomic_helper_commit_duplicated_state(state, ctx);
            }
            if ret != EDEADLK.to_errno() {
                break ret;
            }
            // Another task has one of the locks, and waits for one that is held here.
            ret = bindings::drm_modeset_backoff(ctx);
            if ret != 0 {
                break ret;
            }
        };
        bindings::drm_modeset_drop_locks(ctx);
        bindings::drm_modeset_acquire_fini(ctx);

        to_result(ret)
    }
}

/// Mode setting of a device, from the callbacks of its bus.
impl<T: Driver> drm::Device<T> {
    /// A device of a driver that has not set [`drm::Driver::KMS`] has no mode configuration. The
    /// methods here can't be built then.
    const HAS_KMS: () = assert!(
        <T as drm::Driver>::KMS.is_some(),
        "drm::Driver::KMS is not set"
    );

    /// Without any connector that is looked after, there is no work item for events.
    const HAS_HOTPLUG: () = assert!(
        !matches!(T::Connector::HOTPLUG, Hotplug::Never),
        "DriverConnector::HOTPLUG is Hotplug::Never"
    );

    fn check_parent(&self, dev: &device::Device<device::Core>) -> Result {
        let () = Self::HAS_KMS;
        let parent: &device::Device = self.as_ref();

        if parent.as_raw() != dev.as_raw() {
            return Err(EINVAL);
        }

        Ok(())
    }

    /// Returns the CRTC that has been created as number `index`, from 0.
    ///
    /// Returns [`None`] if there is none, or if the device is not registered, or not any more. In
    /// any context that is not an NMI: this is how the handler of an interrupt finds its CRTC.
    ///
    /// C function: `drm_crtc_from_index()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     drm::{self, kms},
    ///     irq::IrqReturn,
    /// };
    ///
    /// /// Handler of the interrupt that the hardware raises when a vertical blank begins.
    /// fn handle<T: kms::Driver>(drm: &drm::Device<T>) -> IrqReturn {
    ///     if let Some(crtc) = drm.crtc(0) {
    ///         crtc.handle_vblank();
    ///     }
    ///     IrqReturn::Handled
    /// }
    /// ```
    pub fn crtc(&self, index: u32) -> Option<&Crtc<T>> {
        let () = Self::HAS_KMS;
        let index = c_int::try_from(index).ok()?;
        let _guard = self.enter()?;

        // SAFETY: The device is valid and has a mode configuration; its CRTCs have been created,
        // and do not change any more.
        let crtc = unsafe { bindings::drm_crtc_from_index(self.as_raw(), index) };

        // SAFETY: If there is one, it is freed with the device.
        (!crtc.is_null()).then(|| unsafe { Crtc::from_raw(crtc) })
    }

    /// Tells user space, and the console, that a display may have been plugged in or out.
    ///
    /// Both look for modes then, in a work item. In any context that is not an NMI, also in the
    /// callbacks of mode objects. Does nothing if the device is not registered, or not any more.
    ///
    /// Can't be built for a driver whose [`DriverConnector::HOTPLUG`] is [`Hotplug::Never`].
    ///
    /// C function: `drm_kms_helper_hotplug_event()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     drm::{self, kms},
    ///     irq::IrqReturn,
    /// };
    ///
    /// /// Handler of the interrupt that a display raises.
    /// fn handle<T: kms::Driver>(drm: &drm::Device<T>) -> IrqReturn {
    ///     drm.hotplug_event();
    ///     IrqReturn::Handled
    /// }
    /// ```
    pub fn hotplug_event(&self) {
        let () = Self::HAS_KMS;
        let () = Self::HAS_HOTPLUG;
        let Some(_guard) = self.enter() else {
            return;
        };

        // As C does it when it notices a change while it has locks, see the C function
        // `drm_helper_probe_single_connector_modes()`.
        //
        // SAFETY: The device is valid, and `drm_kms_helper_poll_init()` has been called. The work
        // item is cancelled when the device has been unplugged, for which `_guard` is waited for.
        unsafe {
            let config = &raw mut (*self.as_raw()).mode_config;

            (&raw mut (*config).delayed_event).write_volatile(true);
            bindings::mod_delayed_work_on(
                bindings::wq_misc_consts_WORK_CPU_UNBOUND as c_int,
                bindings::system_wq,
                &raw mut (*config).output_poll_work,
                0,
            );
        }
    }

    /// Saves what is shown, and disables everything, since the system is going to sleep.
    ///
    /// `dev` is the parent. C function: `drm_mode_config_helper_suspend()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `dev` is not the parent.
    /// - [`ENODEV`] if the device is not registered, or not any more.
    /// - [`EBUSY`] if it has been done already.
    /// - Otherwise the error of the C function.
    pub fn suspend(&self, dev: &device::Device<device::Core>) -> Result {
        self.check_parent(dev)?;
        let _guard = self.enter().ok_or(ENODEV)?;

        // SAFETY: The device is valid and registered; the lock of the parent keeps others from
        // doing the same.
        unsafe {
            if !(*self.as_raw()).mode_config.suspend_state.is_null() {
                return Err(EBUSY);
            }
            to_result(bindings::drm_mode_config_helper_suspend(self.as_raw()))
        }
    }

    /// Shows what has been shown before [`Self::suspend`].
    ///
    /// Does the same as the C function `drm_mode_config_helper_resume()`, except that the states of
    /// objects are not reset, so that it may be called while user space runs.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `dev` is not the parent, or [`Self::suspend`] has not been called before.
    /// - [`ENODEV`] if the device is not registered, or not any more.
    /// - Otherwise the error of the C function `drm_atomic_helper_commit_duplicated_state()`; it
    ///   can't be tried again then.
    pub fn resume(&self, dev: &device::Device<device::Core>) -> Result {
        self.check_parent(dev)?;
        let _guard = self.enter().ok_or(ENODEV)?;
        let drm = self.as_raw();

        // SAFETY: The device is valid and registered; the lock of the parent keeps others from
        // suspending or resuming it, so that nobody else takes the state, or uses it.
        unsafe {
            let state = (*drm).mode_config.suspend_state;
            if state.is_null() {
                return Err(EINVAL);
            }
            (*drm).mode_config.suspend_state = ptr::null_mut();

            let ret = commit_saved_state(drm, state);
            bindings::drm_atomic_state_put(state);

            bindings::drm_client_dev_resume(drm, false);
            if (*drm).mode_config.poll_enabled {
                bindings::drm_kms_helper_poll_enable(drm);
            }
            ret
        }
    }

    /// Disables everything, since the system is going to be switched off.
    ///
    /// Does nothing if `dev` is not the parent, or the device is not registered, or not any more.
    ///
    /// C function: `drm_atomic_helper_shutdown()`.
    pub fn shutdown(&self, dev: &device::Device<device::Core>) {
        if self.check_parent(dev).is_err() {
            return;
        }

        if let Some(_guard) = self.enter() {
            // SAFETY: The device is valid and registered.
            unsafe { bindings::drm_atomic_helper_shutdown(self.as_raw()) };
        }
    }
}
