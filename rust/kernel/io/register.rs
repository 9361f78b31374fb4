// SPDX-License-Identifier: GPL-2.0

//! Typed registers.
//!
//! The [`register!`] macro declares the registers of a device once: the offset and the width of
//! each, what it is for (reading, writing, or both), and its fields. They are then read and written
//! through [`RegisterIo`], which memory-mapped I/O ([`Io`]), port I/O ([`Ports`]) and, for tests,
//! memory ([`FakeRegisters`]) have in common.
//!
//! Whatever is known when a driver is written is checked when it is compiled: that a register lies
//! within the mapping, that it may be accessed like this, and that a constant fits its field. What
//! is left is the access: [`RegisterIo::read`] is one `readl()` or the like, [`RegisterIo::write`]
//! one `writel()`.
//!
//! [`register!`]: crate::register!

use super::{port::Ports, Io};
use crate::{bindings, build_assert, prelude::*};
use core::{cell::Cell, marker::PhantomData};

mod private {
    pub trait Sealed {}
}

/// The integer that a register is accessed as: [`u8`], [`u16`], [`u32`], or [`u64`] where the CPU
/// has 64 bits.
pub trait Word: private::Sealed + Copy + Eq + 'static {
    /// What a read gives if the device does not answer.
    const ALL_ONES: Self;
}

macro_rules! impl_word {
    ($($word:ty),*) => {
        $(
            impl private::Sealed for $word {}

            impl Word for $word {
                const ALL_ONES: Self = <$word>::MAX;
            }
        )*
    };
}

impl_word!(u8, u16, u32, u64);

/// The value of a register, declared by [`register!`](crate::register!).
pub trait Register: Copy {
    /// The integer that the register is accessed as.
    type Word: Word;

    /// The space that the register belongs to: `()`, unless it is part of a [`RegisterBlock`].
    type Block;

    /// Makes a value of what has been read.
    fn from_word(word: Self::Word) -> Self;

    /// Returns what is to be written.
    fn into_word(self) -> Self::Word;
}

/// A register that can be read.
pub trait Readable: Register {}

/// A register that can be written.
pub trait Writable: Register {}

/// A register of which a part can be changed: what is read from it may be written back.
pub trait Updatable: Readable + Writable {
    /// Returns the value that changes nothing if it is written: fields that are cleared by writing
    /// 1, or can only be written, are zero.
    fn unchanged(self) -> Self;
}

/// A register at a fixed offset.
pub trait FixedRegister: Register {
    /// The offset in bytes.
    const OFFSET: usize;
}

/// A register of which there are several.
pub trait RegisterArray: Register {
    /// The offset of the first one in bytes.
    const OFFSET: usize;

    /// How many there are.
    const LEN: usize;

    /// The distance from one to the next in bytes.
    const STRIDE: usize;
}

/// Where a register is: [`Fixed`], [`Element`] or [`Indexed`].
pub trait Location: private::Sealed + Copy {
    /// What is there.
    type Register: Register;

    /// How many bytes a space must have, for all values that `self` may have.
    const END: usize;

    /// Whether the register is aligned to its size, for all values that `self` may have.
    const ALIGNED: bool;

    /// Returns the offset in bytes.
    fn offset(self) -> usize;
}

const fn size_of_word<R: Register>() -> usize {
    core::mem::size_of::<R::Word>()
}

/// The location of a register at a fixed offset.
///
/// [`register!`](crate::register!) declares a constant of this type with the name of the register.
pub struct Fixed<R>(PhantomData<fn() -> R>);

impl<R: FixedRegister> Fixed<R> {
    /// Returns the location of `R`.
    pub const fn of() -> Self {
        Self(PhantomData)
    }
}

impl<R> Clone for Fixed<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Fixed<R> {}

impl<R> private::Sealed for Fixed<R> {}

impl<R: FixedRegister> Location for Fixed<R> {
    type Register = R;

    const END: usize = R::OFFSET + size_of_word::<R>();
    const ALIGNED: bool = R::OFFSET % size_of_word::<R>() == 0;

    #[inline(always)]
    fn offset(self) -> usize {
        R::OFFSET
    }
}

/// The locations of a register of which there are several.
///
/// [`register!`](crate::register!) declares a constant of this type with the name of the register.
pub struct Array<R>(PhantomData<fn() -> R>);

impl<R: RegisterArray> Array<R> {
    /// Returns the locations of `R`.
    pub const fn of() -> Self {
        Self(PhantomData)
    }

    /// Returns the location of the register at the constant `INDEX`, which is checked by the
    /// compiler.
    #[inline(always)]
    pub const fn at<const INDEX: usize>(self) -> Element<R, INDEX> {
        const { assert!(INDEX < R::LEN, "index is beyond the array of registers") };

        Element(PhantomData)
    }

    /// Returns the location of the register at `index`, or [`None`] if there are not as many.
    #[inline]
    pub const fn get(self, index: usize) -> Option<Indexed<R>> {
        if index < R::LEN {
            // INVARIANT: Just checked.
            Some(Indexed(index, PhantomData))
        } else {
            None
        }
    }

    /// Iterates over the locations of all the registers.
    pub fn iter(self) -> impl Iterator<Item = Indexed<R>> {
        // INVARIANT: The range ends before `R::LEN`.
        (0..R::LEN).map(|index| Indexed(index, PhantomData))
    }
}

impl<R> Clone for Array<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Array<R> {}

/// The location of one register of an [`Array`], at a constant index.
///
/// # Invariants
///
/// `INDEX` is less than `R::LEN`.
pub struct Element<R, const INDEX: usize>(PhantomData<fn() -> R>);

impl<R, const INDEX: usize> Clone for Element<R, INDEX> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, const INDEX: usize> Copy for Element<R, INDEX> {}

impl<R, const INDEX: usize> private::Sealed for Element<R, INDEX> {}

impl<R: RegisterArray, const INDEX: usize> Location for Element<R, INDEX> {
    type Register = R;

