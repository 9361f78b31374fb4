// SPDX-License-Identifier: GPL-2.0

//! Vertical blanks of a timer are not counted by the hardware.

#![allow(missing_docs, unused)]

include!("include/kms_driver.rs");

#[vtable]
impl DriverCrtc for TestCrtc {
    type Driver = Driver;
    type State = ();

    const VBLANK: Vblank = Vblank::Timer;

    fn get_vblank_counter(_: &Crtc<Driver>, _: &Device<Bound>) -> u32 {
        0
    }

    fn atomic_enable(_: &Crtc<Driver>, _: &CrtcCommit<'_, Driver>) {}
    fn atomic_disable(_: &Crtc<Driver>, _: &CrtcCommit<'_, Driver>) {}
}

pub fn create(new: &NewObjects<'_, Driver>, primary: &Plane<Driver>) -> Result {
    Crtc::new(new, primary, None, Ok(TestCrtc))?; //~ error[E0080]: get_vblank_counter() needs a MAX_VBLANK_COUNT
    Ok(())
}
