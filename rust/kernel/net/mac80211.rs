// SPDX-License-Identifier: GPL-2.0

//! Drivers for wireless hardware whose management is done in software.
//!
//! C header: [`include/net/mac80211.h`](srctree/include/net/mac80211.h)
//!
//! # The life of hardware
//!
//! [`Allocated::new`], [`Allocated::configure`], [`Configured::register`], [`Registration`].
//! Each step takes the one before, so that nothing is registered twice, or configured afterwards.
//! Dropping the [`Registration`] ends it: [`Handle`]s find nothing any more, the interfaces are
//! removed, all callbacks are done, and then the memory is freed.
//!
//! # Contexts
//!
//! A callback gets a `&`[`Locked`]`<`[`Hw`]`>` if the mutex of the wiphy is held, and a `&`[`Hw`]
//! else; a `&`[`rcu::Guard`] if RCU is held. What needs the mutex is a method of the former, what
//! needs RCU takes the latter. The table is read from `net/mac80211/driver-ops.h` and its callers.
//!
//! A callback that has the mutex "sometimes" can be nested in a callback or a call of mac80211 that
//! holds it, in the same thread: what mac80211 transmits there is transmitted before the call
//! returns. Hence a lock of the driver that such a callback takes, like a
//! [`SpinLockBh`](crate::sync::SpinLockBh), must not be held around calls of mac80211 that
//! transmit. Those that do not always have the mutex can have the spinlock
//! `ieee80211_local::rx_path_lock`, when they are called for a frame that was received.
//!
//! | callback | mutex of the wiphy | RCU | may sleep |
//! |---|---|---|---|
//! | [`Operations::tx`] | sometimes | yes | no, softirqs are disabled |
//! | [`Operations::start`], [`Operations::stop`] | yes | no | yes |
//! | [`Operations::new_vif`], [`Operations::add_interface`] | yes | no | yes |
//! | [`Operations::change_interface`], [`Operations::remove_interface`] | yes | no | yes |
//! | [`Operations::config`], [`Operations::configure_filter`] | yes | no | yes |
//! | [`Operations::vif_cfg_changed`], [`Operations::link_info_changed`] | yes | no | yes |
//! | [`Operations::start_ap`], [`Operations::stop_ap`] | yes | no | yes |
//! | [`Operations::new_sta`], [`Operations::sta_state`] | yes | no | yes |
//! | [`Operations::sta_notify`] | sometimes, in meshes | yes | no |
//! | [`Operations::set_tim`] | sometimes | yes | no, `ieee80211_local::tim_lock` is held |
//! | [`Operations::conf_tx`] | yes | no | yes |
//! | [`Operations::get_tsf`], [`Operations::set_tsf`] | yes | no | yes |
//! | [`Operations::offset_tsf`], [`Operations::reset_tsf`] | yes | no | yes |
//! | [`Operations::tx_last_beacon`], [`Operations::flush`] | yes | no | yes |
//! | [`Operations::sw_scan_start`], [`Operations::sw_scan_complete`] | yes | no | yes |
//! | [`Operations::set_rts_threshold`], [`Operations::set_coverage_class`] | yes | no | yes |
//! | [`Operations::set_antenna`], [`Operations::get_antenna`] | yes | no | yes |
//! | [`Operations::ampdu_action`] | yes | no | yes |
//! | [`Operations::reconfig_complete`] | yes | no | yes |
//! | [`Operations::new_chanctx`], [`Operations::add_chanctx`] | yes | no | yes |
//! | [`Operations::remove_chanctx`], [`Operations::change_chanctx`] | yes | no | yes |
//! | [`Operations::assign_vif_chanctx`], [`Operations::unassign_vif_chanctx`] | yes | no | yes |
//! | [`Operations::switch_vif_chanctx`] | yes | no | yes |
//! | [`Operations::hw_scan`], [`Operations::cancel_hw_scan`] | yes | no | yes |
//! | [`Operations::remain_on_channel`] | yes | no | yes |
//! | [`Operations::cancel_remain_on_channel`] | yes | no | yes |
//! | [`Operations::set_key`], [`Operations::remove_key`] | yes | no | yes |
//! | [`Operations::set_default_unicast_key`] | yes | no | yes |
//! | [`Operations::get_key_seq`] | yes | yes | no |
//! | [`Operations::sta_pre_rcu_remove`], [`Operations::sta_statistics`] | yes | no | yes |
//! | [`Operations::sta_set_txpwr`], [`Operations::sta_set_4addr`] | yes | no | yes |
//! | [`Operations::flush_sta`] | yes | no | yes |
//! | [`Operations::link_sta_rc_update`] | sometimes | yes | no |
//! | [`Operations::get_expected_throughput`] | yes | yes | no |
//! | [`Operations::release_buffered_frames`] | no | yes | no |
//! | [`Operations::allow_buffered_frames`] | no | yes | no |
//! | [`Operations::wake_tx_queue`] | sometimes | yes | no |
//! | [`Operations::mgd_prepare_tx`], [`Operations::mgd_complete_tx`] | yes | no | yes |
//! | [`Operations::set_bitrate_mask`], [`Operations::get_txpower`] | yes | no | yes |
//! | [`Operations::join_ibss`], [`Operations::leave_ibss`] | yes | no | yes |
//! | [`Operations::pre_channel_switch`], [`Operations::post_channel_switch`] | yes | no | yes |
//! | [`Operations::channel_switch`], [`Operations::abort_channel_switch`] | yes | no | yes |
//! | [`Operations::channel_switch_beacon`] | yes | no | yes |
//! | [`Operations::channel_switch_rx_beacon`] | yes | no | yes |
//! | [`Operations::event_callback`] | sometimes | yes | no |
//! | [`Operations::get_survey`], [`Operations::get_stats`] | yes | no | yes |
//! | [`Operations::get_ringparam`], [`Operations::set_ringparam`] | yes | no | yes |
//! | [`Operations::tx_frames_pending`], [`Operations::sync_rx_queues`] | yes | no | yes |
//! | [`Operations::set_frag_threshold`] | yes | no | yes |
//! | [`Operations::config_iface_filter`] | yes | no | yes |
//! | [`Operations::update_vif_offload`], [`Operations::rfkill_poll`] | yes | no | yes |
//!
//! Callbacks that always have the mutex do not run at the same time as each other, for the same
//! hardware; all others run at any time, also on several CPUs.
//!
//! What a driver does on its own with the mutex is work of [`Operations::WORKS`].
//!
//! # Private data
//!
//! The type that implements [`Operations`] is the data of the hardware. Interfaces, stations and
//! channel contexts have data of the types [`Operations::Vif`], [`Operations::Sta`] and
//! [`Operations::ChanCtx`], in memory that mac80211 allocates with them. It is made when mac80211
//! adds one, and dropped after it has removed it.
//! When hardware is restarted, mac80211 adds them again without having removed them: the callbacks
//! run again, the data stays as it is. If that fails, because [`Operations::start`] or
//! [`Operations::add_interface`] does, mac80211 forgets what it has not added again. The data is
//! dropped then, and there is no callback for it any more.
//!
//! # Reception
//!
//! | function | context | [`Operations::RX_DIRECT`] |
//! |---|---|---|
//! | [`Hw::rx_irqsafe`], [`TxStatus::report_irqsafe`] | any | no |
//! | [`Hw::rx_ni`], [`TxStatus::report_ni`] | threads, with softirqs enabled | yes |
//! | [`Hw::rx_napi`], [`Hw::rx_list`], [`TxStatus::report_napi`] | [`napi::Poll`] | yes |
//!
//! [`napi::Poll`]: crate::net::napi::Poll
//!
//! mac80211 wants frames and status of one hardware one after the other. The tasklet does that for
//! the first, and a lock of the hardware for the others. A driver must not call the latter with a
//! lock held that one of its callbacks takes.
//!
//! # Examples
//!
//! The least that a driver needs; this one can neither transmit nor receive.
//!
//! ```
//! use kernel::{
//!     device::{Bound, Device},
//!     net::{
//!         cfg80211::{Band, BandConfig, Bitrate, Channel, IfType, IfTypes, Locked},
//!         mac80211::{
//!             Allocated, ConfChange, Config, Filter, Hw, Interface, Operations, Registration,
//!             Station, TxFrame,
//!         },
//!     },
//!     sync::rcu,
//! };
//!
//! struct Radio;
//!
//! #[vtable]
//! impl Operations for Radio {
//!     type Vif = ();
//!     type Sta = ();
//!     type ChanCtx = ();
//!
//!     fn tx(_hw: &Hw<Self>, frame: TxFrame<'_, Self>, _rcu: &rcu::Guard) {
//!         // Not acknowledged.
//!         frame.into_status().first_rate(1).report_irqsafe();
//!     }
//!
//!     fn start(_hw: &Locked<Hw<Self>>) -> Result {
//!         Ok(())
//!     }
//!
//!     fn stop(_hw: &Locked<Hw<Self>>, _suspend: bool) {}
//!
//!     fn new_vif(_hw: &Locked<Hw<Self>>, _vif: &Interface) -> Result {
//!         Ok(())
//!     }
//!
//!     fn config(hw: &Locked<Hw<Self>>, _changed: ConfChange) -> Result {
//!         if let Some(chandef) = hw.conf().chandef {
//!             pr_debug!("tuned to {} MHz\n", chandef.center_freq);
//!         }
//!         Ok(())
//!     }
//!
//!     fn configure_filter(_hw: &Locked<Hw<Self>>, _wanted: Filter) -> Filter {
//!         Filter::NONE
//!     }
//!
//!     fn new_sta(
//!         _hw: &Locked<Hw<Self>>,
//!         _vif: &kernel::net::mac80211::Vif<Self>,
//!         _sta: &Station,
//!     ) -> Result {
//!         Ok(())
//!     }
//! }
//!
//! fn register(dev: &Device<Bound>) -> Result<Registration<Radio>> {
//!     let band = BandConfig {
//!         band: Band::Band2Ghz,
//!         channels: &[Channel::new(2412), Channel::new(2437), Channel::new(2462)],
//!         bitrates: &[
//!             Bitrate::new(10),
//!             Bitrate::with_short_preamble(20),
//!             Bitrate::with_short_preamble(55),
//!             Bitrate::with_short_preamble(110),
//!         ],
//!         ht: None,
//!         vht: None,
//!         he: &[],
//!     };
//!     Allocated::new(dev, Radio)?
//!         .configure(&Config {
//!             addresses: &[[0x02, 0, 0, 0, 0, 1]],
//!             bands: &[band],
//!             interface_modes: IfTypes::EMPTY.with(IfType::Station),
//!             ..Config::DEFAULT
//!         })?
//!         .register()
//! }
//!
//! let dev = kernel::faux::Registration::new(c_str!("rust_doctest_mac80211"), None)?;
//! let hw = register(dev.bound())?;
//! assert_eq!(hw.wiphy().perm_addr(), [0x02, 0, 0, 0, 0, 1]);
//! assert!(!hw.lock().conf().monitor);
//! drop(hw);
//! # use kernel::c_str;
//! # Ok::<(), Error>(())
//! ```

