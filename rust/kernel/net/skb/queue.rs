// SPDX-License-Identifier: GPL-2.0

//! Lists of socket buffers.

use super::{Layer, SkBuff, Skb, Writable};
use crate::{
    bindings, ffi::c_ulong, prelude::*, sync::LockClassKey, types::NotThreadSafe, types::Opaque,
};
use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Deref,
    ptr::{self, NonNull},
};

/// Creates an initialiser for a [`SkbQueue`](crate::net::skb::SkbQueue), whose lock has a class of
/// its own.
#[macro_export]
macro_rules! new_skb_queue {
    () => {
        $crate::net::skb::SkbQueue::new($crate::static_lock_class!())
    };
}

/// A queue of buffers with a lock (`struct sk_buff_head`).
///
/// The lock is taken with interrupts disabled, so that the queue can be used in any context but
/// NMI. The buffers in it are freed when it is dropped.
///
/// # Invariants
///
/// The queue is initialised. It owns the buffers in it, which are of the layer `L`; they, and the
/// links, are only accessed with the lock held.
///
/// # Examples
///
/// ```
/// use kernel::net::skb::{new_skb_queue, SkBuff, SkbQueue};
///
/// let queue: Pin<KBox<SkbQueue>> = KBox::pin_init(new_skb_queue!(), GFP_KERNEL)?;
///
/// for byte in 0..3 {
///     let mut skb = SkBuff::alloc(1, 0, GFP_KERNEL)?;
///     skb.put_u8(byte)?;
///     queue.queue_tail(skb);
/// }
/// assert_eq!(queue.len(), 3);
///
/// // Several operations with the lock held.
/// let odd = queue.lock().extract_if(|skb| skb.data()[0] % 2 == 1);
/// assert_eq!(odd.len(), 1);
/// drop(odd);
///
/// assert_eq!(queue.dequeue().map(|skb| skb.data()[0]), Some(0));
/// assert_eq!(queue.dequeue_tail().map(|skb| skb.data()[0]), Some(2));
/// assert!(queue.dequeue().is_none());
/// # Ok::<(), Error>(())
/// ```
#[pin_data(PinnedDrop)]
pub struct SkbQueue<L: Layer = ()> {
    #[pin]
    head: Opaque<bindings::sk_buff_head>,
    layer: PhantomData<L>,
}

// SAFETY: Buffers can be sent to other threads, and so can the queue.
unsafe impl<L: Layer> Send for SkbQueue<L> {}

// SAFETY: All accesses take the lock.
unsafe impl<L: Layer> Sync for SkbQueue<L> {}

impl<L: Layer> SkbQueue<L> {
    /// Creates an initialiser (`skb_queue_head_init_class()`); [`new_skb_queue!`] is easier to use.
    ///
    /// [`new_skb_queue!`]: crate::new_skb_queue
    pub fn new(class: Pin<&'static LockClassKey>) -> impl PinInit<Self> {
        pin_init!(Self {
            // SAFETY: `slot` is valid, and it is pinned. `class` is valid forever.
            head <- Opaque::ffi_init(|slot| unsafe {
                bindings::skb_queue_head_init_class(slot, class.as_ptr())
            }),
            layer: PhantomData,
        })
    }

    /// Appends a buffer (`skb_queue_tail()`).
    #[inline]
    pub fn queue_tail(&self, skb: SkBuff<L>) {
        // SAFETY: By the type invariants the queue is valid. The buffer is on no list, and is now
        // owned by the queue.
        unsafe { bindings::skb_queue_tail(self.head.get(), skb.into_raw().as_ptr()) };
    }

    /// Prepends a buffer (`skb_queue_head()`).
    #[inline]
    pub fn queue_head(&self, skb: SkBuff<L>) {
        // SAFETY: By the type invariants the queue is valid. The buffer is on no list, and is now
        // owned by the queue.
        unsafe { bindings::skb_queue_head(self.head.get(), skb.into_raw().as_ptr()) };
    }

    /// # Safety
    ///
    /// `ptr` must be NULL or have been removed from a queue of this layer.
    #[inline]
    unsafe fn removed(ptr: *mut bindings::sk_buff) -> Option<SkBuff<L>> {
        // SAFETY: By the safety requirements; what is not on the queue is not owned by it any more.
        NonNull::new(ptr).map(|ptr| unsafe { SkBuff::from_raw(ptr) })
    }