    const END: usize = R::OFFSET + INDEX * R::STRIDE + size_of_word::<R>();
    const ALIGNED: bool = (R::OFFSET + INDEX * R::STRIDE) % size_of_word::<R>() == 0;

    #[inline(always)]
    fn offset(self) -> usize {
        R::OFFSET + INDEX * R::STRIDE
    }
}

/// The location of one register of an [`Array`], at an index that has been checked.
///
/// # Invariants
///
/// The index is less than `R::LEN`.
pub struct Indexed<R>(usize, PhantomData<fn() -> R>);

impl<R> Clone for Indexed<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Indexed<R> {}

impl<R> private::Sealed for Indexed<R> {}

impl<R: RegisterArray> Location for Indexed<R> {
    type Register = R;

    const END: usize = R::OFFSET + (R::LEN - 1) * R::STRIDE + size_of_word::<R>();
    const ALIGNED: bool =
        R::OFFSET % size_of_word::<R>() == 0 && R::STRIDE % size_of_word::<R>() == 0;

    #[inline(always)]
    fn offset(self) -> usize {
        R::OFFSET + self.0 * R::STRIDE
    }
}

/// A space of registers.
///
/// # Safety
///
/// [`Self::size`] is never less than [`Self::SIZE`], and never changes.
pub unsafe trait RegisterSpace {
    /// What tells the registers of this space from others: the type of a [`RegisterBlock`], or
    /// `()`.
    type Block;

    /// The size in bytes that is known when the driver is compiled.
    const SIZE: usize;

    /// Returns the size in bytes.
    fn size(&self) -> usize;
}

/// A [`RegisterSpace`] which can be accessed by words of the type `W`.
pub trait WordIo<W: Word>: RegisterSpace {
    /// Reads the word at `offset`.
    ///
    /// # Safety
    ///
    /// `offset` must be a multiple of the size of `W`, and not less than that size before the end.
    unsafe fn read_word(&self, offset: usize) -> W;

    /// Writes the word at `offset`.
    ///
    /// # Safety
    ///
    /// The same as for [`Self::read_word`].
    unsafe fn write_word(&self, word: W, offset: usize);
}

/// Access to the registers in a space.
///
/// All methods may be called in any context that the space itself may be accessed in. Reading and
/// writing are ordered with each other and with memory that the device accesses, like `readl()` and
/// `writel()`.
///
/// [`Self::read`], [`Self::write`] and [`Self::update`] are for spaces whose size is known when the
/// driver is compiled, such as `pci::Bar<0x100>`; a register that lies beyond does not compile. The
/// methods `try_*` are for other ones, and return [`EINVAL`].
///
/// What they read from a device that is gone has all bits set.
pub trait RegisterIo: RegisterSpace {
    /// Reads a register.
    #[inline(always)]
    fn read<L>(&self, location: L) -> L::Register
    where
        L: Location,
        L::Register: Readable + Register<Block = Self::Block>,
        Self: WordIo<<L::Register as Register>::Word>,
    {
        const { assert!(L::ALIGNED, "register is not aligned to its size") };
        const {
            assert!(
                L::END <= Self::SIZE,
                "register is beyond the end of the space"
            )
        };

        // SAFETY: `location` is aligned, and ends before `SIZE`, hence also before `size()`.
        L::Register::from_word(unsafe { self.read_word(location.offset()) })
    }

    /// Writes a register.
    #[inline(always)]
    fn write<L>(&self, location: L, value: L::Register)
    where
        L: Location,
        L::Register: Writable + Register<Block = Self::Block>,
        Self: WordIo<<L::Register as Register>::Word>,
    {
        const { assert!(L::ALIGNED, "register is not aligned to its size") };
        const {
            assert!(
                L::END <= Self::SIZE,
                "register is beyond the end of the space"
            )
        };

        // SAFETY: `location` is aligned, and ends before `SIZE`, hence also before `size()`.
        unsafe { self.write_word(value.into_word(), location.offset()) }
    }

    /// Reads a register, and writes what `f` makes of it.
    ///
    /// Fields that are cleared by writing 1, or can only be written, are zero unless `f` sets them.
    /// This is not atomic: nobody else may do the same at the same time.
    #[inline(always)]
    fn update<L>(&self, location: L, f: impl FnOnce(L::Register) -> L::Register)
    where
        L: Location,
        L::Register: Updatable + Register<Block = Self::Block>,
        Self: WordIo<<L::Register as Register>::Word>,
    {
        self.write(location, f(self.read(location).unchanged()));
    }

    /// Reads a register, if it lies within the space.
    #[inline]
    fn try_read<L>(&self, location: L) -> Result<L::Register>
    where
        L: Location,
        L::Register: Readable + Register<Block = Self::Block>,
        Self: WordIo<<L::Register as Register>::Word>,
    {
        const { assert!(L::ALIGNED, "register is not aligned to its size") };
        // The end, which is computed when the driver is compiled, does not overflow, and neither
        // does the sum below.
        const { assert!(L::END != 0) };

        if location.offset() + size_of_word::<L::Register>() > self.size() {
            return Err(EINVAL);
        }

        // SAFETY: `location` is aligned, and ends before `size()`.
        Ok(L::Register::from_word(unsafe {
            self.read_word(location.offset())
        }))
    }

    /// Writes a register, if it lies within the space.
    #[inline]
    fn try_write<L>(&self, location: L, value: L::Register) -> Result
    where
        L: Location,
        L::Register: Writable + Register<Block = Self::Block>,
        Self: WordIo<<L::Register as Register>::Word>,
    {
        const { assert!(L::ALIGNED, "register is not aligned to its size") };
        // The end, which is computed when the driver is compiled, does not overflow, and neither
        // does the sum below.
        const { assert!(L::END != 0) };

        if location.offset() + size_of_word::<L::Register>() > self.size() {
            return Err(EINVAL);
        }

        // SAFETY: `location` is aligned, and ends before `size()`.
        unsafe { self.write_word(value.into_word(), location.offset()) };
        Ok(())
    }

