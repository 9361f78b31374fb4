// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A driver without hardware, to test what the drivers in the tree do not use.

use super::*;
use crate::{
    bindings, c_str,
    debugfs::ScopedDir,
    device::Device,
    devres::Devres,
    drm::gem::shmem,
    error::{from_err_ptr, to_result},
    faux,
    i2c::{fake::Eeprom, BitBus},
    sync::aref::ARef,
    time::{delay::fsleep, Delta},
};
use core::{
    mem::MaybeUninit,
    sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
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
    NotUpright,
    ZposOutOfRange,
}

/// One beside linear, for a cursor only.
const TILED: Modifier = Modifier::from_raw(1 << 56 | 1);

struct Data {
    wrong: Wrong,
    /// Nothing can be shown.
    full: AtomicBool,
    ddc: Pin<KBox<Devres<BitBus<Eeprom>>>>,
    /// The parent, which is bound as long as the device exists.
    dev: ARef<Device>,
}

struct TestDriver;
struct TestPlane;
/// Hardware that counts vertical blanks.
#[derive(Default)]
struct TestCrtc {
    frames: AtomicU32,
    /// Its interrupt can't be enabled.
    broken: AtomicBool,
    /// How often the interrupt has been enabled and disabled.
    enabled: AtomicU32,
    disabled: AtomicU32,
}

impl TestCrtc {
    /// A vertical blank begins, and raises an interrupt.
    fn vertical_blank(crtc: &Crtc<TestDriver>) {
        crtc.frames.fetch_add(1, Relaxed);
        crtc.handle_vblank();
    }
}

