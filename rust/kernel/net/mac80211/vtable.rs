// SPDX-License-Identifier: GPL-2.0

//! The table of callbacks, and the way from each to its method of [`Operations`].
//!
//! What all of the functions here require: they are called by mac80211, as the member of the
//! `struct ieee80211_ops` that has their name, with hardware from [`Allocated::new`] of the same
//! `T`, and in the context that the table in the documentation of [`mac80211`](super) says.
//!
//! [`Allocated::new`]: super::Allocated::new

use super::{
    sta::{self, Sta, StaNotify, StaState, Station},
    vif::{self, BssChange, BssConf, Interface, Vif},
    Ac, AmpduAction, ConfChange, Filter, Hw, Operations, QueueParams, ReconfigType, TxFrame,
};
use crate::{
    bindings,
    error::from_result,
    net::cfg80211::{IfType, Locked},
    prelude::*,
    sync::{
        atomic::{Relaxed, Release},
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

impl<T: Operations> Vtable<T> {
    pub(super) const OPS: bindings::ieee80211_ops = bindings::ieee80211_ops {
        tx: Some(Self::tx),
        wake_tx_queue: Some(bindings::ieee80211_handle_wake_tx_queue),
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
        // mac80211 compares these pointers: they mean that there are no channel contexts.
        add_chanctx: Some(bindings::ieee80211_emulate_add_chanctx),
        remove_chanctx: Some(bindings::ieee80211_emulate_remove_chanctx),
        change_chanctx: Some(bindings::ieee80211_emulate_change_chanctx),
        switch_vif_chanctx: Some(bindings::ieee80211_emulate_switch_vif_chanctx),
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
            hw.private().started.store(1, Release);
            T::start(hw).inspect_err(|_| hw.private().started.store(0, Relaxed))?;
            Ok(0)
        })
    }

    /// `ieee80211_ops::stop`.
    ///
    /// # Safety
    ///
    /// As the [module](self) says.
    unsafe extern "C" fn stop(hw: *mut bindings::ieee80211_hw, suspend: bool) {
        // SAFETY: As the module says.
        let hw = unsafe { locked::<T>(hw) };
        T::stop(hw, suspend);
        hw.private().started.store(0, Release);
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
            if new && result.is_err() {
                // SAFETY: As in `remove_interface`.
                unsafe { Self::remove_vif(ptr) };
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
            let sta = unsafe { Sta::from_raw(ptr) }.ok_or(EIO)?;
            let result = T::sta_state(hw, vif, sta, old, new);
            if new == StaState::NotExist || add && result.is_err() {
                // SAFETY: The value is ready. A station is found without the mutex in RCU sections
                // only, and only if it is `uploaded`: on the way down mac80211 has waited for a
                // grace period since it was taken from the list, and on the way up it is not
                // `uploaded` yet.
                unsafe {
                    slot.hide();
                    slot.drop_value();
                }
            }
            result.map(|()| 0)
        })
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
        let (hw, sta) = unsafe { (Hw::<T>::from_raw(hw), Sta::from_raw(ptr)) };
        from_result(|| T::set_tim(hw, sta.ok_or(EIO)?, set, &rcu).map(|()| 0))
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
            let (vif, sta) = (vif?, sta.ok_or(EIO)?);
            T::ampdu_action(hw, vif, sta, tid, action)?;
            match action {
                AmpduAction::TxStart { .. } => {
                    Ok(bindings::IEEE80211_AMPDU_TX_START_IMMEDIATE as c_int)
                }
                AmpduAction::TxStopCont
                | AmpduAction::TxStopFlush
                | AmpduAction::TxStopFlushCont => {
                    // SAFETY: The interface is valid, and the address is copied. It may be called
                    // in any context.
                    unsafe {
                        bindings::ieee80211_stop_tx_ba_cb_irqsafe(
                            vif.as_raw(),
                            sta.addr().as_ptr(),
                            tid.into(),
                        )
                    };
                    Ok(0)
                }
                _ => Ok(0),
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
}