    /// Reads a register, and writes what `f` makes of it, if it lies within the space. See
    /// [`Self::update`].
    #[inline]
    fn try_update<L>(&self, location: L, f: impl FnOnce(L::Register) -> L::Register) -> Result
    where
        L: Location,
        L::Register: Updatable + Register<Block = Self::Block>,
        Self: WordIo<<L::Register as Register>::Word>,
    {
        let value = self.try_read(location)?;

        self.try_write(location, f(value.unchanged()))
    }

    /// Returns the block of registers `B` at the offset `BASE`.
    #[inline(always)]
    fn block<B: RegisterBlock, const BASE: usize>(&self) -> Block<'_, Self, B, BASE>
    where
        Self: Sized,
    {
        const { assert!(BASE % 8 == 0, "block is not aligned") };
        const {
            assert!(
                B::SIZE <= Self::SIZE && BASE <= Self::SIZE - B::SIZE,
                "block is beyond the end of the space"
            )
        };

        // INVARIANT: Just checked.
        Block {
            space: self,
            _block: PhantomData,
        }
    }
}

impl<S: RegisterSpace> RegisterIo for S {}

/// A block of registers, of which a device has several at different offsets.
///
/// # Examples
///
/// ```
/// use kernel::{
///     io::register::{FakeRegisters, RegisterBlock, RegisterIo},
///     register,
/// };
///
/// /// The registers of one queue.
/// struct Queue;
///
/// impl RegisterBlock for Queue {
///     const SIZE: usize = 0x40;
/// }
///
/// register! {
///     for Queue;
///
///     HEAD(u32) @ 0x10 {
///         15:0 index as u16;
///     }
/// }
///
/// let device = FakeRegisters::<0x200>::new();
/// let queue1 = device.block::<Queue, 0x140>();
///
/// queue1.write(HEAD, HEAD::default().with_index(7));
/// assert_eq!(device.peek(0x150), 7);
/// ```
pub trait RegisterBlock {
    /// The size in bytes.
    const SIZE: usize;
}

/// A [`RegisterBlock`] in a space of registers.
///
/// # Invariants
///
/// `BASE` is a multiple of 8, and not less than `B::SIZE` before the end of `S`.
pub struct Block<'a, S, B, const BASE: usize> {
    space: &'a S,
    _block: PhantomData<fn() -> B>,
}

// SAFETY: The size is constant.
unsafe impl<S: RegisterSpace, B: RegisterBlock, const BASE: usize> RegisterSpace
    for Block<'_, S, B, BASE>
{
    type Block = B;

    const SIZE: usize = B::SIZE;

    #[inline]
    fn size(&self) -> usize {
        B::SIZE
    }
}

impl<S, W, B, const BASE: usize> WordIo<W> for Block<'_, S, B, BASE>
where
    S: WordIo<W>,
    W: Word,
    B: RegisterBlock,
{
    #[inline(always)]
    unsafe fn read_word(&self, offset: usize) -> W {
        // SAFETY: By the safety requirements of this function, the word lies in the block, which by
        // the type invariants lies in `space` and is aligned.
        unsafe { self.space.read_word(BASE + offset) }
    }

    #[inline(always)]
    unsafe fn write_word(&self, word: W, offset: usize) {
        // SAFETY: The same as above.
        unsafe { self.space.write_word(word, BASE + offset) }
    }
}

// SAFETY: `IoRaw` is never smaller than `SIZE`.
unsafe impl<const SIZE: usize> RegisterSpace for Io<SIZE> {
    type Block = ();

    const SIZE: usize = SIZE;

    #[inline]
    fn size(&self) -> usize {
        self.maxsize()
    }
}

macro_rules! impl_mmio {
    ($word:ty, $read:ident, $write:ident) => {
        impl<const SIZE: usize> WordIo<$word> for Io<SIZE> {
            #[inline(always)]
            unsafe fn read_word(&self, offset: usize) -> $word {
                // SAFETY: By the type invariant of `Io` and the safety requirements of this
                // function, this is the address of a mapped word.
                unsafe { bindings::$read((self.addr() + offset) as *const c_void) }
            }

            #[inline(always)]
            unsafe fn write_word(&self, word: $word, offset: usize) {
                // SAFETY: The same as above.
                unsafe { bindings::$write(word, (self.addr() + offset) as *mut c_void) }
            }
        }
    };
}

impl_mmio!(u8, readb, writeb);
impl_mmio!(u16, readw, writew);
impl_mmio!(u32, readl, writel);
#[cfg(CONFIG_64BIT)]
impl_mmio!(u64, readq, writeq);

// SAFETY: `IoRaw` is never smaller than `SIZE`.
unsafe impl<const SIZE: usize> RegisterSpace for Ports<SIZE> {
    type Block = ();

    const SIZE: usize = SIZE;

    #[inline]
    fn size(&self) -> usize {
        self.maxsize()
    }
}

macro_rules! impl_ports {
    ($word:ty, $read:ident, $write:ident) => {
        impl<const SIZE: usize> WordIo<$word> for Ports<SIZE> {
            #[inline(always)]
            unsafe fn read_word(&self, offset: usize) -> $word {
                // SAFETY: By the type invariant of `Ports` and the safety requirements of this
                // function, this is the cookie of a port.
                unsafe { bindings::$read((self.cookie() + offset) as *mut c_void) as $word }
            }

            #[inline(always)]
            unsafe fn write_word(&self, word: $word, offset: usize) {
                // SAFETY: The same as above.
                unsafe { bindings::$write(word, (self.cookie() + offset) as *mut c_void) }
            }
        }
    };
}

impl_ports!(u8, ioread8, iowrite8);
impl_ports!(u16, ioread16, iowrite16);
impl_ports!(u32, ioread32, iowrite32);