/// An encoder that remembers what has been done, as digits.
#[derive(Default)]
struct TestEncoder(AtomicU32);
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
    /// The number of CRTCs that are on, while it is on itself.
    type State = usize;

    const GAMMA_SIZE: u32 = 256;
    const VBLANK: Vblank = Vblank::Interrupt;
    const MAX_VBLANK_COUNT: u32 = 0xff;

    fn atomic_check(_: &Crtc<TestDriver>, check: &mut CrtcCheck<'_, TestDriver>) -> Result {
        // It has been adjusted by the encoder.
        check.adjust_mode(|mode| {
            let more = if mode.clock() == 25000 { 1 } else { 2 };

            mode.set_htotal(mode.htotal() + more);
        });
        Ok(())
    }

    fn atomic_enable(_: &Crtc<TestDriver>, _: &CrtcCommit<'_, TestDriver>) {}

    fn atomic_disable(_: &Crtc<TestDriver>, _: &CrtcCommit<'_, TestDriver>) {}

    fn enable_vblank(crtc: &Crtc<TestDriver>, _: &Device<device::Bound>) -> Result {
        if crtc.broken.load(Relaxed) {
            return Err(EIO);
        }
        crtc.enabled.fetch_add(1, Relaxed);
        Ok(())
    }

    fn disable_vblank(crtc: &Crtc<TestDriver>, _: &Device<device::Bound>) {
        crtc.disabled.fetch_add(1, Relaxed);
    }

    fn get_vblank_counter(crtc: &Crtc<TestDriver>, _: &Device<device::Bound>) -> u32 {
        crtc.frames.load(Relaxed)
    }
}

impl TestEncoder {
    const MODE_SET: u32 = 1;
    const ENABLE: u32 = 2;
    const DISABLE: u32 = 3;

    /// In the data of the connector.
    const CHECKED: u32 = 1 << 16;

    fn done(&self, what: u32) {
        self.0.store(self.0.load(Relaxed) * 10 + what, Relaxed);
    }
}

#[vtable]
impl DriverEncoder<TestDriver> for TestEncoder {
    fn mode_valid(_: &Encoder<TestDriver>, mode: &DisplayMode) -> ModeStatus {
        if mode.hdisplay() > 1024 {
            ModeStatus::BadWidth
        } else {
            ModeStatus::Ok
        }
    }

    fn atomic_check(_: &Encoder<TestDriver>, check: &mut EncoderCheck<'_, TestDriver>) -> Result {
        if !check.new_crtc_state().is_enabled() {
            return Err(EIO);
        }
        *check.connector_data_mut() |= Self::CHECKED;
        check.adjust_mode(|mode| mode.set_clock(25000));
        Ok(())
    }

    fn atomic_mode_set(encoder: &Encoder<TestDriver>, commit: &EncoderCommit<'_, TestDriver>) {
        if **commit.new_connector_state() & Self::CHECKED != 0 {
            encoder.done(Self::MODE_SET);
        }
    }

    fn atomic_enable(encoder: &Encoder<TestDriver>, commit: &EncoderCommit<'_, TestDriver>) {
        if commit.new_crtc_state().is_active() {
            encoder.done(Self::ENABLE);
        }
    }

    fn atomic_disable(encoder: &Encoder<TestDriver>) {
        encoder.done(Self::DISABLE);
    }
}

#[vtable]
impl DriverConnector for TestConnector {
    type Driver = TestDriver;
    /// How many states there have been in which it was used.
    type State = u32;

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

    fn atomic_check(
        _: &Connector<TestDriver>,
        check: &mut ConnectorCheck<'_, TestDriver>,
    ) -> Result {
        // It is checked before the CRTC, whose state is there already.
        if check.new_state().crtc().is_some() != check.new_crtc_state().is_some() {
            return Err(EIO);
        }
        if check.new_crtc_state().is_some() {
            *check.data_mut() = **check.old_state() + 1;
        }
        Ok(())
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

    fn debugfs_init<'data>(drm: &'data drm::Device<Self>, dir: &ScopedDir<'data, '_>) {
        dir.read_callback_file(c_str!("full"), &drm.full, &|full, f| {
            writeln!(f, "{}", full.load(Relaxed))
        });
    }
}

impl Driver for TestDriver {
    type Plane = TestPlane;
    type Crtc = TestCrtc;
    type Encoder = TestEncoder;
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
                properties: PlaneProperties {
                    rotations: match plane_type {
                        _ if wrong == Wrong::NotUpright => Rotation::ROTATE_180,
                        PlaneType::Cursor => Rotation::ROTATE_0 | Rotation::REFLECT_X,
                        _ => Rotation::ROTATE_0,
                    },
                    zpos: Some(Zpos {
                        min: u32::from(wrong == Wrong::ZposOutOfRange),
                        max: if plane_type == PlaneType::Overlay {
                            2
                        } else {
                            0
                        },
                        initial: 0,
                    }),
                    alpha: plane_type == PlaneType::Cursor,
                },
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
        let crtc = Crtc::new(new, primary, Some(cursor), Ok(TestCrtc::default()))?;
        plane(PlaneType::Overlay, crtc.mask())?;

        match wrong {
            Wrong::PrimaryOfTwoCrtcs => {
                Crtc::new(new, primary, None, Ok(TestCrtc::default()))?;
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
        let encoder = Encoder::new(new, EncoderType::Dac, crtcs, Ok(TestEncoder::default()))?;
        Connector::new(new, ConnectorType::Vga, encoder, Ok(TestConnector))?;
        Ok(())
    }

    fn atomic_check(drm: &drm::Device<Self>, check: &mut Check<'_, Self>) -> Result {
        let mut on = check
            .new_crtc_states()
            .filter(|(_, state)| state.is_active());
        let first = on.next().map(|(crtc, _)| crtc);
        let count = on.count() + 1;

        // No test has one.
        if check.new_plane_states().next().is_some() {
            return Err(EIO);
        }
        if let Some(crtc) = first {
            if drm.full.load(Relaxed) {
                return Err(ENOSPC);
            }
            *check.crtc_data_mut(crtc).ok_or(EIO)? = count;
        }
        Ok(())
    }
}

/// The EDID of a display with three modes, one of which the encoder can't show.
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
    // 640x480 and 1024x768 at 60 Hz, and 1280x1024 at 75 Hz.
    edid[35] = 0x20;
    edid[36] = 0x09;
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
            full: AtomicBool::new(false),
            ddc,
            dev: parent.into(),
        }),
    )
}

