// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Connectors: where a display is plugged in, and what is known about the display.
//!
//! C headers: [`include/drm/drm_connector.h`](srctree/include/drm/drm_connector.h),
//! [`include/drm/drm_edid.h`](srctree/include/drm/drm_edid.h),
//! [`include/drm/drm_probe_helper.h`](srctree/include/drm/drm_probe_helper.h)

use super::{
    crtc::{Crtc, CrtcState},
    encoder::Encoder,
    AtomicState, Driver, New, NewObjects, Old, State,
};
use crate::{
    bindings, drm,
    error::{from_result, to_result, VTABLE_DEFAULT_ERROR},
    i2c::I2cAdapter,
    prelude::*,
    types::Opaque,
};
use core::{marker::PhantomData, ops::Deref, ptr, ptr::NonNull};

/// The connectors of a driver.
///
/// `self` is the data of one connector. It can be shared: all callbacks get a reference to it.
#[vtable]
pub trait DriverConnector: Send + Sync + Sized + 'static {
    /// The driver.
    type Driver: Driver<Connector = Self>;

    /// What belongs to one state of a connector.
    ///
    /// A new state begins as a clone of the present one, and may be changed in the check phase
    /// only.
    type State: Clone + Default + Send + Sync;

    /// How the driver learns that a display has been plugged in or out.
    const HOTPLUG: Hotplug = Hotplug::Never;

    /// Adds the modes of the display to `probe`.
    ///
    /// Without any, the usual ones up to 1024 x 768 are taken if it is connected.
    ///
    /// In process context, with the lock of the mode configuration held. The device may have been
    /// unplugged.
    fn get_modes(connector: &Connector<Self::Driver>, probe: &mut ConnectorProbe<'_, Self::Driver>);

    /// Returns whether a display is plugged in. `force` is false if this must not disturb a display
    /// that is in use.
    ///
    /// In process context, with locks of the mode configuration held. Without this callback, there
    /// is always a display.
    fn detect(connector: &Connector<Self::Driver>, force: bool) -> ConnectorStatus {
        let _ = (connector, force);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Check phase: decides whether the new state can be shown, also if the connector is not used
    /// in it.
    ///
    /// May fail, and must not touch the hardware: it may be a test only. Planes and CRTCs are
    /// checked later.
    fn atomic_check(
        connector: &Connector<Self::Driver>,
        check: &mut ConnectorCheck<'_, Self::Driver>,
    ) -> Result {
        let _ = (connector, check);
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

type Data<T> = <T as Driver>::Connector;
pub(super) type StateData<T> = <Data<T> as DriverConnector>::State;

/// Whether a display is plugged in.
///
/// C enum: `enum drm_connector_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ConnectorStatus {
    /// There is one.
    Connected = bindings::drm_connector_status_connector_status_connected,
    /// There is none.
    Disconnected = bindings::drm_connector_status_connector_status_disconnected,
    /// The hardware can't tell.
    Unknown = bindings::drm_connector_status_connector_status_unknown,
}

/// How it is noticed that a display has been plugged in or out.
///
/// C macros: `DRM_CONNECTOR_POLL_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Hotplug {
    /// Not at all.
    Never = 0,
    /// By [`drm::Device::hotplug_event`], which the driver calls.
    Event = bindings::DRM_CONNECTOR_POLL_HPD as u8,
    /// By [`DriverConnector::detect`], which the core calls every ten seconds.
    Poll = (bindings::DRM_CONNECTOR_POLL_CONNECT | bindings::DRM_CONNECTOR_POLL_DISCONNECT) as u8,
}

/// What sort of plug a connector has.
///
/// C macros: `DRM_MODE_CONNECTOR_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ConnectorType {
    /// VGA.
    Vga = bindings::DRM_MODE_CONNECTOR_VGA,
    /// DVI, digital.
    DviD = bindings::DRM_MODE_CONNECTOR_DVID,
    /// HDMI.
    HdmiA = bindings::DRM_MODE_CONNECTOR_HDMIA,
    /// None, in a virtual device.
    Virtual = bindings::DRM_MODE_CONNECTOR_VIRTUAL,
}

