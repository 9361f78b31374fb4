// SPDX-License-Identifier: GPL-2.0

//! Received frames.
//!
//! mac80211 takes frames of one hardware one after the other, and not at the same time as the
//! status of frames that were sent. Its tasklet sees to that, and frames must come either all by
//! the tasklet or all without it: [`Operations::RX_DIRECT`] says which. Without it, a lock of the
//! hardware is held for each frame.

use super::{
    sta::Sta,
    tx::{TxRate, TxStatus},
    Hw, Operations,
};
use crate::{
    bindings, container_of,
    net::{
        cfg80211::{Band, HasWiphy},
        ieee80211::rate::HeGi,
        napi::PollContext,
        skb::{new_skb_queue, SkBuff, SkbQueue},
    },
    prelude::*,
    sync::{atomic::Acquire, new_spinlock_bh, rcu, SpinLockBh},
    time::{BootTime, Instant},
};
use core::{marker::PhantomData, ptr::NonNull};

/// The tones that a frame of HE came on, among those of others.
///
/// C: `enum nl80211_he_ru_alloc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum HeRu {
    /// 26 tones.
    Ru26 = bindings::nl80211_he_ru_alloc_NL80211_RATE_INFO_HE_RU_ALLOC_26,
    /// 52 tones.
    Ru52 = bindings::nl80211_he_ru_alloc_NL80211_RATE_INFO_HE_RU_ALLOC_52,
    /// 106 tones.
    Ru106 = bindings::nl80211_he_ru_alloc_NL80211_RATE_INFO_HE_RU_ALLOC_106,
    /// 242 tones.
    Ru242 = bindings::nl80211_he_ru_alloc_NL80211_RATE_INFO_HE_RU_ALLOC_242,
    /// 484 tones.
    Ru484 = bindings::nl80211_he_ru_alloc_NL80211_RATE_INFO_HE_RU_ALLOC_484,
    /// 996 tones.
    Ru996 = bindings::nl80211_he_ru_alloc_NL80211_RATE_INFO_HE_RU_ALLOC_996,
    /// Twice 996 tones.
    Ru2x996 = bindings::nl80211_he_ru_alloc_NL80211_RATE_INFO_HE_RU_ALLOC_2x996,
}

/// The tones that a frame of EHT came on, among those of others; `P` is "and".
///
/// C: `enum nl80211_eht_ru_alloc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum EhtRu {
    /// 26 tones.
    Ru26 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_26,
    /// 52 tones.
    Ru52 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_52,
    /// 52 + 26 tones.
    Ru52P26 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_52P26,
    /// 106 tones.
    Ru106 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_106,
    /// 106 + 26 tones.
    Ru106P26 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_106P26,
    /// 242 tones.
    Ru242 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_242,
    /// 484 tones.
    Ru484 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_484,
    /// 484 + 242 tones.
    Ru484P242 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_484P242,
    /// 996 tones.
    Ru996 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_996,
    /// 996 + 484 tones.
    Ru996P484 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_996P484,
    /// 996 + 484 + 242 tones.
    Ru996P484P242 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_996P484P242,
    /// 2 × 996 tones.
    Ru2x996 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_2x996,
    /// 2 × 996 + 484 tones.
    Ru2x996P484 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_2x996P484,
    /// 3 × 996 tones.
    Ru3x996 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_3x996,
    /// 3 × 996 + 484 tones.
    Ru3x996P484 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_3x996P484,
    /// 4 × 996 tones.
    Ru4x996 = bindings::nl80211_eht_ru_alloc_NL80211_RATE_INFO_EHT_RU_ALLOC_4x996,
}

/// How much of a channel a frame came on.
///
/// C: `enum rate_info_bw`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RxBandwidth {
    /// 20 MHz.
    Mhz20,
    /// 40 MHz.
    Mhz40,
    /// 80 MHz.
    Mhz80,
    /// 160 MHz.
    Mhz160,
    /// 320 MHz, with EHT.
    Mhz320,
    /// Some tones, with HE.
    He(HeRu),
    /// Some tones, with EHT.
    Eht(EhtRu),
}

impl RxBandwidth {
    const fn as_raw(self) -> bindings::rate_info_bw {
        match self {
            Self::Mhz20 => bindings::rate_info_bw_RATE_INFO_BW_20,
            Self::Mhz40 => bindings::rate_info_bw_RATE_INFO_BW_40,
            Self::Mhz80 => bindings::rate_info_bw_RATE_INFO_BW_80,
            Self::Mhz160 => bindings::rate_info_bw_RATE_INFO_BW_160,
            Self::Mhz320 => bindings::rate_info_bw_RATE_INFO_BW_320,
            Self::He(_) => bindings::rate_info_bw_RATE_INFO_BW_HE_RU,
            Self::Eht(_) => bindings::rate_info_bw_RATE_INFO_BW_EHT_RU,
        }
    }
}

/// The rate that a frame was received with.
///
/// C: `enum mac80211_rx_encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RxRate {
    /// A rate of the table of the band, by its index.
    Legacy(u8),
    /// HT.
    Ht {
        /// The MCS, 0 to 31.
        mcs: u8,
        /// 20 or 40 MHz.
        bw: RxBandwidth,
        /// Whether the guard interval is short.
        sgi: bool,
    },
    /// VHT.
    Vht {
        /// The MCS, 0 to 11.
        mcs: u8,
        /// The number of spatial streams, 1 to 8.
        nss: u8,
        /// 20 to 160 MHz.
        bw: RxBandwidth,
        /// Whether the guard interval is short.
        sgi: bool,
    },
    /// HE.
    He {
        /// The MCS, 0 to 11.
        mcs: u8,
        /// The number of spatial streams, 1 to 8.
        nss: u8,
        /// 20 to 160 MHz, or tones.
        bw: RxBandwidth,
        /// The guard interval.
        gi: HeGi,
        /// Whether each bit is sent twice (dual carrier modulation).
        dcm: bool,
    },
    /// EHT.
    Eht {
        /// The MCS, 0 to 15; 14 needs 80 MHz or more.
        mcs: u8,
        /// The number of spatial streams, 1 to 8.
        nss: u8,
        /// 20 to 320 MHz, or tones.
        bw: RxBandwidth,
        /// The guard interval.
        gi: HeGi,
    },
}

