// SPDX-License-Identifier: GPL-2.0

//! Streaming DMA mappings of scatter-gather lists.
//!
//! C header: [`include/linux/scatterlist.h`](srctree/include/linux/scatterlist.h)
//!
//! See [`PageList`].

use super::{
    streaming::{private::Sealed, Buffer, Mapper, Owner, Ownership, Reusable},
    ByCpu, CpuWrites, DataDirection, Direction, Mapping,
};
use crate::{
    alloc::Flags,
    bindings,
    error::{to_result, Result},
    page::{AsPageIter, Page, PAGE_SIZE},
    prelude::*,
    scatterlist::{RawSGTable, SGTable},
    transmute::{AsBytes, FromBytes},
};
use core::{mem::size_of, ptr::NonNull};

/// Pages that a [`PageList`] can own.
///
/// Drivers can't implement it. It is implemented for [`VVec`] and [`VBox`] of plain data, and for
/// `KVec<Page>`.
///
/// # Safety
///
/// - The pages must be valid, and not be accessed except by means of `self`, as long as `self` is
///   neither dropped nor used mutably. Moving it must not matter.
/// - [`Pages::size`] must not be more than the pages have.
pub unsafe trait Pages: Sealed + Send + 'static {
    /// Returns the number of bytes, which begin in the first page.
    #[doc(hidden)]
    fn size(&self) -> usize;

    /// Returns the pages.
    #[doc(hidden)]
    fn pages(&mut self, flags: Flags) -> Result<KVec<*mut bindings::page>>;
}

fn collect<P: AsPageIter>(pages: &mut P, flags: Flags) -> Result<KVec<*mut bindings::page>> {
    let mut ptrs = KVec::new();

    for page in pages.page_iter() {
        ptrs.push(page.as_ptr(), flags)?;
    }
    Ok(ptrs)
}

impl<T> Sealed for VVec<T> {}

// SAFETY: The elements are in the pages of an allocation by `vmalloc()`, which is freed or accessed
// only by means of `self`; there are at least as many as the elements need.
unsafe impl<T: AsBytes + FromBytes + Send + 'static> Pages for VVec<T> {
    fn size(&self) -> usize {
        // This can't overflow, since as many bytes have been allocated.
        self.len() * size_of::<T>()
    }

    fn pages(&mut self, flags: Flags) -> Result<KVec<*mut bindings::page>> {
        let mut ptrs = collect(self, flags)?;

        // There may be more pages, for further elements.
        ptrs.truncate(Pages::size(self).div_ceil(PAGE_SIZE));
        Ok(ptrs)
    }
}

impl<T> Sealed for VBox<T> {}

// SAFETY: The value is in the pages of an allocation by `vmalloc()`, which is freed or accessed
// only by means of `self`.
unsafe impl<T: AsBytes + FromBytes + Send + 'static> Pages for VBox<T> {
    fn size(&self) -> usize {
        size_of::<T>()
    }

    fn pages(&mut self, flags: Flags) -> Result<KVec<*mut bindings::page>> {
        if size_of::<T>() == 0 {
            return Err(EINVAL);
        }
        collect(self, flags)
    }
}

// SAFETY: A `Page` owns the page.
unsafe impl Pages for KVec<Page> {
    fn size(&self) -> usize {
        self.len().saturating_mul(PAGE_SIZE)
    }

    fn pages(&mut self, flags: Flags) -> Result<KVec<*mut bindings::page>> {
        let mut ptrs = KVec::with_capacity(self.len(), flags)?;

        for page in self.iter() {
            ptrs.push(page.as_ptr(), flags)?;
        }
        Ok(ptrs)
    }
}

/// A scatter-gather list, and the pages that are in it.
///
/// It can be mapped by [`Mapper::map`] like anything else, and as often as it is needed. The device
/// gets the segments from [`Mapping::segments`]. An [`SGTable`] with an owner, in contrast, is
/// mapped once for all, and is not accessible to the CPU.
///
/// # Examples
///
/// ```
/// use kernel::dma::{FromDevice, Mapper, PageList};
///
/// /// Has the device fill a buffer, which need not be contiguous.
/// fn fill(mapper: &Mapper) -> Result<VVec<u8>> {
///     let buffer = VVec::from_elem(0u8, 1 << 16, GFP_KERNEL)?;
///     let list = PageList::new(mapper, buffer, GFP_KERNEL)?;
///     let mapping = mapper.map(list, FromDevice)?;
///
///     for segment in mapping.segments().iter() {
///         // Tell the device about it ...
///         # let _ =
///         (segment.dma_address(), segment.dma_len());
///     }
///
///     Ok(mapping.unmap().into_pages())
/// }
/// ```
///
/// # Invariants
///
/// `table` consists of the bytes of `pages`, in the same order.
pub struct PageList<P: Pages> {
    // Goes before the pages.
    table: RawSGTable,
    pages: P,
}

