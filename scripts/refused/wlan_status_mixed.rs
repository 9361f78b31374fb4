// SPDX-License-Identifier: GPL-2.0

//! The status of frames is not reported by the tasklet if frames are received without it.

#![allow(missing_docs, unused)]

use kernel::{
    net::{
        cfg80211::Locked,
        mac80211::{ConfChange, Filter, Hw, Interface, Operations, Station, TxFrame, TxStatus, Vif},
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
    pub fn sent(status: TxStatus<'_, Self>) -> Result {
        status.report_ni()
    }

    pub fn test(status: TxStatus<'_, Self>) {
        status.report_irqsafe(); //~ error[E0080]: this driver receives without the tasklet
    }
}
