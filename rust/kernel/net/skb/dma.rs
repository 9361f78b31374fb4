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

/// Maps memory in the linear mapping of the kernel.
///
/// # Safety
///
/// The memory must be valid, and nobody may access it until it is unmapped or synchronised.
#[inline]
unsafe fn map_single(
    mapper: &Mapper,
    data: *mut u8,
    len: usize,
    direction: DataDirection,
    attrs: c_ulong,
) -> Result<DmaAddress> {
    let dev = mapper.as_raw();

    // SAFETY: By the type invariants of `Mapper` the device is bound, and may do DMA. The rest is
    // by the safety requirements.
    let handle =
        unsafe { bindings::dma_map_single_attrs(dev, data.cast(), len, direction.into(), attrs) };

    // SAFETY: `dev` is valid, `handle` is the result of mapping memory for it.
    to_result(unsafe { bindings::dma_mapping_error(dev, handle) })?;
    Ok(handle)
}

/// Implements the part of [`Owner`] that is the same for all buffers: all but `map()`.
macro_rules! unmap_and_sync {
    ($len:ident) => {
        #[inline]
        unsafe fn unmap(
            &mut self,
            mapper: &Mapper,
            handle: DmaAddress,
            direction: DataDirection,
            attrs: c_ulong,
        ) {
            let (dev, len) = (mapper.as_raw(), self.$len());

            // SAFETY: By the safety requirements of this function; the length is the same.
            unsafe { bindings::dma_unmap_page_attrs(dev, handle, len, direction.into(), attrs) };
        }

        #[inline]
        unsafe fn sync_for_cpu(
            &mut self,
            mapper: &Mapper,
            handle: DmaAddress,
            direction: DataDirection,
        ) {
            let (dev, len) = (mapper.as_raw(), self.$len());

            // SAFETY: By the safety requirements of this function; the length is the same.
            unsafe { bindings::dma_sync_single_for_cpu(dev, handle, len, direction.into()) };
        }

        #[inline]
        unsafe fn sync_for_device(
            &mut self,
            mapper: &Mapper,
            handle: DmaAddress,
            direction: DataDirection,
        ) {
            let (dev, len) = (mapper.as_raw(), self.$len());

            // SAFETY: By the safety requirements of this function; the length is the same.
            unsafe { bindings::dma_sync_single_for_device(dev, handle, len, direction.into()) };
        }
    };
}

impl<L: Layer> Sealed for SkBuff<L> {}

/// Maps [`Skb::data`](super::Skb::data), as drivers in C do by
/// `dma_map_single(dev, skb->data, skb_headlen(skb), dir)`.
///
/// Fails with [`EINVAL`] if there are no data, or if there are fragments; see
/// [`Skb::linearize`](super::Skb::linearize). If the device is to write to the data, fails with
/// [`EINVAL`] for a layer that is not [`Writable`](super::Writable), and with [`EBUSY`] if the
/// buffer has been cloned.
// SAFETY: Until it is unmapped, nobody accesses the buffer, which is owned by the mapping; where
// the bytes are does not depend on where `self` is. The head of a buffer is from `kmalloc()` or a
// page fragment, and what follows the data is aligned to a cache line.
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
        if direction != DataDirection::ToDevice {
            if !L::WRITABLE {
                return Err(EINVAL);
            }
            if self.is_cloned() {
                return Err(EBUSY);
            }
        }
        let data = self.data().as_ptr().cast_mut();

        // SAFETY: The bytes are valid, and by the safety requirements of this function accessed by
        // nobody.
        unsafe { map_single(mapper, data, self.headlen(), direction, attrs) }
    }

    unmap_and_sync!(headlen);
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

/// An empty buffer whose room a device writes a packet to.
///
/// # Invariants
///
/// `skb` is empty, not cloned, and has at least `len` bytes of tailroom.
///
/// # Examples
///
/// ```
/// use kernel::{
///     dma::{FromDevice, Mapper},
///     net::skb::{RxBuffer, SkBuff},
/// };
///
/// /// Has the device write a packet, and returns it.
/// fn receive(mapper: &Mapper, device: impl FnOnce(u64) -> usize) -> Result<SkBuff> {
///     let buffer = RxBuffer::new(SkBuff::dev_alloc(2048, GFP_KERNEL)?, 2048)?;
///     let mapping = mapper.map(buffer, FromDevice)?;
///     let len = device(mapping.dma_address());
///
///     mapping.unmap().received(len)
/// }
/// ```
pub struct RxBuffer {
    skb: SkBuff,
    len: usize,
    written: bool,
}

impl RxBuffer {
    /// Takes the first `len` bytes of the [tailroom](super::Skb::tailroom).
    ///
    /// Fails with [`EINVAL`] if the buffer is not empty, with [`ENOSPC`] if there are not as many,
    /// and with [`EBUSY`] if it has been cloned; the buffer is freed then.
    pub fn new(skb: SkBuff, len: usize) -> Result<Self> {
        if !skb.is_empty() {
            return Err(EINVAL);
        }
        if len > skb.tailroom() {
            return Err(ENOSPC);
        }
        skb.writable()?;

        // INVARIANT: As has been checked.
        Ok(Self {
            skb,
            len,
            written: false,
        })
    }

