// SPDX-License-Identifier: GPL-2.0

//! Socket buffers.
//!
//! C header: [`include/linux/skbuff.h`](srctree/include/linux/skbuff.h)
//!
//! # Who owns a buffer
//!
//! | type | C |
//! |---|---|
//! | [`SkBuff`] | a `struct sk_buff *` that one has to free, hand over or queue |
//! | [`&Skb`](Skb), [`&mut Skb`](Skb) | one that somebody else owns |
//! | [`SkbQueue`] | `struct sk_buff_head` with its lock |
//! | [`SkbList`] | a list without a lock, which belongs to one thread at a time |
//!
//! A `struct sk_buff` describes a packet. Its reference count is always 1 here: a buffer that C
//! hands over with more than one reference is replaced by a clone first (`skb_share_check()`).
//!
//! The bytes of the packet are something else: clones (see [`SkBuff::try_clone`]) have them in
//! common, and nobody may write to them as long as there is more than one. All methods that write
//! check this and return [`EBUSY`]; [`Skb::make_writable`] gives a clone bytes of its own.
//!
//! # Contexts
//!
//! Everything can be called in any context but NMI, except that allocation flags must suit the
//! context. A buffer that is dropped is freed by `dev_kfree_skb_any()`, which leaves the work to
//! the softirq if interrupts are disabled.

use crate::{
    alloc::Flags,
    bindings,
    error::to_result,
    page::{Page, PAGE_SIZE},
    prelude::*,
    types::Opaque,
};
use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    ptr::{self, NonNull},
    slice,
};

mod dma;
mod queue;

pub use self::dma::RxBuffer;
pub use self::queue::{Peek, PeekMut, QueueGuard, SkbList, SkbQueue};

#[doc(inline)]
pub use crate::new_skb_queue;

/// The most bytes by which a buffer grows at once, or that are allocated for one.
///
/// More than any packet has, and small enough for the page allocator not to complain.
const MAX_ROOM: usize = 1 << 20;

pub(crate) mod private {
    /// Only the kernel crate implements [`Layer`](super::Layer).
    pub trait Sealed {}
}

/// Whose data are in the control block (`cb`) of a buffer.
///
/// The control block belongs to the layer that owns the buffer at a given time. A buffer therefore
/// has the layer in its type, and nobody can take the data of one layer for those of another.
///
/// Drivers can't implement it. `()` means that the contents are of no importance, [`Cb<T>`] that
/// they are a value of type `T`.
pub trait Layer: private::Sealed + 'static {
    /// Whether it is [`Writable`], for what learns at run time only who writes.
    #[doc(hidden)]
    const WRITABLE: bool = false;

    /// Frees a buffer.
    ///
    /// # Safety
    ///
    /// The caller must own `skb`, which must be of this layer, and must not use it afterwards.
    #[doc(hidden)]
    #[inline]
    unsafe fn free(skb: NonNull<bindings::sk_buff>, reason: DropReason) {
        // SAFETY: By the safety requirements of this function. This can be called in any context.
        unsafe { bindings::dev_kfree_skb_any_reason(skb.as_ptr(), reason.0) };
    }
}

/// A [`Layer`] whose buffers may be changed: they do not go back to where they come from.
pub trait Writable: Layer {}

impl private::Sealed for () {}
impl Layer for () {
    const WRITABLE: bool = true;
}
impl Writable for () {}

/// A [`Layer`] that keeps a value of type `T` in the control block.
pub struct Cb<T>(PhantomData<T>);

impl<T: Copy + Send + Sync + 'static> private::Sealed for Cb<T> {}
impl<T: Copy + Send + Sync + 'static> Layer for Cb<T> {
    const WRITABLE: bool = true;
}
impl<T: Copy + Send + Sync + 'static> Writable for Cb<T> {}

/// Why a buffer is dropped (`enum skb_drop_reason`), as the tracepoint `skb:kfree_skb` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropReason(pub(crate) bindings::skb_drop_reason);

impl DropReason {
    /// The packet has been delivered, that is, has not been dropped (`SKB_CONSUMED`).
    pub const CONSUMED: Self = Self(bindings::skb_drop_reason_SKB_CONSUMED);
    /// No reason is known.
    pub const NOT_SPECIFIED: Self = Self(bindings::skb_drop_reason_SKB_DROP_REASON_NOT_SPECIFIED);
    /// The packet is too small.
    pub const PKT_TOO_SMALL: Self = Self(bindings::skb_drop_reason_SKB_DROP_REASON_PKT_TOO_SMALL);
    /// The packet is too big.
    pub const PKT_TOO_BIG: Self = Self(bindings::skb_drop_reason_SKB_DROP_REASON_PKT_TOO_BIG);
    /// There is no memory.
    pub const NOMEM: Self = Self(bindings::skb_drop_reason_SKB_DROP_REASON_NOMEM);
    /// The header of the device is broken.
    pub const DEV_HDR: Self = Self(bindings::skb_drop_reason_SKB_DROP_REASON_DEV_HDR);
    /// The device is not ready.
    pub const DEV_READY: Self = Self(bindings::skb_drop_reason_SKB_DROP_REASON_DEV_READY);
    /// The ring of the device is full.
    pub const FULL_RING: Self = Self(bindings::skb_drop_reason_SKB_DROP_REASON_FULL_RING);
    /// A header is truncated.
    pub const HDR_TRUNC: Self = Self(bindings::skb_drop_reason_SKB_DROP_REASON_HDR_TRUNC);
    /// The queue that the packet was in is gone.
    pub const QUEUE_PURGE: Self = Self(bindings::skb_drop_reason_SKB_DROP_REASON_QUEUE_PURGE);
}

/// What is known about the checksum of a packet (`skb->ip_summed`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// Nothing; on transmission, that there is nothing to do (`CHECKSUM_NONE`).
    None,
    /// The device has verified it (`CHECKSUM_UNNECESSARY`).
    Unnecessary,
    /// The device has summed up the whole packet (`CHECKSUM_COMPLETE`).
    Complete,
    /// The device is to fill it in (`CHECKSUM_PARTIAL`).
    Partial,
}

/// Whom a received packet is for (`skb->pkt_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketType {
    /// This host.
    Host,
    /// All.
    Broadcast,
    /// A group.
    Multicast,
    /// Another host; it has been received because the interface is promiscuous.
    OtherHost,
    /// It has been sent by this host.
    Outgoing,
}

/// A socket buffer (`struct sk_buff`) that somebody else owns.
///
/// It has no size of its own, so that two of them can't be exchanged by means of their references.
///
/// # Invariants
///
/// - The buffer is valid, and its reference count is 1: nobody but the owner knows it.
/// - `head <= data <= data + headlen <= end`, and the bytes from `data` to `data + headlen` are
///   initialized.
#[repr(C)]
pub struct Skb {
    inner: Opaque<bindings::sk_buff>,
    unsized_tail: [()],
}

// SAFETY: A buffer does not belong to a thread.
unsafe impl Send for Skb {}

// SAFETY: No method that takes `&self` writes to anything.
unsafe impl Sync for Skb {}

