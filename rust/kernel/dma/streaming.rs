// SPDX-License-Identifier: GPL-2.0

//! Streaming DMA mappings.
//!
//! C header: [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h)
//!
//! Reference: <https://docs.kernel.org/core-api/dma-api.html>
//!
//! See [`Mapping`].

use super::{attrs, begin_use, Attrs, DataDirection, DmaAddress};
use crate::{
    bindings, device,
    device::Bound,
    devres::Devres,
    error::{to_result, Error, Result},
    io::resource::{Flags, Resource},
    page::{Page, PAGE_SIZE},
    prelude::*,
    sync::aref::ARef,
    transmute::{AsBytes, FromBytes},
};
use core::{
    marker::PhantomData,
    mem::{size_of, size_of_val, ManuallyDrop},
    ops::{Deref, DerefMut, Range},
    ptr::{self, NonNull},
};

/// Only the kernel crate implements the traits that are based on this one.
pub(crate) mod private {
    pub trait Sealed {}
}

use private::Sealed;

/// In which direction the data of a [`Mapping`] goes: [`ToDevice`], [`FromDevice`] or
/// [`Bidirectional`].
///
/// This is [`DataDirection`] as a type.
pub trait Direction: Sealed + Send + Sync + 'static {
    /// The value for C.
    const DATA_DIRECTION: DataDirection;
}

/// A [`Direction`] in which the CPU has data for the device, hence may write to the memory.
pub trait CpuWrites: Direction {}

/// The device reads the memory (`DMA_TO_DEVICE`).
#[derive(Clone, Copy, Debug)]
pub struct ToDevice;

/// The device writes to the memory (`DMA_FROM_DEVICE`).
#[derive(Clone, Copy, Debug)]
pub struct FromDevice;

/// The device reads the memory and writes to it (`DMA_BIDIRECTIONAL`).
#[derive(Clone, Copy, Debug)]
pub struct Bidirectional;

impl Sealed for ToDevice {}
impl Sealed for FromDevice {}
impl Sealed for Bidirectional {}

impl Direction for ToDevice {
    const DATA_DIRECTION: DataDirection = DataDirection::ToDevice;
}

impl Direction for FromDevice {
    const DATA_DIRECTION: DataDirection = DataDirection::FromDevice;
}

impl Direction for Bidirectional {
    const DATA_DIRECTION: DataDirection = DataDirection::Bidirectional;
}

impl CpuWrites for ToDevice {}
impl CpuWrites for Bidirectional {}

/// Who may touch the memory of a [`Mapping`]: [`ByDevice`] or [`ByCpu`].
pub trait Ownership: Sealed + Send + Sync + 'static {
    /// The attributes for [`Mapping::unmap`].
    #[doc(hidden)]
    const UNMAP_ATTRS: c_ulong;
}

/// The device may access the memory of the [`Mapping`], the CPU must not.
#[derive(Clone, Copy, Debug)]
pub struct ByDevice;

/// The CPU may access the memory of the [`Mapping`], the device must not.
#[derive(Clone, Copy, Debug)]
pub struct ByCpu;

impl Sealed for ByDevice {}
impl Sealed for ByCpu {}

impl Ownership for ByDevice {
    const UNMAP_ATTRS: c_ulong = 0;
}

impl Ownership for ByCpu {
    const UNMAP_ATTRS: c_ulong = SKIP_CPU_SYNC;
}

/// The right to map memory for a device, which is there only as long as the device is bound.
///
/// A `&Mapper` is a proof, like a [`&Device<Bound>`](device::Device): as long as it lives, memory
/// can be mapped and unmapped. There are two ways to get one:
///
/// - [`Mapper::of`], for mappings that don't outlive the function that is given the device.
/// - [`Mapper::bound`] gives a [`Devres`] to be kept with the data of the driver. Like anything in
///   a [`Devres`] it is accessed by [`Devres::access`] where there is a `&Device<Bound>`, such as
///   in an interrupt handler, and by [`Devres::try_access`], in an RCU read side critical section,
///   everywhere else.
///
/// A mapping that has to be kept when the `&Mapper` is gone goes into [`Slots`](super::Slots).
///
/// # Examples
///
/// ```
/// # use kernel::device::{Bound, Device};
/// use kernel::dma::{FromDevice, Mapper};
///
/// /// Returns the first byte which the device has written.
/// fn test(dev: &Device<Bound>) -> Result<u8> {
///     let buffer = KVec::from_elem(0u8, 2048, GFP_KERNEL)?;
///     let mapping = Mapper::of(dev)?.map(buffer, FromDevice)?;
///
///     // Have the device write to `mapping.dma_address()`, and wait until it has ...
///
///     let buffer = mapping.unmap();
///     buffer.first().copied().ok_or(EIO)
/// }
/// ```
///
/// # Invariants
///
/// As long as a `&Mapper` lives:
///
/// - The device is bound, and its resources which are managed by devres and which were available at
///   any time during the life of the `&Mapper` have not been released by devres.
/// - [`begin_use`] has been called in this binding.
/// - The device has a DMA mask.
#[repr(transparent)]
pub struct Mapper(device::Device);

impl Mapper {
    /// Returns the right to map memory for `dev` as long as it is bound.
    ///
    /// From here on the DMA masks can't be changed any more. Must be called from process context;
    /// may sleep. It takes a lock and looks for something in a list: call [`Mapper::bound`] instead
    /// where it is needed often.
    ///
    /// # Errors
    ///
    /// - [`EBUSY`] if this races with a change of the DMA masks, which is a bug of the driver, see
    ///   [`dma::Device`](super::Device).
    /// - [`EIO`] if the device can't do DMA, as its bus has not given it a mask.
    /// - [`ENOMEM`] if there is no memory.
    pub fn of(dev: &device::Device<Bound>) -> Result<&Self> {
        begin_use(dev)?;

        // SAFETY: `dev.as_raw()` is valid; the bus sets the pointer before the device is bound.
        if unsafe { (*dev.as_raw()).dma_mask }.is_null() {
            return Err(EIO);
        }

        // INVARIANT: `dev` is bound as long as the reference lives, thus the same is true for the
        // result. There is no `Device<Bound>` any more when devres begins to release. The rest has
        // just been checked.
        //
        // SAFETY: `Mapper` is a transparent wrapper of `Device`.
        Ok(unsafe { Self::from_device(dev) })
    }

