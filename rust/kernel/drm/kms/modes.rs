// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Display modes.
//!
//! C header: [`include/drm/drm_modes.h`](srctree/include/drm/drm_modes.h)

use crate::{bindings, types::Opaque};

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
    ($($(#[$doc:meta])* $field:ident: $type:ty,)*) => {
        $(
            $(#[$doc])*
            #[inline]
            pub fn $field(&self) -> $type {
                // SAFETY: By the type invariants.
                unsafe { (*self.0.get()).$field as $type }
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

    fields! {
        /// Returns the pixel clock in kHz.
        clock: i32,
        /// Returns the number of visible pixels of a line.
        hdisplay: u16,
        /// Returns the first pixel of the horizontal sync.
        hsync_start: u16,
        /// Returns the first pixel after the horizontal sync.
        hsync_end: u16,
        /// Returns the number of pixels of a line.
        htotal: u16,
        /// Returns the number of visible lines.
        vdisplay: u16,
        /// Returns the first line of the vertical sync.
        vsync_start: u16,
        /// Returns the first line after the vertical sync.
        vsync_end: u16,
        /// Returns the number of lines.
        vtotal: u16,
        /// Returns the flags, `DRM_MODE_FLAG_*`.
        flags: u32,
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