impl Skb {
    /// Makes a reference of a pointer.
    ///
    /// # Safety
    ///
    /// `ptr` must satisfy the type invariants, and nobody may write to the buffer for the lifetime
    /// `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *const bindings::sk_buff) -> &'a Self {
        // SAFETY: By the safety requirements; the cast only adds the length of a slice without a
        // size.
        unsafe { &*(ptr::slice_from_raw_parts(ptr, 0) as *const Self) }
    }

    /// Makes a mutable reference of a pointer.
    ///
    /// # Safety
    ///
    /// `ptr` must satisfy the type invariants, and nobody else may access the buffer for the
    /// lifetime `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw_mut<'a>(ptr: *mut bindings::sk_buff) -> &'a mut Self {
        // SAFETY: By the safety requirements; the cast only adds the length of a slice without a
        // size.
        unsafe { &mut *(ptr::slice_from_raw_parts_mut(ptr, 0) as *mut Self) }
    }

    /// Returns the pointer for C.
    #[inline]
    pub(crate) fn as_raw(&self) -> *mut bindings::sk_buff {
        self.inner.get()
    }

    #[inline]
    fn raw(&self) -> &bindings::sk_buff {
        // SAFETY: By the type invariants the buffer is valid, and nobody writes to it as long as
        // `self` is borrowed.
        unsafe { &*self.as_raw() }
    }

    #[inline]
    fn headers(&self) -> &bindings::sk_buff__bindgen_ty_4__bindgen_ty_2 {
        // SAFETY: Both members of the union are the same.
        unsafe { self.raw().__bindgen_anon_4.headers.as_ref() }
    }

    #[inline]
    fn headers_mut(&mut self) -> &mut bindings::sk_buff__bindgen_ty_4__bindgen_ty_2 {
        // SAFETY: By the type invariants the buffer is valid, and nobody else accesses it as long
        // as `self` is borrowed mutably.
        let union = unsafe { &mut (*self.as_raw()).__bindgen_anon_4 };

        // SAFETY: Both members of the union are the same.
        unsafe { union.headers.as_mut() }
    }

    /// Returns the number of bytes of the packet, including those in fragments.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.raw().len as usize
    }

    /// Returns whether the packet has no bytes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of bytes that are not in fragments (`skb_headlen()`), hence in
    /// [`Skb::data`].
    #[inline]
    pub fn headlen(&self) -> usize {
        // By the type invariants this can't underflow.
        (self.raw().len - self.raw().data_len) as usize
    }

    /// Returns the number of bytes in fragments.
    #[inline]
    pub fn data_len(&self) -> usize {
        self.raw().data_len as usize
    }

    /// Returns whether the packet has fragments (`skb_is_nonlinear()`).
    #[inline]
    pub fn is_nonlinear(&self) -> bool {
        self.raw().data_len != 0
    }

    /// Returns the memory that the buffer is charged for (`skb->truesize`).
    #[inline]
    pub fn truesize(&self) -> usize {
        self.raw().truesize as usize
    }

    /// Returns the free bytes in front of the data (`skb_headroom()`).
    #[inline]
    pub fn headroom(&self) -> usize {
        // By the type invariants this can't underflow.
        self.raw().data as usize - self.raw().head as usize
    }

    /// Returns the free bytes after the data (`skb_tailroom()`): none if there are fragments.
    #[inline]
    pub fn tailroom(&self) -> usize {
        if self.is_nonlinear() {
            return 0;
        }
        // By the type invariants this can't underflow.
        self.end() as usize - self.raw().data as usize - self.len()
    }

    /// Returns where the buffer ends, and `struct skb_shared_info` begins (`skb_end_pointer()`).
    #[inline]
    fn end(&self) -> *mut u8 {
        // `NET_SKBUFF_DATA_USES_OFFSET` is set on 64 bit.
        if cfg!(CONFIG_64BIT) {
            self.raw().head.wrapping_add(self.raw().end as usize)
        } else {
            self.raw().end as usize as *mut u8
        }
    }

    #[inline]
    fn shinfo(&self) -> *mut bindings::skb_shared_info {
        self.end().cast()
    }

    /// Returns whether there is a clone, with which the buffer has its bytes in common
    /// (`skb_cloned()`).
    #[inline]
    pub fn is_cloned(&self) -> bool {
        if self.raw().cloned() == 0 {
            return false;
        }
        // SAFETY: The shared info is valid as long as the buffer is.
        let dataref = unsafe { bindings::atomic_read(&raw const (*self.shinfo()).dataref) };

        (dataref as u32) & bindings::SKB_DATAREF_MASK != 1
    }

    #[inline]
    fn writable(&self) -> Result {
        if self.is_cloned() {
            return Err(EBUSY);
        }
        Ok(())
    }

    /// Returns the bytes that are not in fragments.
    #[inline]
    pub fn data(&self) -> &[u8] {
        // SAFETY: By the type invariants. Nobody writes to it: neither through this buffer, as long
        // as `self` is borrowed, nor through a clone, as long as this buffer exists.
        unsafe { slice::from_raw_parts(self.raw().data, self.headlen()) }
    }

    /// Returns the bytes that are not in fragments, to write to them.
    ///
    /// Fails with [`EBUSY`] if the buffer has been cloned; see [`Skb::make_writable`].
    #[inline]
    pub fn data_mut(&mut self) -> Result<&mut [u8]> {
        self.writable()?;

        // SAFETY: By the type invariants. There is no clone, and there can't be one as long as
        // `self` is borrowed.
        Ok(unsafe { slice::from_raw_parts_mut(self.raw().data, self.headlen()) })
    }

    /// Makes the bytes belong to this buffer alone, so that they can be written to
    /// (`skb_unclone()`), and returns them.
    ///
    /// It copies them if there is a clone, and does nothing else. Fails with [`ENOMEM`].
    #[inline]
    pub fn make_writable(&mut self, flags: Flags) -> Result<&mut [u8]> {
        if self.is_cloned() {
            self.expand(0, 0, flags)?;
        }

        // SAFETY: By the type invariants. There is no clone, and there can't be one as long as
        // `self` is borrowed.
        Ok(unsafe { slice::from_raw_parts_mut(self.raw().data, self.headlen()) })
    }

    /// Copies the bytes to a buffer that has more room in front and at the end
    /// (`pskb_expand_head()`). Afterwards the bytes belong to this buffer alone.
    ///
    /// Fails with [`ENOMEM`], particularly if it is more than 1 MiB.
    pub fn expand(&mut self, headroom: usize, tailroom: usize, flags: Flags) -> Result {
        if headroom > MAX_ROOM || tailroom > MAX_ROOM {
            return Err(ENOMEM);
        }
        // SAFETY: By the type invariants the buffer is valid and not shared. The casts can't
        // truncate. References to the old data have ended, because `self` is borrowed mutably.
        to_result(unsafe {
            bindings::pskb_expand_head(
                self.as_raw(),
                headroom as i32,
                tailroom as i32,
                flags.as_raw(),
            )
        })
    }

    /// Makes sure that there are `headroom` bytes in front of the data, and that the bytes belong
    /// to this buffer alone (`skb_cow()`).
    ///
    /// Fails with [`ENOMEM`].
    #[inline]
    pub fn ensure_headroom(&mut self, headroom: usize, flags: Flags) -> Result {
        let missing = headroom.saturating_sub(self.headroom());

        if missing == 0 && !self.is_cloned() {
            return Ok(());
        }
        self.expand(missing, 0, flags)
    }

    /// Makes sure that there are `tailroom` bytes after the data, that no byte is in a fragment,
    /// and that the bytes belong to this buffer alone.
    ///
    /// Fails with [`ENOMEM`].
    pub fn ensure_tailroom(&mut self, tailroom: usize, flags: Flags) -> Result {
        self.linearize()?;

        let missing = tailroom.saturating_sub(self.tailroom());

        if missing == 0 && !self.is_cloned() {
            return Ok(());
        }
        self.expand(0, missing, flags)
    }

    /// Moves what is in fragments into the buffer (`skb_linearize()`). Afterwards [`Skb::data`] is
    /// the whole packet.
    ///
    /// It allocates with `GFP_ATOMIC`, and fails with [`ENOMEM`].
    #[inline]
    pub fn linearize(&mut self) -> Result {
        // SAFETY: By the type invariants the buffer is valid. References to the old data have
        // ended, because `self` is borrowed mutably.
        to_result(unsafe { bindings::skb_linearize(self.as_raw()) })
    }

    /// Moves bytes from the fragments into the buffer, so that [`Skb::data`] has at least `len`
    /// (`pskb_may_pull()`).
    ///
    /// Fails with [`EINVAL`] if the packet is shorter, and with [`ENOMEM`].
    #[inline]
    pub fn may_pull(&mut self, len: usize) -> Result {
        let Some(missing) = len.checked_sub(self.headlen()) else {
            return Ok(());
        };
        if missing == 0 {
            return Ok(());
        }
        if missing > self.data_len() {
            return Err(EINVAL);
        }
        // SAFETY: By the type invariants the buffer is valid. `missing` is not more than what is in
        // fragments. References to the old data have ended, because `self` is borrowed mutably.
        let ret = unsafe { bindings::__pskb_pull_tail(self.as_raw(), missing as i32) };

        if ret.is_null() {
            return Err(ENOMEM);
        }
        Ok(())
    }

    /// Moves the begin of the data of an empty packet, to have room in front (`skb_reserve()`).
    ///
    /// Fails with [`EINVAL`] if the packet is not empty, and with [`ENOSPC`] if there is not enough
    /// room.
    #[inline]
    pub fn reserve(&mut self, len: usize) -> Result {
        if !self.is_empty() {
            return Err(EINVAL);
        }
        if len > self.tailroom() {
            return Err(ENOSPC);
        }
        let skb = self.as_raw();

        // SAFETY: By the type invariants the buffer is valid, nobody else accesses it, and there is
        // as much room.
        unsafe {
            (*skb).data = (*skb).data.add(len);

            // A number or a pointer. The cast can't truncate, since `end` is of the same type.
            #[cfg(CONFIG_64BIT)]
            {
                (*skb).tail += len as u32;
            }
            #[cfg(not(CONFIG_64BIT))]
            {
                (*skb).tail = (*skb).tail.add(len);
            }
        }
        Ok(())
    }

    #[inline]
    fn put_raw(&mut self, len: usize) -> Result<*mut u8> {
        // Without room there may be fragments, which `skb_put()` does not take.
        if len > self.tailroom() || self.is_nonlinear() {
            return Err(ENOSPC);
        }
        self.writable()?;

        // SAFETY: By the type invariants the buffer is valid. It has no fragments, and as much
        // room, thus the cast can't truncate. The caller initializes the bytes.
        Ok(unsafe { bindings::skb_put(self.as_raw(), len as u32) }.cast())
    }

    /// Appends `len` bytes that are zero (`skb_put_zero()`), and returns them.
    ///
    /// Fails with [`ENOSPC`] if there is not enough [tailroom](Skb::tailroom), and with [`EBUSY`]
    /// if the buffer has been cloned.
    #[inline]
    pub fn put(&mut self, len: usize) -> Result<&mut [u8]> {
        let bytes = self.put_raw(len)?;

        // SAFETY: `skb_put()` has returned `len` bytes, which only `self` knows.
        unsafe {
            ptr::write_bytes(bytes, 0, len);
            Ok(slice::from_raw_parts_mut(bytes, len))
        }
    }

    /// Appends bytes (`skb_put_data()`).
    ///
    /// Fails like [`Skb::put`].
    #[inline]
    pub fn put_data(&mut self, data: &[u8]) -> Result {
        let bytes = self.put_raw(data.len())?;

        // SAFETY: `skb_put()` has returned as many bytes, to which there are no references, since
        // they were not part of the data.
        unsafe { ptr::copy_nonoverlapping(data.as_ptr(), bytes, data.len()) };
        Ok(())
    }

    /// Appends one byte (`skb_put_u8()`).
    ///
    /// Fails like [`Skb::put`].
    #[inline]
    pub fn put_u8(&mut self, byte: u8) -> Result {
        self.put_data(&[byte])
    }

    #[inline]
    fn push_raw(&mut self, len: usize) -> Result<*mut u8> {
        if len > self.headroom() {
            return Err(ENOSPC);
        }
        self.writable()?;

        // SAFETY: By the type invariants the buffer is valid. It has as much room, thus the cast
        // can't truncate. The caller initializes the bytes.
        Ok(unsafe { bindings::skb_push(self.as_raw(), len as u32) }.cast())
    }

    /// Prepends `len` bytes that are zero (`skb_push()`), and returns them.
    ///
    /// Fails with [`ENOSPC`] if there is not enough [headroom](Skb::headroom), and with [`EBUSY`]
    /// if the buffer has been cloned.
    #[inline]
    pub fn push(&mut self, len: usize) -> Result<&mut [u8]> {
        let bytes = self.push_raw(len)?;

        // SAFETY: `skb_push()` has returned `len` bytes, which only `self` knows.
        unsafe {
            ptr::write_bytes(bytes, 0, len);
            Ok(slice::from_raw_parts_mut(bytes, len))
        }
    }

    /// Prepends bytes.
    ///
    /// Fails like [`Skb::push`].
    #[inline]
    pub fn push_data(&mut self, data: &[u8]) -> Result {
        let bytes = self.push_raw(data.len())?;

        // SAFETY: `skb_push()` has returned as many bytes, to which there are no references, since
        // they were not part of the data.
        unsafe { ptr::copy_nonoverlapping(data.as_ptr(), bytes, data.len()) };
        Ok(())
    }

    /// Removes `len` bytes from the begin (`skb_pull()`).
    ///
    /// Fails with [`EINVAL`] if there are not as many that are not in fragments; see
    /// [`Skb::may_pull`].
    #[inline]
    pub fn pull(&mut self, len: usize) -> Result {
        if len > self.headlen() {
            return Err(EINVAL);
        }
        // SAFETY: By the type invariants the buffer is valid, and it has as many bytes.
        unsafe { bindings::skb_pull(self.as_raw(), len as u32) };
        Ok(())
    }

    /// Shortens the packet to `len` bytes; does nothing if it is not longer (`skb_trim()`,
    /// `pskb_trim()`).
    ///
    /// Can fail with [`ENOMEM`] if there are fragments and a clone.
    #[inline]
    pub fn trim(&mut self, len: usize) -> Result {
        if len >= self.len() {
            return Ok(());
        }
        if self.is_nonlinear() {
            // SAFETY: By the type invariants the buffer is valid. `len` is less than what it has,
            // thus the cast can't truncate.
            return to_result(unsafe { bindings::pskb_trim(self.as_raw(), len as u32) });
        }
        // SAFETY: As above.
        unsafe { bindings::skb_trim(self.as_raw(), len as u32) };
        Ok(())
    }

    /// Appends zeroes until the packet has `len` bytes (`skb_put_padto()`).
    ///
    /// Fails with [`ENOMEM`].
    pub fn pad_to(&mut self, len: usize, flags: Flags) -> Result {
        let Some(missing) = len.checked_sub(self.len()) else {
            return Ok(());
        };
        self.ensure_tailroom(missing, flags)?;
        self.put(missing)?;
        Ok(())
    }

    /// Copies bytes of the packet, which may be in fragments, beginning at `offset`
    /// (`skb_copy_bits()`).
    ///
    /// Fails with [`EINVAL`] if the packet does not have as many, and with [`EFAULT`] if the CPU
    /// can't read them.
    pub fn copy_bits(&self, offset: usize, to: &mut [u8]) -> Result {
        if offset > self.len() || to.len() > self.len() - offset {
            return Err(EINVAL);
        }
        // SAFETY: By the type invariants the buffer is valid, and it has as many bytes, thus the
        // casts can't truncate.
        to_result(unsafe {
            bindings::skb_copy_bits(
                self.as_raw(),
                offset as i32,
                to.as_mut_ptr().cast(),
                to.len() as i32,
            )
        })
    }

    /// Returns the number of fragments that are pages.
    #[inline]
    pub fn nr_frags(&self) -> usize {
        // SAFETY: The shared info is valid as long as the buffer is.
        let nr = unsafe { (*self.shinfo()).nr_frags };

        usize::from(nr)
    }

    /// Returns the fragments that are pages.
    #[inline]
    pub fn frags(&self) -> Frags<'_> {
        Frags {
            skb: self,
            index: 0,
            offset: self.headlen(),
        }
    }

    /// Appends `len` bytes at `offset` in a page, as a fragment (`skb_add_rx_frag()`).
    ///
    /// The page belongs to the packet then. Fails with [`EINVAL`] if there are not as many bytes in
    /// it, with [`ENOSPC`] if there are `MAX_SKB_FRAGS` fragments already, and with [`EBUSY`] if
    /// the buffer has been cloned; the page is freed then.
    pub fn add_rx_frag(&mut self, page: Page, offset: usize, len: usize) -> Result {
        if offset > PAGE_SIZE || len > PAGE_SIZE - offset || len == 0 {
            return Err(EINVAL);
        }
        self.writable()?;
        let nr = self.nr_frags();

        if nr >= bindings::MAX_SKB_FRAGS as usize || self.has_frag_list() {
            return Err(ENOSPC);
        }
        let page = ManuallyDrop::new(page);

        // SAFETY: By the type invariants the buffer is valid. There is a free fragment, and the
        // packet frees the page. The casts can't truncate.
        unsafe {
            bindings::skb_add_rx_frag(
                self.as_raw(),
                nr as i32,
                page.as_ptr(),
                offset as i32,
                len as i32,
                PAGE_SIZE as u32,
            )
        };
        Ok(())
    }

    /// Returns whether some of the packet is in a list of other buffers (`skb_has_frag_list()`),
    /// as it may be after GRO.
    #[inline]
    pub fn has_frag_list(&self) -> bool {
        // SAFETY: The shared info is valid as long as the buffer is.
        unsafe { !(*self.shinfo()).frag_list.is_null() }
    }

    /// Makes the socket that the packet is from forget it (`skb_orphan()`).
    ///
    /// The socket may then send more, although the packet is still underway.
    #[inline]
    pub fn orphan(&mut self) {
        // SAFETY: By the type invariants the buffer is valid.
        unsafe { bindings::skb_orphan(self.as_raw()) };
    }

    /// Returns the priority.
    #[inline]
    pub fn priority(&self) -> u32 {
        self.headers().priority
    }

    /// Sets the priority.
    #[inline]
    pub fn set_priority(&mut self, priority: u32) {
        self.headers_mut().priority = priority;
    }

    /// Returns the transmit queue of the device (`skb_get_queue_mapping()`).
    #[inline]
    pub fn queue_mapping(&self) -> u16 {
        self.raw().queue_mapping
    }

    /// Sets the transmit queue of the device (`skb_set_queue_mapping()`).
    #[inline]
    pub fn set_queue_mapping(&mut self, queue: u16) {
        // SAFETY: By the type invariants the buffer is valid, and nobody else accesses it.
        unsafe { (*self.as_raw()).queue_mapping = queue };
    }

    /// Returns the protocol (an EtherType, such as `ETH_P_IP`), in the byte order of the CPU.
    #[inline]
    pub fn protocol(&self) -> u16 {
        u16::from_be(self.headers().protocol)
    }

    /// Sets the protocol, in the byte order of the CPU.
    #[inline]
    pub fn set_protocol(&mut self, protocol: u16) {
        self.headers_mut().protocol = protocol.to_be();
    }

    /// Returns the mark that netfilter and routing use.
    #[inline]
    pub fn mark(&self) -> u32 {
        // SAFETY: Both members of the union are numbers of the same size.
        unsafe { self.headers().__bindgen_anon_4.mark }
    }

    /// Sets the mark.
    #[inline]
    pub fn set_mark(&mut self, mark: u32) {
        self.headers_mut().__bindgen_anon_4.mark = mark;
    }

    /// Returns what is known about the checksum.
    #[inline]
    pub fn checksum(&self) -> Checksum {
        match u32::from(self.headers().ip_summed()) {
            bindings::CHECKSUM_UNNECESSARY => Checksum::Unnecessary,
            bindings::CHECKSUM_COMPLETE => Checksum::Complete,
            bindings::CHECKSUM_PARTIAL => Checksum::Partial,
            _ => Checksum::None,
        }
    }

    /// Says that nothing is known about the checksum of a received packet (`CHECKSUM_NONE`).
    #[inline]
    pub fn set_checksum_none(&mut self) {
        self.headers_mut()
            .set_ip_summed(bindings::CHECKSUM_NONE as u8);
    }

    /// Says that the device has verified the checksum of a received packet
    /// (`CHECKSUM_UNNECESSARY`).
    #[inline]
    pub fn set_checksum_unnecessary(&mut self) {
        self.headers_mut()
            .set_ip_summed(bindings::CHECKSUM_UNNECESSARY as u8);
    }

    /// Returns whom the packet is for, or `None` if it is of another type.
    #[inline]
    pub fn packet_type(&self) -> Option<PacketType> {
        Some(match u32::from(self.headers().pkt_type()) {
            bindings::PACKET_HOST => PacketType::Host,
            bindings::PACKET_BROADCAST => PacketType::Broadcast,
            bindings::PACKET_MULTICAST => PacketType::Multicast,
            bindings::PACKET_OTHERHOST => PacketType::OtherHost,
            bindings::PACKET_OUTGOING => PacketType::Outgoing,
            _ => return None,
        })
    }

    /// Sets whom the packet is for.
    #[inline]
    pub fn set_packet_type(&mut self, packet_type: PacketType) {
        let value = match packet_type {
            PacketType::Host => bindings::PACKET_HOST,
            PacketType::Broadcast => bindings::PACKET_BROADCAST,
            PacketType::Multicast => bindings::PACKET_MULTICAST,
            PacketType::OtherHost => bindings::PACKET_OTHERHOST,
            PacketType::Outgoing => bindings::PACKET_OUTGOING,
        };

        self.headers_mut().set_pkt_type(value as u8);
    }

    /// Returns the time stamp in nanoseconds (`skb->tstamp`); 0 means that there is none.
    #[inline]
    pub fn tstamp(&self) -> i64 {
        // SAFETY: Both members of the union are numbers of the same size.
        unsafe { self.raw().__bindgen_anon_2.tstamp }
    }

    /// Sets the time stamp in nanoseconds of the real time clock (`skb->tstamp`).
    #[inline]
    pub fn set_tstamp(&mut self, tstamp: i64) {
        // SAFETY: By the type invariants the buffer is valid, and nobody else accesses it.
        unsafe { (*self.as_raw()).__bindgen_anon_2.tstamp = tstamp };
    }

    /// Sets the time stamp in nanoseconds that the hardware has taken (`skb_hwtstamps()`).
    ///
    /// Fails with [`EBUSY`] if the buffer has been cloned, since clones have it in common.
    #[inline]
    pub fn set_hwtstamp(&mut self, tstamp: i64) -> Result {
        self.writable()?;
        // SAFETY: The shared info is valid as long as the buffer is, and nobody else accesses it.
        unsafe {
            (*self.shinfo())
                .__bindgen_anon_1
                .hwtstamps
                .__bindgen_anon_1
                .hwtstamp = tstamp
        };
        Ok(())
    }

    #[inline]
    fn offset_of_data(&self, offset: usize) -> Result<u16> {
        let offset = self.headroom().checked_add(offset).ok_or(ERANGE)?;

        // All ones mean that there is none.
        match u16::try_from(offset) {
            Ok(offset) if offset != u16::MAX => Ok(offset),
            _ => Err(ERANGE),
        }
    }

    /// Says that the link layer header begins with the data (`skb_reset_mac_header()`).
    ///
    /// Fails with [`ERANGE`] if it would be more than 64 KiB from the begin of the buffer.
    #[inline]
    pub fn reset_mac_header(&mut self) -> Result {
        self.headers_mut().mac_header = self.offset_of_data(0)?;
        Ok(())
    }

    /// Says that the network header is at `offset` in the data (`skb_set_network_header()`).
    ///
    /// Fails with [`EINVAL`] if the data are shorter, and with [`ERANGE`] if it would be more than
    /// 64 KiB from the begin of the buffer.
    #[inline]
    pub fn set_network_header(&mut self, offset: usize) -> Result {
        if offset > self.headlen() {
            return Err(EINVAL);
        }
        self.headers_mut().network_header = self.offset_of_data(offset)?;
        Ok(())
    }

    /// Says that the transport header is at `offset` in the data (`skb_set_transport_header()`).
    ///
    /// Fails like [`Skb::set_network_header`].
    #[inline]
    pub fn set_transport_header(&mut self, offset: usize) -> Result {
        if offset > self.headlen() {
            return Err(EINVAL);
        }
        self.headers_mut().transport_header = self.offset_of_data(offset)?;
        Ok(())
    }

    /// Returns where the link layer header is, from the begin of the data (`skb_mac_offset()`), if
    /// it has been set.
    #[inline]
    pub fn mac_offset(&self) -> Option<isize> {
        let header = self.headers().mac_header;

        // Neither is more than the size of an allocation.
        (header != u16::MAX).then(|| header as isize - self.headroom() as isize)
    }

    /// Copies the packet with all its fragments into a new buffer without fragments
    /// (`skb_copy()`).
    ///
    /// The control block is not copied into the type. Fails with [`ENOMEM`].
    #[inline]
    pub fn copy(&self, flags: Flags) -> Result<SkBuff> {
        // SAFETY: By the type invariants the buffer is valid.
        let copy = unsafe { bindings::skb_copy(self.as_raw(), flags.as_raw()) };

        // SAFETY: It is NULL or a new buffer.
        unsafe { SkBuff::from_new(copy) }
    }

    /// The same as [`Skb::copy`], with as much room in front and at the end
    /// (`skb_copy_expand()`).
    ///
    /// Fails with [`ENOMEM`], particularly if it is more than 1 MiB.
    pub fn copy_expand(&self, headroom: usize, tailroom: usize, flags: Flags) -> Result<SkBuff> {
        if headroom > MAX_ROOM || tailroom > MAX_ROOM {
            return Err(ENOMEM);
        }
        // SAFETY: By the type invariants the buffer is valid. The casts can't truncate.
        let copy = unsafe {
            bindings::skb_copy_expand(
                self.as_raw(),
                headroom as i32,
                tailroom as i32,
                flags.as_raw(),
            )
        };

        // SAFETY: It is NULL or a new buffer.
        unsafe { SkBuff::from_new(copy) }
    }

    /// Returns another buffer with the same bytes, without copying them (`skb_clone()`).
    ///
    /// Neither can be written to until the other is gone, or has got bytes of its own. Fails with
    /// [`ENOMEM`].
    #[inline]
    pub fn try_clone(&mut self, flags: Flags) -> Result<SkBuff> {
        // SAFETY: By the type invariants the buffer is valid, and nobody else accesses it.
        let clone = unsafe { bindings::skb_clone(self.as_raw(), flags.as_raw()) };

        // SAFETY: It is NULL or a new buffer.
        unsafe { SkBuff::from_new(clone) }
    }
}

