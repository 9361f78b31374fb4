// SPDX-License-Identifier: GPL-2.0

//! Pools of small blocks of coherent memory.
//!
//! C header: [`include/linux/dmapool.h`](srctree/include/linux/dmapool.h)
//!
//! See [`Pool`].

use super::{
    read_volatile_bytes, slots::Parkable, streaming::private::Sealed, write_volatile_bytes,
    DmaAddress, Mapper,
};
use crate::{
    alloc::{flags::__GFP_ZERO, Flags},
    bindings,
    device::{Bound, Device},
    devres::Devres,
    prelude::*,
    sync::{aref::ARef, Arc},
    transmute::{AsBytes, FromBytes},
};
use core::{
    marker::PhantomData,
    mem::{align_of, size_of, ManuallyDrop},
    ptr::NonNull,
};

/// # Invariants
///
/// `pool` is valid, has been created for `dev` in the present binding, and is destroyed when this
/// is dropped; that is before the device is unbound.
struct Inner {
    pool: NonNull<bindings::dma_pool>,
    dev: ARef<Device>,
}

// SAFETY: A DMA pool may be used by, and destroyed in, any thread.
unsafe impl Send for Inner {}

// SAFETY: A DMA pool has a lock of its own.
unsafe impl Sync for Inner {}

impl Drop for Inner {
    fn drop(&mut self) {
        // If there are still blocks, which is so only if they have been leaked, this complains and
        // leaks all of the memory.
        //
        // SAFETY: By the type invariants; blocks that have not been leaked borrow the pool.
        unsafe { bindings::dma_pool_destroy(self.pool.as_ptr()) };
    }
}

/// A pool of blocks of coherent memory, each of the size of a `T`.
///
/// Coherent memory is allocated by whole pages. A pool is for descriptors and commands, which are
/// smaller and many.
///
/// # Lifetime
///
/// Like [`CoherentAllocation`](super::CoherentAllocation) a pool comes in a [`Devres`]. It is
/// destroyed when the [`Devres`] and all [`Slots`](super::Slots) for its blocks have been dropped,
/// but not later than when the device is unbound. Both must happen in process context.
///
/// A [`Block`] borrows the pool, thus can't outlive it. To keep blocks for longer put them into
/// [`Slots`](super::Slots). If a block is leaked, e.g. by [`core::mem::forget`], none of the memory
/// of the pool is freed when it is destroyed, and C complains.
///
/// # Examples
///
/// ```
/// # use kernel::{device::{Bound, Device}, devres::Devres};
/// use kernel::{c_str, dma::Pool};
///
/// fn test(dev: &Device<Bound>) -> Result {
///     let pool = KBox::pin_init(Pool::<[u32; 4]>::new(dev, c_str!("commands")), GFP_KERNEL)?;
///     let pool = pool.access(dev)?;
///
///     let mut block = pool.zalloc(GFP_KERNEL)?;
///     block.write([1, 2, 3, 4]);
///
///     // Have the device read `block.dma_address()` and write its answer ...
///
///     let [status, ..] = block.read();
///     # let _ = status;
///     Ok(())
/// }
/// ```
pub struct Pool<T> {
    inner: Arc<Inner>,
    // The blocks are no part of the pool; they need not be `Send` for it to be so.
    _type: PhantomData<fn() -> T>,
}

