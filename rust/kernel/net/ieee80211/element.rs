// SPDX-License-Identifier: GPL-2.0

//! Elements: what the bodies of management frames consist of.
//!
//! C headers: [`include/linux/ieee80211.h`](srctree/include/linux/ieee80211.h) and
//! [`include/net/cfg80211.h`](srctree/include/net/cfg80211.h)

use super::{bytes::Reader, Error, MacAddr, Result};

/// Ids of elements (`enum ieee80211_eid`).
#[allow(missing_docs)]
pub mod id {
    pub const SSID: u8 = 0;
    pub const SUPP_RATES: u8 = 1;
    pub const DS_PARAMS: u8 = 3;
    pub const TIM: u8 = 5;
    pub const IBSS_PARAMS: u8 = 6;
    pub const COUNTRY: u8 = 7;
    pub const REQUEST: u8 = 10;
    pub const QBSS_LOAD: u8 = 11;
    pub const CHALLENGE: u8 = 16;
    pub const PWR_CONSTRAINT: u8 = 32;
    pub const PWR_CAPABILITY: u8 = 33;
    pub const TPC_REPORT: u8 = 35;
    pub const SUPPORTED_CHANNELS: u8 = 36;
    pub const CHANNEL_SWITCH: u8 = 37;
    pub const MEASURE_REQUEST: u8 = 38;
    pub const MEASURE_REPORT: u8 = 39;
    pub const QUIET: u8 = 40;
    pub const ERP_INFO: u8 = 42;
    pub const HT_CAPABILITY: u8 = 45;
    pub const RSN: u8 = 48;
    pub const EXT_SUPP_RATES: u8 = 50;
    pub const NEIGHBOR_REPORT: u8 = 52;
    pub const MOBILITY_DOMAIN: u8 = 54;
    pub const FAST_BSS_TRANSITION: u8 = 55;
    pub const TIMEOUT_INTERVAL: u8 = 56;
    pub const SUPPORTED_REGULATORY_CLASSES: u8 = 59;
    pub const EXT_CHANSWITCH_ANN: u8 = 60;
    pub const HT_OPERATION: u8 = 61;
    pub const SECONDARY_CHANNEL_OFFSET: u8 = 62;
    pub const RRM_ENABLED_CAPABILITIES: u8 = 70;
    pub const MULTIPLE_BSSID: u8 = 71;
    pub const BSS_COEX_2040: u8 = 72;
    pub const OVERLAP_BSS_SCAN_PARAM: u8 = 74;
    pub const MMIE: u8 = 76;
    pub const NON_TX_BSSID_CAP: u8 = 83;
    pub const MULTI_BSSID_IDX: u8 = 85;
    pub const BSS_MAX_IDLE_PERIOD: u8 = 90;
    pub const INTERWORKING: u8 = 107;
    pub const MESH_CONFIG: u8 = 113;
    pub const MESH_ID: u8 = 114;
    pub const PEER_MGMT: u8 = 117;
    pub const EXT_CAPABILITY: u8 = 127;
    pub const PREQ: u8 = 130;
    pub const PREP: u8 = 131;
    pub const PERR: u8 = 132;
    pub const ADDBA_EXT: u8 = 159;
    pub const VHT_CAPABILITY: u8 = 191;
    pub const VHT_OPERATION: u8 = 192;
    pub const WIDE_BW_CHANNEL_SWITCH: u8 = 194;
    pub const TX_POWER_ENVELOPE: u8 = 195;
    pub const CHANNEL_SWITCH_WRAPPER: u8 = 196;
    pub const OPMODE_NOTIF: u8 = 199;
    pub const REDUCED_NEIGHBOR_REPORT: u8 = 201;
    pub const VENDOR_SPECIFIC: u8 = 221;
    pub const FRAGMENT: u8 = 242;
    pub const RSNX: u8 = 244;
    pub const EXTENSION: u8 = 255;
}

/// Ids in elements with the id [`id::EXTENSION`] (`enum ieee80211_eid_ext`).
#[allow(missing_docs)]
pub mod ext_id {
    pub const HE_CAPABILITY: u8 = 35;
    pub const HE_OPERATION: u8 = 36;
    pub const UORA: u8 = 37;
    pub const HE_MU_EDCA: u8 = 38;
    pub const HE_SPR: u8 = 39;
    pub const BSS_COLOR_CHG_ANN: u8 = 42;
    pub const MAX_CHANNEL_SWITCH_TIME: u8 = 52;
    pub const MULTIPLE_BSSID_CONFIGURATION: u8 = 55;
    pub const NON_INHERITANCE: u8 = 56;
    pub const HE_6GHZ_CAPA: u8 = 59;
    pub const EHT_OPERATION: u8 = 106;
    pub const EHT_MULTI_LINK: u8 = 107;
    pub const EHT_CAPABILITY: u8 = 108;
    pub const TID_TO_LINK_MAPPING: u8 = 109;
    pub const BANDWIDTH_INDICATION: u8 = 135;
}

