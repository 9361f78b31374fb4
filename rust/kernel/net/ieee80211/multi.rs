// SPDX-License-Identifier: GPL-2.0

//! Elements that describe several networks or links at once: multi-BSSID and multi-link.

use super::{
    bytes::{bit, Reader},
    element::{id, Element, Elements, Fragments},
    mgmt::Capability,
    Error, MacAddr, Result,
};

/// The multiple BSSID element: networks that have no beacons of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultipleBssid<'a> {
    /// There are at most 2 to the power of this networks.
    pub max_indicator: u8,
    elements: Elements<'a>,
}

/// A network that has no beacon of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NontransmittedBss<'a> {
    /// Its number.
    pub index: u8,
    /// The capabilities.
    pub capability: Capability,
    /// Its elements. What is not in them is inherited from the beacon; see [`Inherited`].
    pub elements: Elements<'a>,
}

impl<'a> MultipleBssid<'a> {
    /// Reads the data of the element.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut bytes = Reader::new(data);
        let max_indicator = bytes.u8()?;

        if max_indicator == 0 || max_indicator > 8 {
            return Err(Error::Malformed);
        }
        Ok(Self {
            max_indicator,
            elements: Elements::new(bytes.rest()),
        })
    }

    /// Returns the networks that are described completely in this element.
    ///
    /// Profiles that are split over several elements, or have no valid number, are left out.
    pub fn profiles(&self) -> impl Iterator<Item = NontransmittedBss<'a>> + 'a {
        let max_indicator = self.max_indicator;

        self.elements.iter().filter_map(move |element| {
            // A profile begins with the capabilities.
            if element.id() != 0 {
                return None;
            }
            let elements = Elements::new(element.data());
            let capability = elements
                .iter()
                .next()
                .filter(|first| first.id() == id::NON_TX_BSSID_CAP)?;
            let capability = Reader::new(capability.data()).u16().ok()?;
            let index = *elements.find(id::MULTI_BSSID_IDX)?.data().first()?;

            if index == 0 || u32::from(index) >= 1 << max_indicator {
                return None;
            }
            Some(NontransmittedBss {
                index,
                capability: Capability(capability),
                elements,
            })
        })
    }
}

/// Returns the address of the network with a number (`cfg80211_gen_new_bssid()`): the lower
/// `max_indicator` bits of the address count.
///
/// Fails with [`Error::Malformed`] if `max_indicator` is more than 8.
pub fn bssid_of_index(transmitter: MacAddr, max_indicator: u8, index: u8) -> Result<MacAddr> {
    if max_indicator > 8 {
        return Err(Error::Malformed);
    }
    let mask = (1u64 << max_indicator) - 1;
    let base = transmitter.to_u64();
    let low = (base & mask).wrapping_add(u64::from(index)) & mask;

    Ok(MacAddr::from_u64(base & !mask | low))
}

/// The elements of a network that are inherited from the frame that describes it, and its own ones.
///
/// This is the list that the network would have in a frame of its own, without being written down.
#[derive(Clone, Copy, Debug)]
pub struct Inherited<'a> {
    parent: Elements<'a>,
    own: Elements<'a>,
}

impl<'a> Inherited<'a> {
    /// Takes elements of `parent` that `own` does not have.
    pub fn new(parent: Elements<'a>, own: Elements<'a>) -> Self {
        Self { parent, own }
    }

    /// Returns whether an element of the frame is for the network as well
    /// (`cfg80211_is_element_inherited()`).
    fn inherits(&self, element: &Element<'a>) -> bool {
        if element.id() == id::MULTIPLE_BSSID
            || element.id() == id::FRAGMENT
            || element.ext_id() == Some(super::element::ext_id::EHT_MULTI_LINK)
        {
            return false;
        }
        let Some(non) = self.own.find_ext(super::element::ext_id::NON_INHERITANCE) else {
            return true;
        };
        let mut bytes = Reader::new(non.body());
        let mut list = || {
            let len = usize::from(bytes.u8().ok()?);

            bytes.take(len).ok()
        };
        let ids = list().unwrap_or(&[]);
        let ext_ids = list().unwrap_or(&[]);

        match element.ext_id() {
            Some(ext_id) => !ext_ids.contains(&ext_id),
            None => !ids.contains(&element.id()),
        }
    }