impl<T: AsBytes + FromBytes + 'static> Pool<T> {
    /// Creates a pool, with blocks that are aligned as `T` needs it.
    ///
    /// `name` is shown in the attribute `pools` of the device in sysfs.
    ///
    /// Must be called from process context; may sleep. This is the equivalent of
    /// `dma_pool_create()`, or because of the [`Devres`], `dmam_pool_create()`.
    ///
    /// # Errors
    ///
    /// - [`EBUSY`] if this races with a change of the DMA masks, which is a bug of the driver, see
    ///   [`dma::Device`](super::Device).
    /// - [`EIO`] if the device can't do DMA.
    /// - [`ENOMEM`] if there is no memory.
    pub fn new<'a>(dev: &'a Device<Bound>, name: &'a CStr) -> impl PinInit<Devres<Self>, Error> + 'a
    where
        T: 'a,
    {
        Self::with_layout(dev, name, 1, 0)
    }

    /// Creates a pool, with blocks that are aligned to `align` bytes at least, and don't cross a
    /// multiple of `boundary` bytes.
    ///
    /// Context and errors are the same as for [`Pool::new`]; also [`EINVAL`] if `align` is not a
    /// power of two, or `boundary` is neither 0 nor a power of two that is at least the size of a
    /// block.
    pub fn with_layout<'a>(
        dev: &'a Device<Bound>,
        name: &'a CStr,
        align: usize,
        boundary: usize,
    ) -> impl PinInit<Devres<Self>, Error> + 'a
    where
        T: 'a,
    {
        const {
            assert!(size_of::<T>() > 0, "A block must have a size");
            assert!(
                size_of::<T>() <= i32::MAX as usize,
                "A block must not have more than INT_MAX bytes"
            );
            assert!(
                align_of::<T>() <= crate::page::PAGE_SIZE,
                "Coherent memory is aligned to pages, not more"
            );
        }

        Devres::new_with(dev, move || Self::create(dev, name, align, boundary))
    }

    fn create(dev: &Device<Bound>, name: &CStr, align: usize, boundary: usize) -> Result<Self> {
        if !align.is_power_of_two() {
            return Err(EINVAL);
        }

        let align = align.max(align_of::<T>());
        if size_of::<T>().checked_next_multiple_of(align).is_none()
            || (boundary != 0
                && (!boundary.is_power_of_two()
                    || boundary < size_of::<T>().next_multiple_of(align)))
        {
            return Err(EINVAL);
        }

        Mapper::of(dev)?;
        // SAFETY: `dev.as_raw()` is valid.
        if unsafe { (*dev.as_raw()).coherent_dma_mask } == 0 {
            return Err(EIO);
        }

        // SAFETY: `dev` is bound and may do DMA; `name` is copied.
        let pool = unsafe {
            bindings::dma_pool_create_node(
                name.as_char_ptr(),
                dev.as_raw(),
                size_of::<T>(),
                align,
                boundary,
                bindings::NUMA_NO_NODE,
            )
        };
        let pool = NonNull::new(pool).ok_or(ENOMEM)?;

        // INVARIANT: The pool has just been created. `Self` is put into a `Devres`, and so are
        // further references, by `Slots`.
        let inner = Inner {
            pool,
            dev: dev.into(),
        };

        Ok(Self {
            inner: Arc::new(inner, GFP_KERNEL)?,
            _type: PhantomData,
        })
    }

    /// Allocates a block of zeroes.
    ///
    /// Context and errors are the same as for [`Pool::alloc`]. This is the equivalent of
    /// `dma_pool_zalloc()`.
    #[inline]
    pub fn zalloc(&self, flags: Flags) -> Result<Block<'_, T>> {
        self.alloc(flags | __GFP_ZERO)
    }

    /// Allocates a block.
    ///
    /// What it contains is unpredictable: what it had in it when it was freed the last time, or
    /// what C uses to manage the pool, including addresses in the kernel. Overwrite all of it
    /// before the device is told about it, or call [`Pool::zalloc`].
    ///
    /// May be called from the context that `flags` allow, with [`GFP_ATOMIC`] from any. This is the
    /// equivalent of `dma_pool_alloc()`.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory.
    #[inline]
    pub fn alloc(&self, flags: Flags) -> Result<Block<'_, T>> {
        let mut handle = 0;

        // SAFETY: By the type invariants of `Inner` the pool is valid.
        let cpu = unsafe {
            bindings::dma_pool_alloc(self.inner.pool.as_ptr(), flags.as_raw(), &mut handle)
        };

        // INVARIANT: The block has just been allocated, and nobody else knows it. Its memory comes
        // from `dma_alloc_coherent()`, which zeroes it, thus is initialized. The pool has been
        // created with the size and at least the alignment of `T`.
        Ok(Block {
            pool: self,
            cpu: NonNull::new(cpu.cast()).ok_or(ENOMEM)?,
            handle,
        })
    }
}

impl<T> Pool<T> {
    /// Returns the device.
    pub fn device(&self) -> &Device {
        &self.inner.dev
    }

