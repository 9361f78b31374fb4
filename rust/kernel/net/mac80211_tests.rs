// SPDX-License-Identifier: GPL-2.0

//! Tests of mac80211 in the kernel, with a driver that has the operations which the software radios
//! do not need.

use crate::prelude::*;

#[kunit_tests(rust_kernel_net_mac80211)]
mod tests {
    use super::*;
    use crate::{
        c_str,
        device::{Bound, Device},
        faux,
        net::{
            cfg80211::{
                Band, BandConfig, Bitrate, ChanDef, Channel, ChannelType, ChannelWidth,
                CipherSuite, HeCap, HtCap, IfCombination, IfLimit, IfType, IfTypes, Locked,
                RegRule,
            },
            mac80211::{
                Allocated, AmpduAction, BitrateMask, BssConf, ChannelSwitch, ConfChange, Config,
                Configured, CqmRssi, Event, Filter, Hw, HwFlag, Interface, Key, KeyFlags, KeyPlace,
                KeySeq, LowLevelStats, MlmeStatus, Operations, Pending, PrepTxInfo, RateChange,
                ReconfigType, Registration, ReleaseReason, RingParams, Sta, StaNotify, Station,
                StationInfo, TxFrame, Vif,
            },
            skb::{new_skb_queue, SkbQueue},
        },
        sync::{
            atomic::{Atomic, Relaxed},
            rcu, Completion,
        },
    };

    /// Hardware that does much by itself, and counts what it is asked for.
    #[pin_data]
    struct Busy {
        calls: Atomic<i32>,
        buffered: Atomic<i32>,
        #[pin]
        ring: SkbQueue<Pending<Busy>>,
        #[pin]
        worked: Completion,
        #[pin]
        polled: Completion,
    }

    impl Busy {
        fn new() -> impl PinInit<Self> {
            pin_init!(Self {
                calls: Atomic::new(0),
                buffered: Atomic::new(0),
                ring <- new_skb_queue!(),
                worked <- Completion::new(),
                polled <- Completion::new(),
            })
        }

        fn count(hw: &Hw<Self>) {
            hw.data().calls.fetch_add(1, Relaxed);
        }

        fn work(hw: &Locked<Hw<Self>>) {
            Self::count(hw);
            hw.data().worked.complete_all();
        }

        /// The hardware has sent what it has.
        fn sent(hw: &Locked<Hw<Self>>) {
            while let Some(frame) = hw.data().ring.dequeue() {
                if let Some(status) = hw.tx_status(frame) {
                    status.first_rate(1).acked().report_irqsafe();
                }
            }
        }

        /// Asks for what a station needs to stay connected.
        fn look_after(hw: &Locked<Hw<Self>>) {
            hw.for_each_interface(|vif| {
                let rcu = rcu::read_lock();
                let frames = [vif.pspoll(&rcu), vif.nullfunc(true, &rcu)];
                if vif.iftype_p2p() != Some(IfType::Station) {
                    assert!(frames.iter().all(Result::is_err));
                    if let Some(frame) = vif.probe_response(&rcu) {
                        assert!(!frame.is_empty());
                    }
                }
                if let Some((beacon, offsets)) = vif.beacon_template(&rcu) {
                    assert!(offsets.tim.map_or(0, |tim| tim.end) <= beacon.len());
                }
                drop(rcu);
                let _ = hw.cqm_rssi_notify(vif, CqmRssi::Low, -80);
                let _ = hw.beacon_loss(vif).and_then(|()| hw.connection_loss(vif));
            });
        }
    }

    #[vtable]
    impl Operations for Busy {
        type Vif = ();
        type Sta = ();
        type ChanCtx = ();

        const WORKS: &'static [fn(&Locked<Hw<Self>>)] = &[Self::work, Self::look_after, Self::sent];