impl RxRate {
    /// Whether `ieee80211_rx_list()` and `cfg80211_calculate_bitrate()` take it, as far as that
    /// does not depend on the band.
    const fn is_valid(self) -> bool {
        use RxBandwidth as Bw;
        let (mcs, most, nss, bw_is_valid) = match self {
            Self::Legacy(_) => return true,
            // mac80211 itself takes MCS to 76, but nobody can tell their rate.
            Self::Ht { mcs, bw, .. } => (mcs, 31, 1, matches!(bw, Bw::Mhz20 | Bw::Mhz40)),
            Self::Vht { mcs, nss, bw, .. } => (
                mcs,
                11,
                nss,
                matches!(bw, Bw::Mhz20 | Bw::Mhz40 | Bw::Mhz80 | Bw::Mhz160),
            ),
            Self::He { mcs, nss, bw, .. } => (
                mcs,
                11,
                nss,
                matches!(
                    bw,
                    Bw::Mhz20 | Bw::Mhz40 | Bw::Mhz80 | Bw::Mhz160 | Bw::He(_)
                ),
            ),
            Self::Eht {
                mcs: mcs @ 14,
                nss,
                bw,
                ..
            } => (
                mcs,
                14,
                nss,
                matches!(
                    bw,
                    Bw::Mhz80
                        | Bw::Mhz160
                        | Bw::Mhz320
                        | Bw::Eht(EhtRu::Ru996 | EhtRu::Ru2x996 | EhtRu::Ru4x996)
                ),
            ),
            Self::Eht { mcs, nss, bw, .. } => (mcs, 15, nss, !matches!(bw, Bw::He(_))),
        };
        mcs <= most && nss >= 1 && nss <= 8 && bw_is_valid
    }
}

impl TryFrom<&TxRate> for RxRate {
    type Error = Error;

    /// The rate of a frame that was sent with `rate`. Fails with [`EINVAL`] if there is none.
    fn try_from(rate: &TxRate) -> Result<Self> {
        let bw = match rate.width_mhz() {
            40 => RxBandwidth::Mhz40,
            80 => RxBandwidth::Mhz80,
            160 => RxBandwidth::Mhz160,
            _ => RxBandwidth::Mhz20,
        };
        let sgi = rate.short_gi();
        Ok(if let Some((mcs, nss)) = rate.vht() {
            Self::Vht { mcs, nss, bw, sgi }
        } else if let Some(mcs) = rate.ht() {
            Self::Ht { mcs, bw, sgi }
        } else {
            Self::Legacy(rate.legacy().ok_or(EINVAL)?)
        })
    }
}

const fn gi(gi: HeGi) -> u8 {
    // `enum nl80211_eht_gi` has the same values.
    let gi = match gi {
        HeGi::Us0_8 => bindings::nl80211_he_gi_NL80211_RATE_INFO_HE_GI_0_8,
        HeGi::Us1_6 => bindings::nl80211_he_gi_NL80211_RATE_INFO_HE_GI_1_6,
        HeGi::Us3_2 => bindings::nl80211_he_gi_NL80211_RATE_INFO_HE_GI_3_2,
    };
    gi as u8
}

/// What has been done to a received frame, and who gets it.
///
/// C: `enum mac80211_rx_flags`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RxFlags(u32);