    /// As long as a reference to `self` lives, memory may be mapped as well.
    fn mapper(&self) -> &Mapper {
        // INVARIANT: `Self` is in a `Devres`; `Mapper::of` has been called before.
        //
        // SAFETY: As above.
        unsafe { Mapper::from_device(&self.inner.dev) }
    }
}

/// A block of a [`Pool`].
///
/// It is given back to the pool when it is dropped, which may happen in any context. Make sure that
/// the device does not access it any more before.
///
/// The device may read and write the block at any time. As with
/// [`CoherentAllocation`](super::CoherentAllocation), all accesses by the CPU are volatile and may
/// see any mixture of old and new bytes. All methods may be called from any context.
///
/// # Examples
///
/// ```
/// # use kernel::transmute::{AsBytes, FromBytes};
/// use core::mem::offset_of;
/// use kernel::dma::Pool;
///
/// #[repr(C)]
/// struct Command {
///     opcode: u32,
///     status: u32,
/// }
///
/// # // SAFETY: All bytes are a valid `Command`.
/// # unsafe impl FromBytes for Command {}
/// # // SAFETY: There is no padding.
/// # unsafe impl AsBytes for Command {}
///
/// fn submit(pool: &Pool<Command>) -> Result<u32> {
///     let mut command = pool.alloc(GFP_ATOMIC)?;
///     command.write(Command { opcode: 1, status: 0 });
///
///     // Have the device execute it ...
///
///     command.read_at(offset_of!(Command, status))
/// }
/// ```
///
/// # Invariants
///
/// - `cpu` points to a block of `pool`, aligned for `T` and initialized, to which no Rust reference
///   exists, and which is at `handle` for the device.
/// - `self` is the only one that refers to the block.
pub struct Block<'a, T> {
    pool: &'a Pool<T>,
    cpu: NonNull<T>,
    handle: DmaAddress,
}

// SAFETY: A block may be accessed and freed by any thread if `T` may.
unsafe impl<T: Send> Send for Block<'_, T> {}

impl<T> Block<'_, T> {
    /// Returns the address of the block for the device.
    #[inline]
    pub fn dma_address(&self) -> DmaAddress {
        self.handle
    }
}

impl<T: AsBytes + FromBytes> Block<'_, T> {
    /// Returns the content.
    #[inline]
    pub fn read(&self) -> T {
        // SAFETY: By the type invariants `cpu` is valid for reads, and any bytes are a valid `T`.
        // About volatile accesses that race with the device see `CoherentAllocation::field_read`.
        unsafe { self.cpu.as_ptr().read_volatile() }
    }

    /// Replaces the content.
    #[inline]
    pub fn write(&mut self, value: T) {
        // SAFETY: By the type invariants `cpu` is valid for writes. About volatile accesses that
        // race with the device see `CoherentAllocation::field_write`.
        unsafe { self.cpu.as_ptr().write_volatile(value) };
    }

    /// Returns a pointer to a `F` that begins `offset` bytes from the start.
    #[inline]
    fn field<F>(&self, offset: usize) -> Result<*mut F> {
        let end = offset.checked_add(size_of::<F>()).ok_or(EINVAL)?;
        if end > size_of::<T>()
            || align_of::<F>() > align_of::<T>()
            || offset % align_of::<F>() != 0
        {
            return Err(EINVAL);
        }

        // SAFETY: The offset is inside of the block.
        Ok(unsafe { self.cpu.as_ptr().byte_add(offset) }.cast())
    }

    /// Returns the value that begins `offset` bytes from the start.
    ///
    /// With a constant offset there is nothing left to check when the driver runs.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if it exceeds the block, or is not aligned.
    #[inline]
    pub fn read_at<F: FromBytes>(&self, offset: usize) -> Result<F> {
        let field = self.field::<F>(offset)?;

        // SAFETY: `field` is aligned and inside of the block, and any bytes are a valid `F`; see
        // also `Self::read`.
        Ok(unsafe { field.read_volatile() })
    }

    /// Replaces the value that begins `offset` bytes from the start.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if it exceeds the block, or is not aligned; then nothing is written.
    #[inline]
    pub fn write_at<F: AsBytes>(&mut self, offset: usize, value: F) -> Result {
        let field = self.field::<F>(offset)?;

        // SAFETY: `field` is aligned and inside of the block, and any bytes are a valid `T`; see
        // also `Self::write`.
        unsafe { field.write_volatile(value) };
        Ok(())
    }

    fn check_range(offset: usize, len: usize) -> Result {
        if offset.checked_add(len).ok_or(EINVAL)? > size_of::<T>() {
            return Err(EINVAL);
        }
        Ok(())
    }

    /// Copies bytes, beginning `offset` bytes from the start, to `dst`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if they exceed the block.
    pub fn read_into(&self, offset: usize, dst: &mut [u8]) -> Result {
        Self::check_range(offset, dst.len())?;

        // SAFETY: By the type invariants, as the range has just been checked; no reference to the
        // block exists, hence it does not overlap with `dst`.
        unsafe {
            read_volatile_bytes(
                self.cpu.as_ptr().cast::<u8>().add(offset),
                dst.as_mut_ptr(),
                dst.len(),
            )
        };
        Ok(())
    }

    /// Copies `src` to the block, beginning `offset` bytes from the start.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if it exceeds the block; then nothing is written.
    pub fn write_from(&mut self, offset: usize, src: &[u8]) -> Result {
        Self::check_range(offset, src.len())?;

        // SAFETY: By the type invariants, as the range has just been checked; no reference to the
        // block exists, hence it does not overlap with `src`. Any bytes are a valid `T`.
        unsafe {
            write_volatile_bytes(
                src.as_ptr(),
                self.cpu.as_ptr().cast::<u8>().add(offset),
                src.len(),
            )
        };
        Ok(())
    }
}

