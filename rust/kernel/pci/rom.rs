// SPDX-License-Identifier: GPL-2.0

//! The expansion ROM.
//!
//! A ROM holds one or more images: firmware that the BIOS or EFI runs to use the device before an
//! operating system does, often with tables for the driver behind it. [`Device::map_rom`] gives
//! access to it, [`images`] looks into a copy. What the images say of themselves is not trusted.
//!
//! C file: [`drivers/pci/rom.c`](srctree/drivers/pci/rom.c)

use super::{bar::BarUse, Device, Vendor};
use crate::{bindings, device, io::resource::Flags, prelude::*};
use core::ptr::NonNull;

/// The expansion ROM of a device, mapped.
///
/// As long as this lives, the device decodes the addresses of the ROM. Some devices use the same
/// decoder for other BARs: don't access them meanwhile, and don't keep this longer than needed. It
/// is unmapped, and disabled if it was not enabled before, when it is dropped.
///
/// All methods may be called in any context. ROMs are slow.
///
/// # Examples
///
/// ```
/// # use kernel::{device::Core, pci::{self, rom}, prelude::*};
/// /// Returns a copy of the image that a PC's BIOS runs.
/// fn bios(pdev: &pci::Device<Core>) -> Result<KVVec<u8>> {
///     let contents = pdev.map_rom()?.to_vec()?;
///
///     for image in rom::images(&contents) {
///         let image = image?;
///
///         if image.code_type() == rom::CodeType::X86 {
///             let mut copy = KVVec::new();
///             copy.extend_from_slice(image.bytes(), GFP_KERNEL)?;
///             return Ok(copy);
///         }
///     }
///
///     Err(ENOENT)
/// }
/// ```
///
/// # Invariants
///
/// `addr` is what `pci_map_rom()` has returned for `pdev`, with the size `len`.
pub struct Rom<'a> {
    pdev: &'a Device<device::Core>,
    addr: NonNull<c_void>,
    len: usize,
    _bar_use: BarUse,
}

impl Rom<'_> {
    /// Returns the size in bytes: of all images together, or of the ROM if they don't tell.
    #[inline]
    pub fn size(&self) -> usize {
        self.len
    }

    /// Copies the bytes from `offset` on to `to`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if they are not all within the ROM.
    pub fn read_into(&self, offset: usize, to: &mut [u8]) -> Result {
        let end = offset.checked_add(to.len()).ok_or(EINVAL)?;

        if end > self.len {
            return Err(EINVAL);
        }

        // SAFETY: By the type invariants, `addr` is mapped for `len` bytes, and the bytes that are
        // copied lie within, as has been checked. `to` is valid for writes.
        unsafe {
            bindings::memcpy_fromio(
                to.as_mut_ptr().cast(),
                self.addr.as_ptr().wrapping_byte_add(offset),
                to.len(),
            )
        };
        Ok(())
    }

    /// Returns a copy of the whole ROM.
    ///
    /// Must be called from process context; may sleep. Returns [`ENOMEM`] if memory is short.
    pub fn to_vec(&self) -> Result<KVVec<u8>> {
        let mut bytes = KVVec::from_elem(0, self.len, GFP_KERNEL)?;

        self.read_into(0, &mut bytes)?;
        Ok(bytes)
    }
}

impl Drop for Rom<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::pci_unmap_rom(self.pdev.as_raw(), self.addr.as_ptr()) };
    }
}