        fn tx(hw: &Hw<Self>, frame: TxFrame<'_, Self>, rcu: &rcu::Guard) {
            let is_protected = frame
                .rates()
                .iter()
                .any(|rate| rate.use_rts_cts() || rate.use_cts_protect());
            let protection = frame.rts_cts_rate().filter(|_| is_protected);
            if frame.hw_key().is_some() || frame.bitrate().or(protection).is_some() {
                Self::count(hw);
            }
            if let Some(sta) = frame.sta() {
                sta.report_low_ack(1, rcu);
            }
            hw.data().ring.queue_tail(frame.into_pending());
            let _ = hw.queue_work::<2>(1);
        }

        fn start(_hw: &Locked<Hw<Self>>) -> Result {
            Ok(())
        }

        fn stop(hw: &Locked<Hw<Self>>, _suspend: bool) {
            hw.data().ring.purge();
        }

        fn new_vif(_hw: &Locked<Hw<Self>>, _vif: &Interface) -> Result {
            Ok(())
        }

        fn config(_hw: &Locked<Hw<Self>>, _changed: ConfChange) -> Result {
            Ok(())
        }

        fn configure_filter(_hw: &Locked<Hw<Self>>, _wanted: Filter) -> Filter {
            Filter::NONE
        }

        fn config_iface_filter(
            hw: &Locked<Hw<Self>>,
            _vif: &Vif<Self>,
            wanted: Filter,
            changed: Filter,
        ) {
            if wanted.contains(changed) {
                Self::count(hw);
            }
        }