    /// Returns the right to map memory for `dev`, to be kept as long as the device is bound.
    ///
    /// Context and errors are the same as for [`Mapper::of`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::{device::{Bound, Device}, devres::Devres};
    /// use kernel::dma::{BoundMapper, Mapper, ToDevice};
    ///
    /// struct Driver {
    ///     mapper: Pin<KBox<Devres<BoundMapper>>>,
    /// }
    ///
    /// impl Driver {
    ///     fn probe(dev: &Device<Bound>) -> Result<Self> {
    ///         Ok(Self {
    ///             mapper: KBox::pin_init(Mapper::bound(dev), GFP_KERNEL)?,
    ///         })
    ///     }
    ///
    ///     fn interrupt(&self, dev: &Device<Bound>, data: KVec<u8>) -> Result {
    ///         let mapping = self.mapper.access(dev)?.map(data, ToDevice)?;
    ///
    ///         drop(mapping);
    ///         Ok(())
    ///     }
    ///
    ///     fn elsewhere(&self, data: KVec<u8>) -> Result {
    ///         // No sleeping until `mapper` is dropped.
    ///         let mapper = self.mapper.try_access().ok_or(ENODEV)?;
    ///         let mapping = mapper.map(data, ToDevice)?;
    ///
    ///         drop(mapping);
    ///         Ok(())
    ///     }
    /// }
    /// ```
    pub fn bound<'a>(
        dev: &'a device::Device<Bound>,
    ) -> impl PinInit<Devres<BoundMapper>, Error> + 'a {
        Devres::new_with(dev, || Ok(BoundMapper(Self::of(dev)?.device().into())))
    }

    /// # Safety
    ///
    /// The type invariants must hold as long as the returned reference lives.
    pub(crate) unsafe fn from_device(dev: &device::Device) -> &Self {
        // SAFETY: `Mapper` is a transparent wrapper of `Device`; the rest by the safety
        // requirements of this function.
        unsafe { &*ptr::from_ref(dev).cast() }
    }

    /// Returns the device.
    #[inline]
    pub fn device(&self) -> &device::Device {
        &self.0
    }

    #[inline]
    pub(crate) fn as_raw(&self) -> *mut bindings::device {
        self.0.as_raw()
    }

    /// Returns the device as bound, to access a [`Devres`].
    ///
    /// # Safety
    ///
    /// The result must be used for [`Devres::access`] only.
    pub(crate) unsafe fn device_for_access(&self) -> &device::Device<Bound> {
        // SAFETY: By the type invariants the device is bound as long as `self` lives. What is
        // available to `Devres::access` is not released until then, as devres either waits for the
        // RCU read side critical section in which `self` has been obtained, or begins to release
        // when the `Device<Bound>` that `self` stems from is gone.
        unsafe { self.0.as_bound() }
    }

    /// Maps `owner`, so that the device may access it.
    ///
    /// This may be called from any context, also with a spinlock held or from an interrupt handler,
    /// and does not sleep or allocate anything beyond what C does.
    ///
    /// This is the equivalent of `dma_map_single()`, `dma_map_page()` or `dma_map_sgtable()`,
    /// depending on `owner`, followed by `dma_mapping_error()`.
    ///
    /// # Errors
    ///
    /// They come with `owner`, see [`Rejected`].
    ///
    /// - [`EINVAL`] if there are no bytes to map.
    /// - [`ENOMEM`] if the memory is out of reach of the device, and can't be brought into its
    ///   reach; or if the IOMMU is out of addresses. May succeed later.
    /// - [`EIO`], [`EREMOTEIO`] for other failures with scatter-gather lists.
    #[inline]
    pub fn map<O: Owner, D: Direction>(
        &self,
        owner: O,
        direction: D,
    ) -> Result<Mapping<'_, O, D>, Rejected<O>> {
        self.map_raw(owner, direction, 0)
    }

    /// Maps `owner` like [`Mapper::map`], with attributes.
    ///
    /// These attributes are of use:
    ///
    /// - [`DMA_ATTR_SKIP_CPU_SYNC`](attrs::DMA_ATTR_SKIP_CPU_SYNC) doesn't make available to the
    ///   device what the CPU has written to the memory. Use it when there is nothing of interest in
    ///   it, or call [`Mapping::sync_for_cpu`] and [`Mapping::sync_for_device`] before the device
    ///   accesses it.
    /// - [`DMA_ATTR_WEAK_ORDERING`](attrs::DMA_ATTR_WEAK_ORDERING),
    ///   [`DMA_ATTR_NO_WARN`](attrs::DMA_ATTR_NO_WARN) and
    ///   [`DMA_ATTR_PRIVILEGED`](attrs::DMA_ATTR_PRIVILEGED).
    ///
    /// This is the equivalent of `dma_map_page_attrs()` and `dma_map_sg_attrs()`.
    ///
    /// # Errors
    ///
    /// Those of [`Mapper::map`], and [`EINVAL`] for any other attribute.
    #[inline]
    pub fn map_attrs<O: Owner, D: Direction>(
        &self,
        owner: O,
        direction: D,
        attrs: Attrs,
    ) -> Result<Mapping<'_, O, D>, Rejected<O>> {
        let allowed = attrs::DMA_ATTR_SKIP_CPU_SYNC
            | attrs::DMA_ATTR_WEAK_ORDERING
            | attrs::DMA_ATTR_NO_WARN
            | attrs::DMA_ATTR_PRIVILEGED;
        if !allowed.contains(attrs) {
            return Err(Rejected::new(EINVAL, owner));
        }

        self.map_raw(owner, direction, attrs.as_raw())
    }

    #[inline]
    fn map_raw<O: Owner, D: Direction>(
        &self,
        mut owner: O,
        _direction: D,
        attrs: c_ulong,
    ) -> Result<Mapping<'_, O, D>, Rejected<O>> {
        // SAFETY: `owner` is not mapped, and not used until it is unmapped when the `Mapping` is
        // consumed or dropped; or if that is forgotten, never again.
        match unsafe { owner.map(self, D::DATA_DIRECTION, attrs) } {
            // INVARIANT: The owner has just been mapped, the device may access it.
            Ok(handle) => Ok(Mapping {
                mapper: self,
                handle,
                owner,
                _type: PhantomData,
            }),
            Err(error) => Err(Rejected::new(error, owner)),
        }
    }

    /// Maps a part of a region of device registers or memory.
    ///
    /// There is nothing that the CPU could access through the mapping. `offset` is in bytes from
    /// the beginning of `resource`. May be called from any context.
    ///
    /// This is the equivalent of `dma_map_resource()` and `dma_mapping_error()`; dropping the
    /// mapping is the one of `dma_unmap_resource()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `resource` is no memory, or the part is empty or not inside of it.
    /// - [`ENOMEM`] if the device can't reach it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kernel::dma::DmaAddress;
    /// use kernel::{dma::{Bidirectional, Mapper}, io::resource::Resource};
    ///
    /// fn doorbell(mapper: &Mapper, registers: &Resource) -> Result {
    ///     let mapping = mapper.map_resource(registers, 0x1000, 4, Bidirectional)?;
    ///     let address: DmaAddress = mapping.dma_address();
    ///
    ///     // ...
    ///     # let _ = address;
    ///     Ok(())
    /// }
    /// ```
    pub fn map_resource<D: Direction>(
        &self,
        resource: &Resource,
        offset: usize,
        size: usize,
        direction: D,
    ) -> Result<Mapping<'_, DeviceMemory, D>> {
        let end = offset.checked_add(size).ok_or(EINVAL)?;
        if !resource.flags().contains(Flags::IORESOURCE_MEM)
            || bindings::resource_size_t::try_from(end)? > resource.size()
        {
            return Err(EINVAL);
        }

        let owner = DeviceMemory {
            start: resource
                .start()
                .checked_add(bindings::phys_addr_t::try_from(offset)?)
                .ok_or(EINVAL)?,
            size,
        };
        self.map(owner, direction).map_err(Error::from)
    }

    /// Returns whether addresses for the device are something else than what the CPU uses.
    #[cfg(CONFIG_PCI)]
    fn translates(&self) -> bool {
        // SAFETY: `self.as_raw()` is valid; the bus sets up the fields before the device is bound.
        #[cfg(CONFIG_ARCH_HAS_DMA_OPS)]
        if !unsafe { (*self.as_raw()).dma_ops }.is_null() {
            return true;
        }

        #[cfg(CONFIG_IOMMU_DMA)]
        // SAFETY: As above.
        return unsafe { (*self.as_raw()).dma_iommu() };

        #[cfg(not(CONFIG_IOMMU_DMA))]
        false
    }

    /// Maps the `size` bytes of memory or registers of a device that begin at `start`.
    ///
    /// The errors are those of [`Mapper::map_resource`], without the warning of C if the device
    /// does not reach it: where in the address space it is, is not for the driver to say.
    #[cfg(CONFIG_PCI)]
    pub(crate) fn map_device_memory<D: Direction>(
        &self,
        start: bindings::phys_addr_t,
        size: usize,
        direction: D,
    ) -> Result<Mapping<'_, DeviceMemory, D>> {
        // A physical address may have 32 bits.
        #[allow(clippy::useless_conversion)]
        let last = u64::from(start).saturating_add((size as u64).saturating_sub(1));
        // SAFETY: `self.as_raw()` is valid, and by the type invariants, so is the mask.
        let mask = unsafe { *(*self.as_raw()).dma_mask };
        if !self.translates() && last > mask {
            return Err(ENOMEM);
        }

        self.map(DeviceMemory { start, size }, direction)
            .map_err(Error::from)
    }

    /// Allocates and maps `size` bytes of memory for which the CPU uses its caches.
    ///
    /// The memory is zeroed and belongs to the CPU at first. It is freed when the mapping is
    /// dropped; both must happen in process context and may sleep.
    ///
    /// This is the equivalent of `dma_alloc_noncoherent()` and `dma_free_noncoherent()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `size` is 0 or `flags` contains
    ///   [`__GFP_HIGHMEM`](crate::alloc::flags::__GFP_HIGHMEM).
    /// - [`ENOMEM`] if there is no memory, or none that the device can reach.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::dma::{Mapper, ToDevice};
    ///
    /// fn firmware(mapper: &Mapper, image: &[u8]) -> Result {
    ///     let mut mapping = mapper.alloc_noncoherent(image.len(), GFP_KERNEL, ToDevice)?;
    ///
    ///     mapping.data_mut().copy_from_slice(image);
    ///
    ///     let mapping = mapping.sync_for_device();
    ///     // Have the device read from `mapping.dma_address()` ...
    ///     drop(mapping);
    ///     Ok(())
    /// }
    /// ```
    pub fn alloc_noncoherent<D: Direction>(
        &self,
        size: usize,
        flags: kernel::alloc::Flags,
        _direction: D,
    ) -> Result<Mapping<'_, Noncoherent, D, ByCpu>> {
        let highmem = kernel::alloc::flags::__GFP_HIGHMEM;
        // SAFETY: `self.as_raw()` is valid.
        let mask = unsafe { (*self.as_raw()).coherent_dma_mask };
        if size == 0 || mask == 0 || flags.contains(highmem) {
            return Err(EINVAL);
        }

        let mut handle = 0;
        // SAFETY: By the type invariants the device is bound, and may do DMA.
        let cpu = unsafe {
            bindings::dma_alloc_noncoherent(
                self.as_raw(),
                size,
                &mut handle,
                D::DATA_DIRECTION.into(),
                flags.as_raw(),
            )
        };

        // INVARIANT: The memory has just been allocated, nobody else knows it. The DMA layer zeroes
        // it.
        Ok(Mapping {
            mapper: self,
            handle,
            owner: Noncoherent {
                cpu: NonNull::new(cpu.cast()).ok_or(ENOMEM)?,
                size,
            },
            _type: PhantomData,
        })
    }

    /// Returns how many bytes can be mapped at once, at most.
    ///
    /// May be called from any context. This is the equivalent of `dma_max_mapping_size()`.
    pub fn max_mapping_size(&self) -> usize {
        // SAFETY: By the type invariants the device is bound, and may do DMA.
        unsafe { bindings::dma_max_mapping_size(self.as_raw()) }
    }

    /// Returns up to how many bytes can be mapped at once without a loss of performance.
    ///
    /// May be called from any context. This is the equivalent of `dma_opt_mapping_size()`.
    pub fn opt_mapping_size(&self) -> usize {
        // SAFETY: By the type invariants the device is bound, and may do DMA.
        unsafe { bindings::dma_opt_mapping_size(self.as_raw()) }
    }

    /// Returns how many bytes a segment of a scatter-gather list may have, at most.
    ///
    /// May be called from any context. This is the equivalent of `dma_get_max_seg_size()`.
    pub fn max_seg_size(&self) -> u32 {
        // SAFETY: By the type invariants the device is bound, and may do DMA.
        unsafe { bindings::dma_get_max_seg_size(self.as_raw()) }
    }

    /// Returns whether there is memory that is out of reach of the device.
    ///
    /// Must be called from process context. This is the equivalent of `dma_addressing_limited()`.
    pub fn addressing_limited(&self) -> bool {
        // SAFETY: By the type invariants the device is bound, and may do DMA.
        unsafe { bindings::dma_addressing_limited(self.as_raw()) }
    }
}