impl Device<device::Core> {
    /// Maps the expansion ROM, and enables it.
    ///
    /// The ROM gets an address if it has none. If the system firmware has left a copy in memory, as
    /// it does for the display that it used, this is what is mapped.
    ///
    /// Must be called from process context; may sleep. C functions: [`pci_map_rom`], and
    /// [`pci_unmap_rom`] when the returned value is dropped; these call [`pci_enable_rom`] and
    /// [`pci_disable_rom`].
    ///
    /// # Errors
    ///
    /// - [`ENXIO`] if the device has no ROM.
    /// - [`EBUSY`] if it is mapped already, or BARs are being resized.
    /// - [`EIO`] if it can't be mapped: there is no room for it, or it has no valid image.
    ///
    /// [`pci_map_rom`]: srctree/drivers/pci/rom.c
    /// [`pci_unmap_rom`]: srctree/drivers/pci/rom.c
    /// [`pci_enable_rom`]: srctree/drivers/pci/rom.c
    /// [`pci_disable_rom`]: srctree/drivers/pci/rom.c
    pub fn map_rom(&self) -> Result<Rom<'_>> {
        let flags = self.resource_flags(bindings::PCI_ROM_RESOURCE)?;
        if !flags.contains(Flags::IORESOURCE_MEM)
            || self.resource_len(bindings::PCI_ROM_RESOURCE)? == 0
        {
            return Err(ENXIO);
        }

        let bar_use = BarUse::new_rom(self)?;
        let mut len = 0;

        // SAFETY: `as_raw()` is a valid pointer to a `struct pci_dev`, and the device lock is held.
        // The ROM is not mapped by another `Rom`, whose unmapping would disable it.
        let addr = unsafe { bindings::pci_map_rom(self.as_raw(), &mut len) };

        // INVARIANT: `pci_map_rom()` has just returned `addr` and `len`.
        Ok(Rom {
            pdev: self,
            addr: NonNull::new(addr).ok_or(EIO)?,
            len,
            _bar_use: bar_use,
        })
    }
}

/// Who the code in an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeType {
    /// The BIOS of a PC.
    X86,
    /// Open Firmware.
    OpenFirmware,
    /// Hewlett-Packard's PA-RISC.
    PaRisc,
    /// EFI.
    Efi,
    /// Something else.
    Other(u8),
}

impl From<u8> for CodeType {
    fn from(code_type: u8) -> Self {
        match code_type {
            0 => Self::X86,
            1 => Self::OpenFirmware,
            2 => Self::PaRisc,
            3 => Self::Efi,
            other => Self::Other(other),
        }
    }
}

/// One image in an expansion ROM.
///
/// # Invariants
///
/// `bytes` holds [`Image::PCIR_LEN`] bytes at `pcir`.
#[derive(Clone, Copy)]
pub struct Image<'a> {
    bytes: &'a [u8],
    pcir: usize,
}

impl<'a> Image<'a> {
    /// The unit of the length of an image in bytes.
    const UNIT: usize = 512;
    /// The length of the ROM header, and of the PCI data structure, as far as they are needed.
    const HEADER_LEN: usize = 0x1a;
    const PCIR_LEN: usize = 0x18;

    /// Looks at the image at the beginning of `rom`.
    fn parse(rom: &'a [u8]) -> Result<Self> {
        let header = rom.get(..Self::HEADER_LEN).ok_or(EINVAL)?;

        if !header.starts_with(&[0x55, 0xaa]) {
            return Err(EINVAL);
        }

        let pcir = usize::from(le16(header, 0x18).ok_or(EINVAL)?);
        let data = rom.get(pcir..).ok_or(EINVAL)?;

        if data.len() < Self::PCIR_LEN || !data.starts_with(b"PCIR") {
            return Err(EINVAL);
        }

        let len = usize::from(le16(data, 0x10).ok_or(EINVAL)?) * Self::UNIT;
        let bytes = rom.get(..len).ok_or(EINVAL)?;

        // This also rules out a length of 0, which would be found again and again.
        if pcir + Self::PCIR_LEN > len {
            return Err(EINVAL);
        }

        // INVARIANT: Just checked.
        Ok(Self { bytes, pcir })
    }

    fn byte(&self, offset: usize) -> u8 {
        // Never out of bounds, by the type invariants.
        self.bytes.get(self.pcir + offset).copied().unwrap_or(0)
    }

    fn word(&self, offset: usize) -> u16 {
        u16::from_le_bytes([self.byte(offset), self.byte(offset + 1)])
    }

