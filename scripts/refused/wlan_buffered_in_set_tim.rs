// SPDX-License-Identifier: GPL-2.0

//! The lock that `set_buffered` takes is held when the TIM changes.

#![allow(missing_docs, unused)]

use kernel::{
    net::{
        cfg80211::Locked,
        mac80211::{ConfChange, Filter, Hw, Interface, Operations, Station, TxFrame, Vif},
    },
    prelude::*,
    sync::rcu,
};

struct Radio;

#[vtable]
impl Operations for Radio {
    type Vif = ();
    type Sta = ();
    type ChanCtx = ();

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

    fn set_tim(
        _hw: &Hw<Self>,
        sta: &Station,
        _data: &(),
        set: bool,
        rcu: &rcu::Guard,
    ) -> Result {
        let _ = sta.set_buffered(0, set, rcu); //~ error[E0599]: no method named `set_buffered` found
        Ok(())
    }
}
