// SPDX-License-Identifier: GPL-2.0

//! One radio.

use crate::{
    bands,
    medium::{Medium, Sending},
    scan::Scan,
};
use kernel::{
    faux,
    net::{
        cfg80211::{ChannelInfo, ExtFeature, IfCombination, IfLimit, IfType, Locked},
        mac80211::{
            Ac, Allocated, AmpduAction, BssChange, BssConf, ChanCtx, ChanCtxChange,
            ChanCtxSwitches, ChannelContext, ConfChange, Config, Filter, Handle, Hw, HwFlag,
            Interface, Operations, QueueParams, Registration, RocType, ScanRequest, ScanStart, Sta,
            Station, Survey, TxFrame, Txq, Vif,
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

/// How long it takes to go to another channel, in ms.
const TUNE_MS: u32 = 20;

// The numbers of its works.
const SCAN_NEXT: usize = 0;
const BEGIN_STAY: usize = 1;
const EXPIRE_STAY: usize = 2;

/// The data of a radio.
///
/// With `CONTEXTS`, it has channel contexts, and scans by itself. Otherwise it has one channel at a
/// time, to which mac80211 sends it, for scans, too.
#[pin_data]
pub(crate) struct Radio<const CONTEXTS: bool> {
    medium: Arc<Medium<CONTEXTS>>,
    /// Not 0 if no interface has a channel.
    idle: Atomic<i32>,
    /// The channel in MHz of a scan, or of a stay on another channel, or 0. Without contexts it is
    /// the one channel, or 0 if the radio is idle.
    visited: Atomic<u32>,
    #[pin]
    scan: Mutex<Scan>,
    /// Where to stay, and how long in ms.
    #[pin]
    stay: Mutex<Option<(u16, u32)>>,
    /// What the TSF has more than the time of the medium, in µs.
    tsf_offset: Atomic<i64>,
    /// The timer of the beacons, if there are any. Dropping it waits for the timer.
    #[pin]
    beacons: Mutex<Option<ArcHrTimerHandle<Beacons<CONTEXTS>>>>,
}

/// The data of an interface.
pub(crate) struct VifData {
    /// Not 0 if it sends beacons.
    beacons: Atomic<i32>,
}

impl<const CONTEXTS: bool> Radio<CONTEXTS> {
    fn new(medium: Arc<Medium<CONTEXTS>>) -> impl PinInit<Self> {
        pin_init!(Self {
            medium,
            idle: Atomic::new(1),
            visited: Atomic::new(0),
            scan <- new_mutex!(Scan::EMPTY),
            stay <- new_mutex!(None),
            tsf_offset: Atomic::new(0),
            beacons <- new_mutex!(None),
        })
    }

    /// The channel in MHz of an interface, if it has one.
    fn channel(hw: &Hw<Self>, vif: &Vif<Self>, rcu: &rcu::Guard) -> Option<u16> {
        if !CONTEXTS {
            return hw.data().visited();
        }
        Some(vif.chanctx(rcu)?.chandef()?.center_freq)
    }

    fn visited(&self) -> Option<u16> {
        u16::try_from(self.visited.load(Relaxed))
            .ok()
            .filter(|&freq| freq != 0)
    }

    fn visit(&self, freq: u16) {
        self.visited.store(freq.into(), Relaxed);
    }

    /// Whether it receives what is sent on a channel.
    pub(crate) fn hears(hw: &Hw<Self>, freq: u16, rcu: &rcu::Guard) -> bool {
        let radio = hw.data();
        let mut hears = radio.visited() == Some(freq);
        if hears || !CONTEXTS || radio.idle.load(Relaxed) != 0 {
            return hears;
        }
        hw.for_each_active_interface(rcu, |vif| {
            hears |= Self::channel(hw, vif, rcu) == Some(freq);
        });
        hears
    }

    /// The channel in MHz to send a frame on.
    fn channel_of(hw: &Hw<Self>, frame: &TxFrame<'_, Self>, rcu: &rcu::Guard) -> Option<u16> {
        if !CONTEXTS || frame.is_offchannel() {
            return hw.data().visited();
        }
        if let Some(vif) = frame.vif() {
            return Self::channel(hw, vif, rcu);
        }
        // Of a monitor beside other interfaces, whose channel is theirs.
        let mut freq = None;
        hw.for_each_active_interface(rcu, |vif| freq = freq.or(Self::channel(hw, vif, rcu)));
        freq
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

    /// Starts or stops the timer, as the interfaces need it.
    fn update_beacons(hw: &Locked<Hw<Self>>, beacon_int: u16) -> Result {
        let mut needed = false;
        hw.for_each_interface(|vif| needed |= vif.data().beacons.load(Relaxed) != 0);
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

impl<const CONTEXTS: bool> Radio<CONTEXTS> {
    /// The next channel of a scan.
    fn scan_next(hw: &Locked<Hw<Self>>) {
        let radio = hw.data();
        let mut scan = radio.scan.lock();
        let Some(channel) = scan.advance() else {
            drop(scan);
            Self::end_scan(hw, false);
            return;
        };
        radio.visit(channel.center_freq);
        let dwell = scan.dwell_ms(&channel);
        for ssid in scan.asks(&channel) {
            let Ok(probe) = hw.probe_request(&scan.addr, ssid, &scan.elements) else {
                continue;
            };
            let copy = || probe.copy(GFP_ATOMIC);
            let sending = Sending {
                freq: channel.center_freq,
                power: scan.power,
                rates: &[],
            };
            let rcu = rcu::read_lock();
            radio.medium.transmit(hw, &probe, &sending, copy, &rcu);
        }
        if hw.queue_work::<SCAN_NEXT>(dwell).is_err() {
            drop(scan);
            Self::end_scan(hw, true);
        }
    }

    fn end_scan(hw: &Locked<Hw<Self>>, aborted: bool) {
        hw.cancel_work::<SCAN_NEXT>();
        hw.data().visit(0);
        hw.scan_completed(aborted);
    }

    fn begin_stay(hw: &Locked<Hw<Self>>) {
        let radio = hw.data();
        let Some((freq, duration)) = *radio.stay.lock() else {
            return;
        };
        radio.visit(freq);
        hw.ready_on_channel();
        if hw.queue_work::<EXPIRE_STAY>(duration).is_err() {
            Self::expire_stay(hw);
        }
    }

    fn expire_stay(hw: &Locked<Hw<Self>>) {
        Self::end_stay(hw);
        hw.remain_on_channel_expired();
    }

    fn end_stay(hw: &Locked<Hw<Self>>) {
        hw.cancel_work::<BEGIN_STAY>();
        hw.cancel_work::<EXPIRE_STAY>();
        let radio = hw.data();
        if radio.stay.lock().take().is_some() {
            radio.visit(0);
        }
    }
}

/// The timer that sends the beacons of all interfaces of a radio.
#[pin_data]
struct Beacons<const CONTEXTS: bool> {
    #[pin]
    timer: HrTimer<Self>,
    hw: Handle<Radio<CONTEXTS>>,
    /// From one beacon to the next.
    interval: Delta,
}

impl<const CONTEXTS: bool> Beacons<CONTEXTS> {
    fn new(hw: Handle<Radio<CONTEXTS>>, interval: u64) -> impl PinInit<Self> {
        pin_init!(Self {
            timer <- HrTimer::new(),
            hw,
            interval: Delta::from_micros(interval as i64),
        })
    }

    fn send(hw: &Hw<Radio<CONTEXTS>>, vif: &Vif<Radio<CONTEXTS>>, rcu: &rcu::Guard) {
        let radio = hw.data();
        if vif.data().beacons.load(Relaxed) == 0 {
            return;
        }
        let Some(freq) = Radio::channel(hw, vif, rcu) else {
            return;
        };
        let mut next = vif.beacon_get(rcu);
        while let Some(frame) = next {
            let copy = || frame.copy_for_rx(GFP_ATOMIC);
            let sending = Sending {
                freq,
                power: vif.txpower(),
                rates: frame.rates(),
            };
            radio.medium.transmit(hw, &frame, &sending, copy, rcu);
            // What was kept for sleeping stations.
            next = vif.buffered_bc(rcu);
        }
        if vif.csa_is_due(rcu) {
            vif.csa_finish(rcu);
        }
    }
}

impl<const CONTEXTS: bool> HrTimerCallback for Beacons<CONTEXTS> {
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
    impl{const CONTEXTS: bool} HasHrTimer<Self> for Beacons<CONTEXTS> {
        mode: RelativeSoftMode<Monotonic>, field: self.timer
    }
}

#[vtable]
impl<const CONTEXTS: bool> Operations for Radio<CONTEXTS> {
    type Vif = VifData;
    type Sta = ();
    type ChanCtx = ();

    const WORKS: &'static [fn(&Locked<Hw<Self>>)] =
        &[Self::scan_next, Self::begin_stay, Self::expire_stay];

    // mac80211 does this for radios with one channel.
    const HAS_NEW_CHANCTX: bool = CONTEXTS;
    const HAS_ADD_CHANCTX: bool = CONTEXTS;
    const HAS_REMOVE_CHANCTX: bool = CONTEXTS;
    const HAS_CHANGE_CHANCTX: bool = CONTEXTS;
    const HAS_ASSIGN_VIF_CHANCTX: bool = CONTEXTS;
    const HAS_UNASSIGN_VIF_CHANCTX: bool = CONTEXTS;
    const HAS_SWITCH_VIF_CHANCTX: bool = CONTEXTS;
    const HAS_HW_SCAN: bool = CONTEXTS;
    const HAS_CANCEL_HW_SCAN: bool = CONTEXTS;
    const HAS_REMAIN_ON_CHANNEL: bool = CONTEXTS;
    const HAS_CANCEL_REMAIN_ON_CHANNEL: bool = CONTEXTS;

    fn tx(hw: &Hw<Self>, mut frame: TxFrame<'_, Self>, rcu: &rcu::Guard) {
        let radio = hw.data();
        // Without a channel it is dropped.
        let Some(freq) = Self::channel_of(hw, &frame, rcu) else {
            return;
        };
        frame.orphan();
        let copy = || frame.copy_for_rx(GFP_ATOMIC);
        let sending = Sending {
            freq,
            power: frame.vif().and_then(|vif| vif.txpower()),
            rates: frame.rates(),
        };
        let acked = radio.medium.transmit(hw, &frame, &sending, copy, rcu) && !frame.no_ack();
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

    fn wake_tx_queue(hw: &Hw<Self>, txq: &Txq<Self>, rcu: &rcu::Guard) {
        // Nothing that a round does makes mac80211 call this.
        let _ = hw.schedule_txqs(txq.ac(), rcu, |queue| {
            while let Some(frame) = queue.dequeue() {
                Self::tx(hw, frame, rcu);
            }
        });
    }

    fn start(hw: &Locked<Hw<Self>>) -> Result {
        // What was going on when it was restarted.
        Self::end_scan(hw, true);
        Self::end_stay(hw);
        Ok(())
    }

    fn stop(hw: &Locked<Hw<Self>>, _suspend: bool) {
        Self::end_scan(hw, true);
        Self::end_stay(hw);
        let radio = hw.data();
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
        let radio = hw.data();
        let conf = hw.conf();
        radio.idle.store(conf.idle.into(), Relaxed);
        if !CONTEXTS {
            let channel = conf.chandef.filter(|_| !conf.idle);
            radio.visit(channel.map_or(0, |def| def.center_freq));
        }
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

    fn set_tim(
        _hw: &Hw<Self>,
        _sta: &Station,
        _data: &(),
        _set: bool,
        _rcu: &rcu::Guard,
    ) -> Result {
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

    fn new_chanctx(_hw: &Locked<Hw<Self>>, _ctx: &ChannelContext) -> Result {
        Ok(())
    }

    // The channels are looked up for each frame.

    fn add_chanctx(_hw: &Locked<Hw<Self>>, _ctx: &ChanCtx<Self>) -> Result {
        Ok(())
    }

    fn remove_chanctx(_hw: &Locked<Hw<Self>>, _ctx: &ChanCtx<Self>) {}

    fn change_chanctx(_hw: &Locked<Hw<Self>>, _ctx: &ChanCtx<Self>, _changed: ChanCtxChange) {}

    fn assign_vif_chanctx(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _conf: &BssConf,
        _ctx: &ChanCtx<Self>,
    ) -> Result {
        Ok(())
    }

    fn unassign_vif_chanctx(
        _hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        _conf: &BssConf,
        _ctx: &ChanCtx<Self>,
    ) {
    }

    fn switch_vif_chanctx(
        _hw: &Locked<Hw<Self>>,
        switches: &ChanCtxSwitches<'_, Self>,
        swap: bool,
    ) -> Result {
        for switch in switches.iter() {
            let freq = |ctx: &ChanCtx<Self>| ctx.chandef().map_or(0, |def| def.center_freq);
            let (old, new) = (freq(switch.old), freq(switch.new));
            pr_debug!("from {old} MHz to {new} MHz, swap: {swap}\n");
        }
        Ok(())
    }

    fn hw_scan(hw: &Locked<Hw<Self>>, vif: &Vif<Self>, req: &ScanRequest<'_>) -> Result<ScanStart> {
        let radio = hw.data();
        if radio.visited().is_some() || radio.stay.lock().is_some() {
            return Err(EBUSY);
        }
        *radio.scan.lock() = Scan::new(vif, req)?;
        hw.queue_work::<SCAN_NEXT>(0)?;
        Ok(ScanStart::Hardware)
    }

    fn cancel_hw_scan(hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) {
        Self::end_scan(hw, true);
    }

    fn remain_on_channel(
        hw: &Locked<Hw<Self>>,
        _vif: &Vif<Self>,
        channel: &ChannelInfo,
        duration: u32,
        _roc_type: RocType,
    ) -> Result {
        let radio = hw.data();
        let mut stay = radio.stay.lock();
        if radio.visited().is_some() || stay.is_some() {
            return Err(EBUSY);
        }
        hw.queue_work::<BEGIN_STAY>(TUNE_MS)?;
        *stay = Some((channel.center_freq, duration));
        Ok(())
    }

    fn cancel_remain_on_channel(hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) -> Result {
        Self::end_stay(hw);
        Ok(())
    }

    fn get_survey(hw: &Locked<Hw<Self>>, index: usize) -> Result<Option<Survey>> {
        Ok(hw.data().scan.lock().survey(index))
    }
}

/// What keeps a radio.
pub(crate) struct Owner<const CONTEXTS: bool> {
    medium: Arc<Medium<CONTEXTS>>,
    hw: Registration<Radio<CONTEXTS>>,
    // Dropped after `hw`, whose parent it is.
    _dev: faux::Registration,
}

impl<const CONTEXTS: bool> Owner<CONTEXTS> {
    /// Makes the radio `index`, which can be on so many channels at the same time.
    pub(crate) fn new(medium: &Arc<Medium<CONTEXTS>>, index: usize, channels: u32) -> Result<Self> {
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
            num_different_channels: channels,
            max_interfaces: 2048,
            beacon_int_infra_match: true,
        };
        let config = Config {
            addresses: &addresses,
            bands: bands::BANDS,
            interface_modes: bands::IFTYPES,
            combinations: &[combination],
            flags: &[
                HwFlag::ChanctxStaCsa,
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
            max_scan_ssids: 255,
            // `IEEE80211_MAX_DATA_LEN`.
            max_scan_elements: 2304,
            max_remain_on_channel: 1000,
            has_channel_switch: true,
            max_rates: 4,
            max_rate_tries: 11,
            ..Config::DEFAULT
        };
        let hw = Allocated::new(dev.bound(), Radio::new(medium.clone()))?
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

    /// As if a switch of the device blocked it.
    pub(crate) fn set_rfkill(&self, blocked: bool) -> Result {
        self.hw.set_rfkill(blocked)
    }

    /// As if it knew in which country it is.
    pub(crate) fn set_country(&self, country: [u8; 2]) -> Result {
        self.hw.lock().regulatory_hint(country)
    }
}

impl<const CONTEXTS: bool> Drop for Owner<CONTEXTS> {
    fn drop(&mut self) {
        self.medium.remove(&self.hw);
    }
}
