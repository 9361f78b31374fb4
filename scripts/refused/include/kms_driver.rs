// SPDX-License-Identifier: GPL-2.0

// A mode setting driver without hardware, but for its CRTCs.

use kernel::{
    c_str,
    device::{Bound, Device},
    drm::{
        self,
        file::DriverFile,
        gem::shmem,
        kms::{
            self, Connector, ConnectorProbe, Crtc, CrtcCommit, DriverConnector, DriverCrtc, DriverPlane,
            Hotplug, ModeConfig, NewObjects, Plane, PlaneCommit, Vblank,
        },
    },
    prelude::*,
};

pub struct Driver;
pub struct File;
pub struct TestPlane;
pub struct TestCrtc;
pub struct TestConnector;

// SAFETY: What is built in has no `struct module`.
static MODULE: ThisModule = unsafe { ThisModule::from_ptr(core::ptr::null_mut()) };

impl DriverFile for File {
    type Driver = Driver;

    fn open(_: &drm::Device<Driver>) -> Result<Pin<KBox<Self>>> {
        Ok(KBox::new(Self, GFP_KERNEL)?.into())
    }
}

#[vtable]
impl drm::Driver for Driver {
    type Data = ();
    type Object = shmem::Object<Self>;
    type File = File;

    const OWNER: &'static ThisModule = &MODULE;
    const INFO: drm::DriverInfo = drm::DriverInfo {
        major: 0,
        minor: 0,
        patchlevel: 0,
        name: c_str!("test"),
        desc: c_str!("test"),
    };
    const KMS: Option<kms::Ops<Self>> = Some(kms::Ops::new());
    const IOCTLS: &'static [drm::ioctl::DrmIoctlDescriptor] = &[];
}

impl kms::Driver for Driver {
    type Plane = TestPlane;
    type Crtc = TestCrtc;
    type Encoder = ();
    type Connector = TestConnector;

    fn mode_config(_: &drm::Device<Self>) -> ModeConfig {
        ModeConfig {
            max_width: 1024,
            max_height: 768,
            preferred_depth: 24,
        }
    }

    fn create_objects(_: &NewObjects<'_, Self>) -> Result {
        Err(EINVAL)
    }
}

#[vtable]
impl DriverPlane for TestPlane {
    type Driver = Driver;
    type State = ();

    fn atomic_update(_: &Plane<Driver>, _: &PlaneCommit<'_, Driver>) {}
}

#[vtable]
impl DriverConnector for TestConnector {
    type Driver = Driver;
    type State = ();

    fn get_modes(_: &Connector<Driver>, _: &mut ConnectorProbe<'_, Driver>) {}
}
