// SPDX-License-Identifier: GPL-2.0

//! Capabilities and operation of HT, VHT, HE and EHT.
//!
//! Those that have a fixed size are read into values, and can be written again; the others are
//! views whose size has been checked.

use super::{
    bytes::{bit, bits, Reader},
    Error, Result,
};

/// The HT capabilities element (`struct ieee80211_ht_cap`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HtCap {
    /// `IEEE80211_HT_CAP_*`
    pub cap_info: u16,
    /// A-MPDU parameters.
    pub ampdu_params: u8,
    /// Which MCS can be received; bit n is MCS n.
    pub rx_mask: [u8; 10],
    /// The highest rate that can be received, in Mbit/s.
    pub rx_highest: u16,
    /// What is known about transmission.
    pub tx_params: u8,
    /// `IEEE80211_HT_EXT_CAP_*`
    pub extended: u16,
    /// Beamforming.
    pub tx_bf: u32,
    /// Antenna selection.
    pub antenna_selection: u8,
}

impl HtCap {
    /// How many bytes the data of the element have.
    pub const LEN: usize = 26;

    /// Reads the data of the element.
    pub fn parse(data: &[u8]) -> Result<Self> {
        let mut bytes = Reader::new(data);
        let cap_info = bytes.u16()?;
        let ampdu_params = bytes.u8()?;
        let rx_mask = *bytes.array()?;
        let rx_highest = bytes.u16()?;
        let tx_params = bytes.u8()?;

        bytes.take(3)?;
        Ok(Self {
            cap_info,
            ampdu_params,
            rx_mask,
            rx_highest,
            tx_params,
            extended: bytes.u16()?,
            tx_bf: bytes.u32()?,
            antenna_selection: bytes.u8()?,
        })
    }

    /// Returns the data of the element.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        let (a, rest) = out.split_at_mut(3);
        let (mcs, tail) = rest.split_at_mut(16);

        a[..2].copy_from_slice(&self.cap_info.to_le_bytes());
        a[2] = self.ampdu_params;
        mcs[..10].copy_from_slice(&self.rx_mask);
        mcs[10..12].copy_from_slice(&self.rx_highest.to_le_bytes());
        mcs[12] = self.tx_params;
        tail[..2].copy_from_slice(&self.extended.to_le_bytes());
        tail[2..6].copy_from_slice(&self.tx_bf.to_le_bytes());
        tail[6] = self.antenna_selection;
        out
    }

    /// Returns whether 40 MHz are supported.
    #[inline]
    pub fn supports_40mhz(&self) -> bool {
        self.cap_info & 0x0002 != 0
    }

    /// Returns whether the guard interval may be short with 20 MHz.
    #[inline]
    pub fn sgi_20(&self) -> bool {
        self.cap_info & 0x0020 != 0
    }

    /// Returns whether the guard interval may be short with 40 MHz.
    #[inline]
    pub fn sgi_40(&self) -> bool {
        self.cap_info & 0x0040 != 0
    }

    /// Returns how long an A-MSDU may be.
    #[inline]
    pub fn max_amsdu_len(&self) -> usize {
        if self.cap_info & 0x0800 != 0 {
            7935
        } else {
            3839
        }
    }

    /// Returns how long an A-MPDU may be.
    #[inline]
    pub fn max_ampdu_len(&self) -> usize {
        (1 << (13 + (self.ampdu_params & 3))) - 1
    }

    /// Returns the number of streams that can be received.
    #[inline]
    pub fn rx_streams(&self) -> u8 {
        self.rx_mask[..4].iter().filter(|&&mask| mask != 0).count() as u8
    }
}

/// The HT operation element (`struct ieee80211_ht_operation`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HtOperation {
    /// The primary channel.
    pub primary_channel: u8,
    /// The secondary channel: 0 none, 1 above, 3 below.
    pub secondary_offset: u8,
    /// Whether stations may use any width.
    pub any_width: bool,
    /// How transmissions are protected.
    pub operation_mode: u16,
    /// More about protection and beacons.
    pub stbc_param: u16,
    /// Which MCS all stations support.
    pub basic_set: [u8; 16],
}

impl HtOperation {
    /// How many bytes the data of the element have.
    pub const LEN: usize = 22;

