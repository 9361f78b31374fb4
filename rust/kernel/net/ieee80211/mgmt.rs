// SPDX-License-Identifier: GPL-2.0

//! Bodies of management frames.

use super::{bytes::Reader, element::Elements, Error, Frame, MacAddr, Result, Subtype};

pub mod action;

use self::action::Action;

/// The capability information field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability(pub u16);

impl Capability {
    /// Returns whether it is the network of an access point.
    #[inline]
    pub fn is_ess(self) -> bool {
        self.0 & 0x0001 != 0
    }

    /// Returns whether it is a network without one.
    #[inline]
    pub fn is_ibss(self) -> bool {
        self.0 & 0x0002 != 0
    }

    /// Returns whether frames are encrypted.
    #[inline]
    pub fn has_privacy(self) -> bool {
        self.0 & 0x0010 != 0
    }

    /// Returns whether the preamble may be short.
    #[inline]
    pub fn has_short_preamble(self) -> bool {
        self.0 & 0x0020 != 0
    }

    /// Returns whether the spectrum is managed.
    #[inline]
    pub fn has_spectrum_mgmt(self) -> bool {
        self.0 & 0x0100 != 0
    }

    /// Returns whether slots are short.
    #[inline]
    pub fn has_short_slot_time(self) -> bool {
        self.0 & 0x0400 != 0
    }
}

/// A beacon or probe response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beacon<'a> {
    /// The TSF timer of the sender, in µs.
    pub timestamp: u64,
    /// The time between beacons, in time units of 1024 µs.
    pub interval: u16,
    /// The capabilities.
    pub capability: Capability,
    /// The elements.
    pub elements: Elements<'a>,
}

impl<'a> Beacon<'a> {
    /// Reads the body of the frame.
    pub fn parse(body: &'a [u8]) -> Result<Self> {
        let mut bytes = Reader::new(body);

        Ok(Self {
            timestamp: bytes.u64()?,
            interval: bytes.u16()?,
            capability: Capability(bytes.u16()?),
            elements: Elements::new(bytes.rest()),
        })
    }
}

/// An association or reassociation request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssocReq<'a> {
    /// The capabilities.
    pub capability: Capability,
    /// How often the station listens to beacons.
    pub listen_interval: u16,
    /// The access point that the station is associated with, for a reassociation.
    pub current_ap: Option<MacAddr>,
    /// The elements.
    pub elements: Elements<'a>,
}

/// An association or reassociation response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssocResp<'a> {
    /// The capabilities.
    pub capability: Capability,
    /// Whether it worked: 0 if so.
    pub status: u16,
    /// The association id; the two highest bits are cleared.
    pub aid: u16,
    /// The elements.
    pub elements: Elements<'a>,
}

/// An authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auth<'a> {
    /// The algorithm: 0 is open, 1 shared key, 2 FT, 3 SAE, 4 to 6 FILS.
    pub algorithm: u16,
    /// The step.
    pub transaction: u16,
    /// Whether it worked: 0 if so.
    pub status: u16,
    /// Fields of the algorithm, and elements.
    pub variable: &'a [u8],
}

/// The body of a management frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mgmt<'a> {
    /// Beacon.
    Beacon(Beacon<'a>),
    /// Probe request.
    ProbeReq(Elements<'a>),
    /// Probe response.
    ProbeResp(Beacon<'a>),
    /// Association request.
    AssocReq(AssocReq<'a>),
    /// Association response.
    AssocResp(AssocResp<'a>),
    /// Reassociation request.
    ReassocReq(AssocReq<'a>),
    /// Reassociation response.
    ReassocResp(AssocResp<'a>),
    /// Authentication.
    Auth(Auth<'a>),
    /// Deauthentication: the reason, and elements.
    Deauth(u16, Elements<'a>),
    /// Disassociation: the reason, and elements.
    Disassoc(u16, Elements<'a>),
    /// Announcement traffic indication message.
    Atim,
    /// Action, with or without an acknowledgment.
    Action(Action<'a>),
    /// The body is encrypted.
    Protected(&'a [u8]),
    /// Any other.
    Other(&'a [u8]),
}

impl<'a> Mgmt<'a> {
    /// Reads the body of a management frame.
    ///
    /// Fails with [`Error::Malformed`] if it is another frame.
    pub fn parse(frame: &Frame<'a>) -> Result<Self> {
        let control = frame.control();

        if !control.is_mgmt() {
            return Err(Error::Malformed);
        }
        let body = frame.body();
        let mut bytes = Reader::new(body);

        // Only the third frame of an authentication with a shared key is encrypted otherwise.
        if control.protected() {
            return Ok(Self::Protected(body));
        }
        Ok(match control.subtype() {
            Some(Subtype::Beacon) => Self::Beacon(Beacon::parse(body)?),
            Some(Subtype::ProbeResp) => Self::ProbeResp(Beacon::parse(body)?),
            Some(Subtype::ProbeReq) => Self::ProbeReq(Elements::new(body)),
            Some(Subtype::AssocReq) => Self::AssocReq(AssocReq {
                capability: Capability(bytes.u16()?),
                listen_interval: bytes.u16()?,
                current_ap: None,
                elements: Elements::new(bytes.rest()),
            }),
            Some(Subtype::ReassocReq) => Self::ReassocReq(AssocReq {
                capability: Capability(bytes.u16()?),
                listen_interval: bytes.u16()?,
                current_ap: Some(bytes.addr()?),
                elements: Elements::new(bytes.rest()),
            }),
            Some(subtype @ (Subtype::AssocResp | Subtype::ReassocResp)) => {
                let resp = AssocResp {
                    capability: Capability(bytes.u16()?),
                    status: bytes.u16()?,
                    aid: bytes.u16()? & 0x3fff,
                    elements: Elements::new(bytes.rest()),
                };

                if subtype == Subtype::AssocResp {
                    Self::AssocResp(resp)
                } else {
                    Self::ReassocResp(resp)
                }
            }
            Some(Subtype::Auth) => Self::Auth(Auth {
                algorithm: bytes.u16()?,
                transaction: bytes.u16()?,
                status: bytes.u16()?,
                variable: bytes.rest(),
            }),
            Some(Subtype::Deauth) => Self::Deauth(bytes.u16()?, Elements::new(bytes.rest())),
            Some(Subtype::Disassoc) => Self::Disassoc(bytes.u16()?, Elements::new(bytes.rest())),
            Some(Subtype::Atim) => Self::Atim,
            Some(Subtype::Action | Subtype::ActionNoAck) => Self::Action(Action::parse(body)?),
            _ => Self::Other(body),
        })
    }
}

/// Returns whether a management frame is robust, hence has to be protected if management frame
/// protection is used (`ieee80211_is_robust_mgmt_frame()`).
pub fn is_robust(frame: &Frame<'_>) -> bool {
    match frame.control().subtype() {
        Some(Subtype::Disassoc | Subtype::Deauth) => true,
        Some(Subtype::Action) => {
            // The category can't be read, and is not needed, if the body is encrypted.
            frame.control().protected()
                || frame
                    .body()
                    .first()
                    .is_some_and(|&category| action::is_robust_category(category))
        }
        _ => false,
    }
}
