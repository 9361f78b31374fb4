// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Encoders: what is between a CRTC and a connector.
//!
//! C header: [`include/drm/drm_encoder.h`](srctree/include/drm/drm_encoder.h)

use super::{Driver, NewObjects};
use crate::{bindings, drm, error::to_result, prelude::*, types::Opaque};
use core::{ops::Deref, ptr};

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
        unsafe { (*encoder).possible_crtcs = possible_crtcs };

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

    #[allow(clippy::missing_safety_doc)]
    unsafe extern "C" fn destroy(encoder: *mut bindings::drm_encoder) {
        // SAFETY: The core calls this once, when nobody uses the encoder any more. It has been
        // allocated by `new()`, and is the first member.
        unsafe {
            bindings::drm_encoder_cleanup(encoder);
            drop(KBox::from_raw(encoder.cast::<Self>()));
        }
    }
}