/// An element as a view of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    id: u8,
    data: &'a [u8],
    /// What follows in the list, where fragments are.
    rest: &'a [u8],
}

impl<'a> Element<'a> {
    /// Returns the id.
    #[inline]
    pub const fn id(&self) -> u8 {
        self.id
    }

    /// Returns the id of an extension, if it is one.
    #[inline]
    pub fn ext_id(&self) -> Option<u8> {
        if self.id != id::EXTENSION {
            return None;
        }
        self.data.first().copied()
    }

    /// Returns the bytes after id and length, including the id of an extension.
    #[inline]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Returns the bytes after the id of an extension, or all if it is none.
    #[inline]
    pub fn body(&self) -> &'a [u8] {
        match self.id {
            id::EXTENSION => self.data.get(1..).unwrap_or(&[]),
            _ => self.data,
        }
    }

    /// Returns the identifier, the type and the rest of a vendor element, if it is one.
    #[inline]
    pub fn vendor(&self) -> Option<([u8; 3], u8, &'a [u8])> {
        if self.id != id::VENDOR_SPECIFIC {
            return None;
        }
        let mut bytes = Reader::new(self.data);
        let oui = *bytes.array().ok()?;
        let kind = bytes.u8().ok()?;

        Some((oui, kind, bytes.rest()))
    }

    /// Returns the pieces of an element that has been split because it is longer than 255 bytes:
    /// the body, and what is in the fragment elements that follow.
    #[inline]
    pub fn fragments(&self) -> Fragments<'a> {
        Fragments::new(self.body(), self.data.len(), self.rest, id::FRAGMENT)
    }

    /// Copies the body, put together from its fragments, and returns it
    /// (`cfg80211_defragment_element()`).
    ///
    /// Fails with [`Error::NoSpace`] if it does not fit.
    pub fn defragment<'b>(&self, to: &'b mut [u8]) -> Result<&'b [u8]> {
        self.fragments().copy_to(to)
    }

    /// Reads the element as one that contains others.
    #[inline]
    pub fn elements(&self) -> Elements<'a> {
        Elements::new(self.body())
    }
}

/// An iterator over the pieces of an element or subelement; see [`Element::fragments`].
#[derive(Clone, Debug)]
pub struct Fragments<'a> {
    next: Option<&'a [u8]>,
    /// The length byte of the last one. If it is not 255, it was the last.
    last: usize,
    rest: &'a [u8],
    fragment_id: u8,
}

impl<'a> Fragments<'a> {
    #[inline]
    pub(super) fn new(first: &'a [u8], len: usize, rest: &'a [u8], fragment_id: u8) -> Self {
        Self {
            next: Some(first),
            last: len,
            rest,
            fragment_id,
        }
    }

    /// Copies all pieces, and returns them as one.
    ///
    /// Fails with [`Error::NoSpace`] if they do not fit.
    pub fn copy_to(self, to: &mut [u8]) -> Result<&[u8]> {
        let mut len = 0;

        for piece in self {
            let end = piece.len().checked_add(len).ok_or(Error::NoSpace)?;

            to.get_mut(len..end)
                .ok_or(Error::NoSpace)?
                .copy_from_slice(piece);
            len = end;
        }
        to.get(..len).ok_or(Error::NoSpace)
    }

    /// Returns what follows the last fragment.
    pub fn after(mut self) -> &'a [u8] {
        while self.next().is_some() {}
        self.rest
    }
}

impl<'a> Iterator for Fragments<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if let Some(first) = self.next.take() {
            return Some(first);
        }
        if self.last != 255 {
            return None;
        }
        let mut bytes = Reader::new(self.rest);

        if bytes.u8().ok()? != self.fragment_id {
            self.last = 0;
            return None;
        }
        let len = usize::from(bytes.u8().ok()?);
        let Ok(piece) = bytes.take(len) else {
            self.last = 0;
            return None;
        };

        self.last = len;
        self.rest = bytes.rest();
        Some(piece)
    }
}