impl<P: Pages> PageList<P> {
    /// Creates the list.
    ///
    /// The segments are not longer than the device of `mapper` allows. If the list is mapped for
    /// another device, they may be too long for it.
    ///
    /// May be called from the context that `flags` allow. This is the equivalent of
    /// `sg_alloc_table_from_pages_segment()`.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if there are no bytes, or the device allows only segments that are smaller than
    ///   a page.
    /// - [`ENOMEM`] if there is no memory.
    pub fn new(mapper: &Mapper, mut pages: P, flags: Flags) -> Result<Self> {
        let size = pages.size();
        if size == 0 {
            return Err(EINVAL);
        }

        let max = match mapper.max_mapping_size() {
            0 => u32::MAX,
            max => u32::try_from(max).unwrap_or(u32::MAX),
        }
        .min(mapper.max_seg_size());
        if (max as usize) < PAGE_SIZE {
            return Err(EINVAL);
        }
        let mut ptrs = pages.pages(flags)?;

        Ok(Self {
            // SAFETY: By the safety requirements of `Pages` they are valid, and remain so, as they
            // are owned by the result, which drops the table before.
            table: unsafe { RawSGTable::new(&mut ptrs, size, max, flags) }?,
            pages,
        })
    }

    /// Returns the pages.
    pub fn into_pages(self) -> P {
        self.pages
    }
}

impl<P: Pages> Sealed for PageList<P> {}

// SAFETY: The pages are freed or accessed only by means of `self`. The entries of the list are in
// memory of its own, hence it may be moved.
unsafe impl<P: Pages> Owner for PageList<P> {
    type Handle = ();

    unsafe fn map(
        &mut self,
        mapper: &Mapper,
        direction: DataDirection,
        attrs: c_ulong,
    ) -> Result<()> {
        // SAFETY: By the type invariants of `Mapper` the device is bound, and may do DMA. The list
        // is valid, and by the safety requirements of this function not mapped.
        to_result(unsafe {
            bindings::dma_map_sgtable(
                mapper.as_raw(),
                self.table.as_raw(),
                direction.into(),
                attrs,
            )
        })
    }

    unsafe fn unmap(
        &mut self,
        mapper: &Mapper,
        _handle: (),
        direction: DataDirection,
        attrs: c_ulong,
    ) {
        // SAFETY: By the safety requirements of this function.
        unsafe {
            bindings::dma_unmap_sgtable(
                mapper.as_raw(),
                self.table.as_raw(),
                direction.into(),
                attrs,
            )
        };
    }

    unsafe fn sync_for_cpu(&mut self, mapper: &Mapper, _handle: (), direction: DataDirection) {
        // SAFETY: By the safety requirements of this function.
        unsafe {
            bindings::dma_sync_sgtable_for_cpu(
                mapper.as_raw(),
                self.table.as_raw(),
                direction.into(),
            )
        };
    }

    unsafe fn sync_for_device(&mut self, mapper: &Mapper, _handle: (), direction: DataDirection) {
        // SAFETY: By the safety requirements of this function.
        unsafe {
            bindings::dma_sync_sgtable_for_device(
                mapper.as_raw(),
                self.table.as_raw(),
                direction.into(),
            )
        };
    }
}

impl<P: Pages> Reusable for PageList<P> {}

// SAFETY: The pointer and the length are the ones of the elements, which are initialized.
unsafe impl<T: AsBytes + FromBytes + Send + 'static> Buffer for PageList<VVec<T>> {
    type Data = [T];

    fn data(&self) -> NonNull<[T]> {
        // SAFETY: The pointer of a `Vec` is never NULL.
        let first = unsafe { NonNull::new_unchecked(self.pages.as_ptr().cast_mut()) };

        NonNull::slice_from_raw_parts(first, self.pages.len())
    }
}

impl<P: Pages, D: Direction, S: Ownership> Mapping<'_, PageList<P>, D, S> {
    /// Returns the segments, as the device sees them.
    ///
    /// There may be fewer than before they have been mapped, as an IOMMU can join them.
    pub fn segments(&self) -> &SGTable {
        // SAFETY: The table is valid, and not modified as long as it is mapped.
        unsafe { SGTable::from_raw(self.owner().table.as_raw()) }
    }
}