mod chanctx;
#[cfg(CONFIG_KUNIT = "y")]
mod data_tests;
mod event;
mod hw;
mod key;
mod rx;
mod scan;
mod slot;
mod sta;
mod stats;
mod tx;
mod txq;
mod unload;
mod vif;
mod vtable;
mod work;

pub use self::{
    chanctx::{ChanCtx, ChanCtxChange, ChanCtxSwitch, ChanCtxSwitches, ChannelContext},
    event::{BitrateMask, ChannelSwitch, CqmRssi, Event, MlmeStatus, MlmeStep, PrepTxInfo},
    hw::{Allocated, Conf, Config, Configured, Handle, Hw, HwFlag, Registration},
    key::{Key, KeyFlags, KeyPlace, KeySeq},
    rx::{EhtRu, HeRu, RxAmpdu, RxBandwidth, RxFlags, RxList, RxRate, RxStatus},
    scan::{RocType, ScanRequest, ScanStart},
    sta::{RateChange, ReleaseReason, Sta, StaNotify, StaState, Station},
    stats::{LowLevelStats, RingParams, StationInfo, Survey},
    tx::{BeaconFrame, Pending, TxFrame, TxRate, TxStatus},
    txq::{ActiveTxq, Txq},
    vif::{BeaconOffsets, BssChange, BssConf, Interface, Vif},
};