/// A fragment of a packet that is in a page; see [`Skb::frags`].
#[derive(Clone, Copy)]
pub struct Frag<'a> {
    skb: &'a Skb,
    offset: usize,
    size: usize,
}

impl Frag<'_> {
    /// Returns the number of bytes (`skb_frag_size()`).
    #[inline]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Returns where the fragment is in the packet.
    #[inline]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Copies bytes, beginning at `offset` in the fragment.
    ///
    /// Fails like [`Skb::copy_bits`].
    pub fn read(&self, offset: usize, to: &mut [u8]) -> Result {
        if offset > self.size || to.len() > self.size - offset {
            return Err(EINVAL);
        }
        self.skb.copy_bits(self.offset + offset, to)
    }
}

/// An iterator over the fragments of a packet; see [`Skb::frags`].
pub struct Frags<'a> {
    skb: &'a Skb,
    index: usize,
    offset: usize,
}

impl<'a> Iterator for Frags<'a> {
    type Item = Frag<'a>;

    fn next(&mut self) -> Option<Frag<'a>> {
        if self.index >= self.skb.nr_frags() {
            return None;
        }
        // SAFETY: The shared info is valid as long as the buffer is, and has as many fragments.
        let frags = unsafe { &(*self.skb.shinfo()).frags };
        let size = frags.get(self.index)?.len as usize;
        let frag = Frag {
            skb: self.skb,
            offset: self.offset,
            size,
        };