    /// Returns all bytes of the image, including its headers.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the vendor of the device that the image is for.
    pub fn vendor_id(&self) -> Vendor {
        Vendor::from_raw(self.word(0x04))
    }

    /// Returns the id of the device that the image is for.
    pub fn device_id(&self) -> u16 {
        self.word(0x06)
    }

    /// Returns the class of the device that the image is for, of 24 bits.
    pub fn class(&self) -> u32 {
        u32::from_le_bytes([self.byte(0x0d), self.byte(0x0e), self.byte(0x0f), 0])
    }

    /// Returns the revision of the code.
    pub fn revision(&self) -> u16 {
        self.word(0x12)
    }

    /// Returns who the code is for.
    pub fn code_type(&self) -> CodeType {
        CodeType::from(self.byte(0x14))
    }

    /// Returns whether this is the last image.
    pub fn is_last(&self) -> bool {
        self.byte(0x15) & 0x80 != 0
    }
}

/// Returns the little-endian number at `offset`.
fn le16(bytes: &[u8], offset: usize) -> Option<u16> {
    match bytes.get(offset..)? {
        &[low, high, ..] => Some(u16::from_le_bytes([low, high])),
        _ => None,
    }
}

/// Returns the images in `rom`, which is a copy of an expansion ROM.
///
/// The iterator ends after the image that says that it is the last, at the end of `rom`, or with
/// [`EINVAL`] if there is something else than an image.
///
/// # Examples
///
/// ```
/// use kernel::pci::rom;
///
/// let mut rom = [0; 512];
///
/// rom[0x00..0x02].copy_from_slice(&[0x55, 0xaa]);
/// rom[0x18] = 0x20; // where the PCI data structure is
/// rom[0x20..0x24].copy_from_slice(b"PCIR");
/// rom[0x24..0x28].copy_from_slice(&[0x02, 0x10, 0x46, 0x50]);
/// rom[0x30] = 1; // times 512 bytes
/// rom[0x35] = 0x80; // this is the last image
///
/// let mut images = rom::images(&rom);
/// let image = images.next().ok_or(ENOENT)??;
///
/// assert_eq!(image.device_id(), 0x5046);
/// assert_eq!(image.code_type(), rom::CodeType::X86);
/// assert!(images.next().is_none());
/// # Ok::<(), Error>(())
/// ```
pub fn images(rom: &[u8]) -> Images<'_> {
    Images { left: Some(rom) }
}

/// An iterator over the images in an expansion ROM, see [`images`].
pub struct Images<'a> {
    left: Option<&'a [u8]>,
}

impl<'a> Iterator for Images<'a> {
    type Item = Result<Image<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        // Nothing follows an error.
        let rom = self.left.take()?;
        let image = Image::parse(rom);

        if let Ok(image) = image {
            if !image.is_last() {
                self.left = rom.get(image.bytes.len()..).filter(|left| !left.is_empty());
            }
        }

        Some(image)
    }
}

#[kunit_tests(rust_kernel_pci_rom)]
mod tests {
    use super::*;

    const LEN: usize = 4 * Image::UNIT;

    /// Writes the headers of an image of `units` times 512 bytes, with the PCI data structure at
    /// `pcir`.
    fn put(rom: &mut [u8; LEN], at: usize, pcir: usize, units: u8, code_type: u8, last: bool) {
        let mut byte = |offset: usize, value| {
            if let Some(byte) = rom.get_mut(at + offset) {
                *byte = value;
            }
        };

        byte(0, 0x55);
        byte(1, 0xaa);
        byte(0x18, pcir as u8);
        byte(0x19, (pcir >> 8) as u8);
        for (i, &c) in b"PCIR\x02\x10\x46\x50".iter().enumerate() {
            byte(pcir + i, c);
        }
        byte(pcir + 0x0f, 0x03);
        byte(pcir + 0x10, units);
        byte(pcir + 0x12, 0x34);
        byte(pcir + 0x13, 0x12);
        byte(pcir + 0x14, code_type);
        byte(pcir + 0x15, if last { 0x80 } else { 0 });
    }