use crate::{
    bindings,
    error::VTABLE_DEFAULT_ERROR,
    net::cfg80211::{ChanDef, ChannelInfo, IfType, Locked},
    prelude::*,
    sync::rcu,
};

/// What has changed in [`Locked<Hw>::conf`].
///
/// C: `enum ieee80211_conf_changed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfChange(u32);

impl ConfChange {
    /// The channel.
    pub const CHANNEL: Self = Self(bindings::ieee80211_conf_changed_IEEE80211_CONF_CHANGE_CHANNEL);
    /// Whether the hardware is idle.
    pub const IDLE: Self = Self(bindings::ieee80211_conf_changed_IEEE80211_CONF_CHANGE_IDLE);
    /// Whether power may be saved.
    pub const PS: Self = Self(bindings::ieee80211_conf_changed_IEEE80211_CONF_CHANGE_PS);
    /// The power.
    pub const POWER: Self = Self(bindings::ieee80211_conf_changed_IEEE80211_CONF_CHANGE_POWER);
    /// Whether there is a monitor interface.
    pub const MONITOR: Self = Self(bindings::ieee80211_conf_changed_IEEE80211_CONF_CHANGE_MONITOR);

    /// Whether any of `other` has changed.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Frames that the hardware lets through although they are not for it.
///
/// C: `enum ieee80211_filter_flags`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter(u32);

impl Filter {
    /// None.
    pub const NONE: Self = Self(0);
    /// All multicast frames.
    pub const ALLMULTI: Self = Self(bindings::ieee80211_filter_flags_FIF_ALLMULTI);
    /// Beacons and probe responses of other networks, for a scan.
    pub const BCN_PRBRESP_PROMISC: Self =
        Self(bindings::ieee80211_filter_flags_FIF_BCN_PRBRESP_PROMISC);
    /// Control frames for the hardware.
    pub const CONTROL: Self = Self(bindings::ieee80211_filter_flags_FIF_CONTROL);
    /// Frames of other networks.
    pub const OTHER_BSS: Self = Self(bindings::ieee80211_filter_flags_FIF_OTHER_BSS);
    /// PS-Poll frames.
    pub const PSPOLL: Self = Self(bindings::ieee80211_filter_flags_FIF_PSPOLL);
    /// Probe requests.
    pub const PROBE_REQ: Self = Self(bindings::ieee80211_filter_flags_FIF_PROBE_REQ);
    /// Multicast action frames.
    pub const MCAST_ACTION: Self = Self(bindings::ieee80211_filter_flags_FIF_MCAST_ACTION);