macro_rules! rx_flags {
    ($($(#[$doc:meta])* $name:ident = $c:ident;)*) => {
        impl RxFlags {
            $($(#[$doc])* pub const $name: Self = Self(bindings::$c);)*
        }
    };
}

rx_flags! {
    /// The hardware has decrypted it.
    DECRYPTED = mac80211_rx_flags_RX_FLAG_DECRYPTED;
    /// The IV is not there any more; the driver or the hardware looks for replays.
    IV_STRIPPED = mac80211_rx_flags_RX_FLAG_IV_STRIPPED;
    /// The ICV is not there any more; the hardware has checked it.
    ICV_STRIPPED = mac80211_rx_flags_RX_FLAG_ICV_STRIPPED;
    /// The MIC is not there any more; the hardware has checked it.
    MIC_STRIPPED = mac80211_rx_flags_RX_FLAG_MIC_STRIPPED;
    /// The Michael MIC of TKIP is not there any more; the hardware has checked it.
    MMIC_STRIPPED = mac80211_rx_flags_RX_FLAG_MMIC_STRIPPED;
    /// The Michael MIC of TKIP is wrong; needs [`RxFlags::MMIC_STRIPPED`].
    MMIC_ERROR = mac80211_rx_flags_RX_FLAG_MMIC_ERROR;
    /// With CCMP or GCMP, the number of the packet is not that of a replay; needs
    /// [`RxFlags::DECRYPTED`].
    PN_VALIDATED = mac80211_rx_flags_RX_FLAG_PN_VALIDATED;
    /// It may have the same number as the packet before it, since both are of one A-MSDU.
    ALLOW_SAME_PN = mac80211_rx_flags_RX_FLAG_ALLOW_SAME_PN;
    /// It is not a duplicate.
    DUP_VALIDATED = mac80211_rx_flags_RX_FLAG_DUP_VALIDATED;
    /// It is of an A-MSDU, of which the next frame is, too.
    AMSDU_MORE = mac80211_rx_flags_RX_FLAG_AMSDU_MORE;
    /// The FCS is wrong.
    FAILED_FCS_CRC = mac80211_rx_flags_RX_FLAG_FAILED_FCS_CRC;
    /// The checksum of the PLCP header is wrong.
    FAILED_PLCP_CRC = mac80211_rx_flags_RX_FLAG_FAILED_PLCP_CRC;
    /// It is for monitors only.
    ONLY_MONITOR = mac80211_rx_flags_RX_FLAG_ONLY_MONITOR;
    /// It is not for monitors.
    SKIP_MONITOR = mac80211_rx_flags_RX_FLAG_SKIP_MONITOR;
    /// The strength is not known; for data frames only.
    NO_SIGNAL_VAL = mac80211_rx_flags_RX_FLAG_NO_SIGNAL_VAL;
}

impl RxFlags {
    /// These and `other`.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether what they say together means something.
    const fn is_valid(self) -> bool {
        // mac80211 would not look for replays in what it decrypts itself.
        (!self.contains(Self::PN_VALIDATED) || self.contains(Self::DECRYPTED))
            && (!self.contains(Self::MMIC_ERROR) || self.contains(Self::MMIC_STRIPPED))
            && !self.contains(Self::ONLY_MONITOR.union(Self::SKIP_MONITOR))
    }
}

/// What is known about an aggregate that a frame was in, for monitors.
///
/// C: `RX_FLAG_AMPDU_DETAILS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RxAmpdu {
    /// A number that all frames of the aggregate have, and those of the next have not.
    pub reference: u32,
    /// Whether it is the last frame, if that is known for all frames of the aggregate.
    pub is_last: Option<bool>,
    /// The end-of-frame bit of its delimiter, if that is known.
    pub eof_bit: Option<bool>,
    /// Whether the checksum of its delimiter is wrong.
    pub delimiter_error: bool,
}

/// How a frame was received.
///
/// C: `struct ieee80211_rx_status`.
///
/// # Invariants
///
/// The rate and the flags are ones that `ieee80211_rx_list()` and `cfg80211_calculate_bitrate()` do
/// not warn about, except that a legacy rate may not be one of the band.
///
/// # Examples
///
/// ```
/// use kernel::net::{
///     cfg80211::Band,
///     ieee80211::rate::HeGi,
///     mac80211::{HeRu, RxBandwidth, RxFlags, RxRate, RxStatus},
/// };
///
/// let rate = RxRate::He {
///     mcs: 11,
///     nss: 2,
///     bw: RxBandwidth::He(HeRu::Ru106),
///     gi: HeGi::Us1_6,
///     dcm: false,
/// };
/// let status = RxStatus::new(Band::Band5Ghz, 5180)
///     .with_rx_rate(rate)?
///     .with_flags(RxFlags::DECRYPTED.union(RxFlags::PN_VALIDATED))?
///     .with_signal(-60)
///     .with_chain_signal(0, -62)?
///     .with_chain_signal(1, -64)?;
/// assert_eq!(status.legacy_rate(), None);
///
/// // Not without decryption.
/// let status = RxStatus::new(Band::Band5Ghz, 5180);
/// assert_eq!(status.with_flags(RxFlags::PN_VALIDATED).err(), Some(EINVAL));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct RxStatus {
    raw: bindings::ieee80211_rx_status,
    band: Band,
}

/// Bit fields of C, each with its value and its width, that are all there is in `N` bytes.
///
/// The setters of bindgen set bit after bit. That of the frequency took as long as all the rest of
/// a status.
#[inline(always)]
fn bit_fields<const N: usize>(fields: &[(u32, u32)]) -> bindings::__BindgenBitfieldUnit<[u8; N]> {
    const LITTLE: bool = cfg!(target_endian = "little");

    let (mut all, mut end) = (0u32, 0);
    for &(value, width) in fields {
        let at = if LITTLE {
            end
        } else {
            8 * N as u32 - end - width
        };
        all |= (value & ((1 << width) - 1)) << at;
        end += width;
    }
    let bytes = core::array::from_fn(|i| (all >> (8 * if LITTLE { i } else { N - 1 - i })) as u8);
    bindings::__BindgenBitfieldUnit::new(bytes)
}

#[inline(always)]
fn encoding_and_bw(
    encoding: bindings::mac80211_rx_encoding,
    bw: bindings::rate_info_bw,
) -> bindings::__BindgenBitfieldUnit<[u8; 1]> {
    bit_fields(&[(encoding, 3), (bw, 4)])
}

impl RxStatus {
    /// A frame on a channel with its centre at `freq` MHz, with the first of the legacy rates and a
    /// width of 20 MHz.
    #[inline]
    pub fn new(band: Band, freq: u16) -> Self {
        let mut raw: bindings::ieee80211_rx_status = pin_init::zeroed();
        raw.band = band as u8;
        raw._bitfield_1 = bit_fields(&[(freq.into(), 13)]);
        raw._bitfield_2 = encoding_and_bw(
            bindings::mac80211_rx_encoding_RX_ENC_LEGACY,
            bindings::rate_info_bw_RATE_INFO_BW_20,
        );
        // INVARIANT: It is a legacy rate.
        Self { raw, band }
    }

    /// With the rate `rate`, which is the one that it was sent with.
    ///
    /// Fails with [`EINVAL`] if `rate` is none that mac80211 takes.
    #[inline]
    pub fn with_rate(self, rate: &TxRate) -> Result<Self> {
        self.with_rx_rate(rate.try_into()?)
    }

    /// With a rate.
    ///
    /// Fails with [`EINVAL`] if `rate` is none that mac80211 takes.
    #[inline]
    pub fn with_rx_rate(mut self, rate: RxRate) -> Result<Self> {
        if !rate.is_valid() {
            return Err(EINVAL);
        }
        let (encoding, index, nss, bw, sgi) = match rate {
            RxRate::Legacy(index) => (
                bindings::mac80211_rx_encoding_RX_ENC_LEGACY,
                index,
                0,
                RxBandwidth::Mhz20,
                false,
            ),
            RxRate::Ht { mcs, bw, sgi } => {
                (bindings::mac80211_rx_encoding_RX_ENC_HT, mcs, 0, bw, sgi)
            }
            RxRate::Vht { mcs, nss, bw, sgi } => {
                (bindings::mac80211_rx_encoding_RX_ENC_VHT, mcs, nss, bw, sgi)
            }
            RxRate::He { mcs, nss, bw, .. } => (
                bindings::mac80211_rx_encoding_RX_ENC_HE,
                mcs,
                nss,
                bw,
                false,
            ),
            RxRate::Eht { mcs, nss, bw, .. } => (
                bindings::mac80211_rx_encoding_RX_ENC_EHT,
                mcs,
                nss,
                bw,
                false,
            ),
        };
        // INVARIANT: Checked above.
        self.raw._bitfield_2 = encoding_and_bw(encoding, bw.as_raw());
        self.raw.rate_idx = index;
        self.raw.nss = nss;
        self.set_enc_flag(
            bindings::mac80211_rx_encoding_flags_RX_ENC_FLAG_SHORT_GI,
            sgi,
        );
        match rate {
            RxRate::He { gi: he_gi, dcm, .. } => {
                let mut he = bindings::ieee80211_rx_status__bindgen_ty_2__bindgen_ty_1::default();
                if let RxBandwidth::He(ru) = bw {
                    he.set_he_ru(ru as u8);
                }
                he.set_he_gi(gi(he_gi));
                he.set_he_dcm(dcm.into());
                self.raw.__bindgen_anon_2.__bindgen_anon_1 = he;
            }
            RxRate::Eht { gi: eht_gi, .. } => {
                let mut eht = bindings::ieee80211_rx_status__bindgen_ty_2__bindgen_ty_2::default();
                if let RxBandwidth::Eht(ru) = bw {
                    eht.set_ru(ru as u8);
                }
                eht.set_gi(gi(eht_gi));
                self.raw.__bindgen_anon_2.eht = eht;
            }
            _ => self.raw.__bindgen_anon_2 = pin_init::zeroed(),
        }
        Ok(self)
    }

    fn set_enc_flag(&mut self, flag: bindings::mac80211_rx_encoding_flags, value: bool) {
        if value {
            self.raw.enc_flags |= flag as u8;
        } else {
            self.raw.enc_flags &= !(flag as u8);
        }
    }

    /// With a short preamble, of 802.11b.
    #[inline]
    #[must_use]
    pub fn with_short_preamble(mut self) -> Self {
        self.set_enc_flag(
            bindings::mac80211_rx_encoding_flags_RX_ENC_FLAG_SHORTPRE,
            true,
        );
        self
    }

    /// In the greenfield format of HT.
    #[inline]
    #[must_use]
    pub fn with_greenfield(mut self) -> Self {
        self.set_enc_flag(bindings::mac80211_rx_encoding_flags_RX_ENC_FLAG_HT_GF, true);
        self
    }

    /// Coded with LDPC.
    #[inline]
    #[must_use]
    pub fn with_ldpc(mut self) -> Self {
        self.set_enc_flag(bindings::mac80211_rx_encoding_flags_RX_ENC_FLAG_LDPC, true);
        self
    }

    /// Beamformed.
    #[inline]
    #[must_use]
    pub fn with_beamforming(mut self) -> Self {
        self.set_enc_flag(bindings::mac80211_rx_encoding_flags_RX_ENC_FLAG_BF, true);
        self
    }

    /// With STBC of `streams` streams.
    ///
    /// Fails with [`EINVAL`] if they are more than 3.
    #[inline]
    pub fn with_stbc(mut self, streams: u8) -> Result<Self> {
        if streams > 3 {
            return Err(EINVAL);
        }
        self.set_enc_flag(
            bindings::mac80211_rx_encoding_flags_RX_ENC_FLAG_STBC_MASK,
            false,
        );
        self.raw.enc_flags |= streams << bindings::RX_ENC_FLAG_STBC_SHIFT;
        Ok(self)
    }

    /// With flags, in addition to those that it has.
    ///
    /// Fails with [`EINVAL`] if one needs another one that is not there, or excludes one that is.
    #[inline]
    pub fn with_flags(mut self, flags: RxFlags) -> Result<Self> {
        self.raw.flag |= flags.0;
        if !RxFlags(self.raw.flag).is_valid() {
            return Err(EINVAL);
        }
        // INVARIANT: They mean nothing else to mac80211 than they say.
        Ok(self)
    }

    /// With the strength in dBm, if the hardware has
    /// [`HwFlag::SignalDbm`](super::HwFlag::SignalDbm).
    #[inline]
    #[must_use]
    pub fn with_signal(mut self, signal: i8) -> Self {
        self.raw.signal = signal;
        self
    }

    /// With the strength at one of the receive chains, 0 to 3, in dBm.
    ///
    /// Fails with [`EINVAL`] for another chain.
    #[inline]
    pub fn with_chain_signal(mut self, chain: u8, signal: i8) -> Result<Self> {
        *self
            .raw
            .chain_signal
            .get_mut(usize::from(chain))
            .ok_or(EINVAL)? = signal;
        self.raw.chains |= 1 << chain;
        Ok(self)
    }

    /// With the antenna.
    #[inline]
    #[must_use]
    pub fn with_antenna(mut self, antenna: u8) -> Self {
        self.raw.antenna = antenna;
        self
    }

    /// With what is known about the aggregate that it was in.
    #[inline]
    #[must_use]
    pub fn with_ampdu(mut self, ampdu: RxAmpdu) -> Self {
        self.raw.ampdu_reference = ampdu.reference;
        for (flag, value) in [
            (bindings::mac80211_rx_flags_RX_FLAG_AMPDU_DETAILS, true),
            (
                bindings::mac80211_rx_flags_RX_FLAG_AMPDU_LAST_KNOWN,
                ampdu.is_last.is_some(),
            ),
            (
                bindings::mac80211_rx_flags_RX_FLAG_AMPDU_IS_LAST,
                ampdu.is_last == Some(true),
            ),
            (
                bindings::mac80211_rx_flags_RX_FLAG_AMPDU_EOF_BIT_KNOWN,
                ampdu.eof_bit.is_some(),
            ),
            (
                bindings::mac80211_rx_flags_RX_FLAG_AMPDU_EOF_BIT,
                ampdu.eof_bit == Some(true),
            ),
            (
                bindings::mac80211_rx_flags_RX_FLAG_AMPDU_DELIM_CRC_ERROR,
                ampdu.delimiter_error,
            ),
        ] {
            if value {
                self.raw.flag |= flag;
            } else {
                self.raw.flag &= !flag;
            }
        }
        self
    }

    fn set_mactime(&mut self, mactime: u64, when: bindings::mac80211_rx_flags) {
        self.raw.mactime = mactime;
        self.raw.flag &= !bindings::mac80211_rx_flags_RX_FLAG_MACTIME;
        self.raw.flag |= when;
    }

    /// With the TSF when the first symbol came, in µs.
    #[inline]
    #[must_use]
    pub fn with_mactime_start(mut self, mactime: u64) -> Self {
        self.set_mactime(mactime, bindings::mac80211_rx_flags_RX_FLAG_MACTIME_START);
        self
    }

    /// With the TSF when the last symbol had come, in µs.
    #[inline]
    #[must_use]
    pub fn with_mactime_end(mut self, mactime: u64) -> Self {
        self.set_mactime(mactime, bindings::mac80211_rx_flags_RX_FLAG_MACTIME_END);
        self
    }

    /// With the TSF when the preamble came, in µs.
    #[inline]
    #[must_use]
    pub fn with_mactime_plcp_start(mut self, mactime: u64) -> Self {
        self.set_mactime(
            mactime,
            bindings::mac80211_rx_flags_RX_FLAG_MACTIME_PLCP_START,
        );
        self
    }

    /// With a time of the hardware, which mac80211 gives back with beacons.
    #[inline]
    #[must_use]
    pub fn with_device_timestamp(mut self, timestamp: u32) -> Self {
        self.raw.device_timestamp = timestamp;
        self
    }

    /// With the time when it came, which beacons and probe responses should have.
    #[inline]
    #[must_use]
    pub fn with_boottime(mut self, boottime: Instant<BootTime>) -> Self {
        self.raw.__bindgen_anon_1.boottime_ns = boottime.as_nanos() as u64;
        self
    }

    /// The band.
    #[inline]
    pub fn band(&self) -> Band {
        self.band
    }

    /// The index of the legacy rate, if it is one.
    #[inline]
    pub fn legacy_rate(&self) -> Option<u8> {
        let legacy = bindings::mac80211_rx_encoding_RX_ENC_LEGACY as u8;
        (self.raw.encoding() == legacy).then_some(self.raw.rate_idx)
    }

    #[inline]
    pub(super) fn as_raw(&self) -> bindings::ieee80211_rx_status {
        self.raw
    }
}

/// What the functions for [`Operations::RX_DIRECT`] have in common.
#[pin_data]
pub(super) struct Direct {
    // Held for each frame that is received, and for each status.
    #[pin]
    lock: SpinLockBh<()>,
    // Frames that were dropped with interrupts disabled. They are freed before the next one is
    // received, or when the hardware is stopped.
    #[pin]
    pub(super) unsent: SkbQueue,
}

impl Direct {
    // The names of the locks are taken here, and not where they are initialised, of which each
    // driver has a copy: to lockdep, a class of locks with several names is an error.
    #[inline(never)]
    pub(super) fn new() -> impl PinInit<Self> {
        let lock = new_spinlock_bh!((), "mac80211::Direct::lock");
        let unsent = new_skb_queue!();
        pin_init!(Self {
            lock <- lock,
            unsent <- unsent,
        })
    }
}

/// Fails with [`EDEADLK`] unless the caller is a thread with softirqs enabled.
///
/// mac80211 never calls a driver in such a context with one of the locks held that are taken for
/// received frames, `ieee80211_local::rx_path_lock` and [`Direct::lock`]: both disable softirqs.
fn check_thread() -> Result {
    // SAFETY: These functions only look at the state of the present CPU and task.
    if unsafe { bindings::in_interrupt() != 0 || bindings::irqs_disabled() } {
        return Err(EDEADLK);
    }
    Ok(())
}

impl<T: Operations> Hw<T> {
    /// Checks a frame, and gives it its status.
    fn rx_prepare(&self, mut skb: SkBuff, status: &RxStatus) -> Result<SkBuff> {
        // `ieee80211_rx_list()` looks at the frame control field before and after it has made sure
        // that it is there.
        if skb.headlen() < 2 {
            return Err(EINVAL);
        }
        if skb.is_cloned() {
            return Err(EBUSY);
        }
        // SAFETY: The wiphy is valid. The table of bands is constant once it is configured, which
        // it is before there are callbacks and handles.
        let band = unsafe { (*self.raw_wiphy()).bands[status.band().index()] };
        if band.is_null() {
            return Err(EINVAL);
        }
        if let Some(rate) = status.legacy_rate() {
            // SAFETY: As above, for the bands themselves.
            if i32::from(rate) >= unsafe { (*band).n_bitrates } {
                return Err(EINVAL);
            }
        }
        // mac80211 reads words of 16 bits, see `ieee80211_verify_alignment()`.
        if skb.data().as_ptr() as usize % 2 != 0 {
            skb = skb.copy_expand(skb.headroom().next_multiple_of(2), 0, GFP_ATOMIC)?;
        }
        // SAFETY: The buffer is owned. Its control block is for us to write, is aligned to 8 bytes
        // and is as large as a `struct ieee80211_rx_status`, which mac80211 asserts.
        unsafe {
            (&raw mut (*skb.as_raw()).cb)
                .cast::<bindings::ieee80211_rx_status>()
                .write(status.as_raw())
        };
        Ok(skb)
    }

    /// The station as `ieee80211_rx_list()` wants it. Fails with [`EINVAL`] if it is one of other
    /// hardware.
    fn rx_sta(&self, sta: Option<&Sta<T>>) -> Result<*mut bindings::ieee80211_sta> {
        match sta {
            None => Ok(core::ptr::null_mut()),
            Some(sta) if sta.hw() == self.as_raw() => Ok(sta.as_raw()),
            Some(_) => Err(EINVAL),
        }
    }

    /// Hands a received frame over. It can be called in any context.
    ///
    /// If the hardware is not started, the frame is dropped.
    ///
    /// Fails with [`EINVAL`] if mac80211 would warn about `status`: the band must be one of this
    /// hardware, and a legacy rate one of the band; and if the frame has less than 2 bytes in front
    /// of its fragments. Fails with [`EBUSY`] if there are clones of the buffer: mac80211 decrypts
    /// frames where they are. Fails with [`ENOMEM`] if a frame at an odd address can't be copied.
    ///
    /// It does not compile with [`Operations::RX_DIRECT`].
    ///
    /// C: `ieee80211_rx_irqsafe()`.
    pub fn rx_irqsafe(&self, skb: SkBuff, status: &RxStatus) -> Result {
        const { assert!(!T::RX_DIRECT, "this driver receives without the tasklet") };
        let skb = self.rx_prepare(skb, status)?;
        // Until the frame is queued, so that `Operations::stop` can wait for whoever is here.
        let _rcu = rcu::read_lock();
        if self.private().started.load(Acquire) == 0 {
            return Ok(());
        }
        // SAFETY: The hardware is valid, and the frame owned, with its status. The tasklet that
        // takes the frame is killed after all callbacks, and after the handle was revoked, in
        // `ieee80211_unregister_hw()`.
        unsafe { bindings::ieee80211_rx_irqsafe(self.as_raw(), skb.into_raw().as_ptr()) };
        Ok(())
    }

    /// Frees the frames that were dropped with interrupts disabled.
    ///
    /// # Safety
    ///
    /// Interrupts must be enabled.
    pub(super) unsafe fn free_all_unsent(&self) {
        let unsent = &self.private().direct.unsent;
        if !unsent.is_empty() {
            while let Some(skb) = unsent.dequeue() {
                // SAFETY: The frame was one of this hardware, that was not sent, when it was
                // queued. It is owned, and interrupts are enabled.
                unsafe { bindings::ieee80211_free_txskb(self.as_raw(), skb.into_raw().as_ptr()) };
            }
        }
    }

    /// Calls `f` in the way that functions of mac80211 for received frames and for the status of
    /// frames want it: one at a time, softirqs disabled, RCU held.
    ///
    /// # Safety
    ///
    /// Interrupts must be enabled. [`Direct::lock`] and `ieee80211_local::rx_path_lock` must not be
    /// held by the caller.
    unsafe fn direct<R>(&self, f: impl FnOnce() -> R) -> R {
        const { assert!(T::RX_DIRECT, "this driver receives by the tasklet") };
        // SAFETY: By the safety requirements.
        unsafe { self.free_all_unsent() };
        // Until `f` returns, so that `Operations::stop` can wait for whoever is here.
        let _rcu = rcu::read_lock();
        let _lock = self.private().direct.lock.lock();
        f()
    }

    /// Hands a received frame over, from a thread with softirqs enabled, for drivers with
    /// [`Operations::RX_DIRECT`].
    ///
    /// The frame is handled before this returns. Callbacks may be called: the caller must not hold
    /// a lock that they take. If the hardware is not started, the frame is dropped.
    ///
    /// Fails with [`EDEADLK`] in other contexts, in particular in callbacks that must not sleep,
    /// and else as [`Hw::rx_irqsafe`].
    ///
    /// C: `ieee80211_rx_ni()`.
    pub fn rx_ni(&self, skb: SkBuff, status: &RxStatus) -> Result {
        check_thread()?;
        let skb = self.rx_prepare(skb, status)?;
        // SAFETY: As `check_thread()` says.
        unsafe {
            self.direct(|| {
                if self.private().started.load(Acquire) != 0 {
                    bindings::ieee80211_rx_napi(
                        self.as_raw(),
                        core::ptr::null_mut(),
                        skb.into_raw().as_ptr(),
                        core::ptr::null_mut(),
                    );
                }
            })
        };
        Ok(())
    }

    /// Hands a received frame over, in [`Poll::poll`](crate::net::napi::Poll::poll), for drivers
    /// with [`Operations::RX_DIRECT`]. See [`Hw::rx_list`].
    ///
    /// C: `ieee80211_rx_napi()`.
    pub fn rx_napi(
        &self,
        skb: SkBuff,
        status: &RxStatus,
        sta: Option<&Sta<T>>,
        context: &PollContext<'_>,
    ) -> Result {
        self.rx_list(context, |list| list.rx(skb, status, sta))
    }

    /// Hands received frames over, in [`Poll::poll`](crate::net::napi::Poll::poll), for drivers
    /// with [`Operations::RX_DIRECT`]. What of them is for the network stack is handed to it when
    /// `f` has returned, so that neither mac80211 nor the stack is called in turns.
    ///
    /// C: `ieee80211_rx_list()`, `napi_gro_receive()`.
    pub fn rx_list<R>(
        &self,
        context: &PollContext<'_>,
        f: impl FnOnce(&mut RxList<'_, T>) -> R,
    ) -> R {
        let mut head = bindings::list_head::default();
        let head = &raw mut head;
        // SAFETY: It is a list without elements.
        unsafe {
            (*head).next = head;
            (*head).prev = head;
        }
        // INVARIANT: It is on the stack of this function until `f` has returned.
        let result = f(&mut RxList {
            hw: self,
            head,
            _context: PhantomData,
        });
        // SAFETY: The elements are buffers, which belong to the list, and are taken off it before
        // they are handed over.
        unsafe {
            loop {
                let next = (*head).next;
                if next == head {
                    break;
                }
                // `sk_buff::list` is a member of this union.
                let list = next.cast::<bindings::sk_buff__bindgen_ty_1>();
                let skb = container_of!(list, bindings::sk_buff, __bindgen_anon_1);
                bindings::skb_list_del_init(skb);
                context.gro_receive(NonNull::new_unchecked(skb));
            }
        }
        result
    }
}

/// Received frames on their way to the network stack, see [`Hw::rx_list`].
///
/// # Invariants
///
/// `head` is a list of buffers that it owns, and valid for `'a`. This is the context of a poll
/// function.
pub struct RxList<'a, T: Operations> {
    hw: &'a Hw<T>,
    head: *mut bindings::list_head,
    _context: PhantomData<&'a PollContext<'a>>,
}

impl<T: Operations> RxList<'_, T> {
    /// Hands a received frame over; `sta` is the station that has sent it, if the driver knows.
    ///
    /// The frame is handled before this returns, but for the network stack. Callbacks may be
    /// called: the caller must not hold a lock that they take. If the hardware is not started, the
    /// frame is dropped.
    ///
    /// Fails with [`EINVAL`] if `sta` is of other hardware, with [`EDEADLK`] in a round of
    /// [`Hw::schedule_txqs`], which callbacks may begin, and else as [`Hw::rx_irqsafe`].
    ///
    /// C: `ieee80211_rx_list()`.
    pub fn rx(&mut self, skb: SkBuff, status: &RxStatus, sta: Option<&Sta<T>>) -> Result {
        let hw = self.hw;
        if hw.private().txqs.is_held() {
            return Err(EDEADLK);
        }
        let sta = hw.rx_sta(sta)?;
        let skb = hw.rx_prepare(skb, status)?;
        // SAFETY: NAPI instances are polled with interrupts enabled, and not while a lock is held
        // that disables softirqs; `f` of `direct()` does not give the context to anybody. The
        // hardware is valid, the frame owned, with its status. The station is NULL or one of this
        // hardware, and borrowed. The list is valid by the type invariant.
        unsafe {
            hw.direct(|| {
                if hw.private().started.load(Acquire) != 0 {
                    bindings::ieee80211_rx_list(
                        hw.as_raw(),
                        sta,
                        skb.into_raw().as_ptr(),
                        self.head,
                    );
                }
            })
        };
        Ok(())
    }
}

impl<T: Operations> TxStatus<'_, T> {
    /// Hands the frame back, from a thread with softirqs enabled, for drivers with
    /// [`Operations::RX_DIRECT`].
    ///
    /// Fails with [`EDEADLK`] in other contexts, in particular in callbacks that must not sleep.
    /// The frame is then dropped, as one that was not transmitted.
    ///
    /// C: `ieee80211_tx_status_ni()`.
    pub fn report_ni(self) -> Result {
        check_thread()?;
        let (hw, skb) = self.into_raw();
        // SAFETY: As `check_thread()` says. The hardware is valid, and the frame was owned, in the
        // status phase.
        unsafe { hw.direct(|| bindings::ieee80211_tx_status_skb(hw.as_raw(), skb.as_ptr())) };
        Ok(())
    }

    /// Hands the frame back, in [`Poll::poll`](crate::net::napi::Poll::poll), for drivers with
    /// [`Operations::RX_DIRECT`]. Callbacks may be called: the caller must not hold a lock that
    /// they take.
    ///
    /// Fails with [`EDEADLK`] in a round of [`Hw::schedule_txqs`], which callbacks may begin. The
    /// frame is then dropped, as one that was not transmitted.
    ///
    /// C: `ieee80211_tx_status_skb()`.
    pub fn report_napi(self, _context: &PollContext<'_>) -> Result {
        if self.hw.private().txqs.is_held() {
            return Err(EDEADLK);
        }
        let (hw, skb) = self.into_raw();
        // SAFETY: As in `RxList::rx()`. The hardware is valid, and the frame was owned, in the
        // status phase.
        unsafe { hw.direct(|| bindings::ieee80211_tx_status_skb(hw.as_raw(), skb.as_ptr())) };
        Ok(())
    }
}

