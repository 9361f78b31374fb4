// SPDX-License-Identifier: GPL-2.0

//! Control frames.

use super::{
    bytes::{bits, Reader},
    Error, Frame, MacAddr, Result, SequenceControl, Subtype,
};

/// A control frame that this module knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ctrl<'a> {
    /// Request to send.
    Rts {
        /// How long the medium is used, in µs.
        duration: u16,
        /// Whom it is to.
        receiver: MacAddr,
        /// Whom it is from.
        transmitter: MacAddr,
    },
    /// Clear to send.
    Cts {
        /// How long the medium is used, in µs.
        duration: u16,
        /// Whom it is to.
        receiver: MacAddr,
    },
    /// Acknowledgment.
    Ack {
        /// Whom it is to.
        receiver: MacAddr,
    },
    /// Power save poll.
    PsPoll {
        /// The association id.
        aid: u16,
        /// The network.
        bssid: MacAddr,
        /// Whom it is from.
        transmitter: MacAddr,
    },
    /// End of the contention-free period.
    CfEnd {
        /// Whom it is to.
        receiver: MacAddr,
        /// The network.
        bssid: MacAddr,
    },
    /// Block acknowledgment request.
    BackReq(BackReq),
    /// Block acknowledgment.
    Back(Back<'a>),
    /// Trigger.
    Trigger(Trigger<'a>),
    /// NDP announcement.
    NdpAnnouncement {
        /// Whom it is to.
        receiver: MacAddr,
        /// Whom it is from.
        transmitter: MacAddr,
        /// The number that belongs to it.
        token: u8,
        /// Who is to answer.
        stations: &'a [u8],
    },
    /// Any other, which has at least a receiver.
    Other(Frame<'a>),
}

/// A block acknowledgment request (`struct ieee80211_bar`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackReq {
    /// Whom it is to.
    pub receiver: MacAddr,
    /// Whom it is from.
    pub transmitter: MacAddr,
    /// The control field.
    pub control: u16,
    /// Where the window begins, if it is not one with several TIDs.
    pub start: SequenceControl,
}

impl BackReq {
    /// Returns the traffic identifier.
    #[inline]
    pub fn tid(&self) -> u8 {
        (self.control >> 12) as u8
    }
}

/// A block acknowledgment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Back<'a> {
    /// Whom it is to.
    pub receiver: MacAddr,
    /// Whom it is from.
    pub transmitter: MacAddr,
    /// The control field.
    pub control: u16,
    info: &'a [u8],
}

impl<'a> Back<'a> {
    /// Returns the traffic identifier.
    #[inline]
    pub fn tid(&self) -> u8 {
        (self.control >> 12) as u8
    }

    /// Returns whether it is one for several stations.
    #[inline]
    pub fn is_multi_sta(&self) -> bool {
        self.control >> 1 & 0xf == 11
    }

    /// Returns where the window begins, and the bitmap, of one for a single station and TID.
    #[inline]
    pub fn bitmap(&self) -> Option<(SequenceControl, &'a [u8])> {
        // Basic, extended compressed and compressed.
        if !matches!(self.control >> 1 & 0xf, 0..=2) {
            return None;
        }
        let mut bytes = Reader::new(self.info);
        let start = SequenceControl::from_value(bytes.u16().ok()?);

        Some((start, bytes.rest()))
    }

    /// Returns whether the frame with this sequence number is acknowledged.
    #[inline]
    pub fn acknowledges(&self, sequence: u16) -> bool {
        self.bitmap().is_some_and(|(start, bitmap)| {
            let at = usize::from(SequenceControl::sn_sub(sequence, start.sequence()));

            at / 8 < bitmap.len() && bits(bitmap, at, 1) != 0
        })
    }