/// A [`Mapper`] in a [`Devres`], see [`Mapper::bound`].
///
/// # Invariants
///
/// The device and its binding fulfill the invariants of [`Mapper`] as long as the [`Devres`], or
/// whatever else that devres releases contains `self`, is accessible.
pub struct BoundMapper(ARef<device::Device>);

impl BoundMapper {
    /// # Safety
    ///
    /// The caller must put it into a [`Devres`] of the same device and binding, and not let it out.
    pub(crate) unsafe fn new(mapper: &Mapper) -> Self {
        Self(mapper.device().into())
    }
}

impl Deref for BoundMapper {
    type Target = Mapper;

    #[inline]
    fn deref(&self) -> &Mapper {
        // INVARIANT: By the type invariants of `BoundMapper`; `Mapper::of` has been called before.
        //
        // SAFETY: As above.
        unsafe { Mapper::from_device(&self.0) }
    }
}

/// What could not be mapped or stored, together with the reason.
///
/// The operator `?` makes an [`Error`] of it, and drops the value.
///
/// # Examples
///
/// ```
/// use kernel::dma::{Mapper, ToDevice};
///
/// fn send(mapper: &Mapper, data: KVec<u8>, later: &mut KVec<KVec<u8>>) -> Result {
///     match mapper.map(data, ToDevice) {
///         Ok(mapping) => {
///             // Tell the device about `mapping.dma_address()` ...
///             drop(mapping);
///         }
///         Err(rejected) if rejected.error() == ENOMEM => {
///             later.push(rejected.into_inner(), GFP_ATOMIC)?;
///         }
///         Err(rejected) => return Err(rejected.into()),
///     }
///     Ok(())
/// }
/// ```
pub struct Rejected<T> {
    error: Error,
    value: T,
}

impl<T> Rejected<T> {
    pub(crate) fn new(error: Error, value: T) -> Self {
        Self { error, value }
    }

