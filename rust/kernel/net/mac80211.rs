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
//! needs RCU takes the latter. Read from `net/mac80211/driver-ops.h` and its callers:
//!
//! | callback | mutex of the wiphy | RCU | may sleep |
//! |---|---|---|---|
//! | [`Operations::tx`] | no | yes | no, softirqs are disabled |
//! | [`Operations::start`], [`Operations::stop`] | yes | no | yes |
//! | [`Operations::new_vif`], [`Operations::add_interface`] | yes | no | yes |
//! | [`Operations::change_interface`], [`Operations::remove_interface`] | yes | no | yes |
//! | [`Operations::config`], [`Operations::configure_filter`] | yes | no | yes |
//! | [`Operations::vif_cfg_changed`], [`Operations::link_info_changed`] | yes | no | yes |
//! | [`Operations::start_ap`], [`Operations::stop_ap`] | yes | no | yes |
//! | [`Operations::new_sta`], [`Operations::sta_state`] | yes | no | yes |
//! | [`Operations::sta_notify`], [`Operations::set_tim`] | no | yes | no |
//! | [`Operations::conf_tx`] | yes | no | yes |
//! | [`Operations::get_tsf`], [`Operations::set_tsf`] | yes | no | yes |
//! | [`Operations::offset_tsf`], [`Operations::reset_tsf`] | yes | no | yes |
//! | [`Operations::tx_last_beacon`], [`Operations::flush`] | yes | no | yes |
//! | [`Operations::sw_scan_start`], [`Operations::sw_scan_complete`] | yes | no | yes |
//! | [`Operations::set_rts_threshold`], [`Operations::set_coverage_class`] | yes | no | yes |
//! | [`Operations::set_antenna`], [`Operations::get_antenna`] | yes | no | yes |
//! | [`Operations::ampdu_action`] | yes | no | yes |
//! | [`Operations::reconfig_complete`] | yes | no | yes |
//!
//! Callbacks with the mutex do not run at the same time as each other, for the same hardware; all
//! others run at any time, also on several CPUs.
//!
//! # Private data
//!
//! The type that implements [`Operations`] is the data of the hardware. Interfaces and stations
//! have data of the types [`Operations::Vif`] and [`Operations::Sta`], in memory that mac80211
//! allocates with them. It is made when mac80211 adds one, and dropped after it has removed it.
//! When hardware is restarted, mac80211 adds them again without having removed them: the callbacks
//! run again, the data stays as it is.
//!
//! # Examples
//!
//! The least that a driver needs; this one can neither transmit nor receive.
//!
//! ```
//! use kernel::{
//!     device::Device,
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
//! fn register(dev: &Device) -> Result<Registration<Radio>> {
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
//! let hw = register(dev.as_ref())?;
//! assert_eq!(hw.wiphy().perm_addr(), [0x02, 0, 0, 0, 0, 1]);
//! assert!(!hw.lock().conf().monitor);
//! drop(hw);
//! # use kernel::c_str;
//! # Ok::<(), Error>(())
//! ```

mod hw;
mod rx;
mod slot;
mod sta;
mod tx;
mod vif;
mod vtable;

pub use self::{
    hw::{Allocated, Conf, Config, Configured, Handle, Hw, HwFlag, Registration},
    rx::RxStatus,
    sta::{Sta, StaNotify, StaState, Station},
    tx::{BeaconFrame, TxFrame, TxRate, TxStatus},
    vif::{BssChange, BssConf, Interface, Vif},
};

use crate::{
    bindings,
    error::VTABLE_DEFAULT_ERROR,
    net::cfg80211::{IfType, Locked},
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
    /// The same, and do not tell mac80211 when it is done.
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

    /// The bit of a station in the TIM is to change. The driver may fetch the next beacon.
    fn set_tim(_hw: &Hw<Self>, _sta: &Sta<Self>, _set: bool, _rcu: &rcu::Guard) -> Result {
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
    /// (`ieee80211_stop_tx_ba_cb_irqsafe()`).
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
}