        self.index += 1;
        self.offset += size;
        Some(frag)
    }
}

/// A socket buffer (`struct sk_buff`) and the right to do everything with it.
///
/// It is freed when it is dropped, as a packet that was lost; [`SkBuff::consume`] is for one that
/// has reached its destination.
///
/// `L` says what is in the control block.
///
/// # Invariants
///
/// `ptr` satisfies the invariants of [`Skb`], and `self` owns it; it is on no list. If `L` is
/// [`Cb<T>`], the control block has a value of type `T`.
///
/// # Examples
///
/// ```
/// use kernel::net::skb::SkBuff;
///
/// let mut skb = SkBuff::alloc(64, 16, GFP_KERNEL)?;
/// skb.put_data(b"payload")?;
/// skb.push_data(b"header ")?;
/// assert_eq!(skb.data(), b"header payload");
///
/// // Clones can be read only.
/// let clone = skb.try_clone(GFP_KERNEL)?;
/// assert_eq!(skb.data_mut().err(), Some(EBUSY));
/// skb.make_writable(GFP_KERNEL)?[0] = b'H';
/// assert_eq!(clone.data(), b"header payload");
///
/// skb.pull(7)?;
/// skb.trim(3)?;
/// assert_eq!(skb.data(), b"pay");
/// # Ok::<(), Error>(())
/// ```
pub struct SkBuff<L: Layer = ()> {
    ptr: NonNull<bindings::sk_buff>,
    layer: PhantomData<L>,
}