    /// Returns the first element with an id.
    pub fn find(&self, id: u8) -> Option<Element<'a>> {
        self.own
            .find(id)
            .or_else(|| self.parent.find(id).filter(|found| self.inherits(found)))
    }

    /// Returns the first element with the id of an extension.
    pub fn find_ext(&self, ext_id: u8) -> Option<Element<'a>> {
        self.own.find_ext(ext_id).or_else(|| {
            self.parent
                .find_ext(ext_id)
                .filter(|found| self.inherits(found))
        })
    }
}

/// The kinds of multi-link elements (`IEEE80211_ML_CONTROL_TYPE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MultiLinkType {
    /// What an MLD is.
    Basic,
    /// Asks for it.
    ProbeReq,
    /// Adds and removes links.
    Reconf,
    /// For tunneled direct links.
    Tdls,
    /// For priority access.
    PriorityAccess,
}

/// A multi-link element (`struct ieee80211_multi_link_elem`).
///
/// An element of more than 254 bytes has to be put together first; see [`Element::defragment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultiLink<'a> {
    /// The kind.
    pub kind: MultiLinkType,
    control: u16,
    /// The common part, after its length.
    common: &'a [u8],
    links: &'a [u8],
}

/// What the common part of a basic multi-link element says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MldInfo {
    /// The address of the MLD.
    pub addr: MacAddr,
    /// The link that the element is sent on.
    pub link_id: Option<u8>,
    /// Changes with the parameters of the network.
    pub bss_param_change_count: Option<u8>,
    /// How to synchronise with the medium.
    pub medium_sync_delay: Option<u16>,
    /// EML capabilities.
    pub eml_capabilities: Option<u16>,
    /// MLD capabilities and operations.
    pub mld_capabilities: Option<u16>,
    /// The number of the MLD.
    pub mld_id: Option<u8>,
    /// More MLD capabilities and operations.
    pub ext_mld_capabilities: Option<u16>,
}

impl<'a> MultiLink<'a> {
    /// Reads the body of the element, that is, what follows the id of the extension
    /// (`ieee80211_mle_size_ok()`).
    pub fn parse(body: &'a [u8]) -> Result<Self> {
        let mut bytes = Reader::new(body);
        let control = bytes.u16()?;
        let present = |bit: u16, len: usize| if control & bit != 0 { len } else { 0 };
        let (kind, needed) = match control & 7 {
            0 => (
                MultiLinkType::Basic,
                6 + present(0x0010, 1)
                    + present(0x0020, 1)
                    + present(0x0040, 2)
                    + present(0x0080, 2)
                    + present(0x0100, 2)
                    + present(0x0200, 1)
                    + present(0x0400, 2),
            ),
            1 => (MultiLinkType::ProbeReq, present(0x0010, 1)),
            2 => (
                MultiLinkType::Reconf,
                present(0x0010, 6) + present(0x0020, 2) + present(0x0040, 2) + present(0x0080, 2),
            ),
            3 => (MultiLinkType::Tdls, 6),
            4 => (MultiLinkType::PriorityAccess, 6),
            _ => return Err(Error::Malformed),
        };
        // The common part begins with its length, which includes the byte that it is in.
        let len = usize::from(bytes.u8()?)
            .checked_sub(1)
            .ok_or(Error::Malformed)?;
        let common = bytes.take(len)?;

        if common.len() < needed {
            return Err(Error::Malformed);
        }
        Ok(Self {
            kind,
            control,
            common,
            links: bytes.rest(),
        })
    }

