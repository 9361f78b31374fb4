// SPDX-License-Identifier: GPL-2.0

//! What becomes of connections, told by mac80211 to the driver and the other way round.

use super::{vif::Vif, Hw, Operations};
use crate::{
    bindings,
    net::{
        cfg80211::{Band, ChanDef, IfType, Locked},
        skb::SkBuff,
    },
    prelude::*,
    sync::rcu,
};
use core::ptr::NonNull;

/// What is about to be transmitted by a station that is about to join or leave a network.
///
/// C: `struct ieee80211_prep_tx_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrepTxInfo {
    /// How long the station stays on the channel, in ms; 0 is until it is told otherwise.
    pub duration: u16,
    /// The subtype of the frame, as in its frame control.
    pub subtype: u16,
    /// Whether what the frame began has succeeded.
    pub success: bool,
}

impl PrepTxInfo {
    pub(super) fn from_raw(raw: &bindings::ieee80211_prep_tx_info) -> Self {
        Self {
            duration: raw.duration,
            subtype: raw.subtype,
            success: raw.success() != 0,
        }
    }
}

/// What has happened.
///
/// C: `struct ieee80211_event`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The signal of the access point is above (`true`) or below the threshold.
    Rssi {
        /// Whether it is above.
        high: bool,
    },
    /// A step of joining or leaving a network.
    Mlme {
        /// Which.
        step: MlmeStep,
        /// How it has ended.
        status: MlmeStatus,
        /// The reason code or status code.
        reason: u16,
    },
    /// A block ack request was received for a TID.
    BarRx {
        /// The TID.
        tid: u8,
    },
    /// The time for a frame of an aggregate is over.
    FrameTimeout {
        /// The TID.
        tid: u8,
    },
}

/// A step of joining or leaving a network.
///
/// C: `enum ieee80211_mlme_event_data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MlmeStep {
    /// Authentication.
    Auth,
    /// Association.
    Assoc,
    /// A deauthentication was received.
    DeauthRx,
    /// A deauthentication was sent.
    DeauthTx,
}

/// How a step has ended.
///
/// C: `enum ieee80211_mlme_event_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MlmeStatus {
    /// As it should.
    Success,
    /// It was refused.
    Denied,
    /// There was no answer.
    Timeout,
}

impl Event {
    pub(super) fn from_raw(raw: &bindings::ieee80211_event) -> Option<Self> {
        // SAFETY: Each member of the union is the one that the type says.
        unsafe {
            Some(match raw.type_ {
                bindings::ieee80211_event_type_RSSI_EVENT => Self::Rssi {
                    high: raw.u.rssi.data == bindings::ieee80211_rssi_event_data_RSSI_EVENT_HIGH,
                },
                bindings::ieee80211_event_type_MLME_EVENT => Self::Mlme {
                    step: match raw.u.mlme.data {
                        bindings::ieee80211_mlme_event_data_AUTH_EVENT => MlmeStep::Auth,
                        bindings::ieee80211_mlme_event_data_ASSOC_EVENT => MlmeStep::Assoc,
                        bindings::ieee80211_mlme_event_data_DEAUTH_RX_EVENT => MlmeStep::DeauthRx,
                        bindings::ieee80211_mlme_event_data_DEAUTH_TX_EVENT => MlmeStep::DeauthTx,
                        _ => return None,
                    },
                    status: match raw.u.mlme.status {
                        bindings::ieee80211_mlme_event_status_MLME_SUCCESS => MlmeStatus::Success,
                        bindings::ieee80211_mlme_event_status_MLME_DENIED => MlmeStatus::Denied,
                        _ => MlmeStatus::Timeout,
                    },
                    reason: raw.u.mlme.reason,
                },
                bindings::ieee80211_event_type_BAR_RX_EVENT => Self::BarRx {
                    tid: raw.u.ba.tid as u8,
                },
                bindings::ieee80211_event_type_BA_FRAME_TIMEOUT => Self::FrameTimeout {
                    tid: raw.u.ba.tid as u8,
                },
                _ => return None,
            })
        }
    }
}

/// The rates that may be used.
///
/// C: `struct cfg80211_bitrate_mask`.
pub struct BitrateMask<'a>(&'a bindings::cfg80211_bitrate_mask);

impl<'a> BitrateMask<'a> {
    pub(super) fn new(raw: &'a bindings::cfg80211_bitrate_mask) -> Self {
        Self(raw)
    }

    /// The legacy rates of a band, a bit for each of its table.
    pub fn legacy(&self, band: Band) -> u32 {
        self.0.control[band.index()].legacy
    }

