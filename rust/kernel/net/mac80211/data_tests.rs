// SPDX-License-Identifier: GPL-2.0

//! Tests of what lives as long as mac80211 says, and of reception without the tasklet.
//!
//! Those that mac80211 would log a warning for, like a restart that fails, or that need a station,
//! call the functions of the table as mac80211 does.

use crate::prelude::*;

#[kunit_tests(rust_kernel_net_mac80211_data)]
mod tests {
    use super::*;
    use crate::{
        bindings, c_str, container_of,
        error::to_result,
        faux,
        net::{
            cfg80211::{Band, BandConfig, Bitrate, Channel, HasWiphy, IfType, IfTypes, Locked},
            mac80211::{
                vtable::{chanctx_data_size, sta_data_size, Vtable},
                Allocated, BssConf, ChanCtx, ChanCtxChange, ChannelContext, ConfChange, Config,
                Filter, Handle, Hw, HwFlag, Interface, Operations, Registration, RxRate, RxStatus,
                Sta, StaState, Station, TxFrame, Vif,
            },
            napi::{DummyDevice, Napi, Poll, PollContext},
            skb::{new_skb_queue, SkBuff, SkbQueue},
        },
        sync::{
            atomic::{Atomic, Relaxed},
            new_spinlock_bh, rcu, Arc, SpinLockBh,
        },
    };
    use core::mem::offset_of;

    /// What fails: a bit for each.
    const START: i32 = 1;
    const ADD_INTERFACE: i32 = 2;
    const NEW_STA: i32 = 4;
    const STA_STATE: i32 = 8;
    const ADD_CHANCTX: i32 = 16;

    struct Counts {
        made: Atomic<i32>,
        alive: Atomic<i32>,
        failing: Atomic<i32>,
    }

    impl Counts {
        fn check(&self, what: i32) -> Result {
            if self.failing.load(Relaxed) & what != 0 {
                return Err(EIO);
            }
            Ok(())
        }

        /// How many values were made, and how many of them were not dropped.
        fn get(&self) -> (i32, i32) {
            (self.made.load(Relaxed), self.alive.load(Relaxed))
        }
    }

    /// A value that counts how often it was made and dropped.
    struct Counted(Arc<Counts>);

    impl Counted {
        fn new(hw: &Hw<Tidy>) -> Self {
            let counts = hw.data().get_ref().0.clone();
            counts.made.fetch_add(1, Relaxed);
            counts.alive.fetch_add(1, Relaxed);
            Self(counts)
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.alive.fetch_add(-1, Relaxed);
        }
    }

    /// Hardware whose interfaces, stations and channel contexts have data that counts itself.
    struct Tidy(Arc<Counts>);

    #[vtable]
    impl Operations for Tidy {
        type Vif = Counted;
        type Sta = Counted;
        type ChanCtx = Counted;

        const RX_DIRECT: bool = true;

