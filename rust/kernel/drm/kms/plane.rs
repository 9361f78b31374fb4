// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Planes: what takes pixels from a framebuffer and puts them on a CRTC.
//!
//! C header: [`include/drm/drm_plane.h`](srctree/include/drm/drm_plane.h)

use super::{
    crtc::{Crtc, CrtcState},
    framebuffer::{self, FourCc, Framebuffer, Modifier, Rect, ScanoutBuffer, ShadowFramebuffer},
    AtomicState, Driver, New, NewObjects, Old,
};
use crate::{
    bindings, device,
    devres::Devres,
    drm,
    error::{from_result, to_result, VTABLE_DEFAULT_ERROR},
    io::Io,
    prelude::*,
    types::Opaque,
};
use core::{
    marker::PhantomData,
    ops::{BitOr, Deref},
    ptr,
};

/// The planes of a driver.
///
/// `self` is the data of one plane. It can be shared: all callbacks get a reference to it.
#[vtable]
pub trait DriverPlane: Send + Sync + Sized + 'static {
    /// The driver.
    type Driver: Driver<Plane = Self>;

    /// What belongs to one state of a plane.
    ///
    /// A new state begins as a clone of the present one, and may be changed in the check phase
    /// only.
    type State: Clone + Default + Send + Sync;

    /// Whether the framebuffer is mapped for the CPU while it is shown, see
    /// [`PlaneCommit::shadow`].
    const SHADOW: bool = false;

    /// Check phase: decides whether the new state can be shown.
    ///
    /// May fail, and must not touch the hardware: it may be a test only. By default, the plane can
    /// neither be scaled nor be smaller than the CRTC.
    fn atomic_check(
        plane: &Plane<Self::Driver>,
        check: &mut PlaneCheck<'_, Self::Driver>,
    ) -> Result {
        let _ = plane;
        check.check_state(PlaneLimits::default())
    }

    /// Commit phase: shows the new state.
    ///
    /// Is not called for a plane that is to be disabled if there is [`Self::atomic_disable`].
    fn atomic_update(plane: &Plane<Self::Driver>, commit: &PlaneCommit<'_, Self::Driver>);

    /// Panic: returns what is shown, to draw the reason on it.
    ///
    /// In any context, also that of an NMI, with a raw spinlock held: nothing may be waited for,
    /// and no lock be taken. There is nothing in `panic` that does, but there may be locks in the
    /// data of the driver, which this must not touch: their owners may not run any more.
    fn scanout_buffer<'a>(
        &'a self,
        panic: &'a PanicContext<'a, Self::Driver>,
    ) -> Option<ScanoutBuffer<'a>> {
        let _ = panic;
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Commit phase: the plane is not shown any more.
    fn atomic_disable(plane: &Plane<Self::Driver>, commit: &PlaneCommit<'_, Self::Driver>) {
        let _ = (plane, commit);
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

type Data<T> = <T as Driver>::Plane;
type StateData<T> = <Data<T> as DriverPlane>::State;

/// What a plane is for.
///
/// C enum: `enum drm_plane_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum PlaneType {
    /// An additional one.
    Overlay = bindings::drm_plane_type_DRM_PLANE_TYPE_OVERLAY,
    /// The one that legacy user space shows a framebuffer on. A CRTC has exactly one.
    Primary = bindings::drm_plane_type_DRM_PLANE_TYPE_PRIMARY,
    /// The one that legacy user space shows the pointer on.
    Cursor = bindings::drm_plane_type_DRM_PLANE_TYPE_CURSOR,
}

/// How a plane is created.
#[derive(Clone, Copy)]
pub struct PlaneInfo<'a> {
    /// What it is for.
    pub plane_type: PlaneType,
    /// The formats that it can show.
    pub formats: &'a [FourCc],
    /// How pixels may be arranged in memory, in each of the formats; if it is empty, as
    /// [`Modifier::LINEAR`] only.
    pub modifiers: &'a [Modifier],
    /// Whether user space can tell which parts of the framebuffer have changed.
    pub damage_clips: bool,
    /// The CRTCs that it can be shown on, as bits; 0 for the ones that it is the primary or cursor
    /// plane of.
    pub possible_crtcs: u32,
    /// What user space can set beside the framebuffer and its position.
    pub properties: PlaneProperties,
}