/// Sets whether the device is used as if it had been unplugged.
fn set_unplugged(drm: &drm::Device<TestDriver>, unplugged: bool) {
    // SAFETY: The device is valid, and nobody else uses it. Its parent is bound as long as it
    // exists.
    unsafe { (&raw mut (*drm.as_raw()).unplugged).write_volatile(unplugged) }
}

/// Calls `f` while the device is used as if it were registered, and unplugs it.
fn plugged(drm: &drm::Device<TestDriver>, f: impl FnOnce() -> Result) -> Result {
    set_unplugged(drm, false);
    let ret = f();
    set_unplugged(drm, true);

    if let Some(ops) = &<TestDriver as drm::Driver>::KMS {
        ops.unplugged(drm);
    }
    ret
}

/// How many events have been sent.
static SENT: AtomicU32 = AtomicU32::new(0);

extern "C" fn sent(_: *mut bindings::completion) {
    SENT.fetch_add(1, Relaxed);
}

/// Gives the state of a CRTC an event, and has it sent as by a commit.
///
/// # Safety
///
/// Nobody else uses the device. `done` has been initialized, and stays until the event has been
/// sent.
unsafe fn flip(crtc: &Crtc<TestDriver>, done: *mut bindings::completion) -> Result {
    let event = KBox::<bindings::drm_pending_vblank_event>::new_uninit(GFP_KERNEL | __GFP_ZERO)?;
    let event: *mut bindings::drm_pending_vblank_event = KBox::into_raw(event).cast();

    // SAFETY: The CRTC has a state, and the event is zeroed memory. C frees it when it has been
    // sent.
    unsafe {
        let state = (*crtc.as_raw()).state;

        (*event).base.completion = done;
        (*event).base.completion_release = Some(sent);
        (*state).event = event;
        crtc.send_event(state);
    }
    Ok(())
}

/// Returns the first CRTC, and the first connector.
///
/// # Safety
///
/// `dev` must be a device of [`TestDriver`] that has all of its objects.
unsafe fn objects(
    dev: *mut bindings::drm_device,
) -> (*mut bindings::drm_crtc, *mut bindings::drm_connector) {
    // SAFETY: By the safety requirements, the lists have entries, which are of these types.
    unsafe {
        let config = &raw const (*dev).mode_config;

        (
            container_of!((*config).crtc_list.next, bindings::drm_crtc, head),
            container_of!((*config).connector_list.next, bindings::drm_connector, head),
        )
    }
}

/// Calls `f` with a new atomic state, which has an acquire context; again, if it must wait for a
/// lock without having others.
fn with_state(
    drm: &drm::Device<TestDriver>,
    mut f: impl FnMut(*mut bindings::drm_atomic_state) -> Result,
) -> Result {
    let mut context: bindings::drm_modeset_acquire_ctx = pin_init::zeroed();
    let context = &raw mut context;

    // SAFETY: The device has a mode configuration. The context is used by this task only, and for
    // one state, both of which are released.
    unsafe {
        bindings::drm_modeset_acquire_init(context, 0);
        let state = bindings::drm_atomic_state_alloc(drm.as_raw());
        let ret = if state.is_null() {
            Err(ENOMEM)
        } else {
            (*state).acquire_ctx = context;
            let mut ret = f(state);
            while ret == Err(EDEADLK) {
                bindings::drm_atomic_state_clear(state);
                ret = to_result(bindings::drm_modeset_backoff(context)).and_then(|()| f(state));
            }
            bindings::drm_atomic_state_put(state);
            ret
        };
        bindings::drm_modeset_drop_locks(context);
        bindings::drm_modeset_acquire_fini(context);
        ret
    }
}