    fn first(rom: &[u8]) -> Result<Image<'_>> {
        images(rom).next().ok_or(ENOENT)?
    }

    #[test]
    fn images_are_found() -> Result {
        let mut rom = [0; LEN];
        put(&mut rom, 0, 0x1c, 1, 0, false);
        put(&mut rom, 512, 0x40, 2, 3, true);

        let mut images = images(&rom);
        let bios = images.next().ok_or(ENOENT)??;
        let efi = images.next().ok_or(ENOENT)??;

        assert!(images.next().is_none());
        assert_eq!(bios.vendor_id(), Vendor::from_raw(0x1002));
        assert_eq!(bios.device_id(), 0x5046);
        assert_eq!(bios.class(), 0x03_0000);
        assert_eq!(bios.revision(), 0x1234);
        assert_eq!(bios.code_type(), CodeType::X86);
        assert_eq!(bios.bytes().len(), 512);
        assert!(!bios.is_last());
        assert_eq!(efi.code_type(), CodeType::Efi);
        assert_eq!(efi.bytes().len(), 1024);
        assert!(efi.is_last());
        Ok(())
    }

    #[test]
    fn headers_are_inside() {
        let mut rom = [0; LEN];

        // The PCI data structure may end where the image does, but not beyond.
        put(&mut rom, 0, 512 - 0x18, 1, 0, true);
        assert!(first(&rom).is_ok());
        put(&mut rom, 0, 512 - 0x17, 1, 0, true);
        assert!(first(&rom).is_err());

        // Nor where there is no ROM any more.
        for pcir in [LEN - 0x17, LEN - 3, LEN, LEN + 1, 0xffff] {
            let mut rom = [0; LEN];
            put(&mut rom, 0, pcir, 4, 0, true);
            assert!(first(&rom).is_err());
        }

        // Nor may the image itself.
        put(&mut rom, 0, 0x1c, 5, 0, true);
        assert!(first(&rom).is_err());
        put(&mut rom, 0, 0x1c, 4, 0, true);
        assert!(first(&rom).is_ok());
    }

    #[test]
    fn short_roms_have_no_image() {
        let mut rom = [0; LEN];
        put(&mut rom, 0, 0x1c, 1, 0, true);

        for len in 0..512 {
            assert!(rom.get(..len).is_some_and(|rom| first(rom).is_err()));
        }
        assert!(rom.get(..512).is_some_and(|rom| first(rom).is_ok()));
    }

    #[test]
    fn signatures_are_checked() {
        for (offset, value) in [(0, 0), (1, 0x55), (0x1c, b'p'), (0x1f, 0), (0x18, 0x1d)] {
            let mut rom = [0; LEN];
            put(&mut rom, 0, 0x1c, 1, 0, true);
            assert!(first(&rom).is_ok());

            if let Some(byte) = rom.get_mut(offset) {
                *byte = value;
            }
            assert!(first(&rom).is_err());
        }
        assert!(first(&[0xff; 1024]).is_err());
        assert!(first(&[0; 1024]).is_err());
    }

    #[test]
    fn iterating_ends() {
        // An image without a length.
        let mut rom = [0; LEN];
        put(&mut rom, 0, 0x1c, 0, 0, false);
        assert_eq!(images(&rom).count(), 1);

        // No image says that it is the last one.
        let mut rom = [0; LEN];
        for at in [0, 512, 1024, 1536] {
            put(&mut rom, at, 0x1c, 1, 0, false);
        }
        assert_eq!(images(&rom).filter(|image| image.is_ok()).count(), 4);
        assert_eq!(images(&rom).count(), 4);

        // Something else follows.
        let mut rom = [0; LEN];
        put(&mut rom, 0, 0x1c, 1, 0, false);
        let mut all = images(&rom);
        assert!(all.next().is_some_and(|image| image.is_ok()));
        assert!(all.next().is_some_and(|image| image.is_err()));
        assert!(all.next().is_none());
    }
}