/// How a plane is turned, or can be turned, as bits.
///
/// What is shown of the framebuffer is reflected first, and then rotated.
///
/// C macros: `DRM_MODE_ROTATE_*`, `DRM_MODE_REFLECT_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation(u32);

impl Rotation {
    /// Not at all.
    pub const ROTATE_0: Self = Self(bindings::DRM_MODE_ROTATE_0);
    /// By 90 degrees, counterclockwise.
    pub const ROTATE_90: Self = Self(bindings::DRM_MODE_ROTATE_90);
    /// By 180 degrees.
    pub const ROTATE_180: Self = Self(bindings::DRM_MODE_ROTATE_180);
    /// By 270 degrees, counterclockwise.
    pub const ROTATE_270: Self = Self(bindings::DRM_MODE_ROTATE_270);
    /// Left becomes right.
    pub const REFLECT_X: Self = Self(bindings::DRM_MODE_REFLECT_X);
    /// Top becomes bottom.
    pub const REFLECT_Y: Self = Self(bindings::DRM_MODE_REFLECT_Y);

    /// Returns whether all bits of `other` are set.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Rotation {
    type Output = Self;

    #[inline]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Where a plane can be among the others. If `min` and `max` are the same, user space can't change
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zpos {
    /// The lowest value.
    pub min: u32,
    /// The highest value.
    pub max: u32,
    /// The value as long as user space has not set another one.
    pub initial: u32,
}

/// The properties of a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneProperties {
    /// How it can be turned. [`Rotation::ROTATE_0`] is always possible.
    ///
    /// C function: `drm_plane_create_rotation_property()`.
    pub rotations: Rotation,
    /// Where it can be among the other planes, all of which need this then.
    ///
    /// C functions: `drm_plane_create_zpos_property()`,
    /// `drm_plane_create_zpos_immutable_property()`.
    pub zpos: Option<Zpos>,
    /// Whether what is below it can shine through all of it.
    ///
    /// C function: `drm_plane_create_alpha_property()`.
    pub alpha: bool,
}

impl Default for PlaneProperties {
    /// Returns that there are none.
    fn default() -> Self {
        Self {
            rotations: Rotation::ROTATE_0,
            zpos: None,
            alpha: false,
        }
    }
}

impl PlaneProperties {
    fn is_valid(&self) -> bool {
        self.rotations.contains(Rotation::ROTATE_0)
            && self.zpos.map_or(true, |zpos| {
                zpos.min <= zpos.initial && zpos.initial <= zpos.max
            })
    }

    /// # Safety
    ///
    /// `plane` must have been initialized, and not be in use yet. This must be valid.
    unsafe fn create(&self, plane: *mut bindings::drm_plane) -> Result {
        // SAFETY: By the safety requirements.
        unsafe {
            if self.rotations != Rotation::ROTATE_0 {
                to_result(bindings::drm_plane_create_rotation_property(
                    plane,
                    Rotation::ROTATE_0.0,
                    self.rotations.0,
                ))?;
            }
            if let Some(Zpos { min, max, initial }) = self.zpos {
                // User space may have set the same value for several planes.
                (*(*plane).dev).mode_config.normalize_zpos = true;
                to_result(if min == max {
                    bindings::drm_plane_create_zpos_immutable_property(plane, initial)
                } else {
                    bindings::drm_plane_create_zpos_property(plane, initial, min, max)
                })?;
            }
            if self.alpha {
                to_result(bindings::drm_plane_create_alpha_property(plane))?;
            }
        }
        Ok(())
    }
}

/// A plane.
///
/// Dereferences to the data of the driver. C struct: `struct drm_plane`.
///
/// # Invariants
///
/// `plane` is a valid `struct drm_plane` of a device of the driver `T`.
#[repr(C)]
#[pin_data]
pub struct Plane<T: Driver> {
    plane: Opaque<bindings::drm_plane>,
    #[pin]
    data: Data<T>,
}

// SAFETY: The data is `Send`, and the rest is protected by the locks of C.
unsafe impl<T: Driver> Send for Plane<T> {}

// SAFETY: The data is `Sync`, and the rest is protected by the locks of C.
unsafe impl<T: Driver> Sync for Plane<T> {}

impl<T: Driver> Deref for Plane<T> {
    type Target = Data<T>;

    fn deref(&self) -> &Self::Target {
        &self.data
    }
}

