// SPDX-License-Identifier: GPL-2.0

//! The files of a DRM device are of its driver.

#![allow(missing_docs, unused)]

use core::marker::PhantomData;
use kernel::{c_str, drm::{self, file::DriverFile, gem::shmem}, prelude::*};

pub struct Numbered<const N: usize>;

pub struct File<T>(PhantomData<fn() -> T>);

impl<T: drm::Driver> DriverFile for File<T> {
    type Driver = T;

    fn open(_: &drm::Device<T>) -> Result<Pin<KBox<Self>>> {
        Ok(KBox::new(Self(PhantomData), GFP_KERNEL)?.into())
    }
}

macro_rules! file { () => { File<Numbered<0>> }; }
macro_rules! file { () => { File<Numbered<1>> }; } //~ error[E0271]: type mismatch

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
    type File = file!();

    const OWNER: &'static ThisModule = &MODULE;
    const INFO: drm::DriverInfo = INFO;

    const IOCTLS: &'static [drm::ioctl::DrmIoctlDescriptor] = &[];
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