#[kunit_tests(rust_kernel_net_mac80211_rx)]
mod tests {
    use super::*;

    const BANDWIDTHS: [RxBandwidth; 28] = [
        RxBandwidth::Mhz20,
        RxBandwidth::Mhz40,
        RxBandwidth::Mhz80,
        RxBandwidth::Mhz160,
        RxBandwidth::Mhz320,
        RxBandwidth::He(HeRu::Ru26),
        RxBandwidth::He(HeRu::Ru52),
        RxBandwidth::He(HeRu::Ru106),
        RxBandwidth::He(HeRu::Ru242),
        RxBandwidth::He(HeRu::Ru484),
        RxBandwidth::He(HeRu::Ru996),
        RxBandwidth::He(HeRu::Ru2x996),
        RxBandwidth::Eht(EhtRu::Ru26),
        RxBandwidth::Eht(EhtRu::Ru52),
        RxBandwidth::Eht(EhtRu::Ru52P26),
        RxBandwidth::Eht(EhtRu::Ru106),
        RxBandwidth::Eht(EhtRu::Ru106P26),
        RxBandwidth::Eht(EhtRu::Ru242),
        RxBandwidth::Eht(EhtRu::Ru484),
        RxBandwidth::Eht(EhtRu::Ru484P242),
        RxBandwidth::Eht(EhtRu::Ru996),
        RxBandwidth::Eht(EhtRu::Ru996P484),
        RxBandwidth::Eht(EhtRu::Ru996P484P242),
        RxBandwidth::Eht(EhtRu::Ru2x996),
        RxBandwidth::Eht(EhtRu::Ru2x996P484),
        RxBandwidth::Eht(EhtRu::Ru3x996),
        RxBandwidth::Eht(EhtRu::Ru3x996P484),
        RxBandwidth::Eht(EhtRu::Ru4x996),
    ];

