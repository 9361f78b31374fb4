// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Display modes.
//!
//! C header: [`include/drm/drm_modes.h`](srctree/include/drm/drm_modes.h)

use crate::{bindings, prelude::*, types::Opaque};

/// A display mode: resolution and timing.
///
/// C struct: `struct drm_display_mode`.
///
/// # Invariants
///
/// `self.0` is a valid `struct drm_display_mode`, which does not change as long as there is a
/// reference.
#[repr(transparent)]
pub struct DisplayMode(Opaque<bindings::drm_display_mode>);

macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident, $set:ident: $type:ty,)*) => {
        $(
            $(#[$doc])*
            #[inline]
            pub fn $field(&self) -> $type {
                // SAFETY: By the type invariants.
                unsafe { (*self.0.get()).$field as $type }
            }

            #[doc = concat!("Sets what [`Self::", stringify!($field), "`] returns.")]
            #[inline]
            pub fn $set(&mut self, value: $type) {
                // SAFETY: By the type invariants, and this is the only reference.
                unsafe { (*self.0.get()).$field = value };
            }
        )*
    };
}

impl DisplayMode {
    /// # Safety
    ///
    /// `mode` must be valid and not change for `'a`.
    pub(super) unsafe fn from_raw<'a>(mode: *const bindings::drm_display_mode) -> &'a Self {
        // SAFETY: By the safety requirements; `Self` is a transparent wrapper.
        unsafe { &*mode.cast() }
    }

    /// Lets `f` change the mode that the hardware is to have, if the state has a new one. Without
    /// connectors, it has none.
    ///
    /// # Safety
    ///
    /// `state` must be a valid state of a CRTC, and belong to the caller.
    pub(super) unsafe fn adjust(
        state: *mut bindings::drm_crtc_state,
        f: impl FnOnce(&mut DisplayMode),
    ) {
        // SAFETY: By the safety requirements. There is no other reference to the mode as long as
        // `f` has one.
        unsafe {
            // Otherwise it stays as it has been adjusted before, and is not set again; or it is
            // zeroed, which nobody has asked for.
            if !(*state).enable || !(*state).mode_changed() && !(*state).connectors_changed() {
                return;
            }
            let mode = &raw mut (*state).adjusted_mode;

            f(&mut *mode.cast());
            // What the core calculates from it.
            bindings::drm_mode_set_crtcinfo(mode, bindings::CRTC_INTERLACE_HALVE_V as c_int);
        }
    }

    fields! {
        /// Returns the pixel clock in kHz.
        clock, set_clock: i32,
        /// Returns the number of visible pixels of a line.
        hdisplay, set_hdisplay: u16,
        /// Returns the first pixel of the horizontal sync.
        hsync_start, set_hsync_start: u16,
        /// Returns the first pixel after the horizontal sync.
        hsync_end, set_hsync_end: u16,
        /// Returns the number of pixels of a line.
        htotal, set_htotal: u16,
        /// Returns the number of visible lines.
        vdisplay, set_vdisplay: u16,
        /// Returns the first line of the vertical sync.
        vsync_start, set_vsync_start: u16,
        /// Returns the first line after the vertical sync.
        vsync_end, set_vsync_end: u16,
        /// Returns the number of lines.
        vtotal, set_vtotal: u16,
        /// Returns the flags, `DRM_MODE_FLAG_*`.
        flags, set_flags: u32,
    }
}

/// What a driver says about a mode.
///
/// C enum: `enum drm_mode_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ModeStatus {
    /// It can be shown.
    Ok = bindings::drm_mode_status_MODE_OK,
    /// The horizontal size is not supported.
    BadWidth = bindings::drm_mode_status_MODE_BAD_HVALUE,
    /// The vertical size is not supported.
    BadHeight = bindings::drm_mode_status_MODE_BAD_VVALUE,
    /// There is not enough memory.
    Memory = bindings::drm_mode_status_MODE_MEM,
    /// The pixel clock is too high.
    ClockHigh = bindings::drm_mode_status_MODE_CLOCK_HIGH,
    /// Another reason.
    Bad = bindings::drm_mode_status_MODE_BAD,
}