// SAFETY: A buffer does not belong to a thread, and the value in the control block can be sent.
unsafe impl<L: Layer> Send for SkBuff<L> {}

// SAFETY: No method that takes `&self` writes to anything, and the value in the control block can
// be shared.
unsafe impl<L: Layer> Sync for SkBuff<L> {}

impl SkBuff {
    /// # Safety
    ///
    /// `ptr` must be NULL, or satisfy the type invariants and be handed over.
    #[inline]
    unsafe fn from_new(ptr: *mut bindings::sk_buff) -> Result<Self> {
        let ptr = NonNull::new(ptr).ok_or(ENOMEM)?;

        // SAFETY: By the safety requirements.
        Ok(unsafe { Self::from_raw(ptr) })
    }

    /// Allocates a buffer for `len` bytes, with `headroom` bytes in front (`alloc_skb()` and
    /// `skb_reserve()`). It is empty.
    ///
    /// Fails with [`ENOMEM`], particularly if it is more than 1 MiB.
    #[inline]
    pub fn alloc(len: usize, headroom: usize, flags: Flags) -> Result<Self> {
        let size = len
            .checked_add(headroom)
            .filter(|&size| size <= MAX_ROOM)
            .ok_or(ENOMEM)?;

        // SAFETY: This can be called in any context that `flags` suit.
        let skb = unsafe {
            bindings::__alloc_skb(size as u32, flags.as_raw(), 0, bindings::NUMA_NO_NODE)
        };

        // SAFETY: It is NULL or a new buffer.
        let mut skb = unsafe { Self::from_new(skb) }?;

        skb.reserve(headroom)?;
        Ok(skb)
    }

