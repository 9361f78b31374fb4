// SPDX-License-Identifier: GPL-2.0

//! DMA to and from the data of a buffer.

use super::{Layer, SkBuff};
use crate::{
    bindings,
    dma::{
        streaming::{private::Sealed, Contiguous, Mapper, Owner, Reusable},
        DataDirection, DmaAddress,
    },
    error::to_result,
    ffi::c_ulong,
    prelude::*,
};

impl<L: Layer> Sealed for SkBuff<L> {}

/// Maps [`Skb::data`](super::Skb::data), as drivers in C do by
/// `dma_map_single(dev, skb->data, skb_headlen(skb), dir)`.
///
/// Fails with [`EINVAL`] if there are no data, or if there are fragments; see
/// [`Skb::linearize`](super::Skb::linearize). Fails with [`EBUSY`] if the device is to write to the
/// data and the buffer has been cloned.
///
/// For a received packet, [`Skb::put`](super::Skb::put) as many bytes as the device may write, and
/// [`Skb::trim`](super::Skb::trim) them afterwards.
///
/// # Examples
///
/// ```
/// use kernel::{dma::{FromDevice, Mapper}, net::skb::SkBuff};
///
/// fn receive(mapper: &Mapper, start: impl FnOnce(u64) -> Result<usize>) -> Result<SkBuff> {
///     let mut skb = SkBuff::dev_alloc(2048, GFP_KERNEL)?;
///
///     skb.put(2048)?;
///     let mapping = mapper.map(skb, FromDevice)?;
///     let len = start(mapping.dma_address())?;
///     let mut skb = mapping.unmap();
///
///     skb.trim(len)?;
///     Ok(skb)
/// }
/// ```
// SAFETY: Until it is unmapped, nobody accesses the buffer, which is owned by the mapping; where the
// bytes are does not depend on where `self` is. The head of a buffer is from `kmalloc()` or a page
// fragment, and what follows the data is aligned to a cache line.
unsafe impl<L: Layer> Owner for SkBuff<L> {
    type Handle = DmaAddress;

    #[inline]
    unsafe fn map(
        &mut self,
        mapper: &Mapper,
        direction: DataDirection,
        attrs: c_ulong,
    ) -> Result<DmaAddress> {
        if self.is_nonlinear() || self.is_empty() {
            return Err(EINVAL);
        }
        if direction != DataDirection::ToDevice && self.is_cloned() {
            return Err(EBUSY);
        }
        let dev = mapper.as_raw();

        // SAFETY: By the type invariants of `Mapper` the device is bound, and may do DMA. The bytes
        // are valid, in the linear mapping of the kernel, and by the safety requirements of this
        // function accessed by nobody.
        let handle = unsafe {
            bindings::dma_map_single_attrs(
                dev,
                self.data().as_ptr().cast_mut().cast(),
                self.headlen(),
                direction.into(),
                attrs,
            )
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
        // SAFETY: By the safety requirements of this function; the length is the same.
        unsafe {
            bindings::dma_unmap_page_attrs(
                mapper.as_raw(),
                handle,
                self.headlen(),
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
        // SAFETY: By the safety requirements of this function; the length is the same.
        unsafe {
            bindings::dma_sync_single_for_cpu(
                mapper.as_raw(),
                handle,
                self.headlen(),
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
        // SAFETY: By the safety requirements of this function; the length is the same.
        unsafe {
            bindings::dma_sync_single_for_device(
                mapper.as_raw(),
                handle,
                self.headlen(),
                direction.into(),
            )
        };
    }
}

impl<L: Layer> Reusable for SkBuff<L> {}

// SAFETY: The handle is the one of the first byte, and as many bytes have been mapped; they can't
// change, since the mapping does not give access to the buffer.
unsafe impl<L: Layer> Contiguous for SkBuff<L> {
    #[inline]
    fn size(&self) -> usize {
        self.headlen()
    }
}
