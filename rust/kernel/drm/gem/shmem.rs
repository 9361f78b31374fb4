// SPDX-License-Identifier: GPL-2.0 OR MIT

//! GEM objects in pageable memory.
//!
//! C header: [`include/drm/drm_gem_shmem_helper.h`](srctree/include/drm/drm_gem_shmem_helper.h)

use crate::{
    bindings, drm,
    drm::driver::{AllocImpl, AllocOps},
    types::Opaque,
};
use core::marker::PhantomData;

/// A GEM object in memory that the CPU allocates, for devices that do not access it themselves.
///
/// A driver that names this as its [`drm::Driver::Object`] has dumb buffers, which user space can
/// map, import and export of `dma-buf`s, and a frame buffer console. All of it is done by the core:
/// the driver sees the memory when it is shown, see
/// [`kms::ShadowFramebuffer`](drm::kms::ShadowFramebuffer).
///
/// # Invariants
///
/// `obj` is a valid `struct drm_gem_shmem_object` of a device of the driver `T`.
#[repr(transparent)]
pub struct Object<T: drm::Driver> {
    obj: Opaque<bindings::drm_gem_shmem_object>,
    _driver: PhantomData<fn() -> T>,
}

// SAFETY: The object is protected by its own locks, and may be released from any thread.
unsafe impl<T: drm::Driver> Send for Object<T> {}

// SAFETY: The same as above.
unsafe impl<T: drm::Driver> Sync for Object<T> {}

impl<T: drm::Driver> drm::private::Sealed for Object<T> {}

impl<T: drm::Driver> drm::gem::IntoGEMObject for Object<T> {
    fn as_raw(&self) -> *mut bindings::drm_gem_object {
        // SAFETY: By the type invariants.
        unsafe { &raw mut (*self.obj.get()).base }
    }

    unsafe fn from_raw<'a>(self_ptr: *mut bindings::drm_gem_object) -> &'a Self {
        // SAFETY: By the safety requirements, `self_ptr` is embedded in a `struct
        // drm_gem_shmem_object`, of which `Self` is a transparent wrapper.
        unsafe {
            &*crate::container_of!(self_ptr, bindings::drm_gem_shmem_object, base).cast::<Self>()
        }
    }
}

impl<T: drm::Driver> AllocImpl for Object<T> {
    type Driver = T;

    // All objects of the device are created by these functions. There is no `gem_create_object`,
    // hence they are allocated, and freed, by C.
    const ALLOC_OPS: AllocOps = AllocOps {
        gem_create_object: None,
        prime_handle_to_fd: None,
        prime_fd_to_handle: None,
        gem_prime_import: Some(bindings::drm_gem_shmem_prime_import_no_map),
        gem_prime_import_sg_table: None,
        dumb_create: Some(bindings::drm_gem_shmem_dumb_create),
        dumb_map_offset: None,
        #[cfg(CONFIG_DRM_FBDEV_EMULATION)]
        fbdev_probe: Some(bindings::drm_fbdev_shmem_driver_fbdev_probe),
        #[cfg(not(CONFIG_DRM_FBDEV_EMULATION))]
        fbdev_probe: None,
    };
}