    /// Allocates a buffer for `len` bytes that are received (`dev_alloc_skb()`), which has
    /// `NET_SKB_PAD` bytes in front. It is empty.
    ///
    /// Fails with [`ENOMEM`], particularly if it is more than 1 MiB.
    #[inline]
    pub fn dev_alloc(len: usize, flags: Flags) -> Result<Self> {
        if len > MAX_ROOM {
            return Err(ENOMEM);
        }
        // SAFETY: This can be called in any context that `flags` suit. The device may be NULL.
        let skb =
            unsafe { bindings::__netdev_alloc_skb(ptr::null_mut(), len as u32, flags.as_raw()) };

        // SAFETY: It is NULL or a new buffer.
        unsafe { Self::from_new(skb) }
    }

    /// Takes over a buffer that others may have references to: it is replaced by a clone then
    /// (`skb_share_check()`).
    ///
    /// Fails with [`ENOMEM`]; the reference is dropped also then.
    ///
    /// # Safety
    ///
    /// `ptr` must be a valid buffer that is on no list, and the caller must hand over a reference.
    #[allow(dead_code)]
    pub(crate) unsafe fn from_raw_shared(
        ptr: NonNull<bindings::sk_buff>,
        flags: Flags,
    ) -> Result<Self> {
        // SAFETY: By the safety requirements.
        let skb = unsafe { bindings::skb_share_check(ptr.as_ptr(), flags.as_raw()) };

        // SAFETY: It is NULL or a buffer with one reference.
        unsafe { Self::from_new(skb) }
    }

    /// Puts a value into the control block, where it remains as long as it is in the type of the
    /// buffer.
    ///
    /// The type must fit into 48 bytes, and not be aligned to more than 8.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::net::skb::SkBuff;
    ///
    /// #[derive(Clone, Copy)]
    /// struct Retries(u32);
    ///
    /// let mut skb = SkBuff::alloc(64, 0, GFP_KERNEL)?.with_cb(Retries(0));
    /// skb.cb_mut().0 += 1;
    /// assert_eq!(skb.cb().0, 1);
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn with_cb<T: Copy + Send + Sync + 'static>(self, value: T) -> SkBuff<Cb<T>> {
        const { assert!(size_of::<T>() <= 48 && align_of::<T>() <= 8) };
        // SAFETY: By the type invariants the buffer is valid, and nobody else accesses it. The
        // control block is large enough, and aligned to 8 bytes.
        unsafe { (&raw mut (*self.as_raw()).cb).cast::<T>().write(value) };

        // SAFETY: The control block has a value of type `T`.
        unsafe { SkBuff::from_raw(self.into_raw()) }
    }
}

impl<T: Copy + Send + Sync + 'static> SkBuff<Cb<T>> {
    /// Returns the value in the control block.
    #[inline]
    pub fn cb(&self) -> &T {
        // SAFETY: By the type invariants.
        unsafe { &*(&raw const (*self.as_raw()).cb).cast::<T>() }
    }

    /// Returns the value in the control block.
    #[inline]
    pub fn cb_mut(&mut self) -> &mut T {
        // SAFETY: By the type invariants.
        unsafe { &mut *(&raw mut (*self.as_raw()).cb).cast::<T>() }
    }

    /// Forgets the value in the control block.
    #[inline]
    pub fn without_cb(self) -> SkBuff {
        // SAFETY: `()` says nothing about the control block.
        unsafe { SkBuff::from_raw(self.into_raw()) }
    }
}

impl<L: Layer> SkBuff<L> {
    /// Takes over a buffer.
    ///
    /// # Safety
    ///
    /// `ptr` must satisfy the type invariants, and the caller must hand it over.
    #[inline]
    pub(crate) unsafe fn from_raw(ptr: NonNull<bindings::sk_buff>) -> Self {
        // INVARIANT: By the safety requirements.
        Self {
            ptr,
            layer: PhantomData,
        }
    }

    /// Hands over the buffer, which is not freed.
    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<bindings::sk_buff> {
        ManuallyDrop::new(self).ptr
    }