    /// Removes the first buffer (`skb_dequeue()`).
    #[inline]
    pub fn dequeue(&self) -> Option<SkBuff<L>> {
        // SAFETY: By the type invariants the queue is valid.
        unsafe { Self::removed(bindings::skb_dequeue(self.head.get())) }
    }

    /// Removes the last buffer (`skb_dequeue_tail()`).
    #[inline]
    pub fn dequeue_tail(&self) -> Option<SkBuff<L>> {
        // SAFETY: By the type invariants the queue is valid.
        unsafe { Self::removed(bindings::skb_dequeue_tail(self.head.get())) }
    }

    /// Returns the number of buffers, which may have changed already (`skb_queue_len_lockless()`).
    #[inline]
    pub fn len(&self) -> usize {
        // SAFETY: By the type invariants the queue is valid.
        unsafe { bindings::skb_queue_len_lockless(self.head.get()) as usize }
    }

    /// Returns whether there is no buffer, which may have changed already
    /// (`skb_queue_empty_lockless()`).
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all buffers.
    #[inline]
    pub fn take_all(&self) -> SkbList<L> {
        self.lock().take_all()
    }

    /// Frees all buffers (`skb_queue_purge()`), after the lock has been dropped.
    #[inline]
    pub fn purge(&self) {
        drop(self.take_all());
    }

    /// Takes the lock and disables interrupts on this CPU.
    #[inline]
    pub fn lock(&self) -> QueueGuard<'_, L> {
        // SAFETY: By the type invariants the queue is valid.
        let flags = unsafe { bindings::spin_lock_irqsave(&raw mut (*self.head.get()).lock) };

        // INVARIANT: The lock has been taken.
        QueueGuard {
            queue: self,
            flags,
            _not_send: NotThreadSafe,
        }
    }
}

#[pinned_drop]
impl<L: Layer> PinnedDrop for SkbQueue<L> {
    fn drop(self: Pin<&mut Self>) {
        self.purge();
    }
}

/// A [`SkbQueue`] with its lock held.
///
/// # Invariants
///
/// The lock is held.
#[must_use = "the lock is dropped with it"]
pub struct QueueGuard<'a, L: Layer = ()> {
    queue: &'a SkbQueue<L>,
    flags: c_ulong,
    _not_send: NotThreadSafe,
}

impl<L: Layer> Drop for QueueGuard<'_, L> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants the lock is held, and `flags` are from taking it.
        unsafe { bindings::spin_unlock_irqrestore(&raw mut (*self.head()).lock, self.flags) };
    }
}