impl<T> Drop for Block<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants; the pool is valid as long as it is borrowed.
        unsafe {
            bindings::dma_pool_free(
                self.pool.inner.pool.as_ptr(),
                self.cpu.as_ptr().cast(),
                self.handle,
            )
        };
    }
}

/// A [`Block`] in [`Slots`](super::Slots).
///
/// Dropping it is a leak.
#[doc(hidden)]
pub struct ParkedBlock<T> {
    cpu: NonNull<T>,
    handle: DmaAddress,
}

// SAFETY: The same as for `Block`.
unsafe impl<T: Send> Send for ParkedBlock<T> {}

impl<T> Sealed for Block<'static, T> {}

// SAFETY: The anchor is a further reference to the pool, and only the same pool is accepted.
unsafe impl<T: Send + 'static> Parkable for Block<'static, T> {
    type Live<'a> = Block<'a, T>;
    type Home = Pool<T>;
    type Anchor = Pool<T>;
    type Parked = ParkedBlock<T>;

    unsafe fn anchor(home: &Pool<T>) -> Pool<T> {
        Pool {
            inner: home.inner.clone(),
            _type: PhantomData,
        }
    }

    fn mapper(home: &Pool<T>) -> &Mapper {
        home.mapper()
    }

    fn home<'l, 'a: 'l>(live: &'l Block<'a, T>) -> &'a Pool<T> {
        live.pool
    }

    fn anchored<'s>(anchor: &'s Pool<T>) -> &'s Pool<T> {
        anchor
    }

    fn same(anchor: &Pool<T>, home: &Pool<T>) -> bool {
        Arc::ptr_eq(&anchor.inner, &home.inner)
    }

    fn park(live: Block<'_, T>) -> ParkedBlock<T> {
        let live = ManuallyDrop::new(live);

        ParkedBlock {
            cpu: live.cpu,
            handle: live.handle,
        }
    }

    unsafe fn unpark<'a>(parked: ParkedBlock<T>, home: &'a Pool<T>) -> Block<'a, T> {
        // INVARIANT: By the safety requirements of this function, and the invariants of the `Block`
        // that has been parked.
        Block {
            pool: home,
            cpu: parked.cpu,
            handle: parked.handle,
        }
    }
}

#[kunit_tests(rust_kernel_dma_pool)]
mod tests {
    use super::super::{testing::TestDevice, Slots};
    use super::*;
    use crate::c_str;

