// SPDX-License-Identifier: GPL-2.0

//! The life of a `struct ieee80211_hw`.

use super::{rx::Direct, txq::Rounds, unload::Unload, vif::Vif, vtable, work::Work, Operations};
use crate::{
    bindings,
    device::{Bound, Device},
    error::to_result,
    net::cfg80211::{
        self, BandConfig, BandTable, ChanDef, CipherSuite, ExtFeature, HasWiphy, IfCombination,
        IfType, IfTypes, Locked, RegDomain, RegRule, Wiphy,
    },
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{Acquire, Atomic, Full, Release},
        rcu, Arc,
    },
    types::Opaque,
};
use core::{marker::PhantomData, ops::Deref, ptr::NonNull};

/// A property of hardware that mac80211 must know of.
///
/// C: `enum ieee80211_hw_flags`. Only those are here that need no more than the callbacks of
/// [`Operations`] that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum HwFlag {
    /// Broadcast and multicast frames for sleeping stations are buffered by mac80211, and fetched
    /// with [`Vif::buffered_bc`](super::Vif::buffered_bc).
    HostBroadcastPsBuffering =
        bindings::ieee80211_hw_flags_IEEE80211_HW_HOST_BROADCAST_PS_BUFFERING,
    /// The signal is in dBm.
    SignalDbm = bindings::ieee80211_hw_flags_IEEE80211_HW_SIGNAL_DBM,
    /// Stations can save power.
    SupportsPs = bindings::ieee80211_hw_flags_IEEE80211_HW_SUPPORTS_PS,
    /// mac80211 sends the frames that announce power save.
    PsNullfuncStack = bindings::ieee80211_hw_flags_IEEE80211_HW_PS_NULLFUNC_STACK,
    /// Management frames can be protected.
    MfpCapable = bindings::ieee80211_hw_flags_IEEE80211_HW_MFP_CAPABLE,
    /// The driver says of each frame whether it was acknowledged.
    ReportsTxAckStatus = bindings::ieee80211_hw_flags_IEEE80211_HW_REPORTS_TX_ACK_STATUS,
    /// Frames may take the short way through mac80211.
    SupportFastXmit = bindings::ieee80211_hw_flags_IEEE80211_HW_SUPPORT_FAST_XMIT,
    /// HT and CCK rates can be used for the same frame.
    SupportsHtCckRates = bindings::ieee80211_hw_flags_IEEE80211_HW_SUPPORTS_HT_CCK_RATES,
    /// The driver wants to know of a monitor interface.
    WantMonitorVif = bindings::ieee80211_hw_flags_IEEE80211_HW_WANT_MONITOR_VIF,
    /// With channel contexts, stations can follow a channel switch of their access point.
    ChanctxStaCsa = bindings::ieee80211_hw_flags_IEEE80211_HW_CHANCTX_STA_CSA,
    /// The hardware scans channels of all bands in one scan.
    SingleScanOnAllBands = bindings::ieee80211_hw_flags_IEEE80211_HW_SINGLE_SCAN_ON_ALL_BANDS,
    /// No interface is made at registration.
    NoAutoVif = bindings::ieee80211_hw_flags_IEEE80211_HW_NO_AUTO_VIF,
}

/// What a driver says about its hardware before it is registered.
#[derive(Clone, Copy)]
pub struct Config<'a> {
    /// The addresses of the hardware; the first is the permanent one.
    pub addresses: &'a [[u8; 6]],
    /// The bands, each at most once.
    pub bands: &'a [BandConfig<'a>],
    /// The types of interfaces.
    pub interface_modes: IfTypes,
    /// Which interfaces can be in use together. With none, only one interface can be in use.
    pub combinations: &'a [IfCombination<'a>],
    /// Properties of the hardware.
    pub flags: &'a [HwFlag],
    /// Features beyond the basic ones.
    pub ext_features: &'a [ExtFeature],
    /// The ciphers; with none, the ones that mac80211 has in software.
    pub cipher_suites: &'a [CipherSuite],
    /// The number of transmit queues, 1 to 16; with 4 or more there is one per access category.
    pub queues: u16,
    /// The antennas to transmit and to receive with, a bit for each, for drivers that have
    /// [`Operations::set_antenna`].
    pub available_antennas: (u32, u32),
    /// What is allowed where, as the driver knows it, e.g. from the device; without rules, as the
    /// regulatory database does. User space can restrict it further. Channels that no rule is for
    /// are disabled.
    ///
    /// C: `wiphy_apply_custom_regulatory()`.
    pub custom_regulatory: &'a [RegRule],
    /// How many networks a scan of the hardware can ask for.
    pub max_scan_ssids: u8,
    /// How many bytes of elements probe requests of the hardware can have, at least 256.
    pub max_scan_elements: u16,
    /// How long the hardware can remain on a channel, in ms.
    pub max_remain_on_channel: u16,
    /// Whether access points can go to another channel. The driver has to look after each beacon
    /// whether it is time to, see [`Vif::csa_is_due`](super::Vif::csa_is_due).
    pub has_channel_switch: bool,
    /// How many rates the driver tries per frame, 1 to 4.
    pub max_rates: u8,
    /// How often it tries each.
    pub max_rate_tries: u8,
}