/// A list of elements.
///
/// [`Elements::iter`] ends where the bytes do not make an element any more;
/// [`Elements::is_complete`] tells whether that is the end.
///
/// # Examples
///
/// ```
/// use kernel::net::ieee80211::element::{id, Elements};
///
/// let bytes = [0, 4, b't', b'e', b's', b't', 3, 1, 11, 221, 4, 0, 0x50, 0xf2, 2];
/// let elements = Elements::new(&bytes);
///
/// assert_eq!(elements.ssid(), Some(&b"test"[..]));
/// assert_eq!(elements.find(id::DS_PARAMS).map(|ds| ds.data()), Some(&[11][..]));
/// assert!(elements.find_vendor([0, 0x50, 0xf2], 2).is_some());
/// assert!(elements.is_complete());
///
/// // The last element is longer than what is there.
/// let elements = Elements::new(&bytes[..14]);
/// assert_eq!(elements.iter().count(), 2);
/// assert!(!elements.is_complete());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// Reads elements from bytes.
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[inline]
    pub const fn bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Returns the elements one after the other (`for_each_element()`).
    #[inline]
    pub const fn iter(&self) -> Iter<'a> {
        Iter(Reader::new(self.0))
    }

    /// Returns whether the bytes are elements up to the end (`for_each_element_completed()`).
    #[inline]
    pub fn is_complete(&self) -> bool {
        let mut elements = self.iter();

        while elements.next().is_some() {}
        elements.0.is_empty()
    }

    /// Returns the first element with an id (`cfg80211_find_elem()`).
    #[inline]
    pub fn find(&self, id: u8) -> Option<Element<'a>> {
        self.iter().find(|element| element.id == id)
    }

    /// Returns the first element with the id of an extension (`cfg80211_find_ext_elem()`).
    #[inline]
    pub fn find_ext(&self, ext_id: u8) -> Option<Element<'a>> {
        self.iter().find(|element| element.ext_id() == Some(ext_id))
    }

    /// Returns the rest of the first element of a vendor and type
    /// (`cfg80211_find_vendor_elem()`).
    #[inline]
    pub fn find_vendor(&self, oui: [u8; 3], kind: u8) -> Option<&'a [u8]> {
        self.iter().find_map(|element| match element.vendor() {
            Some((o, k, rest)) if o == oui && k == kind => Some(rest),
            _ => None,
        })
    }

    /// Returns the name of the network, which is empty if it is hidden; `None` if there is none
    /// that has at most 32 bytes.
    #[inline]
    pub fn ssid(&self) -> Option<&'a [u8]> {
        self.find(id::SSID)
            .map(|element| element.data)
            .filter(|ssid| ssid.len() <= 32)
    }

    /// Returns the rates of the two elements that have them, in 500 kbit/s; the upper bit says that
    /// all stations must support it.
    #[inline]
    pub fn rates(&self) -> impl Iterator<Item = u8> + 'a {
        let of = |id| self.find(id).map_or(&[][..], |element| element.data);

        of(id::SUPP_RATES)
            .iter()
            .chain(of(id::EXT_SUPP_RATES))
            .copied()
    }

    /// Returns the traffic indication map.
    #[inline]
    pub fn tim(&self) -> Option<Tim<'a>> {
        Tim::parse(self.find(id::TIM)?.data).ok()
    }

    /// Returns the country and what is allowed there.
    #[inline]
    pub fn country(&self) -> Option<Country<'a>> {
        Country::parse(self.find(id::COUNTRY)?.data).ok()
    }

    /// Returns the channel of the DS parameter set.
    #[inline]
    pub fn ds_channel(&self) -> Option<u8> {
        self.find(id::DS_PARAMS)?.data.first().copied()
    }

    /// Returns the channel switch that is announced.
    #[inline]
    pub fn channel_switch(&self) -> Option<ChannelSwitch> {
        match self.find(id::EXT_CHANSWITCH_ANN) {
            Some(element) => ChannelSwitch::parse_extended(element.data).ok(),
            None => ChannelSwitch::parse(self.find(id::CHANNEL_SWITCH)?.data).ok(),
        }
    }

    /// Returns the security of the network.
    #[inline]
    pub fn rsn(&self) -> Option<Rsn<'a>> {
        Rsn::parse(self.find(id::RSN)?.data).ok()
    }

    /// Returns the parameters of WMM.
    #[inline]
    pub fn wmm(&self) -> Option<WmmParams> {
        WmmParams::parse(self.find_vendor([0x00, 0x50, 0xf2], 2)?).ok()
    }
}

impl<'a> IntoIterator for Elements<'a> {
    type Item = Element<'a>;
    type IntoIter = Iter<'a>;

    #[inline]
    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// An iterator over elements; see [`Elements::iter`].
#[derive(Clone, Debug)]
pub struct Iter<'a>(Reader<'a>);

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        let mut bytes = self.0.clone();
        let id = bytes.u8().ok()?;
        let len = bytes.u8().ok()?;
        let data = bytes.take(usize::from(len)).ok()?;

        let rest = bytes.rest();

        self.0 = bytes;
        Some(Element { id, data, rest })
    }
}

