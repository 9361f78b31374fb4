// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A driver without hardware, to test what the drivers in the tree do not use.

use super::*;
use crate::{
    bindings, c_str,
    device::Device,
    devres::Devres,
    drm::gem::shmem,
    error::to_result,
    faux,
    i2c::{fake::Eeprom, BitBus},
    sync::aref::ARef,
};

// SAFETY: Null stands for what is built in.
static MODULE: ThisModule = unsafe { ThisModule::from_ptr(ptr::null_mut()) };

/// What is wrong with the objects that the driver creates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    NoCrtc,
    EncoderForNoCrtc,
    PrimaryOfTwoCrtcs,
    PrimaryOfNoCrtc,
    PrimaryForAnotherCrtc,
    NoFormats,
    ModifierOfNone,
}

/// One beside linear, for a cursor only.
const TILED: Modifier = Modifier::from_raw(1 << 56 | 1);

struct Data {
    wrong: Wrong,
    ddc: Pin<KBox<Devres<BitBus<Eeprom>>>>,
    /// The parent, which is bound as long as the device exists.
    dev: ARef<Device>,
}

struct TestDriver;
struct TestPlane;
struct TestCrtc;
struct TestConnector;
struct TestFile;

#[vtable]
impl DriverPlane for TestPlane {
    type Driver = TestDriver;
    type State = ();

    fn atomic_update(_: &Plane<TestDriver>, _: &PlaneCommit<'_, TestDriver>) {}
}

#[vtable]
impl DriverCrtc for TestCrtc {
    type Driver = TestDriver;
    type State = ();

    const GAMMA_SIZE: u32 = 256;

    fn atomic_check(_: &Crtc<TestDriver>, _: &mut CrtcCheck<'_, TestDriver>) -> Result {
        Ok(())
    }

