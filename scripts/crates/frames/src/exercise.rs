// SPDX-License-Identifier: GPL-2.0

//! Calls everything that reads bytes, and checks what can be said without knowing them.

use std::hint::black_box;

use crate::ieee80211::build::Writer;
use crate::ieee80211::capability::{
    EhtCap, EhtOperation, HeCap, HeOperation, HtCap, HtOperation, VhtCap, VhtOperation,
};
use crate::ieee80211::ctrl::Ctrl;
use crate::ieee80211::element::{ext_id, id, Elements, Neighbor, WmmParams};
use crate::ieee80211::mgmt::action::{Action, BackParams};
use crate::ieee80211::mgmt::{self, Mgmt};
use crate::ieee80211::multi::{Inherited, MultiLink, MultipleBssid, TidToLink};
use crate::ieee80211::{Frame, FrameControl, MacAddr, MeshControl, SequenceControl, Subtype};

/// What has been reached, to see that the inputs are worth something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reached {
    /// Frames whose header is complete.
    pub frames: u64,
    /// Bodies of management frames that have been read.
    pub mgmt: u64,
    /// Control frames that have been read.
    pub ctrl: u64,
    /// Elements.
    pub elements: u64,
    /// Networks in multiple BSSID elements, and links in multi-link elements.
    pub nested: u64,
    /// HE and EHT capabilities.
    pub capabilities: u64,
}

/// Panics if `part` is not in `whole`.
fn within(whole: &[u8], part: &[u8]) {
    let (whole, part) = (whole.as_ptr_range(), part.as_ptr_range());

    // Empty slices may be anywhere.
    assert!(part.start == part.end || whole.start <= part.start && part.end <= whole.end);
}

fn elements(bytes: &[u8], depth: u32, reached: &mut Reached) {
    let elements = Elements::new(bytes);
    let mut used = 0;

    for element in elements {
        reached.elements += 1;
        used += 2 + element.data().len();
        within(bytes, element.data());
        within(element.data(), element.body());
        black_box(element.vendor());
        let pieces: usize = element.fragments().map(<[u8]>::len).sum();
        let mut buffer = [0; 2048];
        match element.defragment(&mut buffer) {
            Ok(whole) => assert_eq!(whole.len(), pieces),
            Err(_) => assert!(pieces > 2048),
        }
        within(bytes, element.fragments().after());
        let body = element.body();
        match (element.id(), element.ext_id()) {
            (id::MULTIPLE_BSSID, _) if depth < 2 => {
                if let Ok(multi) = MultipleBssid::parse(body) {
                    for bss in multi.profiles() {
                        reached.nested += 1;
                        let inherited = Inherited::new(elements, bss.elements);
                        black_box(inherited.find(id::RSN));
                        black_box(inherited.find_ext(ext_id::HE_CAPABILITY));
                        self::elements(bss.elements.bytes(), depth + 1, reached);
                    }
                }
            }
            (_, Some(ext_id::EHT_MULTI_LINK)) if depth < 2 => {
                let mut buffer = [0; 2048];
                let body = element.defragment(&mut buffer).unwrap_or(body);
                if let Ok(multi) = MultiLink::parse(body) {
                    black_box(multi.mld_info());
                    for raw in multi.profiles() {
                        let mut buffer = [0; 2048];
                        if let Ok(profile) = raw.parse_in(&mut buffer) {
                            reached.nested += 1;
                            black_box((profile.addr(), profile.beacon_interval()));
                            assert!(profile.link_id() < 16);
                            self::elements(profile.body, depth + 1, reached);
                        }
                    }
                }
            }
            (id::HT_CAPABILITY, _) => {
                if let Ok(cap) = HtCap::parse(body) {
                    assert_eq!(HtCap::parse(&cap.to_bytes()), Ok(cap));
                    black_box((cap.rx_streams(), cap.max_ampdu_len()));
                }
            }
            (id::HT_OPERATION, _) => {
                if let Ok(oper) = HtOperation::parse(body) {
                    assert_eq!(HtOperation::parse(&oper.to_bytes()), Ok(oper));
                }
            }
            (id::VHT_CAPABILITY, _) => {
                if let Ok(cap) = VhtCap::parse(body) {
                    assert_eq!(VhtCap::parse(&cap.to_bytes()), Ok(cap));
                    assert!(cap.rx_mcs.streams() <= 8);
                }
            }
            (id::VHT_OPERATION, _) => {
                if let Ok(oper) = VhtOperation::parse(body) {
                    assert_eq!(VhtOperation::parse(&oper.to_bytes()), Ok(oper));
                }
            }
            (id::NEIGHBOR_REPORT, _) => {
                black_box(Neighbor::parse(body).ok());
            }
            (_, Some(ext_id::HE_OPERATION)) => {
                black_box(HeOperation::parse(body).map(|oper| oper.bss_color()).ok());
            }
            (_, Some(ext_id::EHT_OPERATION)) => {
                black_box(EhtOperation::parse(body).ok());
            }
            (_, Some(ext_id::TID_TO_LINK_MAPPING)) => {
                black_box(TidToLink::parse(body).ok());
            }
            _ => {}
        }
        black_box(WmmParams::parse(body).ok());
    }
    assert_eq!(elements.is_complete(), used == bytes.len());
    let he = elements
        .find_ext(ext_id::HE_CAPABILITY)
        .and_then(|element| HeCap::parse(element.body()).ok());
    if let Some(he) = he {
        reached.capabilities += 1;
        black_box((he.mcs_80(), he.mcs_160(), he.ppe_thresholds()));
        if let Some(eht) = elements.find_ext(ext_id::EHT_CAPABILITY) {
            for from_ap in [false, true] {
                if let Ok(eht) = EhtCap::parse(eht.body(), &he, from_ap) {
                    reached.capabilities += 1;
                    within(bytes, eht.mcs);
                    within(bytes, eht.ppe);
                }
            }
        }
    }
    if let Some(ssid) = elements.ssid() {
        assert!(ssid.len() <= 32);
    }
    if let Some(tim) = elements.tim() {
        for aid in [0, 1, 2007, u16::MAX] {
            black_box(tim.has(aid));
        }
    }
    if let Some(country) = elements.country() {
        black_box(country.ranges().count());
    }
    if let Some(rsn) = elements.rsn() {
        black_box((
            rsn.pairwise().count(),
            rsn.akm().count(),
            rsn.pmkids().count(),
        ));
    }
    black_box((
        elements.rates().count(),
        elements.ds_channel(),
        elements.channel_switch(),
        elements.wmm(),
    ));
}