    /// These and `other`.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether any of `other` is among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// An access category.
///
/// C: `enum ieee80211_ac_numbers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ac {
    /// Voice.
    Vo,
    /// Video.
    Vi,
    /// Best effort.
    Be,
    /// Background.
    Bk,
}

impl Ac {
    /// C: `enum ieee80211_ac_numbers`.
    pub(crate) const fn as_raw(self) -> u8 {
        let ac = match self {
            Self::Vo => bindings::ieee80211_ac_numbers_IEEE80211_AC_VO,
            Self::Vi => bindings::ieee80211_ac_numbers_IEEE80211_AC_VI,
            Self::Be => bindings::ieee80211_ac_numbers_IEEE80211_AC_BE,
            Self::Bk => bindings::ieee80211_ac_numbers_IEEE80211_AC_BK,
        };
        ac as u8
    }
}

/// How a queue contends for the medium.
///
/// C: `struct ieee80211_tx_queue_params`.
#[derive(Clone, Copy, Debug)]
pub struct QueueParams {
    /// In units of 32 µs; 0 is a single frame.
    pub txop: u16,
    /// The least contention window.
    pub cw_min: u16,
    /// The greatest contention window.
    pub cw_max: u16,
    /// Arbitration interframe space.
    pub aifs: u8,
}

/// What to do with an aggregation session.
///
/// C: `struct ieee80211_ampdu_params`.
#[derive(Clone, Copy, Debug)]
pub enum AmpduAction {
    /// Begin to receive aggregates, from the sequence number `ssn`.
    RxStart {
        /// The first sequence number.
        ssn: u16,
        /// The size of the reordering buffer.
        buf_size: u16,
    },
    /// Stop receiving aggregates.
    RxStop,
    /// Prepare to send aggregates.
    TxStart {
        /// The first sequence number.
        ssn: u16,
    },
    /// Send aggregates of up to `buf_size` frames.
    TxOperational {
        /// The size of the receiver's buffer.
        buf_size: u16,
    },
    /// Stop sending aggregates; send what was aggregated already.
    TxStopCont,
    /// Stop sending aggregates; drop what was aggregated already.
    TxStopFlush,
    /// The same, for a station that is about to go.
    TxStopFlushCont,
}

/// The way the hardware was set up anew.
///
/// C: `enum ieee80211_reconfig_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReconfigType {
    /// After [`Hw::restart`].
    Restart,
    /// After the machine has slept.
    Suspend,
}

