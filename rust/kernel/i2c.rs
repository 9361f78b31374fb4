// SPDX-License-Identifier: GPL-2.0

//! I2C adapters whose two lines are set and read by the driver, bit by bit.
//!
//! C headers: [`include/linux/i2c.h`](srctree/include/linux/i2c.h),
//! [`include/linux/i2c-algo-bit.h`](srctree/include/linux/i2c-algo-bit.h)
//!
//! This is what graphics cards ask displays through. A driver implements [`BitLines`] and registers
//! a [`BitBus`], which is an [`I2cAdapter`].

use crate::{
    bindings,
    device::{Bound, Device},
    devres::Devres,
    error::to_result,
    prelude::*,
    time::msecs_to_jiffies,
    types::Opaque,
};
use core::{marker::PhantomPinned, ops::Deref};

/// An I2C adapter.
///
/// C struct: `struct i2c_adapter`.
///
/// # Invariants
///
/// `self.0` is a valid `struct i2c_adapter`, and registered as long as there is a reference.
#[repr(transparent)]
pub struct I2cAdapter(Opaque<bindings::i2c_adapter>);

impl I2cAdapter {
    /// # Safety
    ///
    /// `adapter` must be valid and registered for `'a`.
    unsafe fn from_raw<'a>(adapter: *mut bindings::i2c_adapter) -> &'a Self {
        // SAFETY: By the safety requirements; `Self` is a transparent wrapper.
        unsafe { &*adapter.cast() }
    }

    #[inline]
    pub(crate) fn as_raw(&self) -> *mut bindings::i2c_adapter {
        self.0.get()
    }

    /// Reads a byte at `command` from the device with the address `addr`, which has 7 bits.
    ///
    /// In process context; sleeps. C function: `i2c_smbus_xfer()`.
    ///
    /// # Errors
    ///
    /// [`ENXIO`] if there is no such device, and others that the adapter has.
    pub fn read_byte_data(&self, addr: u16, command: u8) -> Result<u8> {
        let mut data: bindings::i2c_smbus_data = pin_init::zeroed();

        // SAFETY: By the type invariants; for a transfer of this size, C writes one byte to `data`.
        to_result(unsafe {
            bindings::i2c_smbus_xfer(
                self.as_raw(),
                addr,
                0,
                bindings::I2C_SMBUS_READ as c_char,
                command,
                bindings::I2C_SMBUS_BYTE_DATA as c_int,
                &mut data,
            )
        })?;

        // SAFETY: All members of the union are bytes, or numbers.
        Ok(unsafe { data.byte })
    }
}

// SAFETY: The adapter has a lock of its own, and may be used from any thread.
unsafe impl Send for I2cAdapter {}

// SAFETY: As above.
unsafe impl Sync for I2cAdapter {}

/// The two lines of a bus. Both are pulled up: who sets one to high lets it go, and reads whether
/// somebody else pulls it down.
///
/// The callbacks are called in process context, with the lock of the adapter held, and may sleep
/// for a short time.
pub trait BitLines: Send + Sync + 'static {
    /// Half of the time that a bit takes, in µs. 5 is the shortest for a bus in standard mode.
    const HALF_BIT_US: u16 = 10;

    /// Sets the data line.
    fn set_sda(&self, high: bool);

    /// Sets the clock line.
    fn set_scl(&self, high: bool);

    /// Returns whether the data line is high.
    fn sda(&self) -> bool;

    /// Returns whether the clock line is high. A device that is slow keeps it low.
    fn scl(&self) -> bool;
}

