// SPDX-License-Identifier: GPL-2.0

//! The vertical blanks of a timer come without help of the driver.

#![allow(missing_docs, unused)]

include!("include/kms_driver.rs");

#[vtable]
impl DriverCrtc for TestCrtc {
    type Driver = Driver;
    type State = ();

    const VBLANK: Vblank = Vblank::Timer;

    fn atomic_enable(_: &Crtc<Driver>, _: &CrtcCommit<'_, Driver>) {}
    fn atomic_disable(_: &Crtc<Driver>, _: &CrtcCommit<'_, Driver>) {}
}

pub fn handler(crtc: &Crtc<Driver>) -> u32 {
    crtc.handle_vblank(); //~ error[E0080]: DriverCrtc::VBLANK is not Vblank::Interrupt
    crtc.mask()
}
