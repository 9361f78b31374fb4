// SPDX-License-Identifier: GPL-2.0

//! Software radios.
//!
//! They transmit to each other, if they are on the same channel: see [`medium`]. Each is a
//! `struct ieee80211_hw` of its own, see [`radio`].
//!
//! The parameter `radios` is how many there are when the driver is loaded, and `channels` is on how
//! many channels each of them can be at a time. If there are several, the radios have channel
//! contexts, and scan by themselves. If there is one, mac80211 emulates channel contexts, and scans
//! by software. Without parameters, there are two radios with four channels each.
//!
//! The file `hwsim_rust/radios` in debugfs has their number; writing another one to it makes or
//! removes radios, the ones made last first. Writing the number of a radio to `hwsim_rust/restart`
//! has it set up anew, as after a failure. Writing `NUMBER 1` to `hwsim_rust/rfkill` blocks a
//! radio, as a switch of the device does, and `NUMBER 0` releases it; `NUMBER COUNTRY` to
//! `hwsim_rust/country` is where it finds itself.
//!
//! C version of this driver: [`mac80211_hwsim.c`](../mac80211_hwsim.c)
//!
//! # What mac80211_hwsim does otherwise
//!
//! - Radios are made over netlink, too, with parameters of their own, and have one channel if
//!   nothing else is said. Here they are all the same, and further ones are made by debugfs.
//! - Its radios with one channel have surveys, too, of the scans of mac80211.
//! - Its radios hear each other only if they are in network namespaces of the same `netgroup`, and
//!   in the same `group`. Here all hear all.
//! - The interface `hwsim0` shows all frames on the air, and a program can be the medium, over
//!   netlink (wmediumd) or virtio. Here there is neither.
//! - In debugfs, its radios have `ps`, `group`, `rx_rssi` and `dfs_simulate_radar`.
//! - It has ad hoc, mesh, peer-to-peer, OCB and NAN interfaces. Here there are stations, access
//!   points and monitors.
//! - It has 6 GHz and S1G, channels of 5 and 10 MHz, EHT, multi-link operation, several radios per
//!   wiphy, radar detection, and more of HT, VHT and HE than is here. Neither has a rate of HE or
//!   EHT for its own frames.
//! - Its channels have the power that the regulatory rules allow. Here they have 20 dBm at most.
//! - It has these features: `WIPHY_FLAG_AP_UAPSD`, TDLS, `NL80211_FEATURE_SCAN_RANDOM_MAC_ADDR`,
//!   `_AP_SCAN` (here with one channel only), `_ACTIVE_MONITOR`, `_AP_MODE_CHAN_WIDTH_CHANGE`,
//!   `_STATIC_SMPS` and `_DYNAMIC_SMPS`, several BSSIDs per access point, colors of BSSs, fine
//!   timing measurements, and thresholds of the signal as a list.
//! - It has a queue for frames on another channel, three addresses per radio, frames in pages
//!   (`paged_rx`), tables of rates (`rctbl`), regulatory rules of its own (`regtest`), statistics
//!   for ethtool, and commands of a vendor.

use kernel::{
    c_str, debugfs, fmt,
    prelude::*,
    sync::{new_mutex, Arc, Mutex},
    uaccess::UserSliceReader,
};

mod bands;
mod medium;
mod radio;
mod scan;

use medium::Medium;
use radio::Owner;

/// How many there can be; their addresses have 16 bits for the number.
const MAX_RADIOS: usize = 1000;

/// On how many channels each can be.
const MAX_CHANNELS: u32 = 4;

/// The radios that exist.
#[pin_data]
struct Radios<const CONTEXTS: bool> {
    medium: Arc<Medium<CONTEXTS>>,
    channels: u32,
    #[pin]
    owners: Mutex<KVec<Owner<CONTEXTS>>>,
}

impl<const CONTEXTS: bool> Radios<CONTEXTS> {
    fn new(medium: Arc<Medium<CONTEXTS>>, channels: u32) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            medium,
            channels,
            owners <- new_mutex!(KVec::new()),
        })
    }

    /// Makes or removes radios until there are `number`.
    fn set_number(&self, number: usize) -> Result {
        if number > MAX_RADIOS {
            return Err(EINVAL);
        }
        let mut owners = self.owners.lock();
        while owners.len() < number {
            let owner = Owner::new(&self.medium, owners.len(), self.channels)?;
            owners.push(owner, GFP_KERNEL)?;
        }
        while owners.len() > number {
            drop(owners.pop());
        }
        Ok(())
    }

    fn read_number(this: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", this.owners.lock().len())
    }

    fn write_number(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        this.set_number(parse(reader)?)
    }

    fn write_restart(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        let index = parse(reader)?;
        this.owners.lock().get(index).ok_or(ENODEV)?.restart();
        Ok(())
    }

    fn write_rfkill(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        parse_with(reader, |index, blocked| {
            let blocked = match blocked {
                "0" => false,
                "1" => true,
                _ => return Err(EINVAL),
            };
            this.owners
                .lock()
                .get(index)
                .ok_or(ENODEV)?
                .set_rfkill(blocked)
        })
    }

    fn write_country(this: &Arc<Self>, reader: &mut UserSliceReader) -> Result {
        parse_with(reader, |index, country| {
            let country = country.as_bytes().try_into().map_err(|_| EINVAL)?;
            this.owners
                .lock()
                .get(index)
                .ok_or(ENODEV)?
                .set_country(country)
        })
    }
}