impl<T: Driver> Plane<T> {
    const FUNCS: bindings::drm_plane_funcs = bindings::drm_plane_funcs {
        update_plane: Some(bindings::drm_atomic_helper_update_plane),
        disable_plane: Some(bindings::drm_atomic_helper_disable_plane),
        destroy: Some(Self::destroy),
        reset: Some(Self::reset),
        atomic_duplicate_state: Some(Self::atomic_duplicate_state),
        atomic_destroy_state: Some(Self::atomic_destroy_state),
        ..pin_init::zeroed()
    };

    const HELPER_FUNCS: bindings::drm_plane_helper_funcs = bindings::drm_plane_helper_funcs {
        begin_fb_access: if Data::<T>::SHADOW {
            Some(bindings::drm_gem_begin_shadow_fb_access)
        } else {
            None
        },
        end_fb_access: if Data::<T>::SHADOW {
            Some(bindings::drm_gem_end_shadow_fb_access)
        } else {
            None
        },
        atomic_check: Some(Self::atomic_check),
        atomic_update: Some(Self::atomic_update),
        atomic_disable: if Data::<T>::HAS_ATOMIC_DISABLE {
            Some(Self::atomic_disable)
        } else {
            None
        },
        get_scanout_buffer: if Data::<T>::HAS_SCANOUT_BUFFER {
            Some(Self::get_scanout_buffer)
        } else {
            None
        },
        ..pin_init::zeroed()
    };

    /// Creates a plane.
    ///
    /// C function: `drm_universal_plane_init()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if there are no formats, or more than 64, or 32 planes already, or if one of
    ///   the modifiers stands for none.
    /// - [`EINVAL`] if a plane with these properties can't be as it is at first: not turned, and at
    ///   its initial position among the others.
    /// - Otherwise the error of the C function.
    pub fn new<'a>(
        new: &'a NewObjects<'_, T>,
        info: PlaneInfo<'_>,
        data: impl PinInit<Data<T>, Error>,
    ) -> Result<&'a Self> {
        // SAFETY: The device is valid and has a mode configuration.
        NewObjects::<T>::check_count(unsafe { (*new.drm().as_raw()).mode_config.num_total_plane })?;

        // More of them, or none, would make the core warn.
        if info.formats.is_empty() || info.formats.len() > 64 {
            return Err(EINVAL);
        }
        if !info.properties.is_valid() {
            return Err(EINVAL);
        }
        let count = u32::try_from(info.formats.len())?;
        // The list has an end that C can find. It is copied.
        let mut modifiers = KVec::new();
        if !info.modifiers.is_empty() {
            if info.modifiers.contains(&Modifier::END) {
                return Err(EINVAL);
            }
            modifiers.extend_from_slice(info.modifiers, GFP_KERNEL)?;
            modifiers.push(Modifier::END, GFP_KERNEL)?;
        }
        let this = KBox::pin_init(
            try_pin_init!(Self {
                plane <- pin_init::init_zeroed(),
                data <- data,
            }),
            GFP_KERNEL,
        )?;
        let plane = this.as_raw();

        // SAFETY: The device is valid and has a mode configuration, and is not registered. `plane`
        // is zeroed memory, which is freed by `destroy()` only. `FourCc` is a transparent wrapper
        // of `u32`, and `Modifier` one of `u64`. Both lists are copied.
        to_result(unsafe {
            bindings::drm_universal_plane_init(
                new.drm().as_raw(),
                plane,
                info.possible_crtcs,
                &Self::FUNCS,
                info.formats.as_ptr().cast(),
                count,
                if modifiers.is_empty() {
                    ptr::null()
                } else {
                    modifiers.as_ptr().cast()
                },
                info.plane_type as bindings::drm_plane_type,
                ptr::null(),
            )
        })?;

        // SAFETY: `plane` has been initialized, and is not in use yet.
        unsafe {
            (*plane).helper_private = &Self::HELPER_FUNCS;
            if info.damage_clips {
                bindings::drm_plane_enable_fb_damage_clips(plane);
            }
        }

        // SAFETY: Nobody moves out of it.
        let this = KBox::into_raw(unsafe { Pin::into_inner_unchecked(this) });

        // SAFETY: `plane` has been initialized, and is not in use yet. From here on, it is freed
        // with the device, and the properties, which are valid, with it.
        unsafe { info.properties.create(plane) }?;

        // INVARIANT: Just initialized.
        //
        // SAFETY: It exists until `destroy()` is called, when nobody uses the device any more.
        Ok(unsafe { &*this })
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::drm_plane {
        self.plane.get()
    }

    /// # Safety
    ///
    /// `plane` must be a plane of a device of the driver `T`, and valid for `'a`.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(plane: *mut bindings::drm_plane) -> &'a Self {
        // SAFETY: By the safety requirements, `plane` has been created by `new()`, and is the first
        // member.
        unsafe { &*plane.cast() }
    }

    /// Returns the device.
    #[inline]
    pub fn drm(&self) -> &drm::Device<T> {
        // SAFETY: By the type invariants; the device outlives its planes.
        unsafe { drm::Device::from_raw((*self.as_raw()).dev) }
    }

    /// Returns the mask with the bit of this plane.
    ///
    /// C function: `drm_plane_mask()`.
    #[inline]
    pub fn mask(&self) -> u32 {
        // SAFETY: By the type invariants. There are no more than 32 planes.
        1 << unsafe { (*self.as_raw()).index }
    }
}