/// Whether a state is to be shown, or only to be checked.
enum Commit {
    Yes,
    /// By a work item.
    Later,
    No,
}

/// Shows a mode of 640 x 480 on the connector, without any plane, or ends to do so.
fn show(drm: &drm::Device<TestDriver>, enable: bool, commit: Commit) -> Result {
    let mut mode: bindings::drm_display_mode = pin_init::zeroed();

    mode.clock = 25175;
    mode.hdisplay = 640;
    mode.hsync_start = 656;
    mode.hsync_end = 752;
    mode.htotal = 800;
    mode.vdisplay = 480;
    mode.vsync_start = 490;
    mode.vsync_end = 492;
    mode.vtotal = 525;

    // SAFETY: All objects belong to the device, and have states of ours. The state is a new one,
    // and the mode is copied.
    with_state(drm, |state| unsafe {
        let (crtc, connector) = objects(drm.as_raw());
        let crtc_state = from_err_ptr(bindings::drm_atomic_get_crtc_state(state, crtc))?;
        let conn_state = from_err_ptr(bindings::drm_atomic_get_connector_state(state, connector))?;

        bindings::drm_mode_set_crtcinfo(&mut mode, 0);
        let (mode, crtc) = if enable {
            (&raw const mode, crtc)
        } else {
            (ptr::null(), ptr::null_mut())
        };
        to_result(bindings::drm_atomic_set_mode_for_crtc(crtc_state, mode))?;
        (*crtc_state).active = enable;
        to_result(bindings::drm_atomic_set_crtc_for_connector(
            conn_state, crtc,
        ))?;

        to_result(match commit {
            Commit::Yes => bindings::drm_atomic_commit(state),
            Commit::Later => bindings::drm_atomic_nonblocking_commit(state),
            Commit::No => bindings::drm_atomic_check_only(state),
        })
    })
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
            Wrong::NotUpright,
            Wrong::ZposOutOfRange,
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
            let (_, connector) = objects(dev);

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
    /// `state` must be a new atomic state with an acquire context, of a device with one CRTC.
    unsafe fn check_gamma(state: *mut bindings::drm_atomic_state, entries: usize) -> Result {
        let size = entries * core::mem::size_of::<ColorLut>();

        // SAFETY: By the safety requirements. The state takes over the reference to the blob.
        unsafe {
            let (crtc, _) = objects((*state).dev);
            let blob = bindings::drm_property_create_blob((*crtc).dev, size, ptr::null());
            let blob = from_err_ptr(blob)?;
            let crtc_state = bindings::drm_atomic_get_crtc_state(state, crtc);
            let crtc_state = from_err_ptr(crtc_state).inspect_err(|_| {
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

        for (entries, want) in [(256, Ok(())), (255, Err(EINVAL)), (1, Err(EINVAL))] {
            // SAFETY: It is a new state of a device with one CRTC.
            let got = with_state(&drm, |state| unsafe { check_gamma(state, entries) });

            assert_eq!(got, want);
        }
        // SAFETY: The device has one CRTC.
        assert_eq!(unsafe { (*objects(drm.as_raw()).0).gamma_size }, 256);
        Ok(())
    }

    #[test]
    fn connector_states_have_data() -> Result {
        let parent = faux::Registration::new(c_str!("rust-kms-test"), None)?;
        let drm = create(&parent, Wrong::Nothing)?;
        // SAFETY: The device has one connector, which has a state of ours. Nobody else uses the
        // device.
        let data = || unsafe {
            **ConnectorState::<TestDriver>::from_raw((*objects(drm.as_raw()).1).state)
        };
        let count = || data() & !TestEncoder::CHECKED;

        plugged(&drm, || {
            // Commits do not wait for vertical blanks then.
            drm.crtc(0).ok_or(ENODEV)?.broken.store(true, Relaxed);

            assert_eq!(count(), 0);
            show(&drm, true, Commit::Yes)?;
            assert_eq!(count(), 1);
            // The new state is dropped.
            show(&drm, true, Commit::No)?;
            assert_eq!(count(), 1);
            show(&drm, true, Commit::Yes)?;
            assert_eq!(count(), 2);
            show(&drm, false, Commit::Yes)?;
            assert_eq!(count(), 2);
            Ok(())
        })
    }

    #[test]
    fn vertical_blanks_are_counted() -> Result {
        let parent = faux::Registration::new(c_str!("rust-kms-test"), None)?;
        let drm = create(&parent, Wrong::Nothing)?;

        assert!(drm.crtc(0).is_none());
        plugged(&drm, || {
            assert!(drm.crtc(1).is_none());

            let crtc = drm.crtc(0).ok_or(ENODEV)?;
            let raw = crtc.as_raw();
            let calls = || (crtc.enabled.load(Relaxed), crtc.disabled.load(Relaxed));
            // SAFETY: The CRTC is valid, and has vertical blanks.
            let count = || unsafe { bindings::drm_crtc_vblank_count(raw) };
            // SAFETY: As above.
            let get = || unsafe { bindings::drm_crtc_vblank_get(raw) };

            // The CRTC is off. The counter is about to begin at 0 again.
            crtc.frames.store(TestCrtc::MAX_VBLANK_COUNT, Relaxed);
            crtc.handle_vblank();
            assert!(get() != 0);
            assert_eq!(calls(), (0, 0));

            // SAFETY: As above.
            unsafe { bindings::drm_crtc_vblank_on(raw) };
            assert_eq!(get(), 0);
            assert_eq!(calls(), (1, 0));

            let before = count();
            TestCrtc::vertical_blank(crtc);
            TestCrtc::vertical_blank(crtc);
            // There has been none.
            crtc.handle_vblank();
            assert_eq!(count() - before, 2);

            // SAFETY: As above, and there is a reference.
            unsafe {
                bindings::drm_crtc_vblank_put(raw);
                bindings::drm_crtc_vblank_off(raw);
            }
            assert_eq!(calls(), (1, 1));

            TestCrtc::vertical_blank(crtc);
            assert_eq!(count() - before, 2);
            Ok(())
        })?;
        assert!(drm.crtc(0).is_none());
        Ok(())
    }

    #[test]
    fn events_are_sent_once() -> Result {
        let parent = faux::Registration::new(c_str!("rust-kms-test"), None)?;
        let drm = create(&parent, Wrong::Nothing)?;
        let mut done = MaybeUninit::<bindings::completion>::uninit();
        let done = done.as_mut_ptr();
        let before = SENT.load(Relaxed);
        let count = || SENT.load(Relaxed).wrapping_sub(before);

        // SAFETY: It is memory for it, which stays until all events have been sent.
        unsafe { bindings::init_completion(done) };

        plugged(&drm, || {
            let crtc = drm.crtc(0).ok_or(ENODEV)?;
            let raw = crtc.as_raw();
            // SAFETY: Nobody else uses the device; see above for `done`.
            let flip = || unsafe { flip(crtc, done) };

            // At once, if the CRTC is off.
            flip()?;
            assert_eq!(count(), 1);

            // With the next vertical blank.
            //
            // SAFETY: The CRTC is valid, and has vertical blanks.
            unsafe { bindings::drm_crtc_vblank_on(raw) };
            flip()?;
            assert_eq!(count(), 1);
            TestCrtc::vertical_blank(crtc);
            assert_eq!(count(), 2);
            TestCrtc::vertical_blank(crtc);
            assert_eq!(count(), 2);

            // When there are not going to be any more.
            flip()?;
            // SAFETY: As above.
            unsafe { bindings::drm_crtc_vblank_off(raw) };
            assert_eq!(count(), 3);

            // At once, if there is no interrupt.
            crtc.broken.store(true, Relaxed);
            // SAFETY: As above.
            unsafe { bindings::drm_crtc_vblank_on(raw) };
            flip()?;
            assert_eq!(count(), 4);
            TestCrtc::vertical_blank(crtc);
            assert_eq!(count(), 4);

            // Before the device is unplugged.
            crtc.broken.store(false, Relaxed);
            flip()?;
            assert_eq!(count(), 4);
            if let Some(ops) = &<TestDriver as drm::Driver>::KMS {
                ops.unplug(&drm);
            }
            assert_eq!(count(), 5);
            assert_eq!(crtc.enabled.load(Relaxed), 2);
            assert_eq!(crtc.disabled.load(Relaxed), 2);

            // A commit comes in between. From when the device has been unplugged, at once, though
            // vertical blanks are enabled; what waits for one, when they are stopped.
            //
            // SAFETY: As above.
            unsafe { bindings::drm_crtc_vblank_on(raw) };
            flip()?;
            set_unplugged(&drm, true);
            assert_eq!(count(), 5);
            flip()?;
            assert_eq!(count(), 6);
            Ok(())
        })?;

        assert_eq!(count(), 7);
        Ok(())
    }

    #[test]
    fn encoders_have_callbacks() -> Result {
        let parent = faux::Registration::new(c_str!("rust-kms-test"), None)?;
        let drm = create(&parent, Wrong::Nothing)?;
        // SAFETY: The device has one encoder, of ours.
        let encoder = unsafe {
            let head = (*drm.as_raw()).mode_config.encoder_list.next;

            &*container_of!(head, bindings::drm_encoder, head).cast::<Encoder<TestDriver>>()
        };
        let done = || encoder.0.load(Relaxed);

        plugged(&drm, || {
            show(&drm, true, Commit::No)?;
            assert_eq!(done(), 0);
            show(&drm, true, Commit::Yes)?;
            assert_eq!(done(), 12);
            show(&drm, false, Commit::Yes)?;
            assert_eq!(done(), 123);
            show(&drm, true, Commit::Yes)
        })?;

        // By the last commit.
        assert_eq!(done(), 123_123);
        Ok(())
    }

    #[test]
    fn checks_change_states() -> Result {
        let parent = faux::Registration::new(c_str!("rust-kms-test"), None)?;
        let drm = create(&parent, Wrong::Nothing)?;
        // SAFETY: The device has one CRTC, which has a state of ours. Nobody else uses the device.
        let crtc = || unsafe {
            let state = CrtcState::<TestDriver>::from_raw((*objects(drm.as_raw()).0).state);
            let mode = (&raw const (*state.as_raw()).adjusted_mode).read();

            (**state, mode.clock, mode.htotal, mode.crtc_htotal)
        };

        plugged(&drm, || {
            // Commits do not wait for vertical blanks then.
            drm.crtc(0).ok_or(ENODEV)?.broken.store(true, Relaxed);

            drm.full.store(true, Relaxed);
            assert_eq!(show(&drm, true, Commit::Yes), Err(ENOSPC));
            assert_eq!(crtc().0, 0);

            drm.full.store(false, Relaxed);
            show(&drm, true, Commit::Yes)?;
            assert_eq!(crtc(), (1, 25000, 801, 801));
            // The mode is not adjusted again.
            show(&drm, true, Commit::Yes)?;
            assert_eq!(crtc(), (1, 25000, 801, 801));
            // There is none.
            show(&drm, false, Commit::Yes)?;
            assert_eq!(crtc(), (1, 0, 0, 0));
            Ok(())
        })
    }

    #[test]
    fn hotplug_events_do_not_wait() -> Result {
        let parent = faux::Registration::new(c_str!("rust-kms-test"), None)?;
        let drm = create(&parent, Wrong::Nothing)?;
        // SAFETY: The device is valid.
        let config = unsafe { &raw mut (*drm.as_raw()).mode_config };

        plugged(&drm, || {
            // SAFETY: The device has a mode configuration, with a work item for events, which takes
            // this lock, as do those who get the events. Callbacks are called with it held.
            let left = unsafe {
                bindings::mutex_lock(&raw mut (*config).mutex);
                drm.hotplug_event();
                bindings::mutex_unlock(&raw mut (*config).mutex);

                bindings::flush_delayed_work(&raw mut (*config).output_poll_work);
                (&raw const (*config).delayed_event).read_volatile()
            };

            assert!(!left);
            Ok(())
        })
    }

    #[test]
    #[cfg(CONFIG_DEBUG_FS)]
    fn files_are_created() -> Result {
        let parent = faux::Registration::new(c_str!("rust-kms-test"), None)?;
        let drm = create(&parent, Wrong::Nothing)?;
        // SAFETY: The device has its directory, and a minor which is not registered, so that nobody
        // else uses it. What is in the directory is removed when the device is released.
        let found = unsafe {
            let dev = drm.as_raw();

            (*(*dev).primary).debugfs_root = (*dev).debugfs_root;
            if let Some(debugfs_init) = (*(*dev).driver).debugfs_init {
                debugfs_init((*dev).primary);
            }

            let file = bindings::debugfs_lookup(c_str!("full").as_char_ptr(), (*dev).debugfs_root);
            bindings::dput(file);
            !file.is_null()
        };

        assert!(found);
        Ok(())
    }

    #[test]
    fn planes_have_properties() -> Result {
        let parent = faux::Registration::new(c_str!("rust-kms-test"), None)?;
        let drm = create(&parent, Wrong::Nothing)?;
        let mut seen = 0;

        // SAFETY: The list is one of planes, and does not change; they have states of ours, which
        // do not change either.
        unsafe {
            for_each(&raw const (*drm.as_raw()).mode_config.plane_list, |head| {
                let plane = &*container_of!(head, bindings::drm_plane, head);
                let state = PlaneState::<TestDriver>::from_raw(plane.state);
                let of_cursor = plane.type_ == PlaneType::Cursor as bindings::drm_plane_type;

                seen += usize::from(
                    plane.rotation_property.is_null() != of_cursor
                        && plane.alpha_property.is_null() != of_cursor
                        && !plane.zpos_property.is_null()
                        && state.rotation() == Rotation::ROTATE_0
                        && state.zpos() == 0
                        && state.alpha() == u16::MAX,
                );
                true
            })
        };

        assert_eq!(seen, 3);
        Ok(())
    }

    #[test]
    fn commits_wait_for_vertical_blanks() -> Result {
        let parent = faux::Registration::new(c_str!("rust-kms-test"), None)?;
        let drm = create(&parent, Wrong::Nothing)?;

        plugged(&drm, || {
            let crtc = drm.crtc(0).ok_or(ENODEV)?;
            // SAFETY: There has been a commit of the CRTC, and a reference to it is in its state,
            // which is changed by this task only.
            let is_done = || unsafe {
                let commit = (*(*crtc.as_raw()).state).commit;

                bindings::completion_done(&raw mut (*commit).flip_done)
            };

            show(&drm, true, Commit::Yes)?;
            assert!(is_done());

            // It shows the same, but has an event nevertheless.
            show(&drm, true, Commit::Later)?;
            for _ in 0..1000 {
                if crtc.enabled.load(Relaxed) != 0 {
                    break;
                }
                fsleep(Delta::from_millis(1));
            }
            assert_eq!(crtc.enabled.load(Relaxed), 1);
            assert!(!is_done());
            // The work item has this lock until its event waits. A vertical blank before that would
            // not be the one that it waits for.
            //
            // SAFETY: The device is valid.
            unsafe {
                let lock = &raw mut (*drm.as_raw()).event_lock;
                let flags = bindings::spin_lock_irqsave(lock);
                bindings::spin_unlock_irqrestore(lock, flags);
            }

            TestCrtc::vertical_blank(crtc);
            assert!(is_done());

            // SAFETY: The device has this workqueue.
            unsafe { bindings::__flush_workqueue((*drm.as_raw()).mode_config.commit_wq) };
            Ok(())
        })
    }
}
