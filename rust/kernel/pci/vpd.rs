// SPDX-License-Identifier: GPL-2.0

//! Vital product data (VPD): what a board says about itself, such as its part and serial number.
//!
//! C header: [`include/linux/pci.h`](srctree/include/linux/pci.h)
//!
//! # Format
//!
//! VPD is a list of resources, each with a tag and a length: first the name of the product, then
//! fields that can only be read, then ones that can be written, then an end tag. A field has a
//! keyword of two characters and a length.

use super::Device;
use crate::{
    bindings, device,
    error::{from_err_ptr, to_result},
    prelude::*,
};

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// The name of the product.
    Identifier,
    /// Fields that can only be read.
    ReadOnly,
    /// Fields that can be written.
    ReadWrite,
    /// Something else, with the number of a large resource.
    Large(u8),
    /// Something else, with the number of a small resource.
    Small(u8),
}

/// A resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource<'a> {
    /// What it is.
    pub tag: Tag,
    /// What is in it.
    pub data: &'a [u8],
}

impl<'a> Resource<'a> {
    /// Iterates over the fields, if [`Self::tag`] says that there are some.
    pub fn fields(self) -> Fields<'a> {
        Fields {
            rest: match self.tag {
                Tag::ReadOnly | Tag::ReadWrite => self.data,
                _ => &[],
            },
        }
    }
}

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The keyword, two characters.
    pub keyword: [u8; 2],
    /// What is in it.
    pub data: &'a [u8],
}

/// Splits `bytes` behind the first `length` of them, if there are so many.
fn split(bytes: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    Some((bytes.get(..length)?, bytes.get(length..)?))
}

/// An iterator over resources, see [`Vpd::resources`].
#[derive(Clone)]
pub struct Resources<'a> {
    rest: &'a [u8],
}

impl<'a> Resources<'a> {
    fn step(&mut self) -> Result<Option<Resource<'a>>> {
        const LARGE: u8 = bindings::PCI_VPD_LRDT as u8;
        const END: u8 = 0xf;

        let (tag, length, rest) = match *core::mem::take(&mut self.rest) {
            [] => return Ok(None),
            [tag, ref rest @ ..] if tag & LARGE == 0 => match tag >> 3 {
                END => return Ok(None),
                number => (Tag::Small(number), usize::from(tag & 7), rest),
            },
            [tag, low, high, ref rest @ ..] => {
                let tag = match u32::from(tag & !LARGE) {
                    bindings::PCI_VPD_LTIN_ID_STRING => Tag::Identifier,
                    bindings::PCI_VPD_LTIN_RO_DATA => Tag::ReadOnly,
                    bindings::PCI_VPD_LTIN_RW_DATA => Tag::ReadWrite,
                    number => Tag::Large(number as u8),
                };

                (tag, usize::from(u16::from_le_bytes([low, high])), rest)
            }
            _ => return Err(EIO),
        };

        let (data, rest) = split(rest, length).ok_or(EIO)?;

        self.rest = rest;
        Ok(Some(Resource { tag, data }))
    }
}

impl<'a> Iterator for Resources<'a> {
    type Item = Result<Resource<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

/// An iterator over fields, see [`Resource::fields`].
#[derive(Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        match *core::mem::take(&mut self.rest) {
            [] => None,
            [first, second, length, ref rest @ ..] => {
                let Some((data, rest)) = split(rest, length.into()) else {
                    return Some(Err(EIO));
                };

                self.rest = rest;
                Some(Ok(Field {
                    keyword: [first, second],
                    data,
                }))
            }
            _ => Some(Err(EIO)),
        }
    }
}

/// What the checksum of the vital product data says, see [`Vpd::checksum`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// The data is as it has been written.
    Good,
    /// The data has been damaged.
    Bad,
    /// There is none.
    Missing,
}