/// A connector.
///
/// Dereferences to the data of the driver. C struct: `struct drm_connector`.
///
/// # Invariants
///
/// `connector` is a valid `struct drm_connector` of a device of the driver `T`.
#[repr(C)]
#[pin_data]
pub struct Connector<T: Driver> {
    connector: Opaque<bindings::drm_connector>,
    #[pin]
    data: Data<T>,
}

// SAFETY: The data is `Send`, and the rest is protected by the locks of C.
unsafe impl<T: Driver> Send for Connector<T> {}

// SAFETY: The data is `Sync`, and the rest is protected by the locks of C.
unsafe impl<T: Driver> Sync for Connector<T> {}

impl<T: Driver> Deref for Connector<T> {
    type Target = Data<T>;

    fn deref(&self) -> &Self::Target {
        &self.data
    }
}

impl<T: Driver> Connector<T> {
    const FUNCS: bindings::drm_connector_funcs = bindings::drm_connector_funcs {
        fill_modes: Some(bindings::drm_helper_probe_single_connector_modes),
        detect: if Data::<T>::HAS_DETECT {
            Some(Self::detect)
        } else {
            None
        },
        destroy: Some(Self::destroy),
        reset: Some(Self::reset),
        atomic_duplicate_state: Some(Self::atomic_duplicate_state),
        atomic_destroy_state: Some(Self::atomic_destroy_state),
        ..pin_init::zeroed()
    };

    const HELPER_FUNCS: bindings::drm_connector_helper_funcs =
        bindings::drm_connector_helper_funcs {
            get_modes: Some(Self::get_modes),
            atomic_check: if Data::<T>::HAS_ATOMIC_CHECK {
                Some(Self::atomic_check)
            } else {
                None
            },
            ..pin_init::zeroed()
        };

    /// Creates a connector behind an encoder.
    ///
    /// C functions: `drm_connector_init()`, `drm_connector_attach_encoder()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `encoder` belongs to another device.
    /// - Otherwise the error of the C functions.
    pub fn new<'a>(
        new: &'a NewObjects<'_, T>,
        connector_type: ConnectorType,
        encoder: &Encoder<T>,
        data: impl PinInit<Data<T>, Error>,
    ) -> Result<&'a Self> {
        if !ptr::eq(encoder.drm(), new.drm()) {
            return Err(EINVAL);
        }

        let this = KBox::pin_init(
            try_pin_init!(Self {
                connector <- pin_init::init_zeroed(),
                data <- data,
            }),
            GFP_KERNEL,
        )?;
        let connector = this.as_raw();

        // SAFETY: The device is valid and has a mode configuration, and is not registered.
        // `connector` is zeroed memory, which is freed by `destroy()` only.
        to_result(unsafe {
            bindings::drm_connector_init(
                new.drm().as_raw(),
                connector,
                &Self::FUNCS,
                connector_type as c_int,
            )
        })?;

        // SAFETY: Nobody moves out of it.
        let this = KBox::into_raw(unsafe { Pin::into_inner_unchecked(this) });

        // SAFETY: `connector` and `encoder` have been initialized, and are not in use yet. From
        // here on, the connector is freed with the device.
        unsafe {
            (*connector).helper_private = &Self::HELPER_FUNCS;
            (*connector).polled = Data::<T>::HOTPLUG as u8;
            // The core does it for the others.
            if connector_type == ConnectorType::Virtual {
                bindings::drm_connector_attach_edid_property(connector);
            }
            to_result(bindings::drm_connector_attach_encoder(
                connector,
                encoder.as_raw(),
            ))?;
        }

        // INVARIANT: Just initialized.
        //
        // SAFETY: It exists until `destroy()` is called, when nobody uses the device any more.
        Ok(unsafe { &*this })
    }

    pub(super) fn as_raw(&self) -> *mut bindings::drm_connector {
        self.connector.get()
    }

    /// # Safety
    ///
    /// `connector` must be a connector of a device of the driver `T`, and valid for `'a`.
    unsafe fn from_raw<'a>(connector: *mut bindings::drm_connector) -> &'a Self {
        // SAFETY: By the safety requirements, `connector` has been created by `new()`, and is the
        // first member.
        unsafe { &*connector.cast() }
    }

    /// Returns the device.
    pub fn drm(&self) -> &drm::Device<T> {
        // SAFETY: By the type invariants; the device outlives its connectors.
        unsafe { drm::Device::from_raw((*self.as_raw()).dev) }
    }
}

