// SPDX-License-Identifier: GPL-2.0

//! The table of callbacks, and the way from each to its method of [`Operations`].
//!
//! What all of the functions here require: they are called by mac80211, as the member of the
//! `struct ieee80211_ops` that has their name, with hardware from [`Allocated::new`] of the same
//! `T`, and in the context that the table in the documentation of [`mac80211`](super) says.
//!
//! [`Allocated::new`]: super::Allocated::new

use super::{
    chanctx::{self, ChanCtx, ChanCtxChange, ChanCtxSwitches, ChannelContext},
    event::{BitrateMask, ChannelSwitch, Event, PrepTxInfo},
    key::{Key, KeyPlace},
    scan::{RocType, ScanRequest, ScanStart},
    sta::{self, RateChange, ReleaseReason, Sta, StaNotify, StaState, Station},
    stats::{RingParams, StationInfo},
    txq::Txq,
    vif::{self, BssChange, BssConf, Interface, Vif},
    Ac, AmpduAction, ConfChange, Filter, Hw, Operations, QueueParams, ReconfigType, TxFrame,
};
use crate::{
    bindings,
    error::from_result,
    net::cfg80211::{ChanDef, ChannelInfo, HasWiphy, IfType, Locked},
    prelude::*,
    sync::{
        atomic::{Acquire, Full, Relaxed, Release},
        rcu,
    },
};
use core::{marker::PhantomData, ptr::NonNull};

/// The size of the private data of an interface.
pub(super) const fn vif_data_size<T: Operations>() -> i32 {
    super::slot::Slot::<T::Vif>::SIZE
}

/// The size of the private data of a station.
pub(super) const fn sta_data_size<T: Operations>() -> i32 {
    super::slot::Slot::<T::Sta>::SIZE
}

/// The size of the private data of a channel context.
pub(super) const fn chanctx_data_size<T: Operations>() -> i32 {
    super::slot::Slot::<T::ChanCtx>::SIZE
}

/// Refuses sets of callbacks that mac80211 would warn about.
pub(super) const fn check<T: Operations>() {
    const {
        // `ieee80211_alloc_hw_nm()`.
        assert!(
            T::HAS_LINK_INFO_CHANGED == T::HAS_VIF_CFG_CHANGED,
            "`link_info_changed` and `vif_cfg_changed` go together"
        );
        // An access point that is told to start is also told to stop.
        assert!(
            T::HAS_START_AP == T::HAS_STOP_AP,
            "`start_ap` and `stop_ap` go together"
        );
        // `ieee80211_set_antenna()` and `wiphy::available_antennas_tx`.
        assert!(
            T::HAS_SET_ANTENNA == T::HAS_GET_ANTENNA,
            "`set_antenna` and `get_antenna` go together"
        );
        assert!(
            T::HAS_HW_SCAN == T::HAS_CANCEL_HW_SCAN,
            "`hw_scan` and `cancel_hw_scan` go together"
        );
        // `drv_cancel_remain_on_channel()` calls it without looking.
        assert!(
            T::HAS_REMAIN_ON_CHANNEL == T::HAS_CANCEL_REMAIN_ON_CHANNEL,
            "`remain_on_channel` and `cancel_remain_on_channel` go together"
        );
        assert!(
            T::HAS_SET_KEY == T::HAS_REMOVE_KEY,
            "`set_key` and `remove_key` go together"
        );
        assert!(
            T::HAS_JOIN_IBSS == T::HAS_LEAVE_IBSS,
            "`join_ibss` and `leave_ibss` go together"
        );
        assert!(
            T::HAS_SET_RINGPARAM == T::HAS_GET_RINGPARAM,
            "`set_ringparam` and `get_ringparam` go together"
        );
        // `ieee80211_alloc_hw_nm()`, and the data.
        assert!(
            T::HAS_NEW_CHANCTX == T::HAS_ADD_CHANCTX
                && T::HAS_REMOVE_CHANCTX == T::HAS_ADD_CHANCTX
                && T::HAS_CHANGE_CHANCTX == T::HAS_ADD_CHANCTX
                && T::HAS_ASSIGN_VIF_CHANCTX == T::HAS_ADD_CHANCTX
                && T::HAS_UNASSIGN_VIF_CHANCTX == T::HAS_ADD_CHANCTX
                && (T::HAS_ADD_CHANCTX || !T::HAS_SWITCH_VIF_CHANCTX),
            "all callbacks for channel contexts go together"
        );
    }
}

/// # Safety
///
/// As the [module](self) says; `ptr` must be valid for `'a`, and the mutex of the wiphy be held.
#[inline]
unsafe fn locked<'a, T: Operations>(ptr: *mut bindings::ieee80211_hw) -> &'a Locked<Hw<T>> {
    // SAFETY: By the safety requirements.
    unsafe { Locked::new(Hw::from_raw(ptr)) }
}

/// The interface, if it was added.
///
/// # Safety
///
/// As the [module](self) says; `ptr` must be NULL or valid for `'a`, and RCU or the mutex of the
/// wiphy be held.
#[inline]
unsafe fn interface<'a, T: Operations>(ptr: *mut bindings::ieee80211_vif) -> Result<&'a Vif<T>> {
    // SAFETY: By the safety requirements.
    unsafe { Vif::from_raw(ptr) }.ok_or(EIO)
}

pub(super) struct Vtable<T: Operations>(PhantomData<T>);

macro_rules! optional {
    ($has:ident, $callback:ident) => {
        if T::$has {
            Some(Self::$callback)
        } else {
            None
        }
    };
}

/// A callback for channel contexts, or mac80211's own of those who have none.
macro_rules! chanctx {
    ($has:ident, $callback:ident, $emulated:ident) => {
        if !T::HAS_ADD_CHANCTX {
            Some(bindings::$emulated)
        } else if T::$has {
            Some(Self::$callback)
        } else {
            None
        }
    };
}