/// An adapter that consists of two lines.
///
/// Dereferences to the [`I2cAdapter`]. When the parent is unbound, the adapter is unregistered,
/// which waits until user space has closed its files.
///
/// # Examples
///
/// ```
/// # use kernel::{c_str, device::{Bound, Device}, devres::Devres, prelude::*};
/// # use kernel::i2c::{BitBus, BitLines};
/// struct Pins;
///
/// impl BitLines for Pins {
///     fn set_sda(&self, _high: bool) { /* ... */ }
///     fn set_scl(&self, _high: bool) { /* ... */ }
///     fn sda(&self) -> bool { true }
///     fn scl(&self) -> bool { true }
/// }
///
/// fn probe(dev: &Device<Bound>, module: &'static ThisModule) -> Result<u8> {
///     let bus = KBox::pin_init(BitBus::new(dev, c_str!("ddc"), module, Ok(Pins)), GFP_KERNEL)?;
///
///     bus.access(dev)?.read_byte_data(0x50, 0)
/// }
/// ```
///
/// # Invariants
///
/// `adapter` is registered, from the end of [`Self::new`] until the value is dropped. Its algorithm
/// is `algo`, of which the data is `lines`.
#[pin_data(PinnedDrop)]
pub struct BitBus<T: BitLines> {
    adapter: Opaque<bindings::i2c_adapter>,
    algo: Opaque<bindings::i2c_algo_bit_data>,
    #[pin]
    lines: T,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: The lines are `Send`, and the rest is used through the adapter, which has a lock.
unsafe impl<T: BitLines> Send for BitBus<T> {}

// SAFETY: The lines are `Sync`; otherwise as above.
unsafe impl<T: BitLines> Sync for BitBus<T> {}

impl<T: BitLines> BitBus<T> {
    /// Registers an adapter below `dev`. `owner` is the module of the driver.
    ///
    /// In process context; sleeps. C function: `i2c_bit_add_bus()`.
    ///
    /// # Errors
    ///
    /// Those of the C function, and of what creates the lines.
    pub fn new<'a>(
        dev: &'a Device<Bound>,
        name: &'a CStr,
        owner: &'static ThisModule,
        lines: impl PinInit<T, Error> + 'a,
    ) -> impl PinInit<Devres<Self>, Error> + 'a {
        Devres::new(
            dev,
            try_pin_init!(Self {
                adapter: Opaque::zeroed(),
                algo: Opaque::zeroed(),
                lines <- lines,
                _pin: PhantomPinned,
            }? Error)
            .pin_chain(move |this| this.into_ref().register(dev, name, owner)),
        )
    }

    fn register(self: Pin<&Self>, dev: &Device<Bound>, name: &CStr, owner: &ThisModule) -> Result {
        let algo = self.algo.get();
        let adapter = self.adapter.get();

        // SAFETY: Both are zeroed memory, which nobody else uses yet, and which stays where it is
        // until the adapter is unregistered, as do the lines. The callbacks are for the type of the
        // lines.
        unsafe {
            (*algo).data = (&raw const self.lines).cast_mut().cast();
            (*algo).setsda = Some(Self::setsda);
            (*algo).setscl = Some(Self::setscl);
            (*algo).getsda = Some(Self::getsda);
            (*algo).getscl = Some(Self::getscl);
            (*algo).udelay = T::HALF_BIT_US.into();
            // How long a device may keep the clock low.
            (*algo).timeout = msecs_to_jiffies(3) as c_int;

            (*adapter).owner = owner.as_ptr();
            (*adapter).algo_data = algo.cast();
            (*adapter).dev.parent = dev.as_raw();
            // The last byte stays 0.
            let len = (*adapter).name.len() - 1;
            for (to, from) in (&mut (*adapter).name)[..len]
                .iter_mut()
                .zip(name.to_bytes())
            {
                *to = *from as c_char;
            }

            to_result(bindings::i2c_bit_add_bus(adapter))
        }
    }
}

/// The callbacks. All of them are only called by C, for the lines of a [`BitBus`], which exist as
/// long as the adapter is registered.
#[allow(clippy::missing_safety_doc)]
impl<T: BitLines> BitBus<T> {
    unsafe extern "C" fn setsda(data: *mut c_void, state: c_int) {
        // SAFETY: See above.
        unsafe { &*data.cast::<T>() }.set_sda(state != 0);
    }

    unsafe extern "C" fn setscl(data: *mut c_void, state: c_int) {
        // SAFETY: See above.
        unsafe { &*data.cast::<T>() }.set_scl(state != 0);
    }

    unsafe extern "C" fn getsda(data: *mut c_void) -> c_int {
        // SAFETY: See above.
        unsafe { &*data.cast::<T>() }.sda().into()
    }

    unsafe extern "C" fn getscl(data: *mut c_void) -> c_int {
        // SAFETY: See above.
        unsafe { &*data.cast::<T>() }.scl().into()
    }
}

impl<T: BitLines> Deref for BitBus<T> {
    type Target = I2cAdapter;

    fn deref(&self) -> &I2cAdapter {
        // SAFETY: By the type invariants.
        unsafe { I2cAdapter::from_raw(self.adapter.get()) }
    }
}

#[pinned_drop]
impl<T: BitLines> PinnedDrop for BitBus<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: The adapter is registered, or it has not been possible to do so: C looks it up
        // first, and then does nothing. It waits until nobody uses the adapter any more.
        unsafe { bindings::i2c_del_adapter(self.adapter.get()) };
    }
}

/// A memory with the address 0x50, as displays have for their EDID, for tests.
#[cfg(CONFIG_KUNIT = "y")]
pub(crate) mod fake {
    use super::*;
    use crate::{new_mutex, sync::Mutex};

