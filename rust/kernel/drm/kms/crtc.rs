// SPDX-License-Identifier: GPL-2.0 OR MIT

//! CRTCs: what puts the pixels of planes together and sends them out in the timing of a mode.
//!
//! C headers: [`include/drm/drm_crtc.h`](srctree/include/drm/drm_crtc.h),
//! [`include/drm/drm_vblank.h`](srctree/include/drm/drm_vblank.h)

use super::{
    modes::DisplayMode,
    plane::{Plane, PlaneState},
    AtomicState, Driver, New, NewObjects, Old, State,
};
use crate::{
    bindings, device, drm,
    error::{from_result, to_result, VTABLE_DEFAULT_ERROR},
    new_spinlock,
    prelude::*,
    sync::SpinLock,
    types::Opaque,
};
use core::{
    marker::PhantomData,
    ops::Deref,
    ptr,
    sync::atomic::{AtomicI64, Ordering},
};

/// Where the vertical blanks of a CRTC come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vblank {
    /// The hardware does not tell, and user space is told that a frame is shown as soon as it has
    /// been written.
    None,
    /// A timer that runs at the rate of the mode, for hardware that does not tell.
    Timer,
    /// An interrupt of the hardware, whose handler calls [`Crtc::handle_vblank`].
    /// [`DriverCrtc::enable_vblank`] and [`DriverCrtc::disable_vblank`] are needed then.
    ///
    /// The event of a commit is sent with the first vertical blank that is counted after
    /// [`DriverCrtc::atomic_flush`]: from that one on, the hardware must show the new state. One
    /// that had begun before, and is handled afterwards, would be too early; it is only noticed
    /// with [`DriverCrtc::get_vblank_counter`]. See the C function `drm_crtc_arm_vblank_event()`.
    Interrupt,
}

/// An entry of a gamma table: what is shown for a color, from 0 to 65535.
///
/// C struct: `struct drm_color_lut`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ColorLut {
    pub red: u16,
    pub green: u16,
    pub blue: u16,
    reserved: u16,
}