impl<T: Operations> Vtable<T> {
    pub(super) const OPS: bindings::ieee80211_ops = bindings::ieee80211_ops {
        tx: Some(Self::tx),
        wake_tx_queue: if T::HAS_WAKE_TX_QUEUE {
            Some(Self::wake_tx_queue)
        } else {
            Some(bindings::ieee80211_handle_wake_tx_queue)
        },
        start: Some(Self::start),
        stop: Some(Self::stop),
        add_interface: Some(Self::add_interface),
        change_interface: optional!(HAS_CHANGE_INTERFACE, change_interface),
        remove_interface: Some(Self::remove_interface),
        config: Some(Self::config),
        configure_filter: Some(Self::configure_filter),
        vif_cfg_changed: optional!(HAS_VIF_CFG_CHANGED, vif_cfg_changed),
        link_info_changed: optional!(HAS_LINK_INFO_CHANGED, link_info_changed),
        start_ap: optional!(HAS_START_AP, start_ap),
        stop_ap: optional!(HAS_STOP_AP, stop_ap),
        sta_state: Some(Self::sta_state),
        sta_notify: optional!(HAS_STA_NOTIFY, sta_notify),
        set_tim: optional!(HAS_SET_TIM, set_tim),
        conf_tx: optional!(HAS_CONF_TX, conf_tx),
        get_tsf: optional!(HAS_GET_TSF, get_tsf),
        set_tsf: optional!(HAS_SET_TSF, set_tsf),
        offset_tsf: optional!(HAS_OFFSET_TSF, offset_tsf),
        reset_tsf: optional!(HAS_RESET_TSF, reset_tsf),
        tx_last_beacon: optional!(HAS_TX_LAST_BEACON, tx_last_beacon),
        flush: optional!(HAS_FLUSH, flush),
        sw_scan_start: optional!(HAS_SW_SCAN_START, sw_scan_start),
        sw_scan_complete: optional!(HAS_SW_SCAN_COMPLETE, sw_scan_complete),
        set_rts_threshold: optional!(HAS_SET_RTS_THRESHOLD, set_rts_threshold),
        set_coverage_class: optional!(HAS_SET_COVERAGE_CLASS, set_coverage_class),
        set_antenna: optional!(HAS_SET_ANTENNA, set_antenna),
        get_antenna: optional!(HAS_GET_ANTENNA, get_antenna),
        ampdu_action: optional!(HAS_AMPDU_ACTION, ampdu_action),
        reconfig_complete: optional!(HAS_RECONFIG_COMPLETE, reconfig_complete),
        hw_scan: optional!(HAS_HW_SCAN, hw_scan),
        cancel_hw_scan: optional!(HAS_CANCEL_HW_SCAN, cancel_hw_scan),
        remain_on_channel: optional!(HAS_REMAIN_ON_CHANNEL, remain_on_channel),
        cancel_remain_on_channel: optional!(HAS_CANCEL_REMAIN_ON_CHANNEL, cancel_remain_on_channel),
        set_key: optional!(HAS_SET_KEY, set_key),
        set_default_unicast_key: optional!(HAS_SET_DEFAULT_UNICAST_KEY, set_default_unicast_key),
        get_key_seq: optional!(HAS_GET_KEY_SEQ, get_key_seq),
        sta_pre_rcu_remove: optional!(HAS_STA_PRE_RCU_REMOVE, sta_pre_rcu_remove),
        link_sta_rc_update: optional!(HAS_LINK_STA_RC_UPDATE, link_sta_rc_update),
        sta_statistics: optional!(HAS_STA_STATISTICS, sta_statistics),
        sta_set_txpwr: optional!(HAS_STA_SET_TXPWR, sta_set_txpwr),
        sta_set_4addr: optional!(HAS_STA_SET_4ADDR, sta_set_4addr),
        get_expected_throughput: optional!(HAS_GET_EXPECTED_THROUGHPUT, get_expected_throughput),
        flush_sta: optional!(HAS_FLUSH_STA, flush_sta),
        release_buffered_frames: optional!(HAS_RELEASE_BUFFERED_FRAMES, release_buffered_frames),
        allow_buffered_frames: optional!(HAS_ALLOW_BUFFERED_FRAMES, allow_buffered_frames),
        mgd_prepare_tx: optional!(HAS_MGD_PREPARE_TX, mgd_prepare_tx),
        mgd_complete_tx: optional!(HAS_MGD_COMPLETE_TX, mgd_complete_tx),
        event_callback: optional!(HAS_EVENT_CALLBACK, event_callback),
        set_bitrate_mask: optional!(HAS_SET_BITRATE_MASK, set_bitrate_mask),
        get_txpower: optional!(HAS_GET_TXPOWER, get_txpower),
        join_ibss: optional!(HAS_JOIN_IBSS, join_ibss),
        leave_ibss: optional!(HAS_LEAVE_IBSS, leave_ibss),
        channel_switch: optional!(HAS_CHANNEL_SWITCH, channel_switch),
        pre_channel_switch: optional!(HAS_PRE_CHANNEL_SWITCH, pre_channel_switch),
        post_channel_switch: optional!(HAS_POST_CHANNEL_SWITCH, post_channel_switch),
        abort_channel_switch: optional!(HAS_ABORT_CHANNEL_SWITCH, abort_channel_switch),
        channel_switch_beacon: optional!(HAS_CHANNEL_SWITCH_BEACON, channel_switch_beacon),
        channel_switch_rx_beacon: optional!(HAS_CHANNEL_SWITCH_RX_BEACON, channel_switch_rx_beacon),
        get_survey: optional!(HAS_GET_SURVEY, get_survey),
        get_stats: optional!(HAS_GET_STATS, get_stats),
        get_ringparam: optional!(HAS_GET_RINGPARAM, get_ringparam),
        set_ringparam: optional!(HAS_SET_RINGPARAM, set_ringparam),
        tx_frames_pending: optional!(HAS_TX_FRAMES_PENDING, tx_frames_pending),
        set_frag_threshold: optional!(HAS_SET_FRAG_THRESHOLD, set_frag_threshold),
        sync_rx_queues: optional!(HAS_SYNC_RX_QUEUES, sync_rx_queues),
        config_iface_filter: optional!(HAS_CONFIG_IFACE_FILTER, config_iface_filter),
        rfkill_poll: optional!(HAS_RFKILL_POLL, rfkill_poll),
        update_vif_offload: optional!(HAS_UPDATE_VIF_OFFLOAD, update_vif_offload),
        // mac80211 compares these pointers: they mean that there are no channel contexts.
        add_chanctx: chanctx!(HAS_ADD_CHANCTX, add_chanctx, ieee80211_emulate_add_chanctx),
        remove_chanctx: chanctx!(
            HAS_REMOVE_CHANCTX,
            remove_chanctx,
            ieee80211_emulate_remove_chanctx
        ),
        change_chanctx: chanctx!(
            HAS_CHANGE_CHANCTX,
            change_chanctx,
            ieee80211_emulate_change_chanctx
        ),
        switch_vif_chanctx: chanctx!(
            HAS_SWITCH_VIF_CHANCTX,
            switch_vif_chanctx,
            ieee80211_emulate_switch_vif_chanctx
        ),
        assign_vif_chanctx: optional!(HAS_ASSIGN_VIF_CHANCTX, assign_vif_chanctx),
        unassign_vif_chanctx: optional!(HAS_UNASSIGN_VIF_CHANCTX, unassign_vif_chanctx),
        ..pin_init::zeroed()
    };