    /// Reads the data of the element.
    pub fn parse(data: &[u8]) -> Result<Self> {
        let mut bytes = Reader::new(data);
        let primary_channel = bytes.u8()?;
        let param = bytes.u8()?;

        Ok(Self {
            primary_channel,
            secondary_offset: param & 3,
            any_width: param & 4 != 0,
            operation_mode: bytes.u16()?,
            stbc_param: bytes.u16()?,
            basic_set: *bytes.array()?,
        })
    }

    /// Returns the data of the element.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];

        out[0] = self.primary_channel;
        out[1] = self.secondary_offset & 3 | u8::from(self.any_width) << 2;
        out[2..4].copy_from_slice(&self.operation_mode.to_le_bytes());
        out[4..6].copy_from_slice(&self.stbc_param.to_le_bytes());
        out[6..].copy_from_slice(&self.basic_set);
        out
    }
}

/// How many MCS are supported for each number of streams: 2 bits for each, as in VHT and HE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct McsMap(pub u16);

impl McsMap {
    /// Returns the 2 bits for a number of streams from 1 to 8: 3 means none.
    #[inline]
    pub const fn get(self, nss: u8) -> Option<u8> {
        if nss == 0 || nss > 8 {
            return None;
        }
        match (self.0 >> (2 * (nss - 1)) & 3) as u8 {
            3 => None,
            support => Some(support),
        }
    }

    /// Returns the number of streams.
    #[inline]
    pub fn streams(self) -> u8 {
        (1..=8)
            .rev()
            .find(|&nss| self.get(nss).is_some())
            .unwrap_or(0)
    }
}

/// The VHT capabilities element (`struct ieee80211_vht_cap`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VhtCap {
    /// `IEEE80211_VHT_CAP_*`
    pub cap_info: u32,
    /// What can be received.
    pub rx_mcs: McsMap,
    /// The highest rate that can be received, in Mbit/s.
    pub rx_highest: u16,
    /// What can be transmitted.
    pub tx_mcs: McsMap,
    /// The highest rate that can be transmitted, in Mbit/s.
    pub tx_highest: u16,
}

impl VhtCap {
    /// How many bytes the data of the element have.
    pub const LEN: usize = 12;

    /// Reads the data of the element.
    pub fn parse(data: &[u8]) -> Result<Self> {
        let mut bytes = Reader::new(data);

        Ok(Self {
            cap_info: bytes.u32()?,
            rx_mcs: McsMap(bytes.u16()?),
            rx_highest: bytes.u16()?,
            tx_mcs: McsMap(bytes.u16()?),
            tx_highest: bytes.u16()?,
        })
    }

    /// Returns the data of the element.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];

        out[..4].copy_from_slice(&self.cap_info.to_le_bytes());
        out[4..6].copy_from_slice(&self.rx_mcs.0.to_le_bytes());
        out[6..8].copy_from_slice(&self.rx_highest.to_le_bytes());
        out[8..10].copy_from_slice(&self.tx_mcs.0.to_le_bytes());
        out[10..].copy_from_slice(&self.tx_highest.to_le_bytes());
        out
    }

    /// Returns how long an MPDU may be.
    #[inline]
    pub fn max_mpdu_len(&self) -> usize {
        match self.cap_info & 3 {
            0 => 3895,
            1 => 7991,
            _ => 11454,
        }
    }

    /// Returns whether 160 MHz are supported.
    #[inline]
    pub fn supports_160mhz(&self) -> bool {
        matches!(self.cap_info >> 2 & 3, 1 | 2)
    }
}

/// The VHT operation element (`struct ieee80211_vht_operation`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VhtOperation {
    /// The width: 0 is 20 or 40 MHz as in HT, 1 is 80 MHz or more.
    pub width: u8,
    /// The first centre.
    pub center0: u8,
    /// The second centre, or that of 160 MHz.
    pub center1: u8,
    /// Which MCS all stations support.
    pub basic_mcs: McsMap,
}

impl VhtOperation {
    /// How many bytes the data of the element have.
    pub const LEN: usize = 5;