/// Registers that are nothing but memory, to test drivers without a device.
///
/// They hold what has been written to them, zero at first, and count how often they have been
/// accessed.
///
/// # Examples
///
/// ```
/// use kernel::{
///     io::register::{FakeRegisters, RegisterIo},
///     register,
/// };
///
/// register! {
///     COMMAND(u32) @ 0x08 {
///         0:0 start as bool;
///     }
/// }
///
/// fn start(io: &FakeRegisters<0x10>) {
///     io.update(COMMAND, |command| command.with_start(true));
/// }
///
/// let io = FakeRegisters::new();
/// io.poke(0x08, 0xff00);
/// start(&io);
/// assert_eq!(io.peek(0x08), 0xff01);
/// assert_eq!((io.reads(), io.writes()), (1, 1));
/// ```
pub struct FakeRegisters<const SIZE: usize> {
    bytes: [Cell<u8>; SIZE],
    reads: Cell<usize>,
    writes: Cell<usize>,
}

impl<const SIZE: usize> FakeRegisters<SIZE> {
    /// Returns registers that are zero.
    pub fn new() -> Self {
        Self {
            bytes: core::array::from_fn(|_| Cell::new(0)),
            reads: Cell::new(0),
            writes: Cell::new(0),
        }
    }

    /// Returns the 32 bits at `offset`, or fewer if the end is nearer, without counting this.
    pub fn peek(&self, offset: usize) -> u32 {
        self.bytes(offset, 4)
            .iter()
            .rev()
            .fold(0, |value, byte| value << 8 | u32::from(byte.get()))
    }

    /// Sets the 32 bits at `offset`, or fewer if the end is nearer, without counting this.
    pub fn poke(&self, offset: usize, value: u32) {
        for (byte, value) in self.bytes(offset, 4).iter().zip(value.to_le_bytes()) {
            byte.set(value);
        }
    }

    /// Returns how many words have been read.
    pub fn reads(&self) -> usize {
        self.reads.get()
    }

    /// Returns how many words have been written.
    pub fn writes(&self) -> usize {
        self.writes.get()
    }

    fn bytes(&self, offset: usize, len: usize) -> &[Cell<u8>] {
        let bytes = self.bytes.get(offset..).unwrap_or(&[]);

        bytes.get(..len).unwrap_or(bytes)
    }
}

impl<const SIZE: usize> Default for FakeRegisters<SIZE> {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: The size is constant.
unsafe impl<const SIZE: usize> RegisterSpace for FakeRegisters<SIZE> {
    type Block = ();

    const SIZE: usize = SIZE;