    /// Returns the reason.
    pub fn error(&self) -> Error {
        self.error
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> From<Rejected<T>> for Error {
    fn from(rejected: Rejected<T>) -> Self {
        rejected.error
    }
}

/// Something that owns memory which can be mapped for DMA.
///
/// Drivers can't implement it. It is implemented for:
///
/// - [`KVec<T>`], [`KBox<T>`] and `KBox<[T]>` of plain data,
/// - [`Page`],
/// - [`PageList`](super::PageList), a scatter-gather list,
/// - [`Noncoherent`] and [`DeviceMemory`], which a [`Mapper`] creates.
///
/// All of them own whole allocations. On architectures where DMA is not coherent, C aligns them to
/// cache lines (`ARCH_DMA_MINALIGN`), or bounces those that are too small for it
/// (`CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC`). Hence nothing else is lost when a cache line is
/// invalidated.
///
/// # Safety
///
/// - From [`Owner::map`] to [`Owner::unmap`] the memory must neither be freed nor accessed through
///   `self`, except for accesses by [`Buffer::data`]. This includes that `self` is moved.
/// - The memory must be suitable for the function that [`Owner::map`] calls; particularly it must
///   be neither on the stack nor in the vmalloc area, and not share a cache line with anything
///   else.
/// - [`Owner::unmap`] must unmap all that [`Owner::map`] has mapped.
pub unsafe trait Owner: Sealed + Send + 'static {
    /// What has to be remembered about the mapping.
    #[doc(hidden)]
    type Handle: Copy + Send + Sync;

    /// Maps the memory.
    ///
    /// # Safety
    ///
    /// `self` must not be mapped, and nobody may access the memory afterwards until it is unmapped,
    /// or [`Owner::sync_for_cpu`] has been called.
    #[doc(hidden)]
    unsafe fn map(
        &mut self,
        mapper: &Mapper,
        direction: DataDirection,
        attrs: c_ulong,
    ) -> Result<Self::Handle>;

    /// Unmaps the memory.
    ///
    /// # Safety
    ///
    /// `self` must have been mapped for the same device and direction, with the result `handle`.
    #[doc(hidden)]
    unsafe fn unmap(
        &mut self,
        mapper: &Mapper,
        handle: Self::Handle,
        direction: DataDirection,
        attrs: c_ulong,
    );

    /// Makes the CPU see what the device has written.
    ///
    /// # Safety
    ///
    /// The same as for [`Owner::unmap`].
    #[doc(hidden)]
    unsafe fn sync_for_cpu(
        &mut self,
        mapper: &Mapper,
        handle: Self::Handle,
        direction: DataDirection,
    );

    /// Makes the device see what the CPU has written.
    ///
    /// # Safety
    ///
    /// The same as for [`Owner::unmap`].
    #[doc(hidden)]
    unsafe fn sync_for_device(
        &mut self,
        mapper: &Mapper,
        handle: Self::Handle,
        direction: DataDirection,
    );
}

/// An [`Owner`] that still has its memory after it has been unmapped.
pub trait Reusable: Owner {}

/// An [`Owner`] of memory which the device sees as one piece.
///
/// # Safety
///
/// The handle must be the address of the first byte for the device, and [`Contiguous::size`] the
/// number of bytes that have been mapped; it must not change as long as they are.
pub unsafe trait Contiguous: Owner<Handle = DmaAddress> {
    /// Returns the size in bytes.
    #[doc(hidden)]
    fn size(&self) -> usize;
}

/// An [`Owner`] of memory that the CPU can access by reference.
///
/// # Safety
///
/// [`Buffer::data`] must return a pointer that is valid for reads and writes, properly aligned, and
/// points to initialized memory, for which any bytes are a valid value, as long as `self` is not
/// dropped. All of it must be mapped by [`Owner::map`], in the same order.
pub unsafe trait Buffer: Owner {
    /// What the CPU sees.
    type Data: ?Sized + AsBytes + FromBytes;

    /// Returns where the data are, without creating a reference.
    #[doc(hidden)]
    fn data(&self) -> NonNull<Self::Data>;
}

/// Where the memory of a [`Linear`] is.
#[doc(hidden)]
pub enum Memory {
    /// Address and size, in the linear mapping of the kernel.
    Virtual(NonNull<c_void>, usize),
    /// A page.
    Page(NonNull<bindings::page>),
}

impl Memory {
    #[inline]
    fn size(&self) -> usize {
        match self {
            Memory::Virtual(_, size) => *size,
            Memory::Page(_) => PAGE_SIZE,
        }
    }
}

/// An [`Owner`] of one piece of memory that is mapped by `dma_map_single()` or `dma_map_page()`.
///
/// # Safety
///
/// The requirements of [`Owner`] and [`Contiguous`] apply to the memory that [`Linear::memory`]
/// returns, which must be the same until `self` is used mutably.
pub unsafe trait Linear: Sealed + Send + 'static {
    /// Returns where the memory is.
    #[doc(hidden)]
    fn memory(&self) -> Memory;
}

// SAFETY: By the safety requirements of `Linear`.
unsafe impl<L: Linear> Owner for L {
    type Handle = DmaAddress;

    #[inline]
    unsafe fn map(
        &mut self,
        mapper: &Mapper,
        direction: DataDirection,
        attrs: c_ulong,
    ) -> Result<DmaAddress> {
        let memory = self.memory();
        if memory.size() == 0 {
            return Err(EINVAL);
        }

        let dev = mapper.as_raw();
        // SAFETY: By the type invariants of `Mapper` the device is bound, and may do DMA. The
        // memory is suitable by the safety requirements of `Linear`.
        let handle = unsafe {
            match memory {
                Memory::Virtual(addr, size) => bindings::dma_map_single_attrs(
                    dev,
                    addr.as_ptr(),
                    size,
                    direction.into(),
                    attrs,
                ),
                Memory::Page(page) => bindings::dma_map_page_attrs(
                    dev,
                    page.as_ptr(),
                    0,
                    PAGE_SIZE,
                    direction.into(),
                    attrs,
                ),
            }
        };

        // SAFETY: `dev` is valid, `handle` is the result of mapping memory for it.
        to_result(unsafe { bindings::dma_mapping_error(dev, handle) })?;

        Ok(handle)
    }

    #[inline]
    unsafe fn unmap(
        &mut self,
        mapper: &Mapper,
        handle: DmaAddress,
        direction: DataDirection,
        attrs: c_ulong,
    ) {
        // `dma_unmap_single_attrs()` is the same.
        //
        // SAFETY: By the safety requirements of this function.
        unsafe {
            bindings::dma_unmap_page_attrs(
                mapper.as_raw(),
                handle,
                self.memory().size(),
                direction.into(),
                attrs,
            )
        };
    }

    #[inline]
    unsafe fn sync_for_cpu(
        &mut self,
        mapper: &Mapper,
        handle: DmaAddress,
        direction: DataDirection,
    ) {
        // SAFETY: By the safety requirements of this function.
        unsafe {
            bindings::dma_sync_single_for_cpu(
                mapper.as_raw(),
                handle,
                self.memory().size(),
                direction.into(),
            )
        };
    }

    #[inline]
    unsafe fn sync_for_device(
        &mut self,
        mapper: &Mapper,
        handle: DmaAddress,
        direction: DataDirection,
    ) {
        // SAFETY: By the safety requirements of this function.
        unsafe {
            bindings::dma_sync_single_for_device(
                mapper.as_raw(),
                handle,
                self.memory().size(),
                direction.into(),
            )
        };
    }
}

impl<L: Linear> Reusable for L {}

// SAFETY: By the safety requirements of `Linear`.
unsafe impl<L: Linear> Contiguous for L {
    #[inline]
    fn size(&self) -> usize {
        self.memory().size()
    }
}

impl<T> Sealed for KVec<T> {}