/// Vital product data as a sequence of bytes.
///
/// All methods that search return [`EIO`] if the data is malformed in front of what they look for:
/// a length leads out of the data or of the resource. They take time proportional to the data, and
/// may be called in any context.
///
/// # Examples
///
/// ```
/// use kernel::pci::vpd::{Checksum, Vpd};
///
/// let vpd = Vpd::new(b"\x82\x04\x00Card\x90\x0a\x00PN\x02A1SN\x0242\x78");
///
/// assert_eq!(vpd.identifier()?, Some(&b"Card"[..]));
/// assert_eq!(vpd.read_only(Vpd::PART_NUMBER)?, Some(&b"A1"[..]));
/// assert_eq!(vpd.read_only(Vpd::SERIAL_NUMBER)?, Some(&b"42"[..]));
/// assert_eq!(vpd.read_only(Vpd::MANUFACTURER)?, None);
/// assert_eq!(vpd.checksum()?, Checksum::Missing);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Vpd<'a>(&'a [u8]);

impl<'a> Vpd<'a> {
    /// The keyword of the part number.
    pub const PART_NUMBER: [u8; 2] = *b"PN";
    /// The keyword of the serial number.
    pub const SERIAL_NUMBER: [u8; 2] = *b"SN";
    /// The keyword of the manufacturer.
    pub const MANUFACTURER: [u8; 2] = *b"MN";
    /// The keyword of the engineering change level.
    pub const ENGINEERING_CHANGE: [u8; 2] = *b"EC";
    /// The keyword of the checksum, and of reserved bytes behind it.
    pub const CHECKSUM: [u8; 2] = *b"RV";

    /// Creates it from bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Iterates over the resources up to the end tag, or the end of the data.
    ///
    /// Gives an error where the data is malformed, and then ends.
    pub fn resources(self) -> Resources<'a> {
        Resources { rest: self.0 }
    }

    /// Returns the first resource with the tag `tag`.
    fn resource(self, tag: Tag) -> Result<Option<Resource<'a>>> {
        for resource in self.resources() {
            let resource = resource?;

            if resource.tag == tag {
                return Ok(Some(resource));
            }
        }

        Ok(None)
    }

    /// Returns the name of the product, which is text, but not in any known encoding.
    ///
    /// C function: `pci_vpd_find_id_string()`.
    pub fn identifier(self) -> Result<Option<&'a [u8]>> {
        Ok(self
            .resource(Tag::Identifier)?
            .map(|resource| resource.data))
    }

    /// Returns the field with this keyword, of those that can only be read.
    ///
    /// C function: `pci_vpd_find_ro_info_keyword()`.
    pub fn read_only(self, keyword: [u8; 2]) -> Result<Option<&'a [u8]>> {
        let Some(resource) = self.resource(Tag::ReadOnly)? else {
            return Ok(None);
        };

        for field in resource.fields() {
            let field = field?;

            if field.keyword == keyword {
                return Ok(Some(field.data));
            }
        }

        Ok(None)
    }

    /// Verifies the checksum.
    ///
    /// [`EIO`] also if there is a field for it that is empty. C function: `pci_vpd_check_csum()`.
    pub fn checksum(self) -> Result<Checksum> {
        let Some(field) = self.read_only(Self::CHECKSUM)? else {
            return Ok(Checksum::Missing);
        };

        // The sum of everything up to the first byte of the field is zero.
        let start = field.as_ptr() as usize - self.0.as_ptr() as usize;
        let summed = self.0.get(..=start).filter(|_| !field.is_empty());
        let sum = summed
            .ok_or(EIO)?
            .iter()
            .fold(0u8, |sum, byte| sum.wrapping_add(*byte));

        Ok(if sum == 0 {
            Checksum::Good
        } else {
            Checksum::Bad
        })
    }
}

/// The vital product data of a device in memory, see [`Device::vpd`].
pub struct VpdBuffer(KVec<u8>);

impl VpdBuffer {
    /// Returns the data.
    pub fn as_vpd(&self) -> Vpd<'_> {
        Vpd::new(&self.0)
    }
}