/// The callbacks. All of them are only called by C, for a connector of a device of the driver `T`.
#[allow(clippy::missing_safety_doc)]
impl<T: Driver> Connector<T> {
    unsafe extern "C" fn destroy(connector: *mut bindings::drm_connector) {
        // SAFETY: The core calls this once, when nobody uses the connector any more. It has been
        // allocated by `new()`, and is the first member.
        unsafe {
            bindings::drm_connector_cleanup(connector);
            drop(KBox::from_raw(connector.cast::<Self>()));
        }
    }

    unsafe extern "C" fn reset(connector: *mut bindings::drm_connector) {
        // SAFETY: `connector` is valid, and if it has a state it is one of ours. This is only
        // called by `NewObjects::finish()`, when nobody else uses the device: no lock is needed.
        unsafe {
            if !(*connector).state.is_null() {
                Self::atomic_destroy_state(connector, (*connector).state);
                (*connector).state = ptr::null_mut();
            }
        }

        // That there is no state is noticed by `NewObjects::finish()`.
        let state = Base::<T>::alloc(Default::default());
        if !state.is_null() {
            // SAFETY: `connector` is valid, and takes over `state`.
            unsafe { bindings::__drm_atomic_helper_connector_reset(connector, state) };
        }
    }

    unsafe extern "C" fn atomic_duplicate_state(
        connector: *mut bindings::drm_connector,
    ) -> *mut bindings::drm_connector_state {
        // SAFETY: `connector` is valid, the lock that protects its state is held, and it is one of
        // ours or null. If `connector` has a state, `state` is zeroed memory, or null.
        unsafe {
            let state = Base::<T>::alloc_like((*connector).state);
            if !state.is_null() {
                bindings::__drm_atomic_helper_connector_duplicate_state(connector, state);
            }
            state
        }
    }

    unsafe extern "C" fn atomic_destroy_state(
        _connector: *mut bindings::drm_connector,
        state: *mut bindings::drm_connector_state,
    ) {
        // SAFETY: `state` is one of ours, and not used by anybody else any more.
        unsafe {
            bindings::__drm_atomic_helper_connector_destroy_state(state);
            Base::<T>::free(state);
        }
    }

    unsafe extern "C" fn atomic_check(
        connector: *mut bindings::drm_connector,
        state: *mut bindings::drm_atomic_state,
    ) -> c_int {
        // SAFETY: `connector` is valid, and part of `state`, which is in the check phase.
        let mut check = unsafe { ConnectorCheck::new(Self::from_raw(connector), state) };

        from_result(|| {
            Data::<T>::atomic_check(check.connector, &mut check)?;
            Ok(0)
        })
    }

    unsafe extern "C" fn get_modes(connector: *mut bindings::drm_connector) -> c_int {
        // SAFETY: `connector` is valid, and the lock of the mode configuration is held.
        let connector = unsafe { Self::from_raw(connector) };
        let mut probe = ConnectorProbe {
            connector,
            count: 0,
            _not_send: PhantomData,
        };

        Data::<T>::get_modes(connector, &mut probe);
        probe.count
    }

    unsafe extern "C" fn detect(
        connector: *mut bindings::drm_connector,
        force: bool,
    ) -> bindings::drm_connector_status {
        // SAFETY: `connector` is valid.
        Data::<T>::detect(unsafe { Self::from_raw(connector) }, force)
            as bindings::drm_connector_status
    }
}

/// A state of a connector.
///
/// Dereferences to the data of the driver. C struct: `struct drm_connector_state`.
///
/// # Invariants
///
/// This is a valid state of a connector of the driver `T`.
#[repr(transparent)]
pub struct ConnectorState<T: Driver>(Base<T>);

type Base<T> = State<bindings::drm_connector_state, StateData<T>>;

impl<T: Driver> Deref for ConnectorState<T> {
    type Target = StateData<T>;

    fn deref(&self) -> &Self::Target {
        &self.0.data
    }
}

