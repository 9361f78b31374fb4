// SPDX-License-Identifier: GPL-2.0

//! The header of a frame.

use super::{bytes::Reader, Error, MacAddr, Result};

/// The frame control field (`fc`), in the byte order of the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct FrameControl(u16);

/// The type of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameType {
    /// `IEEE80211_FTYPE_MGMT`
    Mgmt,
    /// `IEEE80211_FTYPE_CTL`
    Ctrl,
    /// `IEEE80211_FTYPE_DATA`
    Data,
    /// `IEEE80211_FTYPE_EXT`
    Ext,
}

macro_rules! subtypes {
    ($($(#[$meta:meta])* $name:ident = $value:literal,)*) => {
        /// The type and the subtype of a frame that has a name in the standard.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Subtype {
            $($(#[$meta])* $name = $value,)*
        }

        impl Subtype {
            const fn of(bits: u16) -> Option<Self> {
                match bits {
                    $($value => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

subtypes! {
    /// Association request.
    AssocReq = 0x0000,
    /// Association response.
    AssocResp = 0x0010,
    /// Reassociation request.
    ReassocReq = 0x0020,
    /// Reassociation response.
    ReassocResp = 0x0030,
    /// Probe request.
    ProbeReq = 0x0040,
    /// Probe response.
    ProbeResp = 0x0050,
    /// Timing advertisement.
    TimingAdvertisement = 0x0060,
    /// Beacon.
    Beacon = 0x0080,
    /// Announcement traffic indication message.
    Atim = 0x0090,
    /// Disassociation.
    Disassoc = 0x00a0,
    /// Authentication.
    Auth = 0x00b0,
    /// Deauthentication.
    Deauth = 0x00c0,
    /// Action.
    Action = 0x00d0,
    /// Action, without an acknowledgment.
    ActionNoAck = 0x00e0,
    /// Trigger.
    Trigger = 0x0024,
    /// Beamforming report poll.
    BeamformingReportPoll = 0x0044,
    /// VHT or HE NDP announcement.
    NdpAnnouncement = 0x0054,
    /// Control frame extension.
    CtrlExt = 0x0064,
    /// Control wrapper.
    CtrlWrapper = 0x0074,
    /// Block acknowledgment request.
    BackReq = 0x0084,
    /// Block acknowledgment.
    Back = 0x0094,
    /// Power save poll.
    PsPoll = 0x00a4,
    /// Request to send.
    Rts = 0x00b4,
    /// Clear to send.
    Cts = 0x00c4,
    /// Acknowledgment.
    Ack = 0x00d4,
    /// End of the contention-free period.
    CfEnd = 0x00e4,
    /// The same, with an acknowledgment.
    CfEndAck = 0x00f4,
    /// Data.
    Data = 0x0008,
    /// No data.
    Null = 0x0048,
    /// Data with a QoS control field.
    QosData = 0x0088,
    /// No data, with a QoS control field.
    QosNull = 0x00c8,
    /// Beacon of DMG.
    DmgBeacon = 0x000c,
    /// Beacon of S1G.
    S1gBeacon = 0x001c,
}

impl FrameControl {
    /// Makes one of its value in the byte order of the CPU.
    #[inline]
    pub const fn new(value: u16) -> Self {
        Self(value)
    }

    /// Makes one of the type and the subtype, without flags.
    #[inline]
    pub const fn of(subtype: Subtype) -> Self {
        Self(subtype as u16)
    }

    /// Reads it from the begin of a frame, if there are two bytes.
    #[inline]
    pub fn parse(frame: &[u8]) -> Result<Self> {
        Reader::new(frame).u16().map(Self)
    }

    /// Returns the value in the byte order of the CPU.
    #[inline]
    pub const fn value(self) -> u16 {
        self.0
    }

    /// Returns the protocol version, of which 0 is the only one that has a meaning.
    #[inline]
    pub const fn version(self) -> u8 {
        (self.0 & 3) as u8
    }

    /// Returns the type.
    #[inline]
    pub const fn frame_type(self) -> FrameType {
        match self.0 >> 2 & 3 {
            0 => FrameType::Mgmt,
            1 => FrameType::Ctrl,
            2 => FrameType::Data,
            _ => FrameType::Ext,
        }
    }

    /// Returns type and subtype, if they have a name.
    #[inline]
    pub const fn subtype(self) -> Option<Subtype> {
        Subtype::of(self.0 & 0x00fc)
    }

    /// Returns whether it is a frame of this type and subtype (`ieee80211_is_beacon()` and so on).
    #[inline]
    pub const fn is(self, subtype: Subtype) -> bool {
        self.0 & 0x00fc == subtype as u16
    }

    /// Returns whether it is a management frame.
    #[inline]
    pub const fn is_mgmt(self) -> bool {
        self.0 & 0x000c == 0
    }

    /// Returns whether it is a control frame.
    #[inline]
    pub const fn is_ctrl(self) -> bool {
        self.0 & 0x000c == 4
    }

    /// Returns whether it is a data frame, which may have no data.
    #[inline]
    pub const fn is_data(self) -> bool {
        self.0 & 0x000c == 8
    }

    /// Returns whether it is a data frame that has a QoS control field
    /// (`ieee80211_is_data_qos()`).
    #[inline]
    pub const fn is_data_qos(self) -> bool {
        self.0 & 0x008c == 0x0088
    }

    /// Returns whether it is a data frame that has data (`ieee80211_is_data_present()`).
    #[inline]
    pub const fn is_data_present(self) -> bool {
        self.0 & 0x004c == 8
    }

    /// Returns whether it is a null function frame, with or without QoS
    /// (`ieee80211_is_any_nullfunc()`).
    #[inline]
    pub const fn is_any_nullfunc(self) -> bool {
        self.is(Subtype::Null) || self.is(Subtype::QosNull)
    }

    /// Returns whether it is to the distribution system.
    #[inline]
    pub const fn to_ds(self) -> bool {
        self.0 & 0x0100 != 0
    }

    /// Returns whether it is from the distribution system.
    #[inline]
    pub const fn from_ds(self) -> bool {
        self.0 & 0x0200 != 0
    }

    /// Returns whether there are four addresses (`ieee80211_has_a4()`).
    #[inline]
    pub const fn has_a4(self) -> bool {
        self.0 & 0x0300 == 0x0300
    }

    /// Returns whether more fragments follow.
    #[inline]
    pub const fn more_fragments(self) -> bool {
        self.0 & 0x0400 != 0
    }

    /// Returns whether it has been sent before.
    #[inline]
    pub const fn retry(self) -> bool {
        self.0 & 0x0800 != 0
    }

    /// Returns whether the station goes to sleep.
    #[inline]
    pub const fn power_management(self) -> bool {
        self.0 & 0x1000 != 0
    }

    /// Returns whether more frames are waiting for the station.
    #[inline]
    pub const fn more_data(self) -> bool {
        self.0 & 0x2000 != 0
    }

    /// Returns whether the body is encrypted.
    #[inline]
    pub const fn protected(self) -> bool {
        self.0 & 0x4000 != 0
    }

    /// Returns whether there is an HT control field in a management or QoS data frame (`+HTC`, the
    /// order bit).
    #[inline]
    pub const fn order(self) -> bool {
        self.0 & 0x8000 != 0
    }

    /// Sets the direction.
    #[inline]
    pub const fn with_ds(self, to: bool, from: bool) -> Self {
        Self(self.0 & !0x0300 | (to as u16) << 8 | (from as u16) << 9)
    }

    /// Sets whether more fragments follow.
    #[inline]
    pub const fn with_more_fragments(self, set: bool) -> Self {
        Self(self.0 & !0x0400 | (set as u16) << 10)
    }

    /// Sets whether it has been sent before.
    #[inline]
    pub const fn with_retry(self, set: bool) -> Self {
        Self(self.0 & !0x0800 | (set as u16) << 11)
    }

    /// Sets whether the station goes to sleep.
    #[inline]
    pub const fn with_power_management(self, set: bool) -> Self {
        Self(self.0 & !0x1000 | (set as u16) << 12)
    }

    /// Sets whether more frames are waiting for the station.
    #[inline]
    pub const fn with_more_data(self, set: bool) -> Self {
        Self(self.0 & !0x2000 | (set as u16) << 13)
    }

    /// Sets whether the body is encrypted.
    #[inline]
    pub const fn with_protected(self, set: bool) -> Self {
        Self(self.0 & !0x4000 | (set as u16) << 14)
    }

    /// Returns how long the header is (`ieee80211_hdrlen()`), without a mesh control field.
    #[inline]
    pub const fn header_len(self) -> usize {
        match self.frame_type() {
            FrameType::Mgmt => 24 + if self.order() { 4 } else { 0 },
            FrameType::Ctrl => {
                // Clear to send and acknowledgment have one address.
                if self.0 & 0x00e0 == 0x00c0 {
                    10
                } else {
                    16
                }
            }
            FrameType::Data => {
                let len = if self.has_a4() { 30 } else { 24 };

                if !self.is_data_qos() {
                    len
                } else if self.order() {
                    len + 6
                } else {
                    len + 2
                }
            }
            FrameType::Ext => 4,
        }
    }
}

/// The sequence control field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceControl(u16);

impl SequenceControl {
    /// Makes one of the sequence number, of which the lower 12 bits are taken, and the fragment
    /// number, of which 4 bits are taken.
    #[inline]
    pub const fn new(sequence: u16, fragment: u8) -> Self {
        Self(sequence << 4 | (fragment & 0xf) as u16)
    }

    /// Makes one of its value in the byte order of the CPU.
    #[inline]
    pub const fn from_value(value: u16) -> Self {
        Self(value)
    }

    /// Returns the value in the byte order of the CPU.
    #[inline]
    pub const fn value(self) -> u16 {
        self.0
    }

    /// Returns the sequence number (`IEEE80211_SEQ_TO_SN()`).
    #[inline]
    pub const fn sequence(self) -> u16 {
        self.0 >> 4
    }

    /// Returns the fragment number.
    #[inline]
    pub const fn fragment(self) -> u8 {
        (self.0 & 0xf) as u8
    }

    /// Returns whether the sequence number `a` is before `b`, modulo 4096
    /// (`ieee80211_sn_less()`).
    #[inline]
    pub const fn sn_less(a: u16, b: u16) -> bool {
        a.wrapping_sub(b) & 0xfff > 2048
    }

    /// Adds to a sequence number, modulo 4096 (`ieee80211_sn_add()`).
    #[inline]
    pub const fn sn_add(a: u16, b: u16) -> u16 {
        a.wrapping_add(b) & 0xfff
    }

    /// Subtracts from a sequence number, modulo 4096 (`ieee80211_sn_sub()`).
    #[inline]
    pub const fn sn_sub(a: u16, b: u16) -> u16 {
        a.wrapping_sub(b) & 0xfff
    }
}

/// The QoS control field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QosControl(u16);

impl QosControl {
    /// Makes one of its value in the byte order of the CPU.
    #[inline]
    pub const fn new(value: u16) -> Self {
        Self(value)
    }

    /// Returns the value in the byte order of the CPU.
    #[inline]
    pub const fn value(self) -> u16 {
        self.0
    }

    /// Returns the traffic identifier, 0 to 15.
    #[inline]
    pub const fn tid(self) -> u8 {
        (self.0 & 0xf) as u8
    }

    /// Returns whether the service period ends (`IEEE80211_QOS_CTL_EOSP`).
    #[inline]
    pub const fn eosp(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// Returns the acknowledgment policy: 0 normal, 1 none, 2 no explicit one, 3 block.
    #[inline]
    pub const fn ack_policy(self) -> u8 {
        (self.0 >> 5 & 3) as u8
    }

    /// Returns whether the body is an A-MSDU.
    #[inline]
    pub const fn is_amsdu(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// Returns whether a mesh control field follows; it has a meaning between mesh stations only.
    #[inline]
    pub const fn has_mesh_control(self) -> bool {
        self.0 & 0x100 != 0
    }
}

/// The HT control field, in its variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HtControl {
    /// The HT variant.
    Ht(u32),
    /// The VHT variant.
    Vht(u32),
    /// The HE variant: a sequence of control fields in the A-control subfield (30 bits).
    He(u32),
}

impl HtControl {
    /// Tells the variants apart.
    #[inline]
    pub const fn new(value: u32) -> Self {
        match value & 3 {
            1 => Self::Vht(value >> 1),
            3 => Self::He(value >> 2),
            _ => Self::Ht(value >> 1),
        }
    }

    /// Returns the first control field in the A-control subfield of the HE variant: its id, and the
    /// bits that follow.
    #[inline]
    pub const fn a_control(self) -> Option<(u8, u32)> {
        match self {
            Self::He(value) => Some(((value & 0xf) as u8, value >> 4)),
            _ => None,
        }
    }
}

/// The mesh control field at the begin of the body of a mesh data frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeshControl {
    /// Flags; see [`MeshControl::addresses`].
    pub flags: u8,
    /// How often the frame may still be forwarded.
    pub ttl: u8,
    /// The mesh sequence number.
    pub sequence: u32,
    /// The addresses 4, or 5 and 6.
    pub addresses: [Option<MacAddr>; 2],
}

impl MeshControl {
    /// Reads the field, and returns it with what follows.
    pub fn parse(body: &[u8]) -> Result<(Self, &[u8])> {
        let mut bytes = Reader::new(body);
        let flags = bytes.u8()?;
        let ttl = bytes.u8()?;
        let sequence = bytes.u32()?;
        let addresses = match flags & 3 {
            0 => [None, None],
            1 => [Some(bytes.addr()?), None],
            2 => [Some(bytes.addr()?), Some(bytes.addr()?)],
            _ => return Err(Error::Malformed),
        };

        Ok((
            Self {
                flags,
                ttl,
                sequence,
                addresses,
            },
            bytes.rest(),
        ))
    }
}

/// A frame without its check sequence, as a view of its bytes.
///
/// # Examples
///
/// ```
/// use kernel::net::ieee80211::{Frame, MacAddr, Subtype};
///
/// let bytes = [
///     0x88, 0x01, 0x2c, 0x00, // QoS data to the distribution system
///     0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 3, // addresses
///     0x10, 0x00, 0x05, 0x00, // sequence control, QoS control
///     0xaa,
/// ];
/// let frame = Frame::parse(&bytes).map_err(|_| EINVAL)?;
///
/// assert!(frame.control().is(Subtype::QosData));
/// assert_eq!(frame.destination(), Some(MacAddr::new([0x02, 0, 0, 0, 0, 3])));
/// assert_eq!(frame.qos().map(|qos| qos.tid()), Some(5));
/// assert_eq!(frame.body(), [0xaa]);
///
/// // Bytes that end too early are no frame.
/// assert!(Frame::parse(&bytes[..20]).is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    control: FrameControl,
    header: &'a [u8],
    body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads the header.
    ///
    /// Fails if the bytes are shorter than the header, or if the protocol version is not 0.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let control = FrameControl::parse(bytes)?;

        if control.version() != 0 {
            return Err(Error::Malformed);
        }
        let mut rest = Reader::new(bytes);
        let header = rest.take(control.header_len())?;

        Ok(Self {
            control,
            header,
            body: rest.rest(),
        })
    }

    /// Returns the frame control field.
    #[inline]
    pub fn control(&self) -> FrameControl {
        self.control
    }

    /// Returns the duration or id field.
    #[inline]
    pub fn duration_id(&self) -> u16 {
        self.u16_at(2).unwrap_or(0)
    }

    /// Returns the bytes of the header.
    #[inline]
    pub fn header(&self) -> &'a [u8] {
        self.header
    }

    /// Returns what follows the header.
    #[inline]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    #[inline]
    fn u16_at(&self, at: usize) -> Option<u16> {
        let bytes = self.header.get(at..)?.get(..2)?;

        Some(u16::from_le_bytes(bytes.try_into().ok()?))
    }

    #[inline]
    fn addr_at(&self, at: usize) -> Option<MacAddr> {
        MacAddr::from_slice(self.header.get(at..)?)
    }

    /// Returns the first address, whom the frame is to; there is none in extension frames.
    #[inline]
    pub fn addr1(&self) -> Option<MacAddr> {
        self.addr_at(4)
    }

    /// Returns the second address, whom the frame is from.
    #[inline]
    pub fn addr2(&self) -> Option<MacAddr> {
        self.addr_at(10)
    }

    /// Returns the third address, which management and data frames have.
    #[inline]
    pub fn addr3(&self) -> Option<MacAddr> {
        self.addr_at(16)
    }

    /// Returns the fourth address, which data frames between distribution systems have.
    #[inline]
    pub fn addr4(&self) -> Option<MacAddr> {
        (self.control.is_data() && self.control.has_a4())
            .then(|| self.addr_at(24))
            .flatten()
    }

    /// Returns whom the data is for in the end (`ieee80211_get_DA()`).
    #[inline]
    pub fn destination(&self) -> Option<MacAddr> {
        if self.control.to_ds() {
            self.addr3()
        } else {
            self.addr1()
        }
    }

    /// Returns whom the data is from in the beginning (`ieee80211_get_SA()`).
    #[inline]
    pub fn source(&self) -> Option<MacAddr> {
        if self.control.has_a4() {
            self.addr4()
        } else if self.control.from_ds() {
            self.addr3()
        } else {
            self.addr2()
        }
    }

    /// Returns the network, for management frames and data frames with three addresses.
    #[inline]
    pub fn bssid(&self) -> Option<MacAddr> {
        match (self.control.to_ds(), self.control.from_ds()) {
            _ if self.control.is_mgmt() => self.addr3(),
            _ if !self.control.is_data() => None,
            (false, false) => self.addr3(),
            (true, false) => self.addr1(),
            (false, true) => self.addr2(),
            (true, true) => None,
        }
    }

    /// Returns the sequence control field, which management and data frames have.
    #[inline]
    pub fn sequence_control(&self) -> Option<SequenceControl> {
        self.u16_at(22).map(SequenceControl)
    }

    /// Returns the QoS control field, if the frame has one.
    #[inline]
    pub fn qos(&self) -> Option<QosControl> {
        if !self.control.is_data_qos() {
            return None;
        }
        let at = if self.control.has_a4() { 30 } else { 24 };

        self.u16_at(at).map(QosControl)
    }

    /// Returns the HT control field, if the frame has one.
    #[inline]
    pub fn ht_control(&self) -> Option<HtControl> {
        let has = self.control.order() && (self.control.is_mgmt() || self.control.is_data_qos());
        let at = self.header.len().checked_sub(4).filter(|_| has)?;
        let bytes = self.header.get(at..)?.try_into().ok()?;

        Some(HtControl::new(u32::from_le_bytes(bytes)))
    }

    /// Returns the frames in an A-MSDU; none if it is not one, or if it is encrypted.
    #[inline]
    pub fn amsdu(&self) -> Subframes<'a> {
        let is = self.qos().is_some_and(|qos| qos.is_amsdu()) && !self.control.protected();

        Subframes(Reader::new(if is { self.body } else { &[] }))
    }
}

/// A frame in an A-MSDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subframe<'a> {
    /// Whom it is for.
    pub destination: MacAddr,
    /// Whom it is from.
    pub source: MacAddr,
    /// What it carries.
    pub payload: &'a [u8],
}

/// An iterator over the frames in an A-MSDU; it ends after an error.
#[derive(Clone, Debug)]
pub struct Subframes<'a>(Reader<'a>);

impl<'a> Iterator for Subframes<'a> {
    type Item = Result<Subframe<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let mut read = || {
            let destination = self.0.addr()?;
            let source = self.0.addr()?;
            let len = usize::from(u16::from_be_bytes(*self.0.array()?));
            let payload = self.0.take(len)?;

            // All but the last are padded to 4 bytes.
            if !self.0.is_empty() {
                let padding = (4 - (14 + len) % 4) % 4;

                self.0.take(padding.min(self.0.rest().len()))?;
            }
            Ok(Subframe {
                destination,
                source,
                payload,
            })
        };
        let frame = read();

        if frame.is_err() {
            self.0 = Reader::new(&[]);
        }
        Some(frame)
    }
}