    fn status() -> RxStatus {
        RxStatus::new(Band::Band5Ghz, 5180)
    }

    /// The rate as cfg80211 calculates it, which warns about those that it does not know, in
    /// 100 kbit/s; 0 if it is none for `RxStatus`.
    fn bitrate(rate: RxRate) -> u32 {
        let Ok(status) = status().with_rx_rate(rate) else {
            return 0;
        };
        let raw = status.as_raw();
        let mut info: bindings::rate_info = pin_init::zeroed();
        info.mcs = raw.rate_idx;
        info.nss = raw.nss;
        info.bw = raw.bw();
        let flags = match rate {
            RxRate::Legacy(_) => 0,
            RxRate::Ht { .. } => bindings::rate_info_flags_RATE_INFO_FLAGS_MCS,
            RxRate::Vht { .. } => bindings::rate_info_flags_RATE_INFO_FLAGS_VHT_MCS,
            RxRate::He { .. } => {
                // SAFETY: It is the member for this encoding.
                let he = unsafe { raw.__bindgen_anon_2.__bindgen_anon_1 };
                info.he_gi = he.he_gi();
                info.he_dcm = he.he_dcm();
                info.he_ru_alloc = he.he_ru();
                bindings::rate_info_flags_RATE_INFO_FLAGS_HE_MCS
            }
            RxRate::Eht { .. } => {
                // SAFETY: It is the member for this encoding.
                let eht = unsafe { raw.__bindgen_anon_2.eht };
                info.eht_gi = eht.gi();
                info.eht_ru_alloc = eht.ru();
                bindings::rate_info_flags_RATE_INFO_FLAGS_EHT_MCS
            }
        };
        info.flags = flags as u16;
        // SAFETY: It only reads the structure.
        unsafe { bindings::cfg80211_calculate_bitrate(&mut info) }
    }