    /// Frees the buffer of a packet that has reached its destination (`dev_consume_skb_any()`).
    #[inline]
    pub fn consume(self) {
        self.drop_reason(DropReason::CONSUMED);
    }

    /// Frees the buffer of a packet that is lost, and says why (`dev_kfree_skb_any_reason()`).
    #[inline]
    pub fn drop_reason(self, reason: DropReason) {
        // SAFETY: `self` owns the buffer, and does not exist any more.
        unsafe { L::free(self.into_raw(), reason) };
    }
}

impl<L: Layer> Drop for SkBuff<L> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `self` owns the buffer, and does not use it afterwards.
        unsafe { L::free(self.ptr, DropReason::NOT_SPECIFIED) };
    }
}

impl<L: Layer> Deref for SkBuff<L> {
    type Target = Skb;

    #[inline]
    fn deref(&self) -> &Skb {
        // SAFETY: By the type invariants; nobody writes to the buffer as long as `self` is
        // borrowed.
        unsafe { Skb::from_raw(self.ptr.as_ptr()) }
    }
}

impl<L: Writable> DerefMut for SkBuff<L> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Skb {
        // SAFETY: By the type invariants; nobody else accesses the buffer as long as `self` is
        // borrowed.
        unsafe { Skb::from_raw_mut(self.ptr.as_ptr()) }
    }
}

#[kunit_tests(rust_kernel_net_skb)]
mod tests {
    use super::*;
    use crate::{
        alloc::flags::__GFP_ZERO,
        sync::atomic::{Atomic, Relaxed},
    };