    /// The MCS of high throughput, a bit for each, of up to 10 × 8.
    pub fn ht(&self, band: Band) -> [u8; 10] {
        self.0.control[band.index()].ht_mcs
    }

    /// The MCS of very high throughput for each number of streams, a bit for each.
    pub fn vht(&self, band: Band) -> [u16; 8] {
        self.0.control[band.index()].vht_mcs
    }
}

/// A switch to another channel.
///
/// C: `struct ieee80211_channel_switch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelSwitch {
    /// The TSF when the switch was announced, in µs.
    pub timestamp: u64,
    /// Whether nothing may be transmitted until then.
    pub block_tx: bool,
    /// The new channel.
    pub chandef: ChanDef,
    /// The number of beacons until then.
    pub count: u8,
}

impl ChannelSwitch {
    /// # Safety
    ///
    /// The channel must be one of the wiphy's.
    pub(super) unsafe fn from_raw(raw: &bindings::ieee80211_channel_switch) -> Option<Self> {
        Some(Self {
            timestamp: raw.timestamp,
            block_tx: raw.block_tx,
            // SAFETY: By the safety requirements.
            chandef: unsafe { ChanDef::read(&raw.chandef) }?,
            count: raw.count,
        })
    }
}

/// Which way the signal went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum CqmRssi {
    /// Below the threshold.
    Low = bindings::nl80211_cqm_rssi_threshold_event_NL80211_CQM_RSSI_THRESHOLD_EVENT_LOW,
    /// Above it.
    High = bindings::nl80211_cqm_rssi_threshold_event_NL80211_CQM_RSSI_THRESHOLD_EVENT_HIGH,
}

impl<T: Operations> Locked<Hw<T>> {
    /// Checks that an interface is a station of this hardware that is associated: only then is the
    /// part of the C structure that the functions below use the one of a station, and is what
    /// they queue cancelled when the interface goes.
    fn associated(&self, vif: &Vif<T>) -> Result {
        if vif.hw().as_raw() != self.as_raw() || vif.iftype() != Some(IfType::Station) {
            return Err(EINVAL);
        }
        // SAFETY: The interface is valid. The field is written with the mutex only, which is held.
        if !unsafe { (*vif.as_raw()).cfg.assoc } {
            return Err(ENOENT);
        }
        Ok(())
    }

    /// Says that the connection of a station is lost; it does not ask the access point.
    ///
    /// Fails with [`EINVAL`] for interfaces that are no stations or of other hardware, and with
    /// [`ENOENT`] without a connection.
    ///
    /// C: `ieee80211_connection_loss()`.
    pub fn connection_loss(&self, vif: &Vif<T>) -> Result {
        self.associated(vif)?;
        // SAFETY: It is a station.
        unsafe { bindings::ieee80211_connection_loss(vif.as_raw()) };
        Ok(())
    }

    /// Says that beacons are missing: mac80211 asks the access point whether it is still there.
    ///
    /// Fails as [`Self::connection_loss`] does.
    ///
    /// C: `ieee80211_beacon_loss()`.
    pub fn beacon_loss(&self, vif: &Vif<T>) -> Result {
        self.associated(vif)?;
        // SAFETY: It is a station.
        unsafe { bindings::ieee80211_beacon_loss(vif.as_raw()) };
        Ok(())
    }

    /// Says that a station is on the channel of [`Operations::channel_switch`], or, without
    /// `success`, that it can't go there: then it is disconnected. Nothing happens if no switch is
    /// announced.
    ///
    /// Fails as [`Self::connection_loss`] does.
    ///
    /// C: `ieee80211_chswitch_done()`.
    pub fn chswitch_done(&self, vif: &Vif<T>, success: bool) -> Result {
        self.associated(vif)?;
        // SAFETY: It is a station. Its first link always exists.
        unsafe { bindings::ieee80211_chswitch_done(vif.as_raw(), success, 0) };
        Ok(())
    }

    /// Says that the signal of the access point, in dBm, has passed the threshold.
    ///
    /// Fails as [`Self::connection_loss`] does.
    ///
    /// C: `ieee80211_cqm_rssi_notify()`.
    pub fn cqm_rssi_notify(&self, vif: &Vif<T>, event: CqmRssi, level: i32) -> Result {
        self.associated(vif)?;
        // SAFETY: It is a station, hence has a network device.
        unsafe {
            bindings::ieee80211_cqm_rssi_notify(
                vif.as_raw(),
                event as u32,
                level,
                bindings::GFP_KERNEL,
            )
        };
        Ok(())
    }

