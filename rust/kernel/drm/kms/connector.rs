// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Connectors: where a display is plugged in, and what is known about the display.
//!
//! C headers: [`include/drm/drm_connector.h`](srctree/include/drm/drm_connector.h),
//! [`include/drm/drm_edid.h`](srctree/include/drm/drm_edid.h),
//! [`include/drm/drm_probe_helper.h`](srctree/include/drm/drm_probe_helper.h)

use super::{encoder::Encoder, Driver, NewObjects};
use crate::{
    bindings, drm,
    error::{to_result, VTABLE_DEFAULT_ERROR},
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
}

type Data<T> = <T as Driver>::Connector;

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
        reset: Some(bindings::drm_atomic_helper_connector_reset),
        atomic_duplicate_state: Some(bindings::drm_atomic_helper_connector_duplicate_state),
        atomic_destroy_state: Some(bindings::drm_atomic_helper_connector_destroy_state),
        ..pin_init::zeroed()
    };

    const HELPER_FUNCS: bindings::drm_connector_helper_funcs =
        bindings::drm_connector_helper_funcs {
            get_modes: Some(Self::get_modes),
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