/// The callbacks. All of them are only called by C, for a plane of a device of the driver `T`.
#[allow(clippy::missing_safety_doc)]
impl<T: Driver> Plane<T> {
    unsafe extern "C" fn destroy(plane: *mut bindings::drm_plane) {
        // SAFETY: The core calls this once, when nobody uses the plane any more. It has been
        // allocated by `new()`, and is the first member.
        unsafe {
            bindings::drm_plane_cleanup(plane);
            drop(KBox::from_raw(plane.cast::<Self>()));
        }
    }

    unsafe extern "C" fn reset(plane: *mut bindings::drm_plane) {
        // SAFETY: `plane` is valid, and if it has a state it is one of ours. This is only called by
        // `NewObjects::finish()`, when nobody else uses the device: no lock is needed.
        unsafe {
            if !(*plane).state.is_null() {
                Self::atomic_destroy_state(plane, (*plane).state);
                (*plane).state = ptr::null_mut();
            }
        }

        // That there is no state is noticed by `NewObjects::finish()`.
        let state = Base::<T>::alloc(Default::default());
        if !state.is_null() {
            // SAFETY: `plane` is valid, and takes over `state`.
            unsafe { bindings::__drm_gem_reset_shadow_plane(plane, state) };
        }
    }

    unsafe extern "C" fn atomic_duplicate_state(
        plane: *mut bindings::drm_plane,
    ) -> *mut bindings::drm_plane_state {
        // SAFETY: `plane` is valid, the lock that protects its state is held, and it is one of ours
        // or null. If `plane` has a state, `state` is zeroed memory, or null.
        unsafe {
            let old = (*plane).state;
            if old.is_null() {
                return old;
            }
            let state = Base::<T>::alloc_like(PlaneState::<T>::shadow(old));
            if state.is_null() {
                return ptr::null_mut();
            }

            bindings::__drm_gem_duplicate_shadow_plane_state(plane, state);
            &raw mut (*state).base
        }
    }

    unsafe extern "C" fn atomic_destroy_state(
        _plane: *mut bindings::drm_plane,
        state: *mut bindings::drm_plane_state,
    ) {
        // SAFETY: `state` is one of ours, and not used by anybody else any more.
        unsafe {
            let state = PlaneState::<T>::shadow(state);

            bindings::__drm_gem_destroy_shadow_plane_state(state);
            Base::<T>::free(state);
        }
    }

    unsafe extern "C" fn atomic_check(
        plane: *mut bindings::drm_plane,
        state: *mut bindings::drm_atomic_state,
    ) -> c_int {
        // SAFETY: `plane` is valid, and part of `state`, which is in the check phase.
        let mut check = unsafe { PlaneCheck::new(Self::from_raw(plane), state) };

        // It begins as it was in the present state.
        //
        // SAFETY: `new` is valid. In the check phase, it belongs to the task that checks it.
        unsafe { (*check.new).ignore_damage_clips = false };

        from_result(|| {
            Data::<T>::atomic_check(check.plane, &mut check)?;
            Ok(0)
        })
    }

    unsafe extern "C" fn atomic_update(
        plane: *mut bindings::drm_plane,
        state: *mut bindings::drm_atomic_state,
    ) {
        // SAFETY: `plane` is valid, and part of `state`, which is in the commit phase.
        let commit = unsafe { PlaneCommit::new(Self::from_raw(plane), state) };

        Data::<T>::atomic_update(commit.plane, &commit);
    }