impl Config<'_> {
    /// One queue, one rate, and nothing else.
    pub const DEFAULT: Self = Config {
        addresses: &[],
        bands: &[],
        interface_modes: IfTypes::EMPTY,
        combinations: &[],
        flags: &[],
        ext_features: &[],
        cipher_suites: &[],
        queues: 1,
        available_antennas: (0, 0),
        custom_regulatory: &[],
        max_scan_ssids: 4,
        max_scan_elements: 2048,
        max_remain_on_channel: 5000,
        has_channel_switch: false,
        max_rates: 1,
        max_rate_tries: 1,
    };
}

/// What `struct wiphy` points to.
struct Tables {
    _bands: KVec<BandTable>,
    _addresses: KVec<bindings::mac_address>,
    _cipher_suites: KVec<u32>,
    _combinations: KVec<bindings::ieee80211_iface_combination>,
    _limits: KVec<KVec<bindings::ieee80211_iface_limit>>,
}

/// The driver's part of the memory of a `struct ieee80211_hw`.
#[pin_data]
pub(super) struct Private<T: Operations> {
    pub(super) shared: Arc<Shared<T>>,
    // Not 0 between `Operations::start` and `Operations::stop`.
    pub(super) started: Atomic<i32>,
    // Not 0 from `Operations::hw_scan` until the driver says that the scan is over.
    pub(super) scanning: Atomic<i32>,
    // How far a stay of `Operations::remain_on_channel` has got; 0 if there is none.
    pub(super) staying: Atomic<i32>,
    // Not 0 from `Hw::restart` until mac80211 starts the hardware.
    pub(super) restarting: Atomic<i32>,
    // The number by which frames that the driver keeps find the hardware, while it is started.
    pub(super) number: Atomic<u32>,
    pub(super) works: KVec<KBox<Work>>,
    #[pin]
    pub(super) txqs: Rounds,
    #[pin]
    pub(super) direct: Direct,
    #[pin]
    data: T,
}

/// A `struct ieee80211_hw` with the private data of a driver.
///
/// The type of the driver is the type of its data, and has the callbacks: see [`Operations`].
///
/// A driver gets a reference in callbacks, and by [`Registration`] and [`Handle`] as long as the
/// hardware is registered: what the methods start is stopped when it is unregistered.
///
/// # Invariants
///
/// The C structure is valid and was allocated by [`Allocated::new`] with the same `T`.
#[repr(transparent)]
pub struct Hw<T: Operations>(Opaque<bindings::ieee80211_hw>, PhantomData<T>);

// SAFETY: `Operations` has `Send` and `Sync` as supertraits; the methods can be called from any
// thread.
unsafe impl<T: Operations> Send for Hw<T> {}

// SAFETY: As above.
unsafe impl<T: Operations> Sync for Hw<T> {}

// SAFETY: `ieee80211_hw::wiphy` is set by `ieee80211_alloc_hw()` and constant.
unsafe impl<T: Operations> HasWiphy for Hw<T> {
    fn raw_wiphy(&self) -> *mut bindings::wiphy {
        // SAFETY: The structure is valid by the type invariant.
        unsafe { (*self.as_raw()).wiphy }
    }
}