/// Reads bytes in all ways.
pub fn read(bytes: &[u8], reached: &mut Reached) {
    elements(bytes, 0, reached);
    black_box(Action::parse(bytes).ok());
    black_box(MeshControl::parse(bytes).ok());
    black_box(MultiLink::parse(bytes).ok());
    let Ok(frame) = Frame::parse(bytes) else {
        return;
    };
    reached.frames += 1;
    assert_eq!(frame.header().len() + frame.body().len(), bytes.len());
    assert_eq!(frame.header().len(), frame.control().header_len());
    black_box((
        frame.destination(),
        frame.source(),
        frame.bssid(),
        frame.sequence_control(),
        frame.ht_control(),
        frame.control().subtype(),
    ));
    assert_eq!(frame.qos().is_some(), frame.control().is_data_qos());
    let mut used = 0;
    for subframe in frame.amsdu().flatten() {
        within(bytes, subframe.payload);
        used += 14 + subframe.payload.len();
    }
    assert!(used <= frame.body().len());
    black_box(mgmt::is_robust(&frame));
    match Mgmt::parse(&frame) {
        Ok(Mgmt::Beacon(beacon) | Mgmt::ProbeResp(beacon)) => {
            reached.mgmt += 1;
            elements(beacon.elements.bytes(), 0, reached);
        }
        Ok(Mgmt::ProbeReq(list) | Mgmt::Deauth(_, list) | Mgmt::Disassoc(_, list)) => {
            reached.mgmt += 1;
            elements(list.bytes(), 0, reached);
        }
        Ok(Mgmt::AssocReq(req) | Mgmt::ReassocReq(req)) => {
            reached.mgmt += 1;
            elements(req.elements.bytes(), 0, reached);
        }
        Ok(Mgmt::AssocResp(resp) | Mgmt::ReassocResp(resp)) => {
            reached.mgmt += 1;
            elements(resp.elements.bytes(), 0, reached);
        }
        Ok(_) => reached.mgmt += 1,
        Err(_) => {}
    }
    match Ctrl::parse(&frame) {
        Ok(Ctrl::Back(back)) => {
            reached.ctrl += 1;
            for sequence in [0, 1, 63, 64, 4095, u16::MAX] {
                black_box(back.acknowledges(sequence));
            }
            assert!(back.stations().count() <= bytes.len());
        }
        Ok(Ctrl::Trigger(trigger)) => {
            reached.ctrl += 1;
            black_box((trigger.kind(), trigger.ul_length(), trigger.users()));
        }
        Ok(_) => reached.ctrl += 1,
        Err(_) => {}
    }
}