    /// What the memory expects next.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Phase {
        /// A start.
        Idle,
        /// The address.
        Address,
        /// The offset that is read next.
        Offset,
        /// Bytes that are written, and ignored.
        Write,
        /// Clocks, with which it sends bytes.
        Read,
    }

    struct State {
        phase: Phase,
        /// What the adapter does with the lines.
        scl: bool,
        sda: bool,
        /// Whether the memory lets the data line go.
        released: bool,
        /// How many bits of the byte there have been, with the acknowledge bit.
        bits: u32,
        shift: u8,
        acknowledged: bool,
        offset: u8,
    }

    #[pin_data]
    pub(crate) struct Eeprom {
        content: [u8; 128],
        #[pin]
        state: Mutex<State>,
    }

    impl Eeprom {
        pub(crate) const ADDRESS: u16 = 0x50;

        pub(crate) fn new(content: [u8; 128]) -> impl PinInit<Self, Error> {
            try_pin_init!(Self {
                content,
                state <- new_mutex!(State {
                    phase: Phase::Idle,
                    scl: true,
                    sda: true,
                    released: true,
                    bits: 0,
                    shift: 0,
                    acknowledged: false,
                    offset: 0,
                }),
            }? Error)
        }

        /// Puts the next bit of the byte that is sent on the data line.
        fn send(&self, state: &mut State) {
            let byte = self.content[usize::from(state.offset) % self.content.len()];

            state.released = byte & (0x80 >> state.bits) != 0;
        }

        fn clock_falls(&self, state: &mut State) {
            match (state.phase, state.bits) {
                (Phase::Idle, _) | (Phase::Address | Phase::Offset | Phase::Write, 0..8) => {}
                (Phase::Read, 0..8) => self.send(state),
                // The adapter acknowledges.
                (Phase::Read, 8) => state.released = true,
                (Phase::Read, _) => {
                    state.bits = 0;
                    if state.acknowledged {
                        state.offset = state.offset.wrapping_add(1);
                        self.send(state);
                    } else {
                        state.phase = Phase::Idle;
                    }
                }
                (Phase::Address, 8) if u16::from(state.shift >> 1) != Self::ADDRESS => {
                    state.phase = Phase::Idle;
                }
                (phase, 8) => {
                    if phase == Phase::Offset {
                        state.offset = state.shift;
                    }
                    state.released = false;
                }
                (phase, _) => {
                    state.bits = 0;
                    state.released = true;
                    state.phase = match phase {
                        Phase::Address if state.shift & 1 != 0 => Phase::Read,
                        Phase::Address => Phase::Offset,
                        _ => Phase::Write,
                    };
                    if state.phase == Phase::Read {
                        self.send(state);
                    }
                }
            }
        }
    }

    impl BitLines for Eeprom {
        const HALF_BIT_US: u16 = 1;

        fn set_sda(&self, high: bool) {
            let mut state = self.state.lock();

            // The data line changes while the clock is high: a start, or a stop.
            if state.scl && state.sda != high {
                state.phase = if high { Phase::Idle } else { Phase::Address };
                state.bits = 0;
                state.released = true;
            }
            state.sda = high;
        }

        fn set_scl(&self, high: bool) {
            let mut state = self.state.lock();

            match (state.scl, high) {
                (false, true) => {
                    if state.bits < 8 {
                        state.shift = state.shift << 1 | u8::from(state.sda);
                    } else {
                        state.acknowledged = !state.sda;
                    }
                    state.bits += 1;
                }
                (true, false) => self.clock_falls(&mut state),
                _ => {}
            }
            state.scl = high;
        }

        fn sda(&self) -> bool {
            let state = self.state.lock();

            state.sda && state.released
        }

        fn scl(&self) -> bool {
            self.state.lock().scl
        }
    }
}

#[kunit_tests(rust_kernel_i2c)]
mod tests {
    use super::{fake::Eeprom, *};
    use crate::{c_str, faux};

    #[test]
    fn a_memory_is_read_bit_by_bit() -> Result {
        let parent = faux::Registration::new(c_str!("rust-i2c-test"), None)?;
        // SAFETY: A faux device is bound until its registration is dropped.
        let dev = unsafe { AsRef::<Device>::as_ref(&parent).as_bound() };
        // SAFETY: Null stands for what is built in.
        static MODULE: ThisModule = unsafe { ThisModule::from_ptr(core::ptr::null_mut()) };

        let mut content = [0; 128];
        for (i, byte) in content.iter_mut().enumerate() {
            *byte = (i as u8).wrapping_mul(37) ^ 0xa5;
        }
        let bus = KBox::pin_init(
            BitBus::new(dev, c_str!("test"), &MODULE, Eeprom::new(content)),
            GFP_KERNEL,
        )?;
        let adapter = bus.access(dev)?;

        for (i, byte) in content.iter().enumerate() {
            assert_eq!(adapter.read_byte_data(Eeprom::ADDRESS, i as u8), Ok(*byte));
        }
        assert_eq!(adapter.read_byte_data(Eeprom::ADDRESS + 1, 0), Err(ENXIO));
        Ok(())
    }
}