/// The traffic indication map (`struct ieee80211_tim_ie`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tim<'a> {
    /// The number of beacons until the next DTIM; 0 is one.
    pub dtim_count: u8,
    /// The number of beacons from one DTIM to the next.
    pub dtim_period: u8,
    control: u8,
    bitmap: &'a [u8],
}

impl<'a> Tim<'a> {
    /// Reads the data of the element.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut bytes = Reader::new(data);
        let tim = Self {
            dtim_count: bytes.u8()?,
            dtim_period: bytes.u8()?,
            control: bytes.u8()?,
            bitmap: bytes.rest(),
        };

        if tim.dtim_period == 0 || tim.dtim_count >= tim.dtim_period {
            return Err(Error::Malformed);
        }
        Ok(tim)
    }

    /// Returns whether frames for groups are waiting.
    #[inline]
    pub fn has_multicast(&self) -> bool {
        self.control & 1 != 0
    }

    /// Returns whether frames for the station with this association id are waiting
    /// (`ieee80211_check_tim()`).
    #[inline]
    pub fn has(&self, aid: u16) -> bool {
        let aid = usize::from(aid & 0x3fff);
        let first = usize::from(self.control & 0xfe);

        (aid / 8)
            .checked_sub(first)
            .and_then(|at| self.bitmap.get(at))
            .is_some_and(|byte| byte & 1 << (aid % 8) != 0)
    }
}

/// The country element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country<'a> {
    /// The two letters of ISO 3166.
    pub alpha2: [u8; 2],
    /// Indoors, outdoors or both, or the number of a table.
    pub environment: u8,
    triplets: &'a [u8],
}

impl<'a> Country<'a> {
    /// Reads the data of the element.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut bytes = Reader::new(data);

        Ok(Self {
            alpha2: *bytes.array()?,
            environment: bytes.u8()?,
            triplets: bytes.rest(),
        })
    }

    /// Returns the first channel, the number of channels and the highest power in dBm of each
    /// range, without those that name an operating class.
    pub fn ranges(&self) -> impl Iterator<Item = (u8, u8, i8)> + 'a {
        self.triplets
            .chunks_exact(3)
            .filter(|triplet| triplet[0] < 201)
            .map(|triplet| (triplet[0], triplet[1], triplet[2] as i8))
    }
}

/// A channel switch that is announced (`struct ieee80211_channel_sw_ie` and
/// `struct ieee80211_ext_chansw_ie`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelSwitch {
    /// Whether stations must not transmit until then.
    pub block_tx: bool,
    /// The operating class of the new channel.
    pub operating_class: Option<u8>,
    /// The number of the new channel.
    pub channel: u8,
    /// The number of beacons until then.
    pub count: u8,
}

impl ChannelSwitch {
    /// Reads the data of the channel switch announcement element.
    pub fn parse(data: &[u8]) -> Result<Self> {
        let mut bytes = Reader::new(data);

        Ok(Self {
            block_tx: bytes.u8()? != 0,
            operating_class: None,
            channel: bytes.u8()?,
            count: bytes.u8()?,
        })
    }

    /// Reads the data of the extended channel switch announcement element.
    pub fn parse_extended(data: &[u8]) -> Result<Self> {
        let mut bytes = Reader::new(data);

        Ok(Self {
            block_tx: bytes.u8()? != 0,
            operating_class: Some(bytes.u8()?),
            channel: bytes.u8()?,
            count: bytes.u8()?,
        })
    }
}

/// A cipher or AKM suite: the identifier of an organisation and a number, as cfg80211 writes them.
pub type Suite = u32;

/// The RSN element. What is left out at its end has the default value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rsn<'a> {
    /// The version, of which there is 1.
    pub version: u16,
    /// The cipher for groups.
    pub group: Option<Suite>,
    pairwise: &'a [u8],
    akm: &'a [u8],
    /// The capabilities; see [`Rsn::mfp_required`].
    pub capabilities: u16,
    pmkids: &'a [u8],
    /// The cipher for management frames to groups.
    pub group_mgmt: Option<Suite>,
}

fn suites(bytes: &[u8]) -> impl Iterator<Item = Suite> + '_ {
    bytes
        .chunks_exact(4)
        .map(|suite| u32::from_be_bytes([suite[0], suite[1], suite[2], suite[3]]))
}

