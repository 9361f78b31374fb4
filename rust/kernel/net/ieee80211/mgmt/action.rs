// SPDX-License-Identifier: GPL-2.0

//! Action frames.

use super::super::{
    bytes::Reader,
    element::{ChannelSwitch, Elements},
    Error, MacAddr, Result,
};

/// Categories (`enum ieee80211_category`).
#[allow(missing_docs)]
pub mod category {
    pub const SPECTRUM_MGMT: u8 = 0;
    pub const QOS: u8 = 1;
    pub const DLS: u8 = 2;
    pub const BACK: u8 = 3;
    pub const PUBLIC: u8 = 4;
    pub const RADIO_MEASUREMENT: u8 = 5;
    pub const FAST_BBS_TRANSITION: u8 = 6;
    pub const HT: u8 = 7;
    pub const SA_QUERY: u8 = 8;
    pub const PROTECTED_DUAL_OF_ACTION: u8 = 9;
    pub const WNM: u8 = 10;
    pub const WNM_UNPROTECTED: u8 = 11;
    pub const TDLS: u8 = 12;
    pub const MESH_ACTION: u8 = 13;
    pub const MULTIHOP_ACTION: u8 = 14;
    pub const SELF_PROTECTED: u8 = 15;
    pub const DMG: u8 = 16;
    pub const WMM: u8 = 17;
    pub const FST: u8 = 18;
    pub const UNPROT_DMG: u8 = 20;
    pub const VHT: u8 = 21;
    pub const S1G: u8 = 22;
    pub const PROTECTED_EHT: u8 = 37;
    pub const VENDOR_SPECIFIC_PROTECTED: u8 = 126;
    pub const VENDOR_SPECIFIC: u8 = 127;
}

/// Returns whether action frames of a category are robust.
pub fn is_robust_category(category: u8) -> bool {
    !matches!(
        category,
        category::PUBLIC
            | category::HT
            | category::WNM_UNPROTECTED
            | category::SELF_PROTECTED
            | category::UNPROT_DMG
            | category::VHT
            | category::S1G
            | category::VENDOR_SPECIFIC
    )
}

/// The parameters of a block acknowledgment agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackParams(pub u16);

impl BackParams {
    /// Makes them of their parts: `tid` has 4 bits, `buffer_size` 10.
    #[inline]
    pub const fn new(amsdu: bool, immediate: bool, tid: u8, buffer_size: u16) -> Self {
        Self(
            amsdu as u16
                | (immediate as u16) << 1
                | ((tid & 0xf) as u16) << 2
                | (buffer_size & 0x3ff) << 6,
        )
    }

    /// Returns whether A-MSDUs are allowed.
    #[inline]
    pub const fn amsdu(self) -> bool {
        self.0 & 1 != 0
    }

    /// Returns whether acknowledgments are immediate.
    #[inline]
    pub const fn immediate(self) -> bool {
        self.0 & 2 != 0
    }

    /// Returns the traffic identifier.
    #[inline]
    pub const fn tid(self) -> u8 {
        (self.0 >> 2 & 0xf) as u8
    }

    /// Returns how many frames are buffered; 0 if the responder is to decide.
    #[inline]
    pub const fn buffer_size(self) -> u16 {
        self.0 >> 6
    }
}