    unsafe extern "C" fn atomic_disable(
        plane: *mut bindings::drm_plane,
        state: *mut bindings::drm_atomic_state,
    ) {
        // SAFETY: `plane` is valid, and part of `state`, which is in the commit phase.
        let commit = unsafe { PlaneCommit::new(Self::from_raw(plane), state) };

        Data::<T>::atomic_disable(commit.plane, &commit);
    }

    unsafe extern "C" fn get_scanout_buffer(
        plane: *mut bindings::drm_plane,
        buffer: *mut bindings::drm_scanout_buffer,
    ) -> c_int {
        // SAFETY: `plane` is valid.
        let state = unsafe { (*plane).state };
        if state.is_null() {
            return ENODEV.to_errno();
        }

        // SAFETY: `plane` is valid, and its state is not taken away now: the C function
        // `drm_atomic_helper_swap_state()` takes the lock which is held here, and states are reset
        // only before the device is registered. This is called from when the device has been
        // registered until it is unregistered, when its parent is still bound.
        let panic = unsafe {
            let plane = Self::from_raw(plane);

            PanicContext {
                plane,
                state: PlaneState::from_raw(state),
                dev: AsRef::<device::Device>::as_ref(plane.drm()).as_bound(),
            }
        };

        match panic.plane.data.scanout_buffer(&panic) {
            Some(found) => {
                // SAFETY: `buffer` is valid, and nobody else uses it.
                found.fill(unsafe { &mut *buffer });
                0
            }
            None => ENODEV.to_errno(),
        }
    }
}

/// A state of a plane.
///
/// Dereferences to the data of the driver. C struct: `struct drm_plane_state`.
///
/// # Invariants
///
/// This is a valid state of a plane of the driver `T`.
#[repr(transparent)]
pub struct PlaneState<T: Driver>(Base<T>);

type Base<T> = super::State<bindings::drm_shadow_plane_state, StateData<T>>;

impl<T: Driver> Deref for PlaneState<T> {
    type Target = StateData<T>;

    fn deref(&self) -> &Self::Target {
        &self.0.data
    }
}

impl<T: Driver> PlaneState<T> {
    /// # Safety
    ///
    /// `state` must be a state of a plane of the driver `T`.
    #[inline]
    unsafe fn shadow(
        state: *mut bindings::drm_plane_state,
    ) -> *mut bindings::drm_shadow_plane_state {
        // SAFETY: By the safety requirements, it comes from `State::alloc()`.
        unsafe { crate::container_of!(state, bindings::drm_shadow_plane_state, base) }
    }

    /// # Safety
    ///
    /// `state` must be a state of a plane of the driver `T`, and valid for `'a`.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(state: *mut bindings::drm_plane_state) -> &'a Self {
        // SAFETY: By the safety requirements, it comes from `State::alloc()`.
        unsafe { &*Self::shadow(state).cast() }
    }

    #[inline]
    fn as_raw(&self) -> *mut bindings::drm_plane_state {
        // SAFETY: By the type invariants.
        unsafe { &raw mut (*self.0.base.get()).base }
    }

    /// Returns the CRTC on which the plane is shown, or [`None`] if it is disabled.
    #[inline]
    pub fn crtc(&self) -> Option<&Crtc<T>> {
        // SAFETY: By the type invariants.
        let crtc = unsafe { (*self.as_raw()).crtc };

        // SAFETY: If there is one, it belongs to the same device.
        (!crtc.is_null()).then(|| unsafe { Crtc::from_raw(crtc) })
    }

    /// Returns the framebuffer, or [`None`] if the plane is disabled.
    #[inline]
    pub fn framebuffer(&self) -> Option<&Framebuffer> {
        // SAFETY: By the type invariants.
        let fb = unsafe { (*self.as_raw()).fb };

        // SAFETY: The state has a reference to it.
        (!fb.is_null()).then(|| unsafe { Framebuffer::from_raw(fb) })
    }

    /// Returns whether anything of the plane is on the CRTC. This is known after
    /// [`PlaneCheck::check_state`].
    #[inline]
    pub fn is_visible(&self) -> bool {
        // SAFETY: By the type invariants.
        unsafe { (*self.as_raw()).visible }
    }

    /// Returns the part of the framebuffer that is shown, in 1/65536 of a pixel, after
    /// [`PlaneCheck::check_state`].
    pub fn src(&self) -> Rect {
        // SAFETY: By the type invariants.
        Rect::from_raw(unsafe { &(*self.as_raw()).src })
    }

    /// Returns the part of the CRTC where it is shown, in pixels, after
    /// [`PlaneCheck::check_state`].
    pub fn dst(&self) -> Rect {
        // SAFETY: By the type invariants.
        Rect::from_raw(unsafe { &(*self.as_raw()).dst })
    }

    /// Returns how the plane is turned: one of the rotations, and any of the reflections. What
    /// [`Self::src`] returns is not turned.
    #[inline]
    pub fn rotation(&self) -> Rotation {
        // SAFETY: By the type invariants.
        Rotation(unsafe { (*self.as_raw()).rotation })
    }

    /// Returns how many planes of the CRTC are below this one, if they have
    /// [`PlaneProperties::zpos`].
    ///
    /// C field: `normalized_zpos` of `struct drm_plane_state`.
    #[inline]
    pub fn zpos(&self) -> u32 {
        // SAFETY: By the type invariants.
        unsafe { (*self.as_raw()).normalized_zpos }
    }

    /// Returns how much of the plane is seen: from 0, nothing, to 65535, if what is below it does
    /// not shine through.
    #[inline]
    pub fn alpha(&self) -> u16 {
        // SAFETY: By the type invariants.
        unsafe { (*self.as_raw()).alpha }
    }
}