    #[inline]
    fn len(&self) -> usize {
        self.len
    }

    /// Returns the packet, which has the first `len` bytes of those that have been mapped.
    ///
    /// `len` may come from the device: fails with [`EINVAL`] if it is more than has been mapped, or
    /// if nothing has been mapped for the device to write to.
    #[inline]
    pub fn received(mut self, len: usize) -> Result<SkBuff> {
        if len > self.len || !self.written {
            return Err(EINVAL);
        }
        // The bytes have been given to the device to be written, hence they are initialized as far
        // as anybody can tell.
        self.skb.put_raw(len)?;
        Ok(self.skb)
    }
}

impl Sealed for RxBuffer {}

// SAFETY: As for `SkBuff`.
unsafe impl Owner for RxBuffer {
    type Handle = DmaAddress;

    #[inline]
    unsafe fn map(
        &mut self,
        mapper: &Mapper,
        direction: DataDirection,
        attrs: c_ulong,
    ) -> Result<DmaAddress> {
        // A device that reads it would see what has been in the memory before.
        if direction != DataDirection::FromDevice || self.len == 0 {
            return Err(EINVAL);
        }
        let data = self.skb.data().as_ptr().cast_mut();

        // SAFETY: By the type invariants the bytes are valid, and by the safety requirements of
        // this function accessed by nobody.
        let handle = unsafe { map_single(mapper, data, self.len, direction, attrs) }?;

        self.written = true;
        Ok(handle)
    }

    unmap_and_sync!(len);
}

impl Reusable for RxBuffer {}

// SAFETY: The handle is the one of the first byte, and as many bytes have been mapped.
unsafe impl Contiguous for RxBuffer {
    #[inline]
    fn size(&self) -> usize {
        self.len
    }
}

#[kunit_tests(rust_kernel_net_skb_dma)]
mod tests {
    use super::*;
    use crate::{
        c_str,
        dma::{testing::TestDevice, FromDevice, ToDevice},
    };

    #[test]
    fn packets_are_mapped() -> Result {
        let device = TestDevice::new(c_str!("rust_net_skb_dma"))?;
        let mapper = Mapper::of(device.bound())?;
        let mut skb = SkBuff::alloc(64, 0, GFP_KERNEL)?;

        skb.put_data(b"packet")?;
        let mut skb = mapper.map(skb, ToDevice)?.unmap();
        assert_eq!(skb.data(), b"packet");

        // A clone can be read by the device, but not written.
        let clone = skb.try_clone(GFP_KERNEL)?;
        let skb = mapper.map(skb, ToDevice)?.unmap();
        assert!(mapper.map(skb, FromDevice).is_err());
        assert_eq!(clone.data(), b"packet");

        // There is nothing to be mapped.
        assert!(mapper
            .map(SkBuff::alloc(64, 0, GFP_KERNEL)?, ToDevice)
            .is_err());
        Ok(())
    }

    /// Of buffers that must not be changed.
    struct Kept;

    impl crate::net::skb::private::Sealed for Kept {}
    impl Layer for Kept {}

    #[test]
    fn devices_do_not_write_to_what_must_not_change() -> Result {
        let device = TestDevice::new(c_str!("rust_net_skb_kept"))?;
        let mapper = Mapper::of(device.bound())?;
        let mut skb = SkBuff::alloc(64, 0, GFP_KERNEL)?;

        skb.put_data(b"packet")?;
        // SAFETY: The layer says nothing about the control block.
        let skb = unsafe { SkBuff::<Kept>::from_raw(skb.into_raw()) };
        let skb = mapper.map(skb, ToDevice)?.unmap();
        assert_eq!(skb.data(), b"packet");
        assert!(mapper.map(skb, FromDevice).is_err());
        Ok(())
    }

    #[test]
    fn packets_are_received() -> Result {
        let device = TestDevice::new(c_str!("rust_net_skb_rx"))?;
        let mapper = Mapper::of(device.bound())?;
        let buffer = || RxBuffer::new(SkBuff::dev_alloc(100, GFP_KERNEL)?, 100);

        let skb = mapper.map(buffer()?, FromDevice)?.unmap().received(60)?;
        assert_eq!(skb.len(), 60);
        // A device may say anything.
        let buf = mapper.map(buffer()?, FromDevice)?.unmap();
        assert_eq!(buf.received(101).err(), Some(EINVAL));
        // Without having been mapped, nothing has been written.
        assert_eq!(buffer()?.received(1).err(), Some(EINVAL));
        assert!(mapper.map(buffer()?, ToDevice).is_err());

        let mut skb = SkBuff::alloc(100, 0, GFP_KERNEL)?;
        assert_eq!(RxBuffer::new(skb, 1 << 20).err(), Some(ENOSPC));
        skb = SkBuff::alloc(100, 0, GFP_KERNEL)?;
        skb.put(1)?;
        assert_eq!(RxBuffer::new(skb, 1).err(), Some(EINVAL));
        Ok(())
    }
}