impl<T: Driver> ConnectorState<T> {
    /// # Safety
    ///
    /// `state` must be a state of a connector of the driver `T`, and valid for `'a`.
    pub(super) unsafe fn from_raw<'a>(state: *mut bindings::drm_connector_state) -> &'a Self {
        // SAFETY: By the safety requirements, it comes from `State::alloc()`.
        unsafe { &*state.cast() }
    }

    fn as_raw(&self) -> *mut bindings::drm_connector_state {
        self.0.base.get()
    }

    /// # Safety
    ///
    /// `state` must be a state of a connector of the driver `T`, be valid for `'a`, and belong to
    /// the caller.
    pub(super) unsafe fn data_mut<'a>(
        state: *mut bindings::drm_connector_state,
    ) -> &'a mut StateData<T> {
        // SAFETY: By the safety requirements, it comes from `State::alloc()`.
        unsafe { &mut (*state.cast::<Base<T>>()).data }
    }

    /// Returns the CRTC that is shown on the display, or [`None`] if the connector is not used.
    pub fn crtc(&self) -> Option<&Crtc<T>> {
        // SAFETY: By the type invariants.
        let crtc = unsafe { (*self.as_raw()).crtc };

        // SAFETY: If there is one, it belongs to the same device.
        (!crtc.is_null()).then(|| unsafe { Crtc::from_raw(crtc) })
    }
}

/// The check phase, of a connector.
pub struct ConnectorCheck<'a, T: Driver> {
    connector: &'a Connector<T>,
    state: AtomicState<'a, T>,
    old: *mut bindings::drm_connector_state,
    new: *mut bindings::drm_connector_state,
}

impl<'a, T: Driver> ConnectorCheck<'a, T> {
    /// # Safety
    ///
    /// `connector` must be part of `state`, which must be valid and in the check phase for `'a`.
    unsafe fn new(connector: &'a Connector<T>, state: *mut bindings::drm_atomic_state) -> Self {
        // SAFETY: By the safety requirements.
        unsafe {
            Self {
                connector,
                state: AtomicState::from_raw(state),
                old: bindings::drm_atomic_get_old_connector_state(state, connector.as_raw()),
                new: bindings::drm_atomic_get_new_connector_state(state, connector.as_raw()),
            }
        }
    }

    /// Returns the state that is checked.
    pub fn new_state(&self) -> New<'_, ConnectorState<T>> {
        // SAFETY: The connector is part of the atomic state, hence it has a new state. It is
        // changed only through `self`.
        New::of(unsafe { ConnectorState::from_raw(self.new) })
    }

    /// Returns the state that the device is in before.
    pub fn old_state(&self) -> Old<'_, ConnectorState<T>> {
        // SAFETY: The connector is part of the atomic state, hence it has an old state.
        Old::of(unsafe { ConnectorState::from_raw(self.old) })
    }

    /// Returns the data of the driver in the new state, to change it.
    pub fn data_mut(&mut self) -> &mut StateData<T> {
        // SAFETY: As in `new_state()`. In the check phase, the new state belongs to the task that
        // checks it.
        unsafe { ConnectorState::<T>::data_mut(self.new) }
    }

    /// Returns the new state of the CRTC that is to be shown on the display.
    pub fn new_crtc_state(&self) -> Option<New<'_, CrtcState<T>>> {
        // SAFETY: `new` is valid.
        let crtc = unsafe { (*self.new).crtc };

        if crtc.is_null() {
            return None;
        }
        // SAFETY: It is a CRTC of the same device.
        self.state.new_crtc_state(unsafe { Crtc::from_raw(crtc) })
    }
}

/// What a display says about itself.
///
/// C struct: `struct drm_edid`.
///
/// # Invariants
///
/// The pointer comes from `drm_edid_read_custom()` or `drm_edid_read_ddc()`, and is owned by
/// `self`.
pub struct Edid(NonNull<bindings::drm_edid>);

/// The length of a block of EDID in bytes.
pub const EDID_BLOCK_LEN: usize = 128;

impl Drop for Edid {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::drm_edid_free(self.0.as_ptr()) };
    }
}

/// A connector that is being probed: the lock of the mode configuration is held.
///
/// # Invariants
///
/// The lock of the mode configuration is held as long as `self` exists.
pub struct ConnectorProbe<'a, T: Driver> {
    connector: &'a Connector<T>,
    /// How many modes have been added.
    count: c_int,
    _not_send: PhantomData<*mut ()>,
}