/// What a plane can do, for [`PlaneCheck::check_state`].
#[derive(Clone, Copy)]
pub struct PlaneLimits {
    /// The smallest ratio of source and destination, in 1/65536.
    pub min_scale: i32,
    /// The largest ratio of source and destination, in 1/65536.
    pub max_scale: i32,
    /// Whether it may be smaller than the CRTC.
    pub can_position: bool,
    /// Whether it can be changed while the CRTC is off.
    pub can_update_disabled: bool,
}

impl PlaneLimits {
    /// A ratio of 1.
    pub const NO_SCALING: i32 = 1 << 16;
}

impl Default for PlaneLimits {
    /// Returns the limits of a plane that covers all of the CRTC, pixel by pixel.
    fn default() -> Self {
        Self {
            min_scale: Self::NO_SCALING,
            max_scale: Self::NO_SCALING,
            can_position: false,
            can_update_disabled: false,
        }
    }
}

/// The check phase, of a plane.
pub struct PlaneCheck<'a, T: Driver> {
    plane: &'a Plane<T>,
    state: AtomicState<'a, T>,
    old: *mut bindings::drm_plane_state,
    new: *mut bindings::drm_plane_state,
}

impl<'a, T: Driver> PlaneCheck<'a, T> {
    /// # Safety
    ///
    /// `plane` must be part of `state`, which must be valid and in the check phase for `'a`.
    unsafe fn new(plane: &'a Plane<T>, state: *mut bindings::drm_atomic_state) -> Self {
        // SAFETY: By the safety requirements.
        unsafe {
            Self {
                plane,
                state: AtomicState::from_raw(state),
                old: bindings::drm_atomic_get_old_plane_state(state, plane.as_raw()),
                new: bindings::drm_atomic_get_new_plane_state(state, plane.as_raw()),
            }
        }
    }