// SAFETY: The elements are at the beginning of an allocation by `kmalloc()`, which is freed or
// accessed only by means of `self`.
unsafe impl<T: AsBytes + FromBytes + Send + 'static> Linear for KVec<T> {
    #[inline]
    fn memory(&self) -> Memory {
        // The number of bytes can't overflow, since they have been allocated.
        Memory::Virtual(Buffer::data(self).cast(), self.len() * size_of::<T>())
    }
}

// SAFETY: The pointer and the length are the ones of the elements, which are initialized.
unsafe impl<T: AsBytes + FromBytes + Send + 'static> Buffer for KVec<T> {
    type Data = [T];

    #[inline]
    fn data(&self) -> NonNull<[T]> {
        // SAFETY: The pointer of a `Vec` is never NULL.
        let first = unsafe { NonNull::new_unchecked(self.as_ptr().cast_mut()) };

        NonNull::slice_from_raw_parts(first, self.len())
    }
}

impl<T: ?Sized> Sealed for KBox<T> {}

/// Returns the pointer of `this`, without creating a reference to what it points to.
#[inline]
fn box_ptr<T: ?Sized>(this: &KBox<T>) -> NonNull<T> {
    // SAFETY: `Box` is a transparent wrapper of `NonNull`.
    unsafe { ptr::from_ref(this).cast::<NonNull<T>>().read() }
}

// SAFETY: The value is at the beginning of an allocation by `kmalloc()`, which is freed or accessed
// only by means of `self`.
unsafe impl<T: AsBytes + FromBytes + Send + 'static> Linear for KBox<T> {
    #[inline]
    fn memory(&self) -> Memory {
        Memory::Virtual(box_ptr(self).cast(), size_of::<T>())
    }
}

// SAFETY: The pointer is the one of the value, which is initialized.
unsafe impl<T: AsBytes + FromBytes + Send + 'static> Buffer for KBox<T> {
    type Data = T;

    #[inline]
    fn data(&self) -> NonNull<T> {
        box_ptr(self)
    }
}

// SAFETY: The values are at the beginning of an allocation by `kmalloc()`, which is freed or
// accessed only by means of `self`.
unsafe impl<T: AsBytes + FromBytes + Send + 'static> Linear for KBox<[T]> {
    #[inline]
    fn memory(&self) -> Memory {
        let data = box_ptr(self);

        // The number of bytes can't overflow, since they have been allocated.
        Memory::Virtual(data.cast(), data.len() * size_of::<T>())
    }
}

// SAFETY: The pointer is the one of the values, which are initialized.
unsafe impl<T: AsBytes + FromBytes + Send + 'static> Buffer for KBox<[T]> {
    type Data = [T];

    #[inline]
    fn data(&self) -> NonNull<[T]> {
        box_ptr(self)
    }
}

impl Sealed for Page {}

// SAFETY: A `Page` owns the page; the content can be accessed only by means of `self`.
unsafe impl Linear for Page {
    #[inline]
    fn memory(&self) -> Memory {
        // SAFETY: By the type invariants of `Page` it is a valid pointer.
        Memory::Page(unsafe { NonNull::new_unchecked(self.as_ptr()) })
    }
}

/// Registers or memory of a device, see [`Mapper::map_resource`].
pub struct DeviceMemory {
    start: bindings::phys_addr_t,
    size: usize,
}

impl Sealed for DeviceMemory {}

// SAFETY: The CPU has no access by means of `self`.
unsafe impl Owner for DeviceMemory {
    type Handle = DmaAddress;

    unsafe fn map(
        &mut self,
        mapper: &Mapper,
        direction: DataDirection,
        attrs: c_ulong,
    ) -> Result<DmaAddress> {
        if self.size == 0 {
            return Err(EINVAL);
        }

        // SAFETY: By the type invariants of `Mapper` the device is bound, and may do DMA.
        let handle = unsafe {
            bindings::dma_map_resource(
                mapper.as_raw(),
                self.start,
                self.size,
                direction.into(),
                attrs,
            )
        };

        // SAFETY: `handle` is the result of mapping something for this device.
        to_result(unsafe { bindings::dma_mapping_error(mapper.as_raw(), handle) })?;

        Ok(handle)
    }

    unsafe fn unmap(
        &mut self,
        mapper: &Mapper,
        handle: DmaAddress,
        direction: DataDirection,
        attrs: c_ulong,
    ) {
        // SAFETY: By the safety requirements of this function.
        unsafe {
            bindings::dma_unmap_resource(
                mapper.as_raw(),
                handle,
                self.size,
                direction.into(),
                attrs,
            )
        };
    }

    /// The CPU has no access.
    unsafe fn sync_for_cpu(&mut self, _: &Mapper, _: DmaAddress, _: DataDirection) {}

    /// The CPU has no access.
    unsafe fn sync_for_device(&mut self, _: &Mapper, _: DmaAddress, _: DataDirection) {}
}

// SAFETY: This is what has been mapped.
unsafe impl Contiguous for DeviceMemory {
    fn size(&self) -> usize {
        self.size
    }
}

/// Memory that has been allocated for a mapping, see [`Mapper::alloc_noncoherent`].
///
/// # Invariants
///
/// As long as it is mapped, `cpu` points to `size` bytes of initialized memory that has been
/// allocated by `dma_alloc_noncoherent()`, and that nobody else knows of.
pub struct Noncoherent {
    cpu: NonNull<u8>,
    size: usize,
}

// SAFETY: It owns the memory, which may be accessed from and freed by any thread.
unsafe impl Send for Noncoherent {}

// SAFETY: There is no access to the memory by a shared reference to `Noncoherent`.
unsafe impl Sync for Noncoherent {}

impl Sealed for Noncoherent {}

// SAFETY: The memory is allocated and mapped at once, by whole pages, and freed and unmapped at
// once.
unsafe impl Owner for Noncoherent {
    type Handle = DmaAddress;

    /// There is none which is not mapped.
    unsafe fn map(&mut self, _: &Mapper, _: DataDirection, _: c_ulong) -> Result<DmaAddress> {
        Err(EINVAL)
    }

    unsafe fn unmap(
        &mut self,
        mapper: &Mapper,
        handle: DmaAddress,
        direction: DataDirection,
        _attrs: c_ulong,
    ) {
        // SAFETY: By the safety requirements of this function and the type invariants.
        unsafe {
            bindings::dma_free_noncoherent(
                mapper.as_raw(),
                self.size,
                self.cpu.as_ptr().cast(),
                handle,
                direction.into(),
            )
        };
    }

    unsafe fn sync_for_cpu(
        &mut self,
        mapper: &Mapper,
        handle: DmaAddress,
        direction: DataDirection,
    ) {
        // SAFETY: By the safety requirements of this function.
        unsafe {
            bindings::dma_sync_single_for_cpu(mapper.as_raw(), handle, self.size, direction.into())
        };
    }

    unsafe fn sync_for_device(
        &mut self,
        mapper: &Mapper,
        handle: DmaAddress,
        direction: DataDirection,
    ) {
        // SAFETY: By the safety requirements of this function.
        unsafe {
            bindings::dma_sync_single_for_device(
                mapper.as_raw(),
                handle,
                self.size,
                direction.into(),
            )
        };
    }
}

// SAFETY: This is what has been mapped.
unsafe impl Contiguous for Noncoherent {
    fn size(&self) -> usize {
        self.size
    }
}

// SAFETY: By the type invariants.
unsafe impl Buffer for Noncoherent {
    type Data = [u8];

    fn data(&self) -> NonNull<[u8]> {
        NonNull::slice_from_raw_parts(self.cpu, self.size)
    }
}

