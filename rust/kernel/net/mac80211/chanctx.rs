// SPDX-License-Identifier: GPL-2.0

//! Channel contexts.

use super::{
    slot::Slot,
    vif::{BssConf, Vif},
    Hw, Operations,
};
use crate::{bindings, net::cfg80211::ChanDef, prelude::*, sync::rcu, types::Opaque};
use core::{marker::PhantomData, ops::Deref};

/// A channel context, without the driver's data: a channel that interfaces use together.
///
/// C: `struct ieee80211_chanctx_conf`.
#[repr(transparent)]
pub struct ChannelContext(Opaque<bindings::ieee80211_chanctx_conf>);

// SAFETY: All methods can be called from any thread.
unsafe impl Send for ChannelContext {}

// SAFETY: As above.
unsafe impl Sync for ChannelContext {}

impl ChannelContext {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::ieee80211_chanctx_conf) -> &'a Self {
        // SAFETY: By the safety requirements; `Self` is transparent.
        unsafe { &*ptr.cast() }
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::ieee80211_chanctx_conf {
        self.0.get()
    }

    /// The channel.
    ///
    /// It changes in [`Operations::change_chanctx`] only. Without the mutex of the wiphy the width
    /// may be one that is not in use any more, or not yet.
    #[inline]
    pub fn chandef(&self) -> Option<ChanDef> {
        // SAFETY: The context is valid, and its channel is one of the wiphy's.
        unsafe { ChanDef::read(&raw const (*self.as_raw()).def) }
    }

    /// The narrowest channel that suffices for all interfaces.
    #[inline]
    pub fn min_chandef(&self) -> Option<ChanDef> {
        // SAFETY: As for `chandef`.
        unsafe { ChanDef::read(&raw const (*self.as_raw()).min_def) }
    }

    /// Whether radar is to be detected.
    #[inline]
    pub fn radar_enabled(&self) -> bool {
        // SAFETY: The context is valid. The field may be written at the same time.
        unsafe { (&raw const (*self.as_raw()).radar_enabled).read_volatile() }
    }
}

/// A channel context with the driver's data.
///
/// C: `struct ieee80211_chanctx_conf`.
///
/// # Invariants
///
/// It belongs to hardware of the driver `T`, and its private memory has a value.
#[repr(transparent)]
pub struct ChanCtx<T: Operations>(ChannelContext, PhantomData<T>);

impl<T: Operations> Deref for ChanCtx<T> {
    type Target = ChannelContext;

    #[inline]
    fn deref(&self) -> &ChannelContext {
        &self.0
    }
}

/// The driver's memory of a channel context.
///
/// # Safety
///
/// `ptr` must be valid for `'a`, and belong to hardware of `T`.
#[inline]
pub(super) unsafe fn slot<'a, T: Operations>(
    ptr: *mut bindings::ieee80211_chanctx_conf,
) -> &'a Slot<T::ChanCtx> {
    // SAFETY: By the safety requirements. The memory was allocated as zeroes, with the size of a
    // `Slot`, which is valid as zeroes.
    unsafe { &*(&raw const (*ptr).drv_priv).cast::<Slot<T::ChanCtx>>() }
}

impl<T: Operations> ChanCtx<T> {
    /// The context, if it has a value of the driver.
    ///
    /// # Safety
    ///
    /// `ptr` must be NULL, or be valid for `'a` and belong to hardware of `T`, and the value must
    /// not be dropped in `'a`: either RCU or the mutex of the wiphy must be held.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(
        ptr: *mut bindings::ieee80211_chanctx_conf,
    ) -> Option<&'a Self> {
        // SAFETY: By the safety requirements.
        if ptr.is_null() || !unsafe { slot::<T>(ptr) }.is_ready() {
            return None;
        }
        // INVARIANT: Checked above.
        // SAFETY: By the safety requirements; `Self` is transparent.
        Some(unsafe { &*ptr.cast() })
    }

    /// The driver's data.
    ///
    /// C: `ieee80211_chanctx_conf::drv_priv`.
    #[inline]
    pub fn data(&self) -> &T::ChanCtx {
        // SAFETY: There is a value by the type invariant. It may have been hidden since, but it is
        // not dropped as long as RCU or the mutex is held.
        unsafe { slot::<T>(self.as_raw()).get_unchecked() }
    }
}

impl<T: Operations> Vif<T> {
    /// The channel context that the interface uses, if the driver has channel contexts.
    ///
    /// C: `ieee80211_bss_conf::chanctx_conf`.
    #[inline]
    pub fn chanctx<'a>(&'a self, _rcu: &'a rcu::Guard) -> Option<&'a ChanCtx<T>> {
        // SAFETY: The interface is valid. This is `rcu_dereference()`: what is read next depends on
        // the pointer. A context is freed after a grace period.
        unsafe {
            let ptr = (&raw const (*self.as_raw()).bss_conf.chanctx_conf).read_volatile();
            ChanCtx::from_raw(ptr)
        }
    }
}