impl<T: Driver> ConnectorProbe<'_, T> {
    /// Reads the EDID of the display.
    ///
    /// `read` is called with the number of a block and a buffer for it, which is to be filled;
    /// maybe several times for the same block, and for blocks of which only the display knows
    /// whether they exist. Returns [`None`] if the first block can't be read or is not valid.
    ///
    /// C function: `drm_edid_read_custom()`.
    pub fn read_edid<F>(&mut self, mut read: F) -> Option<Edid>
    where
        F: FnMut(usize, &mut [u8]) -> Result,
    {
        /// # Safety
        ///
        /// `context` must point to an `F`, and `buf` to `len` bytes.
        unsafe extern "C" fn read_block<F>(
            context: *mut c_void,
            buf: *mut u8,
            block: c_uint,
            len: usize,
        ) -> c_int
        where
            F: FnMut(usize, &mut [u8]) -> Result,
        {
            // SAFETY: By the safety requirements of this function. The buffer may be uninitialized
            // before.
            let (read, buf) = unsafe {
                buf.write_bytes(0, len);
                (
                    &mut *context.cast::<F>(),
                    core::slice::from_raw_parts_mut(buf, len),
                )
            };

            match read(block as usize, buf) {
                Ok(()) => 0,
                Err(err) => err.to_errno(),
            }
        }

        // SAFETY: The connector is valid, and its lock is held. `read_block` is called before this
        // returns only, with a pointer to `read`.
        let edid = unsafe {
            bindings::drm_edid_read_custom(
                self.connector.as_raw(),
                Some(read_block::<F>),
                (&raw mut read).cast(),
            )
        };

        // INVARIANT: Just read.
        NonNull::new(edid.cast_mut()).map(Edid)
    }

    /// Reads the EDID of the display over I2C.
    ///
    /// Returns [`None`] if there is no display, or if what it says is not valid.
    ///
    /// C function: `drm_edid_read_ddc()`.
    pub fn read_edid_ddc(&mut self, adapter: &I2cAdapter) -> Option<Edid> {
        // SAFETY: The connector is valid, and its lock is held; the adapter is registered.
        let edid =
            unsafe { bindings::drm_edid_read_ddc(self.connector.as_raw(), adapter.as_raw()) };

        // INVARIANT: Just read.
        NonNull::new(edid.cast_mut()).map(Edid)
    }

    /// Tells the core, and user space, what the display says about itself.
    ///
    /// Must be called before modes are added. C function: `drm_edid_connector_update()`.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is not enough memory.
    pub fn update_edid(&mut self, edid: Option<&Edid>) -> Result {
        // SAFETY: The connector is valid, and its lock is held; the EDID is copied.
        to_result(unsafe {
            bindings::drm_edid_connector_update(
                self.connector.as_raw(),
                edid.map_or(ptr::null(), |edid| edid.0.as_ptr()),
            )
        })
    }

    /// Adds the modes of the EDID that the core has been told.
    ///
    /// C function: `drm_edid_connector_add_modes()`.
    pub fn add_edid_modes(&mut self) {
        // SAFETY: The connector is valid, and its lock is held.
        let count = unsafe { bindings::drm_edid_connector_add_modes(self.connector.as_raw()) };

        self.count = self.count.saturating_add(count);
    }

    /// Adds the usual modes up to a size.
    ///
    /// C function: `drm_add_modes_noedid()`.
    pub fn add_usual_modes(&mut self, width: u32, height: u32) {
        // SAFETY: The connector is valid, and its lock is held.
        let count =
            unsafe { bindings::drm_add_modes_noedid(self.connector.as_raw(), width, height) };

        self.count = self.count.saturating_add(count);
    }

    /// Prefers the modes of a size over others.
    ///
    /// C function: `drm_set_preferred_mode()`.
    pub fn prefer_mode(&mut self, width: u16, height: u16) {
        // SAFETY: The connector is valid, and its lock is held.
        unsafe {
            bindings::drm_set_preferred_mode(self.connector.as_raw(), width.into(), height.into())
        };
    }
}