    #[test]
    fn rates_are_ones_that_cfg80211_knows() {
        // How many combinations there are for one guard interval.
        let (mut ht, mut vht, mut he, mut eht) = (0, 0, 0, 0);
        for bw in BANDWIDTHS {
            for mcs in 0..=u8::MAX {
                for nss in 0..10 {
                    let known = |rate| {
                        let known = status().with_rx_rate(rate).is_ok();
                        let has_bitrate = bitrate(rate) != 0;
                        assert_eq!(has_bitrate, known);
                        u32::from(known)
                    };
                    let sgi = false;
                    // The streams of HT are in the MCS.
                    if nss == 0 {
                        ht += known(RxRate::Ht { mcs, bw, sgi });
                    }
                    vht += known(RxRate::Vht { mcs, nss, bw, sgi });
                    let gi = HeGi::Us3_2;
                    let dcm = true;
                    he += known(RxRate::He {
                        mcs,
                        nss,
                        bw,
                        gi,
                        dcm,
                    });
                    eht += known(RxRate::Eht { mcs, nss, bw, gi });
                }
            }
        }
        assert_eq!(ht, 32 * 2);
        assert_eq!(vht, 12 * 8 * 4);
        assert_eq!(he, 12 * 8 * (4 + 7));
        // MCS 14 needs one of six widths.
        assert_eq!(eht, 15 * 8 * (5 + 16) + 8 * 6);
    }

