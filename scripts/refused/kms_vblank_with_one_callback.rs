// SPDX-License-Identifier: GPL-2.0

//! An interrupt that can be enabled can be disabled.

#![allow(missing_docs, unused)]

include!("include/kms_driver.rs");

#[vtable]
impl DriverCrtc for TestCrtc {
    type Driver = Driver;
    type State = ();

    fn enable_vblank(_: &Crtc<Driver>, _: &Device<Bound>) -> Result {
        Ok(())
    }

    fn atomic_enable(_: &Crtc<Driver>, _: &CrtcCommit<'_, Driver>) {}
    fn atomic_disable(_: &Crtc<Driver>, _: &CrtcCommit<'_, Driver>) {}
}

pub fn create(new: &NewObjects<'_, Driver>, primary: &Plane<Driver>) -> Result {
    Crtc::new(new, primary, None, Ok(TestCrtc))?; //~ error[E0080]: enable_vblank() and disable_vblank() are for Vblank::Interrupt
    Ok(())
}