impl<L: Layer> QueueGuard<'_, L> {
    #[inline]
    fn head(&self) -> *mut bindings::sk_buff_head {
        self.queue.head.get()
    }

    /// Returns the buffer after `skb`, or the first one after the head.
    ///
    /// # Safety
    ///
    /// `skb` must be in this queue, or be its head.
    #[inline]
    unsafe fn next_raw(&self, skb: *mut bindings::sk_buff) -> Option<NonNull<bindings::sk_buff>> {
        // SAFETY: By the safety requirements; the lock is held by the type invariants. The head of
        // the queue begins like a buffer.
        let next = unsafe { (*skb).__bindgen_anon_1.__bindgen_anon_1.next };

        (next != self.head().cast())
            .then(|| NonNull::new(next))
            .flatten()
    }

    #[inline]
    fn first_raw(&self) -> Option<NonNull<bindings::sk_buff>> {
        // SAFETY: It is the head.
        unsafe { self.next_raw(self.head().cast()) }
    }

    #[inline]
    fn last_raw(&self) -> Option<NonNull<bindings::sk_buff>> {
        // SAFETY: The queue is valid, and the lock is held.
        let last = unsafe { (*self.head()).__bindgen_anon_1.__bindgen_anon_1.prev };

        (last != self.head().cast())
            .then(|| NonNull::new(last))
            .flatten()
    }

    /// # Safety
    ///
    /// `skb` must be in this queue.
    #[inline]
    unsafe fn unlink(&mut self, skb: NonNull<bindings::sk_buff>) -> SkBuff<L> {
        // SAFETY: By the safety requirements, and the lock is held. The queue does not own the
        // buffer afterwards.
        unsafe {
            bindings::__skb_unlink(skb.as_ptr(), self.head());
            SkBuff::from_raw(skb)
        }
    }

    /// Returns the number of buffers (`skb_queue_len()`).
    #[inline]
    pub fn len(&self) -> usize {
        // SAFETY: The queue is valid, and the lock is held.
        unsafe { (*self.head()).qlen as usize }
    }

    /// Returns whether there is no buffer (`skb_queue_empty()`).
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a buffer (`__skb_queue_tail()`).
    #[inline]
    pub fn queue_tail(&mut self, skb: SkBuff<L>) {
        // SAFETY: The queue is valid, and the lock is held. The buffer is on no list, and is now
        // owned by the queue.
        unsafe { bindings::__skb_queue_tail(self.head(), skb.into_raw().as_ptr()) };
    }

    /// Prepends a buffer (`__skb_queue_head()`).
    #[inline]
    pub fn queue_head(&mut self, skb: SkBuff<L>) {
        // SAFETY: The queue is valid, and the lock is held. The buffer is on no list, and is now
        // owned by the queue.
        unsafe { bindings::__skb_queue_head(self.head(), skb.into_raw().as_ptr()) };
    }

    /// Inserts a buffer before the first one for which `before` is true, or appends it
    /// (`__skb_queue_before()`).
    ///
    /// This keeps a queue sorted.
    pub fn queue_before(&mut self, skb: SkBuff<L>, mut before: impl FnMut(&SkBuff<L>) -> bool) {
        let next = self.iter().find(|queued| before(queued));

        match next.map(|queued| queued.as_raw()) {
            // SAFETY: The queue is valid, `next` is in it, and the lock is held. The buffer is on
            // no list, and is now owned by the queue.
            Some(next) => unsafe {
                bindings::__skb_queue_before(self.head(), next, skb.into_raw().as_ptr())
            },
            None => self.queue_tail(skb),
        }
    }

    /// Removes the first buffer (`__skb_dequeue()`).
    #[inline]
    pub fn dequeue(&mut self) -> Option<SkBuff<L>> {
        let first = self.first_raw()?;

        // SAFETY: It is in this queue.
        Some(unsafe { self.unlink(first) })
    }

    /// Removes the last buffer (`__skb_dequeue_tail()`).
    #[inline]
    pub fn dequeue_tail(&mut self) -> Option<SkBuff<L>> {
        let last = self.last_raw()?;

        // SAFETY: It is in this queue.
        Some(unsafe { self.unlink(last) })
    }

    /// Returns the first buffer, which remains in the queue (`skb_peek()`).
    #[inline]
    pub fn peek(&self) -> Option<Peek<'_, L>> {
        // SAFETY: It is in the queue, which can't change as long as `self` is borrowed.
        self.first_raw().map(|skb| unsafe { Peek::new(skb) })
    }

    /// Returns the last buffer, which remains in the queue (`skb_peek_tail()`).
    #[inline]
    pub fn peek_tail(&self) -> Option<Peek<'_, L>> {
        // SAFETY: It is in the queue, which can't change as long as `self` is borrowed.
        self.last_raw().map(|skb| unsafe { Peek::new(skb) })
    }

    /// Returns the first buffer to change it, which remains in the queue (`skb_peek()`).
    #[inline]
    pub fn peek_mut(&mut self) -> Option<PeekMut<'_, L>> {
        let first = self.first_raw()?;

        // SAFETY: It is in the queue, which nobody accesses as long as `self` is borrowed mutably.
        Some(PeekMut(unsafe { Peek::new(first) }))
    }

    /// Returns the buffers one after the other (`skb_queue_walk()`).
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = Peek<'_, L>> {
        let mut next = self.first_raw();

        core::iter::from_fn(move || {
            let skb = next?;

            // SAFETY: It is in the queue, which can't change as long as `self` is borrowed.
            unsafe {
                next = self.next_raw(skb.as_ptr());
                Some(Peek::new(skb))
            }
        })
    }

    /// Calls `f` for each buffer, to change it.
    #[inline]
    pub fn for_each_mut(&mut self, mut f: impl FnMut(PeekMut<'_, L>)) {
        let mut next = self.first_raw();

        while let Some(skb) = next {
            // SAFETY: It is in the queue, which nobody else accesses as long as `self` is borrowed
            // mutably; `f` can't remove it, nor keep it.
            unsafe {
                next = self.next_raw(skb.as_ptr());
                f(PeekMut(Peek::new(skb)));
            }
        }
    }

    /// Removes the first buffer for which `f` is true (`__skb_unlink()`).
    #[inline]
    pub fn take(&mut self, mut f: impl FnMut(&SkBuff<L>) -> bool) -> Option<SkBuff<L>> {
        let skb = self.iter().find(|skb| f(skb))?.0.ptr;

        // SAFETY: It is in this queue.
        Some(unsafe { self.unlink(skb) })
    }

    /// Removes all buffers for which `f` is true (`skb_queue_walk_safe()` and `__skb_unlink()`).
    #[inline]
    pub fn extract_if(&mut self, mut f: impl FnMut(&SkBuff<L>) -> bool) -> SkbList<L> {
        let mut list = SkbList::new();
        let mut next = self.first_raw();

        while let Some(skb) = next {
            // SAFETY: It is in the queue, and the next one is taken before it is removed.
            unsafe {
                next = self.next_raw(skb.as_ptr());
                if f(&Peek::new(skb)) {
                    list.push_back(self.unlink(skb));
                }
            }
        }
        list
    }

    /// Removes all buffers (`skb_queue_splice_init()`).
    pub fn take_all(&mut self) -> SkbList<L> {
        let (Some(first), Some(last)) = (self.first_raw(), self.last_raw()) else {
            return SkbList::new();
        };
        let len = self.len();
        let head = self.head();

        // SAFETY: The queue is valid, and the lock is held. The buffers in it are linked, and
        // belong to the list afterwards. Readers without the lock look at `next` and `qlen` of the
        // head.
        unsafe {
            (*first.as_ptr()).__bindgen_anon_1.__bindgen_anon_1.prev = ptr::null_mut();
            (*last.as_ptr()).__bindgen_anon_1.__bindgen_anon_1.next = ptr::null_mut();
            (*head).__bindgen_anon_1.__bindgen_anon_1.prev = head.cast();
            (&raw mut (*head).__bindgen_anon_1.__bindgen_anon_1.next).write_volatile(head.cast());
            (&raw mut (*head).qlen).write_volatile(0);
        }

        // INVARIANT: These are all, linked in both directions, with NULL at the ends.
        SkbList {
            ends: Some((first, last)),
            len,
            layer: PhantomData,
        }
    }

    /// Appends all buffers of a list (`skb_queue_splice_tail_init()`).
    pub fn append(&mut self, list: SkbList<L>) {
        let list = ManuallyDrop::new(list);
        let Some((first, last)) = list.ends else {
            return;
        };
        let head = self.head();

        // SAFETY: The queue is valid, and the lock is held. The buffers of the list are linked, and
        // belong to the queue afterwards. The number of buffers can't overflow, since none is as
        // small as 1 byte.
        unsafe {
            let tail = (*head).__bindgen_anon_1.__bindgen_anon_1.prev;

            (*first.as_ptr()).__bindgen_anon_1.__bindgen_anon_1.prev = tail;
            (*last.as_ptr()).__bindgen_anon_1.__bindgen_anon_1.next = head.cast();
            (*head).__bindgen_anon_1.__bindgen_anon_1.prev = last.as_ptr();
            (&raw mut (*tail).__bindgen_anon_1.__bindgen_anon_1.next)
                .write_volatile(first.as_ptr());
            (&raw mut (*head).qlen).write_volatile((*head).qlen.wrapping_add(list.len as u32));
        }
    }
}