    #[test]
    fn room_moves_with_the_data() -> Result {
        let mut skb = SkBuff::alloc(100, 20, GFP_KERNEL)?;

        assert_eq!(skb.len(), 0);
        assert_eq!(skb.headroom(), 20);
        assert!(skb.tailroom() >= 100);
        let tailroom = skb.tailroom();

        skb.put(10)?.fill(7);
        assert_eq!(skb.tailroom(), tailroom - 10);
        skb.put_data(&[1, 2, 3])?;
        skb.put_u8(4)?;
        skb.push(2)?[1] = 9;
        assert_eq!(skb.headroom(), 18);
        assert_eq!(skb.data(), [0, 9, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 1, 2, 3, 4]);
        skb.pull(12)?;
        skb.trim(3)?;
        assert_eq!(skb.data(), [1, 2, 3]);
        skb.trim(100)?;
        assert_eq!(skb.len(), 3);
        skb.pad_to(60, GFP_KERNEL)?;
        assert_eq!(skb.len(), 60);
        assert_eq!(skb.data()[3..], [0; 57]);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_refused() -> Result {
        let mut skb = SkBuff::alloc(16, 4, GFP_KERNEL)?;
        let tailroom = skb.tailroom();

        assert_eq!(skb.push(5).err(), Some(ENOSPC));
        assert_eq!(skb.put(tailroom + 1).err(), Some(ENOSPC));
        assert_eq!(skb.put(usize::MAX).err(), Some(ENOSPC));
        assert_eq!(skb.pull(1).err(), Some(EINVAL));
        assert_eq!(skb.reserve(tailroom + 1).err(), Some(ENOSPC));
        skb.put(1)?;
        assert_eq!(skb.reserve(1).err(), Some(EINVAL));
        assert_eq!(skb.may_pull(2).err(), Some(EINVAL));
        assert_eq!(skb.copy_bits(0, &mut [0; 2]).err(), Some(EINVAL));
        assert_eq!(skb.copy_bits(usize::MAX, &mut [0; 2]).err(), Some(EINVAL));
        assert_eq!(skb.set_network_header(2).err(), Some(EINVAL));
        assert_eq!(skb.expand(usize::MAX, 0, GFP_KERNEL).err(), Some(ENOMEM));
        assert_eq!(skb.len(), 1);

        assert_eq!(SkBuff::alloc(usize::MAX, 1, GFP_KERNEL).err(), Some(ENOMEM));
        assert_eq!(SkBuff::alloc(MAX_ROOM, 1, GFP_KERNEL).err(), Some(ENOMEM));
        Ok(())
    }

    #[test]
    fn clones_are_read_only() -> Result {
        let mut skb = SkBuff::alloc(64, 16, GFP_KERNEL)?;

        skb.put_data(b"original")?;
        assert!(!skb.is_cloned());

        let mut clone = skb.try_clone(GFP_KERNEL)?;
        assert!(skb.is_cloned() && clone.is_cloned());
        for skb in [&mut skb, &mut clone] {
            assert_eq!(skb.data_mut().err(), Some(EBUSY));
            assert_eq!(skb.put(1).err(), Some(EBUSY));
            assert_eq!(skb.push_data(b"x").err(), Some(EBUSY));
            assert_eq!(skb.set_hwtstamp(1).err(), Some(EBUSY));
        }

        // The clone gets bytes of its own, hence both can be written to.
        clone.make_writable(GFP_KERNEL)?[0] = b'O';
        assert!(!skb.is_cloned() && !clone.is_cloned());
        assert_eq!(clone.data(), b"Original");
        assert_eq!(skb.data(), b"original");
        skb.data_mut()?[0] = b'x';

        // When one is gone, the other is not a clone any more.
        let clone = skb.try_clone(GFP_KERNEL)?;
        clone.consume();
        assert!(!skb.is_cloned());
        skb.push_data(b"y")?;

        // A copy never is one.
        let copy = skb.copy(GFP_KERNEL)?;
        assert!(!copy.is_cloned() && !skb.is_cloned());
        assert_eq!(copy.data(), b"yxriginal");
        let copy = skb.copy_expand(200, 300, GFP_KERNEL)?;
        assert!(copy.headroom() >= 200 && copy.tailroom() >= 300);
        Ok(())
    }

    #[test]
    fn headroom_is_made() -> Result {
        let mut skb = SkBuff::alloc(8, 0, GFP_KERNEL)?;

        skb.put_data(b"12345678")?;
        skb.ensure_headroom(100, GFP_KERNEL)?;
        assert!(skb.headroom() >= 100);
        skb.ensure_tailroom(1000, GFP_KERNEL)?;
        assert!(skb.tailroom() >= 1000);
        assert_eq!(skb.data(), b"12345678");
        Ok(())
    }

    #[test]
    fn fragments_are_read() -> Result {
        let mut skb = SkBuff::alloc(64, 0, GFP_KERNEL)?;
        let page = Page::alloc_page(GFP_KERNEL | __GFP_ZERO)?;

        // SAFETY: Nobody else knows the page, and it has as many bytes.
        unsafe { page.write_raw(b"fragment".as_ptr(), 100, 8)? };
        skb.put_data(b"head")?;
        skb.add_rx_frag(page, 100, 8)?;

        assert!(skb.is_nonlinear());
        assert_eq!((skb.len(), skb.headlen(), skb.tailroom()), (12, 4, 0));
        assert_eq!(skb.data(), b"head");
        assert_eq!(skb.put(0).err(), Some(ENOSPC));
        let mut all = [0; 12];
        skb.copy_bits(0, &mut all)?;
        assert_eq!(&all, b"headfragment");
        let mut frags = skb.frags();
        let frag = frags.next().ok_or(EINVAL)?;
        assert!(frags.next().is_none());
        assert_eq!((frag.offset(), frag.size()), (4, 8));
        let mut part = [0; 3];
        frag.read(2, &mut part)?;
        assert_eq!(&part, b"agm");
        assert_eq!(frag.read(6, &mut part).err(), Some(EINVAL));

        // A page has no more.
        let page = Page::alloc_page(GFP_KERNEL)?;
        assert_eq!(skb.add_rx_frag(page, PAGE_SIZE, 1).err(), Some(EINVAL));

        skb.may_pull(6)?;
        assert_eq!(skb.data(), b"headfr");
        skb.trim(10)?;
        skb.linearize()?;
        assert_eq!(skb.data(), b"headfragme");
        Ok(())
    }

    #[test]
    fn control_block_has_a_type() -> Result {
        #[derive(Clone, Copy, Debug, PartialEq)]
        struct Info {
            a: u64,
            b: [u32; 10],
        }
        let info = Info { a: 1, b: [2; 10] };
        let mut skb = SkBuff::alloc(8, 0, GFP_KERNEL)?.with_cb(info);

        skb.cb_mut().a = 3;
        let queue = KBox::pin_init(new_skb_queue!(), GFP_KERNEL)?;
        queue.queue_tail(skb);
        queue.lock().for_each_mut(|mut skb| skb.cb_mut().b[9] = 4);
        let skb = queue.dequeue().ok_or(EINVAL)?;
        assert_eq!((skb.cb().a, skb.cb().b[8], skb.cb().b[9]), (3, 2, 4));
        skb.without_cb().consume();
        Ok(())
    }

    #[test]
    fn fields_are_kept() -> Result {
        let mut skb = SkBuff::alloc(8, 40, GFP_KERNEL)?;

        skb.set_priority(6);
        skb.set_queue_mapping(2);
        skb.set_protocol(0x888e);
        skb.set_mark(17);
        skb.set_tstamp(1234);
        skb.set_packet_type(PacketType::OtherHost);
        skb.set_checksum_unnecessary();
        assert_eq!(skb.mac_offset(), None);
        skb.reset_mac_header()?;
        skb.put(4)?;
        skb.pull(3)?;
        assert_eq!(skb.mac_offset(), Some(-3));
        assert_eq!(skb.priority(), 6);
        assert_eq!(skb.queue_mapping(), 2);
        assert_eq!(skb.protocol(), 0x888e);
        assert_eq!(skb.mark(), 17);
        assert_eq!(skb.tstamp(), 1234);
        assert_eq!(skb.packet_type(), Some(PacketType::OtherHost));
        assert_eq!(skb.checksum(), Checksum::Unnecessary);
        skb.set_checksum_none();
        assert_eq!(skb.checksum(), Checksum::None);
        Ok(())
    }

    /// Counts the buffers that are freed.
    struct Counted;

    static FREED: Atomic<u64> = Atomic::new(0);

    impl private::Sealed for Counted {}
    impl Layer for Counted {
        unsafe fn free(skb: NonNull<bindings::sk_buff>, reason: DropReason) {
            FREED.fetch_add(1, Relaxed);
            // SAFETY: By the safety requirements of this function.
            unsafe { <() as Layer>::free(skb, reason) };
        }
    }

    fn counted(byte: u8) -> Result<SkBuff<Counted>> {
        let mut skb = SkBuff::alloc(1, 0, GFP_KERNEL)?;

        skb.put_u8(byte)?;
        // SAFETY: The layer says nothing about the control block.
        Ok(unsafe { SkBuff::from_raw(skb.into_raw()) })
    }

    fn bytes(list: SkbList<Counted>) -> Result<KVec<u8>> {
        let mut bytes = KVec::new();

        for skb in list {
            bytes.push(skb.data()[0], GFP_KERNEL)?;
        }
        Ok(bytes)
    }

    #[test]
    fn queues_keep_the_order_and_free_all() -> Result {
        FREED.store(0, Relaxed);
        {
            let queue = KBox::pin_init(new_skb_queue!(), GFP_KERNEL)?;

            assert!(queue.is_empty() && queue.dequeue().is_none());
            for byte in 1..=5 {
                queue.queue_tail(counted(byte)?);
            }
            queue.queue_head(counted(0)?);
            assert_eq!(queue.len(), 6);

            let mut locked = queue.lock();
            assert_eq!(locked.peek().map(|skb| skb.data()[0]), Some(0));
            assert_eq!(locked.peek_tail().map(|skb| skb.data()[0]), Some(5));
            let taken = locked.take(|skb| skb.data()[0] == 3).ok_or(EINVAL)?;
            assert!(locked.take(|skb| skb.data()[0] == 3).is_none());
            assert_eq!(
                locked
                    .iter()
                    .map(|skb| u32::from(skb.data()[0]))
                    .sum::<u32>(),
                12
            );
            // Back to where it was, found by what follows.
            locked.queue_before(taken, |skb| skb.data()[0] > 3);
            let odd = locked.extract_if(|skb| skb.data()[0] % 2 == 1);
            assert_eq!(odd.len(), 3);
            assert_eq!(locked.len(), 3);
            locked.append(odd);
            assert_eq!(locked.len(), 6);
            let all = locked.take_all();
            assert!(locked.is_empty() && locked.peek().is_none());
            locked.append(SkbList::new());
            drop(locked);
            assert_eq!(FREED.load(Relaxed), 0);
            assert_eq!(bytes(all)?[..], [0, 2, 4, 1, 3, 5]);
            assert_eq!(FREED.load(Relaxed), 6);

            // What remains is freed with the queue and with the list.
            queue.queue_tail(counted(1)?);
            queue.queue_tail(counted(2)?);
            let mut list = SkbList::new();
            list.push_back(counted(3)?);
            list.push_front(counted(4)?);
            assert_eq!(list.len(), 2);
        }
        assert_eq!(FREED.load(Relaxed), 10);
        Ok(())
    }

    #[test]
    fn handed_over_is_not_freed() -> Result {
        FREED.store(0, Relaxed);
        let raw = counted(1)?.into_raw();
        assert_eq!(FREED.load(Relaxed), 0);
        // SAFETY: It has been handed over above.
        drop(unsafe { SkBuff::<Counted>::from_raw(raw) });
        assert_eq!(FREED.load(Relaxed), 1);
        Ok(())
    }

    #[test]
    fn shared_buffers_are_replaced() -> Result {
        let mut skb = SkBuff::alloc(8, 0, GFP_KERNEL)?;

        skb.put_data(b"shared")?;
        let raw = skb.into_raw();
        // SAFETY: The buffer is valid; there are two references now.
        let (first, second) = unsafe {
            bindings::refcount_inc(&raw mut (*raw.as_ptr()).users);
            (
                SkBuff::from_raw_shared(raw, GFP_KERNEL)?,
                SkBuff::<()>::from_raw(raw),
            )
        };
        assert!(first.as_raw() != second.as_raw());
        assert!(first.is_cloned() && second.is_cloned());
        assert_eq!(first.data(), second.data());
        Ok(())
    }
}
