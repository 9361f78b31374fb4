// SPDX-License-Identifier: GPL-2.0

//! A CRTC with an interrupt for vertical blanks has callbacks for it.

#![allow(missing_docs, unused)]

include!("include/kms_driver.rs");

#[vtable]
impl DriverCrtc for TestCrtc {
    type Driver = Driver;
    type State = ();

    const VBLANK: Vblank = Vblank::Interrupt;

    fn atomic_enable(_: &Crtc<Driver>, _: &CrtcCommit<'_, Driver>) {}
    fn atomic_disable(_: &Crtc<Driver>, _: &CrtcCommit<'_, Driver>) {}
}

pub fn create(new: &NewObjects<'_, Driver>, primary: &Plane<Driver>) -> Result {
    Crtc::new(new, primary, None, Ok(TestCrtc))?; //~ error[E0080]: enable_vblank() and disable_vblank() are for Vblank::Interrupt
    Ok(())
}