    fn atomic_enable(_: &Crtc<TestDriver>, _: &CrtcCommit<'_, TestDriver>) {}

    fn atomic_disable(_: &Crtc<TestDriver>, _: &CrtcCommit<'_, TestDriver>) {}
}

#[vtable]
impl DriverConnector for TestConnector {
    type Driver = TestDriver;

    const HOTPLUG: Hotplug = Hotplug::Poll;

    fn get_modes(connector: &Connector<TestDriver>, probe: &mut ConnectorProbe<'_, TestDriver>) {
        let drm = connector.drm();
        // SAFETY: See `Data::dev`.
        let dev = unsafe { drm.dev.as_bound() };
        let Ok(adapter) = drm.ddc.access(dev) else {
            return;
        };

        let edid = probe.read_edid_ddc(adapter);
        if probe.update_edid(edid.as_ref()).is_ok() {
            probe.add_edid_modes();
        }
    }

    fn detect(_: &Connector<TestDriver>, _force: bool) -> ConnectorStatus {
        ConnectorStatus::Connected
    }
}

impl drm::file::DriverFile for TestFile {
    type Driver = TestDriver;

    fn open(_: &drm::Device<TestDriver>) -> Result<Pin<KBox<Self>>> {
        Ok(KBox::new(Self, GFP_KERNEL)?.into())
    }
}

#[vtable]
impl drm::Driver for TestDriver {
    type Data = Data;
    type Object = shmem::Object<Self>;
    type File = TestFile;

    const OWNER: &'static ThisModule = &MODULE;
    const INFO: drm::DriverInfo = drm::DriverInfo {
        major: 1,
        minor: 0,
        patchlevel: 0,
        name: c_str!("rust-kms-test"),
        desc: c_str!("KUnit"),
    };
    const KMS: Option<Ops<Self>> = Some(Ops::new());
    const IOCTLS: &'static [drm::ioctl::DrmIoctlDescriptor] = &[];
}

impl Driver for TestDriver {
    type Plane = TestPlane;
    type Crtc = TestCrtc;
    type Encoder = ();
    type Connector = TestConnector;

    fn mode_config(_: &drm::Device<Self>) -> ModeConfig {
        ModeConfig {
            max_width: 4096,
            max_height: 4096,
            preferred_depth: 24,
        }
    }

    fn create_objects(new: &NewObjects<'_, Self>) -> Result {
        let wrong = new.drm().wrong;
        let formats = [FourCc::XRGB8888];
        let plane = |plane_type, possible_crtcs| {
            let info = PlaneInfo {
                plane_type,
                formats: if wrong == Wrong::NoFormats {
                    &[]
                } else {
                    &formats
                },
                modifiers: match plane_type {
                    _ if wrong == Wrong::ModifierOfNone => &[Modifier::END],
                    PlaneType::Cursor => &[Modifier::LINEAR, TILED],
                    _ => &[],
                },
                damage_clips: false,
                possible_crtcs,
            };

            Plane::new(new, info, Ok(TestPlane))
        };
        if wrong == Wrong::NoCrtc {
            return Ok(());
        }

        let crtcs = if wrong == Wrong::PrimaryForAnotherCrtc {
            2
        } else {
            0
        };
        let primary = plane(PlaneType::Primary, crtcs)?;
        let cursor = plane(PlaneType::Cursor, 0)?;
        let crtc = Crtc::new(new, primary, Some(cursor), Ok(TestCrtc))?;
        plane(PlaneType::Overlay, crtc.mask())?;

        match wrong {
            Wrong::PrimaryOfTwoCrtcs => {
                Crtc::new(new, primary, None, Ok(TestCrtc))?;
            }
            Wrong::PrimaryOfNoCrtc => {
                plane(PlaneType::Primary, crtc.mask())?;
            }
            _ => {}
        }

        let crtcs = if wrong == Wrong::EncoderForNoCrtc {
            1 << 31
        } else {
            crtc.mask()
        };
        let encoder = Encoder::new(new, EncoderType::Dac, crtcs, Ok(()))?;
        Connector::new(new, ConnectorType::Vga, encoder, Ok(TestConnector))?;
        Ok(())
    }
}

/// The EDID of a display with two modes.
const EDID: [u8; 128] = {
    let mut edid = [0u8; 128];
    let mut i = 1;
    while i < 7 {
        edid[i] = 0xff;
        i += 1;
    }
    // The manufacturer, and version 1.3.
    edid[8] = 0x4a;
    edid[9] = 0x8b;
    edid[18] = 1;
    edid[19] = 3;
    // 640x480 and 1024x768 at 60 Hz.
    edid[35] = 0x20;
    edid[36] = 0x08;
    // No standard timings, and four descriptors that say nothing.
    i = 38;
    while i < 54 {
        edid[i] = 1;
        i += 1;
    }
    i = 54;
    while i < 126 {
        edid[i + 3] = 0x10;
        i += 18;
    }
    let mut sum = 0u8;
    i = 0;
    while i < 127 {
        sum = sum.wrapping_add(edid[i]);
        i += 1;
    }
    edid[127] = sum.wrapping_neg();
    edid
};

fn create(
    parent: &faux::Registration,
    wrong: Wrong,
) -> Result<drm::UnregisteredDevice<TestDriver>> {
    let parent: &Device = parent.as_ref();
    // SAFETY: A faux device is bound until its registration is dropped.
    let dev = unsafe { parent.as_bound() };
    let ddc = KBox::pin_init(
        BitBus::new(dev, c_str!("rust-kms-test"), &MODULE, Eeprom::new(EDID)),
        GFP_KERNEL,
    )?;

    drm::UnregisteredDevice::new(
        parent,
        Ok(Data {
            wrong,
            ddc,
            dev: parent.into(),
        }),
    )
}

#[kunit_tests(rust_kernel_drm_kms)]
mod kms {
    use super::*;

    #[test]
    fn objects_are_validated() -> Result {
        let parent = faux::Registration::new(c_str!("rust-kms-test"), None)?;

        for wrong in [
            Wrong::NoCrtc,
            Wrong::EncoderForNoCrtc,
            Wrong::PrimaryOfTwoCrtcs,
            Wrong::PrimaryOfNoCrtc,
            Wrong::PrimaryForAnotherCrtc,
            Wrong::NoFormats,
            Wrong::ModifierOfNone,
        ] {
            assert_eq!(create(&parent, wrong).err(), Some(EINVAL));
        }
        assert!(create(&parent, Wrong::Nothing).is_ok());
        Ok(())
    }

    #[test]
    fn planes_have_modifiers() -> Result {
        let parent = faux::Registration::new(c_str!("rust-kms-test"), None)?;
        let drm = create(&parent, Wrong::Nothing)?;
        let mut seen = 0;

        // SAFETY: The list is one of planes, and does not change; neither do their modifiers.
        unsafe {
            for_each(&raw const (*drm.as_raw()).mode_config.plane_list, |head| {
                let plane = &*container_of!(head, bindings::drm_plane, head);
                let modifiers = core::slice::from_raw_parts(
                    plane.modifiers.cast::<Modifier>(),
                    plane.modifier_count as usize,
                );
                let both = [Modifier::LINEAR, TILED];
                let of_cursor = plane.type_ == PlaneType::Cursor as bindings::drm_plane_type;

                seen += usize::from(modifiers == &both[..1 + usize::from(of_cursor)]);
                true
            })
        };

        assert_eq!(seen, 3);
        Ok(())
    }

    #[test]
    fn modes_come_over_i2c() -> Result {
        let parent = faux::Registration::new(c_str!("rust-kms-test"), None)?;
        let drm = create(&parent, Wrong::Nothing)?;
        let dev = drm.as_raw();
        let mut sizes = KVec::new();

        // SAFETY: The device has one connector, whose functions are called with this lock held. Its
        // modes do not change as long as it is.
        unsafe {
            let mutex = &raw mut (*dev).mode_config.mutex;
            let connector = container_of!(
                (*dev).mode_config.connector_list.next,
                bindings::drm_connector,
                head
            );

            bindings::mutex_lock(mutex);
            if let Some(fill_modes) = (*(*connector).funcs).fill_modes {
                fill_modes(connector, 4096, 4096);
            }
            for_each(&raw const (*connector).modes, |head| {
                let mode =
                    DisplayMode::from_raw(container_of!(head, bindings::drm_display_mode, head));

                sizes
                    .push((mode.hdisplay(), mode.vdisplay()), GFP_KERNEL)
                    .is_ok()
            });
            bindings::mutex_unlock(mutex);
        }

        assert_eq!(sizes.as_slice(), [(1024, 768), (640, 480)]);
        Ok(())
    }

    /// Checks a state of the CRTC with a gamma table.
    ///
    /// # Safety
    ///
    /// `state` must be a new atomic state with an acquire context, and `crtc` belong to its device.
    unsafe fn check_gamma(
        state: *mut bindings::drm_atomic_state,
        crtc: *mut bindings::drm_crtc,
        entries: usize,
    ) -> Result {
        let size = entries * core::mem::size_of::<ColorLut>();

        // SAFETY: By the safety requirements. The state takes over the reference to the blob.
        unsafe {
            let blob = bindings::drm_property_create_blob((*crtc).dev, size, ptr::null());
            let blob = crate::error::from_err_ptr(blob)?;
            let crtc_state = bindings::drm_atomic_get_crtc_state(state, crtc);
            let crtc_state = crate::error::from_err_ptr(crtc_state).inspect_err(|_| {
                bindings::drm_property_blob_put(blob);
            })?;

            bindings::drm_property_blob_put((*crtc_state).gamma_lut);
            (*crtc_state).gamma_lut = blob;
            let lut = CrtcState::<TestDriver>::from_raw(crtc_state).gamma_lut();
            if lut.map(|lut| lut.len()) != Some(entries) {
                return Err(EIO);
            }

            to_result(bindings::drm_atomic_check_only(state))
        }
    }

    #[test]
    fn gamma_tables_have_the_right_size() -> Result {
        let parent = faux::Registration::new(c_str!("rust-kms-test"), None)?;
        let drm = create(&parent, Wrong::Nothing)?;
        let dev = drm.as_raw();

        for (entries, want) in [(256, Ok(())), (255, Err(EINVAL)), (1, Err(EINVAL))] {
            let mut context: bindings::drm_modeset_acquire_ctx = pin_init::zeroed();

            // SAFETY: The device has one CRTC. The context is used by this task only, and for one
            // state, both of which are released.
            let (size, got) = unsafe {
                let crtc =
                    container_of!((*dev).mode_config.crtc_list.next, bindings::drm_crtc, head);

                bindings::drm_modeset_acquire_init(&mut context, 0);
                let state = bindings::drm_atomic_state_alloc(dev);
                let got = if state.is_null() {
                    Err(ENOMEM)
                } else {
                    (*state).acquire_ctx = &mut context;
                    let got = check_gamma(state, crtc, entries);
                    bindings::drm_atomic_state_put(state);
                    got
                };
                bindings::drm_modeset_drop_locks(&mut context);
                bindings::drm_modeset_acquire_fini(&mut context);

                ((*crtc).gamma_size, got)
            };

            assert_eq!(size, 256);
            assert_eq!(got, want);
        }
        Ok(())
    }
}
