// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Encoders: what is between a CRTC and a connector.
//!
//! C header: [`include/drm/drm_encoder.h`](srctree/include/drm/drm_encoder.h)

use super::{
    connector::{ConnectorState, StateData},
    crtc::CrtcState,
    modes::{DisplayMode, ModeStatus},
    AtomicState, Driver, New, NewObjects,
};
use crate::{
    bindings, drm,
    error::{from_result, to_result, VTABLE_DEFAULT_ERROR},
    prelude::*,
    types::Opaque,
};
use core::{marker::PhantomData, ops::Deref, ptr};

/// The encoders of the driver `T`.
///
/// `self` is the data of one encoder. It can be shared: all callbacks get a reference to it. It is
/// `()` if there is nothing to do for encoders, as this is implemented for all drivers.
///
/// Encoders have no states of their own: what is different in each state is kept in that of the
/// connector.
#[vtable]
pub trait DriverEncoder<T: Driver>: Send + Sync + Sized + 'static {
    /// Returns whether a mode can be shown through the encoder, as far as it does not depend on
    /// what else is shown.
    ///
    /// In the same context as [`Driver::mode_valid`].
    fn mode_valid(encoder: &Encoder<T>, mode: &DisplayMode) -> ModeStatus {
        let _ = (encoder, mode);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Check phase: decides whether the new state can be shown, if the encoder is used in it.
    ///
    /// May fail, and must not touch the hardware: it may be a test only. Connectors have been
    /// checked already, planes and CRTCs are checked later.
    fn atomic_check(encoder: &Encoder<T>, check: &mut EncoderCheck<'_, T>) -> Result {
        let _ = (encoder, check);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Commit phase: sets a new mode, after that of the CRTC has been set. Nothing is shown yet.
    fn atomic_mode_set(encoder: &Encoder<T>, commit: &EncoderCommit<'_, T>) {
        let _ = (encoder, commit);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Commit phase: begins to show the new state, after the CRTC has been enabled.
    fn atomic_enable(encoder: &Encoder<T>, commit: &EncoderCommit<'_, T>) {
        let _ = (encoder, commit);
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Commit phase: ends to show anything, before the CRTC is disabled.
    fn atomic_disable(encoder: &Encoder<T>) {
        let _ = encoder;
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

#[vtable]
impl<T: Driver> DriverEncoder<T> for () {}

/// What an encoder makes.
///
/// C macros: `DRM_MODE_ENCODER_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum EncoderType {
    /// An analog signal.
    Dac = bindings::DRM_MODE_ENCODER_DAC,
    /// TMDS, for DVI and HDMI.
    Tmds = bindings::DRM_MODE_ENCODER_TMDS,
    /// Nothing, in a virtual device.
    Virtual = bindings::DRM_MODE_ENCODER_VIRTUAL,
}

type Data<T> = <T as Driver>::Encoder;

/// An encoder.
///
/// Dereferences to the data of the driver. C struct: `struct drm_encoder`.
///
/// # Invariants
///
/// `encoder` is a valid `struct drm_encoder` of a device of the driver `T`.
#[repr(C)]
#[pin_data]
pub struct Encoder<T: Driver> {
    encoder: Opaque<bindings::drm_encoder>,
    #[pin]
    data: Data<T>,
}

// SAFETY: The data is `Send`, and the rest is protected by the locks of C.
unsafe impl<T: Driver> Send for Encoder<T> {}

// SAFETY: The data is `Sync`, and the rest is protected by the locks of C.
unsafe impl<T: Driver> Sync for Encoder<T> {}

impl<T: Driver> Deref for Encoder<T> {
    type Target = Data<T>;

    fn deref(&self) -> &Self::Target {
        &self.data
    }
}

impl<T: Driver> Encoder<T> {
    const FUNCS: bindings::drm_encoder_funcs = bindings::drm_encoder_funcs {
        destroy: Some(Self::destroy),
        ..pin_init::zeroed()
    };

    const HELPER_FUNCS: bindings::drm_encoder_helper_funcs = bindings::drm_encoder_helper_funcs {
        mode_valid: if <Data<T> as DriverEncoder<T>>::HAS_MODE_VALID {
            Some(Self::mode_valid)
        } else {
            None
        },
        atomic_check: if <Data<T> as DriverEncoder<T>>::HAS_ATOMIC_CHECK {
            Some(Self::atomic_check)
        } else {
            None
        },
        atomic_mode_set: if <Data<T> as DriverEncoder<T>>::HAS_ATOMIC_MODE_SET {
            Some(Self::atomic_mode_set)
        } else {
            None
        },
        atomic_enable: if <Data<T> as DriverEncoder<T>>::HAS_ATOMIC_ENABLE {
            Some(Self::atomic_enable)
        } else {
            None
        },
        atomic_disable: if <Data<T> as DriverEncoder<T>>::HAS_ATOMIC_DISABLE {
            Some(Self::atomic_disable)
        } else {
            None
        },
        ..pin_init::zeroed()
    };

    /// Creates an encoder, for the CRTCs in the mask `possible_crtcs` (see
    /// [`Crtc::mask`](super::Crtc::mask)).
    ///
    /// C function: `drm_encoder_init()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `possible_crtcs` is 0, or if there are 32 encoders already.
    /// - Otherwise the error of the C function.
    pub fn new<'a>(
        new: &'a NewObjects<'_, T>,
        encoder_type: EncoderType,
        possible_crtcs: u32,
        data: impl PinInit<Data<T>, Error>,
    ) -> Result<&'a Self> {
        // SAFETY: The device is valid and has a mode configuration.
        NewObjects::<T>::check_count(unsafe { (*new.drm().as_raw()).mode_config.num_encoder })?;

        if possible_crtcs == 0 {
            return Err(EINVAL);
        }

        let this = KBox::pin_init(
            try_pin_init!(Self {
                encoder <- pin_init::init_zeroed(),
                data <- data,
            }),
            GFP_KERNEL,
        )?;
        let encoder = this.as_raw();

        // SAFETY: The device is valid and has a mode configuration, and is not registered.
        // `encoder` is zeroed memory, which is freed by `destroy()` only.
        to_result(unsafe {
            bindings::drm_encoder_init(
                new.drm().as_raw(),
                encoder,
                &Self::FUNCS,
                encoder_type as c_int,
                ptr::null(),
            )
        })?;

        // SAFETY: `encoder` has been initialized, and is not in use yet.
        unsafe {
            (*encoder).helper_private = &Self::HELPER_FUNCS;
            (*encoder).possible_crtcs = possible_crtcs;
        }

        // SAFETY: Nobody moves out of it.
        let this = KBox::into_raw(unsafe { Pin::into_inner_unchecked(this) });

        // INVARIANT: Just initialized.
        //
        // SAFETY: It exists until `destroy()` is called, when nobody uses the device any more.
        Ok(unsafe { &*this })
    }

    pub(super) fn as_raw(&self) -> *mut bindings::drm_encoder {
        self.encoder.get()
    }

    /// Returns the device.
    pub fn drm(&self) -> &drm::Device<T> {
        // SAFETY: By the type invariants; the device outlives its encoders.
        unsafe { drm::Device::from_raw((*self.as_raw()).dev) }
    }

    /// # Safety
    ///
    /// `encoder` must be an encoder of a device of the driver `T`, and valid for `'a`.
    unsafe fn from_raw<'a>(encoder: *mut bindings::drm_encoder) -> &'a Self {
        // SAFETY: By the safety requirements, `encoder` has been created by `new()`, and is the
        // first member.
        unsafe { &*encoder.cast() }
    }
}

/// The callbacks. All of them are only called by C, for an encoder of a device of the driver `T`.
#[allow(clippy::missing_safety_doc)]
impl<T: Driver> Encoder<T> {
    unsafe extern "C" fn mode_valid(
        encoder: *mut bindings::drm_encoder,
        mode: *const bindings::drm_display_mode,
    ) -> bindings::drm_mode_status {
        // SAFETY: `encoder` and `mode` are valid, and the mode does not change during the call.
        unsafe {
            <Data<T> as DriverEncoder<T>>::mode_valid(
                Self::from_raw(encoder),
                DisplayMode::from_raw(mode),
            ) as bindings::drm_mode_status
        }
    }

    unsafe extern "C" fn atomic_check(
        encoder: *mut bindings::drm_encoder,
        crtc_state: *mut bindings::drm_crtc_state,
        conn_state: *mut bindings::drm_connector_state,
    ) -> c_int {
        // SAFETY: `encoder` is valid.
        let encoder = unsafe { Self::from_raw(encoder) };
        let mut check = EncoderCheck {
            crtc: crtc_state,
            connector: conn_state,
            _state: PhantomData,
        };

        from_result(|| {
            <Data<T> as DriverEncoder<T>>::atomic_check(encoder, &mut check)?;
            Ok(0)
        })
    }

    unsafe extern "C" fn atomic_mode_set(
        encoder: *mut bindings::drm_encoder,
        crtc_state: *mut bindings::drm_crtc_state,
        conn_state: *mut bindings::drm_connector_state,
    ) {
        // SAFETY: `encoder` is valid, and so are the new states, which do not change any more.
        let (encoder, commit) = unsafe {
            (
                Self::from_raw(encoder),
                EncoderCommit::new(crtc_state, conn_state),
            )
        };

        <Data<T> as DriverEncoder<T>>::atomic_mode_set(encoder, &commit);
    }

    unsafe extern "C" fn atomic_enable(
        encoder: *mut bindings::drm_encoder,
        state: *mut bindings::drm_atomic_state,
    ) {
        // SAFETY: `encoder` is valid, and `state` is in the commit phase. The new state of a
        // connector in it has this encoder, and a CRTC, whose new state is in it as well.
        let (encoder, commit) = unsafe {
            let connector = bindings::drm_atomic_get_new_connector_for_encoder(state, encoder);
            let conn_state = bindings::drm_atomic_get_new_connector_state(state, connector);
            let crtc_state = bindings::drm_atomic_get_new_crtc_state(state, (*conn_state).crtc);

            (
                Self::from_raw(encoder),
                EncoderCommit::new(crtc_state, conn_state),
            )
        };

        <Data<T> as DriverEncoder<T>>::atomic_enable(encoder, &commit);
    }

    unsafe extern "C" fn atomic_disable(
        encoder: *mut bindings::drm_encoder,
        _state: *mut bindings::drm_atomic_state,
    ) {
        // SAFETY: `encoder` is valid.
        <Data<T> as DriverEncoder<T>>::atomic_disable(unsafe { Self::from_raw(encoder) });
    }

    unsafe extern "C" fn destroy(encoder: *mut bindings::drm_encoder) {
        // SAFETY: The core calls this once, when nobody uses the encoder any more. It has been
        // allocated by `new()`, and is the first member.
        unsafe {
            bindings::drm_encoder_cleanup(encoder);
            drop(KBox::from_raw(encoder.cast::<Self>()));
        }
    }
}

/// The check phase, of an encoder.
///
/// # Invariants
///
/// `crtc` is the new state of a CRTC, and `connector` that of a connector, of a device of the
/// driver `T`. Both are part of an atomic state that is valid and in the check phase for `'a`.
pub struct EncoderCheck<'a, T: Driver> {
    crtc: *mut bindings::drm_crtc_state,
    connector: *mut bindings::drm_connector_state,
    _state: PhantomData<AtomicState<'a, T>>,
}

impl<T: Driver> EncoderCheck<'_, T> {
    /// Returns the new state of the CRTC that the encoder is used for.
    pub fn new_crtc_state(&self) -> New<'_, CrtcState<T>> {
        // SAFETY: By the type invariants. It is changed only through `self`.
        New::of(unsafe { CrtcState::from_raw(self.crtc) })
    }

    /// Returns the new state of the connector that the encoder is used for.
    pub fn new_connector_state(&self) -> New<'_, ConnectorState<T>> {
        // SAFETY: By the type invariants. It is changed only through `self`.
        New::of(unsafe { ConnectorState::from_raw(self.connector) })
    }

    /// Returns the data of the driver in the new state of the connector, to change it.
    pub fn connector_data_mut(&mut self) -> &mut StateData<T> {
        // SAFETY: By the type invariants. In the check phase, the new state belongs to the task
        // that checks it.
        unsafe { ConnectorState::<T>::data_mut(self.connector) }
    }

    /// Lets `f` change the mode that the hardware is to have, see [`CrtcState::mode`].
    ///
    /// `f` gets what user space has asked for. It is not called if the mode stays the same as
    /// before.
    ///
    /// C field: `adjusted_mode` of `struct drm_crtc_state`.
    pub fn adjust_mode(&mut self, f: impl FnOnce(&mut DisplayMode)) {
        // SAFETY: By the type invariants. In the check phase, the new state belongs to the task
        // that checks it.
        unsafe { DisplayMode::adjust(self.crtc, f) };
    }
}

/// The commit phase, of an encoder.
///
/// The states do not change any more.
pub struct EncoderCommit<'a, T: Driver> {
    crtc: &'a CrtcState<T>,
    connector: &'a ConnectorState<T>,
    _state: PhantomData<AtomicState<'a, T>>,
}

impl<'a, T: Driver> EncoderCommit<'a, T> {
    /// # Safety
    ///
    /// Both must be new states of the driver `T`, be valid, and not change, for `'a`.
    unsafe fn new(
        crtc: *mut bindings::drm_crtc_state,
        connector: *mut bindings::drm_connector_state,
    ) -> Self {
        // SAFETY: By the safety requirements.
        unsafe {
            Self {
                crtc: CrtcState::from_raw(crtc),
                connector: ConnectorState::from_raw(connector),
                _state: PhantomData,
            }
        }
    }

    /// Returns the new state of the CRTC that the encoder is used for.
    #[inline]
    pub fn new_crtc_state(&self) -> New<'a, CrtcState<T>> {
        New::of(self.crtc)
    }

    /// Returns the new state of the connector that the encoder is used for.
    #[inline]
    pub fn new_connector_state(&self) -> New<'a, ConnectorState<T>> {
        New::of(self.connector)
    }
}