/// Memory that is mapped for DMA by a device.
///
/// A `Mapping` is created by [`Mapper::map`], owns what it maps, and unmaps it when it is dropped.
/// [`Mapping::unmap`] returns the memory instead.
///
/// # Who may touch the memory
///
/// This is a part of the type. The memory belongs to the device, or to the CPU, and the direction
/// says what they may do with it:
///
/// | | [`ToDevice`] | [`FromDevice`] | [`Bidirectional`] |
/// | --- | --- | --- | --- |
/// | [`ByDevice`] | device reads | device writes | device reads and writes |
/// | [`ByCpu`] | [`data`], [`data_mut`] | [`data`] | [`data`], [`data_mut`] |
///
/// At first it belongs to the device. It is handed over by [`Mapping::sync_for_cpu`] and
/// [`Mapping::sync_for_device`], or for the time that a [`CpuView`] lives by [`Mapping::view`].
///
/// What the type can't say is what the device really does. The memory must be handed to the CPU,
/// unmapped or dropped only after the device has been told to stop accessing it, and has done so,
/// as in C. Without an IOMMU a device can access all memory anyway; a driver that gives it a wrong
/// address, or lets it go on for longer than it may, breaks everything.
#[cfg_attr(
    CONFIG_PCI,
    doc = "About unbind and a `probe()` that fails see [`pci`](kernel::pci#teardown-order)."
)]
///
/// # Lifetime
///
/// A mapping carries resources of the device, hence it can't outlive the [`&Mapper`](Mapper) from
/// which it comes. To keep it for longer, put it into [`Slots`](super::Slots).
///
/// A mapping that is leaked, e.g. by [`core::mem::forget`], is not unmapped, and its memory is not
/// freed.
///
/// # Context
///
/// All methods, including dropping, may be called from any context, also with a spinlock held or
/// from an interrupt handler, and don't sleep; provided that the owner itself may be dropped there.
/// They do what the C functions do, and nothing else.
///
/// # Examples
///
/// ```
/// use kernel::dma::{Bidirectional, Mapper};
///
/// fn exchange(mapper: &Mapper, request: KVec<u8>) -> Result<u8> {
///     let mapping = mapper.map(request, Bidirectional)?;
///
///     // Have the device read the request from `mapping.dma_address()` and write its answer; when
///     // it has finished:
///     let mut mapping = mapping.sync_for_cpu();
///     let status = mapping.data()[0];
///
///     // Once more.
///     mapping.data_mut()[0] = 1;
///     let mapping = mapping.sync_for_device();
///
///     // ...
///
///     drop(mapping.unmap());
///     Ok(status)
/// }
/// ```
///
/// [`data`]: Mapping::data
/// [`data_mut`]: Mapping::data_mut
///
/// # Invariants
///
/// - `owner` is mapped for the device of `mapper`, in the direction `D`, with the result `handle`.
/// - If `S` is [`ByDevice`], the CPU does not access the memory, otherwise it has been synchronized
///   for the CPU and nobody else knows it.
pub struct Mapping<'a, O: Owner, D: Direction, S: Ownership = ByDevice> {
    mapper: &'a Mapper,
    handle: O::Handle,
    owner: O,
    _type: PhantomData<(D, S)>,
}

impl<'a, O: Owner, D: Direction, S: Ownership> Mapping<'a, O, D, S> {
    /// Takes it apart without unmapping.
    #[inline]
    fn into_parts(self) -> (&'a Mapper, O::Handle, O) {
        let this = ManuallyDrop::new(self);

        // SAFETY: `this` is neither used nor dropped afterwards.
        (this.mapper, this.handle, unsafe { ptr::read(&this.owner) })
    }

    /// Unmaps the memory and returns it, once the device has finished.
    ///
    /// If the memory belongs to the CPU already, there is nothing to synchronize any more
    /// (`DMA_ATTR_SKIP_CPU_SYNC`), and what the CPU has written is still there.
    ///
    /// This is the equivalent of `dma_unmap_single()`, `dma_unmap_page()` or `dma_unmap_sgtable()`.
    #[inline]
    pub fn unmap(self) -> O
    where
        O: Reusable,
    {
        let (mapper, handle, mut owner) = self.into_parts();

        // SAFETY: By the type invariants.
        unsafe { owner.unmap(mapper, handle, D::DATA_DIRECTION, S::UNMAP_ATTRS) };

        owner
    }

    /// Returns the [`Mapper`] that has created the mapping.
    #[inline]
    pub fn mapper(&self) -> &'a Mapper {
        self.mapper
    }

    #[inline]
    pub(crate) fn owner(&self) -> &O {
        &self.owner
    }
}

impl<O: Contiguous, D: Direction, S: Ownership> Mapping<'_, O, D, S> {
    /// Returns the address of the memory for the device.
    #[inline]
    pub fn dma_address(&self) -> DmaAddress {
        self.handle
    }

    /// Returns the number of bytes.
    #[inline]
    pub fn size(&self) -> usize {
        self.owner.size()
    }
}

impl<'a, O: Owner, D: Direction> Mapping<'a, O, D, ByDevice> {
    /// Hands the memory to the CPU, once the device has finished.
    ///
    /// This is the equivalent of `dma_sync_single_for_cpu()` or `dma_sync_sgtable_for_cpu()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::dma::{FromDevice, Mapper, Mapping};
    ///
    /// fn received(mapping: Mapping<'_, KVec<u8>, FromDevice>) -> u8 {
    ///     let mapping = mapping.sync_for_cpu();
    ///
    ///     mapping.data()[0]
    /// }
    /// ```
    #[inline]
    pub fn sync_for_cpu(self) -> Mapping<'a, O, D, ByCpu> {
        let (mapper, handle, mut owner) = self.into_parts();

        // SAFETY: By the type invariants.
        unsafe { owner.sync_for_cpu(mapper, handle, D::DATA_DIRECTION) };

        // INVARIANT: The memory has just been synchronized.
        Mapping {
            mapper,
            handle,
            owner,
            _type: PhantomData,
        }
    }
}

impl<'a, T, O: Contiguous + Buffer<Data = [T]>, D: Direction> Mapping<'a, O, D, ByDevice> {
    /// Lends a part of the memory to the CPU, while the device does not access that part.
    ///
    /// `range` is in units of `T`. The part belongs to the device again when the view is dropped.
    ///
    /// This is the equivalent of `dma_sync_single_range_for_cpu()`; dropping the view is the one of
    /// `dma_sync_single_range_for_device()`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if `range` exceeds the memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::dma::{FromDevice, Mapping};
    ///
    /// fn length(mapping: &mut Mapping<'_, KVec<u8>, FromDevice>) -> Result<u16> {
    ///     let header = mapping.view(0..2)?;
    ///
    ///     Ok(u16::from_le_bytes([header[0], header[1]]))
    /// }
    /// ```
    #[inline]
    pub fn view(&mut self, range: Range<usize>) -> Result<CpuView<'_, T, D>> {
        let data = Buffer::data(&self.owner);
        if range.start > range.end || range.end > data.len() {
            return Err(EINVAL);
        }

        // The offset and the size in bytes can't overflow, as they are inside of the memory.
        let offset = range.start * size_of::<T>();
        let len = range.end - range.start;
        // SAFETY: The range is inside of the memory.
        let first = unsafe { NonNull::new_unchecked(data.cast::<T>().as_ptr().add(range.start)) };

