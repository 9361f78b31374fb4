// SPDX-License-Identifier: GPL-2.0

//! Writing frames.

use super::{
    element::{ext_id, id},
    mgmt::action::{category, BackParams},
    Error, FrameControl, MacAddr, QosControl, Result, SequenceControl, Subtype,
};

/// Writes a frame into bytes, from the begin to the end.
///
/// All methods fail with [`Error::NoSpace`] if there is not enough room. Nothing has been written
/// then, or the begin of what was to be written.
///
/// # Examples
///
/// ```
/// use kernel::net::ieee80211::{build::Writer, mgmt::Mgmt, Frame, MacAddr, Subtype};
///
/// let mut bytes = [0; 64];
/// let mut writer = Writer::new(&mut bytes);
///
/// writer
///     .mgmt(
///         Subtype::ProbeReq,
///         MacAddr::BROADCAST,
///         MacAddr::new([2, 0, 0, 0, 0, 1]),
///         MacAddr::BROADCAST,
///     )
///     .and_then(|()| writer.element(0, b"net"))
///     .map_err(|_| ENOSPC)?;
///
/// let frame = Frame::parse(writer.written()).map_err(|_| EINVAL)?;
/// let Ok(Mgmt::ProbeReq(elements)) = Mgmt::parse(&frame) else {
///     return Err(EINVAL);
/// };
/// assert_eq!(elements.ssid(), Some(&b"net"[..]));
/// # Ok::<(), Error>(())
/// ```
pub struct Writer<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    /// Writes to `bytes`.
    #[inline]
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, len: 0 }
    }

    /// Returns how many bytes have been written.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether nothing has been written.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns what has been written.
    #[inline]
    pub fn written(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    /// Writes bytes.
    #[inline]
    pub fn bytes(&mut self, data: &[u8]) -> Result {
        let end = self.len.checked_add(data.len()).ok_or(Error::NoSpace)?;

        self.bytes
            .get_mut(self.len..end)
            .ok_or(Error::NoSpace)?
            .copy_from_slice(data);
        self.len = end;
        Ok(())
    }

    /// Writes one byte.
    #[inline]
    pub fn u8(&mut self, value: u8) -> Result {
        self.bytes(&[value])
    }

    /// Writes a number of 16 bits.
    #[inline]
    pub fn u16(&mut self, value: u16) -> Result {
        self.bytes(&value.to_le_bytes())
    }

    /// Writes a number of 32 bits.
    #[inline]
    pub fn u32(&mut self, value: u32) -> Result {
        self.bytes(&value.to_le_bytes())
    }

    /// Writes a number of 64 bits.
    #[inline]
    pub fn u64(&mut self, value: u64) -> Result {
        self.bytes(&value.to_le_bytes())
    }

    /// Writes an address.
    #[inline]
    pub fn addr(&mut self, addr: MacAddr) -> Result {
        self.bytes(addr.as_bytes())
    }

    /// Writes a header with three addresses.
    #[inline]
    pub fn header(
        &mut self,
        control: FrameControl,
        duration: u16,
        addr: [MacAddr; 3],
        sequence: SequenceControl,
    ) -> Result {
        self.u16(control.value())?;
        self.u16(duration)?;
        for addr in addr {
            self.addr(addr)?;
        }
        self.u16(sequence.value())
    }

    /// Writes the header of a management frame, whose sequence number is 0.
    #[inline]
    pub fn mgmt(&mut self, subtype: Subtype, to: MacAddr, from: MacAddr, bssid: MacAddr) -> Result {
        self.header(
            FrameControl::of(subtype),
            0,
            [to, from, bssid],
            SequenceControl::from_value(0),
        )
    }

    /// Writes an element.
    ///
    /// Fails with [`Error::Malformed`] if there are more than 255 bytes; see
    /// [`Writer::ext_element`].
    #[inline]
    pub fn element(&mut self, id: u8, data: &[u8]) -> Result {
        let len = u8::try_from(data.len()).map_err(|_| Error::Malformed)?;

        self.bytes(&[id, len])?;
        self.bytes(data)
    }

    /// Writes an element with the id of an extension, split into fragments if it is long.
    pub fn ext_element(&mut self, ext_id: u8, body: &[u8]) -> Result {
        let (first, mut rest) = body.split_at(body.len().min(254));

        self.bytes(&[id::EXTENSION, first.len() as u8 + 1, ext_id])?;
        self.bytes(first)?;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(255));

            self.bytes(&[id::FRAGMENT, piece.len() as u8])?;
            self.bytes(piece)?;
            rest = after;
        }
        Ok(())
    }

    /// Writes the element of a vendor.
    ///
    /// Fails with [`Error::Malformed`] if there are more than 251 bytes.
    pub fn vendor_element(&mut self, oui: [u8; 3], kind: u8, data: &[u8]) -> Result {
        let len = u8::try_from(data.len())
            .ok()
            .and_then(|len| len.checked_add(4))
            .ok_or(Error::Malformed)?;

        self.bytes(&[id::VENDOR_SPECIFIC, len])?;
        self.bytes(&oui)?;
        self.u8(kind)?;
        self.bytes(data)
    }

    /// Writes rates in 500 kbit/s, as one or two elements.
    pub fn rates(&mut self, rates: &[u8]) -> Result {
        let (first, more) = rates.split_at(rates.len().min(8));

        self.element(id::SUPP_RATES, first)?;
        if !more.is_empty() {
            self.element(id::EXT_SUPP_RATES, more)?;
        }
        Ok(())
    }

    /// Writes a traffic indication map for the stations whose association id is in `aids`
    /// (`ieee80211_beacon_add_tim()`).
    ///
    /// Fails with [`Error::Malformed`] if an id is more than 2007.
    pub fn tim(&mut self, count: u8, period: u8, multicast: bool, aids: &[u16]) -> Result {
        let mut map = [0u8; 251];

        for &aid in aids {
            *map.get_mut(usize::from(aid / 8)).ok_or(Error::Malformed)? |= 1 << (aid % 8);
        }
        // Only an even number of bytes can be left out at the begin.
        let used = map.iter().rposition(|&byte| byte != 0).unwrap_or(0);
        let first = map.iter().position(|&byte| byte != 0).unwrap_or(0) & !1;
        let map = map.get(first..=used).unwrap_or(&[0]);

        self.bytes(&[
            id::TIM,
            map.len() as u8 + 3,
            count,
            period,
            first as u8 | u8::from(multicast),
        ])?;
        self.bytes(map)
    }

    /// Writes a channel switch announcement element.
    pub fn channel_switch(&mut self, block_tx: bool, channel: u8, count: u8) -> Result {
        self.element(id::CHANNEL_SWITCH, &[u8::from(block_tx), channel, count])
    }

    /// Writes a null function frame to an access point (`ieee80211_nullfunc_get()`), with a QoS
    /// control field if there is a traffic identifier.
    pub fn nullfunc(
        &mut self,
        bssid: MacAddr,
        from: MacAddr,
        power_management: bool,
        tid: Option<u8>,
    ) -> Result {
        let subtype = match tid {
            Some(_) => Subtype::QosNull,
            None => Subtype::Null,
        };

        self.header(
            FrameControl::of(subtype)
                .with_ds(true, false)
                .with_power_management(power_management),
            0,
            [bssid, from, bssid],
            SequenceControl::from_value(0),
        )?;
        match tid {
            Some(tid) => self.u16(QosControl::new(u16::from(tid & 0xf)).value()),
            None => Ok(()),
        }
    }

    /// Writes a power save poll (`ieee80211_pspoll_get()`).
    pub fn pspoll(&mut self, aid: u16, bssid: MacAddr, from: MacAddr) -> Result {
        self.u16(FrameControl::of(Subtype::PsPoll).value())?;
        self.u16(aid | 0xc000)?;
        self.addr(bssid)?;
        self.addr(from)
    }

    /// Writes a request to send (`ieee80211_rts_get()`).
    pub fn rts(&mut self, duration: u16, to: MacAddr, from: MacAddr) -> Result {
        self.u16(FrameControl::of(Subtype::Rts).value())?;
        self.u16(duration)?;
        self.addr(to)?;
        self.addr(from)
    }

    /// Writes a clear to send (`ieee80211_ctstoself_get()`).
    pub fn cts(&mut self, duration: u16, to: MacAddr) -> Result {
        self.u16(FrameControl::of(Subtype::Cts).value())?;
        self.u16(duration)?;
        self.addr(to)
    }

    /// Writes a block acknowledgment request for one traffic identifier, with a compressed bitmap
    /// (`ieee80211_send_bar()`).
    pub fn back_req(&mut self, to: MacAddr, from: MacAddr, tid: u8, start: u16) -> Result {
        self.u16(FrameControl::of(Subtype::BackReq).value())?;
        self.u16(0)?;
        self.addr(to)?;
        self.addr(from)?;
        self.u16(0x0004 | u16::from(tid & 0xf) << 12)?;
        self.u16(SequenceControl::new(start, 0).value())
    }

    /// Writes the body of an action frame that asks for a block acknowledgment agreement.
    pub fn addba_req(&mut self, token: u8, params: BackParams, timeout: u16, start: u16) -> Result {
        self.bytes(&[category::BACK, 0, token])?;
        self.u16(params.0)?;
        self.u16(timeout)?;
        self.u16(SequenceControl::new(start, 0).value())
    }

    /// Writes the body of an action frame that answers that.
    pub fn addba_resp(
        &mut self,
        token: u8,
        status: u16,
        params: BackParams,
        timeout: u16,
    ) -> Result {
        self.bytes(&[category::BACK, 1, token])?;
        self.u16(status)?;
        self.u16(params.0)?;
        self.u16(timeout)
    }

    /// Writes the body of an action frame that ends an agreement.
    pub fn delba(&mut self, tid: u8, initiator: bool, reason: u16) -> Result {
        self.bytes(&[category::BACK, 2])?;
        self.u16(u16::from(tid & 0xf) << 12 | u16::from(initiator) << 11)?;
        self.u16(reason)
    }

    /// Writes a 4-address or extension-free multi-link element of the basic kind with the address
    /// of the MLD alone.
    pub fn basic_multi_link(&mut self, mld: MacAddr) -> Result {
        let b = mld.as_bytes();

        self.ext_element(
            ext_id::EHT_MULTI_LINK,
            &[0, 0, 7, b[0], b[1], b[2], b[3], b[4], b[5]],
        )
    }
}
