// SPDX-License-Identifier: GPL-2.0

//! One radio.

use crate::{bands, medium::Medium};
use kernel::{
    faux,
    net::{
        cfg80211::{ExtFeature, IfCombination, IfLimit, IfType, Locked},
        mac80211::{
            Ac, Allocated, AmpduAction, BssChange, BssConf, Conf, ConfChange, Config, Filter,
            Handle, Hw, HwFlag, Interface, Operations, QueueParams, Registration, Sta, Station,
            TxFrame, Vif,
        },
    },
    prelude::*,
    str::CString,
    sync::{
        atomic::{Atomic, Relaxed},
        new_mutex, rcu, Arc, ArcBorrow, Mutex,
    },
    time::{
        hrtimer::{
            ArcHrTimerHandle, HrTimer, HrTimerCallback, HrTimerCallbackContext, HrTimerPointer,
            HrTimerRestart, RelativeSoftMode,
        },
        Delta, Monotonic,
    },
};

/// A time unit in µs.
const TU: u64 = 1024;

/// The data of a radio.
#[pin_data]
pub(crate) struct Radio {
    medium: Arc<Medium>,
    /// The channel in MHz, or 0 if the radio does not receive.
    tuned: Atomic<u32>,
    /// What the TSF has more than the time of the medium, in µs.
    tsf_offset: Atomic<i64>,
    /// The timer of the beacons, if there are any. Dropping it waits for the timer.
    #[pin]
    beacons: Mutex<Option<ArcHrTimerHandle<Beacons>>>,
}

/// The data of an interface.
pub(crate) struct VifData {
    /// Not 0 if it sends beacons.
    beacons: Atomic<i32>,
}

impl Radio {
    fn new(medium: Arc<Medium>) -> impl PinInit<Self> {
        pin_init!(Self {
            medium,
            tuned: Atomic::new(0),
            tsf_offset: Atomic::new(0),
            beacons <- new_mutex!(None),
        })
    }

    /// The channel in MHz, if the radio is in use.
    fn channel(&self) -> Option<u16> {
        u16::try_from(self.tuned.load(Relaxed))
            .ok()
            .filter(|&freq| freq != 0)
    }

    /// Whether it receives what is sent on a channel.
    pub(crate) fn hears(&self, freq: u16) -> bool {
        self.channel() == Some(freq)
    }

    pub(crate) fn tsf_offset(&self) -> i64 {
        self.tsf_offset.load(Relaxed)
    }

    /// Whether one of the interfaces has this address.
    pub(crate) fn has_address(hw: &Hw<Self>, addr: &[u8], rcu: &rcu::Guard) -> bool {
        let mut has = false;
        hw.for_each_active_interface(rcu, |vif| has |= vif.addr() == addr);
        has
    }

    fn tune(&self, conf: &Conf) {
        let freq = conf
            .chandef
            .filter(|_| !conf.idle)
            .map_or(0, |chandef| chandef.center_freq);
        self.tuned.store(freq.into(), Relaxed);
    }

    /// Starts or stops the timer, as the interfaces need it.
    fn update_beacons(hw: &Locked<Hw<Self>>, beacon_int: u16) -> Result {
        let mut needed = false;
        hw.for_each_active_interface(&rcu::read_lock(), |vif| {
            needed |= vif.data().beacons.load(Relaxed) != 0
        });
        let radio = hw.data();
        let mut timer = radio.beacons.lock();
        if !needed {
            drop(timer.take());
        } else if timer.is_none() && beacon_int != 0 {
            let interval = u64::from(beacon_int) * TU;
            let beacons = Arc::pin_init(Beacons::new(hw.handle(), interval), GFP_KERNEL)?;
            let now = radio.medium.time().wrapping_add_signed(radio.tsf_offset());
            let until = interval - now % interval;
            *timer = Some(beacons.start(Delta::from_micros(until as i64)));
        }
        Ok(())
    }
}