        // INVARIANT: By the safety requirements of `Buffer` and `Contiguous` this is a part of the
        // mapping, and where the device sees it. Nobody else accesses it, since the `Mapping` is
        // borrowed mutably.
        let view = CpuView {
            mapper: self.mapper,
            handle: self.handle + offset as DmaAddress,
            data: NonNull::slice_from_raw_parts(first, len),
            _type: PhantomData,
        };

        if view.size() != 0 {
            // SAFETY: By the type invariants of `CpuView`.
            unsafe {
                bindings::dma_sync_single_for_cpu(
                    view.mapper.as_raw(),
                    view.handle,
                    view.size(),
                    D::DATA_DIRECTION.into(),
                )
            };
        }

        Ok(view)
    }
}

impl<'a, O: Owner, D: Direction> Mapping<'a, O, D, ByCpu> {
    /// Hands the memory to the device.
    ///
    /// This is the equivalent of `dma_sync_single_for_device()` or `dma_sync_sgtable_for_device()`.
    #[inline]
    pub fn sync_for_device(self) -> Mapping<'a, O, D, ByDevice> {
        let (mapper, handle, mut owner) = self.into_parts();

        // SAFETY: By the type invariants.
        unsafe { owner.sync_for_device(mapper, handle, D::DATA_DIRECTION) };

        // INVARIANT: The CPU does not access the memory any more.
        Mapping {
            mapper,
            handle,
            owner,
            _type: PhantomData,
        }
    }
}

impl<O: Buffer, D: Direction> Mapping<'_, O, D, ByCpu> {
    /// Returns the content of the memory.
    #[inline]
    pub fn data(&self) -> &O::Data {
        // SAFETY: By the safety requirements of `Buffer`, and as the memory belongs to the CPU.
        // There is no mutable reference, as it would borrow `self`.
        unsafe { Buffer::data(&self.owner).as_ref() }
    }

    /// Returns the content of the memory, so that it can be changed.
    #[inline]
    pub fn data_mut(&mut self) -> &mut O::Data
    where
        D: CpuWrites,
    {
        // SAFETY: By the safety requirements of `Buffer`, and as the memory belongs to the CPU.
        // There is no other reference, as it would borrow `self`.
        unsafe { Buffer::data(&self.owner).as_mut() }
    }
}

impl<D: Direction> Mapping<'_, Page, D, ByCpu> {
    /// Copies from the page, beginning `offset` bytes from its start, to `dst`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the range exceeds the page.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{dma::{FromDevice, Mapper}, page::Page};
    ///
    /// fn receive(mapper: &Mapper) -> Result<[u8; 4]> {
    ///     let page = Page::alloc_page(GFP_KERNEL | __GFP_ZERO)?;
    ///     let mapping = mapper.map(page, FromDevice)?;
    ///
    ///     // ...
    ///
    ///     let mut status = [0; 4];
    ///     mapping.sync_for_cpu().read(8, &mut status)?;
    ///     Ok(status)
    /// }
    /// ```
    pub fn read(&self, offset: usize, dst: &mut [u8]) -> Result {
        // SAFETY: `dst` is valid for writes. The page belongs to the CPU, and a write to it needs
        // a mutable borrow of `self`.
        unsafe {
            self.owner
                .read_raw(dst.as_mut_ptr(), offset, size_of_val(dst))
        }
    }

    /// Copies `src` to the page, beginning `offset` bytes from its start.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the range exceeds the page.
    pub fn write(&mut self, offset: usize, src: &[u8]) -> Result
    where
        D: CpuWrites,
    {
        // SAFETY: `src` is valid for reads. The page belongs to the CPU, and another access needs a
        // borrow of `self`.
        unsafe { self.owner.write_raw(src.as_ptr(), offset, size_of_val(src)) }
    }
}

const SKIP_CPU_SYNC: c_ulong = bindings::DMA_ATTR_SKIP_CPU_SYNC as c_ulong;

impl<O: Owner, D: Direction, S: Ownership> Drop for Mapping<'_, O, D, S> {
    #[inline]
    fn drop(&mut self) {
        // Nobody will see the content of the memory.
        //
        // SAFETY: By the type invariants.
        unsafe {
            self.owner
                .unmap(self.mapper, self.handle, D::DATA_DIRECTION, SKIP_CPU_SYNC)
        };
    }
}

/// A part of the memory of a [`Mapping`] that belongs to the CPU for some time, see
/// [`Mapping::view`].
///
/// If it is leaked, the device may not see what has been written to it, nothing else.
///
/// # Examples
///
/// ```
/// use kernel::dma::{Mapping, ToDevice};
///
/// fn set_length(mapping: &mut Mapping<'_, KVec<u8>, ToDevice>, length: u16) -> Result {
///     mapping.view(0..2)?.copy_from_slice(&length.to_le_bytes());
///     Ok(())
/// }
/// ```
///
/// # Invariants
///
/// - `data` is a part of what is mapped for the device of `mapper` in the direction `D`, for which
///   it is at `handle`.
/// - Nobody else accesses it during `'a`.
pub struct CpuView<'a, T, D: Direction> {
    mapper: &'a Mapper,
    handle: DmaAddress,
    data: NonNull<[T]>,
    _type: PhantomData<(&'a mut [T], D)>,
}

impl<T, D: Direction> CpuView<'_, T, D> {
    #[inline]
    fn size(&self) -> usize {
        self.data.len() * size_of::<T>()
    }
}

// SAFETY: It is like a `&mut [T]`.
unsafe impl<T: Send, D: Direction> Send for CpuView<'_, T, D> {}

// SAFETY: It is like a `&mut [T]`.
unsafe impl<T: Sync, D: Direction> Sync for CpuView<'_, T, D> {}

impl<T, D: Direction> Deref for CpuView<'_, T, D> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: By the type invariants.
        unsafe { self.data.as_ref() }
    }
}

impl<T, D: CpuWrites> DerefMut for CpuView<'_, T, D> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: By the type invariants.
        unsafe { self.data.as_mut() }
    }
}

impl<T, D: Direction> Drop for CpuView<'_, T, D> {
    #[inline]
    fn drop(&mut self) {
        if self.size() == 0 {
            return;
        }

        // SAFETY: By the type invariants.
        unsafe {
            bindings::dma_sync_single_for_device(
                self.mapper.as_raw(),
                self.handle,
                self.size(),
                D::DATA_DIRECTION.into(),
            )
        };
    }
}

/// A [`Mapping`] in [`Slots`](super::Slots).
///
/// Dropping it is a leak.
#[doc(hidden)]
pub struct ParkedMapping<O: Owner> {
    handle: O::Handle,
    owner: ManuallyDrop<O>,
}

impl<O: Owner, D: Direction> Sealed for Mapping<'static, O, D> {}