        fn tx(_hw: &Hw<Self>, _frame: TxFrame<'_, Self>, _rcu: &rcu::Guard) {}

        fn start(hw: &Locked<Hw<Self>>) -> Result {
            hw.data().0.check(START)
        }

        fn stop(_hw: &Locked<Hw<Self>>, _suspend: bool) {}

        fn new_vif(hw: &Locked<Hw<Self>>, _vif: &Interface) -> Result<Counted> {
            Ok(Counted::new(hw))
        }

        fn add_interface(hw: &Locked<Hw<Self>>, _vif: &Vif<Self>) -> Result {
            hw.data().0.check(ADD_INTERFACE)
        }

        fn config(_hw: &Locked<Hw<Self>>, _changed: ConfChange) -> Result {
            Ok(())
        }

        fn configure_filter(_hw: &Locked<Hw<Self>>, _wanted: Filter) -> Filter {
            Filter::NONE
        }

        fn new_sta(hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _sta: &Station) -> Result<Counted> {
            hw.data().0.check(NEW_STA)?;
            Ok(Counted::new(hw))
        }

        fn sta_state(
            hw: &Locked<Hw<Self>>,
            _vif: &Vif<Self>,
            _sta: &Sta<Self>,
            _old: StaState,
            _new: StaState,
        ) -> Result {
            hw.data().0.check(STA_STATE)
        }

        fn new_chanctx(hw: &Locked<Hw<Self>>, _ctx: &ChannelContext) -> Result<Counted> {
            Ok(Counted::new(hw))
        }

        fn add_chanctx(hw: &Locked<Hw<Self>>, _ctx: &ChanCtx<Self>) -> Result {
            hw.data().0.check(ADD_CHANCTX)
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
    }

    const OPS: bindings::ieee80211_ops = Vtable::<Tidy>::OPS;

    /// Hardware that is registered, and its device.
    struct Test {
        hw: Registration<Tidy>,
        counts: Arc<Counts>,
        _dev: faux::Registration,
    }

    impl Test {
        fn new() -> Result<Self> {
            let dev = faux::Registration::new(c_str!("rust_kunit_mac80211_data"), None)?;
            let counts = Arc::new(
                Counts {
                    made: Atomic::new(0),
                    alive: Atomic::new(0),
                    failing: Atomic::new(0),
                },
                GFP_KERNEL,
            )?;
            let hw = Allocated::new(dev.bound(), Tidy(counts.clone()))?
                .configure(&Config {
                    addresses: &[[2, 0, 0, 0, 0, 10]],
                    bands: &[BandConfig {
                        band: Band::Band2Ghz,
                        channels: &[Channel::new(2412)],
                        bitrates: &[
                            Bitrate::new(10),
                            Bitrate::with_short_preamble(20),
                            Bitrate::with_short_preamble(55),
                            Bitrate::with_short_preamble(110),
                        ],
                        ht: None,
                        vht: None,
                        he: &[],
                    }],
                    interface_modes: IfTypes::EMPTY.with(IfType::Station),
                    flags: &[HwFlag::SignalDbm],
                    ..Config::DEFAULT
                })?
                .register()?;
            Ok(Self {
                hw,
                counts,
                _dev: dev,
            })
        }

        /// Brings the interface that was made at registration up or down.
        fn set_up(&self, up: bool) -> Result {
            // SAFETY: The wiphy is registered, and has one interface, with a network device, which
            // nobody else removes. The RTNL is not held by this thread.
            unsafe {
                bindings::rtnl_lock();
                let first = (*self.hw.raw_wiphy()).wdev_list.next;
                let dev = (*container_of!(first, bindings::wireless_dev, list)).netdev;
                let result = if up {
                    bindings::dev_open(dev, core::ptr::null_mut())
                } else {
                    bindings::dev_close(dev);
                    0
                };
                bindings::rtnl_unlock();
                to_result(result)
            }
        }

        /// The interface, which must be up.
        fn vif(&self, hw: &Locked<Hw<Tidy>>) -> *mut bindings::ieee80211_vif {
            let mut ptr = core::ptr::null_mut();
            hw.for_each_interface(|vif| ptr = vif.as_raw());
            ptr
        }

        /// Does what mac80211 does when it sets up the hardware anew.
        fn restart(&self) -> Result {
            let hw = self.hw.lock();
            let vif = self.vif(&hw);
            let start = OPS.start.ok_or(ENOENT)?;
            let add_interface = OPS.add_interface.ok_or(ENOENT)?;
            // SAFETY: The mutex is held. The hardware was started, and its interface added.
            unsafe {
                to_result(start(hw.as_raw()))?;
                to_result(add_interface(hw.as_raw(), vif))
            }
        }
    }

    #[test]
    fn data_of_interfaces_is_dropped_once() -> Result {
        let test = Test::new()?;
        assert_eq!(test.counts.get(), (0, 0));
        test.set_up(true)?;
        assert_eq!(test.counts.get(), (1, 1));
        test.set_up(false)?;
        assert_eq!(test.counts.get(), (1, 0));

        test.counts.failing.store(ADD_INTERFACE, Relaxed);
        assert_eq!(test.set_up(true), Err(EIO));
        assert_eq!(test.counts.get(), (2, 0));
        test.counts.failing.store(START, Relaxed);
        assert_eq!(test.set_up(true), Err(EIO));
        assert_eq!(test.counts.get(), (2, 0));

        // It is up when the hardware is unregistered.
        test.counts.failing.store(0, Relaxed);
        test.set_up(true)?;
        assert_eq!(test.counts.get(), (3, 1));
        let Test { hw, counts, _dev } = test;
        drop(hw);
        assert_eq!(counts.get(), (3, 0));
        Ok(())
    }

    #[test]
    fn restarts_keep_data_unless_they_fail() -> Result {
        let test = Test::new()?;
        test.set_up(true)?;
        test.restart()?;
        test.restart()?;
        assert_eq!(test.counts.get(), (1, 1));

        // mac80211 would bring the interface down without telling the driver.
        test.counts.failing.store(START, Relaxed);
        assert_eq!(test.restart(), Err(EIO));
        assert_eq!(test.counts.get(), (1, 0));
        test.counts.failing.store(0, Relaxed);
        test.set_up(false)?;
        assert_eq!(test.counts.get(), (1, 0));

        test.set_up(true)?;
        assert_eq!(test.counts.get(), (2, 1));
        test.counts.failing.store(ADD_INTERFACE, Relaxed);
        assert_eq!(test.restart(), Err(EIO));
        assert_eq!(test.counts.get(), (2, 0));
        test.counts.failing.store(0, Relaxed);
        test.set_up(false)?;
        assert_eq!(test.counts.get(), (2, 0));
        Ok(())
    }

    #[test]
    fn data_of_stations_is_dropped_once() -> Result {
        let test = Test::new()?;
        test.set_up(true)?;
        let counts = &test.counts;
        let hw = test.hw.lock();
        let vif = test.vif(&hw);
        let sta_state = OPS.sta_state.ok_or(ENOENT)?;
        let size = offset_of!(bindings::ieee80211_sta, drv_priv) + sta_data_size::<Tidy>() as usize;
        let mut sta = KVec::from_elem(0u64, size.div_ceil(8), GFP_KERNEL)?;
        let sta = sta.as_mut_ptr().cast::<bindings::ieee80211_sta>();
        let step = |old, new| {
            // SAFETY: The mutex is held, and the interface added. The memory of the station has
            // begun as zeroes, is large enough, and lives as long as this test.
            to_result(unsafe { sta_state(hw.as_raw(), vif, sta, old, new) })
        };

        // The one that is alive all the time is of the interface.
        step(0, 1)?;
        step(1, 2)?;
        assert_eq!(counts.get(), (2, 2));
        // As after a restart.
        step(0, 1)?;
        step(1, 2)?;
        assert_eq!(counts.get(), (2, 2));
        // Errors on the way down are not taken, and on the way up leave what was there.
        counts.failing.store(STA_STATE, Relaxed);
        assert_eq!(step(2, 3), Err(EIO));
        step(2, 1)?;
        assert_eq!(counts.get(), (2, 2));
        step(1, 0)?;
        assert_eq!(counts.get(), (2, 1));

        assert_eq!(step(0, 1), Err(EIO));
        assert_eq!(counts.get(), (3, 1));
        counts.failing.store(NEW_STA, Relaxed);
        assert_eq!(step(0, 1), Err(EIO));
        assert_eq!(counts.get(), (3, 1));
        // mac80211 may keep such a station.
        assert_eq!(step(1, 2), Err(EIO));
        step(1, 0)?;
        assert_eq!(counts.get(), (3, 1));
        Ok(())
    }

    #[test]
    fn data_of_channel_contexts_is_dropped_once() -> Result {
        let test = Test::new()?;
        let counts = &test.counts;
        let hw = test.hw.lock();
        let add = OPS.add_chanctx.ok_or(ENOENT)?;
        let remove = OPS.remove_chanctx.ok_or(ENOENT)?;
        let size = offset_of!(bindings::ieee80211_chanctx_conf, drv_priv)
            + chanctx_data_size::<Tidy>() as usize;
        let mut ctx = KVec::from_elem(0u64, size.div_ceil(8), GFP_KERNEL)?;
        let ctx = ctx.as_mut_ptr().cast::<bindings::ieee80211_chanctx_conf>();
        // SAFETY: The mutex is held. The memory of the context has begun as zeroes, is large
        // enough, and lives as long as this test.
        let add = || to_result(unsafe { add(hw.as_raw(), ctx) });
        // SAFETY: As above.
        let remove = || unsafe { remove(hw.as_raw(), ctx) };

        add()?;
        // As after a restart.
        add()?;
        assert_eq!(counts.get(), (1, 1));
        counts.failing.store(ADD_CHANCTX, Relaxed);
        // mac80211 warns about this, and removes it later.
        assert_eq!(add(), Err(EIO));
        assert_eq!(counts.get(), (1, 1));
        remove();
        assert_eq!(counts.get(), (1, 0));

        assert_eq!(add(), Err(EIO));
        assert_eq!(counts.get(), (2, 0));
        Ok(())
    }

    /// A frame of `len` bytes, with `headroom` in front, that begins as a beacon.
    fn frame(len: usize, headroom: usize) -> Result<SkBuff> {
        let mut skb = SkBuff::alloc(len, headroom, GFP_KERNEL)?;
        let bytes = skb.put(len)?;
        bytes.fill(0);
        if let Some(byte) = bytes.first_mut() {
            *byte = 0x80;
        }
        Ok(skb)
    }

    fn status() -> RxStatus {
        RxStatus::new(Band::Band2Ghz, 2412).with_signal(-50)
    }

    #[test]
    fn threads_receive_with_softirqs_enabled() -> Result {
        let test = Test::new()?;
        let hw = &test.hw;
        let rx = |skb, status: RxStatus| hw.rx_ni(skb, &status);
        // Not started.
        rx(frame(40, 0)?, status())?;
        test.set_up(true)?;
        rx(frame(40, 0)?, status())?;
        // mac80211 does not get it at an odd address.
        rx(frame(40, 1)?, status())?;

        assert_eq!(rx(frame(1, 0)?, status()), Err(EINVAL));
        let mut skb = frame(40, 0)?;
        let clone = skb.try_clone(GFP_KERNEL)?;
        assert_eq!(rx(skb, status()), Err(EBUSY));
        drop(clone);
        // There is no such band, and no such rate.
        let other = RxStatus::new(Band::Band5Ghz, 5180);
        assert_eq!(rx(frame(40, 0)?, other), Err(EINVAL));
        let rate = RxRate::Legacy(4);
        assert_eq!(rx(frame(40, 0)?, status().with_rx_rate(rate)?), Err(EINVAL));

        let lock: Pin<KBox<SpinLockBh<()>>> =
            KBox::pin_init(new_spinlock_bh!((), "rust_kunit_mac80211"), GFP_KERNEL)?;
        let skb = frame(40, 0)?;
        let guard = lock.lock();
        let result = rx(skb, status());
        drop(guard);
        assert_eq!(result, Err(EDEADLK));
        Ok(())
    }

    /// Receives what is in a queue.
    #[pin_data]
    struct Ring {
        hw: Handle<Tidy>,
        #[pin]
        frames: SkbQueue,
        received: Atomic<i32>,
    }

    impl Poll for Arc<Ring> {
        fn poll(&self, context: &PollContext<'_>, budget: usize) -> usize {
            let rcu = rcu::read_lock();
            let Some(hw) = self.hw.get(&rcu) else {
                return 0;
            };
            let mut work = 0;
            if let Some(skb) = self.frames.dequeue() {
                work += 1;
                let result = hw.rx_napi(skb, &status(), None, context);
                self.received.fetch_add(i32::from(result.is_ok()), Relaxed);
            }
            hw.rx_list(context, |list| {
                while work < budget {
                    let Some(skb) = self.frames.dequeue() else {
                        break;
                    };
                    work += 1;
                    let result = list.rx(skb, &status(), None);
                    self.received.fetch_add(i32::from(result.is_ok()), Relaxed);
                }
            });
            work
        }
    }

    #[test]
    fn frames_are_received_when_polled() -> Result {
        let test = Test::new()?;
        test.set_up(true)?;
        let hw = test.hw.handle();
        let ring = Arc::pin_init(
            pin_init!(Ring {
                hw,
                frames <- new_skb_queue!(),
                received: Atomic::new(0),
            }),
            GFP_KERNEL,
        )?;
        let dev = Arc::new(DummyDevice::new()?, GFP_KERNEL)?;
        let napi = Arc::pin_init(Napi::new(dev, ring.clone()), GFP_KERNEL)?;
        for _ in 0..3 {
            ring.frames.queue_tail(frame(40, 0)?);
        }
        napi.enable()?;
        assert!(napi.schedule());
        napi.synchronize();
        napi.disable();
        assert_eq!(ring.received.load(Relaxed), 3);
        assert!(ring.frames.is_empty());
        Ok(())
    }
}
