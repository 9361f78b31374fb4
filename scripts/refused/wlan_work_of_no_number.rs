// SPDX-License-Identifier: GPL-2.0

//! Work is one of the functions that the driver has listed.

#![allow(missing_docs, unused)]

use kernel::{
    net::{
        cfg80211::Locked,
        mac80211::{ConfChange, Filter, Hw, Interface, Operations, Station, TxFrame, Vif},
    },
    prelude::*,
    sync::rcu,
};

pub struct Radio;

#[vtable]
impl Operations for Radio {
    type Vif = ();
    type Sta = ();
    type ChanCtx = ();

    const WORKS: &'static [fn(&Locked<Hw<Self>>)] = &[Self::work];

    fn tx(_hw: &Hw<Self>, _frame: TxFrame<'_, Self>, _rcu: &rcu::Guard) {}

    fn start(_hw: &Locked<Hw<Self>>) -> Result {
        Ok(())
    }

    fn stop(_hw: &Locked<Hw<Self>>, _suspend: bool) {}

    fn new_vif(_hw: &Locked<Hw<Self>>, _vif: &Interface) -> Result {
        Ok(())
    }

    fn config(_hw: &Locked<Hw<Self>>, _changed: ConfChange) -> Result {
        Ok(())
    }

    fn configure_filter(_hw: &Locked<Hw<Self>>, _wanted: Filter) -> Filter {
        Filter::NONE
    }

    fn new_sta(_hw: &Locked<Hw<Self>>, _vif: &Vif<Self>, _sta: &Station) -> Result {
        Ok(())
    }
}

impl Radio {
    pub fn work(hw: &Locked<Hw<Self>>) {
        let _ = hw.queue_work::<0>(10);
        let _ = hw.queue_work::<1>(10); //~ error[E0080]: there is no such work
    }
}

