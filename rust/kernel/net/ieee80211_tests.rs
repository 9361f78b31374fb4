// SPDX-License-Identifier: GPL-2.0

//! Tests of the 802.11 frames in the kernel. The parsers are fuzzed on the host.

use crate::prelude::*;

#[kunit_tests(rust_kernel_net_ieee80211)]
mod tests {
    use super::*;
    use crate::net::ieee80211::{
        build::Writer,
        capability::{HeCap, HtCap, VhtCap},
        channel::{channel_to_freq_khz, freq_khz_to_channel, Band, ChanDef, Width},
        ctrl::Ctrl,
        element::{id, Elements},
        mgmt::{
            action::{Action, BackParams},
            is_robust, Mgmt,
        },
        multi::{bssid_of_index, MultiLink, MultipleBssid},
        rate::{Bandwidth, HeGi, Rate},
        Frame, FrameControl, MacAddr, SequenceControl, Subtype,
    };

    const AP: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 1]);
    const STA: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 2]);

    #[test]
    fn addresses_tell_what_they_are() {
        assert!(MacAddr::BROADCAST.is_broadcast() && MacAddr::BROADCAST.is_multicast());
        assert!(MacAddr::ZERO.is_zero() && !MacAddr::ZERO.is_valid());
        assert!(AP.is_valid() && AP.is_local() && AP.is_unicast());
        assert_eq!(MacAddr::from_u64(AP.to_u64()), AP);
        assert_eq!(MacAddr::from_slice(&[1; 5]), None);
        assert!(MacAddr::from_random([0xff; 6]).is_valid());
        assert_eq!(
            bssid_of_index(MacAddr::new([2, 0, 0, 0, 0, 7]), 3, 2),
            Ok(AP)
        );
    }

    #[test]
    fn headers_have_the_right_length() {
        // Type and subtype, flags, length.
        for (control, len) in [
            (0x0080, 24),
            (0x8080, 28),
            (0x0008, 24),
            (0x0308, 30),
            (0x0088, 26),
            (0x0388, 32),
            (0x8388, 36),
            (0x8008, 24),
            (0x00d4, 10),
            (0x00c4, 10),
            (0x00b4, 16),
            (0x0094, 16),
        ] {
            let bytes = [0; 40];
            let mut frame = bytes;

            assert_eq!(FrameControl::new(control).header_len(), len);
            frame[..2].copy_from_slice(&control.to_le_bytes());
            assert!(Frame::parse(&frame[..len]).is_ok());
            assert!(Frame::parse(&frame[..len - 1]).is_err());
        }
        assert!(Frame::parse(&[]).is_err());
        assert!(Frame::parse(&[0x81; 40]).is_err());
    }

    #[test]
    fn addresses_are_where_the_direction_says() -> Result {
        for (to, from, source, destination, bssid) in [
            (false, false, 2, 1, Some(3)),
            (true, false, 2, 3, Some(1)),
            (false, true, 3, 1, Some(2)),
            (true, true, 4, 3, None),
        ] {
            let mut bytes = [0; 64];
            let mut writer = Writer::new(&mut bytes);
            let addr = |n| MacAddr::new([2, 0, 0, 0, 0, n]);

            writer.header(
                FrameControl::of(Subtype::Data).with_ds(to, from),
                0,
                [addr(1), addr(2), addr(3)],
                SequenceControl::new(7, 1),
            )?;
            if to && from {
                writer.addr(addr(4))?;
            }
            let frame = Frame::parse(writer.written())?;
            assert_eq!(frame.source(), Some(addr(source)));
            assert_eq!(frame.destination(), Some(addr(destination)));
            assert_eq!(frame.bssid(), bssid.map(addr));
            assert_eq!(frame.sequence_control().map(|s| s.sequence()), Some(7));
            assert_eq!(frame.sequence_control().map(|s| s.fragment()), Some(1));
            assert!(frame.body().is_empty());
        }
        assert!(SequenceControl::sn_less(4095, 0) && !SequenceControl::sn_less(0, 4095));
        Ok(())
    }

    #[test]
    fn a_beacon_is_read_as_written() -> Result {
        let mut bytes = [0; 256];
        let mut writer = Writer::new(&mut bytes);

        writer.mgmt(Subtype::Beacon, MacAddr::BROADCAST, AP, AP)?;
        writer.u64(123_456)?;
        writer.u16(100)?;
        writer.u16(0x0411)?;
        writer.element(id::SSID, b"test")?;
        writer.rates(&[0x82, 0x84, 0x8b, 0x96, 12, 18, 24, 36, 48, 72])?;
        writer.tim(1, 3, true, &[17, 40])?;
        writer.channel_switch(true, 11, 5)?;
        let frame = Frame::parse(writer.written())?;
        let Mgmt::Beacon(beacon) = Mgmt::parse(&frame)? else {
            return Err(EINVAL);
        };
        assert_eq!((beacon.timestamp, beacon.interval), (123_456, 100));
        assert!(beacon.capability.is_ess() && beacon.capability.has_privacy());
        assert!(beacon.elements.is_complete());
        assert_eq!(beacon.elements.ssid(), Some(&b"test"[..]));
        assert_eq!(beacon.elements.rates().count(), 10);
        let tim = beacon.elements.tim().ok_or(EINVAL)?;
        assert_eq!((tim.dtim_count, tim.dtim_period), (1, 3));
        assert!(tim.has_multicast() && tim.has(17) && tim.has(40));
        assert!(!tim.has(0) && !tim.has(18) && !tim.has(2007));
        let switch = beacon.elements.channel_switch().ok_or(EINVAL)?;
        assert_eq!(
            (switch.block_tx, switch.channel, switch.count),
            (true, 11, 5)
        );
        assert!(!is_robust(&frame));
        Ok(())
    }

    #[test]
    fn aggregation_frames_are_read_as_written() -> Result {
        let mut bytes = [0; 64];
        let mut writer = Writer::new(&mut bytes);
        let params = BackParams::new(true, true, 5, 64);

        writer.mgmt(Subtype::Action, STA, AP, AP)?;
        writer.addba_req(9, params, 100, 4000)?;
        let frame = Frame::parse(writer.written())?;
        assert!(is_robust(&frame));
        let Mgmt::Action(Action::AddBaReq {
            token,
            params,
            timeout,
            start,
            ..
        }) = Mgmt::parse(&frame)?
        else {
            return Err(EINVAL);
        };
        assert_eq!((token, timeout, start), (9, 100, 4000));
        assert_eq!((params.tid(), params.buffer_size()), (5, 64));

        let mut bytes = [0; 64];
        let mut writer = Writer::new(&mut bytes);
        writer.back_req(AP, STA, 6, 77)?;
        let Ctrl::BackReq(req) = Ctrl::parse(&Frame::parse(writer.written())?)? else {
            return Err(EINVAL);
        };
        assert_eq!((req.tid(), req.start.sequence()), (6, 77));
        Ok(())
    }

    #[test]
    fn truncated_elements_end_the_list() {
        let bytes = [0, 3, b'a', b'b', b'c', 221, 2, 1];
        let elements = Elements::new(&bytes);

        assert_eq!(elements.iter().count(), 1);
        assert!(!elements.is_complete());
        assert!(elements.find(221).is_none());
        assert!(Elements::new(&[]).is_complete());
        assert!(!Elements::new(&[0]).is_complete());
    }

    #[test]
    fn fragments_are_put_together() -> Result {
        let mut bytes = [0; 700];
        let mut writer = Writer::new(&mut bytes);
        let mut body = [0u8; 600];

        for (n, byte) in body.iter_mut().enumerate() {
            *byte = n as u8;
        }
        writer.ext_element(107, &body)?;
        writer.element(id::SSID, b"x")?;
        let elements = Elements::new(writer.written());
        let element = elements.find_ext(107).ok_or(EINVAL)?;
        let mut buffer = [0; 600];
        assert_eq!(element.defragment(&mut buffer)?, body);
        assert!(element.defragment(&mut [0; 599]).is_err());
        assert_eq!(element.fragments().count(), 3);
        assert_eq!(element.fragments().after(), [0, 1, b'x']);
        Ok(())
    }

    #[test]
    fn nested_networks_are_found() -> Result {
        let bytes = [2, 0, 12, 83, 2, 0x11, 0, 0, 1, b'x', 85, 1, 1, 255, 0];
        let multi = MultipleBssid::parse(&bytes)?;
        let mut profiles = multi.profiles();
        let bss = profiles.next().ok_or(EINVAL)?;
        assert_eq!((bss.index, bss.capability.0), (1, 0x11));
        assert_eq!(bss.elements.ssid(), Some(&b"x"[..]));
        assert!(profiles.next().is_none());

        let bytes = [
            0x10, 0, 8, 2, 0, 0, 0, 0, 1, 3, // basic, the MLD, link 3
            0, 11, 0x25, 0, 7, 2, 0, 0, 0, 0, 2, 9, 9, // link 5
        ];
        let multi = MultiLink::parse(&bytes)?;
        let info = multi.mld_info().ok_or(EINVAL)?;
        assert_eq!((info.addr, info.link_id), (AP, Some(3)));
        let profile = multi.profiles().next().ok_or(EINVAL)?;
        let profile = profile.parse()?;
        assert_eq!((profile.link_id(), profile.addr()), (5, Some(STA)));
        assert_eq!(profile.body, [9, 9]);
        // The common part must hold what the control field says.
        assert!(MultiLink::parse(&[0x10, 0, 7, 2, 0, 0, 0, 0, 1, 3]).is_err());
        assert!(MultiLink::parse(&[0x10, 0, 0]).is_err());
        Ok(())
    }

    #[test]
    fn capabilities_are_checked() -> Result {
        let cap = HtCap {
            cap_info: 0x0062,
            ampdu_params: 3,
            rx_mask: [0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0],
            ..HtCap::default()
        };
        let bytes = cap.to_bytes();
        assert_eq!(HtCap::parse(&bytes)?, cap);
        assert!(HtCap::parse(&bytes[..25]).is_err());
        assert_eq!((cap.rx_streams(), cap.max_ampdu_len()), (2, 65535));
        assert!(VhtCap::parse(&[0; 11]).is_err());

        // 160 MHz needs 4 bytes more, and PPE thresholds need their own.
        let mut bytes = [0u8; 40];
        bytes[6] = 0x0c;
        assert!(HeCap::parse(&bytes[..24]).is_err());
        assert!(HeCap::parse(&bytes[..25])?.mcs_160().is_some());
        bytes[6 + 6] = 0x80;
        bytes[25] = 0x79;
        let len = (4 * 2 * 6 + 7usize).div_ceil(8);
        assert!(HeCap::parse(&bytes[..25 + len - 1]).is_err());
        assert_eq!(
            HeCap::parse(&bytes[..25 + len])?.ppe_thresholds().len(),
            len
        );
        Ok(())
    }

    #[test]
    fn channels_have_frequencies() {
        for (channel, band, freq) in [
            (1, Band::Ghz2, 2_412_000),
            (14, Band::Ghz2, 2_484_000),
            (36, Band::Ghz5, 5_180_000),
            (177, Band::Ghz5, 5_885_000),
            (184, Band::Ghz5, 4_920_000),
            (1, Band::Ghz6, 5_955_000),
            (2, Band::Ghz6, 5_935_000),
            (233, Band::Ghz6, 7_115_000),
            (2, Band::Ghz60, 60_480_000),
        ] {
            assert_eq!(channel_to_freq_khz(channel, band), Some(freq));
            assert_eq!(freq_khz_to_channel(freq), Some((band, channel)));
        }
        assert_eq!(channel_to_freq_khz(0, Band::Ghz5), None);
        assert_eq!(freq_khz_to_channel(2_413_000), None);
        assert_eq!(freq_khz_to_channel(0), None);

        let mut def = ChanDef {
            control: 5180,
            width: Width::Mhz80,
            center1: 5210,
            center2: 0,
        };
        assert!(def.is_valid());
        assert_eq!(def.edges(), (5170, 5250));
        def.control = 5260;
        assert!(!def.is_valid());
        def.control = 5190;
        assert!(!def.is_valid());
    }

    #[test]
    fn rates_are_those_of_the_standard() {
        let ht = |mcs, wide, sgi| Rate::Ht { mcs, wide, sgi }.bitrate();
        let vht = |mcs, nss, bw, sgi| Rate::Vht { mcs, nss, bw, sgi }.bitrate();
        let he = |mcs, nss, bw, gi| {
            Rate::He {
                mcs,
                nss,
                bw,
                gi,
                dcm: false,
            }
            .bitrate()
        };

        assert_eq!(ht(0, false, false), Some(65));
        assert_eq!(ht(7, false, true), Some(722));
        assert_eq!(ht(31, true, true), Some(6000));
        assert_eq!(ht(32, true, true), None);
        assert_eq!(vht(9, 1, Bandwidth::Mhz160, true), Some(8667));
        assert_eq!(vht(8, 8, Bandwidth::Mhz20, false), Some(6240));
        assert_eq!(vht(9, 0, Bandwidth::Mhz20, false), None);
        assert_eq!(vht(9, 1, Bandwidth::Ru26, false), None);
        assert_eq!(he(11, 8, Bandwidth::Mhz160, HeGi::Us0_8), Some(96078));
        assert_eq!(he(0, 1, Bandwidth::Mhz20, HeGi::Us3_2), Some(73));
        assert_eq!(he(13, 8, Bandwidth::Mhz320, HeGi::Us0_8), Some(230588));
    }
}