/// Calls `f` with the line that is written.
fn with_text<R>(reader: &mut UserSliceReader, f: impl FnOnce(&str) -> Result<R>) -> Result<R> {
    let mut buf = [0; 16];
    let text = buf.get_mut(..reader.len()).ok_or(EINVAL)?;
    reader.read_slice(text)?;
    f(core::str::from_utf8(text).map_err(|_| EINVAL)?.trim())
}

fn parse(reader: &mut UserSliceReader) -> Result<usize> {
    with_text(reader, |text| text.parse().map_err(|_| EINVAL))
}

/// The same, with a word after the number.
fn parse_with(reader: &mut UserSliceReader, f: impl FnOnce(usize, &str) -> Result) -> Result {
    with_text(reader, |text| {
        let (number, word) = text.split_once(' ').ok_or(EINVAL)?;
        f(number.parse().map_err(|_| EINVAL)?, word)
    })
}

/// The files in debugfs.
struct Files<const CONTEXTS: bool> {
    // When they are dropped, whoever uses the files is waited for, and then the radios go.
    _number: Pin<KBox<debugfs::File<Arc<Radios<CONTEXTS>>>>>,
    _restart: Pin<KBox<debugfs::File<Arc<Radios<CONTEXTS>>>>>,
    _rfkill: Pin<KBox<debugfs::File<Arc<Radios<CONTEXTS>>>>>,
    _country: Pin<KBox<debugfs::File<Arc<Radios<CONTEXTS>>>>>,
    _dir: debugfs::Dir,
}

impl<const CONTEXTS: bool> Files<CONTEXTS> {
    /// Makes them, and the radios.
    fn new(number: usize, channels: u32) -> Result<Self> {
        let radios = Arc::pin_init(
            Radios::<CONTEXTS>::new(Medium::new()?, channels),
            GFP_KERNEL,
        )?;
        radios.set_number(number)?;
        let dir = debugfs::Dir::new(c_str!("hwsim_rust"));
        let number = dir.read_write_callback_file(
            c_str!("radios"),
            radios.clone(),
            &Radios::<CONTEXTS>::read_number,
            &Radios::<CONTEXTS>::write_number,
        );
        let restart = dir.write_callback_file(
            c_str!("restart"),
            radios.clone(),
            &Radios::<CONTEXTS>::write_restart,
        );
        let rfkill = dir.write_callback_file(
            c_str!("rfkill"),
            radios.clone(),
            &Radios::<CONTEXTS>::write_rfkill,
        );
        let country = dir.write_callback_file(
            c_str!("country"),
            radios,
            &Radios::<CONTEXTS>::write_country,
        );
        Ok(Self {
            _number: KBox::pin_init(number, GFP_KERNEL)?,
            _restart: KBox::pin_init(restart, GFP_KERNEL)?,
            _rfkill: KBox::pin_init(rfkill, GFP_KERNEL)?,
            _country: KBox::pin_init(country, GFP_KERNEL)?,
            _dir: dir.clone(),
        })
    }
}

enum HwsimRust {
    OneChannel { _files: Files<false> },
    Contexts { _files: Files<true> },
}

impl kernel::Module for HwsimRust {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let radios = *module_parameters::radios.value();
        match *module_parameters::channels.value() {
            1 => Ok(Self::OneChannel {
                _files: Files::new(radios, 1)?,
            }),
            channels @ 2..=MAX_CHANNELS => Ok(Self::Contexts {
                _files: Files::new(radios, channels)?,
            }),
            _ => Err(EINVAL),
        }
    }
}

module! {
    type: HwsimRust,
    name: "hwsim_rust",
    authors: ["Seed e5ff81f6 maintainers"],
    description: "Software radios for mac80211",
    license: "GPL v2",
    params: {
        radios: usize {
            default: 2,
            description: "Number of radios",
        },
        channels: u32 {
            default: 4,
            description: "Number of channels that each radio can be on at a time, up to 4",
        },
    },
}