/// An action frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Asks for a block acknowledgment agreement.
    AddBaReq {
        /// The number that the response has as well.
        token: u8,
        /// The parameters.
        params: BackParams,
        /// The timeout, in time units.
        timeout: u16,
        /// The first sequence number.
        start: u16,
        /// The elements.
        elements: Elements<'a>,
    },
    /// Answers that.
    AddBaResp {
        /// The number of the request.
        token: u8,
        /// Whether it worked: 0 if so.
        status: u16,
        /// The parameters.
        params: BackParams,
        /// The timeout, in time units.
        timeout: u16,
        /// The elements.
        elements: Elements<'a>,
    },
    /// Ends a block acknowledgment agreement.
    DelBa {
        /// The traffic identifier.
        tid: u8,
        /// Whether the sender has been the one that asked for it.
        initiator: bool,
        /// Why.
        reason: u16,
    },
    /// Announces a channel switch, in one of two ways.
    ChannelSwitch(ChannelSwitch, Elements<'a>),
    /// Measurement request or report, TPC request or report.
    SpectrumMgmt {
        /// The action.
        action: u8,
        /// The number that request and report have in common.
        token: u8,
        /// The elements.
        elements: Elements<'a>,
    },
    /// Spatial multiplexing power save.
    HtSmps(u8),
    /// The channel width of the station: 1 if any.
    HtChannelWidth(u8),
    /// The operating mode of the station.
    VhtOpModeNotif(u8),
    /// The group of a multi-user transmission.
    VhtGroupId {
        /// Of which groups the station is a member.
        membership: &'a [u8; 8],
        /// Its position in them.
        position: &'a [u8; 16],
    },
    /// Asks whether the association is still valid, or answers that.
    SaQuery {
        /// Whether it is the answer.
        response: bool,
        /// The number that both have in common.
        id: [u8; 2],
    },
    /// A public action frame.
    Public {
        /// The action.
        action: u8,
        /// The rest.
        data: &'a [u8],
    },
    /// Tunneled direct link setup.
    Tdls {
        /// The action.
        action: u8,
        /// The rest.
        data: &'a [u8],
    },
    /// Mesh peering.
    SelfProtected {
        /// The action.
        action: u8,
        /// The rest.
        data: &'a [u8],
    },
    /// Of a vendor.
    Vendor {
        /// Whether it is the protected kind.
        protected: bool,
        /// The identifier.
        oui: [u8; 3],
        /// The rest.
        data: &'a [u8],
    },
    /// Fast transition.
    FastTransition {
        /// The action.
        action: u8,
        /// The station.
        station: MacAddr,
        /// The target.
        target: MacAddr,
        /// The rest.
        data: &'a [u8],
    },
    /// Any other.
    Other {
        /// The category.
        category: u8,
        /// The rest, which begins with the action in most.
        data: &'a [u8],
    },
}

impl<'a> Action<'a> {
    /// Reads the body of an action frame.
    pub fn parse(body: &'a [u8]) -> Result<Self> {
        let mut bytes = Reader::new(body);
        let category = bytes.u8()?;
        let data = bytes.rest();

        if matches!(
            category,
            category::VENDOR_SPECIFIC | category::VENDOR_SPECIFIC_PROTECTED
        ) {
            return Ok(Self::Vendor {
                protected: category == category::VENDOR_SPECIFIC_PROTECTED,
                oui: *bytes.array()?,
                data: bytes.rest(),
            });
        }
        let Ok(action) = bytes.u8() else {
            return Err(Error::Truncated);
        };

        Ok(match (category, action) {
            (category::BACK, 0) => Self::AddBaReq {
                token: bytes.u8()?,
                params: BackParams(bytes.u16()?),
                timeout: bytes.u16()?,
                start: bytes.u16()? >> 4,
                elements: Elements::new(bytes.rest()),
            },
            (category::BACK, 1) => Self::AddBaResp {
                token: bytes.u8()?,
                status: bytes.u16()?,
                params: BackParams(bytes.u16()?),
                timeout: bytes.u16()?,
                elements: Elements::new(bytes.rest()),
            },
            (category::BACK, 2) => {
                let params = bytes.u16()?;

                Self::DelBa {
                    tid: (params >> 12) as u8,
                    initiator: params & 0x800 != 0,
                    reason: bytes.u16()?,
                }
            }
            (category::SPECTRUM_MGMT, 4) => {
                let elements = Elements::new(bytes.rest());

                match elements.channel_switch() {
                    Some(switch) => Self::ChannelSwitch(switch, elements),
                    None => return Err(Error::Malformed),
                }
            }
            (category::SPECTRUM_MGMT, 0..=3) => Self::SpectrumMgmt {
                action,
                token: bytes.u8()?,
                elements: Elements::new(bytes.rest()),
            },
            (category::PUBLIC, 4) => {
                let switch = ChannelSwitch::parse_extended(bytes.take(4)?)?;

                Self::ChannelSwitch(switch, Elements::new(bytes.rest()))
            }
            (category::HT, 0) => Self::HtChannelWidth(bytes.u8()?),
            (category::HT, 1) => Self::HtSmps(bytes.u8()?),
            (category::VHT, 1) => Self::VhtGroupId {
                membership: bytes.array()?,
                position: bytes.array()?,
            },
            (category::VHT, 2) => Self::VhtOpModeNotif(bytes.u8()?),
            (category::SA_QUERY, 0 | 1) => Self::SaQuery {
                response: action == 1,
                id: *bytes.array()?,
            },
            (category::FAST_BBS_TRANSITION, 1..=4) => Self::FastTransition {
                action,
                station: bytes.addr()?,
                target: bytes.addr()?,
                data: bytes.rest(),
            },
            (category::PUBLIC, _) => Self::Public {
                action,
                data: bytes.rest(),
            },
            (category::TDLS, _) => Self::Tdls {
                action,
                data: bytes.rest(),
            },
            (category::SELF_PROTECTED, _) => Self::SelfProtected {
                action,
                data: bytes.rest(),
            },
            _ => Self::Other { category, data },
        })
    }
}