/// The timer that sends the beacons of all interfaces of a radio.
#[pin_data]
struct Beacons {
    #[pin]
    timer: HrTimer<Self>,
    hw: Handle<Radio>,
    /// From one beacon to the next.
    interval: Delta,
}

impl Beacons {
    fn new(hw: Handle<Radio>, interval: u64) -> impl PinInit<Self> {
        pin_init!(Self {
            timer <- HrTimer::new(),
            hw,
            interval: Delta::from_micros(interval as i64),
        })
    }

    fn send(hw: &Hw<Radio>, vif: &Vif<Radio>, rcu: &rcu::Guard) {
        let radio = hw.data();
        let Some(freq) = radio.channel() else { return };
        if vif.data().beacons.load(Relaxed) == 0 {
            return;
        }
        let mut next = vif.beacon_get(rcu);
        while let Some(frame) = next {
            let copy = || frame.copy_for_rx(GFP_ATOMIC);
            radio
                .medium
                .transmit(hw, freq, &frame, frame.rates(), copy, rcu);
            // What was kept for sleeping stations.
            next = vif.buffered_bc(rcu);
        }
    }
}

impl HrTimerCallback for Beacons {
    type Pointer<'a> = Arc<Self>;

    fn run(this: ArcBorrow<'_, Self>, mut ctx: HrTimerCallbackContext<'_, Self>) -> HrTimerRestart {
        let rcu = rcu::read_lock();
        if let Some(hw) = this.hw.get(&rcu) {
            hw.for_each_active_interface(&rcu, |vif| Self::send(hw, vif, &rcu));
        }
        ctx.forward_now(this.interval);
        HrTimerRestart::Restart
    }
}

kernel::impl_has_hr_timer! {
    impl HasHrTimer<Self> for Beacons {
        mode: RelativeSoftMode<Monotonic>, field: self.timer
    }
}

#[vtable]
impl Operations for Radio {
    type Vif = VifData;
    type Sta = ();

    fn tx(hw: &Hw<Self>, mut frame: TxFrame<'_, Self>, rcu: &rcu::Guard) {
        let radio = hw.data();
        // Without a channel it is dropped.
        let Some(freq) = radio.channel() else { return };
        frame.orphan();
        let copy = || frame.copy_for_rx(GFP_ATOMIC);
        let acked = radio
            .medium
            .transmit(hw, freq, &frame, frame.rates(), copy, rcu)
            && !frame.no_ack();
        let is_ampdu = frame.is_ampdu();
        // It was received at the first rate, at the first try.
        let mut status = frame.into_status().first_rate(1);
        if acked {
            status = status.acked();
        }
        if is_ampdu {
            // An aggregate of its own.
            status = status.ampdu(1, acked.into());
        }
        status.report_irqsafe();
    }

    fn start(hw: &Locked<Hw<Self>>) -> Result {
        hw.data().tune(&hw.conf());
        Ok(())
    }

    fn stop(hw: &Locked<Hw<Self>>, _suspend: bool) {
        let radio = hw.data();
        radio.tuned.store(0, Relaxed);
        let timer = radio.beacons.lock().take();
        drop(timer);
    }

    fn new_vif(_hw: &Locked<Hw<Self>>, _vif: &Interface) -> Result<VifData> {
        Ok(VifData {
            beacons: Atomic::new(0),
        })
    }

    fn change_interface(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _new_type: IfType,
        _p2p: bool,
    ) -> Result {
        Ok(())
    }

    fn config(hw: &Locked<Hw<Self>>, _changed: ConfChange) -> Result {
        hw.data().tune(&hw.conf());
        Ok(())
    }

    fn configure_filter(_hw: &Locked<Hw<Self>>, wanted: Filter) -> Filter {
        wanted.intersection(Filter::ALLMULTI.union(Filter::MCAST_ACTION))
    }

    fn vif_cfg_changed(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _changed: BssChange) {}