    /// Returns the state that is checked.
    pub fn new_state(&self) -> New<'_, PlaneState<T>> {
        // SAFETY: The plane is part of the atomic state, hence it has a new state. It is changed
        // only through `self`.
        New::of(unsafe { PlaneState::from_raw(self.new) })
    }

    /// Returns the state that the device is in before.
    pub fn old_state(&self) -> Old<'_, PlaneState<T>> {
        // SAFETY: The plane is part of the atomic state, hence it has an old state.
        Old::of(unsafe { PlaneState::from_raw(self.old) })
    }

    /// Returns the data of the driver in the new state, to change it.
    pub fn data_mut(&mut self) -> &mut StateData<T> {
        // SAFETY: As in `new_state()`. In the check phase, the new state belongs to the task that
        // checks it.
        unsafe { &mut (*PlaneState::<T>::shadow(self.new).cast::<Base<T>>()).data }
    }

    /// Returns the new state of the CRTC on which the plane is to be shown.
    pub fn new_crtc_state(&self) -> Option<New<'_, CrtcState<T>>> {
        // SAFETY: `new` is valid.
        let crtc = unsafe { (*self.new).crtc };

        if crtc.is_null() {
            return None;
        }
        // SAFETY: It is a CRTC of the same device.
        self.state.new_crtc_state(unsafe { Crtc::from_raw(crtc) })
    }

    /// Checks the position and size of the plane, and clips it to the CRTC.
    ///
    /// C function: `drm_atomic_helper_check_plane_state()`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] or [`ERANGE`] if the plane can't be shown like this.
    pub fn check_state(&mut self, limits: PlaneLimits) -> Result {
        let crtc_state = self
            .new_crtc_state()
            .map_or(ptr::null_mut(), |state| state.as_raw());

        // SAFETY: `new` is valid.
        if crtc_state.is_null() && unsafe { !(*self.new).crtc.is_null() } {
            return Err(EINVAL);
        }

        // SAFETY: `new` is valid, and `crtc_state` is that of its CRTC, or null if there is none.
        // Both belong to the task that checks them.
        to_result(unsafe {
            bindings::drm_atomic_helper_check_plane_state(
                self.new,
                crtc_state,
                limits.min_scale,
                limits.max_scale,
                limits.can_position,
                limits.can_update_disabled,
            )
        })
    }

    /// Allocates what [`ShadowFramebuffer::convert_to_io`] needs to convert the new framebuffer to
    /// the format `to`, as nothing can fail in the commit phase.
    ///
    /// C function: `drm_format_conv_state_reserve()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if there is no framebuffer, it is not in [`FourCc::XRGB8888`], or there is no
    ///   conversion to `to`.
    /// - [`ENOMEM`] if there is not enough memory.
    pub fn reserve_conversion(&mut self, to: FourCc) -> Result {
        let state = self.new_state();
        let fb = state.framebuffer().ok_or(EINVAL)?;

        // SAFETY: `new` is valid. In the check phase, it belongs to the task that checks it.
        unsafe {
            let shadow = PlaneState::<T>::shadow(self.new);

            framebuffer::reserve_conversion(&raw mut (*shadow).fmtcnv_state, fb, to)
        }
    }

    /// Has [`PlaneCommit::damage`] return all that is shown, whatever user space says: for when the
    /// device keeps pixels elsewhere, or in another way, than before.
    ///
    /// C field: `ignore_damage_clips` of `struct drm_plane_state`.
    pub fn ignore_damage_clips(&mut self) {
        // SAFETY: `new` is valid. In the check phase, it belongs to the task that checks it.
        unsafe { (*self.new).ignore_damage_clips = true };
    }
}

/// The commit phase, of a plane.
///
/// The states do not change any more.
pub struct PlaneCommit<'a, T: Driver> {
    plane: &'a Plane<T>,
    old: &'a PlaneState<T>,
    new: &'a PlaneState<T>,
    new_crtc: Option<&'a CrtcState<T>>,
    _state: PhantomData<AtomicState<'a, T>>,
}

impl<'a, T: Driver> PlaneCommit<'a, T> {
    /// # Safety
    ///
    /// `plane` must be part of `state`, which must be valid and in the commit phase for `'a`.
    unsafe fn new(plane: &'a Plane<T>, state: *mut bindings::drm_atomic_state) -> Self {
        // SAFETY: By the safety requirements. Both states exist, and do not change. The CRTC is of
        // the same device, and if it has a new state, that does not change either.
        unsafe {
            let new = bindings::drm_atomic_get_new_plane_state(state, plane.as_raw());
            let crtc = (*new).crtc;
            let new_crtc = if crtc.is_null() {
                ptr::null_mut()
            } else {
                bindings::drm_atomic_get_new_crtc_state(state, crtc)
            };

            Self {
                plane,
                old: PlaneState::from_raw(bindings::drm_atomic_get_old_plane_state(
                    state,
                    plane.as_raw(),
                )),
                new: PlaneState::from_raw(new),
                new_crtc: (!new_crtc.is_null()).then(|| CrtcState::from_raw(new_crtc)),
                _state: PhantomData,
            }
        }
    }