    /// Returns the common part of a basic element.
    pub fn mld_info(&self) -> Option<MldInfo> {
        if self.kind != MultiLinkType::Basic {
            return None;
        }
        let mut bytes = Reader::new(self.common);
        let addr = bytes.addr().ok()?;
        let has = |bit: u16| self.control & bit != 0;
        let mut u8_if = |bit| -> Option<Option<u8>> {
            Some(if has(bit) {
                Some(bytes.u8().ok()?)
            } else {
                None
            })
        };
        let link_id = u8_if(0x0010)?.map(|id| id & 0xf);
        let bss_param_change_count = u8_if(0x0020)?;
        let mut u16_if = |bit| -> Option<Option<u16>> {
            Some(if has(bit) {
                Some(bytes.u16().ok()?)
            } else {
                None
            })
        };
        let medium_sync_delay = u16_if(0x0040)?;
        let eml_capabilities = u16_if(0x0080)?;
        let mld_capabilities = u16_if(0x0100)?;
        let mld_id = if has(0x0200) {
            Some(bytes.u8().ok()?)
        } else {
            None
        };
        let ext_mld_capabilities = if has(0x0400) {
            Some(bytes.u16().ok()?)
        } else {
            None
        };

        Some(MldInfo {
            addr,
            link_id,
            bss_param_change_count,
            medium_sync_delay,
            eml_capabilities,
            mld_capabilities,
            mld_id,
            ext_mld_capabilities,
        })
    }

    /// Returns the profiles of the links.
    pub fn profiles(&self) -> StaProfiles<'a> {
        StaProfiles {
            kind: self.kind,
            rest: self.links,
        }
    }
}

/// An iterator over the profiles of a [`MultiLink`].
///
/// It ends where the bytes do not make a subelement.
#[derive(Clone, Debug)]
pub struct StaProfiles<'a> {
    kind: MultiLinkType,
    rest: &'a [u8],
}

/// The bytes of a per-STA profile, which may be in several fragments.
#[derive(Clone, Debug)]
pub struct RawStaProfile<'a> {
    kind: MultiLinkType,
    fragments: Fragments<'a>,
    first: &'a [u8],
    whole: bool,
}

impl<'a> Iterator for StaProfiles<'a> {
    type Item = RawStaProfile<'a>;

    fn next(&mut self) -> Option<RawStaProfile<'a>> {
        loop {
            let mut bytes = Reader::new(self.rest);
            let kind = bytes.u8().ok()?;
            let len = usize::from(bytes.u8().ok()?);
            let first = bytes.take(len).ok()?;
            let fragments = Fragments::new(first, len, bytes.rest(), 254);

            self.rest = fragments.clone().after();
            if kind == 0 {
                return Some(RawStaProfile {
                    kind: self.kind,
                    whole: fragments.clone().count() == 1,
                    fragments,
                    first,
                });
            }
        }
    }
}

impl<'a> RawStaProfile<'a> {
    /// Reads the profile, if it is in one piece.
    pub fn parse(&self) -> Result<StaProfile<'a>> {
        if !self.whole {
            return Err(Error::Malformed);
        }
        StaProfile::parse(self.kind, self.first)
    }

    /// Reads the profile, which is put together in `buffer` if it is in several pieces.
    ///
    /// Fails with [`Error::NoSpace`] if it does not fit.
    pub fn parse_in<'b>(&self, buffer: &'b mut [u8]) -> Result<StaProfile<'b>>
    where
        'a: 'b,
    {
        if self.whole {
            return self.parse();
        }
        StaProfile::parse(self.kind, self.fragments.clone().copy_to(buffer)?)
    }
}

/// A per-STA profile (`struct ieee80211_mle_per_sta_profile`): what is different on another link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaProfile<'a> {
    kind: MultiLinkType,
    control: u16,
    info: &'a [u8],
    /// The fields and elements of a management frame on that link.
    pub body: &'a [u8],
}