        fn new_sta(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _sta: &Station) -> Result {
            Ok(())
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

        fn set_key(
            _hw: &Locked<Hw<Self>>,
            _vif: &Vif<Self>,
            sta: Option<&Sta<Self>>,
            key: &Key,
        ) -> Result<KeyPlace> {
            if key.cipher() != CipherSuite::CCMP || key.bytes().len() != 16 {
                return Ok(KeyPlace::Software);
            }
            Ok(KeyPlace::Hardware {
                index: key.index(),
                flags: if sta.is_some() && key.is_pairwise() {
                    KeyFlags::GENERATE_IV.union(KeyFlags::SW_MGMT_TX)
                } else {
                    KeyFlags::GENERATE_IV
                },
            })
        }

        fn remove_key(
            _hw: &Locked<Hw<Self>>,
            _vif: &Vif<Self>,
            _sta: Option<&Sta<Self>>,
            _key: &Key,
        ) {
        }

        fn set_default_unicast_key(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _index: Option<u8>) {}

        fn get_key_seq(_hw: &Hw<Self>, key: &Key, _rcu: &rcu::Guard) -> KeySeq {
            KeySeq::Pn([0, 0, 0, 0, 0, key.hw_index()])
        }

        fn sta_pre_rcu_remove(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _sta: &Sta<Self>) {}

        fn link_sta_rc_update(
            hw: &Hw<Self>,
            _vif: &Vif<Self>,
            sta: &Sta<Self>,
            changed: RateChange,
            _rcu: &rcu::Guard,
        ) {
            if changed.contains(RateChange::NSS) && sta.rx_nss() > 1 {
                Self::count(hw);
            }
        }

        fn sta_statistics(
            _hw: &Locked<Hw<Self>>,
            _vif: &Vif<Self>,
            _sta: &Sta<Self>,
            info: &mut StationInfo<'_>,
        ) {
            info.set_signal(-40);
            info.set_tx_retries(0);
            info.set_tx_failed(0);
        }

        fn sta_set_txpwr(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, sta: &Sta<Self>) -> Result {
            match sta.txpower() {
                Some(21..) => Err(ERANGE),
                _ => Ok(()),
            }
        }

        fn sta_set_4addr(hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, sta: &Sta<Self>, enabled: bool) {
            let _ = if enabled {
                hw.stop_tx_ba_session(sta, 0)
            } else {
                hw.start_tx_ba_session(sta, 0, 0)
            };
        }

        fn get_expected_throughput(_hw: &Hw<Self>, _sta: &Sta<Self>, _rcu: &rcu::Guard) -> u32 {
            54_000
        }

        fn flush_sta(hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _sta: &Sta<Self>) {
            hw.data().buffered.store(0, Relaxed);
        }

        fn release_buffered_frames(
            hw: &Hw<Self>,
            sta: &Sta<Self>,
            tids: u16,
            number: usize,
            reason: ReleaseReason,
            _more_data: bool,
            rcu: &rcu::Guard,
        ) {
            if reason == ReleaseReason::PsPoll && number > 0 {
                let tid = tids.trailing_zeros() as u8;
                let _ = sta.set_buffered(tid, false, rcu);
            }
            hw.data().buffered.store(0, Relaxed);
        }

        fn allow_buffered_frames(
            hw: &Hw<Self>,
            _sta: &Sta<Self>,
            _tids: u16,
            number: usize,
            _reason: ReleaseReason,
            _more_data: bool,
            _rcu: &rcu::Guard,
        ) {
            hw.data().buffered.store(number as i32, Relaxed);
        }

        fn mgd_prepare_tx(hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, info: &PrepTxInfo) {
            if info.duration != 0 {
                Self::count(hw);
            }
        }

        fn mgd_complete_tx(hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, info: &PrepTxInfo) {
            if info.success {
                Self::count(hw);
            }
        }

        fn event_callback(hw: &Hw<Self>, _vif: &Vif<Self>, event: &Event, _rcu: &rcu::Guard) {
            match event {
                Event::Rssi { high: false } => {
                    let _ = hw.queue_work::<1>(0);
                }
                Event::Mlme {
                    status: MlmeStatus::Timeout,
                    ..
                } => hw.restart(),
                _ => Self::count(hw),
            }
        }

        fn set_bitrate_mask(
            _hw: &Locked<Hw<Self>>,
            _vif: &Vif<Self>,
            mask: &BitrateMask<'_>,
        ) -> Result {
            let band = Band::Band2Ghz;
            if mask.legacy(band) == 0 && mask.ht(band) == [0; 10] && mask.vht(band) == [0; 8] {
                return Err(EINVAL);
            }
            Ok(())
        }

        fn get_txpower(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) -> Result<i32> {
            Ok(20)
        }

        fn join_ibss(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) -> Result {
            Ok(())
        }

        fn leave_ibss(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) {}

        fn channel_switch(hw: &Locked<Hw<Self>>, vif: &Vif<Self>, _switch: &ChannelSwitch) {
            let _ = hw.chswitch_done(vif, true);
        }

        fn pre_channel_switch(
            _hw: &Locked<Hw<Self>>,
            _vif: &Vif<Self>,
            switch: &ChannelSwitch,
        ) -> Result {
            if switch.chandef.band == Band::Band2Ghz {
                Ok(())
            } else {
                Err(EINVAL)
            }
        }

        fn post_channel_switch(
            _hw: &Locked<Hw<Self>>,
            _vif: &Vif<Self>,
            _conf: &BssConf,
        ) -> Result {
            Ok(())
        }

        fn abort_channel_switch(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _conf: &BssConf) {}

        fn channel_switch_beacon(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _chandef: &ChanDef) {}

        fn channel_switch_rx_beacon(
            _hw: &Locked<Hw<Self>>,
            _vif: &Vif<Self>,
            _switch: &ChannelSwitch,
        ) {
        }

        fn start_ap(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, conf: &BssConf) -> Result {
            if conf.beacon_int() == 0 || conf.dtim_period() == 0 {
                return Err(EINVAL);
            }
            Ok(())
        }

        fn stop_ap(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _conf: &BssConf) {}

        fn sta_notify(
            hw: &Hw<Self>,
            _vif: &Vif<Self>,
            _sta: &Sta<Self>,
            cmd: StaNotify,
            _rcu: &rcu::Guard,
        ) {
            if cmd == StaNotify::Sleep {
                Self::count(hw);
            }
        }

        fn offset_tsf(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _offset: i64) {}

        fn reset_tsf(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) {}

        fn tx_last_beacon(_hw: &Locked<Hw<Self>>) -> bool {
            false
        }

        fn sw_scan_start(hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _mac: [u8; 6]) {
            Self::count(hw);
        }

        fn sw_scan_complete(hw: &Locked<Hw<Self>>, _vif: Option<&Vif<Self>>) {
            Self::count(hw);
        }

        fn set_rts_threshold(_hw: &Locked<Hw<Self>>, value: Option<u32>) -> Result {
            match value {
                Some(..256) => Err(EINVAL),
                _ => Ok(()),
            }
        }

        fn set_coverage_class(_hw: &Locked<Hw<Self>>, _coverage_class: i16) {}

        fn set_antenna(_hw: &Locked<Hw<Self>>, tx: u32, rx: u32) -> Result {
            if (tx, rx) != (1, 1) {
                return Err(EINVAL);
            }
            Ok(())
        }

        fn get_antenna(_hw: &Locked<Hw<Self>>) -> Result<(u32, u32)> {
            Ok((1, 1))
        }

        fn reconfig_complete(hw: &Locked<Hw<Self>>, reconfig_type: ReconfigType) {
            if reconfig_type == ReconfigType::Restart {
                Self::count(hw);
            }
        }

        fn get_stats(hw: &Locked<Hw<Self>>) -> Result<LowLevelStats> {
            Ok(LowLevelStats {
                ack_failures: hw.data().calls.load(Relaxed) as u32,
                ..LowLevelStats::default()
            })
        }

        fn get_ringparam(_hw: &Locked<Hw<Self>>) -> RingParams {
            RingParams {
                tx: 16,
                tx_max: 256,
                rx: 16,
                rx_max: 256,
            }
        }

        fn set_ringparam(_hw: &Locked<Hw<Self>>, tx: u32, rx: u32) -> Result {
            if tx > 256 || rx > 256 {
                return Err(EINVAL);
            }
            Ok(())
        }

        fn tx_frames_pending(hw: &Locked<Hw<Self>>) -> bool {
            hw.data().buffered.load(Relaxed) != 0
        }

        fn set_frag_threshold(_hw: &Locked<Hw<Self>>, value: Option<u32>) -> Result {
            if value.is_some() {
                return Err(EINVAL);
            }
            Ok(())
        }

        fn sync_rx_queues(hw: &Locked<Hw<Self>>) {
            Self::count(hw);
        }

        fn rfkill_poll(hw: &Locked<Hw<Self>>) {
            let _ = hw.set_rfkill(false);
            hw.data().polled.complete_all();
        }

        fn update_vif_offload(hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) {
            Self::count(hw);
        }
    }