    fn size(&self) -> usize {
        SIZE
    }
}

macro_rules! impl_fake {
    ($($word:ty),*) => {
        $(
            impl<const SIZE: usize> WordIo<$word> for FakeRegisters<SIZE> {
                unsafe fn read_word(&self, offset: usize) -> $word {
                    const LEN: usize = core::mem::size_of::<$word>();
                    let mut word = [0; LEN];

                    for (to, from) in word.iter_mut().zip(self.bytes(offset, LEN)) {
                        *to = from.get();
                    }
                    self.reads.set(self.reads.get() + 1);

                    <$word>::from_le_bytes(word)
                }

                unsafe fn write_word(&self, word: $word, offset: usize) {
                    const LEN: usize = core::mem::size_of::<$word>();

                    for (to, from) in self.bytes(offset, LEN).iter().zip(word.to_le_bytes()) {
                        to.set(from);
                    }
                    self.writes.set(self.writes.get() + 1);
                }
            }
        )*
    };
}

impl_fake!(u8, u16, u32, u64);

/// Returns the bits `hi` to `lo` set, in a word of `bits` bits.
#[doc(hidden)]
pub const fn field_mask(hi: u32, lo: u32, bits: u32) -> u64 {
    assert!(lo <= hi, "the first bit of a field is its highest one");
    assert!(hi < bits, "field is beyond the end of its register");

    (u64::MAX >> (63 - hi)) & (u64::MAX << lo)
}

/// Returns the greatest value that fits the bits `hi` to `lo`.
#[doc(hidden)]
pub const fn field_max(hi: u32, lo: u32) -> u64 {
    u64::MAX >> (63 - (hi - lo))
}

/// Checks that fields do not overlap.
#[doc(hidden)]
pub const fn check_fields(masks: &[u64]) {
    let mut seen = 0;
    let mut i = 0;

    while i < masks.len() {
        assert!(masks[i] & seen == 0, "fields overlap");
        seen |= masks[i];
        i += 1;
    }
}

/// Checks a constant value of a field.
#[doc(hidden)]
pub struct CheckValue<const VALUE: u64, const MAX: u64>;

impl<const VALUE: u64, const MAX: u64> CheckValue<VALUE, MAX> {
    /// Can be evaluated only if the value fits.
    pub const FITS: () = assert!(VALUE <= MAX, "value does not fit the field");
}

/// Checks a value of a field, which the compiler must know.
#[doc(hidden)]
#[inline(always)]
pub fn assert_value(value: u64, max: u64) {
    build_assert!(value <= max);
}

/// Declares registers, for access through [`RegisterIo`](crate::io::register::RegisterIo).
///
/// ```
/// use kernel::{
///     io::register::{FakeRegisters, RegisterIo},
///     register,
/// };
///
/// #[derive(Debug, PartialEq)]
/// enum Mode {
///     Idle,
///     Copy,
/// }
///
/// impl TryFrom<u8> for Mode {
///     type Error = Error;
///
///     fn try_from(mode: u8) -> Result<Self> {
///         match mode {
///             0 => Ok(Self::Idle),
///             1 => Ok(Self::Copy),
///             _ => Err(EINVAL),
///         }
///     }
/// }
///
/// impl From<Mode> for u8 {
///     fn from(mode: Mode) -> u8 {
///         mode as u8
///     }
/// }
///
/// register! {
///     /// The revision of the device.
///     pub ID(u32) @ 0x00, ro {
///         /// The major revision.
///         31:24 major as u8;
///         23:16 minor as u8;
///     }
///
///     pub CONTROL(u32) @ 0x04 {
///         0:0   enable as bool;
///         5:4   mode as u8 ?=> Mode;
///         15:8  burst as u8;
///         /// Set by the device.
///         16:16 busy as bool, ro;
///         /// Set by the device, cleared by writing 1.
///         17:17 failed as bool, w1c;
///         /// Reads as 0.
///         31:31 reset as bool, wo;
///     }
///
///     pub IRQ(u32) @ 0x08, w1c {
///         0:0 done as bool;
///         1:1 error as bool;
///     }
///
///     /// Wakes the device.
///     pub DOORBELL(u16) @ 0x0c, wo {
///         15:0 queue;
///     }
///
///     /// 8 addresses, 16 bytes apart.
///     pub ADDRESS(u64) @ 0x80[8; 16] {
///         47:0 page;
///         63:63 valid as bool;
///     }
/// }
///
/// fn test(io: &FakeRegisters<0x100>) -> Result {
///     io.poke(0x00, 0x0102_0000);
///     assert_eq!(io.read(ID).major(), 1);
///
///     // All of it, or a part of it. `failed` is left alone by an update.
///     io.write(CONTROL, CONTROL::default().with_burst(16));
///     io.poke(0x04, io.peek(0x04) | 1 << 17);
///     io.update(CONTROL, |r| r.with_enable(true).with_mode(Mode::Copy));
///     assert_eq!(io.peek(0x04), 0x1011);
///     assert_eq!(io.read(CONTROL).mode()?, Mode::Copy);
///
///     // Acknowledge what has been seen.
///     let causes = io.read(IRQ);
///     io.write(IRQ, causes);
///
///     io.write(DOORBELL, DOORBELL::default().with_queue(3));
///
///     // The index of a register is a constant, or checked.
///     io.write(ADDRESS.at::<2>(), ADDRESS::default().with_valid(true));
///     for (i, address) in ADDRESS.iter().enumerate() {
///         assert_eq!(io.read(address).valid(), i == 2);
///     }
///     assert!(ADDRESS.get(8).is_none());
///
///     // A value that is not constant may not fit.
///     assert_eq!(ADDRESS::default().try_with_page(1 << 48), Err(ERANGE));
///     Ok(())
/// }
///
/// let io = FakeRegisters::new();
/// test(&io)?;
/// # Ok::<(), Error>(())
/// ```
///
/// # Registers
///
/// ```text
/// #[attributes] visibility NAME(word) @ offset, kind { fields }
/// #[attributes] visibility NAME(word) @ offset[count; stride], kind { fields }
/// ```
///
/// - `word` is the integer that the register is accessed as: `u8`, `u16`, `u32` or `u64`.
/// - `offset` is in bytes; an expression other than a literal must be in parentheses. `count` is
///   the number of registers in an array, and `stride`, which may be left out, the distance between
///   them in bytes.
/// - `kind` is `ro`, `wo`, `rw` or `w1c`, and `rw` if left out: what the register, and each of its
///   fields unless it says otherwise, is for. A register that is read only can't be written, one
///   that is write only can't be read, and one whose bits are all cleared by writing 1 can't be
///   updated.
///
/// `NAME` is then the type of the value of the register, and a constant for its location, of type
/// [`Fixed`] or [`Array`]. A value has [`Default`], with all bits 0, [`Debug`](core::fmt::Debug),
/// which prints the fields, `|` to combine values, and conversions from and to `word` by [`From`].
///
/// To alias a register, or an element of an array, declare another one at `(NAME::OFFSET)` or
/// `(NAME::OFFSET + 3 * NAME::STRIDE)`.
///
/// # Fields
///
/// ```text
/// #[attributes] high:low name as type, kind;
/// #[attributes] high:low name as type => Type, kind;
/// #[attributes] high:low name as type ?=> Type, kind;
/// ```
///
/// - `high` and `low` are the first and the last bit, both included. Fields must not overlap.
/// - `type` is `bool` for a single bit, or an integer that is not narrower than the field; `word`
///   if left out.
/// - `=> Type` converts what is read by `Type::from(type)`, `?=> Type` by `Type::try_from(type)`,
///   which gives a [`Result`]; and both convert what is written by `type::from(Type)`, of which
///   bits beyond the field are ignored. `Type` must have [`Debug`](core::fmt::Debug).
///
/// Each field has these methods:
///
/// - `name()` returns it.
/// - `with_name(value)` returns the register with the field changed. If `value` may not fit the
///   field, the compiler must know that it does, or else the build fails.
/// - `try_with_name(value)`, for integers, returns [`ERANGE`](crate::error::code::ERANGE) if
///   `value` does not fit.
/// - `with_const_name::<VALUE>()`, for integers, is the same as `with_name(VALUE)`, with a better
///   message if it does not fit.
///
/// [`Fixed`]: crate::io::register::Fixed
/// [`Array`]: crate::io::register::Array
#[macro_export]
macro_rules! register {
    // One register: normalize what can be left out.
    (@one {$block:ty} $(#[$attr:meta])* $vis:vis $name:ident $word:ident {$offset:expr}
     [$($dim:tt)*] [$kind:ident $($default:ident)?] {
        $(
            $(#[$field_attr:meta])*
            $hi:literal : $lo:literal $field:ident
            $(as $type:tt)? $(?=> $try_into:ty)? $(=> $into:ty)? $(, $field_kind:ident)?;
        )*
     }) => {
        $(#[$attr])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        $vis struct $name {
            raw: $word,
        }

        impl $crate::io::register::Register for $name {
            type Word = $word;
            type Block = $block;

            #[inline(always)]
            fn from_word(raw: $word) -> Self {
                Self { raw }
            }

            #[inline(always)]
            fn into_word(self) -> $word {
                self.raw
            }
        }

        impl ::core::default::Default for $name {
            /// Returns the value with all bits 0.
            #[inline(always)]
            fn default() -> Self {
                Self { raw: 0 }
            }
        }

        impl ::core::convert::From<$name> for $word {
            #[inline(always)]
            fn from(value: $name) -> $word {
                value.raw
            }
        }

        impl ::core::convert::From<$word> for $name {
            #[inline(always)]
            fn from(raw: $word) -> Self {
                Self { raw }
            }
        }

        impl ::core::ops::BitOr for $name {
            type Output = Self;

            #[inline(always)]
            fn bitor(self, other: Self) -> Self {
                Self { raw: self.raw | other.raw }
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut debug = f.debug_struct(::core::stringify!($name));

                debug.field("raw", &::core::format_args!("{:#x}", self.raw));
                $(
                    $crate::register!(@debug [$($field_kind)? $kind] self debug $field);
                )*
                debug.finish()
            }
        }

        const _: () = $crate::io::register::check_fields(&[
            $($crate::io::register::field_mask($hi, $lo, <$word>::BITS)),*
        ]);

        $crate::register!(@location $vis $name $word {$offset} [$($dim)*]);
        $crate::register!(@access $name [$kind] $word {
            $([$($field_kind)? $kind] $hi $lo;)*
        });

        // What is given may be anything that lints would have written otherwise.
        #[allow(dead_code, clippy::cast_lossless, clippy::eq_op, clippy::unnecessary_cast)]
        impl $name {
            $(
                $crate::register!(
                    @field [$($field_kind)? $kind] {$(#[$field_attr])*} $vis $word $hi $lo $field
                    [$($type)? $word] {$(?=> $try_into)? $(=> $into)?}
                );
            )*
        }
    };

    // Where it is.
    (@location $vis:vis $name:ident $word:ident {$offset:expr} []) => {
        /// The location of the register.
        #[allow(dead_code)]
        $vis const $name: $crate::io::register::Fixed<$name> = $crate::io::register::Fixed::of();

        impl $crate::io::register::FixedRegister for $name {
            const OFFSET: usize = $offset;
        }

        #[allow(dead_code)]
        impl $name {
            /// The offset in bytes.
            $vis const OFFSET: usize = $offset;
        }
    };
    (@location $vis:vis $name:ident $word:ident {$offset:expr} [$len:expr]) => {
        $crate::register!(
            @location $vis $name $word {$offset} [$len; ::core::mem::size_of::<$word>()]
        );
    };
    (@location $vis:vis $name:ident $word:ident {$offset:expr} [$len:expr; $stride:expr]) => {
        /// The locations of the registers.
        #[allow(dead_code)]
        $vis const $name: $crate::io::register::Array<$name> = $crate::io::register::Array::of();

        impl $crate::io::register::RegisterArray for $name {
            const OFFSET: usize = $offset;
            const LEN: usize = $len;
            const STRIDE: usize = $stride;
        }

        #[allow(dead_code)]
        impl $name {
            /// The offset of the first register in bytes.
            $vis const OFFSET: usize = $offset;
            /// The number of registers.
            $vis const LEN: usize = $len;
            /// The distance from one register to the next in bytes.
            $vis const STRIDE: usize = $stride;
        }

        const _: () = ::core::assert!($len > 0, "an array of registers is empty");
        const _: () = ::core::assert!(
            $stride >= ::core::mem::size_of::<$word>(),
            "the registers of an array overlap"
        );
    };

    // What it is for.
    (@access $name:ident [ro] $word:ident {$($fields:tt)*}) => {
        impl $crate::io::register::Readable for $name {}
    };
    (@access $name:ident [wo] $word:ident {$($fields:tt)*}) => {
        impl $crate::io::register::Writable for $name {}
    };
    (@access $name:ident [w1c] $word:ident {$($fields:tt)*}) => {
        impl $crate::io::register::Readable for $name {}
        impl $crate::io::register::Writable for $name {}
    };
    (@access $name:ident [rw] $word:ident {$([$kind:ident $($rest:ident)?] $hi:tt $lo:tt;)*}) => {
        impl $crate::io::register::Readable for $name {}
        impl $crate::io::register::Writable for $name {}
        impl $crate::io::register::Updatable for $name {
            #[inline(always)]
            fn unchanged(self) -> Self {
                const TRIGGERS: $word =
                    0 $(| $crate::register!(@trigger [$kind] $hi $lo $word))*;

                Self { raw: self.raw & !TRIGGERS }
            }
        }
    };
    (@trigger [w1c] $hi:tt $lo:tt $word:ident) => {
        $crate::io::register::field_mask($hi, $lo, <$word>::BITS) as $word
    };
    (@trigger [wo] $hi:tt $lo:tt $word:ident) => {
        $crate::io::register::field_mask($hi, $lo, <$word>::BITS) as $word
    };
    (@trigger [$other:ident] $hi:tt $lo:tt $word:ident) => { 0 };

    (@debug [wo $($rest:ident)?] $self:ident $debug:ident $field:ident) => {};
    (@debug [$kind:ident $($rest:ident)?] $self:ident $debug:ident $field:ident) => {
        $debug.field(::core::stringify!($field), &$self.$field());
    };

    // The methods of a field, by what it is for.
    (@field [ro $($rest:ident)?] $($field:tt)*) => {
        $crate::register!(@get $($field)*);
    };
    (@field [wo $($rest:ident)?] $($field:tt)*) => {
        $crate::register!(@set $($field)*);
    };
    (@field [rw $($rest:ident)?] $($field:tt)*) => {
        $crate::register!(@get $($field)*);
        $crate::register!(@set $($field)*);
    };
    (@field [w1c $($rest:ident)?] $($field:tt)*) => {
        $crate::register!(@get $($field)*);
        $crate::register!(@set $($field)*);
    };

    (@get {$(#[$attr:meta])*} $vis:vis $word:ident $hi:tt $lo:tt $field:ident
     [bool $($rest:ident)?] {}) => {
        $(#[$attr])*
        #[inline(always)]
        $vis const fn $field(self) -> bool {
            const _: () = ::core::assert!($hi == $lo, "a boolean field has one bit");

            (self.raw >> $lo) & 1 != 0
        }
    };
    (@get {$(#[$attr:meta])*} $vis:vis $word:ident $hi:tt $lo:tt $field:ident
     [bool $($rest:ident)?] {=> $into:ty}) => {
        $(#[$attr])*
        #[inline(always)]
        $vis fn $field(self) -> $into {
            const _: () = ::core::assert!($hi == $lo, "a boolean field has one bit");

            <$into>::from((self.raw >> $lo) & 1 != 0)
        }
    };
    (@get {$(#[$attr:meta])*} $vis:vis $word:ident $hi:tt $lo:tt $field:ident
     [$type:ident $($rest:ident)?] {}) => {
        $(#[$attr])*
        #[inline(always)]
        $vis const fn $field(self) -> $type {
            const MAX: u64 = $crate::io::register::field_max($hi, $lo);
            const _: () = ::core::assert!(MAX <= <$type>::MAX as u64, "field exceeds its type");

            ((self.raw >> $lo) & MAX as $word) as $type
        }
    };
    (@get {$(#[$attr:meta])*} $vis:vis $word:ident $hi:tt $lo:tt $field:ident
     [$type:ident $($rest:ident)?] {=> $into:ty}) => {
        $(#[$attr])*
        #[inline(always)]
        $vis fn $field(self) -> $into {
            const MAX: u64 = $crate::io::register::field_max($hi, $lo);
            const _: () = ::core::assert!(MAX <= <$type>::MAX as u64, "field exceeds its type");

            <$into>::from(((self.raw >> $lo) & MAX as $word) as $type)
        }
    };
    (@get {$(#[$attr:meta])*} $vis:vis $word:ident $hi:tt $lo:tt $field:ident
     [$type:ident $($rest:ident)?] {?=> $into:ty}) => {
        $(#[$attr])*
        #[inline(always)]
        $vis fn $field(
            self,
        ) -> ::core::result::Result<$into, <$into as ::core::convert::TryFrom<$type>>::Error> {
            const MAX: u64 = $crate::io::register::field_max($hi, $lo);
            const _: () = ::core::assert!(MAX <= <$type>::MAX as u64, "field exceeds its type");

            <$into>::try_from(((self.raw >> $lo) & MAX as $word) as $type)
        }
    };

    (@set {$(#[$attr:meta])*} $vis:vis $word:ident $hi:tt $lo:tt $field:ident
     [bool $($rest:ident)?] {}) => {
        $crate::macros::paste! {
            $(#[$attr])*
            #[inline(always)]
            #[must_use]
            $vis const fn [<with_ $field>](self, value: bool) -> Self {
                const _: () = ::core::assert!($hi == $lo, "a boolean field has one bit");

                Self { raw: (self.raw & !(1 << $lo)) | ((value as $word) << $lo) }
            }
        }
    };
    (@set {$(#[$attr:meta])*} $vis:vis $word:ident $hi:tt $lo:tt $field:ident
     [$type:ident $($rest:ident)?] {}) => {
        $crate::macros::paste! {
            #[inline(always)]
            const fn [<set_ $field _unchecked>](self, value: $word) -> Self {
                const MASK: $word =
                    $crate::io::register::field_mask($hi, $lo, <$word>::BITS) as $word;

                Self { raw: (self.raw & !MASK) | ((value << $lo) & MASK) }
            }

            $(#[$attr])*
            #[inline(always)]
            #[must_use]
            $vis fn [<with_ $field>](self, value: $type) -> Self {
                const MAX: u64 = $crate::io::register::field_max($hi, $lo);

                $crate::io::register::assert_value(value as u64, MAX);

                self.[<set_ $field _unchecked>](value as $word)
            }

            $(#[$attr])*
            #[inline(always)]
            #[must_use]
            $vis const fn [<with_const_ $field>]<const VALUE: u64>(self) -> Self {
                let () = $crate::io::register::CheckValue::<
                    VALUE,
                    { $crate::io::register::field_max($hi, $lo) },
                >::FITS;

                self.[<set_ $field _unchecked>](VALUE as $word)
            }

            $(#[$attr])*
            #[inline]
            $vis fn [<try_with_ $field>](self, value: $type) -> $crate::error::Result<Self> {
                const MAX: u64 = $crate::io::register::field_max($hi, $lo);

                if value as u64 > MAX {
                    return ::core::result::Result::Err($crate::error::code::ERANGE);
                }

                ::core::result::Result::Ok(self.[<set_ $field _unchecked>](value as $word))
            }
        }
    };
    (@set {$(#[$attr:meta])*} $vis:vis $word:ident $hi:tt $lo:tt $field:ident
     [$type:ident $($rest:ident)?] {$(?=> $try_into:ty)? $(=> $into:ty)?}) => {
        $crate::macros::paste! {
            $(#[$attr])*
            #[inline(always)]
            #[must_use]
            $vis fn [<with_ $field>](self, value: $($into)? $($try_into)?) -> Self {
                const MASK: $word =
                    $crate::io::register::field_mask($hi, $lo, <$word>::BITS) as $word;

                Self {
                    raw: (self.raw & !MASK) | (((<$type>::from(value) as $word) << $lo) & MASK),
                }
            }
        }
    };

    // All registers.
    (@all {$block:ty} $(
        $(#[$attr:meta])*
        $vis:vis $name:ident($word:ident) @ $offset:tt $([$($dim:tt)*])? $(, $kind:ident)? {
            $($fields:tt)*
        }
    )*) => {
        $(
            $crate::register!(
                @one {$block} $(#[$attr])* $vis $name $word {$offset} [$($($dim)*)?]
                [$($kind)? rw] {$($fields)*}
            );
        )*
    };

    (@ $($other:tt)*) => {
        ::core::compile_error!("not the syntax of a register, see the documentation of register!");
    };

    (for $block:ty; $($registers:tt)*) => {
        $crate::register!(@all {$block} $($registers)*);
    };
    ($($registers:tt)*) => {
        $crate::register!(@all {()} $($registers)*);
    };
}

#[kunit_tests(rust_kernel_io_register)]
mod tests {
    use super::*;

    register! {
        WHOLE(u64) @ 0x00 {
            63:0 all;
        }

        /// Fields of all kinds.
        MIXED(u32) @ 0x08 {
            /// The highest bit.
            31:31 top as bool;
            30:24 seven as u8;
            17:17 once as bool, wo;
            16:16 seen as bool, w1c;
            15:8  fixed as u8, ro;
            0:0   flag as bool;
        }

        CAUSES(u8) @ 0x0c, w1c {
            7:7 error as bool;
        }

        TABLE(u16) @ 0x10[4; 8] {
            11:4 middle as u8;
        }

        LAST(u16) @ (TABLE::OFFSET + 3 * TABLE::STRIDE), ro {
            15:0 all;
        }
    }

    #[test]
    fn masks() {
        assert_eq!(field_mask(0, 0, 32), 1);
        assert_eq!(field_mask(31, 31, 32), 1 << 31);
        assert_eq!(field_mask(63, 0, 64), u64::MAX);
        assert_eq!(field_mask(63, 63, 64), 1 << 63);
        assert_eq!(field_mask(11, 4, 16), 0xff0);
        assert_eq!(field_max(63, 0), u64::MAX);
        assert_eq!(field_max(5, 5), 1);
        assert_eq!(field_max(11, 4), 0xff);
    }

    #[test]
    fn fields_leave_their_neighbours_alone() {
        let ones = MIXED::from(u32::MAX);

        assert_eq!(u32::from(ones.with_seven(0)), 0x80ff_ffff);
        assert_eq!(u32::from(ones.with_top(false)), 0x7fff_ffff);
        assert_eq!(u32::from(MIXED::default().with_seven(0x7f)), 0x7f00_0000);
        assert_eq!(
            u32::from(MIXED::default().with_const_seven::<0x55>()),
            0x5500_0000
        );
        assert_eq!(ones.seven(), 0x7f);
        assert_eq!(ones.fixed(), 0xff);
        assert_eq!(u64::from(WHOLE::default().with_all(u64::MAX)), u64::MAX);
        assert_eq!(u16::from(TABLE::from(0xf00f).with_middle(0xab)), 0xfabf);
        assert_eq!(TABLE::from(0xfabf).middle(), 0xab);
    }

    #[test]
    fn values_must_fit() {
        let value = MIXED::default();

        assert_eq!(value.try_with_seven(0x7f), Ok(value.with_seven(0x7f)));
        assert_eq!(value.try_with_seven(0x80), Err(ERANGE));
        assert_eq!(value.try_with_seven(0xff), Err(ERANGE));
        assert!(TABLE::default().try_with_middle(0xff).is_ok());
    }

    #[test]
    fn update_triggers_nothing() {
        let io = FakeRegisters::<0x30>::new();

        io.poke(0x08, u32::MAX);
        io.update(MIXED, |r| r.with_flag(false));
        assert_eq!(io.peek(0x08), 0xfffc_fffe);

        io.poke(0x08, 1 << 16);
        io.update(MIXED, |r| r.with_seen(true).with_once(true));
        assert_eq!(io.peek(0x08), 3 << 16);
    }

    #[test]
    fn each_access_is_one() {
        let io = FakeRegisters::<0x30>::new();

        io.read(MIXED);
        io.read(WHOLE);
        assert_eq!((io.reads(), io.writes()), (2, 0));
        io.write(MIXED, MIXED::default());
        assert_eq!((io.reads(), io.writes()), (2, 1));
        io.update(TABLE.at::<1>(), |r| r.with_middle(3));
        assert_eq!((io.reads(), io.writes()), (3, 2));
        io.write(CAUSES, io.read(CAUSES));
        assert_eq!((io.reads(), io.writes()), (4, 3));
    }

    #[test]
    fn arrays_have_a_stride() {
        let io = FakeRegisters::<0x30>::new();

        io.write(TABLE.at::<3>(), TABLE::from(0x1234));
        assert_eq!(io.peek(0x28), 0x1234);
        assert_eq!(io.read(LAST).all(), 0x1234);

        for (i, location) in TABLE.iter().enumerate() {
            io.write(location, TABLE::from(i as u16 + 1));
        }
        for i in 0..4 {
            assert_eq!(io.peek(0x10 + 8 * i), i as u32 + 1);
        }
        assert!(TABLE.get(3).is_some());
        assert!(TABLE.get(4).is_none());
        assert!(TABLE.get(usize::MAX).is_none());
    }

    #[test]
    fn bounds_at_run_time() {
        let io = FakeRegisters::<0x12>::new();

        assert!(io.try_read(MIXED).is_ok());
        assert!(io.try_write(TABLE.at::<0>(), TABLE::default()).is_ok());
        assert_eq!(io.try_read(TABLE.at::<1>()), Err(EINVAL));
        assert_eq!(io.try_read(LAST), Err(EINVAL));
        assert_eq!(io.try_update(TABLE.at::<2>(), |r| r), Err(EINVAL));
        assert_eq!((io.reads(), io.writes()), (1, 1));
    }

    #[test]
    fn blocks_have_a_base() {
        struct Part;

        impl RegisterBlock for Part {
            const SIZE: usize = 0x10;
        }

        register! {
            for Part;

            PART_ID(u32) @ 0x04 {
                31:0 all;
            }
        }

        let io = FakeRegisters::<0x30>::new();
        let part = io.block::<Part, 0x20>();

        part.write(PART_ID, PART_ID::from(5));
        assert_eq!(part.read(PART_ID).all(), 5);
        assert_eq!(io.peek(0x24), 5);
        assert_eq!(part.size(), 0x10);
    }
}