/// The callbacks of a driver.
///
/// The implementing type is the data of the hardware, [`Hw::data`]. See the
/// [module](self#contexts) for the context of each.
///
/// C: `struct ieee80211_ops`.
#[vtable]
pub trait Operations: Sized + Send + Sync + 'static {
    /// The data of an interface, [`Vif::data`].
    type Vif: Send + Sync + 'static;

    /// The data of a station, [`Sta::data`].
    type Sta: Send + Sync + 'static;

    /// The data of a channel context, [`ChanCtx::data`]; `()` for drivers without them.
    type ChanCtx: Send + Sync + 'static;

    /// Functions for [`Hw::queue_work`]. They are called with the mutex of the wiphy, like the
    /// callbacks that are, and may sleep.
    const WORKS: &'static [fn(&Locked<Hw<Self>>)] = &[];

    /// Whether frames are received, and their status is reported, without the tasklet of mac80211.
    ///
    /// mac80211 does not want both in one driver; see the [module](self#reception) for the
    /// functions of each. Without the tasklet, the status of a frame can't be reported in
    /// [`Operations::tx`]: see [`TxFrame::into_pending`].
    const RX_DIRECT: bool = false;

    /// Transmit a frame.
    fn tx(hw: &Hw<Self>, frame: TxFrame<'_, Self>, rcu: &rcu::Guard);

    /// Start the hardware: from now on it is configured, and receives.
    ///
    /// After [`Hw::restart`] this is called without [`Operations::stop`].
    fn start(hw: &Locked<Hw<Self>>) -> Result;

    /// Stop the hardware. Frames must not be received any more.
    fn stop(hw: &Locked<Hw<Self>>, suspend: bool);

    /// Make the data of an interface that is about to be added.
    fn new_vif(hw: &Locked<Hw<Self>>, vif: &Interface) -> Result<Self::Vif>;

    /// An interface is added; after [`Hw::restart`], added again.
    fn add_interface(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) -> Result {
        Ok(())
    }

    /// The type of an interface changes to `new_type`. Without this, it can't be changed while it
    /// is up.
    fn change_interface(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _new_type: IfType,
        _p2p: bool,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// An interface is removed.
    fn remove_interface(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) {}

    /// What [`Locked<Hw>::conf`] tells has changed.
    fn config(hw: &Locked<Hw<Self>>, changed: ConfChange) -> Result;

    /// Let frames through that are not for the hardware. Returns those of `wanted` that it can
    /// let through.
    fn configure_filter(hw: &Locked<Hw<Self>>, wanted: Filter) -> Filter;

    /// An interface has changed, other than its network.
    fn vif_cfg_changed(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _changed: BssChange) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The network of an interface has changed.
    fn link_info_changed(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _conf: &BssConf,
        _changed: BssChange,
    ) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// An access point starts, before its beacons do.
    fn start_ap(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _conf: &BssConf) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// An access point stops.
    fn stop_ap(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _conf: &BssConf) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Make the data of a station that is about to be added.
    fn new_sta(hw: &Locked<Hw<Self>>, vif: &Vif<Self>, sta: &Station) -> Result<Self::Sta>;

    /// A station goes from one state to the next, or back. An error is taken on the way up only.
    fn sta_state(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _sta: &Sta<Self>,
        _old: StaState,
        _new: StaState,
    ) -> Result {
        Ok(())
    }

    /// A station of an access point goes to sleep, or wakes up.
    fn sta_notify(
        _hw: &Hw<Self>,
        _vif: &Vif<Self>,
        _sta: &Sta<Self>,
        _cmd: StaNotify,
        _rcu: &rcu::Guard,
    ) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The bit of a station in the TIM is to change. The driver may fetch the next beacon. A
    /// spinlock of mac80211 is held, `ieee80211_local::tim_lock`: the station and its data come
    /// without the methods of [`Sta`], some of which take it.
    fn set_tim(
        _hw: &Hw<Self>,
        _sta: &Station,
        _data: &Self::Sta,
        _set: bool,
        _rcu: &rcu::Guard,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The parameters of a queue.
    fn conf_tx(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _ac: Ac, _params: &QueueParams) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The TSF of an interface, in µs.
    fn get_tsf(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) -> u64 {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Set the TSF of an interface, in µs.
    fn set_tsf(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _tsf: u64) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Add to the TSF of an interface, in µs.
    fn offset_tsf(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _offset: i64) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Set the TSF of an interface to 0.
    fn reset_tsf(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Whether the last beacon of the independent network was sent by this hardware.
    fn tx_last_beacon(_hw: &Locked<Hw<Self>>) -> bool {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Wait until the frames of the queues in `queues` are transmitted, or drop them.
    fn flush(_hw: &Locked<Hw<Self>>, _vif: Option<&Vif<Self>>, _queues: u32, _drop: bool) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// A scan in software begins; `mac` is the address it is made with.
    fn sw_scan_start(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _mac: [u8; 6]) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// A scan in software is over.
    fn sw_scan_complete(_hw: &Locked<Hw<Self>>, _vif: Option<&Vif<Self>>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Frames from `value` octets are to be announced; `None` is never.
    fn set_rts_threshold(_hw: &Locked<Hw<Self>>, _value: Option<u32>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The distance that frames travel, in units of 450 m; -1 is to be found out.
    fn set_coverage_class(_hw: &Locked<Hw<Self>>, _coverage_class: i16) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Set the antennas to transmit and to receive with, a bit for each.
    fn set_antenna(_hw: &Locked<Hw<Self>>, _tx: u32, _rx: u32) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The antennas to transmit and to receive with, a bit for each.
    fn get_antenna(_hw: &Locked<Hw<Self>>) -> Result<(u32, u32)> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Do something with the aggregation session of a station and a TID. With success, it is done:
    /// a session starts at once (`IEEE80211_AMPDU_TX_START_IMMEDIATE`), or is stopped
    /// (`ieee80211_stop_tx_ba_cb_irqsafe()`). A session is stopped also after an error.
    ///
    /// Hardware of drivers that have this aggregates (`IEEE80211_HW_AMPDU_AGGREGATION`).
    fn ampdu_action(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _sta: &Sta<Self>,
        _tid: u8,
        _action: AmpduAction,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The hardware is set up anew.
    fn reconfig_complete(_hw: &Locked<Hw<Self>>, _reconfig_type: ReconfigType) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Make the data of a channel context that is about to be added.
    ///
    /// A driver with channel contexts has all callbacks for them. mac80211 emulates them for the
    /// others, with one channel that [`Locked<Hw>::conf`] tells.
    fn new_chanctx(_hw: &Locked<Hw<Self>>, _ctx: &ChannelContext) -> Result<Self::ChanCtx> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// A channel context is added; after [`Hw::restart`], added again.
    fn add_chanctx(_hw: &Locked<Hw<Self>>, _ctx: &ChanCtx<Self>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// A channel context is removed. No interface uses it.
    fn remove_chanctx(_hw: &Locked<Hw<Self>>, _ctx: &ChanCtx<Self>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// A channel context has changed.
    fn change_chanctx(_hw: &Locked<Hw<Self>>, _ctx: &ChanCtx<Self>, _changed: ChanCtxChange) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// An interface begins to use a channel context.
    fn assign_vif_chanctx(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _conf: &BssConf,
        _ctx: &ChanCtx<Self>,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// An interface does not use a channel context any more.
    fn unassign_vif_chanctx(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _conf: &BssConf,
        _ctx: &ChanCtx<Self>,
    ) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Interfaces go from one channel context to another, all or none of them.
    ///
    /// With `swap` the new contexts are added by this, and the old ones are removed:
    /// [`Operations::add_chanctx`] and [`Operations::remove_chanctx`] are not called.
    fn switch_vif_chanctx(
        _hw: &Locked<Hw<Self>>,
        _switches: &ChanCtxSwitches<'_, Self>,
        _swap: bool,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Scan. The driver calls [`Hw::scan_completed`] when the scan is over.
    fn hw_scan(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _req: &ScanRequest<'_>,
    ) -> Result<ScanStart> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Give a scan up. For mac80211 it is over when this returns: the hardware must not go on, and
    /// what it says about this scan later must not be taken for the end of the next one.
    fn cancel_hw_scan(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Go to a channel, call [`Hw::ready_on_channel`] there, and
    /// [`Hw::remain_on_channel_expired`] after `duration` ms.
    fn remain_on_channel(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _channel: &ChannelInfo,
        _duration: u32,
        _roc_type: RocType,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Go back. [`Hw::remain_on_channel_expired`] need not be called.
    fn cancel_remain_on_channel(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Encrypt with a key, of a station or of all.
    ///
    /// With [`KeyPlace::Software`] mac80211 encrypts, as it does after an error, which it logs.
    fn set_key(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _sta: Option<&Sta<Self>>,
        _key: &Key,
    ) -> Result<KeyPlace> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Forget a key that the hardware has. It is not used any more.
    fn remove_key(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _sta: Option<&Sta<Self>>, _key: &Key) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Which of the WEP keys is the one to transmit with.
    fn set_default_unicast_key(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _index: Option<u8>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The number of the last frame that was encrypted with a key of the hardware.
    fn get_key_seq(_hw: &Hw<Self>, _key: &Key, _rcu: &rcu::Guard) -> KeySeq {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// A station is about to be removed: it can't be found by its address any more, but RCU
    /// readers may still have it.
    fn sta_pre_rcu_remove(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _sta: &Sta<Self>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// What a station can receive has changed.
    fn link_sta_rc_update(
        _hw: &Hw<Self>,
        _vif: &Vif<Self>,
        _sta: &Sta<Self>,
        _changed: RateChange,
        _rcu: &rcu::Guard,
    ) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Add what the hardware knows of a station.
    fn sta_statistics(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _sta: &Sta<Self>,
        _info: &mut StationInfo<'_>,
    ) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The power for a station, [`Station::txpower`], has changed.
    fn sta_set_txpwr(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _sta: &Sta<Self>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Whether frames of a station have four addresses.
    fn sta_set_4addr(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _sta: &Sta<Self>, _enabled: bool) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The throughput that is to be expected to a station, in kbit/s.
    fn get_expected_throughput(_hw: &Hw<Self>, _sta: &Sta<Self>, _rcu: &rcu::Guard) -> u32 {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Drop the frames to a station that is about to be removed.
    fn flush_sta(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _sta: &Sta<Self>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Send up to `number` frames of the TIDs `tids`, a bit for each, that the driver keeps for a
    /// station that sleeps.
    fn release_buffered_frames(
        _hw: &Hw<Self>,
        _sta: &Sta<Self>,
        _tids: u16,
        _number: usize,
        _reason: ReleaseReason,
        _more_data: bool,
        _rcu: &rcu::Guard,
    ) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Let `number` frames of the TIDs `tids` through, that mac80211 is about to send to a station
    /// that sleeps.
    fn allow_buffered_frames(
        _hw: &Hw<Self>,
        _sta: &Sta<Self>,
        _tids: u16,
        _number: usize,
        _reason: ReleaseReason,
        _more_data: bool,
        _rcu: &rcu::Guard,
    ) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// There are frames in a queue. The driver pulls them with [`Hw::schedule_txqs`], now or later.
    ///
    /// Without this mac80211 pulls them at once, and calls [`Operations::tx`] for each. Frames that
    /// are in no queue come to [`Operations::tx`] in any case.
    fn wake_tx_queue(_hw: &Hw<Self>, _txq: &Txq<Self>, _rcu: &rcu::Guard) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// A station is about to transmit a frame to join or leave a network; the channel should be
    /// kept until the answer has come.
    fn mgd_prepare_tx(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _info: &PrepTxInfo) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The answer has come, or is not expected any more.
    fn mgd_complete_tx(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _info: &PrepTxInfo) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Something has happened to an interface.
    fn event_callback(_hw: &Hw<Self>, _vif: &Vif<Self>, _event: &Event, _rcu: &rcu::Guard) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Transmit with some rates only.
    fn set_bitrate_mask(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _mask: &BitrateMask<'_>,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The power that an interface transmits with, in dBm.
    fn get_txpower(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) -> Result<i32> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// An interface joins an independent network.
    fn join_ibss(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// An interface leaves an independent network.
    fn leave_ibss(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Switch to another channel with the access point, at the time that it has announced.
    fn channel_switch(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _switch: &ChannelSwitch) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Prepare for a switch to another channel, or refuse it.
    fn pre_channel_switch(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _switch: &ChannelSwitch,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The interface is on the other channel.
    fn post_channel_switch(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _conf: &BssConf) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// There will be no switch after all.
    fn abort_channel_switch(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _conf: &BssConf) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The next beacons announce a switch to `chandef`.
    fn channel_switch_beacon(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _chandef: &ChanDef) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The access point has announced a switch again, perhaps with another count.
    fn channel_switch_rx_beacon(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _switch: &ChannelSwitch) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// What is known of the channel number `index`; `None` if there are not so many.
    fn get_survey(_hw: &Locked<Hw<Self>>, _index: usize) -> Result<Option<Survey>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Counters.
    fn get_stats(_hw: &Locked<Hw<Self>>) -> Result<LowLevelStats> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The sizes of the rings.
    fn get_ringparam(_hw: &Locked<Hw<Self>>) -> RingParams {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Change the sizes of the rings.
    fn set_ringparam(_hw: &Locked<Hw<Self>>, _tx: u32, _rx: u32) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Whether there are frames that were not transmitted yet.
    fn tx_frames_pending(_hw: &Locked<Hw<Self>>) -> bool {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Frames from `value` octets are to be sent in fragments; `None` is never.
    fn set_frag_threshold(_hw: &Locked<Hw<Self>>, _value: Option<u32>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Hand over what was received until now.
    fn sync_rx_queues(_hw: &Locked<Hw<Self>>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Let frames through to an interface, as [`Operations::configure_filter`] does for all.
    fn config_iface_filter(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _wanted: Filter,
        _changed: Filter,
    ) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Look whether a switch turns the radio off, and call [`Hw::set_rfkill`]. It is called every
    /// now and then as long as the hardware is registered, also when it is not started.
    ///
    /// C: `wiphy_rfkill_start_polling()`, `wiphy_rfkill_stop_polling()`.
    fn rfkill_poll(_hw: &Locked<Hw<Self>>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// An interface may or may not have the hardware encapsulate frames any more.
    fn update_vif_offload(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}
