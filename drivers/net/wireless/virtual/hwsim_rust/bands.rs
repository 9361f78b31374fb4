// SPDX-License-Identifier: GPL-2.0

//! What the radios can do.

use kernel::net::cfg80211::{
    Band, BandConfig, Bitrate, Channel, CipherSuite, HeCap, HtCap, IfType, IfTypes, VhtCap,
};

const CHANNELS_2GHZ: &[Channel] = &[
    Channel::new(2412),
    Channel::new(2417),
    Channel::new(2422),
    Channel::new(2427),
    Channel::new(2432),
    Channel::new(2437),
    Channel::new(2442),
    Channel::new(2447),
    Channel::new(2452),
    Channel::new(2457),
    Channel::new(2462),
    Channel::new(2467),
    Channel::new(2472),
    Channel::new(2484),
];

const CHANNELS_5GHZ: &[Channel] = &[
    Channel::new(5180),
    Channel::new(5200),
    Channel::new(5220),
    Channel::new(5240),
    Channel::new(5260),
    Channel::new(5280),
    Channel::new(5300),
    Channel::new(5320),
    Channel::new(5500),
    Channel::new(5520),
    Channel::new(5540),
    Channel::new(5560),
    Channel::new(5580),
    Channel::new(5600),
    Channel::new(5620),
    Channel::new(5640),
    Channel::new(5660),
    Channel::new(5680),
    Channel::new(5700),
    Channel::new(5745),
    Channel::new(5765),
    Channel::new(5785),
    Channel::new(5805),
    Channel::new(5825),
    Channel::new(5845),
    Channel::new(5855),
    Channel::new(5860),
    Channel::new(5865),
    Channel::new(5870),
    Channel::new(5875),
    Channel::new(5880),
    Channel::new(5885),
    Channel::new(5890),
    Channel::new(5895),
    Channel::new(5900),
    Channel::new(5905),
    Channel::new(5910),
    Channel::new(5915),
    Channel::new(5920),
    Channel::new(5925),
];

const OFDM: [Bitrate; 8] = [
    Bitrate::new(60),
    Bitrate::new(90),
    Bitrate::new(120),
    Bitrate::new(180),
    Bitrate::new(240),
    Bitrate::new(360),
    Bitrate::new(480),
    Bitrate::new(540),
];

const BITRATES_2GHZ: &[Bitrate] = &[
    Bitrate::new(10),
    Bitrate::with_short_preamble(20),
    Bitrate::with_short_preamble(55),
    Bitrate::with_short_preamble(110),
    OFDM[0],
    OFDM[1],
    OFDM[2],
    OFDM[3],
    OFDM[4],
    OFDM[5],
    OFDM[6],
    OFDM[7],
];

const HT: HtCap = HtCap {
    cap: HtCap::SUP_WIDTH_20_40 | HtCap::GRN_FLD | HtCap::SGI_20 | HtCap::SGI_40 | HtCap::DSSSCCK40,
    streams: 2,
    ampdu_factor: 3,
    ampdu_density: 6,
};

const VHT: VhtCap = VhtCap {
    cap: VhtCap::MAX_MPDU_LENGTH_11454
        | VhtCap::SUPP_CHAN_WIDTH_160_80PLUS80MHZ
        | VhtCap::RXLDPC
        | VhtCap::SHORT_GI_80
        | VhtCap::SHORT_GI_160
        | VhtCap::MAX_A_MPDU_LENGTH_EXPONENT_MASK,
    streams: 8,
};

const HE_2GHZ: HeCap = HeCap {
    types: MANY,
    mac_cap_info: [HeCap::MAC_CAP0_HTC_HE, 0, 0, 0, 0, 0],
    phy_cap_info: [
        HeCap::PHY_CAP0_CHANNEL_WIDTH_SET_40MHZ_IN_2G,
        HeCap::PHY_CAP1_LDPC_CODING_IN_PAYLOAD,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ],
    streams: 2,
};

const HE_5GHZ: HeCap = HeCap {
    phy_cap_info: [
        HeCap::PHY_CAP0_CHANNEL_WIDTH_SET_40MHZ_80MHZ_IN_5G
            | HeCap::PHY_CAP0_CHANNEL_WIDTH_SET_160MHZ_IN_5G
            | HeCap::PHY_CAP0_CHANNEL_WIDTH_SET_80PLUS80_MHZ_IN_5G,
        HeCap::PHY_CAP1_LDPC_CODING_IN_PAYLOAD,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ],
    ..HE_2GHZ
};

pub(crate) const BANDS: &[BandConfig<'_>] = &[
    BandConfig {
        band: Band::Band2Ghz,
        channels: CHANNELS_2GHZ,
        bitrates: BITRATES_2GHZ,
        ht: Some(HT),
        vht: None,
        he: &[HE_2GHZ],
    },
    BandConfig {
        band: Band::Band5Ghz,
        channels: CHANNELS_5GHZ,
        bitrates: &OFDM,
        ht: Some(HT),
        vht: Some(VHT),
        he: &[HE_5GHZ],
    },
];

pub(crate) const CIPHERS: &[CipherSuite] = &[
    CipherSuite::WEP40,
    CipherSuite::WEP104,
    CipherSuite::TKIP,
    CipherSuite::CCMP,
    CipherSuite::CCMP_256,
    CipherSuite::GCMP,
    CipherSuite::GCMP_256,
    CipherSuite::AES_CMAC,
    CipherSuite::BIP_CMAC_256,
    CipherSuite::BIP_GMAC_128,
    CipherSuite::BIP_GMAC_256,
];

/// The types of which there can be many at the same time.
pub(crate) const MANY: IfTypes = IfTypes::EMPTY.with(IfType::Station).with(IfType::Ap);

pub(crate) const IFTYPES: IfTypes = MANY.with(IfType::Monitor);