    const ADDR: [u8; 6] = [2, 0, 0, 0, 0, 9];

    const BAND: BandConfig<'_> = BandConfig {
        band: Band::Band2Ghz,
        channels: &[Channel::new(2412), Channel::new(2437)],
        bitrates: &[
            Bitrate::new(10),
            Bitrate::with_short_preamble(20),
            Bitrate::with_short_preamble(55),
            Bitrate::with_short_preamble(110),
        ],
        ht: None,
        vht: None,
        he: &[],
    };

    const CONFIG: Config<'_> = Config {
        addresses: &[ADDR],
        bands: &[BAND],
        interface_modes: IfTypes::EMPTY.with(IfType::Station).with(IfType::Ap),
        flags: &[HwFlag::SignalDbm],
        available_antennas: (1, 1),
        queues: 4,
        ..Config::DEFAULT
    };

    fn configure(dev: &Device<Bound>, config: &Config<'_>) -> Result<Configured<Busy>> {
        Allocated::new(dev, Busy::new())?.configure(config)
    }

    fn registered(dev: &Device<Bound>) -> Result<Registration<Busy>> {
        configure(dev, &CONFIG)?.register()
    }

    #[test]
    fn configurations_that_mac80211_warns_about_are_refused() -> Result {
        let dev = faux::Registration::new(c_str!("rust_kunit_mac80211"), None)?;
        let dev = dev.bound();
        let refused = |config| configure(dev, &config).err() == Some(EINVAL);
        assert!(refused(Config {
            bands: &[BAND, BAND],
            ..CONFIG
        }));
        let ht = BandConfig {
            ht: Some(HtCap {
                cap: 0,
                streams: 1,
                ampdu_factor: 0,
                ampdu_density: 0,
            }),
            ..BAND
        };
        assert!(refused(Config {
            bands: &[ht],
            queues: 1,
            ..CONFIG
        }));
        assert!(configure(
            dev,
            &Config {
                bands: &[ht],
                ..CONFIG
            }
        )
        .is_ok());
        let he = HeCap {
            types: IfTypes::EMPTY.with(IfType::Station),
            mac_cap_info: [0; 6],
            phy_cap_info: [0; 11],
            streams: 1,
        };
        for (he, refuses) in [
            (&[he][..], false),
            // A type twice, no streams, no types.
            (&[he, he], true),
            (&[HeCap { streams: 0, ..he }], true),
            (
                &[HeCap {
                    types: IfTypes::EMPTY,
                    ..he
                }],
                true,
            ),
        ] {
            let config = Config {
                bands: &[BandConfig { he, ..BAND }],
                ..CONFIG
            };
            assert_eq!(configure(dev, &config).is_err(), refuses);
        }
        // Two channels need channel contexts.
        let limit = IfLimit {
            max: 2,
            types: IfTypes::EMPTY.with(IfType::Station),
        };
        for (num_different_channels, refuses) in [(1, false), (2, true)] {
            let combination = IfCombination {
                limits: &[limit],
                num_different_channels,
                max_interfaces: 2,
                beacon_int_infra_match: false,
            };
            let config = Config {
                combinations: &[combination],
                ..CONFIG
            };
            assert_eq!(configure(dev, &config).is_err(), refuses);
        }
        Ok(())
    }

    #[test]
    fn queues_stop_and_wake() -> Result {
        let dev = faux::Registration::new(c_str!("rust_kunit_mac80211"), None)?;
        let hw = registered(dev.bound())?;
        assert!(hw.has_flag(HwFlag::SignalDbm) && !hw.has_flag(HwFlag::MfpCapable));
        assert_eq!(hw.queue_stopped(2), Ok(false));
        hw.stop_queue(2)?;
        assert_eq!(hw.queue_stopped(2), Ok(true));
        assert_eq!(hw.queue_stopped(1), Ok(false));
        hw.wake_queue(2)?;
        assert_eq!(hw.queue_stopped(2), Ok(false));
        assert_eq!(hw.stop_queue(4), Err(EINVAL));
        assert_eq!(hw.queue_stopped(4), Err(EINVAL));
        Ok(())
    }

    #[test]
    fn work_runs_once_it_is_queued_and_not_when_it_is_cancelled() -> Result {
        let dev = faux::Registration::new(c_str!("rust_kunit_mac80211"), None)?;
        let hw = registered(dev.bound())?;
        // Cancelled in time, and left for the end of the registration.
        hw.queue_work::<0>(60_000)?;
        hw.lock().cancel_work::<0>();
        hw.queue_work::<1>(60_000)?;
        assert_eq!(hw.data().calls.load(Relaxed), 0);
        hw.queue_work::<0>(1)?;
        hw.data().worked.wait_for_completion();
        // It has the mutex until it is done.
        drop(hw.lock());
        assert_eq!(hw.data().calls.load(Relaxed), 1);
        Ok(())
    }

    #[test]
    fn probe_requests_have_the_name_and_the_elements() -> Result {
        let dev = faux::Registration::new(c_str!("rust_kunit_mac80211"), None)?;
        let hw = registered(dev.bound())?;
        let frame = hw.probe_request(&ADDR, b"net", &[1, 1, 0x82])?;
        let data = frame.data();
        assert_eq!(data.first(), Some(&0x40));
        assert_eq!(data.get(10..16), Some(&ADDR[..]));
        assert_eq!(data.get(24..), Some(&b"\0\x03net\x01\x01\x82"[..]));
        assert!(hw.probe_request(&ADDR, &[0; 33], &[]).is_err());
        assert!(hw.probe_request(&ADDR, &[], &[0; 4000]).is_err());
        Ok(())
    }

    #[test]
    fn wiphys_have_names_channels_rules_and_switches() -> Result {
        let dev = faux::Registration::new(c_str!("rust_kunit_mac80211"), None)?;
        let hw = registered(dev.bound())?;
        assert!(hw.lock().wiphy_name().to_bytes().starts_with(b"phy"));
        dev_dbg!(hw.wiphy().device(), "has a name\n");
        assert_eq!(hw.lock().regulatory_hint(*b"u1"), Err(EINVAL));
        let channel = hw.wiphy().channel(2437).ok_or(ENOENT)?;
        assert_eq!((channel.band, channel.center_freq), (Band::Band2Ghz, 2437));
        assert!(hw.wiphy().channel(2412).is_some() && hw.wiphy().channel(2417).is_none());
        assert!(hw.wiphy().get_bss(None, Some(b"nobody")).is_none());
        if cfg!(CONFIG_RFKILL) {
            hw.data().polled.wait_for_completion();
        }
        // Whoever brings the interfaces down is waited for.
        hw.set_rfkill(true)
    }

    #[test]
    fn rules_of_the_driver_apply() -> Result {
        let dev = faux::Registration::new(c_str!("rust_kunit_mac80211"), None)?;
        let dev = dev.bound();
        let rule = RegRule {
            start_freq: 2402,
            end_freq: 2422,
            max_bandwidth: 20,
            max_eirp: 20,
            no_ir: true,
            dfs: false,
        };
        for wrong in [
            RegRule {
                end_freq: 2402,
                ..rule
            },
            RegRule {
                max_bandwidth: 21,
                ..rule
            },
            RegRule {
                start_freq: 0,
                ..rule
            },
        ] {
            let config = Config {
                custom_regulatory: &[rule, wrong],
                ..CONFIG
            };
            assert_eq!(configure(dev, &config).err(), Some(EINVAL));
        }

        let config = Config {
            custom_regulatory: &[rule],
            ..CONFIG
        };
        let hw = configure(dev, &config)?.register()?;
        let wiphy = hw.wiphy();
        assert!(wiphy
            .channel(2412)
            .is_some_and(|channel| channel.no_ir && !channel.disabled));
        assert!(wiphy.channel(2437).is_some_and(|channel| channel.disabled));
        Ok(())
    }

    #[test]
    fn channels_have_types() {
        let mut chandef = ChanDef {
            band: Band::Band2Ghz,
            center_freq: 2437,
            hw_value: 0,
            width: ChannelWidth::Width40,
            center_freq1: 2447,
            center_freq2: 0,
        };
        assert_eq!(chandef.channel_type(), Some(ChannelType::Ht40Plus));
        chandef.center_freq1 = 2427;
        assert_eq!(chandef.channel_type(), Some(ChannelType::Ht40Minus));
        chandef.width = ChannelWidth::Width20;
        assert_eq!(chandef.channel_type(), Some(ChannelType::Ht20));
        chandef.width = ChannelWidth::Width80;
        assert_eq!(chandef.channel_type(), None);
    }

    #[test]
    fn nobody_is_found_where_nobody_is() -> Result {
        let dev = faux::Registration::new(c_str!("rust_kunit_mac80211"), None)?;
        let hw = registered(dev.bound())?;
        let rcu = rcu::read_lock();
        assert!(hw.find_sta(&[2; 6], &ADDR, &rcu).is_none());
        hw.for_each_sta(&rcu, |_| Busy::count(&hw));
        hw.for_each_chanctx(&rcu, |_| Busy::count(&hw));
        hw.for_each_active_interface(&rcu, |vif| {
            assert!(vif.find_sta(&[2; 6], &rcu).is_none());
        });
        drop(rcu);
        // The end of a scan that there is not.
        assert!(!hw.is_scanning());
        hw.scan_completed(false);
        assert_eq!(hw.data().calls.load(Relaxed), 0);
        Ok(())
    }
}