    #[test]
    fn rates_are_what_was_said() -> Result {
        let rate = RxRate::He {
            mcs: 11,
            nss: 1,
            bw: RxBandwidth::Mhz80,
            gi: HeGi::Us0_8,
            dcm: false,
        };
        assert_eq!(bitrate(rate), 6004);
        let rate = RxRate::He {
            mcs: 11,
            nss: 2,
            bw: RxBandwidth::He(HeRu::Ru2x996),
            gi: HeGi::Us0_8,
            dcm: true,
        };
        assert_eq!(bitrate(rate), 12009);
        let rate = RxRate::Eht {
            mcs: 13,
            nss: 1,
            bw: RxBandwidth::Mhz320,
            gi: HeGi::Us0_8,
        };
        assert_eq!(bitrate(rate), 28823);

        // The next rate is in place of the one before.
        let raw = status()
            .with_rx_rate(rate)?
            .with_ldpc()
            .with_stbc(2)?
            .with_rx_rate(RxRate::Legacy(3))?
            .as_raw();
        assert_eq!(
            (raw.encoding(), raw.rate_idx, raw.nss, raw.bw()),
            (0, 3, 0, 0)
        );
        assert_eq!(raw.enc_flags, 1 << 6 | 2 << 4);
        // SAFETY: Any byte is a value of it.
        assert_eq!(unsafe { raw.__bindgen_anon_2.eht }.gi(), 0);
        assert!(status().with_stbc(4).is_err());
        Ok(())
    }