/// The CRTCs of a driver.
///
/// `self` is the data of one CRTC. It can be shared: all callbacks get a reference to it.
///
/// Page-flip events are sent by the abstraction.
#[vtable]
pub trait DriverCrtc: Send + Sync + Sized + 'static {
    /// The driver.
    type Driver: Driver<Crtc = Self>;

    /// What belongs to one state of a CRTC.
    ///
    /// A new state begins as a clone of the present one, and may be changed in the check phase
    /// only.
    type State: Clone + Default + Send + Sync;

    /// How many entries the gamma table of the hardware has, or 0 if there is none.
    ///
    /// Then, user space can set one, see [`CrtcState::gamma_lut`].
    const GAMMA_SIZE: u32 = 0;

    /// Where vertical blanks come from.
    const VBLANK: Vblank = Vblank::None;

    /// The largest value of [`Self::get_vblank_counter`], one less than a power of 2; 0 without
    /// that callback.
    const MAX_VBLANK_COUNT: u32 = 0;

    /// Check phase: decides whether the new state can be shown.
    ///
    /// May fail, and must not touch the hardware: it may be a test only. By default, a CRTC that is
    /// enabled needs its primary plane.
    fn atomic_check(crtc: &Crtc<Self::Driver>, check: &mut CrtcCheck<'_, Self::Driver>) -> Result {
        let _ = crtc;
        check.check_primary_plane()
    }

    /// Commit phase: sets a new mode. Nothing is shown yet, and planes are updated later.
    fn mode_set(crtc: &Crtc<Self::Driver>, commit: &CrtcCommit<'_, Self::Driver>) {
        let _ = (crtc, commit);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Commit phase: begins to show the new state, after planes have been updated.
    fn atomic_enable(crtc: &Crtc<Self::Driver>, commit: &CrtcCommit<'_, Self::Driver>);

    /// Commit phase: ends to show anything.
    fn atomic_disable(crtc: &Crtc<Self::Driver>, commit: &CrtcCommit<'_, Self::Driver>);

    /// Commit phase: planes are going to be updated.
    fn atomic_begin(crtc: &Crtc<Self::Driver>, commit: &CrtcCommit<'_, Self::Driver>) {
        let _ = (crtc, commit);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Commit phase: planes have been updated.
    fn atomic_flush(crtc: &Crtc<Self::Driver>, commit: &CrtcCommit<'_, Self::Driver>) {
        let _ = (crtc, commit);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Enables the interrupt of vertical blanks, of [`Vblank::Interrupt`].
    ///
    /// `dev` is the parent of the device: the hardware is there as long as this runs. Only called
    /// between [`Self::atomic_enable`] and [`Self::atomic_disable`].
    ///
    /// In atomic context, with spinlocks held that [`Crtc::handle_vblank`] takes, and interrupts
    /// disabled. A lock that is taken here must not be held when that is called.
    ///
    /// If this fails, user space can't wait for a vertical blank, and page-flip events are sent at
    /// once.
    fn enable_vblank(crtc: &Crtc<Self::Driver>, dev: &device::Device<device::Bound>) -> Result {
        let _ = (crtc, dev);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Disables the interrupt of vertical blanks, after [`Self::enable_vblank`] has succeeded.
    ///
    /// In the same context as that. When the parent is unbound, this is called before the device is
    /// unplugged, but not afterwards, even if a commit has had the interrupt enabled again in
    /// between: who unbinds it has to see to what the hardware does from then on.
    fn disable_vblank(crtc: &Crtc<Self::Driver>, dev: &device::Device<device::Bound>) {
        let _ = (crtc, dev);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Returns how many vertical blanks the hardware has counted, up to [`Self::MAX_VBLANK_COUNT`],
    /// after which it begins at 0 again.
    ///
    /// For [`Vblank::Interrupt`], in the same context as [`Self::enable_vblank`]. With it, vertical
    /// blanks count also while the interrupt is disabled. The hardware has to count before
    /// [`Crtc::handle_vblank`] is called for the same vertical blank.
    fn get_vblank_counter(crtc: &Crtc<Self::Driver>, dev: &device::Device<device::Bound>) -> u32 {
        let _ = (crtc, dev);
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

type Data<T> = <T as Driver>::Crtc;
type StateData<T> = <Data<T> as DriverCrtc>::State;

/// A timer that stands in for the vertical blank.
///
/// # Invariants
///
/// `timer` has been set up. It is started, or forwarded, with `lock` held only, and starts again by
/// itself only if `period` is not 0.
#[pin_data]
struct VblankTimer {
    timer: Opaque<bindings::hrtimer>,
    #[pin]
    lock: SpinLock<()>,
    /// The time between two vertical blanks in ns, or 0 if they are disabled.
    period: AtomicI64,
}

/// Not in a generic function, of which each driver has a copy: to lockdep, a class of locks with
/// several names is an error.
#[inline(never)]
fn new_vblank_lock() -> impl PinInit<SpinLock<()>> {
    new_spinlock!((), "VblankTimer::lock")
}

/// The period for a mode without a pixel clock: 60 Hz.
const DEFAULT_PERIOD_NS: i64 = 1_000_000_000 / 60;

/// The shortest period. User space makes up modes, and a timer for each of their frames could keep
/// a CPU from anything else.
const MIN_PERIOD_NS: i64 = 1_000_000;

/// A CRTC.
///
/// Dereferences to the data of the driver. C struct: `struct drm_crtc`.
///
/// # Invariants
///
/// `crtc` is a valid `struct drm_crtc` of a device of the driver `T`.
#[repr(C)]
#[pin_data]
pub struct Crtc<T: Driver> {
    crtc: Opaque<bindings::drm_crtc>,
    #[pin]
    vblank: VblankTimer,
    #[pin]
    data: Data<T>,
}

// SAFETY: The data is `Send`, and the rest is protected by the locks of C.
unsafe impl<T: Driver> Send for Crtc<T> {}

// SAFETY: The data is `Sync`, and the rest is protected by the locks of C.
unsafe impl<T: Driver> Sync for Crtc<T> {}

impl<T: Driver> Deref for Crtc<T> {
    type Target = Data<T>;

    fn deref(&self) -> &Self::Target {
        &self.data
    }
}

impl<T: Driver> Crtc<T> {
    pub(super) const HAS_VBLANK: bool = !matches!(Data::<T>::VBLANK, Vblank::None);

    const HAS_INTERRUPT: bool = matches!(Data::<T>::VBLANK, Vblank::Interrupt);

    /// The callbacks of a driver that has others than its [`DriverCrtc::VBLANK`] needs would not be
    /// called, or be missing. Its CRTCs can't be built.
    const VBLANK_CALLBACKS: () = {
        let max = Data::<T>::MAX_VBLANK_COUNT;

        assert!(
            Data::<T>::HAS_ENABLE_VBLANK == Self::HAS_INTERRUPT
                && Data::<T>::HAS_DISABLE_VBLANK == Self::HAS_INTERRUPT,
            "enable_vblank() and disable_vblank() are for Vblank::Interrupt, which needs both"
        );
        assert!(
            Data::<T>::HAS_GET_VBLANK_COUNTER == (max != 0) && max & max.wrapping_add(1) == 0,
            "get_vblank_counter() needs a MAX_VBLANK_COUNT that is one less than a power of 2"
        );
        assert!(
            max == 0 || Self::HAS_INTERRUPT,
            "get_vblank_counter() is for Vblank::Interrupt"
        );
    };

    /// What [`Self::handle_vblank`] needs, which can't be built otherwise.
    const IS_INTERRUPT: () = assert!(
        Self::HAS_INTERRUPT,
        "DriverCrtc::VBLANK is not Vblank::Interrupt"
    );

    const FUNCS: bindings::drm_crtc_funcs = bindings::drm_crtc_funcs {
        reset: Some(Self::reset),
        destroy: Some(Self::destroy),
        set_config: Some(bindings::drm_atomic_helper_set_config),
        page_flip: Some(bindings::drm_atomic_helper_page_flip),
        atomic_duplicate_state: Some(Self::atomic_duplicate_state),
        atomic_destroy_state: Some(Self::atomic_destroy_state),
        enable_vblank: match Data::<T>::VBLANK {
            Vblank::None => None,
            Vblank::Timer => Some(Self::enable_timer),
            Vblank::Interrupt => Some(Self::enable_vblank),
        },
        disable_vblank: match Data::<T>::VBLANK {
            Vblank::None => None,
            Vblank::Timer => Some(Self::disable_timer),
            Vblank::Interrupt => Some(Self::disable_vblank),
        },
        get_vblank_counter: if Data::<T>::HAS_GET_VBLANK_COUNTER {
            Some(Self::get_vblank_counter)
        } else {
            None
        },
        get_vblank_timestamp: match Data::<T>::VBLANK {
            Vblank::Timer => Some(Self::get_timer_timestamp),
            Vblank::None | Vblank::Interrupt => None,
        },
        ..pin_init::zeroed()
    };

    const HELPER_FUNCS: bindings::drm_crtc_helper_funcs = bindings::drm_crtc_helper_funcs {
        mode_set_nofb: if Data::<T>::HAS_MODE_SET {
            Some(Self::mode_set_nofb)
        } else {
            None
        },
        atomic_check: Some(Self::atomic_check),
        atomic_begin: if Data::<T>::HAS_ATOMIC_BEGIN {
            Some(Self::atomic_begin)
        } else {
            None
        },
        atomic_flush: if Data::<T>::HAS_ATOMIC_FLUSH || Self::HAS_VBLANK {
            Some(Self::atomic_flush)
        } else {
            None
        },
        atomic_enable: Some(Self::atomic_enable),
        atomic_disable: Some(Self::atomic_disable),
        ..pin_init::zeroed()
    };

    /// Creates a CRTC.
    ///
    /// C function: `drm_crtc_init_with_planes()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if one of the planes belongs to another device, or is not for that, or if there
    ///   are 32 CRTCs already.
    /// - Otherwise the error of the C function.
    pub fn new<'a>(
        new: &'a NewObjects<'_, T>,
        primary: &'a Plane<T>,
        cursor: Option<&'a Plane<T>>,
        data: impl PinInit<Data<T>, Error>,
    ) -> Result<&'a Self> {
        let () = Self::VBLANK_CALLBACKS;

        // SAFETY: The device is valid and has a mode configuration.
        NewObjects::<T>::check_count(unsafe { (*new.drm().as_raw()).mode_config.num_crtc })?;

        let is_for = |plane: &Plane<T>, plane_type| {
            // SAFETY: The plane is valid.
            let type_ = unsafe { (*plane.as_raw()).type_ };
            type_ == plane_type && ptr::eq(plane.drm(), new.drm())
        };
        if !is_for(primary, bindings::drm_plane_type_DRM_PLANE_TYPE_PRIMARY)
            || !cursor.map_or(true, |cursor| {
                is_for(cursor, bindings::drm_plane_type_DRM_PLANE_TYPE_CURSOR)
            })
        {
            return Err(EINVAL);
        }

        let this = KBox::pin_init(
            try_pin_init!(Self {
                crtc <- pin_init::init_zeroed(),
                vblank <- pin_init!(VblankTimer {
                    timer: Opaque::zeroed(),
                    lock <- new_vblank_lock(),
                    period: AtomicI64::new(0),
                }),
                data <- data,
            }),
            GFP_KERNEL,
        )?;
        let crtc = this.as_raw();

        // INVARIANT: The timer is set up.
        //
        // SAFETY: `timer` is zeroed memory, which stays where it is until the timer is cancelled
        // before it is freed.
        unsafe {
            bindings::hrtimer_setup(
                this.vblank.timer.get(),
                Some(Self::vblank_timer),
                bindings::CLOCK_MONOTONIC as bindings::clockid_t,
                bindings::hrtimer_mode_HRTIMER_MODE_REL,
            )
        };

        // SAFETY: The device is valid and has a mode configuration, and is not registered. `crtc`
        // is zeroed memory, which is freed by `destroy()` only. The planes belong to the same
        // device.
        to_result(unsafe {
            bindings::drm_crtc_init_with_planes(
                new.drm().as_raw(),
                crtc,
                primary.as_raw(),
                cursor.map_or(ptr::null_mut(), |cursor| cursor.as_raw()),
                &Self::FUNCS,
                ptr::null(),
            )
        })?;

        // SAFETY: `crtc` has been initialized, and is not in use yet.
        unsafe { (*crtc).helper_private = &Self::HELPER_FUNCS };

        // SAFETY: Nobody moves out of it.
        let this = KBox::into_raw(unsafe { Pin::into_inner_unchecked(this) });

        if Data::<T>::GAMMA_SIZE != 0 {
            // SAFETY: `crtc` has been initialized, and is not in use yet. From here on, it is freed
            // with the device, and the table with it.
            unsafe {
                to_result(bindings::drm_mode_crtc_set_gamma_size(
                    crtc,
                    Data::<T>::GAMMA_SIZE as c_int,
                ))?;
                bindings::drm_crtc_enable_color_mgmt(crtc, 0, false, Data::<T>::GAMMA_SIZE);
            }
        }

        // INVARIANT: Just initialized.
        //
        // SAFETY: It exists until `destroy()` is called, when nobody uses the device any more.
        Ok(unsafe { &*this })
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::drm_crtc {
        self.crtc.get()
    }

    /// # Safety
    ///
    /// `crtc` must be a CRTC of a device of the driver `T`, and valid for `'a`.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(crtc: *mut bindings::drm_crtc) -> &'a Self {
        // SAFETY: By the safety requirements, `crtc` has been created by `new()`, and is the first
        // member.
        unsafe { &*crtc.cast() }
    }

    /// Returns the device.
    #[inline]
    pub fn drm(&self) -> &drm::Device<T> {
        // SAFETY: By the type invariants; the device outlives its CRTCs.
        unsafe { drm::Device::from_raw((*self.as_raw()).dev) }
    }

    /// Returns the mask with the bit of this CRTC.
    ///
    /// C function: `drm_crtc_mask()`.
    #[inline]
    pub fn mask(&self) -> u32 {
        // SAFETY: By the type invariants. There are no more than 32 CRTCs.
        1 << unsafe { (*self.as_raw()).index }
    }

    /// Tells that a vertical blank has begun: it is counted, and the events that wait for it are
    /// sent.
    ///
    /// Called by the handler of the interrupt, see [`drm::Device::crtc`]. In any context that is
    /// not an NMI, but not from the callbacks of [`DriverCrtc`] for vertical blanks, nor with a
    /// lock that these take. Does nothing unless vertical blanks are enabled.
    ///
    /// Can't be built for a driver whose [`DriverCrtc::VBLANK`] is not [`Vblank::Interrupt`].
    ///
    /// C function: `drm_crtc_handle_vblank()`.
    pub fn handle_vblank(&self) {
        let () = Self::IS_INTERRUPT;
        let crtc = self.as_raw();

        // As long as objects are created, `drm_vblank_init()` has not been called. Only who creates
        // them has this CRTC then.
        //
        // SAFETY: By the type invariants.
        unsafe {
            if (*(*crtc).dev).num_crtcs != 0 {
                bindings::drm_crtc_handle_vblank(crtc);
            }
        }
    }

    /// Stops vertical blanks for good, sends the events that wait for one, and waits for the timer.
    /// May be called again.
    ///
    /// # Safety
    ///
    /// `drm_vblank_init()` has been called for the device, which has been unplugged, or has never
    /// been registered.
    pub(super) unsafe fn stop_vblank(&self) {
        // SAFETY: By the safety requirements; the C function may be called when it is off already.
        // From here on, the timer does not start again: C enables vertical blanks only if
        // `drm_crtc_vblank_on()` has been called since, and see `atomic_enable()` for that.
        unsafe {
            bindings::drm_crtc_vblank_off(self.as_raw());
            bindings::hrtimer_cancel(self.vblank.timer.get());
        }
    }

    /// Has the event of the new state, if there is one, sent with the next vertical blank, or now
    /// if there is none.
    pub(super) fn send_event(&self, state: *mut bindings::drm_crtc_state) {
        let crtc = self.as_raw();
        // From when the device has been unplugged, no handler of an interrupt finds the CRTC, even
        // if vertical blanks are still enabled.
        let guard = self.drm().enter();

        // SAFETY: `crtc` and `state` are valid. The event belongs to the commit, which runs in this
        // task only, and is taken away here, so that it is sent once. `event_lock` is held for C.
        unsafe {
            let event = (*state).event;
            if event.is_null() {
                return;
            }
            (*state).event = ptr::null_mut();

            let lock = &raw mut (*(*crtc).dev).event_lock;
            let flags = bindings::spin_lock_irqsave(lock);
            if guard.is_some() && bindings::drm_crtc_vblank_get(crtc) == 0 {
                bindings::drm_crtc_arm_vblank_event(crtc, event);
            } else {
                bindings::drm_crtc_send_vblank_event(crtc, event);
            }
            bindings::spin_unlock_irqrestore(lock, flags);
        }
    }
}

/// The callbacks. All of them are only called by C, for a CRTC of a device of the driver `T`.
#[allow(clippy::missing_safety_doc)]
impl<T: Driver> Crtc<T> {
    unsafe extern "C" fn destroy(crtc: *mut bindings::drm_crtc) {
        // SAFETY: The core calls this once, when nobody uses the CRTC any more. It has been
        // allocated by `new()`, and is the first member. The timer has never been started, or
        // stopped by `stop_vblank()`.
        unsafe {
            bindings::drm_crtc_cleanup(crtc);
            drop(KBox::from_raw(crtc.cast::<Self>()));
        }
    }

    unsafe extern "C" fn reset(crtc: *mut bindings::drm_crtc) {
        // SAFETY: `crtc` is valid, and if it has a state it is one of ours. This is only called by
        // `NewObjects::finish()`, when nobody else uses the device: no lock is needed.
        unsafe {
            if !(*crtc).state.is_null() {
                Self::atomic_destroy_state(crtc, (*crtc).state);
                (*crtc).state = ptr::null_mut();
            }
        }

        // That there is no state is noticed by `NewObjects::finish()`.
        let state = Base::<T>::alloc(Default::default());
        if !state.is_null() {
            // SAFETY: `crtc` is valid, and takes over `state`.
            unsafe { bindings::__drm_atomic_helper_crtc_reset(crtc, state) };
        }
    }

    unsafe extern "C" fn atomic_duplicate_state(
        crtc: *mut bindings::drm_crtc,
    ) -> *mut bindings::drm_crtc_state {
        // SAFETY: `crtc` is valid, the lock that protects its state is held, and it is one of ours
        // or null. If `crtc` has a state, `state` is zeroed memory, or null.
        unsafe {
            let state = Base::<T>::alloc_like((*crtc).state);
            if !state.is_null() {
                bindings::__drm_atomic_helper_crtc_duplicate_state(crtc, state);
            }
            state
        }
    }

    unsafe extern "C" fn atomic_destroy_state(
        _crtc: *mut bindings::drm_crtc,
        state: *mut bindings::drm_crtc_state,
    ) {
        // SAFETY: `state` is one of ours, and not used by anybody else any more.
        unsafe {
            bindings::__drm_atomic_helper_crtc_destroy_state(state);
            Base::<T>::free(state);
        }
    }

    unsafe extern "C" fn atomic_check(
        crtc: *mut bindings::drm_crtc,
        state: *mut bindings::drm_atomic_state,
    ) -> c_int {
        // SAFETY: `crtc` is valid, and part of `state`, which is in the check phase.
        let mut check = unsafe { CrtcCheck::new(Self::from_raw(crtc), state) };

        from_result(|| {
            // The core takes any number of entries.
            if let Some(lut) = check.new_state().gamma_lut() {
                if lut.len() != Data::<T>::GAMMA_SIZE as usize {
                    return Err(EINVAL);
                }
            }
            Data::<T>::atomic_check(check.crtc, &mut check)?;
            Ok(0)
        })
    }

    unsafe extern "C" fn mode_set_nofb(crtc: *mut bindings::drm_crtc) {
        // SAFETY: `crtc` is valid, and has the new state already. The commit waits for the earlier
        // ones, and the later ones wait for it.
        unsafe {
            let crtc = Self::from_raw(crtc);
            let new = CrtcState::from_raw((*crtc.as_raw()).state);
            let commit = CrtcCommit {
                crtc,
                old: None,
                new,
                _state: PhantomData,
            };

            Data::<T>::mode_set(crtc, &commit);
        }
    }

    unsafe extern "C" fn atomic_begin(
        crtc: *mut bindings::drm_crtc,
        state: *mut bindings::drm_atomic_state,
    ) {
        // SAFETY: `crtc` is valid, and part of `state`, which is in the commit phase.
        let commit = unsafe { CrtcCommit::new(Self::from_raw(crtc), state) };

        Data::<T>::atomic_begin(commit.crtc, &commit);
    }

    unsafe extern "C" fn atomic_flush(
        crtc: *mut bindings::drm_crtc,
        state: *mut bindings::drm_atomic_state,
    ) {
        // SAFETY: `crtc` is valid, and part of `state`, which is in the commit phase.
        let commit = unsafe { CrtcCommit::new(Self::from_raw(crtc), state) };

        if Data::<T>::HAS_ATOMIC_FLUSH {
            Data::<T>::atomic_flush(commit.crtc, &commit);
        }
        if Self::HAS_VBLANK {
            commit.crtc.send_event(commit.new.as_raw());
        }
    }

    unsafe extern "C" fn atomic_enable(
        crtc: *mut bindings::drm_crtc,
        state: *mut bindings::drm_atomic_state,
    ) {
        // SAFETY: `crtc` is valid, and part of `state`, which is in the commit phase.
        let commit = unsafe { CrtcCommit::new(Self::from_raw(crtc), state) };

        Data::<T>::atomic_enable(commit.crtc, &commit);
        if Self::HAS_VBLANK {
            // When the device has been unplugged, vertical blanks have been stopped for good, or
            // are going to be, for which unplugging waits for the guard.
            if let Some(_guard) = commit.crtc.drm().enter() {
                // SAFETY: `crtc` is valid, and `drm_vblank_init()` has been called.
                unsafe { bindings::drm_crtc_vblank_on(crtc) };
            }
        }
    }

    unsafe extern "C" fn atomic_disable(
        crtc: *mut bindings::drm_crtc,
        state: *mut bindings::drm_atomic_state,
    ) {
        // SAFETY: `crtc` is valid, and part of `state`, which is in the commit phase.
        let commit = unsafe { CrtcCommit::new(Self::from_raw(crtc), state) };

        if Self::HAS_VBLANK {
            // SAFETY: `crtc` is valid, and `drm_vblank_init()` has been called.
            unsafe { bindings::drm_crtc_vblank_off(crtc) };
        }
        Data::<T>::atomic_disable(commit.crtc, &commit);
    }

    /// Called with spinlocks held and interrupts disabled.
    unsafe extern "C" fn enable_vblank(crtc: *mut bindings::drm_crtc) -> c_int {
        // SAFETY: `crtc` is valid.
        let this = unsafe { Self::from_raw(crtc) };

        // If the device has been unplugged, vertical blanks are going to be stopped, and events are
        // sent then.
        let Some(guard) = this.drm().enter() else {
            return 0;
        };

        from_result(|| {
            Data::<T>::enable_vblank(this, guard.dev())?;
            Ok(0)
        })
    }

    /// Called with spinlocks held and interrupts disabled.
    unsafe extern "C" fn disable_vblank(crtc: *mut bindings::drm_crtc) {
        // SAFETY: `crtc` is valid.
        let this = unsafe { Self::from_raw(crtc) };

        if let Some(guard) = this.drm().enter() {
            Data::<T>::disable_vblank(this, guard.dev());
        }
    }

    /// Called with spinlocks held and interrupts disabled.
    unsafe extern "C" fn get_vblank_counter(crtc: *mut bindings::drm_crtc) -> u32 {
        // SAFETY: `crtc` is valid.
        let this = unsafe { Self::from_raw(crtc) };

        match this.drm().enter() {
            Some(guard) => {
                Data::<T>::get_vblank_counter(this, guard.dev()) & Data::<T>::MAX_VBLANK_COUNT
            }
            // As if there had been none since.
            //
            // SAFETY: `crtc` is valid, and `drm_vblank_init()` has been called. The lock that
            // protects the field is held.
            None => unsafe { (*bindings::drm_crtc_vblank_crtc(crtc)).last },
        }
    }

    /// Called with spinlocks held and interrupts disabled.
    unsafe extern "C" fn enable_timer(crtc: *mut bindings::drm_crtc) -> c_int {
        // SAFETY: `crtc` is valid, and `drm_vblank_init()` has been called.
        let (this, period) = unsafe {
            (
                Self::from_raw(crtc),
                i64::from((*bindings::drm_crtc_vblank_crtc(crtc)).framedur_ns),
            )
        };
        let period = if period > 0 {
            period.max(MIN_PERIOD_NS)
        } else {
            DEFAULT_PERIOD_NS
        };

        // The timer may be handled at this moment.
        let _guard = this.vblank.lock.lock();

        this.vblank.period.store(period, Ordering::Relaxed);
        // SAFETY: By the type invariants of `VblankTimer`.
        unsafe {
            bindings::hrtimer_start_range_ns(
                this.vblank.timer.get(),
                period,
                0,
                bindings::hrtimer_mode_HRTIMER_MODE_REL,
            )
        };

        0
    }

    /// Called with spinlocks held and interrupts disabled.
    unsafe extern "C" fn disable_timer(crtc: *mut bindings::drm_crtc) {
        // SAFETY: `crtc` is valid.
        let this = unsafe { Self::from_raw(crtc) };

        // Don't wait for the timer, it takes the same locks. It does not start again by itself.
        this.vblank.period.store(0, Ordering::Relaxed);
        // SAFETY: By the type invariants of `VblankTimer`.
        unsafe { bindings::hrtimer_try_to_cancel(this.vblank.timer.get()) };
    }

    /// Called with spinlocks held and interrupts disabled.
    unsafe extern "C" fn get_timer_timestamp(
        crtc: *mut bindings::drm_crtc,
        _max_error: *mut c_int,
        vblank_time: *mut bindings::ktime_t,
        _in_vblank_irq: bool,
    ) -> bool {
        // SAFETY: `crtc` is valid.
        let this = unsafe { Self::from_raw(crtc) };
        let period = this.vblank.period.load(Ordering::Relaxed);

        // The timer runs out next at the end of the present frame, also while it is being handled:
        // it has been forwarded by then. The value is only read.
        //
        // SAFETY: The timer has been set up, `vblank_time` is valid.
        unsafe {
            *vblank_time = if period == 0 {
                bindings::ktime_get()
            } else {
                (&raw const (*this.vblank.timer.get()).node.expires).read_volatile() - period
            };
        }

        true
    }

    unsafe extern "C" fn vblank_timer(timer: *mut bindings::hrtimer) -> bindings::hrtimer_restart {
        let timer: *mut Opaque<bindings::hrtimer> = timer.cast();

        // SAFETY: The timer is part of a `VblankTimer`, and that of a `Crtc`, which waits for it
        // before it is freed.
        let this = unsafe {
            let vblank = crate::container_of!(timer, VblankTimer, timer);
            &*crate::container_of!(vblank, Self, vblank)
        };

        let timer = this.vblank.timer.get();

        let enabled = {
            let _guard = this.vblank.lock.lock();
            let period = this.vblank.period.load(Ordering::Relaxed);

            // It has been started again if vertical blanks have been disabled and enabled since
            // this function was called.
            //
            // SAFETY: The timer is not started while `lock` is held, and only this function, which
            // is its callback, forwards it.
            unsafe {
                let state = (&raw const (*timer).state).read_volatile();

                if period != 0 && u32::from(state) & bindings::HRTIMER_STATE_ENQUEUED == 0 {
                    bindings::hrtimer_forward(timer, bindings::ktime_get(), period);
                }
            }
            period != 0
        };

        if enabled {
            // SAFETY: `this` is valid.
            unsafe { bindings::drm_crtc_handle_vblank(this.as_raw()) };
        }

        if this.vblank.period.load(Ordering::Relaxed) != 0 {
            bindings::hrtimer_restart_HRTIMER_RESTART
        } else {
            bindings::hrtimer_restart_HRTIMER_NORESTART
        }
    }
}

/// A state of a CRTC.
///
/// Dereferences to the data of the driver. C struct: `struct drm_crtc_state`.
///
/// # Invariants
///
/// This is a valid state of a CRTC of the driver `T`.
#[repr(transparent)]
pub struct CrtcState<T: Driver>(Base<T>);

type Base<T> = State<bindings::drm_crtc_state, StateData<T>>;

impl<T: Driver> Deref for CrtcState<T> {
    type Target = StateData<T>;

    fn deref(&self) -> &Self::Target {
        &self.0.data
    }
}

impl<T: Driver> CrtcState<T> {
    /// # Safety
    ///
    /// `state` must be a state of a CRTC of the driver `T`, and valid for `'a`.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(state: *mut bindings::drm_crtc_state) -> &'a Self {
        // SAFETY: By the safety requirements, it comes from `State::alloc()`.
        unsafe { &*state.cast() }
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::drm_crtc_state {
        self.0.base.get()
    }

    /// # Safety
    ///
    /// `state` must be a state of a CRTC of the driver `T`, be valid for `'a`, and belong to the
    /// caller.
    pub(super) unsafe fn data_mut<'a>(
        state: *mut bindings::drm_crtc_state,
    ) -> &'a mut StateData<T> {
        // SAFETY: By the safety requirements, it comes from `State::alloc()`.
        unsafe { &mut (*state.cast::<Base<T>>()).data }
    }

    /// Returns whether the CRTC is in use. It may still be off, see [`Self::is_active`].
    #[inline]
    pub fn is_enabled(&self) -> bool {
        // SAFETY: By the type invariants.
        unsafe { (*self.as_raw()).enable }
    }

    /// Returns whether the CRTC is on.
    #[inline]
    pub fn is_active(&self) -> bool {
        // SAFETY: By the type invariants.
        unsafe { (*self.as_raw()).active }
    }

    /// Returns whether the mode, the connectors, or whether the CRTC is on differs from the state
    /// before.
    ///
    /// C function: `drm_atomic_crtc_needs_modeset()`.
    pub fn needs_modeset(&self) -> bool {
        // SAFETY: By the type invariants.
        unsafe {
            let state = &*self.as_raw();

            state.mode_changed() || state.active_changed() || state.connectors_changed()
        }
    }

    /// Returns the gamma table, or [`None`] if colors are shown as they are. It has
    /// [`DriverCrtc::GAMMA_SIZE`] entries.
    pub fn gamma_lut(&self) -> Option<&[ColorLut]> {
        // SAFETY: By the type invariants.
        let blob = unsafe { (*self.as_raw()).gamma_lut };
        if blob.is_null() {
            return None;
        }

        // SAFETY: The state has a reference to the blob, which does not change, and which the core
        // has made sure to consist of such entries. Any bits are valid in them.
        Some(unsafe {
            core::slice::from_raw_parts(
                (*blob).data.cast::<ColorLut>(),
                (*blob).length / core::mem::size_of::<ColorLut>(),
            )
        })
    }

    /// Returns whether the gamma table is another one than in the state before. It is the commit of
    /// the CRTC that has to write it then.
    ///
    /// C field: `color_mgmt_changed`.
    #[inline]
    pub fn color_mgmt_changed(&self) -> bool {
        // SAFETY: By the type invariants.
        unsafe { (*self.as_raw()).color_mgmt_changed() }
    }

    /// Returns the mode that the hardware is to have. It may differ from the one that user space
    /// has asked for.
    ///
    /// C field: `adjusted_mode` of `struct drm_crtc_state`.
    #[inline]
    pub fn mode(&self) -> &DisplayMode {
        // SAFETY: By the type invariants.
        unsafe { DisplayMode::from_raw(&raw const (*self.as_raw()).adjusted_mode) }
    }
}

/// The check phase, of a CRTC.
pub struct CrtcCheck<'a, T: Driver> {
    crtc: &'a Crtc<T>,
    state: AtomicState<'a, T>,
    old: *mut bindings::drm_crtc_state,
    new: *mut bindings::drm_crtc_state,
}

impl<'a, T: Driver> CrtcCheck<'a, T> {
    /// # Safety
    ///
    /// `crtc` must be part of `state`, which must be valid and in the check phase for `'a`.
    unsafe fn new(crtc: &'a Crtc<T>, state: *mut bindings::drm_atomic_state) -> Self {
        // SAFETY: By the safety requirements.
        unsafe {
            Self {
                crtc,
                state: AtomicState::from_raw(state),
                old: bindings::drm_atomic_get_old_crtc_state(state, crtc.as_raw()),
                new: bindings::drm_atomic_get_new_crtc_state(state, crtc.as_raw()),
            }
        }
    }

    /// Returns the state that is checked.
    pub fn new_state(&self) -> New<'_, CrtcState<T>> {
        // SAFETY: The CRTC is part of the atomic state, hence it has a new state. It is changed
        // only through `self`.
        New::of(unsafe { CrtcState::from_raw(self.new) })
    }

    /// Returns the state that the device is in before.
    pub fn old_state(&self) -> Old<'_, CrtcState<T>> {
        // SAFETY: The CRTC is part of the atomic state, hence it has an old state.
        Old::of(unsafe { CrtcState::from_raw(self.old) })
    }

    /// Returns the data of the driver in the new state, to change it.
    pub fn data_mut(&mut self) -> &mut StateData<T> {
        // SAFETY: As in `new_state()`. In the check phase, the new state belongs to the task that
        // checks it.
        unsafe { CrtcState::<T>::data_mut(self.new) }
    }

    /// Lets `f` change the mode that the hardware is to have, see [`CrtcState::mode`].
    ///
    /// `f` gets what user space has asked for, as changed by the encoders. It is not called if the
    /// mode stays the same as before, or if the CRTC is not in use.
    ///
    /// C field: `adjusted_mode` of `struct drm_crtc_state`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::drm::kms::{CrtcCheck, Driver};
    ///
    /// /// The clock is a multiple of 1 MHz.
    /// fn round_clock<T: Driver>(check: &mut CrtcCheck<'_, T>) {
    ///     check.adjust_mode(|mode| {
    ///         let clock = mode.clock();
    ///
    ///         mode.set_clock(clock - clock % 1000);
    ///     });
    /// }
    /// ```
    pub fn adjust_mode(&mut self, f: impl FnOnce(&mut DisplayMode)) {
        // SAFETY: `new` is valid. In the check phase, it belongs to the task that checks it.
        unsafe { DisplayMode::adjust(self.new, f) };
    }

    /// Returns the new state of a plane, if it is part of this atomic state.
    pub fn new_plane_state(&self, plane: &Plane<T>) -> Option<New<'_, PlaneState<T>>> {
        self.state.new_plane_state(plane)
    }

    /// Checks that the CRTC has its primary plane, if it is enabled.
    ///
    /// C function: `drm_atomic_helper_check_crtc_primary_plane()`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if not.
    pub fn check_primary_plane(&mut self) -> Result {
        if !self.new_state().is_enabled() {
            return Ok(());
        }

        // SAFETY: `new` is valid, and part of an atomic state.
        to_result(unsafe { bindings::drm_atomic_helper_check_crtc_primary_plane(self.new) })
    }
}