    fn link_info_changed(
        hw: &Locked<Hw<Self>>,
        vif: &Vif<Self>,
        conf: &BssConf,
        changed: BssChange,
    ) {
        if !changed.contains(BssChange::BEACON_ENABLED) {
            return;
        }
        vif.data()
            .beacons
            .store(conf.enable_beacon().into(), Relaxed);
        if Self::update_beacons(hw, conf.beacon_int()).is_err() {
            pr_err!("no memory for beacons\n");
        }
    }

    fn new_sta(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _sta: &Station) -> Result {
        Ok(())
    }

    fn set_tim(_hw: &Hw<Self>, _sta: &Sta<Self>, _set: bool, _rcu: &rcu::Guard) -> Result {
        // The next beacon is fetched with the bit.
        Ok(())
    }

    fn conf_tx(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _ac: Ac, _params: &QueueParams) -> Result {
        Ok(())
    }

    fn get_tsf(hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) -> u64 {
        let radio = hw.data();
        radio.medium.time().wrapping_add_signed(radio.tsf_offset())
    }

    fn set_tsf(hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, tsf: u64) {
        let radio = hw.data();
        let offset = tsf.wrapping_sub(radio.medium.time()) as i64;
        radio.tsf_offset.store(offset, Relaxed);
    }

    fn flush(_hw: &Locked<Hw<Self>>, _vif: Option<&Vif<Self>>, _queues: u32, _drop: bool) {
        // Nothing waits.
    }

    fn ampdu_action(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _sta: &Sta<Self>,
        _tid: u8,
        _action: AmpduAction,
    ) -> Result {
        Ok(())
    }
}

/// What keeps a radio.
pub(crate) struct Owner {
    medium: Arc<Medium>,
    hw: Registration<Radio>,
    // Dropped after `hw`, whose parent it is.
    _dev: faux::Registration,
}

impl Owner {
    /// Makes the radio `index`.
    pub(crate) fn new(medium: &Arc<Medium>, index: usize) -> Result<Self> {
        let name = CString::try_from_fmt(fmt!("hwsim_rust{index}"))?;
        let dev = faux::Registration::new(&name, None)?;

        let [high, low] = u16::try_from(index)?.to_be_bytes();
        let addresses = [[0x02, 0, 0, high, low, 0x52], [0x42, 0, 0, high, low, 0x52]];
        let limit = IfLimit {
            max: 2048,
            types: bands::MANY,
        };
        let combination = IfCombination {
            limits: &[limit],
            num_different_channels: 1,
            max_interfaces: 2048,
            beacon_int_infra_match: true,
        };
        let config = Config {
            addresses: &addresses,
            bands: bands::BANDS,
            interface_modes: bands::IFTYPES,
            combinations: &[combination],
            flags: &[
                HwFlag::HostBroadcastPsBuffering,
                HwFlag::MfpCapable,
                HwFlag::PsNullfuncStack,
                HwFlag::ReportsTxAckStatus,
                HwFlag::SignalDbm,
                HwFlag::SupportFastXmit,
                HwFlag::SupportsHtCckRates,
                HwFlag::SupportsPs,
                HwFlag::WantMonitorVif,
            ],
            ext_features: &[
                ExtFeature::BeaconProtection,
                ExtFeature::BeaconRateLegacy,
                ExtFeature::MulticastRegistrations,
                ExtFeature::ScanMinPreqContent,
            ],
            cipher_suites: bands::CIPHERS,
            queues: 4,
            max_rates: 4,
            max_rate_tries: 11,
            ..Config::DEFAULT
        };
        let hw = Allocated::new(dev.as_ref(), Radio::new(medium.clone()))?
            .configure(&config)?
            .register()?;
        medium.add(hw.handle())?;
        Ok(Self {
            medium: medium.clone(),
            hw,
            _dev: dev,
        })
    }

    /// As if it had lost its state.
    pub(crate) fn restart(&self) {
        self.hw.restart();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.medium.remove(&self.hw);
    }
}