    #[test]
    fn frequency_has_all_its_bits_and_no_others() {
        for (freq, stored) in [(0x1555, 0x1555), (0x0aaa, 0x0aaa), (0xffff, 0x1fff)] {
            let raw = RxStatus::new(Band::Band6Ghz, freq).as_raw();
            assert_eq!((raw.freq(), raw.freq_offset()), (stored, 0));
        }
    }

    #[test]
    fn flags_go_together_or_not() -> Result {
        let with = |flags| status().with_flags(flags).is_ok();
        assert!(!with(RxFlags::PN_VALIDATED) && !with(RxFlags::MMIC_ERROR));
        assert!(with(RxFlags::PN_VALIDATED.union(RxFlags::DECRYPTED)));
        assert!(with(RxFlags::MMIC_ERROR.union(RxFlags::MMIC_STRIPPED)));
        assert!(!with(RxFlags::ONLY_MONITOR.union(RxFlags::SKIP_MONITOR)));
        let status = status().with_flags(RxFlags::DECRYPTED)?;
        assert!(status.with_flags(RxFlags::PN_VALIDATED).is_ok());

        // One time only, at the place that was said last.
        let raw = status
            .with_mactime_plcp_start(1)
            .with_mactime_end(2)
            .as_raw();
        assert_eq!(raw.mactime, 2);
        assert_eq!(
            raw.flag,
            bindings::mac80211_rx_flags_RX_FLAG_DECRYPTED
                | bindings::mac80211_rx_flags_RX_FLAG_MACTIME_END
        );

        let raw = status
            .with_ampdu(RxAmpdu {
                reference: 7,
                is_last: Some(false),
                eof_bit: None,
                delimiter_error: false,
            })
            .with_chain_signal(3, -40)?
            .with_chain_signal(0, -50)?
            .as_raw();
        assert_eq!(raw.ampdu_reference, 7);
        assert_eq!(
            raw.flag,
            bindings::mac80211_rx_flags_RX_FLAG_DECRYPTED
                | bindings::mac80211_rx_flags_RX_FLAG_AMPDU_DETAILS
                | bindings::mac80211_rx_flags_RX_FLAG_AMPDU_LAST_KNOWN
        );
        assert_eq!((raw.chains, raw.chain_signal), (0b1001, [-50, 0, 0, -40]));
        assert!(status.with_chain_signal(4, 0).is_err());
        Ok(())
    }
}