impl<T: Operations> Hw<T> {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a` and come from [`Allocated::new`] with the same `T`.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::ieee80211_hw) -> &'a Self {
        // INVARIANT: By the safety requirements.
        // SAFETY: By the safety requirements; `Self` is transparent.
        unsafe { &*ptr.cast() }
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::ieee80211_hw {
        self.0.get()
    }

    #[inline]
    pub(super) fn private(&self) -> &Private<T> {
        // SAFETY: By the type invariant. The private data is initialised as long as there are
        // references to the `Hw`.
        unsafe { &*(*self.as_raw()).priv_.cast::<Private<T>>() }
    }

    /// The driver's data.
    ///
    /// C: `ieee80211_hw::priv`.
    #[inline]
    pub fn data(&self) -> Pin<&T> {
        // SAFETY: It is pinned since `Private` was initialised in place, and never moved.
        unsafe { Pin::new_unchecked(&self.private().data) }
    }

    /// The wiphy.
    #[inline]
    pub fn wiphy(&self) -> &Wiphy {
        // SAFETY: The wiphy is valid as long as the hardware.
        unsafe { Wiphy::from_raw(self.raw_wiphy()) }
    }

    /// A handle, for timers, other threads and other hardware.
    pub fn handle(&self) -> Handle<T> {
        Handle(self.private().shared.clone())
    }

    /// Calls `f` for each interface that is up and known to the driver.
    ///
    /// C: `ieee80211_iterate_active_interfaces_atomic()`.
    pub fn for_each_active_interface<'a, F: FnMut(&'a Vif<T>)>(
        &'a self,
        _rcu: &'a rcu::Guard,
        mut f: F,
    ) {
        // SAFETY: The hardware is valid; `each` calls `f`, which is valid for the call, with
        // interfaces of this hardware, which are valid as long as RCU is held.
        unsafe {
            bindings::ieee80211_iterate_active_interfaces_atomic(
                self.as_raw(),
                bindings::ieee80211_interface_iteration_flags_IEEE80211_IFACE_ITER_NORMAL,
                Some(each::<T, F>),
                (&raw mut f).cast(),
            )
        };
    }

    /// Stops the transmit queues.
    ///
    /// C: `ieee80211_stop_queues()`. It can be called in any context.
    pub fn stop_queues(&self) {
        // SAFETY: The hardware is valid.
        unsafe { bindings::ieee80211_stop_queues(self.as_raw()) };
    }

    /// Starts the transmit queues again.
    ///
    /// C: `ieee80211_wake_queues()`. It can be called in any context.
    pub fn wake_queues(&self) {
        // SAFETY: The hardware is valid.
        unsafe { bindings::ieee80211_wake_queues(self.as_raw()) };
    }

    fn queue(&self, queue: u8) -> Result<c_int> {
        // SAFETY: The hardware is valid; the number is constant once it is registered.
        let queues = unsafe { (*self.as_raw()).queues };
        if u16::from(queue) >= queues {
            return Err(EINVAL);
        }
        Ok(queue.into())
    }

    /// Stops a transmit queue. Fails with [`EINVAL`] if there is no such queue.
    ///
    /// C: `ieee80211_stop_queue()`. It can be called in any context.
    pub fn stop_queue(&self, queue: u8) -> Result {
        let queue = self.queue(queue)?;
        // SAFETY: The hardware is valid, and has the queue.
        unsafe { bindings::ieee80211_stop_queue(self.as_raw(), queue) };
        Ok(())
    }

    /// Starts a transmit queue again. Fails with [`EINVAL`] if there is no such queue.
    ///
    /// C: `ieee80211_wake_queue()`. It can be called in any context.
    pub fn wake_queue(&self, queue: u8) -> Result {
        let queue = self.queue(queue)?;
        // SAFETY: The hardware is valid, and has the queue.
        unsafe { bindings::ieee80211_wake_queue(self.as_raw(), queue) };
        Ok(())
    }

    /// Whether a transmit queue is stopped. Fails with [`EINVAL`] if there is no such queue.
    ///
    /// C: `ieee80211_queue_stopped()`. It can be called in any context.
    pub fn queue_stopped(&self, queue: u8) -> Result<bool> {
        let queue = self.queue(queue)?;
        // SAFETY: The hardware is valid, and has the queue.
        Ok(unsafe { bindings::ieee80211_queue_stopped(self.as_raw(), queue) } != 0)
    }

    /// Says that a switch has turned the radio off (`blocked`) or on: what is in use is brought
    /// down. It can be called in any context.
    ///
    /// Fails with [`ENODEV`] in callbacks before [`Allocated::register`] has returned: there is no
    /// switch if that fails.
    ///
    /// C: `wiphy_rfkill_set_hw_state()`.
    pub fn set_rfkill(&self, blocked: bool) -> Result {
        // Until all is scheduled, so that `retire()` can wait for whoever is here.
        let _rcu = rcu::read_lock();
        if self.private().shared.live.load(Acquire) != LIVE {
            return Err(ENODEV);
        }
        let reason = bindings::rfkill_hard_block_reasons_RFKILL_HARD_BLOCK_SIGNAL;
        // SAFETY: The wiphy was registered, which has not failed, so that it has its switch until
        // it is freed. `wiphy_unregister()` waits for what is scheduled; it is called after
        // `retire()` has waited for RCU readers that have found the hardware live.
        unsafe { bindings::wiphy_rfkill_set_hw_state_reason(self.raw_wiphy(), blocked, reason) };
        Ok(())
    }

    /// Whether the hardware has a property.
    ///
    /// C: `ieee80211_hw_check()`.
    pub fn has_flag(&self, flag: HwFlag) -> bool {
        // SAFETY: The hardware is valid, and the flag is one of the enumeration.
        unsafe { bindings::_ieee80211_hw_check(self.as_raw(), flag as u32) }
    }

    /// Has the hardware set up anew, after it has lost its state.
    ///
    /// mac80211 then calls [`Operations::start`] without [`Operations::stop`], and adds the
    /// interfaces and stations again. Their private data is kept. A scan of the hardware is over,
    /// and there is no other one until then.
    ///
    /// C: `ieee80211_restart_hw()`. It can be called in any context.
    pub fn restart(&self) {
        // mac80211 warns about a scan that goes on. One that is about to begin sees this, or is
        // seen below: see `Vtable::hw_scan()`.
        self.private().restarting.xchg(1, Full);
        self.scan_completed(true);
        // SAFETY: The hardware is valid. The work is cancelled after all callbacks, and after the
        // handle was revoked, in `ieee80211_unregister_hw()`.
        unsafe { bindings::ieee80211_restart_hw(self.as_raw()) };
    }
}

/// Calls a closure with an interface.
///
/// # Safety
///
/// `data` must refer to an `F`, and `vif` to a valid interface of hardware of `T`.
pub(super) unsafe extern "C" fn each<'a, T: Operations, F: FnMut(&'a Vif<T>)>(
    data: *mut c_void,
    _mac: *mut u8,
    vif: *mut bindings::ieee80211_vif,
) {
    // SAFETY: By the safety requirements.
    let f = unsafe { &mut *data.cast::<F>() };
    // SAFETY: By the safety requirements.
    if let Some(vif) = unsafe { Vif::from_raw(vif) } {
        f(vif);
    }
}

/// The part of the configuration that mac80211 changes.
///
/// C: `struct ieee80211_conf`.
#[derive(Clone, Copy, Debug)]
pub struct Conf {
    /// The channel, if there is one.
    pub chandef: Option<ChanDef>,
    /// No interface needs the hardware: it does not have to receive nor to transmit.
    pub idle: bool,
    /// Stations may save power.
    pub ps: bool,
    /// There is a monitor interface.
    pub monitor: bool,
    /// The power in dBm.
    pub power_level: i32,
}

impl<T: Operations> Locked<Hw<T>> {
    /// The configuration.
    ///
    /// C: `ieee80211_hw::conf`.
    pub fn conf(&self) -> Conf {
        // SAFETY: The hardware is valid. The configuration is written with the mutex of the wiphy
        // held only, which it is.
        let conf = unsafe { &(*self.as_raw()).conf };
        let flag = |flag| conf.flags & flag != 0;
        Conf {
            // SAFETY: The channel is one of the wiphy's.
            chandef: unsafe { ChanDef::read(&conf.chandef) },
            idle: flag(bindings::ieee80211_conf_flags_IEEE80211_CONF_IDLE),
            ps: flag(bindings::ieee80211_conf_flags_IEEE80211_CONF_PS),
            monitor: flag(bindings::ieee80211_conf_flags_IEEE80211_CONF_MONITOR),
            power_level: conf.power_level,
        }
    }
}

/// Hardware and the tables it refers to.
///
/// # Invariants
///
/// `hw` is valid and comes from [`Allocated::new`] with the same `T`; its private data is
/// initialised. It is not registered.
struct Inner<T: Operations> {
    hw: NonNull<bindings::ieee80211_hw>,
    // Dropped after `drop()` has freed the hardware.
    tables: Option<Tables>,
    _dev: ARef<Device>,
    _p: PhantomData<T>,
}

impl<T: Operations> Inner<T> {
    fn hw(&self) -> &Hw<T> {
        // SAFETY: By the type invariant.
        unsafe { Hw::from_raw(self.hw.as_ptr()) }
    }
}

impl<T: Operations> Drop for Inner<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the private data is initialised, and since the hardware is
        // not registered, nobody else has a reference to it.
        unsafe {
            core::ptr::drop_in_place((*self.hw.as_ptr()).priv_.cast::<Private<T>>());
            bindings::ieee80211_free_hw(self.hw.as_ptr());
        }
    }
}

/// Hardware that is allocated; nothing is known about it.
///
/// The next step is [`Allocated::configure`].
pub struct Allocated<T: Operations>(Inner<T>);

// SAFETY: It owns an `Hw<T>`, which is `Send`, and tables that nobody else refers to.
unsafe impl<T: Operations> Send for Allocated<T> {}

impl<T: Operations> Allocated<T> {
    /// Allocates hardware for `dev`, with `data` as the driver's data. It may sleep.
    ///
    /// The wiphy becomes a child of `dev`. What is made of this belongs to the data of the driver
    /// of `dev`, which is dropped when it is unbound: the device core wants children to go first.
    ///
    /// C: `ieee80211_alloc_hw()`, `SET_IEEE80211_DEV()`.
    pub fn new<E>(dev: &Device<Bound>, data: impl PinInit<T, E>) -> Result<Self>
    where
        Error: From<E>,
    {
        const {
            // What `ieee80211_alloc_hw_nm()` aligns the private data to.
            assert!(align_of::<Private<T>>() <= bindings::NETDEV_ALIGN as usize);
        }
        vtable::check::<T>();

        let dev: &Device = dev;
        let dev = ARef::from(dev);
        // SAFETY: The table is static. No driver is called before registration.
        let hw = unsafe {
            bindings::ieee80211_alloc_hw_nm(
                size_of::<Private<T>>(),
                &vtable::Vtable::<T>::OPS,
                core::ptr::null(),
            )
        };
        let hw = NonNull::new(hw).ok_or(ENOMEM)?;
        // SAFETY: The hardware was just allocated, with the table of the driver `T`.
        match unsafe { Self::init(hw, &dev, data) } {
            // INVARIANT: It was initialised.
            Ok(()) => Ok(Self(Inner {
                hw,
                tables: None,
                _dev: dev,
                _p: PhantomData,
            })),
            Err(error) => {
                // SAFETY: It was just allocated, and the private data is not initialised.
                unsafe { bindings::ieee80211_free_hw(hw.as_ptr()) };
                Err(error)
            }
        }
    }

    /// Initialises the private data.
    ///
    /// # Safety
    ///
    /// `hw` must be new, with memory for a `Private<T>`.
    unsafe fn init<E>(
        hw: NonNull<bindings::ieee80211_hw>,
        dev: &Device,
        data: impl PinInit<T, E>,
    ) -> Result
    where
        Error: From<E>,
    {
        let shared = Arc::new(
            Shared {
                hw,
                live: Atomic::new(0),
                _p: PhantomData,
            },
            GFP_KERNEL,
        )?;
        let works = Work::all::<T>()?;
        let init = try_pin_init!(Private {
            shared,
            started: Atomic::new(0),
            scanning: Atomic::new(0),
            staying: Atomic::new(0),
            restarting: Atomic::new(0),
            number: Atomic::new(0),
            works,
            txqs <- Rounds::new(),
            direct <- Direct::new(),
            data <- data,
        }? Error);

        // SAFETY: By the safety requirements nobody else accesses the hardware; its private memory
        // is large enough, and aligned, which `new()` has asserted. It is not moved.
        unsafe {
            init.__pinned_init((*hw.as_ptr()).priv_.cast::<Private<T>>())?;
            (*hw.as_ptr()).vif_data_size = vtable::vif_data_size::<T>();
            (*hw.as_ptr()).sta_data_size = vtable::sta_data_size::<T>();
            (*hw.as_ptr()).chanctx_data_size = vtable::chanctx_data_size::<T>();
            bindings::SET_IEEE80211_DEV(hw.as_ptr(), dev.as_raw());
        }
        Ok(())
    }

    /// Says what the hardware can do.
    ///
    /// Fails with [`EINVAL`] for what cfg80211 or mac80211 would warn about, in particular: no
    /// address, no band, a band twice or without channels or rates, a channel outside of its band,
    /// high throughput with fewer than 4 queues, a combination of types that are not in
    /// [`Config::interface_modes`].
    pub fn configure(mut self, config: &Config<'_>) -> Result<Configured<T>> {
        // mac80211 makes interfaces of this type by itself, and refuses them here; the others need
        // callbacks that are not there.
        for ty in [IfType::ApVlan, IfType::Nan, IfType::P2pDevice] {
            if config.interface_modes.contains(ty) {
                return Err(EINVAL);
            }
        }
        // `ieee80211_register_hw()` would take it from the types, but not from the combinations.
        if !cfg!(CONFIG_MAC80211_MESH) && config.interface_modes.contains(IfType::MeshPoint) {
            return Err(EINVAL);
        }
        if config.interface_modes == IfTypes::EMPTY
            || config.addresses.is_empty()
            || config.bands.is_empty()
            || !(1..=bindings::ieee80211_max_queues_IEEE80211_MAX_QUEUES as u16)
                .contains(&config.queues)
            || !(1..=bindings::IEEE80211_TX_MAX_RATES as u8).contains(&config.max_rates)
            || !(1..=bindings::IEEE80211_MAX_TX_RETRY as u8).contains(&config.max_rate_tries)
        {
            return Err(EINVAL);
        }

        let mut limits = KVec::with_capacity(config.combinations.len(), GFP_KERNEL)?;
        let mut combinations = KVec::with_capacity(config.combinations.len(), GFP_KERNEL)?;
        for combination in config.combinations {
            let (raw, raw_limits) = Self::combination(config, combination)?;
            combinations.push(raw, GFP_KERNEL)?;
            limits.push(raw_limits, GFP_KERNEL)?;
        }
        let mut addresses = KVec::with_capacity(config.addresses.len(), GFP_KERNEL)?;
        for &addr in config.addresses {
            // Not a group address, not zero.
            if addr[0] & 1 != 0 || addr == [0; 6] {
                return Err(EINVAL);
            }
            addresses.push(bindings::mac_address { addr }, GFP_KERNEL)?;
        }
        let mut cipher_suites = KVec::with_capacity(config.cipher_suites.len(), GFP_KERNEL)?;
        for suite in config.cipher_suites {
            cipher_suites.push(suite.as_raw(), GFP_KERNEL)?;
        }
        let mut bands = KVec::with_capacity(config.bands.len(), GFP_KERNEL)?;
        for (index, band) in config.bands.iter().enumerate() {
            let twice = config
                .bands
                .iter()
                .skip(index + 1)
                .any(|b| b.band == band.band);
            // `ieee80211_register_hw()` warns about high throughput without QoS.
            let no_qos = u32::from(config.queues) < bindings::IEEE80211_NUM_ACS
                && (band.ht.is_some() || band.vht.is_some() || !band.he.is_empty());
            if twice || no_qos {
                return Err(EINVAL);
            }
            bands.push(BandTable::new(band)?, GFP_KERNEL)?;
        }

        let regulatory = match config.custom_regulatory {
            [] => None,
            rules => Some(RegDomain::new(rules)?),
        };

        let hw = self.0.hw.as_ptr();
        // SAFETY: The hardware is valid and not registered: nobody else accesses it.
        let (hw, wiphy) = unsafe { (&mut *hw, &mut *(*hw).wiphy) };
        for (config, table) in config.bands.iter().zip(bands.iter_mut()) {
            wiphy.bands[config.band.index()] = table.as_mut_ptr();
        }
        wiphy.n_addresses = addresses.len().try_into()?;
        wiphy.addresses = addresses.as_mut_ptr();
        wiphy.perm_addr = addresses[0].addr;
        wiphy.interface_modes = config.interface_modes.as_raw();
        wiphy.n_iface_combinations = combinations.len().try_into()?;
        if !combinations.is_empty() {
            wiphy.iface_combinations = combinations.as_ptr();
        }
        if !cipher_suites.is_empty() {
            wiphy.n_cipher_suites = cipher_suites.len().try_into()?;
            wiphy.cipher_suites = cipher_suites.as_ptr();
        }
        (wiphy.available_antennas_tx, wiphy.available_antennas_rx) = config.available_antennas;
        // Of scans in software mac80211 says it.
        if T::HAS_HW_SCAN {
            // mac80211 subtracts what it adds itself.
            if config.max_scan_elements < 256 {
                return Err(EINVAL);
            }
            wiphy.max_scan_ssids = config.max_scan_ssids;
            wiphy.max_scan_ie_len = config.max_scan_elements;
        }
        if T::HAS_REMAIN_ON_CHANNEL {
            wiphy.max_remain_on_channel_duration = config.max_remain_on_channel;
        }
        wiphy.flags &= !bindings::wiphy_flags_WIPHY_FLAG_PS_ON_BY_DEFAULT;
        if config.has_channel_switch {
            wiphy.flags |= bindings::wiphy_flags_WIPHY_FLAG_HAS_CHANNEL_SWITCH;
        }
        hw.queues = config.queues;
        hw.max_rates = config.max_rates;
        hw.max_rate_tries = config.max_rate_tries;
        if T::HAS_AMPDU_ACTION {
            let flag = bindings::ieee80211_hw_flags_IEEE80211_HW_AMPDU_AGGREGATION;
            // SAFETY: The hardware is valid, and the flag is one of the enumeration.
            unsafe { bindings::_ieee80211_hw_set(hw, flag) };
        }
        for &flag in config.flags {
            // SAFETY: The hardware is valid, and the flag is one of the enumeration.
            unsafe { bindings::_ieee80211_hw_set(hw, flag as u32) };
        }
        for &feature in config.ext_features {
            // SAFETY: The wiphy is valid, and the feature is one of the enumeration.
            unsafe { bindings::wiphy_ext_feature_set(wiphy, feature as u32) };
        }
        self.0.tables = Some(Tables {
            _bands: bands,
            _addresses: addresses,
            _cipher_suites: cipher_suites,
            _combinations: combinations,
            _limits: limits,
        });
        if let Some(regulatory) = regulatory {
            wiphy.regulatory_flags |= bindings::ieee80211_regulatory_flags_REGULATORY_CUSTOM_REG;
            // SAFETY: The wiphy is valid and has bands. The rules are copied.
            unsafe { bindings::wiphy_apply_custom_regulatory(wiphy, regulatory.as_ptr()) };
            // There was no memory for the copy.
            if wiphy.regd.is_null() {
                return Err(ENOMEM);
            }
        }
        Ok(Configured(self.0))
    }

    /// Checks what `wiphy_verify_iface_combinations()` and `ieee80211_ifcomb_check()` would warn
    /// about.
    fn combination(
        config: &Config<'_>,
        combination: &IfCombination<'_>,
    ) -> Result<(
        bindings::ieee80211_iface_combination,
        KVec<bindings::ieee80211_iface_limit>,
    )> {
        let mut limits = KVec::with_capacity(combination.limits.len(), GFP_KERNEL)?;
        let mut seen = IfTypes::EMPTY;
        let mut total = 0u32;
        for limit in combination.limits {
            let types = limit.types;
            if limit.max == 0
                || types == IfTypes::EMPTY
                || !config.interface_modes.contains_all(types)
                || seen.intersects(types)
                // Any number of them is allowed, and they are not counted.
                || types.contains(IfType::Monitor)
                // mac80211 has no more than one.
                || types.contains(IfType::Adhoc) && limit.max > 1
            {
                return Err(EINVAL);
            }
            seen = seen.union(types);
            total += u32::from(limit.max);
            limits.push(
                bindings::ieee80211_iface_limit {
                    max: limit.max,
                    types: types.as_raw(),
                },
                GFP_KERNEL,
            )?;
        }
        // mac80211's emulation of channel contexts has one channel.
        let max_channels = if T::HAS_ADD_CHANCTX { u32::MAX } else { 1 };
        if combination.max_interfaces < 2
            || u32::from(combination.max_interfaces) > total
            || !(1..=max_channels).contains(&combination.num_different_channels)
        {
            return Err(EINVAL);
        }
        let mut raw: bindings::ieee80211_iface_combination = pin_init::zeroed();
        raw.limits = limits.as_ptr();
        raw.n_limits = limits.len().try_into()?;
        raw.max_interfaces = combination.max_interfaces;
        raw.num_different_channels = combination.num_different_channels;
        raw.beacon_int_infra_match = combination.beacon_int_infra_match;
        Ok((raw, limits))
    }
}

/// Hardware that is ready to be registered.
///
/// The next step is [`Configured::register`].
pub struct Configured<T: Operations>(Inner<T>);

// SAFETY: It owns an `Hw<T>`, which is `Send`, and tables that nobody else refers to.
unsafe impl<T: Operations> Send for Configured<T> {}

impl<T: Operations> Configured<T> {
    /// Registers the hardware. It may sleep; the caller must not hold the RTNL, nor a mutex that
    /// a callback takes.
    ///
    /// The callbacks may be called before this returns.
    ///
    /// C: `ieee80211_register_hw()`.
    pub fn register(self) -> Result<Registration<T>> {
        // SAFETY: `unregister` is of the same driver as the hardware, hence of the same module. The
        // hardware is freed after `Unload` is dropped, here and in `Registration`.
        let unload = unsafe { Unload::new(self.0.hw, unregister::<T>) }?;
        // Callbacks may be called before the next function returns, and queue works.
        let live = &self.0.hw().private().shared.live;
        live.store(COMING, Release);
        // SAFETY: The hardware is valid and not registered.
        let result = to_result(unsafe { bindings::ieee80211_register_hw(self.0.hw.as_ptr()) });
        if let Err(error) = result {
            retire(self.0.hw());
            return Err(error);
        }
        unload.arm();
        live.store(LIVE, Release);
        if T::HAS_RFKILL_POLL {
            // SAFETY: The wiphy is registered. Unregistering it ends this, and waits for a call of
            // the callback.
            unsafe { bindings::wiphy_rfkill_start_polling(self.0.hw().raw_wiphy()) };
        }
        Ok(Registration {
            unload,
            inner: self.0,
        })
    }
}

/// Hardware that is registered, until this is dropped.
///
/// Dropping it may sleep. Handles find nothing any more, the interfaces are removed, no callback
/// runs any more, and the data is dropped, in this order. The caller must not hold the RTNL, nor a
/// mutex that a callback takes.
///
/// If it is forgotten, the hardware remains registered, until the module of the driver is unloaded;
/// then it is unregistered, but not freed.
pub struct Registration<T: Operations> {
    // Dropped first: `inner` is used until the end of the module is not watched any more.
    unload: Unload,
    inner: Inner<T>,
}

// SAFETY: It may be dropped in any thread, as the data.
unsafe impl<T: Operations> Send for Registration<T> {}

// SAFETY: It gives a `&Hw<T>` only, which is `Sync`.
unsafe impl<T: Operations> Sync for Registration<T> {}

impl<T: Operations> Registration<T> {
    /// Locks the mutex of the wiphy. It may sleep.
    ///
    /// It is a method of this, not of [`Hw`], since callbacks have it locked already.
    ///
    /// C: `wiphy_lock()`.
    pub fn lock(&self) -> cfg80211::Guard<'_, Hw<T>> {
        cfg80211::Guard::new(self.inner.hw())
    }
}

impl<T: Operations> Deref for Registration<T> {
    type Target = Hw<T>;

    fn deref(&self) -> &Hw<T> {
        self.inner.hw()
    }
}

impl<T: Operations> Drop for Registration<T> {
    fn drop(&mut self) {
        if self.unload.disarm() {
            // SAFETY: The hardware is registered, and nobody else unregisters it. `Inner` frees it
            // when it is dropped.
            unsafe { unregister::<T>(self.inner.hw) };
        }
    }
}

/// From now on handles find nothing, and no works run.
fn retire<T: Operations>(hw: &Hw<T>) {
    hw.private().shared.live.store(0, Release);
    // Whoever has got the hardware by a handle is done with it afterwards.
    // SAFETY: There are no conditions; it may sleep.
    unsafe { bindings::synchronize_rcu() };
    let hw = cfg80211::Guard::new(hw);
    // Callbacks that have found it registered have ended, those that follow queue nothing.
    // SAFETY: The mutex is held.
    unsafe { hw.cancel_works() };
}

/// Ends a registration.
///
/// # Safety
///
/// `hw` must come from [`Allocated::new`] with the same `T`, and be registered; nobody else may
/// unregister it.
unsafe fn unregister<T: Operations>(hw: NonNull<bindings::ieee80211_hw>) {
    // SAFETY: By the safety requirements.
    let hw = unsafe { Hw::<T>::from_raw(hw.as_ptr()) };
    retire(hw);
    // SAFETY: The hardware is valid and registered.
    unsafe { bindings::ieee80211_unregister_hw(hw.as_raw()) };
}

/// [`Shared::live`] of hardware that is about to be registered.
const COMING: i32 = 1;

/// [`Shared::live`] of hardware that is registered.
const LIVE: i32 = 2;

/// What handles have in common.
///
/// # Invariants
///
/// If `live` is [`LIVE`], `hw` is registered, and remains allocated for an RCU grace period after
/// `live` has become 0. It has become 0 before `hw` is freed.
pub(super) struct Shared<T: Operations> {
    hw: NonNull<bindings::ieee80211_hw>,
    pub(super) live: Atomic<i32>,
    _p: PhantomData<T>,
}

// SAFETY: It gives a `&Hw<T>` only, which is `Send` and `Sync`.
unsafe impl<T: Operations> Send for Shared<T> {}

// SAFETY: As above.
unsafe impl<T: Operations> Sync for Shared<T> {}

/// A way to hardware, that finds it as long as it is registered.
///
/// It can be kept by timers, by other hardware, and in the data of the hardware itself.
pub struct Handle<T: Operations>(Arc<Shared<T>>);

impl<T: Operations> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Operations> Handle<T> {
    /// The hardware, if it is registered, as long as RCU is held.
    #[inline]
    pub fn get<'a>(&'a self, _rcu: &'a rcu::Guard) -> Option<&'a Hw<T>> {
        if self.0.live.load(Acquire) != LIVE {
            return None;
        }
        // SAFETY: By the type invariant of `Shared` it is valid as long as RCU is held.
        Some(unsafe { Hw::from_raw(self.0.hw.as_ptr()) })
    }

    /// Whether both are of the same hardware.
    #[inline]
    pub fn is(&self, other: &Hw<T>) -> bool {
        self.0.hw.as_ptr() == other.as_raw()
    }
}
