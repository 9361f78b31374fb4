// SPDX-License-Identifier: GPL-2.0

//! Events are for connectors that are looked after.

#![allow(missing_docs, unused)]

include!("include/kms_driver.rs");

#[vtable]
impl DriverCrtc for TestCrtc {
    type Driver = Driver;
    type State = ();

    fn atomic_enable(_: &Crtc<Driver>, _: &CrtcCommit<'_, Driver>) {}
    fn atomic_disable(_: &Crtc<Driver>, _: &CrtcCommit<'_, Driver>) {}
}

pub fn handler(drm: &drm::Device<Driver>) -> bool {
    drm.hotplug_event(); //~ error[E0080]: DriverConnector::HOTPLUG is Hotplug::Never
    drm.enter().is_some()
}