/// Frames and elements that inputs are made from.
pub fn seeds() -> Vec<Vec<u8>> {
    let (ap, sta) = (
        MacAddr::new([2, 0, 0, 0, 0, 1]),
        MacAddr::new([2, 0, 0, 0, 0, 2]),
    );
    let make = |fill: &dyn Fn(&mut Writer<'_>) -> crate::ieee80211::Result| {
        let mut bytes = vec![0; 2048];
        let mut writer = Writer::new(&mut bytes);

        fill(&mut writer).expect("a seed fits");
        let len = writer.len();
        bytes.truncate(len);
        bytes
    };
    let all = |writer: &mut Writer<'_>| {
        writer.element(id::SSID, b"network")?;
        writer.rates(&[0x82, 0x84, 0x8b, 0x96, 12, 18, 24, 36, 48, 72, 96, 108])?;
        writer.element(id::DS_PARAMS, &[6])?;
        writer.tim(0, 2, true, &[1, 9, 2007])?;
        writer.element(id::COUNTRY, b"DE \x01\x0d\x14")?;
        writer.channel_switch(true, 11, 3)?;
        writer.element(id::HT_CAPABILITY, &[0xef; 26])?;
        writer.element(id::HT_OPERATION, &[6; 22])?;
        writer.element(
            id::RSN,
            &[
                1, 0, 0, 15, 172, 4, 1, 0, 0, 15, 172, 4, 1, 0, 0, 15, 172, 8, 0xc0, 0, 0, 0, 0,
                15, 172, 6,
            ],
        )?;
        writer.element(id::VHT_CAPABILITY, &[0xfa; 12])?;
        writer.element(id::VHT_OPERATION, &[1, 42, 50, 0xfc, 0xff])?;
        writer.element(
            id::MULTIPLE_BSSID,
            &[2, 0, 12, 83, 2, 1, 0, 0, 1, b'x', 85, 1, 1, 255, 0],
        )?;
        writer.ext_element(ext_id::HE_CAPABILITY, &[0x9f; 60])?;
        writer.ext_element(
            ext_id::HE_OPERATION,
            &[0, 0xc0, 2, 5, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        )?;
        writer.ext_element(ext_id::EHT_CAPABILITY, &[0xff; 80])?;
        writer.ext_element(
            ext_id::EHT_OPERATION,
            &[3, 0x44, 0x44, 0x44, 0x44, 2, 42, 50, 1, 0],
        )?;
        let mut multi_link = vec![0x10, 0x00, 8, 2, 0, 0, 0, 0, 9, 1];
        for link in 2..4 {
            multi_link.extend([0, 60, 0x30 | link, 0, 7, 2, 0, 0, 0, 0, link]);
            multi_link.extend([id::SSID, 1, b'y', 255, 47]);
            multi_link.extend([0xa5; 46]);
        }
        multi_link.extend([0, 255]);
        multi_link.extend([0x7e; 255]);
        multi_link.extend([254, 3, 1, 2, 3]);
        writer.ext_element(ext_id::EHT_MULTI_LINK, &multi_link)?;
        writer.ext_element(
            ext_id::TID_TO_LINK_MAPPING,
            &[0x18, 0xff, 1, 0, 1, 0, 0, 2, 2, 2, 2],
        )?;
        writer.vendor_element(
            [0x00, 0x50, 0xf2],
            2,
            &[
                1, 1, 0x80, 0, 3, 0xa4, 0, 0, 0x27, 0xa4, 0, 0, 0x42, 0x43, 0x5e, 0, 0x62, 0x32,
                0x2f, 0,
            ],
        )
    };
    let body = |subtype, head: &'static [u8]| {
        make(&|writer| {
            writer.mgmt(subtype, sta, ap, ap)?;
            writer.bytes(head)?;
            all(writer)
        })
    };

    vec![
        make(&all),
        body(Subtype::Beacon, &[0; 12]),
        body(Subtype::ProbeResp, &[0; 12]),
        body(Subtype::ProbeReq, &[]),
        body(Subtype::AssocReq, &[0; 4]),
        body(Subtype::AssocResp, &[0; 6]),
        body(Subtype::ReassocReq, &[0; 10]),
        body(Subtype::Auth, &[3, 0, 1, 0, 0, 0]),
        body(Subtype::Deauth, &[3, 0]),
        body(Subtype::Action, &[0, 4]),
        body(Subtype::Action, &[4, 4, 1, 115, 36, 5]),
        body(Subtype::Action, &[21, 1]),
        make(&|writer| {
            writer.mgmt(Subtype::Action, sta, ap, ap)?;
            writer.addba_req(1, BackParams::new(true, true, 5, 64), 0, 100)
        }),
        make(&|writer| writer.nullfunc(ap, sta, true, Some(6))),
        make(&|writer| writer.pspoll(1, ap, sta)),
        make(&|writer| writer.rts(100, ap, sta)),
        make(&|writer| writer.cts(100, ap)),
        make(&|writer| writer.back_req(ap, sta, 3, 1000)),
        // Block acknowledgements, for one and for several stations.
        make(&|writer| {
            writer.u16(FrameControl::of(Subtype::Back).value())?;
            writer.bytes(&[0; 14])?;
            writer.u16(0x5004)?;
            writer.bytes(&[0x10, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0])
        }),
        make(&|writer| {
            writer.u16(FrameControl::of(Subtype::Back).value())?;
            writer.bytes(&[0; 14])?;
            writer.u16(0x0016)?;
            writer.bytes(&[1, 0x50, 0x10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 2, 0x08])
        }),
        make(&|writer| {
            writer.u16(FrameControl::of(Subtype::Trigger).value())?;
            writer.bytes(&[0x41; 40])
        }),
        // An A-MSDU with four addresses.
        make(&|writer| {
            writer.header(
                FrameControl::of(Subtype::QosData).with_ds(true, true),
                0,
                [ap, sta, ap],
                SequenceControl::new(1, 0),
            )?;
            writer.addr(sta)?;
            writer.u16(0x0180)?;
            for len in [5u8, 20] {
                writer.addr(ap)?;
                writer.addr(sta)?;
                writer.bytes(&[0, len])?;
                writer.bytes(&[len; 20][..usize::from(len)])?;
                writer.bytes(&[0; 3][..(4 - (14 + usize::from(len)) % 4) % 4])?;
            }
            Ok(())
        }),
    ]
}