    /// Returns what is acknowledged to whom, of one for several stations: the AID and TID field,
    /// where the window begins, and the bitmap, which is empty if everything is.
    pub fn stations(&self) -> impl Iterator<Item = (u16, SequenceControl, &'a [u8])> + 'a {
        let mut bytes = Reader::new(if self.is_multi_sta() { self.info } else { &[] });

        core::iter::from_fn(move || {
            let aid_tid = bytes.u16().ok()?;

            // All frames are acknowledged, or a management frame is.
            if aid_tid >> 11 & 1 != 0 {
                return Some((aid_tid, SequenceControl::from_value(0), &[][..]));
            }
            let start = SequenceControl::from_value(bytes.u16().ok()?);
            let len = match start.fragment() >> 1 & 3 {
                0 => 8,
                1 => 16,
                2 => 32,
                _ => 4,
            };

            Some((aid_tid, start, bytes.take(len).ok()?))
        })
    }
}

/// A trigger frame (`struct ieee80211_trigger`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger<'a> {
    /// How long the medium is used, in µs.
    pub duration: u16,
    /// Whom it is to.
    pub receiver: MacAddr,
    /// Whom it is from.
    pub transmitter: MacAddr,
    common: &'a [u8; 8],
    users: &'a [u8],
}

impl<'a> Trigger<'a> {
    /// Returns the type: 0 is basic, 1 a poll of beamforming reports, 2 a multi-user BAR, 3 a
    /// multi-user RTS, 4 a poll of buffer status reports.
    #[inline]
    pub fn kind(&self) -> u8 {
        bits(self.common, 0, 4) as u8
    }

    /// Returns the length of the uplink.
    #[inline]
    pub fn ul_length(&self) -> u16 {
        bits(self.common, 4, 12) as u16
    }

    /// Returns whether another trigger follows.
    #[inline]
    pub fn more(&self) -> bool {
        bits(self.common, 16, 1) != 0
    }

    /// Returns the uplink bandwidth: 20, 40, 80 or 160 MHz (0 to 3).
    #[inline]
    pub fn ul_bandwidth(&self) -> u8 {
        bits(self.common, 18, 2) as u8
    }

    /// Returns the bytes that are for stations, whose size depends on the type.
    #[inline]
    pub fn users(&self) -> &'a [u8] {
        self.users
    }
}

impl<'a> Ctrl<'a> {
    /// Reads a control frame.
    ///
    /// Fails with [`Error::Malformed`] if it is another frame.
    pub fn parse(frame: &Frame<'a>) -> Result<Self> {
        let control = frame.control();

        if !control.is_ctrl() {
            return Err(Error::Malformed);
        }
        let duration = frame.duration_id();
        let receiver = frame.addr1().ok_or(Error::Truncated)?;
        let transmitter = || frame.addr2().ok_or(Error::Truncated);
        let mut body = Reader::new(frame.body());

        Ok(match control.subtype() {
            Some(Subtype::Rts) => Self::Rts {
                duration,
                receiver,
                transmitter: transmitter()?,
            },
            Some(Subtype::Cts) => Self::Cts { duration, receiver },
            Some(Subtype::Ack) => Self::Ack { receiver },
            Some(Subtype::PsPoll) => Self::PsPoll {
                aid: duration & 0x3fff,
                bssid: receiver,
                transmitter: transmitter()?,
            },
            Some(Subtype::CfEnd | Subtype::CfEndAck) => Self::CfEnd {
                receiver,
                bssid: transmitter()?,
            },
            Some(Subtype::BackReq) => Self::BackReq(BackReq {
                receiver,
                transmitter: transmitter()?,
                control: body.u16()?,
                start: SequenceControl::from_value(body.u16()?),
            }),
            Some(Subtype::Back) => Self::Back(Back {
                receiver,
                transmitter: transmitter()?,
                control: body.u16()?,
                info: body.rest(),
            }),
            Some(Subtype::Trigger) => Self::Trigger(Trigger {
                duration,
                receiver,
                transmitter: transmitter()?,
                common: body.array()?,
                users: body.rest(),
            }),
            Some(Subtype::NdpAnnouncement) => Self::NdpAnnouncement {
                receiver,
                transmitter: transmitter()?,
                token: body.u8()?,
                stations: body.rest(),
            },
            _ => Self::Other(*frame),
        })
    }
}

impl PartialEq for Frame<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.header() == other.header() && self.body() == other.body()
    }
}

impl Eq for Frame<'_> {}