// SAFETY: The anchor is a `BoundMapper` of the same device.
unsafe impl<O: Owner, D: Direction> super::slots::Parkable for Mapping<'static, O, D> {
    type Live<'a> = Mapping<'a, O, D>;
    type Home = Mapper;
    type Anchor = BoundMapper;
    type Parked = ParkedMapping<O>;

    unsafe fn anchor(home: &Mapper) -> BoundMapper {
        // SAFETY: By the safety requirements of this function.
        unsafe { BoundMapper::new(home) }
    }

    fn mapper(home: &Mapper) -> &Mapper {
        home
    }

    fn home<'l, 'a: 'l>(live: &'l Mapping<'a, O, D>) -> &'a Mapper {
        live.mapper
    }

    fn anchored<'s>(anchor: &'s BoundMapper) -> &'s Mapper {
        anchor
    }

    fn same(_anchor: &BoundMapper, _home: &Mapper) -> bool {
        // `Slots` compares the devices.
        true
    }

    fn park(live: Mapping<'_, O, D>) -> ParkedMapping<O> {
        let (_, handle, owner) = live.into_parts();

        ParkedMapping {
            handle,
            owner: ManuallyDrop::new(owner),
        }
    }

    unsafe fn unpark<'a>(parked: ParkedMapping<O>, home: &'a Mapper) -> Mapping<'a, O, D> {
        // INVARIANT: By the safety requirements of this function, and the invariants of the
        // `Mapping` that has been parked.
        Mapping {
            mapper: home,
            handle: parked.handle,
            owner: ManuallyDrop::into_inner(parked.owner),
            _type: PhantomData,
        }
    }
}

#[kunit_tests(rust_kernel_dma_streaming)]
mod tests {
    use super::super::testing::TestDevice;
    use super::*;
    use crate::{alloc::flags::__GFP_ZERO, c_str};

    /// Large enough to have cache lines of its own.
    const LEN: usize = 256;

    #[test]
    fn memory_comes_back() -> Result {
        let device = TestDevice::new(c_str!("rust_dma_streaming"))?;
        let mapper = Mapper::of(device.bound())?;

        let buffer = KVec::from_elem(1u8, LEN, GFP_KERNEL)?;
        let addr = buffer.as_ptr();
        let mapping = mapper.map(buffer, ToDevice)?;
        assert_eq!(mapping.size(), LEN);
        let mut mapping = mapping.sync_for_cpu();
        mapping.data_mut()[3] = 2;
        let buffer = mapping.sync_for_device().unmap();
        assert_eq!(buffer.as_ptr(), addr);
        assert_eq!(buffer[2..5], [1, 2, 1]);

        // What the CPU writes is not lost when it is unmapped.
        let mut mapping = mapper.map(buffer, Bidirectional)?.sync_for_cpu();
        mapping.data_mut()[4] = 3;
        assert_eq!(mapping.unmap()[2..6], [1, 2, 3, 1]);

        let value = KBox::new([5u32; LEN / 4], GFP_KERNEL)?;
        let mapping = mapper.map(value, FromDevice)?.sync_for_cpu();
        assert_eq!(mapping.data()[1], 5);
        assert_eq!(mapping.unmap()[LEN / 4 - 1], 5);

        let slice: KBox<[u16]> = KBox::new([6u16; LEN / 2], GFP_KERNEL)?;
        let mapping = mapper.map(slice, FromDevice)?;
        assert_eq!(mapping.size(), LEN);
        assert_eq!(mapping.unmap()[LEN / 2 - 1], 6);

        // Not unmapped explicitly.
        drop(mapper.map(KVec::from_elem(1u8, LEN, GFP_KERNEL)?, FromDevice)?);

        Ok(())
    }

    #[test]
    fn rejected_memory_comes_back() -> Result {
        let device = TestDevice::new(c_str!("rust_dma_rejected"))?;
        let mapper = Mapper::of(device.bound())?;

        let Err(rejected) = mapper.map(KVec::<u8>::new(), ToDevice) else {
            return Err(EIO);
        };
        assert_eq!(rejected.error(), EINVAL);
        assert!(rejected.into_inner().is_empty());

        let buffer = KVec::from_elem(9u8, LEN, GFP_KERNEL)?;
        let Err(rejected) = mapper.map_attrs(buffer, ToDevice, attrs::DMA_ATTR_MMIO) else {
            return Err(EIO);
        };
        assert_eq!(rejected.error(), EINVAL);
        let buffer = rejected.into_inner();
        assert_eq!(buffer.len(), LEN);

        let skip = attrs::DMA_ATTR_SKIP_CPU_SYNC | attrs::DMA_ATTR_NO_WARN;
        assert_eq!(mapper.map_attrs(buffer, ToDevice, skip)?.unmap()[1], 9);

        Ok(())
    }

    #[test]
    fn device_without_mask_is_refused() -> Result {
        let faux = crate::faux::Registration::new(c_str!("rust_dma_no_mask"), None)?;
        // SAFETY: A faux device is bound as long as it is registered.
        let dev = unsafe { faux.as_ref().as_bound() };

        assert!(Mapper::of(dev).is_err_and(|error| error == EIO));
        assert!(KBox::pin_init(Mapper::bound(dev), GFP_KERNEL).is_err());

        Ok(())
    }

    #[test]
    fn views_are_parts() -> Result {
        let device = TestDevice::new(c_str!("rust_dma_views"))?;
        let mapper = Mapper::of(device.bound())?;
        let mut buffer = KVec::from_elem(0u16, LEN, GFP_KERNEL)?;
        buffer[10] = 4;

        let mut mapping = mapper.map(buffer, Bidirectional)?;
        let mut view = mapping.view(8..12)?;
        assert_eq!(view[..], [0, 0, 4, 0]);
        view[3] = 5;
        drop(view);
        assert_eq!(mapping.view(LEN..LEN)?.len(), 0);

        #[expect(clippy::reversed_empty_ranges)]
        let reversed = 12..8;
        for range in [
            0..LEN + 1,
            LEN + 1..LEN + 2,
            usize::MAX..usize::MAX,
            reversed,
        ] {
            assert!(mapping.view(range).is_err_and(|error| error == EINVAL));
        }

        // Leaking a view does not keep anything from working.
        core::mem::forget(mapping.view(0..LEN)?);
        assert_eq!(mapping.unmap()[10..12], [4, 5]);

        Ok(())
    }

    #[test]
    fn pages_are_mapped() -> Result {
        let device = TestDevice::new(c_str!("rust_dma_page"))?;
        let mapper = Mapper::of(device.bound())?;
        let page = Page::alloc_page(GFP_KERNEL | __GFP_ZERO)?;
        let mut read = [1; 2];

        let mapping = mapper.map(page, Bidirectional)?;
        assert_eq!(mapping.size(), PAGE_SIZE);
        let mut mapping = mapping.sync_for_cpu();
        mapping.write(PAGE_SIZE - 1, &[7])?;
        mapping.read(PAGE_SIZE - 2, &mut read)?;
        assert_eq!(read, [0, 7]);
        assert_eq!(mapping.read(PAGE_SIZE - 1, &mut read), Err(EINVAL));
        assert_eq!(mapping.write(PAGE_SIZE, &read), Err(EINVAL));

        Ok(())
    }

    #[test]
    fn noncoherent_memory_is_zeroed() -> Result {
        let device = TestDevice::new(c_str!("rust_dma_noncoherent"))?;
        let mapper = Mapper::of(device.bound())?;

        let mut mapping = mapper.alloc_noncoherent(LEN, GFP_KERNEL, ToDevice)?;
        assert_eq!(mapping.size(), LEN);
        assert!(mapping.data().iter().all(|&byte| byte == 0));
        mapping.data_mut()[1] = 1;
        let mut mapping = mapping.sync_for_device();
        assert_eq!(mapping.view(0..2)?[..], [0, 1]);

        let empty = mapper.alloc_noncoherent(0, GFP_KERNEL, ToDevice);
        assert!(empty.is_err_and(|error| error == EINVAL));

        Ok(())
    }
}