/// The commit phase, of a CRTC.
///
/// The states do not change any more.
pub struct CrtcCommit<'a, T: Driver> {
    crtc: &'a Crtc<T>,
    old: Option<&'a CrtcState<T>>,
    new: &'a CrtcState<T>,
    _state: PhantomData<AtomicState<'a, T>>,
}

impl<'a, T: Driver> CrtcCommit<'a, T> {
    /// # Safety
    ///
    /// `crtc` must be part of `state`, which must be valid and in the commit phase for `'a`.
    unsafe fn new(crtc: &'a Crtc<T>, state: *mut bindings::drm_atomic_state) -> Self {
        // SAFETY: By the safety requirements. Both states exist, and do not change.
        unsafe {
            Self {
                crtc,
                old: Some(CrtcState::from_raw(
                    bindings::drm_atomic_get_old_crtc_state(state, crtc.as_raw()),
                )),
                new: CrtcState::from_raw(bindings::drm_atomic_get_new_crtc_state(
                    state,
                    crtc.as_raw(),
                )),
                _state: PhantomData,
            }
        }
    }

    /// Returns the state that is to be shown.
    #[inline]
    pub fn new_state(&self) -> New<'a, CrtcState<T>> {
        New::of(self.new)
    }

    /// Returns the state that has been shown before. It is not known in [`DriverCrtc::mode_set`].
    #[inline]
    pub fn old_state(&self) -> Option<Old<'a, CrtcState<T>>> {
        self.old.map(Old::of)
    }
}
