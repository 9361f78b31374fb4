// SPDX-License-Identifier: GPL-2.0

//! mac80211 wants all callbacks for channel contexts, or none.

#![allow(missing_docs, unused)]

use kernel::{
    device::{Bound, Device},
    net::{
        cfg80211::Locked,
        mac80211::{
            Allocated, ChanCtx, ConfChange, Filter, Hw, Interface, Operations, Station, TxFrame,
            Vif,
        },
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

    fn add_chanctx(_hw: &Locked<Hw<Self>>, _ctx: &ChanCtx<Self>) -> Result {
        Ok(())
    }
}

pub fn test(dev: &Device<Bound>) -> Result {
    let _ = Allocated::new(dev, Radio)?; //~ error[E0080]: evaluation of `kernel::net::mac80211::vtable::check
    Ok(())
}