impl Device<device::Bound> {
    /// Reads vital product data at `offset` into `buffer`, and returns the number of bytes.
    ///
    /// This is 0 behind the end of the data, and less than the size of the buffer if it reaches
    /// beyond the end. For devices that are known to share it, this is the data of function 0.
    ///
    /// Process context, sleeps. Slow: often behind it is a serial memory, of which every 4 bytes
    /// take up to some milliseconds. The first access looks for the end of the data.
    ///
    /// C function: `pci_read_vpd()`.
    ///
    /// # Errors
    ///
    /// - [`ENODEV`] if the device has none, or it is malformed from the beginning.
    /// - [`ETIMEDOUT`] if the device does not give it.
    /// - [`EINTR`] if the task is to be killed.
    pub fn read_vpd(&self, offset: usize, buffer: &mut [u8]) -> Result<usize> {
        let offset = bindings::loff_t::try_from(offset)?;

        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev` that is not removed, `buffer`
        // is valid for writes of its size.
        let ret = unsafe {
            bindings::pci_read_vpd(
                self.as_raw(),
                offset,
                buffer.len(),
                buffer.as_mut_ptr().cast(),
            )
        };

        if ret < 0 {
            // CAST: An errno fits.
            to_result(ret as c_int)?;
        }

        Ok(usize::try_from(ret)?)
    }

    /// Reads all vital product data.
    ///
    /// Process context, sleeps, slow, see [`Self::read_vpd`]. C function: `pci_vpd_alloc()`.
    ///
    /// # Errors
    ///
    /// As in [`Self::read_vpd`], but [`EIO`] if it can't be read up to its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{device::Bound, pci::{self, vpd::Vpd}, prelude::*};
    ///
    /// fn log_serial_number(pdev: &pci::Device<Bound>) -> Result {
    ///     let vpd = pdev.vpd()?;
    ///
    ///     if let Some(number) = vpd.as_vpd().read_only(Vpd::SERIAL_NUMBER)? {
    ///         dev_info!(pdev.as_ref(), "serial number {number:?}\n");
    ///     }
    ///
    ///     Ok(())
    /// }
    /// ```
    pub fn vpd(&self) -> Result<VpdBuffer> {
        let mut size = 0;

        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev` that is not removed, `size`
        // is valid for writes.
        let buffer = from_err_ptr(unsafe { bindings::pci_vpd_alloc(self.as_raw(), &mut size) })?;
        let size = size as usize;

        // SAFETY: `buffer` has been allocated by `kmalloc()` with this size, and `pci_vpd_alloc()`
        // gives it away. `pci_vpd_alloc()` has filled it.
        Ok(VpdBuffer(unsafe {
            KVec::from_raw_parts(buffer.cast(), size, size)
        }))
    }
}

#[kunit_tests(rust_kernel_pci_vpd)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_walked() -> Result {
        let vpd = Vpd::new(b"\x82\x02\x00id\x0b123\x92\x01\x00x\x90\x00\x00\x91\x00\x00\x78\x82");
        let mut resources = vpd.resources();
        let mut next = || resources.next().ok_or(ENOENT)?;

        assert_eq!(next()?.tag, Tag::Identifier);
        let small = next()?;
        assert_eq!((small.tag, small.data), (Tag::Small(1), &b"123"[..]));
        let large = next()?;
        assert_eq!((large.tag, large.data), (Tag::Large(0x12), &b"x"[..]));
        assert!(large.fields().next().is_none());
        assert_eq!(next()?.tag, Tag::ReadOnly);
        assert_eq!(next()?.tag, Tag::ReadWrite);
        // The end tag, and nothing behind it.
        assert_eq!(next(), Err(ENOENT));
        assert_eq!(next(), Err(ENOENT));
        Ok(())
    }

    #[test]
    fn fields_are_found() -> Result {
        let vpd = Vpd::new(
            b"\x82\x01\x00x\x90\x0f\x00PN\x01aSN\x00V0\x01bSN\x01c\x91\x05\x00V1\x02ok\x78",
        );

        assert_eq!(vpd.identifier()?, Some(&b"x"[..]));
        assert_eq!(vpd.read_only(Vpd::PART_NUMBER)?, Some(&b"a"[..]));
        // The first of two.
        assert_eq!(vpd.read_only(Vpd::SERIAL_NUMBER)?, Some(&b""[..]));
        assert_eq!(vpd.read_only(*b"V0")?, Some(&b"b"[..]));
        // It is in the other resource.
        assert_eq!(vpd.read_only(*b"V1")?, None);

        let writable = vpd.resource(Tag::ReadWrite)?.ok_or(ENOENT)?;
        let field = writable.fields().next().ok_or(ENOENT)??;
        assert_eq!((&field.keyword, field.data), (b"V1", &b"ok"[..]));
        Ok(())
    }

    #[test]
    fn truncated_data_is_refused() -> Result {
        let vpd = b"\x82\x04\x00Card\x90\x05\x00PN\x02A1\x78";

        for end in 0..vpd.len() {
            let vpd = Vpd::new(&vpd[..end]);

            // Everything, or nothing, or an error, and never a part of it.
            match vpd.identifier() {
                Ok(Some(id)) => assert!(end >= 7 && id == b"Card"),
                Ok(None) => assert_eq!(end, 0),
                Err(err) => assert!(end < 7 && err == EIO),
            }
            match vpd.read_only(Vpd::PART_NUMBER) {
                Ok(Some(part)) => assert!(end >= 15 && part == b"A1"),
                Ok(None) => assert!(end == 0 || end == 7),
                Err(err) => assert!(end < 15 && err == EIO),
            }
            assert!(vpd.resources().count() <= 3);
        }
        Ok(())
    }

    #[test]
    fn fields_stay_in_their_resource() {
        // The resource is shorter than the field says, though the data is not.
        let vpd = Vpd::new(b"\x90\x04\x00PN\x02A1\x78");
        assert_eq!(vpd.read_only(Vpd::PART_NUMBER), Err(EIO));
        // The header of a field is cut off.
        let vpd = Vpd::new(b"\x90\x02\x00PN\x02A1\x78");
        assert_eq!(vpd.read_only(Vpd::PART_NUMBER), Err(EIO));
        // A length that goes to the end of the world.
        let vpd = Vpd::new(b"\x90\xff\xffPN\x02A1\x78");
        assert_eq!(vpd.read_only(Vpd::PART_NUMBER), Err(EIO));
        let vpd = Vpd::new(b"\x90\x05\x00PN\xffA1\x78");
        assert_eq!(vpd.read_only(Vpd::PART_NUMBER), Err(EIO));
    }

    #[test]
    fn any_bytes_end() {
        for byte in 0..=u8::MAX {
            for length in 0..24 {
                let bytes = [byte; 24];
                let vpd = Vpd::new(&bytes[..length]);

                assert!(vpd.resources().count() <= 24);
                for resource in vpd.resources().flatten() {
                    assert!(resource.fields().count() <= 8);
                }
                // Whatever they are, they don't panic.
                let _ = (vpd.identifier(), vpd.checksum());
            }
        }
    }

    #[test]
    fn checksums_are_verified() -> Result {
        let mut bytes = KVec::new();
        bytes.extend_from_slice(b"\x90\x09\x00SN\x0212RV\x01\x00\x78", GFP_KERNEL)?;
        let sum = bytes[..11].iter().fold(0u8, |sum, b| sum.wrapping_add(*b));

        assert_eq!(Vpd::new(&bytes).checksum()?, Checksum::Bad);
        bytes[11] = sum.wrapping_neg();
        assert_eq!(Vpd::new(&bytes).checksum(), Ok(Checksum::Good));
        // Damaged before the checksum; what is behind does not count.
        bytes[12] = 0x79;
        assert_eq!(Vpd::new(&bytes).checksum(), Ok(Checksum::Good));
        bytes[6] ^= 1;
        assert_eq!(Vpd::new(&bytes).checksum(), Ok(Checksum::Bad));

        assert_eq!(Vpd::new(b"").checksum(), Ok(Checksum::Missing));
        assert_eq!(
            Vpd::new(b"\x90\x03\x00SN\x00\x78").checksum(),
            Ok(Checksum::Missing)
        );
        // A field without a byte.
        assert_eq!(Vpd::new(b"\x90\x03\x00RV\x00").checksum(), Err(EIO));
        assert_eq!(Vpd::new(b"\x90\x03\x00RV\x00\x78").checksum(), Err(EIO));
        Ok(())
    }
}