    /// Reads the data of the element.
    pub fn parse(data: &[u8]) -> Result<Self> {
        let mut bytes = Reader::new(data);

        Ok(Self {
            width: bytes.u8()?,
            center0: bytes.u8()?,
            center1: bytes.u8()?,
            basic_mcs: McsMap(bytes.u16()?),
        })
    }

    /// Returns the data of the element.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mcs = self.basic_mcs.0.to_le_bytes();

        [self.width, self.center0, self.center1, mcs[0], mcs[1]]
    }
}

/// The HE capabilities element (`struct ieee80211_he_cap_elem`), as a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeCap<'a> {
    /// The MAC capabilities.
    pub mac: &'a [u8; 6],
    /// The PHY capabilities.
    pub phy: &'a [u8; 11],
    mcs: &'a [u8],
    ppe: &'a [u8],
}

impl<'a> HeCap<'a> {
    /// Reads the body of the element (`ieee80211_he_capa_size_ok()`).
    pub fn parse(body: &'a [u8]) -> Result<Self> {
        let mut bytes = Reader::new(body);
        let mac = bytes.array()?;
        let phy: &[u8; 11] = bytes.array()?;
        let widths = 1 + bits(phy, 3, 1) + bits(phy, 4, 1);
        let mcs = bytes.take(4 * widths as usize)?;
        let ppe = if bit(phy, 55) {
            let header = *bytes.rest().first().ok_or(Error::Truncated)?;
            let rus = (header >> 3 & 0xf).count_ones() as usize;
            let streams = usize::from(header & 7) + 1;

            bytes.take((rus * streams * 6 + 7).div_ceil(8))?
        } else {
            &[]
        };

        Ok(Self { mac, phy, mcs, ppe })
    }

    fn map_at(&self, at: usize) -> Option<McsMap> {
        Reader::new(self.mcs.get(at..)?).u16().ok().map(McsMap)
    }

    /// Returns what can be received and transmitted with up to 80 MHz.
    pub fn mcs_80(&self) -> (McsMap, McsMap) {
        (
            self.map_at(0).unwrap_or_default(),
            self.map_at(2).unwrap_or_default(),
        )
    }

    /// Returns what can be received and transmitted with 160 MHz, if that is supported.
    pub fn mcs_160(&self) -> Option<(McsMap, McsMap)> {
        if !bit(self.phy, 3) {
            return None;
        }
        Some((self.map_at(4)?, self.map_at(6)?))
    }

    /// Returns the bytes of the PPE thresholds, if there are any.
    pub fn ppe_thresholds(&self) -> &'a [u8] {
        self.ppe
    }

    /// Returns whether 40 MHz are supported in the 2.4 GHz band.
    pub fn supports_40mhz_in_2ghz(&self) -> bool {
        bit(self.phy, 1)
    }

    /// Returns whether 40 and 80 MHz are supported in the 5 and 6 GHz bands.
    pub fn supports_80mhz_in_5ghz(&self) -> bool {
        bit(self.phy, 2)
    }

    /// Returns whether 160 MHz are supported in the 5 and 6 GHz bands.
    pub fn supports_160mhz_in_5ghz(&self) -> bool {
        bit(self.phy, 3)
    }
}

/// The 6 GHz part of the HE operation element (`struct ieee80211_he_6ghz_oper`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct He6GhzOper {
    /// The primary channel.
    pub primary: u8,
    /// The width and more.
    pub control: u8,
    /// The first centre.
    pub center0: u8,
    /// The second centre.
    pub center1: u8,
    /// The lowest rate, in Mbit/s.
    pub min_rate: u8,
}

/// The HE operation element (`struct ieee80211_he_operation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeOperation {
    /// `IEEE80211_HE_OPERATION_*`
    pub params: u32,
    /// Which MCS all stations support.
    pub basic_mcs: McsMap,
    /// The width and the centres, as in VHT.
    pub vht: Option<(u8, u8, u8)>,
    /// The highest number of networks at the same address.
    pub max_cohosted: Option<u8>,
    /// The 6 GHz part.
    pub six_ghz: Option<He6GhzOper>,
}