    #[test]
    fn blocks_are_accessed() -> Result {
        let device = TestDevice::new(c_str!("rust_dma_pool"))?;
        let dev = device.bound();
        let pool = Pool::<[u32; 5]>::with_layout(dev, c_str!("test"), 64, 4096);
        let pool = KBox::pin_init(pool, GFP_KERNEL)?;
        let pool = pool.access(dev)?;

        let mut block = pool.zalloc(GFP_KERNEL)?;
        assert_eq!(block.read(), [0; 5]);
        assert_eq!(block.dma_address() % 64, 0);
        block.write([1, 2, 3, 4, 5]);
        block.write_at(4, 6u32)?;
        assert_eq!(block.read(), [1, 6, 3, 4, 5]);
        assert_eq!(block.read_at::<u32>(16), Ok(5));

        // Beyond the end, not aligned, more aligned than the block.
        assert_eq!(block.read_at::<u32>(20), Err(EINVAL));
        assert_eq!(block.read_at::<u32>(usize::MAX), Err(EINVAL));
        assert_eq!(block.read_at::<u32>(2), Err(EINVAL));
        assert_eq!(block.read_at::<u64>(8), Err(EINVAL));
        assert_eq!(block.write_at(17, 0u32), Err(EINVAL));

        let mut bytes = [0; 3];
        block.write_from(17, &[7, 8, 9])?;
        block.read_into(17, &mut bytes)?;
        assert_eq!(bytes, [7, 8, 9]);
        assert_eq!(block.read_into(18, &mut bytes), Err(EINVAL));
        assert_eq!(block.write_from(usize::MAX, &bytes), Err(EINVAL));

        let other = pool.alloc(GFP_ATOMIC)?;
        assert!(other.dma_address() != block.dma_address());

        Ok(())
    }

    #[test]
    fn layouts_are_checked() -> Result {
        let device = TestDevice::new(c_str!("rust_dma_pool_layout"))?;
        let dev = device.bound();

        for (align, boundary, error) in [
            (8, 0, None),
            (8, 16, None),
            (3, 0, Some(EINVAL)),
            (8, 24, Some(EINVAL)),
            (8, 8, Some(EINVAL)),
            (usize::MAX, 0, Some(EINVAL)),
        ] {
            let pool = Pool::<[u64; 2]>::with_layout(dev, c_str!("test"), align, boundary);

            assert_eq!(KBox::pin_init(pool, GFP_KERNEL).err(), error);
        }

        Ok(())
    }

    #[test]
    fn blocks_are_stored() -> Result {
        let device = TestDevice::new(c_str!("rust_dma_pool_slots"))?;

        device.with_binding(|dev| {
            let pool = KBox::pin_init(Pool::<[u8; 100]>::new(dev, c_str!("one")), GFP_KERNEL)?;
            let other = KBox::pin_init(Pool::<[u8; 100]>::new(dev, c_str!("two")), GFP_KERNEL)?;
            let mut slots =
                Slots::<Block<'static, [u8; 100]>>::new(dev, pool.access(dev)?, 3, GFP_KERNEL)?;

            let mut block = pool.access(dev)?.alloc(GFP_KERNEL)?;
            block.write([4; 100]);
            slots.put(0, block)?;
            slots.put(1, pool.access(dev)?.zalloc(GFP_KERNEL)?)?;

            // Another pool of the same device.
            let block = other.access(dev)?.zalloc(GFP_KERNEL)?;
            assert!(slots
                .put(2, block)
                .is_err_and(|rejected| rejected.error() == EINVAL));
            let taken = slots.take(0, other.access(dev)?);
            assert!(taken.is_err_and(|error| error == EINVAL));

            let block = slots.take(0, pool.access(dev)?)?.ok_or(EIO)?;
            assert_eq!(block.read(), [4; 100]);
            drop(block);

            // The slots keep the pool alive, for the block that is still in there.
            drop(pool);
            drop(slots);

            Ok(())
        })
    }

    #[test]
    fn pool_is_destroyed_with_the_binding() -> Result {
        let device = TestDevice::new(c_str!("rust_dma_pool_unbind"))?;

        let (pool, slots) = device.with_binding(|dev| {
            let pool = KBox::pin_init(Pool::<u64>::new(dev, c_str!("test")), GFP_KERNEL)?;
            let mut slots =
                Slots::<Block<'static, u64>>::new(dev, pool.access(dev)?, 1, GFP_KERNEL)?;
            slots.put(0, pool.access(dev)?.zalloc(GFP_KERNEL)?)?;

            Ok((pool, slots))
        })?;
        assert!(pool.try_access().is_none());
        drop(slots);

        Ok(())
    }
}