    /// Returns the state that is to be shown.
    #[inline]
    pub fn new_state(&self) -> New<'a, PlaneState<T>> {
        New::of(self.new)
    }

    /// Returns the state that has been shown before.
    #[inline]
    pub fn old_state(&self) -> Old<'a, PlaneState<T>> {
        Old::of(self.old)
    }

    /// Returns the new state of the CRTC on which the plane is to be shown, if it is to be shown.
    #[inline]
    pub fn new_crtc_state(&self) -> Option<New<'a, CrtcState<T>>> {
        self.new_crtc.map(New::of)
    }

    /// Returns the memory of the new framebuffer. May sleep.
    ///
    /// Returns [`None`] if there is no framebuffer, or it can't be read by the CPU. Always for a
    /// driver whose [`DriverPlane::SHADOW`] is not set.
    ///
    /// C functions: `drm_gem_fb_begin_cpu_access()`, and `drm_gem_fb_end_cpu_access()` when the
    /// value is dropped.
    pub fn shadow(&self) -> Option<ShadowFramebuffer<'a>> {
        let fb = self.new.framebuffer()?;

        // SAFETY: If `SHADOW` is set, the framebuffer has been mapped before the commit began, and
        // stays so as long as it is in the present state, until the end of a later commit.
        // Otherwise, `data` is zero. Commits of a plane come one after the other.
        unsafe { ShadowFramebuffer::new(fb, self.new.0.base.get()) }
    }

    /// Returns the rectangles of the new framebuffer that have changed, in pixels.
    ///
    /// If it is not known, this is all that is shown of it. Nothing, if the plane is not visible.
    ///
    /// C macro: `drm_atomic_for_each_plane_damage()`.
    pub fn damage(&self) -> DamageIter<'a> {
        let mut iter: bindings::drm_atomic_helper_damage_iter = pin_init::zeroed();

        // SAFETY: Both states are valid.
        unsafe {
            bindings::drm_atomic_helper_damage_iter_init(
                &mut iter,
                self.old.as_raw(),
                self.new.as_raw(),
            )
        };

        // INVARIANT: Just initialized.
        DamageIter {
            iter,
            _state: PhantomData,
        }
    }
}

/// The parts of a framebuffer that have changed. See [`PlaneCommit::damage`].
///
/// # Invariants
///
/// `iter` has been initialized with states that are valid for `'a`.
pub struct DamageIter<'a> {
    iter: bindings::drm_atomic_helper_damage_iter,
    _state: PhantomData<&'a ()>,
}

impl Iterator for DamageIter<'_> {
    type Item = Rect;

    fn next(&mut self) -> Option<Rect> {
        let mut rect = bindings::drm_rect::default();

        // SAFETY: By the type invariants.
        unsafe { bindings::drm_atomic_helper_damage_iter_next(&mut self.iter, &mut rect) }
            .then(|| Rect::from_raw(&rect))
    }
}

/// A panic, in which a plane is asked what it shows.
///
/// Nothing here takes a lock, or waits.
pub struct PanicContext<'a, T: Driver> {
    plane: &'a Plane<T>,
    state: &'a PlaneState<T>,
    dev: &'a device::Device<device::Bound>,
}

impl<'a, T: Driver> PanicContext<'a, T> {
    /// Returns the present state of the plane. It may not be shown yet.
    pub fn state(&self) -> PanicState<'a, T> {
        PanicState(self.state)
    }

    /// Returns the data of the device. If there are locks in it, they must not be taken.
    pub fn data(&self) -> &'a <T as drm::Driver>::Data {
        self.plane.drm()
    }

    /// Returns memory of the device that has been mapped.
    ///
    /// Returns [`None`] if it belongs to another device, or has been mapped for an earlier driver.
    pub fn access<M, const SIZE: usize>(&self, memory: &'a Devres<M>) -> Option<&'a Io<SIZE>>
    where
        M: Deref<Target = Io<SIZE>> + Send + 'static,
    {
        memory.access(self.dev).ok().map(|memory| &**memory)
    }
}

/// The state of a plane in a panic: what of a [`PlaneState`] does not lead to other objects.
///
/// Dereferences to the data of the driver.
pub struct PanicState<'a, T: Driver>(&'a PlaneState<T>);

impl<T: Driver> Deref for PanicState<'_, T> {
    type Target = StateData<T>;

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl<'a, T: Driver> PanicState<'a, T> {
    /// Returns the framebuffer, or [`None`] if the plane is disabled.
    pub fn framebuffer(&self) -> Option<&'a Framebuffer> {
        self.0.framebuffer()
    }
}