/// A buffer that is in a queue, whose lock is held.
pub struct Peek<'a, L: Layer = ()>(ManuallyDrop<SkBuff<L>>, PhantomData<&'a ()>);

impl<L: Layer> Peek<'_, L> {
    /// # Safety
    ///
    /// `skb` must be valid and of the layer `L`, and nobody may change it for the lifetime.
    #[inline]
    unsafe fn new(skb: NonNull<bindings::sk_buff>) -> Self {
        // SAFETY: By the safety requirements. It is never dropped, and only borrowed.
        let skb = unsafe { SkBuff::from_raw(skb) };

        Self(ManuallyDrop::new(skb), PhantomData)
    }
}

impl<L: Layer> Deref for Peek<'_, L> {
    type Target = SkBuff<L>;

    #[inline]
    fn deref(&self) -> &SkBuff<L> {
        &self.0
    }
}

/// A buffer that is in a queue, whose lock is held, and that can be changed.
pub struct PeekMut<'a, L: Layer = ()>(Peek<'a, L>);

impl<L: Writable> PeekMut<'_, L> {
    /// Returns the buffer.
    #[inline]
    pub fn skb_mut(&mut self) -> &mut Skb {
        &mut self.0 .0
    }
}

impl<T: Copy + Send + Sync + 'static> PeekMut<'_, super::Cb<T>> {
    /// Returns the value in the control block.
    #[inline]
    pub fn cb_mut(&mut self) -> &mut T {
        self.0 .0.cb_mut()
    }
}

impl<L: Layer> Deref for PeekMut<'_, L> {
    type Target = SkBuff<L>;

    #[inline]
    fn deref(&self) -> &SkBuff<L> {
        &self.0
    }
}