impl<T: Operations> Hw<T> {
    /// Calls `f` for each channel context that the driver knows.
    ///
    /// C: `ieee80211_iter_chan_contexts_atomic()`.
    pub fn for_each_chanctx<'a, F: FnMut(&'a ChanCtx<T>)>(
        &'a self,
        _rcu: &'a rcu::Guard,
        mut f: F,
    ) {
        // SAFETY: The hardware is valid; `each` calls `f`, which is valid for the call, with
        // contexts of this hardware, which are valid as long as RCU is held.
        unsafe {
            bindings::ieee80211_iter_chan_contexts_atomic(
                self.as_raw(),
                Some(each::<T, F>),
                (&raw mut f).cast(),
            )
        };
    }
}

/// Calls a closure with a channel context.
///
/// # Safety
///
/// `data` must refer to an `F`, and `ctx` to a context of hardware of `T`, that is valid for `'a`.
unsafe extern "C" fn each<'a, T: Operations, F: FnMut(&'a ChanCtx<T>)>(
    _hw: *mut bindings::ieee80211_hw,
    ctx: *mut bindings::ieee80211_chanctx_conf,
    data: *mut c_void,
) {
    // SAFETY: By the safety requirements.
    let f = unsafe { &mut *data.cast::<F>() };
    // SAFETY: By the safety requirements.
    if let Some(ctx) = unsafe { ChanCtx::from_raw(ctx) } {
        f(ctx);
    }
}

/// What has changed of a channel context.
///
/// C: `enum ieee80211_chanctx_change`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChanCtxChange(u32);

impl ChanCtxChange {
    /// The width.
    pub const WIDTH: Self = Self(bindings::ieee80211_chanctx_change_IEEE80211_CHANCTX_CHANGE_WIDTH);
    /// The number of chains to receive with.
    pub const RX_CHAINS: Self =
        Self(bindings::ieee80211_chanctx_change_IEEE80211_CHANCTX_CHANGE_RX_CHAINS);
    /// Whether radar is to be detected.
    pub const RADAR: Self = Self(bindings::ieee80211_chanctx_change_IEEE80211_CHANCTX_CHANGE_RADAR);
    /// The channel.
    pub const CHANNEL: Self =
        Self(bindings::ieee80211_chanctx_change_IEEE80211_CHANCTX_CHANGE_CHANNEL);
    /// [`ChannelContext::min_chandef`].
    pub const MIN_DEF: Self =
        Self(bindings::ieee80211_chanctx_change_IEEE80211_CHANCTX_CHANGE_MIN_DEF);

    pub(super) const fn from_raw(changed: u32) -> Self {
        Self(changed)
    }

    /// Whether any of `other` has changed.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// An interface that goes from one channel context to another.
///
/// C: `struct ieee80211_vif_chanctx_switch`.
pub struct ChanCtxSwitch<'a, T: Operations> {
    /// The interface.
    pub vif: &'a Vif<T>,
    /// Its network.
    pub conf: &'a BssConf,
    /// The context that it leaves.
    pub old: &'a ChanCtx<T>,
    /// The context that it gets.
    pub new: &'a ChanCtx<T>,
}

/// Interfaces that go from one channel context to another together.
///
/// # Invariants
///
/// All that the elements refer to is valid for `'a` and belongs to hardware of `T`, and the mutex
/// of the wiphy is held for `'a`.
pub struct ChanCtxSwitches<'a, T: Operations> {
    raw: &'a [bindings::ieee80211_vif_chanctx_switch],
    _p: PhantomData<T>,
}

impl<'a, T: Operations> ChanCtxSwitches<'a, T> {
    /// # Safety
    ///
    /// As the type invariant says.
    pub(super) unsafe fn new(raw: &'a [bindings::ieee80211_vif_chanctx_switch]) -> Self {
        // INVARIANT: By the safety requirements.
        Self {
            raw,
            _p: PhantomData,
        }
    }

    /// Each of them. Interfaces and contexts that the driver does not know are left out.
    pub fn iter(&self) -> impl Iterator<Item = ChanCtxSwitch<'a, T>> {
        self.raw.iter().filter_map(|raw| {
            // SAFETY: By the type invariant.
            unsafe {
                Some(ChanCtxSwitch {
                    vif: Vif::from_raw(raw.vif)?,
                    conf: BssConf::from_raw(raw.link_conf),
                    old: ChanCtx::from_raw(raw.old_ctx)?,
                    new: ChanCtx::from_raw(raw.new_ctx)?,
                })
            }
        })
    }
}