impl<'a> Rsn<'a> {
    /// Reads the data of the element.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut bytes = Reader::new(data);
        let mut rsn = Self {
            version: bytes.u16()?,
            group: None,
            pairwise: &[],
            akm: &[],
            capabilities: 0,
            pmkids: &[],
            group_mgmt: None,
        };
        let list = |bytes: &mut Reader<'a>, size: usize| {
            let count = usize::from(bytes.u16()?);

            bytes.take(count * size)
        };

        // The element may end before each of the fields.
        if bytes.is_empty() {
            return Ok(rsn);
        }
        rsn.group = Some(u32::from_be_bytes(*bytes.array()?));
        if bytes.is_empty() {
            return Ok(rsn);
        }
        rsn.pairwise = list(&mut bytes, 4)?;
        if bytes.is_empty() {
            return Ok(rsn);
        }
        rsn.akm = list(&mut bytes, 4)?;
        if bytes.is_empty() {
            return Ok(rsn);
        }
        rsn.capabilities = bytes.u16()?;
        if bytes.is_empty() {
            return Ok(rsn);
        }
        rsn.pmkids = list(&mut bytes, 16)?;
        if bytes.is_empty() {
            return Ok(rsn);
        }
        rsn.group_mgmt = Some(u32::from_be_bytes(*bytes.array()?));
        Ok(rsn)
    }

    /// Returns the ciphers for single stations.
    pub fn pairwise(&self) -> impl Iterator<Item = Suite> + 'a {
        suites(self.pairwise)
    }

    /// Returns the ways to authenticate and manage keys.
    pub fn akm(&self) -> impl Iterator<Item = Suite> + 'a {
        suites(self.akm)
    }

    /// Returns the ids of keys that both may still know.
    pub fn pmkids(&self) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.pmkids.chunks_exact(16)
    }

    /// Returns whether management frames must be protected.
    pub fn mfp_required(&self) -> bool {
        self.capabilities & 0x40 != 0
    }

    /// Returns whether management frames can be protected.
    pub fn mfp_capable(&self) -> bool {
        self.capabilities & 0x80 != 0
    }
}

/// The parameters of one access category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WmmAc {
    /// The arbitration interframe space number.
    pub aifsn: u8,
    /// Whether admission is necessary.
    pub acm: bool,
    /// The exponent of the smallest contention window.
    pub ecw_min: u8,
    /// The exponent of the largest contention window.
    pub ecw_max: u8,
    /// How long the medium may be used, in 32 µs.
    pub txop_limit: u16,
}

/// The parameters of WMM (`struct ieee80211_wmm_param_ie`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WmmParams {
    /// Changes with the parameters (4 bits).
    pub count: u8,
    /// Whether the access point does U-APSD.
    pub uapsd: bool,
    /// Best effort, background, video and voice, in this order.
    pub ac: [WmmAc; 4],
}

impl WmmParams {
    /// Reads the vendor element of Microsoft with type 2, after the type.
    pub fn parse(data: &[u8]) -> Result<Self> {
        let mut bytes = Reader::new(data);

        if bytes.u8()? != 1 || bytes.u8()? != 1 {
            return Err(Error::Malformed);
        }
        let info = bytes.u8()?;
        let mut ac = [WmmAc::default(); 4];

        bytes.u8()?;
        for _ in 0..4 {
            let aci_aifsn = bytes.u8()?;
            let ecw = bytes.u8()?;
            let txop_limit = bytes.u16()?;

            if let Some(ac) = ac.get_mut(usize::from(aci_aifsn >> 5 & 3)) {
                *ac = WmmAc {
                    aifsn: aci_aifsn & 0xf,
                    acm: aci_aifsn & 0x10 != 0,
                    ecw_min: ecw & 0xf,
                    ecw_max: ecw >> 4,
                    txop_limit,
                };
            }
        }
        Ok(Self {
            count: info & 0xf,
            uapsd: info & 0x80 != 0,
            ac,
        })
    }
}

/// A neighbour in a neighbor report element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbor<'a> {
    /// The network.
    pub bssid: MacAddr,
    /// What is known about it.
    pub info: u32,
    /// Its operating class.
    pub operating_class: u8,
    /// Its channel.
    pub channel: u8,
    /// Its PHY type.
    pub phy: u8,
    /// Subelements.
    pub elements: Elements<'a>,
}

impl<'a> Neighbor<'a> {
    /// Reads the data of the element.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut bytes = Reader::new(data);

        Ok(Self {
            bssid: bytes.addr()?,
            info: bytes.u32()?,
            operating_class: bytes.u8()?,
            channel: bytes.u8()?,
            phy: bytes.u8()?,
            elements: Elements::new(bytes.rest()),
        })
    }
}