    /// `ieee80211_ops::tx`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn tx(
        hw: *mut bindings::ieee80211_hw,
        control: *mut bindings::ieee80211_tx_control,
        skb: *mut bindings::sk_buff,
    ) {
        // SAFETY: All callers hold RCU, and have softirqs disabled.
        let rcu = unsafe { rcu::Guard::assume() };
        // SAFETY: As the module says.
        let hw = unsafe { Hw::<T>::from_raw(hw) };
        // SAFETY: mac80211 hands over a frame with its control block, and the station it is for.
        // It is never NULL.
        let frame = unsafe { TxFrame::new(NonNull::new_unchecked(skb), hw, (*control).sta) };
        T::tx(hw, frame, rcu);
    }

    /// `ieee80211_ops::start`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn start(hw: *mut bindings::ieee80211_hw) -> c_int {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        from_result(|| {
            // Without `stop()` in between it is a restart, and mac80211 adds all again.
            let again = hw.private().started.load(Relaxed) != 0;
            if again {
                // SAFETY: The hardware is valid, and the mutex held.
                unsafe { Self::for_each_vif(hw, Self::age_vif) };
            }
            hw.add_started()?;
            hw.private().started.store(1, Release);
            hw.private().restarting.store(0, Release);
            hw.stay_ends();
            T::start(hw).inspect_err(|_| {
                hw.private().started.store(0, Relaxed);
                hw.remove_started();
                // As in `stop()`; `drv_start()` waits for the tasklet, too.
                // SAFETY: There are no conditions; it may sleep.
                unsafe { bindings::synchronize_rcu() };
                // SAFETY: It may sleep, and the mutex is held.
                unsafe { hw.free_all_unsent() };
                if again {
                    // SAFETY: As above.
                    unsafe { Self::forget(hw) };
                }
            })?;
            Ok(0)
        })
    }

    /// Calls `f` for each interface that is or was known to the driver.
    ///
    /// # Safety
    ///
    /// As the [module](self) says; the mutex of the wiphy must be held.
    unsafe fn for_each_vif(
        hw: &Locked<Hw<T>>,
        f: unsafe extern "C" fn(*mut c_void, *mut u8, *mut bindings::ieee80211_vif),
    ) {
        // SAFETY: By the safety requirements. The list does not change as long as the mutex is
        // held, so that `f` may sleep.
        unsafe {
            bindings::ieee80211_iterate_active_interfaces_mtx(
                hw.as_raw(),
                bindings::ieee80211_interface_iteration_flags_IEEE80211_IFACE_ITER_RESUME_ALL,
                Some(f),
                core::ptr::null_mut(),
            )
        };
    }

    /// The data of an interface is from before a restart.
    ///
    /// # Safety
    ///
    /// As the [module](self) says; the mutex of the wiphy must be held.
    unsafe extern "C" fn age_vif(
        _data: *mut c_void,
        _mac: *mut u8,
        ptr: *mut bindings::ieee80211_vif,
    ) {
        // SAFETY: The interface is valid. Values are set and removed with the mutex held only.
        unsafe { vif::slot::<T>(ptr).age() };
    }

    /// A restart has failed: mac80211 is about to forget all that it has not added again, and does
    /// not tell. See `ieee80211_handle_reconfig_failure()`.
    ///
    /// If only the interface for monitors has failed, mac80211 goes on. What is added again then
    /// gets new data.
    ///
    /// # Safety
    ///
    /// As the [module](self) says; the mutex of the wiphy must be held.
    unsafe fn forget(hw: &Locked<Hw<T>>) {
        // Stations and channel contexts are added after all interfaces.
        // SAFETY: By the safety requirements; the lists do not change as long as the mutex is held,
        // so that the functions may sleep.
        unsafe {
            bindings::ieee80211_iterate_stations_mtx(
                hw.as_raw(),
                Some(Self::forget_sta),
                core::ptr::null_mut(),
            );
            bindings::ieee80211_iter_chan_contexts_mtx(
                hw.as_raw(),
                Some(Self::forget_chanctx),
                core::ptr::null_mut(),
            );
            Self::for_each_vif(hw, Self::forget_vif);
        }
    }

    /// # Safety
    ///
    /// As for [`Vtable::forget`], for a station.
    unsafe extern "C" fn forget_sta(_data: *mut c_void, ptr: *mut bindings::ieee80211_sta) {
        // SAFETY: The station is valid.
        if unsafe { sta::slot::<T>(ptr) }.is_ready() {
            // SAFETY: As above; the value is ready, and the mutex held.
            unsafe { Self::remove_sta(ptr) };
        }
    }

    /// # Safety
    ///
    /// As for [`Vtable::forget`], for a channel context.
    unsafe extern "C" fn forget_chanctx(
        _hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_chanctx_conf,
        _data: *mut c_void,
    ) {
        // SAFETY: The context is valid, and the mutex held.
        unsafe { Self::drop_chanctx(ptr) };
    }

    /// # Safety
    ///
    /// As for [`Vtable::forget`], for an interface.
    unsafe extern "C" fn forget_vif(
        _data: *mut c_void,
        _mac: *mut u8,
        ptr: *mut bindings::ieee80211_vif,
    ) {
        // SAFETY: The interface is valid.
        if unsafe { vif::slot::<T>(ptr) }.is_stale() {
            // SAFETY: As above; the value is ready, and the mutex held.
            unsafe { Self::remove_vif(ptr) };
        }
    }

    /// `ieee80211_ops::stop`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn stop(hw: *mut bindings::ieee80211_hw, suspend: bool) {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        // mac80211 warns about frames that are received later. `Hw::rx_irqsafe()` and the others
        // hold RCU when they look; `drv_stop()` waits for the tasklet that it queues to.
        hw.private().started.store(0, Relaxed);
        // SAFETY: There are no conditions; it may sleep.
        unsafe { bindings::synchronize_rcu() };
        T::stop(hw, suspend);
        hw.remove_started();
        // Whoever drops a frame that was kept is done with the hardware.
        // SAFETY: There are no conditions; it may sleep.
        unsafe { bindings::synchronize_rcu() };
        // SAFETY: It may sleep.
        unsafe { hw.free_all_unsent() };
    }

    /// `ieee80211_ops::add_interface`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn add_interface(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
    ) -> c_int {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        // SAFETY: As above, for the interface.
        let slot = unsafe { vif::slot::<T>(ptr) };
        from_result(|| {
            // After a restart the interface is added again, and has its data already.
            let new = !slot.is_ready();
            if new {
                // SAFETY: The interface is valid.
                let data = T::new_vif(hw, unsafe { Interface::from_raw(ptr) })?;
                // SAFETY: Values are set and removed with the mutex held only.
                unsafe { slot.set(hw.as_raw(), data) };
            }
            // SAFETY: The interface is valid, and the mutex is held.
            let result = T::add_interface(hw, unsafe { interface(ptr) }?);
            // SAFETY: The value is ready, and the mutex is held.
            unsafe {
                match result {
                    Ok(()) => slot.renew(),
                    Err(_) if new => Self::remove_vif(ptr),
                    // Those that were added again are removed by mac80211, this one is not.
                    Err(_) => {
                        Self::remove_vif(ptr);
                        Self::forget(hw);
                    }
                }
            }
            result.map(|()| 0)
        })
    }

    /// Drops the data of an interface.
    ///
    /// # Safety
    ///
    /// As the module says. The value must be ready, and the mutex of the wiphy be held.
    unsafe fn remove_vif(ptr: *mut bindings::ieee80211_vif) {
        // SAFETY: By the safety requirements. An interface is found without the mutex in RCU
        // sections only, of which none with the value remains after the grace period.
        unsafe {
            let slot = vif::slot::<T>(ptr);
            slot.hide();
            bindings::synchronize_rcu();
            slot.drop_value();
        }
    }

    /// `ieee80211_ops::change_interface`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn change_interface(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        new_type: bindings::nl80211_iftype,
        p2p: bool,
    ) -> c_int {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        from_result(|| {
            let new_type = IfType::from_raw(new_type).ok_or(EINVAL)?;
            T::change_interface(hw, vif?, new_type, p2p).map(|()| 0)
        })
    }

    /// `ieee80211_ops::remove_interface`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn remove_interface(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
    ) {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        if let Ok(vif) = vif {
            T::remove_interface(hw, vif);
            // SAFETY: As the module says; the value is ready.
            unsafe { Self::remove_vif(ptr) };
        }
    }

    /// `ieee80211_ops::config`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn config(
        hw: *mut bindings::ieee80211_hw,
        _radio_idx: c_int,
        changed: u32,
    ) -> c_int {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        from_result(|| T::config(hw, ConfChange(changed)).map(|()| 0))
    }

    /// `ieee80211_ops::configure_filter`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn configure_filter(
        hw: *mut bindings::ieee80211_hw,
        _changed: c_uint,
        total: *mut c_uint,
        _multicast: u64,
    ) {
        // mac80211 sets a bit that no filter is, and warns if it comes back.
        const NO_FILTER: u32 = 1 << 31;
        // SAFETY: As the module says; `total` is valid.
        let (hw, total) = unsafe { (locked::<T>(hw), &mut *total) };
        let wanted = Filter(*total & !NO_FILTER);
        *total = T::configure_filter(hw, wanted).intersection(wanted).0;
    }

    /// `ieee80211_ops::vif_cfg_changed`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn vif_cfg_changed(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        changed: u64,
    ) {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        if let Ok(vif) = vif {
            T::vif_cfg_changed(hw, vif, BssChange::from_raw(changed));
        }
    }

    /// `ieee80211_ops::link_info_changed`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn link_info_changed(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        conf: *mut bindings::ieee80211_bss_conf,
        changed: u64,
    ) {
        // SAFETY: As the module says; the configuration is valid.
        let (hw, vif, conf) = unsafe { (locked::<T>(hw), interface(ptr), BssConf::from_raw(conf)) };
        if let Ok(vif) = vif {
            T::link_info_changed(hw, vif, conf, BssChange::from_raw(changed));
        }
    }

    /// `ieee80211_ops::start_ap`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn start_ap(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        conf: *mut bindings::ieee80211_bss_conf,
    ) -> c_int {
        // SAFETY: As the module says; the configuration is valid.
        let (hw, vif, conf) = unsafe { (locked::<T>(hw), interface(ptr), BssConf::from_raw(conf)) };
        from_result(|| T::start_ap(hw, vif?, conf).map(|()| 0))
    }

    /// `ieee80211_ops::stop_ap`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn stop_ap(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        conf: *mut bindings::ieee80211_bss_conf,
    ) {
        // SAFETY: As the module says; the configuration is valid.
        let (hw, vif, conf) = unsafe { (locked::<T>(hw), interface(ptr), BssConf::from_raw(conf)) };
        if let Ok(vif) = vif {
            T::stop_ap(hw, vif, conf);
        }
    }

    /// `ieee80211_ops::sta_state`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn sta_state(
        hw: *mut bindings::ieee80211_hw,
        vif: *mut bindings::ieee80211_vif,
        ptr: *mut bindings::ieee80211_sta,
        old: bindings::ieee80211_sta_state,
        new: bindings::ieee80211_sta_state,
    ) -> c_int {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(vif)) };
        // SAFETY: As the module says.
        let slot = unsafe { sta::slot::<T>(ptr) };
        from_result(|| {
            let vif = vif?;
            let (old, new) = StaState::from_raw(old)
                .zip(StaState::from_raw(new))
                .ok_or(EINVAL)?;
            // After a restart the station is added again, and has its data already.
            let add = old == StaState::NotExist && !slot.is_ready();
            if add {
                // SAFETY: The station is valid.
                let data = T::new_sta(hw, vif, unsafe { Station::from_raw(ptr) })?;
                // SAFETY: Values are set and removed with the mutex held only.
                unsafe { slot.set(hw.as_raw(), data) };
            }
            // SAFETY: The station is valid, and the mutex is held.
            let Some(sta) = (unsafe { Sta::from_raw(ptr) }) else {
                // mac80211 keeps stations of an independent network that could not be added, and
                // warns about errors on their way down.
                return if new < old { Ok(0) } else { Err(EIO) };
            };
            let result = T::sta_state(hw, vif, sta, old, new);
            if new == StaState::NotExist || add && result.is_err() {
                // SAFETY: The value is ready, and the mutex is held.
                unsafe { Self::remove_sta(ptr) };
            }
            // mac80211 warns about errors on the way down.
            if new < old {
                Ok(0)
            } else {
                result.map(|()| 0)
            }
        })
    }

    /// Drops the data of a station.
    ///
    /// # Safety
    ///
    /// As the module says. The value must be ready, and the mutex of the wiphy be held.
    unsafe fn remove_sta(ptr: *mut bindings::ieee80211_sta) {
        // SAFETY: By the safety requirements. A station is found without the mutex in RCU sections
        // only: by frames that it sends, also on the way up, and by its queues, also on the way
        // down.
        unsafe {
            let slot = sta::slot::<T>(ptr);
            slot.hide();
            slot.wait_for_readers();
            slot.drop_value();
        }
    }

    /// `ieee80211_ops::sta_notify`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn sta_notify(
        hw: *mut bindings::ieee80211_hw,
        vif: *mut bindings::ieee80211_vif,
        cmd: bindings::sta_notify_cmd,
        ptr: *mut bindings::ieee80211_sta,
    ) {
        let rcu = rcu::read_lock();
        // SAFETY: As the module says; RCU is held.
        let (hw, vif, sta) = unsafe {
            (
                Hw::<T>::from_raw(hw),
                Vif::from_raw(vif),
                Sta::from_raw(ptr),
            )
        };
        let cmd = match cmd {
            bindings::sta_notify_cmd_STA_NOTIFY_SLEEP => StaNotify::Sleep,
            _ => StaNotify::Awake,
        };
        if let Some((vif, sta)) = vif.zip(sta) {
            T::sta_notify(hw, vif, sta, cmd, &rcu);
        }
    }

    /// `ieee80211_ops::set_tim`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn set_tim(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_sta,
        set: bool,
    ) -> c_int {
        let rcu = rcu::read_lock();
        // SAFETY: As the module says; RCU is held.
        let (hw, sta) = unsafe { (Hw::<T>::from_raw(hw), Sta::<T>::from_raw(ptr)) };
        from_result(|| {
            let sta = sta.ok_or(EIO)?;
            T::set_tim(hw, sta, sta.data(), set, &rcu).map(|()| 0)
        })
    }

    /// `ieee80211_ops::conf_tx`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn conf_tx(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        _link_id: c_uint,
        ac: u16,
        params: *const bindings::ieee80211_tx_queue_params,
    ) -> c_int {
        // SAFETY: As the module says; the parameters are valid.
        let (hw, vif, params) = unsafe { (locked::<T>(hw), interface(ptr), &*params) };
        from_result(|| {
            let ac = match ac.into() {
                bindings::ieee80211_ac_numbers_IEEE80211_AC_VO => Ac::Vo,
                bindings::ieee80211_ac_numbers_IEEE80211_AC_VI => Ac::Vi,
                bindings::ieee80211_ac_numbers_IEEE80211_AC_BE => Ac::Be,
                bindings::ieee80211_ac_numbers_IEEE80211_AC_BK => Ac::Bk,
                _ => return Err(EINVAL),
            };
            let params = QueueParams {
                txop: params.txop,
                cw_min: params.cw_min,
                cw_max: params.cw_max,
                aifs: params.aifs,
            };
            T::conf_tx(hw, vif?, ac, &params).map(|()| 0)
        })
    }

    /// `ieee80211_ops::get_tsf`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn get_tsf(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
    ) -> u64 {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        // All ones are for a TSF that is not known.
        vif.map_or(u64::MAX, |vif| T::get_tsf(hw, vif))
    }

    /// `ieee80211_ops::set_tsf`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn set_tsf(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        tsf: u64,
    ) {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        if let Ok(vif) = vif {
            T::set_tsf(hw, vif, tsf);
        }
    }

    /// `ieee80211_ops::offset_tsf`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn offset_tsf(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        offset: i64,
    ) {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        if let Ok(vif) = vif {
            T::offset_tsf(hw, vif, offset);
        }
    }

    /// `ieee80211_ops::reset_tsf`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn reset_tsf(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
    ) {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        if let Ok(vif) = vif {
            T::reset_tsf(hw, vif);
        }
    }

    /// `ieee80211_ops::tx_last_beacon`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn tx_last_beacon(hw: *mut bindings::ieee80211_hw) -> c_int {
        // SAFETY: As the module says.
        T::tx_last_beacon(unsafe { locked::<T>(hw) }).into()
    }

    /// `ieee80211_ops::flush`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn flush(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        queues: u32,
        drop: bool,
    ) {
        // SAFETY: As the module says; there may be no interface.
        let (hw, vif) = unsafe { (locked::<T>(hw), Vif::from_raw(ptr)) };
        T::flush(hw, vif, queues, drop);
    }

    /// `ieee80211_ops::sw_scan_start`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn sw_scan_start(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        mac: *const u8,
    ) {
        // SAFETY: As the module says; `mac` is an address.
        let (hw, vif, mac) = unsafe { (locked::<T>(hw), interface(ptr), *mac.cast::<[u8; 6]>()) };
        if let Ok(vif) = vif {
            T::sw_scan_start(hw, vif, mac);
        }
    }

    /// `ieee80211_ops::sw_scan_complete`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn sw_scan_complete(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
    ) {
        // SAFETY: As the module says. The interface may have been removed.
        let (hw, vif) = unsafe { (locked::<T>(hw), Vif::from_raw(ptr)) };
        T::sw_scan_complete(hw, vif);
    }

    /// `ieee80211_ops::set_rts_threshold`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn set_rts_threshold(
        hw: *mut bindings::ieee80211_hw,
        _radio_idx: c_int,
        value: u32,
    ) -> c_int {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        let value = (value != u32::MAX).then_some(value);
        from_result(|| T::set_rts_threshold(hw, value).map(|()| 0))
    }

    /// `ieee80211_ops::set_coverage_class`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn set_coverage_class(
        hw: *mut bindings::ieee80211_hw,
        _radio_idx: c_int,
        coverage_class: i16,
    ) {
        // SAFETY: As the module says.
        T::set_coverage_class(unsafe { locked::<T>(hw) }, coverage_class);
    }

    /// `ieee80211_ops::set_antenna`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn set_antenna(
        hw: *mut bindings::ieee80211_hw,
        _radio_idx: c_int,
        tx: u32,
        rx: u32,
    ) -> c_int {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        from_result(|| T::set_antenna(hw, tx, rx).map(|()| 0))
    }

    /// `ieee80211_ops::get_antenna`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn get_antenna(
        hw: *mut bindings::ieee80211_hw,
        _radio_idx: c_int,
        tx: *mut u32,
        rx: *mut u32,
    ) -> c_int {
        // SAFETY: As the module says; the pointers are valid.
        let (hw, tx, rx) = unsafe { (locked::<T>(hw), &mut *tx, &mut *rx) };
        from_result(|| {
            (*tx, *rx) = T::get_antenna(hw)?;
            Ok(0)
        })
    }

    /// `ieee80211_ops::ampdu_action`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn ampdu_action(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        params: *mut bindings::ieee80211_ampdu_params,
    ) -> c_int {
        // SAFETY: As the module says; the parameters are valid.
        let (hw, vif, params) = unsafe { (locked::<T>(hw), interface(ptr), &*params) };
        // SAFETY: As the module says.
        let sta = unsafe { Sta::from_raw(params.sta) };
        from_result(|| {
            let action = match params.action {
                bindings::ieee80211_ampdu_mlme_action_IEEE80211_AMPDU_RX_START => {
                    AmpduAction::RxStart {
                        ssn: params.ssn,
                        buf_size: params.buf_size,
                    }
                }
                bindings::ieee80211_ampdu_mlme_action_IEEE80211_AMPDU_RX_STOP => {
                    AmpduAction::RxStop
                }
                bindings::ieee80211_ampdu_mlme_action_IEEE80211_AMPDU_TX_START => {
                    AmpduAction::TxStart { ssn: params.ssn }
                }
                bindings::ieee80211_ampdu_mlme_action_IEEE80211_AMPDU_TX_OPERATIONAL => {
                    AmpduAction::TxOperational {
                        buf_size: params.buf_size,
                    }
                }
                bindings::ieee80211_ampdu_mlme_action_IEEE80211_AMPDU_TX_STOP_CONT => {
                    AmpduAction::TxStopCont
                }
                bindings::ieee80211_ampdu_mlme_action_IEEE80211_AMPDU_TX_STOP_FLUSH => {
                    AmpduAction::TxStopFlush
                }
                bindings::ieee80211_ampdu_mlme_action_IEEE80211_AMPDU_TX_STOP_FLUSH_CONT => {
                    AmpduAction::TxStopFlushCont
                }
                _ => return Err(EINVAL),
            };
            let tid = params.tid as u8;
            let done = match (vif, sta) {
                (Ok(vif), Some(sta)) => T::ampdu_action(hw, vif, sta, tid, action),
                _ => Err(EIO),
            };
            match action {
                AmpduAction::TxStart { .. } => {
                    done.map(|()| bindings::IEEE80211_AMPDU_TX_START_IMMEDIATE as c_int)
                }
                // mac80211 warns about errors, and does not use the TID until it is told.
                AmpduAction::TxStopCont
                | AmpduAction::TxStopFlush
                | AmpduAction::TxStopFlushCont => {
                    // SAFETY: The interface and the station are valid, and the address is copied.
                    // It may be called in any context.
                    unsafe {
                        bindings::ieee80211_stop_tx_ba_cb_irqsafe(
                            ptr,
                            (&raw const (*params.sta).addr).cast(),
                            tid.into(),
                        )
                    };
                    Ok(0)
                }
                _ => done.map(|()| 0),
            }
        })
    }

    /// `ieee80211_ops::reconfig_complete`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn reconfig_complete(
        hw: *mut bindings::ieee80211_hw,
        reconfig_type: bindings::ieee80211_reconfig_type,
    ) {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        let reconfig_type = match reconfig_type {
            bindings::ieee80211_reconfig_type_IEEE80211_RECONFIG_TYPE_SUSPEND => {
                ReconfigType::Suspend
            }
            _ => ReconfigType::Restart,
        };
        T::reconfig_complete(hw, reconfig_type);
    }

    /// Makes the data of a channel context. After a restart it is there already; tells whether it
    /// was not.
    ///
    /// # Safety
    ///
    /// As the module says. `ctx` must be valid, and the mutex of the wiphy be held.
    unsafe fn new_chanctx(
        hw: &Locked<Hw<T>>,
        ctx: *mut bindings::ieee80211_chanctx_conf,
    ) -> Result<bool> {
        // SAFETY: By the safety requirements.
        let slot = unsafe { chanctx::slot::<T>(ctx) };
        if slot.is_ready() {
            return Ok(false);
        }
        // SAFETY: By the safety requirements.
        let data = T::new_chanctx(hw, unsafe { ChannelContext::from_raw(ctx) })?;
        // SAFETY: Values are set and removed with the mutex held only.
        unsafe { slot.set(hw.as_raw(), data) };
        Ok(true)
    }

    /// Drops the data of a channel context, if there is any.
    ///
    /// # Safety
    ///
    /// As the module says. `ctx` must be valid, and the mutex of the wiphy be held.
    unsafe fn drop_chanctx(ctx: *mut bindings::ieee80211_chanctx_conf) {
        // SAFETY: By the safety requirements. A context is found without the mutex in RCU sections
        // only, of which none with the value remains after the grace period. Its memory is freed
        // after another one.
        unsafe {
            let slot = chanctx::slot::<T>(ctx);
            if !slot.is_ready() {
                return;
            }
            slot.hide();
            slot.wait_for_readers();
            slot.drop_value();
        }
    }

    /// `ieee80211_ops::add_chanctx`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn add_chanctx(
        hw: *mut bindings::ieee80211_hw,
        ctx: *mut bindings::ieee80211_chanctx_conf,
    ) -> c_int {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        from_result(|| {
            // SAFETY: The context is valid, and the mutex is held.
            let new = unsafe { Self::new_chanctx(hw, ctx) }?;
            // SAFETY: As above.
            let result = T::add_chanctx(hw, unsafe { ChanCtx::from_raw(ctx) }.ok_or(EIO)?);
            if new && result.is_err() {
                // SAFETY: As above.
                unsafe { Self::drop_chanctx(ctx) };
            }
            result.map(|()| 0)
        })
    }

    /// `ieee80211_ops::remove_chanctx`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn remove_chanctx(
        hw: *mut bindings::ieee80211_hw,
        ctx: *mut bindings::ieee80211_chanctx_conf,
    ) {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        // SAFETY: The context is valid, and the mutex is held.
        if let Some(ctx) = unsafe { ChanCtx::from_raw(ctx) } {
            T::remove_chanctx(hw, ctx);
        }
        // SAFETY: As above.
        unsafe { Self::drop_chanctx(ctx) };
    }

    /// `ieee80211_ops::change_chanctx`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn change_chanctx(
        hw: *mut bindings::ieee80211_hw,
        ctx: *mut bindings::ieee80211_chanctx_conf,
        changed: u32,
    ) {
        // SAFETY: As the module says.
        let (hw, ctx) = unsafe { (locked::<T>(hw), ChanCtx::from_raw(ctx)) };
        if let Some(ctx) = ctx {
            T::change_chanctx(hw, ctx, ChanCtxChange::from_raw(changed));
        }
    }

    /// `ieee80211_ops::assign_vif_chanctx`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn assign_vif_chanctx(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        conf: *mut bindings::ieee80211_bss_conf,
        ctx: *mut bindings::ieee80211_chanctx_conf,
    ) -> c_int {
        // SAFETY: As the module says; the configuration is valid.
        let (hw, vif, conf) = unsafe { (locked::<T>(hw), interface(ptr), BssConf::from_raw(conf)) };
        // SAFETY: As the module says.
        let ctx = unsafe { ChanCtx::from_raw(ctx) };
        from_result(|| T::assign_vif_chanctx(hw, vif?, conf, ctx.ok_or(EIO)?).map(|()| 0))
    }

    /// `ieee80211_ops::unassign_vif_chanctx`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn unassign_vif_chanctx(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        conf: *mut bindings::ieee80211_bss_conf,
        ctx: *mut bindings::ieee80211_chanctx_conf,
    ) {
        // SAFETY: As the module says; the configuration is valid.
        let (hw, vif, conf) = unsafe { (locked::<T>(hw), interface(ptr), BssConf::from_raw(conf)) };
        // SAFETY: As the module says.
        let ctx = unsafe { ChanCtx::from_raw(ctx) };
        if let (Ok(vif), Some(ctx)) = (vif, ctx) {
            T::unassign_vif_chanctx(hw, vif, conf, ctx);
        }
    }

    /// `ieee80211_ops::switch_vif_chanctx`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn switch_vif_chanctx(
        hw: *mut bindings::ieee80211_hw,
        vifs: *mut bindings::ieee80211_vif_chanctx_switch,
        n_vifs: c_int,
        mode: bindings::ieee80211_chanctx_switch_mode,
    ) -> c_int {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        let swap = mode == bindings::ieee80211_chanctx_switch_mode_CHANCTX_SWMODE_SWAP_CONTEXTS;
        from_result(|| {
            let len = usize::try_from(n_vifs)?;
            // SAFETY: `vifs` has `n_vifs` elements.
            let raw = unsafe { core::slice::from_raw_parts(vifs, len) };
            let mut made = Ok(());
            // Several interfaces may get the same.
            for vif in raw.iter().filter(|_| swap) {
                if made.is_ok() {
                    // SAFETY: The context is valid, and the mutex is held.
                    made = unsafe { Self::new_chanctx(hw, vif.new_ctx) }.map(drop);
                }
            }
            // SAFETY: As the module says, the elements are valid.
            let switches = unsafe { ChanCtxSwitches::new(raw) };
            let result = made.and_then(|()| T::switch_vif_chanctx(hw, &switches, swap));
            if swap {
                for vif in raw {
                    let gone = if result.is_ok() {
                        vif.old_ctx
                    } else {
                        vif.new_ctx
                    };
                    // SAFETY: As above. mac80211 does not use these contexts any more.
                    unsafe { Self::drop_chanctx(gone) };
                }
            }
            result.map(|()| 0)
        })
    }

    /// `ieee80211_ops::hw_scan`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn hw_scan(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        req: *mut bindings::ieee80211_scan_request,
    ) -> c_int {
        // SAFETY: As the module says; the request is valid.
        let (hw, vif, req) = unsafe { (locked::<T>(hw), interface(ptr), ScanRequest::new(req)) };
        let scanning = &hw.private().scanning;
        from_result(|| {
            let vif = vif?;
            scanning.xchg(1, Full);
            // `Hw::restart()` writes this before it looks whether there is a scan.
            if hw.private().restarting.load(Acquire) != 0 {
                scanning.store(0, Relaxed);
                return Err(EBUSY);
            }
            match T::hw_scan(hw, vif, &req).inspect_err(|_| scanning.store(0, Relaxed))? {
                ScanStart::Hardware => Ok(0),
                ScanStart::Software => {
                    scanning.store(0, Relaxed);
                    Ok(1)
                }
            }
        })
    }

    /// `ieee80211_ops::cancel_hw_scan`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn cancel_hw_scan(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
    ) {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        if let Ok(vif) = vif {
            T::cancel_hw_scan(hw, vif);
            // When the interface goes down, cfg80211 frees the request without further ado, unless
            // it is told now.
            hw.scan_completed(true);
        }
    }

    /// `ieee80211_ops::remain_on_channel`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn remain_on_channel(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        channel: *mut bindings::ieee80211_channel,
        duration: c_int,
        roc_type: bindings::ieee80211_roc_type,
    ) -> c_int {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        // SAFETY: It is a channel of the wiphy.
        let channel = unsafe { ChannelInfo::from_raw(channel) };
        from_result(|| {
            let roc_type = match roc_type {
                bindings::ieee80211_roc_type_IEEE80211_ROC_TYPE_MGMT_TX => RocType::MgmtTx,
                _ => RocType::Normal,
            };
            let (vif, channel) = (vif?, channel.ok_or(EINVAL)?);
            let duration = u32::try_from(duration)?;
            // The driver may say at once that it is there.
            hw.stay_begins();
            T::remain_on_channel(hw, vif, &channel, duration, roc_type).inspect_err(|_| {
                hw.stay_ends();
            })?;
            Ok(0)
        })
    }

    /// `ieee80211_ops::cancel_remain_on_channel`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn cancel_remain_on_channel(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
    ) -> c_int {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        from_result(|| {
            let vif = vif?;
            // What the driver says from now on would be taken for the next stay.
            let before = hw.stay_ends();
            T::cancel_remain_on_channel(hw, vif).inspect_err(|_| hw.stay_goes_on(before))?;
            Ok(0)
        })
    }

    /// `ieee80211_ops::set_key`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn set_key(
        hw: *mut bindings::ieee80211_hw,
        cmd: bindings::set_key_cmd,
        ptr: *mut bindings::ieee80211_vif,
        sta: *mut bindings::ieee80211_sta,
        key: *mut bindings::ieee80211_key_conf,
    ) -> c_int {
        // SAFETY: As the module says.
        let (hw, vif, sta) = unsafe { (locked::<T>(hw), interface(ptr), Sta::from_raw(sta)) };
        // SAFETY: The key is valid.
        let key = unsafe { Key::from_raw(key) };
        from_result(|| {
            let vif = vif?;
            if cmd != bindings::set_key_cmd_SET_KEY {
                T::remove_key(hw, vif, sta, key);
                return Ok(0);
            }
            match T::set_key(hw, vif, sta, key)? {
                KeyPlace::Hardware { index, flags } => {
                    // SAFETY: The mutex is held.
                    unsafe { key.set_place(index, flags) };
                    Ok(0)
                }
                // `ieee80211_key_enable_hw_accel()`.
                KeyPlace::Software => Ok(1),
            }
        })
    }

    /// `ieee80211_ops::set_default_unicast_key`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn set_default_unicast_key(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        index: c_int,
    ) {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        if let Ok(vif) = vif {
            T::set_default_unicast_key(hw, vif, index.try_into().ok());
        }
    }

    /// `ieee80211_ops::get_key_seq`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn get_key_seq(
        hw: *mut bindings::ieee80211_hw,
        key: *mut bindings::ieee80211_key_conf,
        seq: *mut bindings::ieee80211_key_seq,
    ) {
        // SAFETY: `ieee80211_get_key()` holds RCU.
        let rcu = unsafe { rcu::Guard::assume() };
        // SAFETY: As the module says; the key is valid, and `seq` is to be written.
        unsafe { *seq = T::get_key_seq(Hw::from_raw(hw), Key::from_raw(key), rcu).as_raw() };
    }

    /// `ieee80211_ops::sta_pre_rcu_remove`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn sta_pre_rcu_remove(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        sta: *mut bindings::ieee80211_sta,
    ) {
        // SAFETY: As the module says.
        let (hw, vif, sta) = unsafe { (locked::<T>(hw), interface(ptr), Sta::from_raw(sta)) };
        if let (Ok(vif), Some(sta)) = (vif, sta) {
            T::sta_pre_rcu_remove(hw, vif, sta);
        }
    }

    /// `ieee80211_ops::link_sta_rc_update`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn link_sta_rc_update(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        link_sta: *mut bindings::ieee80211_link_sta,
        changed: u32,
    ) {
        let rcu = rcu::read_lock();
        // SAFETY: As the module says; RCU is held, and the link belongs to a station.
        let (hw, vif, sta) = unsafe {
            (
                Hw::<T>::from_raw(hw),
                interface(ptr),
                Sta::from_raw((*link_sta).sta),
            )
        };
        if let (Ok(vif), Some(sta)) = (vif, sta) {
            T::link_sta_rc_update(hw, vif, sta, RateChange::from_raw(changed), &rcu);
        }
    }

    /// `ieee80211_ops::sta_statistics`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn sta_statistics(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        sta: *mut bindings::ieee80211_sta,
        info: *mut bindings::station_info,
    ) {
        // SAFETY: As the module says.
        let (hw, vif, sta) = unsafe { (locked::<T>(hw), interface(ptr), Sta::from_raw(sta)) };
        // SAFETY: The information is valid, and for us to write.
        let mut info = StationInfo::new(unsafe { &mut *info });
        if let (Ok(vif), Some(sta)) = (vif, sta) {
            T::sta_statistics(hw, vif, sta, &mut info);
        }
    }

    /// `ieee80211_ops::sta_set_txpwr`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn sta_set_txpwr(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        sta: *mut bindings::ieee80211_sta,
    ) -> c_int {
        // SAFETY: As the module says.
        let (hw, vif, sta) = unsafe { (locked::<T>(hw), interface(ptr), Sta::from_raw(sta)) };
        from_result(|| T::sta_set_txpwr(hw, vif?, sta.ok_or(EIO)?).map(|()| 0))
    }

    /// `ieee80211_ops::sta_set_4addr`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn sta_set_4addr(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        sta: *mut bindings::ieee80211_sta,
        enabled: bool,
    ) {
        // SAFETY: As the module says.
        let (hw, vif, sta) = unsafe { (locked::<T>(hw), interface(ptr), Sta::from_raw(sta)) };
        if let (Ok(vif), Some(sta)) = (vif, sta) {
            T::sta_set_4addr(hw, vif, sta, enabled);
        }
    }

    /// `ieee80211_ops::get_expected_throughput`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn get_expected_throughput(
        hw: *mut bindings::ieee80211_hw,
        sta: *mut bindings::ieee80211_sta,
    ) -> u32 {
        let rcu = rcu::read_lock();
        // SAFETY: As the module says; RCU is held.
        let (hw, sta) = unsafe { (Hw::<T>::from_raw(hw), Sta::from_raw(sta)) };
        sta.map_or(0, |sta| T::get_expected_throughput(hw, sta, &rcu))
    }

    /// `ieee80211_ops::flush_sta`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn flush_sta(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        sta: *mut bindings::ieee80211_sta,
    ) {
        // SAFETY: As the module says.
        let (hw, vif, sta) = unsafe { (locked::<T>(hw), interface(ptr), Sta::from_raw(sta)) };
        if let (Ok(vif), Some(sta)) = (vif, sta) {
            T::flush_sta(hw, vif, sta);
        }
    }

    /// `ieee80211_ops::release_buffered_frames`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn release_buffered_frames(
        hw: *mut bindings::ieee80211_hw,
        sta: *mut bindings::ieee80211_sta,
        tids: u16,
        number: c_int,
        reason: bindings::ieee80211_frame_release_type,
        more_data: bool,
    ) {
        let rcu = rcu::read_lock();
        // SAFETY: As the module says; RCU is held.
        let (hw, sta) = unsafe { (Hw::<T>::from_raw(hw), Sta::from_raw(sta)) };
        let reason = ReleaseReason::from_raw(reason);
        if let (Some(sta), Ok(number)) = (sta, number.try_into()) {
            T::release_buffered_frames(hw, sta, tids, number, reason, more_data, &rcu);
        }
    }

    /// `ieee80211_ops::allow_buffered_frames`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn allow_buffered_frames(
        hw: *mut bindings::ieee80211_hw,
        sta: *mut bindings::ieee80211_sta,
        tids: u16,
        number: c_int,
        reason: bindings::ieee80211_frame_release_type,
        more_data: bool,
    ) {
        let rcu = rcu::read_lock();
        // SAFETY: As the module says; RCU is held.
        let (hw, sta) = unsafe { (Hw::<T>::from_raw(hw), Sta::from_raw(sta)) };
        let reason = ReleaseReason::from_raw(reason);
        if let (Some(sta), Ok(number)) = (sta, number.try_into()) {
            T::allow_buffered_frames(hw, sta, tids, number, reason, more_data, &rcu);
        }
    }

    /// `ieee80211_ops::wake_tx_queue`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn wake_tx_queue(
        hw: *mut bindings::ieee80211_hw,
        txq: *mut bindings::ieee80211_txq,
    ) {
        let rcu = rcu::read_lock();
        // SAFETY: As the module says; the queue is valid, and RCU is held.
        let (hw, txq) = unsafe { (Hw::<T>::from_raw(hw), Txq::from_raw(txq)) };
        T::wake_tx_queue(hw, txq, &rcu);
    }

    /// `ieee80211_ops::mgd_prepare_tx`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn mgd_prepare_tx(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        info: *mut bindings::ieee80211_prep_tx_info,
    ) {
        // SAFETY: As the module says; the information is valid.
        let (hw, vif, info) = unsafe {
            (
                locked::<T>(hw),
                interface(ptr),
                PrepTxInfo::from_raw(&*info),
            )
        };
        if let Ok(vif) = vif {
            T::mgd_prepare_tx(hw, vif, &info);
        }
    }

    /// `ieee80211_ops::mgd_complete_tx`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn mgd_complete_tx(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        info: *mut bindings::ieee80211_prep_tx_info,
    ) {
        // SAFETY: As the module says; the information is valid.
        let (hw, vif, info) = unsafe {
            (
                locked::<T>(hw),
                interface(ptr),
                PrepTxInfo::from_raw(&*info),
            )
        };
        if let Ok(vif) = vif {
            T::mgd_complete_tx(hw, vif, &info);
        }
    }

    /// `ieee80211_ops::event_callback`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn event_callback(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        event: *const bindings::ieee80211_event,
    ) {
        let rcu = rcu::read_lock();
        // SAFETY: As the module says; RCU is held, and the event is valid.
        let (hw, vif, event) = unsafe {
            (
                Hw::<T>::from_raw(hw),
                interface(ptr),
                Event::from_raw(&*event),
            )
        };
        if let (Ok(vif), Some(event)) = (vif, event) {
            T::event_callback(hw, vif, &event, &rcu);
        }
    }

    /// `ieee80211_ops::set_bitrate_mask`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn set_bitrate_mask(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        mask: *const bindings::cfg80211_bitrate_mask,
    ) -> c_int {
        // SAFETY: As the module says; the mask is valid.
        let (hw, vif, mask) =
            unsafe { (locked::<T>(hw), interface(ptr), BitrateMask::new(&*mask)) };
        from_result(|| T::set_bitrate_mask(hw, vif?, &mask).map(|()| 0))
    }

    /// `ieee80211_ops::get_txpower`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn get_txpower(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        _link_id: c_uint,
        dbm: *mut c_int,
    ) -> c_int {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        from_result(|| {
            let power = T::get_txpower(hw, vif?)?;
            // SAFETY: It is for us to write.
            unsafe { *dbm = power };
            Ok(0)
        })
    }

    /// `ieee80211_ops::join_ibss`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn join_ibss(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
    ) -> c_int {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        from_result(|| T::join_ibss(hw, vif?).map(|()| 0))
    }

    /// `ieee80211_ops::leave_ibss`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn leave_ibss(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
    ) {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        if let Ok(vif) = vif {
            T::leave_ibss(hw, vif);
        }
    }

    /// `ieee80211_ops::channel_switch`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn channel_switch(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        switch: *mut bindings::ieee80211_channel_switch,
    ) {
        // SAFETY: As the module says; the switch is valid, to a channel of the wiphy.
        let (hw, vif, switch) = unsafe {
            (
                locked::<T>(hw),
                interface(ptr),
                ChannelSwitch::from_raw(&*switch),
            )
        };
        if let (Ok(vif), Some(switch)) = (vif, switch) {
            T::channel_switch(hw, vif, &switch);
        }
    }

    /// `ieee80211_ops::channel_switch_rx_beacon`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn channel_switch_rx_beacon(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        switch: *mut bindings::ieee80211_channel_switch,
    ) {
        // SAFETY: As the module says; the switch is valid, to a channel of the wiphy.
        let (hw, vif, switch) = unsafe {
            (
                locked::<T>(hw),
                interface(ptr),
                ChannelSwitch::from_raw(&*switch),
            )
        };
        if let (Ok(vif), Some(switch)) = (vif, switch) {
            T::channel_switch_rx_beacon(hw, vif, &switch);
        }
    }

    /// `ieee80211_ops::pre_channel_switch`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn pre_channel_switch(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        switch: *mut bindings::ieee80211_channel_switch,
    ) -> c_int {
        // SAFETY: As the module says; the switch is valid, to a channel of the wiphy.
        let (hw, vif, switch) = unsafe {
            (
                locked::<T>(hw),
                interface(ptr),
                ChannelSwitch::from_raw(&*switch),
            )
        };
        from_result(|| T::pre_channel_switch(hw, vif?, &switch.ok_or(EINVAL)?).map(|()| 0))
    }

    /// `ieee80211_ops::post_channel_switch`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn post_channel_switch(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        conf: *mut bindings::ieee80211_bss_conf,
    ) -> c_int {
        // SAFETY: As the module says; the configuration is valid.
        let (hw, vif, conf) = unsafe { (locked::<T>(hw), interface(ptr), BssConf::from_raw(conf)) };
        from_result(|| T::post_channel_switch(hw, vif?, conf).map(|()| 0))
    }

    /// `ieee80211_ops::abort_channel_switch`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn abort_channel_switch(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        conf: *mut bindings::ieee80211_bss_conf,
    ) {
        // SAFETY: As the module says; the configuration is valid.
        let (hw, vif, conf) = unsafe { (locked::<T>(hw), interface(ptr), BssConf::from_raw(conf)) };
        if let Ok(vif) = vif {
            T::abort_channel_switch(hw, vif, conf);
        }
    }

    /// `ieee80211_ops::channel_switch_beacon`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn channel_switch_beacon(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        chandef: *mut bindings::cfg80211_chan_def,
    ) {
        // SAFETY: As the module says; it is a channel of the wiphy.
        let (hw, vif, chandef) =
            unsafe { (locked::<T>(hw), interface(ptr), ChanDef::read(chandef)) };
        if let (Ok(vif), Some(chandef)) = (vif, chandef) {
            T::channel_switch_beacon(hw, vif, &chandef);
        }
    }

    /// `ieee80211_ops::get_survey`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn get_survey(
        hw: *mut bindings::ieee80211_hw,
        index: c_int,
        info: *mut bindings::survey_info,
    ) -> c_int {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        from_result(|| {
            let survey = T::get_survey(hw, index.try_into()?)?.ok_or(ENOENT)?;
            let mut raw = survey.as_raw();
            // SAFETY: The wiphy is valid.
            raw.channel = unsafe {
                bindings::ieee80211_get_channel_khz(
                    hw.raw_wiphy(),
                    u32::from(survey.center_freq) * 1000,
                )
            };
            if raw.channel.is_null() {
                return Err(EINVAL);
            }
            // SAFETY: It is for us to write.
            unsafe { *info = raw };
            Ok(0)
        })
    }

    /// `ieee80211_ops::get_stats`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn get_stats(
        hw: *mut bindings::ieee80211_hw,
        stats: *mut bindings::ieee80211_low_level_stats,
    ) -> c_int {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        from_result(|| {
            let counted = T::get_stats(hw)?;
            // SAFETY: They are for us to write.
            unsafe {
                *stats = bindings::ieee80211_low_level_stats {
                    dot11ACKFailureCount: counted.ack_failures,
                    dot11RTSFailureCount: counted.rts_failures,
                    dot11FCSErrorCount: counted.fcs_errors,
                    dot11RTSSuccessCount: counted.rts_successes,
                }
            };
            Ok(0)
        })
    }

    /// `ieee80211_ops::get_ringparam`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn get_ringparam(
        hw: *mut bindings::ieee80211_hw,
        tx: *mut u32,
        tx_max: *mut u32,
        rx: *mut u32,
        rx_max: *mut u32,
    ) {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        let RingParams {
            tx: tx_now,
            tx_max: tx_most,
            rx: rx_now,
            rx_max: rx_most,
        } = T::get_ringparam(hw);
        // SAFETY: They are for us to write.
        unsafe {
            *tx = tx_now;
            *tx_max = tx_most;
            *rx = rx_now;
            *rx_max = rx_most;
        }
    }

    /// `ieee80211_ops::set_ringparam`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn set_ringparam(hw: *mut bindings::ieee80211_hw, tx: u32, rx: u32) -> c_int {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        from_result(|| T::set_ringparam(hw, tx, rx).map(|()| 0))
    }

    /// `ieee80211_ops::tx_frames_pending`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn tx_frames_pending(hw: *mut bindings::ieee80211_hw) -> bool {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        T::tx_frames_pending(hw)
    }

    /// `ieee80211_ops::set_frag_threshold`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn set_frag_threshold(
        hw: *mut bindings::ieee80211_hw,
        _radio_idx: c_int,
        value: u32,
    ) -> c_int {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        let value = (value != u32::MAX).then_some(value);
        from_result(|| T::set_frag_threshold(hw, value).map(|()| 0))
    }

    /// `ieee80211_ops::sync_rx_queues`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn sync_rx_queues(hw: *mut bindings::ieee80211_hw) {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        T::sync_rx_queues(hw);
    }

    /// `ieee80211_ops::config_iface_filter`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn config_iface_filter(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
        wanted: c_uint,
        changed: c_uint,
    ) {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        if let Ok(vif) = vif {
            T::config_iface_filter(hw, vif, Filter(wanted), Filter(changed));
        }
    }

    /// `ieee80211_ops::rfkill_poll`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn rfkill_poll(hw: *mut bindings::ieee80211_hw) {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        T::rfkill_poll(hw);
    }

    /// `ieee80211_ops::update_vif_offload`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn update_vif_offload(
        hw: *mut bindings::ieee80211_hw,
        ptr: *mut bindings::ieee80211_vif,
    ) {
        // SAFETY: As the module says.
        let (hw, vif) = unsafe { (locked::<T>(hw), interface(ptr)) };
        if let Ok(vif) = vif {
            T::update_vif_offload(hw, vif);
        }
    }
}
