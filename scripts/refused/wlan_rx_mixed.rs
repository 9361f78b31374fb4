// SPDX-License-Identifier: GPL-2.0

//! A driver receives by the tasklet of mac80211 or without it, not in both ways.

#![allow(missing_docs, unused)]

use kernel::{
    net::{
        cfg80211::Locked,
        mac80211::{ConfChange, Filter, Hw, Interface, Operations, RxStatus, Station, TxFrame, Vif},
        skb::SkBuff,
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

    const RX_DIRECT: bool = true;

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
    pub fn receive(hw: &Hw<Self>, skb: SkBuff, status: &RxStatus) -> Result {
        hw.rx_ni(skb, status)
    }

    pub fn test(hw: &Hw<Self>, skb: SkBuff, status: &RxStatus) -> Result {
        hw.rx_irqsafe(skb, status)?; //~ error[E0080]: this driver receives without the tasklet
        Ok(())
    }
}
