// SPDX-License-Identifier: GPL-2.0

//! The ioctls of a driver are for its devices and files.

#![allow(missing_docs, unused)]

use core::marker::PhantomData;
use kernel::{c_str, drm::{self, file::DriverFile, gem::shmem}, prelude::*, uapi};

pub struct Numbered<const N: usize>;

pub struct File<T>(PhantomData<fn() -> T>);

impl<T: drm::Driver> DriverFile for File<T> {
    type Driver = T;

    fn open(_: &drm::Device<T>) -> Result<Pin<KBox<Self>>> {
        Ok(KBox::new(Self(PhantomData), GFP_KERNEL)?.into())
    }
}

fn mine(_: &drm::Device<Numbered<0>>, _: &mut uapi::drm_nova_getparam, _: &drm::File<File<Numbered<0>>>) -> Result<u32> {
    Ok(0)
}

fn other(_: &drm::Device<Numbered<1>>, _: &mut uapi::drm_nova_gem_create, _: &drm::File<File<Numbered<1>>>) -> Result<u32> {
    Ok(0)
}

const INFO: drm::DriverInfo = drm::DriverInfo {
    major: 0,
    minor: 0,
    patchlevel: 0,
    name: c_str!("numbered"),
    desc: c_str!("numbered"),
};

// SAFETY: What is built in has no `struct module`.
static MODULE: ThisModule = unsafe { ThisModule::from_ptr(core::ptr::null_mut()) };

#[vtable]
impl drm::Driver for Numbered<0> {
    type Data = ();
    type Object = shmem::Object<Self>;
    type File = File<Self>;

    const OWNER: &'static ThisModule = &MODULE;
    const INFO: drm::DriverInfo = INFO;

    kernel::declare_drm_ioctls! {
        (NOVA_GETPARAM, drm_nova_getparam, 0, mine),
        (NOVA_GEM_CREATE, drm_nova_gem_create, 0, other), //~ error[E0308]: mismatched types
    }
}

#[vtable]
impl drm::Driver for Numbered<1> {
    type Data = ();
    type Object = shmem::Object<Self>;
    type File = File<Self>;

    const OWNER: &'static ThisModule = &MODULE;
    const INFO: drm::DriverInfo = INFO;
    const IOCTLS: &'static [drm::ioctl::DrmIoctlDescriptor] = &[];
}