    /// Calls `f` for each interface that is up and known to the driver. It may sleep.
    ///
    /// C: `ieee80211_iterate_active_interfaces_mtx()`.
    pub fn for_each_interface<'a, F: FnMut(&'a Vif<T>)>(&'a self, mut f: F) {
        // SAFETY: The hardware is valid, and the mutex held; `each` calls `f` with interfaces of
        // this hardware, which are valid as long as the mutex is held.
        unsafe {
            bindings::ieee80211_iterate_active_interfaces_mtx(
                self.as_raw(),
                bindings::ieee80211_interface_iteration_flags_IEEE80211_IFACE_ITER_NORMAL,
                Some(super::hw::each::<T, F>),
                (&raw mut f).cast(),
            )
        };
    }
}

impl<T: Operations> Vif<T> {
    /// A frame that asks the access point for frames that it keeps. Only for stations.
    ///
    /// C: `ieee80211_pspoll_get()`.
    pub fn pspoll(&self, _rcu: &rcu::Guard) -> Result<SkBuff> {
        if self.iftype() != Some(IfType::Station) {
            return Err(EINVAL);
        }
        // SAFETY: The interface is valid, and of this hardware.
        let skb = unsafe { bindings::ieee80211_pspoll_get(self.hw().as_raw(), self.as_raw()) };
        // SAFETY: It is a new buffer.
        Ok(unsafe { SkBuff::from_raw(NonNull::new(skb).ok_or(ENOMEM)?) })
    }

    /// A data frame without data for the access point, of QoS if `qos_ok` and the access point has
    /// QoS. Only for stations.
    ///
    /// C: `ieee80211_nullfunc_get()`.
    pub fn nullfunc(&self, qos_ok: bool, _rcu: &rcu::Guard) -> Result<SkBuff> {
        if self.iftype() != Some(IfType::Station) {
            return Err(EINVAL);
        }
        // SAFETY: The interface is valid, and of this hardware.
        let skb = unsafe {
            bindings::ieee80211_nullfunc_get(self.hw().as_raw(), self.as_raw(), -1, qos_ok)
        };
        // SAFETY: It is a new buffer.
        Ok(unsafe { SkBuff::from_raw(NonNull::new(skb).ok_or(ENOMEM)?) })
    }

    /// A probe response, without address of the receiver. `None` if the interface is no access
    /// point, or one without probe responses.
    ///
    /// C: `ieee80211_proberesp_get()`.
    pub fn probe_response(&self, _rcu: &rcu::Guard) -> Option<SkBuff> {
        // SAFETY: The interface is valid, and of this hardware.
        let skb = unsafe { bindings::ieee80211_proberesp_get(self.hw().as_raw(), self.as_raw()) };
        // SAFETY: It is a new buffer.
        Some(unsafe { SkBuff::from_raw(NonNull::new(skb)?) })
    }

    /// Whether the last beacon, as [`Vif::beacon_get`] gave it, has announced a channel switch that
    /// is due now. Then call [`Vif::csa_finish`].
    ///
    /// C: `ieee80211_beacon_cntdwn_is_complete()`.
    pub fn csa_is_due(&self, _rcu: &rcu::Guard) -> bool {
        if !self.csa_is_active() {
            return false;
        }
        // SAFETY: The interface is valid, of a type that has beacons, and has its first link. An
        // access point that stops at this moment may have no beacon any more: C warns about it
        // then, as it does for drivers in C, and returns `false`.
        unsafe { bindings::ieee80211_beacon_cntdwn_is_complete(self.as_raw(), 0) }
    }

    /// Whether its beacons announce a channel switch.
    fn csa_is_active(&self) -> bool {
        // SAFETY: The interface is valid. The field may be written at the same time.
        let active = unsafe { (&raw const (*self.as_raw()).bss_conf.csa_active).read_volatile() };
        active && self.can_beacon()
    }

    /// Says that all beacons before a channel switch were sent. Nothing happens if none is
    /// announced.
    ///
    /// C: `ieee80211_csa_finish()`.
    pub fn csa_finish(&self, _rcu: &rcu::Guard) {
        // The interface of monitors beside others has no part in it: its memory is freed without
        // cancelling what is queued.
        if !self.csa_is_active() {
            return;
        }
        // SAFETY: The interface is valid, and has a network device. What is queued is cancelled by
        // `ieee80211_link_stop()`, before its memory is freed, and after the grace period that
        // `unregister_netdevice()` waits for.
        unsafe { bindings::ieee80211_csa_finish(self.as_raw(), 0) };
    }
}