/// Makes the bytes that are read of the bytes that a fuzzer gives: these themselves, or a seed with
/// changes.
pub fn input(seeds: &[Vec<u8>], fuzz: &[u8]) -> Vec<u8> {
    let Some((&choice, rest)) = fuzz.split_first() else {
        return Vec::new();
    };
    let Some(seed) = seeds.get(usize::from(choice) % (seeds.len() + 1)) else {
        return rest.to_vec();
    };
    let mut bytes = seed.clone();

    for change in rest.chunks(4) {
        let at = |bytes: &[u8]| {
            let wide = u16::from(change[0]) << 8 | u16::from(*change.get(1).unwrap_or(&0));
            usize::from(wide) % bytes.len()
        };
        let value = *change.get(2).unwrap_or(&0);

        if bytes.is_empty() {
            break;
        }
        match change.get(3).unwrap_or(&0) % 8 {
            0 => {
                let at = at(&bytes);
                bytes[at] = value;
            }
            1 => {
                let at = at(&bytes);
                bytes[at] ^= 1 << (value % 8);
            }
            2 => {
                let at = at(&bytes);
                bytes.truncate(at);
            }
            3 => {
                let at = at(&bytes);
                bytes.remove(at);
            }
            4 => {
                let at = at(&bytes);
                bytes.insert(at, value);
            }
            5 => {
                let at = at(&bytes);
                bytes[at] = bytes[at].wrapping_add(value);
            }
            6 => {
                let at = at(&bytes);
                let copy = bytes[at..]
                    .iter()
                    .copied()
                    .take(usize::from(value))
                    .collect::<Vec<_>>();
                bytes.extend(copy);
            }
            _ => {
                let at = at(&bytes);
                bytes[at] = 255;
            }
        }
    }
    bytes.truncate(4096);
    bytes
}