impl<'a> StaProfile<'a> {
    fn parse(kind: MultiLinkType, data: &'a [u8]) -> Result<Self> {
        let mut bytes = Reader::new(data);
        let control = bytes.u16()?;

        // Elsewhere there is nothing but the control field.
        if !matches!(kind, MultiLinkType::Basic | MultiLinkType::Reconf) {
            return Ok(Self {
                kind,
                control,
                info: &[],
                body: bytes.rest(),
            });
        }
        let len = usize::from(bytes.u8()?)
            .checked_sub(1)
            .ok_or(Error::Malformed)?;
        let info = bytes.take(len)?;
        let present = |bit: u16, len: usize| if control & bit != 0 { len } else { 0 };
        let needed = if kind == MultiLinkType::Basic {
            let nstr = if control & 0x0210 == 0x0210 {
                1 + present(0x0400, 1)
            } else {
                0
            };

            present(0x0020, 6)
                + present(0x0040, 2)
                + present(0x0080, 8)
                + present(0x0100, 2)
                + nstr
                + present(0x0800, 1)
        } else {
            present(0x0020, 6) + present(0x0040, 2) + present(0x0800, 2)
        };

        if info.len() < needed {
            return Err(Error::Malformed);
        }
        Ok(Self {
            kind,
            control,
            info,
            body: bytes.rest(),
        })
    }

    /// Returns the link.
    #[inline]
    pub fn link_id(&self) -> u8 {
        (self.control & 0xf) as u8
    }

    /// Returns whether the profile is complete.
    #[inline]
    pub fn is_complete(&self) -> bool {
        self.control & 0x10 != 0
    }

    /// Returns the address on the link.
    #[inline]
    pub fn addr(&self) -> Option<MacAddr> {
        if self.control & 0x20 == 0 {
            return None;
        }
        MacAddr::from_slice(self.info)
    }

    /// Returns the time between beacons on the link, in time units.
    #[inline]
    pub fn beacon_interval(&self) -> Option<u16> {
        if self.kind != MultiLinkType::Basic || self.control & 0x40 == 0 {
            return None;
        }
        let at = if self.control & 0x20 != 0 { 6 } else { 0 };

        Reader::new(self.info.get(at..)?).u16().ok()
    }
}

/// The TID-to-link mapping element (`struct ieee80211_ttlm_elem`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TidToLink {
    /// The direction: 0 down, 1 up, 2 both.
    pub direction: u8,
    /// The links of each TID, or `None` if all TIDs can use all links.
    pub links: Option<[u16; 8]>,
    /// When it begins, in time units.
    pub switch_time: Option<u16>,
    /// How long it lasts, in time units.
    pub duration: Option<u32>,
}

impl TidToLink {
    /// Reads the body of the element.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let mut bytes = Reader::new(body);
        let control = [bytes.u8()?];
        let default = bit(&control, 2);
        let direction = control[0] & 3;

        if direction == 3 {
            return Err(Error::Malformed);
        }
        let presence = if default { 0 } else { bytes.u8()? };
        let switch_time = if bit(&control, 3) {
            Some(bytes.u16()?)
        } else {
            None
        };
        let duration = if bit(&control, 4) {
            let b = bytes.array::<3>()?;

            Some(u32::from_le_bytes([b[0], b[1], b[2], 0]))
        } else {
            None
        };
        let links = if default {
            None
        } else {
            let mut links = [0; 8];
            let small = bit(&control, 5);

            for (tid, links) in links.iter_mut().enumerate() {
                if presence & 1 << tid != 0 {
                    *links = if small {
                        u16::from(bytes.u8()?)
                    } else {
                        bytes.u16()?
                    };
                }
            }
            Some(links)
        };

        Ok(Self {
            direction,
            links,
            switch_time,
            duration,
        })
    }
}