impl<D: Direction> Mapping<'_, PageList<KVec<Page>>, D, ByCpu> {
    /// Runs `f` for each page that the `len` bytes from `offset` on are in, with the offset in the
    /// page, and the range of the bytes.
    fn for_each_page(
        pages: &[Page],
        offset: usize,
        len: usize,
        mut f: impl FnMut(&Page, usize, core::ops::Range<usize>) -> Result,
    ) -> Result {
        let end = offset.checked_add(len).ok_or(EINVAL)?;
        if end > pages.len().saturating_mul(PAGE_SIZE) {
            return Err(EINVAL);
        }

        let mut done = 0;
        while done < len {
            let at = (offset + done) % PAGE_SIZE;
            let n = (PAGE_SIZE - at).min(len - done);
            let page = pages.get((offset + done) / PAGE_SIZE).ok_or(EINVAL)?;

            f(page, at, done..done + n)?;
            done += n;
        }
        Ok(())
    }

    /// Copies from the pages, beginning `offset` bytes from the start of the first one, to `dst`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the range exceeds the pages; then nothing is copied.
    pub fn read(&self, offset: usize, dst: &mut [u8]) -> Result {
        Self::for_each_page(&self.owner().pages, offset, dst.len(), |page, at, range| {
            let dst = dst.get_mut(range).ok_or(EINVAL)?;

            // SAFETY: `dst` is valid for writes. The pages belong to the CPU, and a write to
            // them needs a mutable borrow of `self`.
            unsafe { page.read_raw(dst.as_mut_ptr(), at, dst.len()) }
        })
    }

    /// Copies `src` to the pages, beginning `offset` bytes from the start of the first one.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the range exceeds the pages; then nothing is copied.
    pub fn write(&mut self, offset: usize, src: &[u8]) -> Result
    where
        D: CpuWrites,
    {
        Self::for_each_page(&self.owner().pages, offset, src.len(), |page, at, range| {
            let src = src.get(range).ok_or(EINVAL)?;

            // SAFETY: `src` is valid for reads. The pages belong to the CPU, and another
            // access needs a borrow of `self`.
            unsafe { page.write_raw(src.as_ptr(), at, src.len()) }
        })
    }
}

#[kunit_tests(rust_kernel_dma_sg)]
mod tests {
    use super::super::{testing::TestDevice, Bidirectional, FromDevice};
    use super::*;
    use crate::{alloc::flags::__GFP_ZERO, c_str};

    #[test]
    fn vmalloc_memory_is_mapped() -> Result {
        let device = TestDevice::new(c_str!("rust_dma_sg"))?;
        let mapper = Mapper::of(device.bound())?;
        let len = 3 * PAGE_SIZE + 5;
        let buffer = VVec::from_elem(7u8, len, GFP_KERNEL)?;

        let list = PageList::new(mapper, buffer, GFP_KERNEL)?;
        let mapping = mapper.map(list, Bidirectional)?;
        let mapped: usize = mapping
            .segments()
            .iter()
            .map(|segment| segment.dma_len() as usize)
            .sum();
        assert_eq!(mapped, len);

        let mut mapping = mapping.sync_for_cpu();
        assert!(mapping.data().iter().all(|&byte| byte == 7));
        mapping.data_mut()[len - 1] = 8;

        // The list can be mapped again.
        let list = mapping.sync_for_device().unmap();
        let buffer = mapper.map(list, FromDevice)?.unmap().into_pages();
        assert_eq!(buffer.len(), len);
        assert_eq!(buffer[len - 1], 8);

        let empty = PageList::new(mapper, VVec::<u8>::new(), GFP_KERNEL);
        assert!(empty.is_err_and(|error| error == EINVAL));

        Ok(())
    }

    #[test]
    fn pages_are_accessed_across_their_ends() -> Result {
        let device = TestDevice::new(c_str!("rust_dma_pages"))?;
        let mapper = Mapper::of(device.bound())?;
        let mut pages = KVec::new();
        for _ in 0..3 {
            pages.push(Page::alloc_page(GFP_KERNEL | __GFP_ZERO)?, GFP_KERNEL)?;
        }

        let list = PageList::new(mapper, pages, GFP_KERNEL)?;
        let mut mapping = mapper.map(list, Bidirectional)?.sync_for_cpu();
        let mut read = [0; 4];

        for offset in [0, PAGE_SIZE - 2, 2 * PAGE_SIZE - 4, 3 * PAGE_SIZE - 4] {
            mapping.write(offset, &[1, 2, 3, 4])?;
            mapping.read(offset, &mut read)?;
            assert_eq!(read, [1, 2, 3, 4]);
        }
        for offset in [3 * PAGE_SIZE - 3, 3 * PAGE_SIZE, usize::MAX] {
            assert_eq!(mapping.write(offset, &read), Err(EINVAL));
            assert_eq!(mapping.read(offset, &mut read), Err(EINVAL));
        }

        Ok(())
    }
}