impl HeOperation {
    /// Reads the body of the element (`ieee80211_he_oper_size()`).
    pub fn parse(body: &[u8]) -> Result<Self> {
        let mut bytes = Reader::new(body);
        let params = bytes.u32()?;
        let basic_mcs = McsMap(bytes.u16()?);
        let vht = if params & 0x4000 != 0 {
            Some((bytes.u8()?, bytes.u8()?, bytes.u8()?))
        } else {
            None
        };
        let max_cohosted = if params & 0x8000 != 0 {
            Some(bytes.u8()?)
        } else {
            None
        };
        let six_ghz = if params & 0x20000 != 0 {
            Some(He6GhzOper {
                primary: bytes.u8()?,
                control: bytes.u8()?,
                center0: bytes.u8()?,
                center1: bytes.u8()?,
                min_rate: bytes.u8()?,
            })
        } else {
            None
        };

        Ok(Self {
            params,
            basic_mcs,
            vht,
            max_cohosted,
            six_ghz,
        })
    }

    /// Returns the colour of the network, unless it is disabled.
    #[inline]
    pub fn bss_color(&self) -> Option<u8> {
        if self.params & 0x8000_0000 != 0 {
            return None;
        }
        Some((self.params >> 24 & 0x3f) as u8)
    }
}

/// The EHT capabilities element (`struct ieee80211_eht_cap_elem`), as a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EhtCap<'a> {
    /// The MAC capabilities.
    pub mac: &'a [u8; 2],
    /// The PHY capabilities.
    pub phy: &'a [u8; 9],
    /// What is supported: 4 bytes for a station with 20 MHz only, else 3 for each of 80, 160 and
    /// 320 MHz that is supported.
    pub mcs: &'a [u8],
    /// The PPE thresholds, if there are any.
    pub ppe: &'a [u8],
}

impl<'a> EhtCap<'a> {
    /// Reads the body of the element (`ieee80211_eht_capa_size_ok()`), whose size depends on the HE
    /// capabilities and on whether it is from an access point.
    pub fn parse(body: &'a [u8], he: &HeCap<'_>, from_ap: bool) -> Result<Self> {
        let mut bytes = Reader::new(body);
        let mac = bytes.array()?;
        let phy: &[u8; 9] = bytes.array()?;
        let widths = if bit(he.phy, 1) {
            1
        } else {
            bits(he.phy, 2, 1) + bits(he.phy, 3, 1) + bits(phy, 1, 1)
        };
        let len = match widths {
            0 if from_ap => 3,
            0 => 4,
            widths => 3 * widths as usize,
        };
        let mcs = bytes.take(len)?;
        let ppe = if bit(phy, 43) {
            let header = bytes.rest().get(..2).ok_or(Error::Truncated)?;
            let rus = bits(header, 4, 5).count_ones() as usize;
            let streams = bits(header, 0, 4) as usize + 1;

            bytes.take((rus * streams * 6 + 9).div_ceil(8))?
        } else {
            &[]
        };

        Ok(Self { mac, phy, mcs, ppe })
    }

    /// Returns whether 320 MHz are supported in the 6 GHz band.
    pub fn supports_320mhz(&self) -> bool {
        bit(self.phy, 1)
    }
}

/// The EHT operation element (`struct ieee80211_eht_operation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EhtOperation {
    /// `IEEE80211_EHT_OPER_*`
    pub params: u8,
    /// Which MCS all stations support.
    pub basic_mcs: [u8; 4],
    /// The width (0 to 4 are 20 to 320 MHz) and the centres.
    pub info: Option<(u8, u8, u8)>,
    /// The subchannels of 20 MHz that are not used.
    pub disabled_subchannels: Option<u16>,
}

impl EhtOperation {
    /// Reads the body of the element (`ieee80211_eht_oper_size_ok()`).
    pub fn parse(body: &[u8]) -> Result<Self> {
        let mut bytes = Reader::new(body);
        let params = bytes.u8()?;
        let basic_mcs = *bytes.array()?;
        let info = if params & 1 != 0 {
            Some((bytes.u8()? & 7, bytes.u8()?, bytes.u8()?))
        } else {
            None
        };
        let disabled_subchannels = if params & 3 == 3 {
            Some(bytes.u16()?)
        } else {
            None
        };

        Ok(Self {
            params,
            basic_mcs,
            info,
            disabled_subchannels,
        })
    }
}