/// A list of buffers without a lock.
///
/// The buffers are freed when it is dropped. All operations take constant time and allocate
/// nothing.
///
/// # Invariants
///
/// `ends` are the first and the last buffer of a list that is linked in both directions, with NULL
/// at the ends. It has `len` buffers of the layer `L`, which it owns.
///
/// # Examples
///
/// ```
/// use kernel::net::skb::{SkBuff, SkbList};
///
/// let mut list = SkbList::new();
///
/// list.push_back(SkBuff::alloc(10, 0, GFP_KERNEL)?);
/// list.push_front(SkBuff::alloc(20, 0, GFP_KERNEL)?);
/// assert_eq!(list.len(), 2);
/// assert!(list.pop_front().is_some_and(|skb| skb.tailroom() >= 20));
/// # Ok::<(), Error>(())
/// ```
pub struct SkbList<L: Layer = ()> {
    ends: Option<(NonNull<bindings::sk_buff>, NonNull<bindings::sk_buff>)>,
    len: usize,
    layer: PhantomData<L>,
}

// SAFETY: The buffers can be sent.
unsafe impl<L: Layer> Send for SkbList<L> {}

// SAFETY: No method that takes `&self` writes to anything.
unsafe impl<L: Layer> Sync for SkbList<L> {}

impl<L: Layer> SkbList<L> {
    /// Creates an empty list.
    #[inline]
    pub const fn new() -> Self {
        Self {
            ends: None,
            len: 0,
            layer: PhantomData,
        }
    }

    /// Returns the number of buffers.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is no buffer.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends a buffer.
    #[inline]
    pub fn push_back(&mut self, skb: SkBuff<L>) {
        let skb = skb.into_raw();

        // SAFETY: The list owns its buffers, and `skb`, which is on no other list.
        unsafe {
            let links = &raw mut (*skb.as_ptr()).__bindgen_anon_1.__bindgen_anon_1;

            (*links).next = ptr::null_mut();
            (*links).prev = match self.ends {
                Some((_, last)) => {
                    (*last.as_ptr()).__bindgen_anon_1.__bindgen_anon_1.next = skb.as_ptr();
                    last.as_ptr()
                }
                None => ptr::null_mut(),
            };
        }
        self.ends = Some((self.ends.map_or(skb, |ends| ends.0), skb));
        self.len += 1;
    }

    /// Prepends a buffer.
    #[inline]
    pub fn push_front(&mut self, skb: SkBuff<L>) {
        let skb = skb.into_raw();

        // SAFETY: The list owns its buffers, and `skb`, which is on no other list.
        unsafe {
            let links = &raw mut (*skb.as_ptr()).__bindgen_anon_1.__bindgen_anon_1;

            (*links).prev = ptr::null_mut();
            (*links).next = match self.ends {
                Some((first, _)) => {
                    (*first.as_ptr()).__bindgen_anon_1.__bindgen_anon_1.prev = skb.as_ptr();
                    first.as_ptr()
                }
                None => ptr::null_mut(),
            };
        }
        self.ends = Some((skb, self.ends.map_or(skb, |ends| ends.1)));
        self.len += 1;
    }

    /// Removes the first buffer.
    #[inline]
    pub fn pop_front(&mut self) -> Option<SkBuff<L>> {
        let (first, last) = self.ends?;

        // SAFETY: The list owns its buffers; the first one does not belong to it any more, and is
        // on no list. C wants its links to be NULL then.
        unsafe {
            let links = &raw mut (*first.as_ptr()).__bindgen_anon_1.__bindgen_anon_1;
            let next = NonNull::new((*links).next);

            (*links).next = ptr::null_mut();
            if let Some(next) = next {
                (*next.as_ptr()).__bindgen_anon_1.__bindgen_anon_1.prev = ptr::null_mut();
            }
            self.ends = next.map(|next| (next, last));
            self.len -= 1;
            Some(SkBuff::from_raw(first))
        }
    }
}

impl<L: Layer> Default for SkbList<L> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: Layer> Iterator for SkbList<L> {
    type Item = SkBuff<L>;

    #[inline]
    fn next(&mut self) -> Option<SkBuff<L>> {
        self.pop_front()
    }
}

impl<L: Layer> Drop for SkbList<L> {
    fn drop(&mut self) {
        while let Some(skb) = self.pop_front() {
            skb.drop_reason(super::DropReason::QUEUE_PURGE);
        }
    }
}
