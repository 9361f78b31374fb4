// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Framebuffers, pixel formats, and the memory of a framebuffer as the CPU sees it.
//!
//! C headers: [`include/drm/drm_framebuffer.h`](srctree/include/drm/drm_framebuffer.h),
//! [`include/drm/drm_fourcc.h`](srctree/include/drm/drm_fourcc.h),
//! [`include/drm/drm_format_helper.h`](srctree/include/drm/drm_format_helper.h)

use crate::{bindings, error::to_result, io::Io, prelude::*, types::Opaque};
use core::marker::PhantomData;

/// A pixel format.
///
/// C macros: `DRM_FORMAT_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct FourCc(u32);

impl FourCc {
    /// 32 bits, little endian: x:R:G:B 8:8:8:8.
    pub const XRGB8888: Self = Self::new(b"XR24");
    /// 32 bits, little endian: B:G:R:x 8:8:8:8.
    pub const BGRX8888: Self = Self::new(b"BX24");

    /// 16 bits, little endian: R:G:B 5:6:5.
    pub const RGB565: Self = Self::new(b"RG16");
    /// 24 bits, little endian: R:G:B 8:8:8.
    pub const RGB888: Self = Self::new(b"RG24");
    /// 32 bits, little endian: x:R:G:B 2:10:10:10.
    pub const XRGB2101010: Self = Self::new(b"XR30");

    /// Returns the format with this name.
    pub const fn new(name: &[u8; 4]) -> Self {
        Self(u32::from_le_bytes(*name))
    }

    /// Returns the number of the format.
    #[inline]
    pub const fn as_raw(self) -> u32 {
        self.0
    }

    /// Returns what converts [`Self::XRGB8888`] to this format, if there is something.
    const fn conversion(self) -> Option<Conversion> {
        let (convert, cpp): (ConvertFn, _) = match self {
            Self::RGB565 => (bindings::drm_fb_xrgb8888_to_rgb565, 2),
            Self::RGB888 => (bindings::drm_fb_xrgb8888_to_rgb888, 3),
            Self::XRGB2101010 => (bindings::drm_fb_xrgb8888_to_xrgb2101010, 4),
            _ => return None,
        };

        Some(Conversion { convert, cpp })
    }
}

/// How the pixels of a framebuffer are arranged in memory.
///
/// C macros: `DRM_FORMAT_MOD_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Modifier(u64);

impl Modifier {
    /// Line after line.
    pub const LINEAR: Self = Self(0);

    /// What C ends lists with: it stands for none.
    pub(super) const END: Self = Self(0x00ff_ffff_ffff_ffff);

    /// Returns the modifier with this number, which is one of the C macros.
    pub const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// Returns the number of the modifier.
    #[inline]
    pub const fn as_raw(self) -> u64 {
        self.0
    }
}

type ConvertFn = unsafe extern "C" fn(
    *mut bindings::iosys_map,
    *const c_uint,
    *const bindings::iosys_map,
    *const bindings::drm_framebuffer,
    *const bindings::drm_rect,
    *mut bindings::drm_format_conv_state,
);

/// How [`FourCc::XRGB8888`] becomes another format.
#[derive(Clone, Copy)]
struct Conversion {
    convert: ConvertFn,
    /// The bytes of a pixel in the other format.
    cpp: usize,
}

impl Conversion {
    /// Returns how many bytes C needs in between for a line of `width` pixels: one line of each
    /// format.
    fn buffer(&self, width: u32) -> Option<usize> {
        let width = width as usize;
        let to = width
            .checked_mul(self.cpp)?
            .checked_next_multiple_of(bindings::ARCH_KMALLOC_MINALIGN)?;

        to.checked_add(width.checked_mul(4)?)
    }
}

/// Allocates what [`ShadowFramebuffer::convert_to_io`] is going to need.
///
/// # Safety
///
/// `state` must be a valid conversion state, which nobody else uses.
pub(super) unsafe fn reserve_conversion(
    state: *mut bindings::drm_format_conv_state,
    fb: &Framebuffer,
    to: FourCc,
) -> Result {
    let conversion = to.conversion().ok_or(EINVAL)?;
    if fb.format() != FourCc::XRGB8888 {
        return Err(EINVAL);
    }
    let size = conversion.buffer(fb.width()).ok_or(EINVAL)?;

    // SAFETY: By the safety requirements.
    let buffer =
        unsafe { bindings::drm_format_conv_state_reserve(state, size, bindings::GFP_KERNEL) };
    if buffer.is_null() {
        return Err(ENOMEM);
    }

    Ok(())
}

/// A rectangle, in pixels. The pixels at `x2` and `y2` do not belong to it.
///
/// C struct: `struct drm_rect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Rect {
    pub x1: i32,
    pub y1: i32,
    pub x2: i32,
    pub y2: i32,
}

impl Rect {
    #[inline]
    pub(super) fn from_raw(rect: &bindings::drm_rect) -> Self {
        Self {
            x1: rect.x1,
            y1: rect.y1,
            x2: rect.x2,
            y2: rect.y2,
        }
    }

    #[inline]
    fn as_raw(&self) -> bindings::drm_rect {
        bindings::drm_rect {
            x1: self.x1,
            y1: self.y1,
            x2: self.x2,
            y2: self.y2,
        }
    }

    /// Returns the position and size, if the rectangle is not empty and lies within
    /// `width` x `height` pixels.
    #[inline]
    fn within(&self, width: u32, height: u32) -> Option<Area> {
        let x = usize::try_from(self.x1).ok()?;
        let y = usize::try_from(self.y1).ok()?;
        let x2 = usize::try_from(self.x2).ok()?;
        let y2 = usize::try_from(self.y2).ok()?;

        if x >= x2 || y >= y2 || x2 > width as usize || y2 > height as usize {
            return None;
        }

        Some(Area {
            x,
            y,
            width: x2 - x,
            height: y2 - y,
        })
    }
}

/// A rectangle that is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Area {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Area {
    /// Returns the offsets of the first byte of the area and of the first one after it, in memory
    /// with lines of `pitch` bytes and pixels of `cpp` bytes.
    #[inline]
    fn bytes(&self, pitch: usize, cpp: usize) -> Option<(usize, usize)> {
        let line = self.width.checked_mul(cpp)?;
        let start = self
            .y
            .checked_mul(pitch)?
            .checked_add(self.x.checked_mul(cpp)?)?;
        let end = self
            .height
            .checked_sub(1)?
            .checked_mul(pitch)?
            .checked_add(line)?
            .checked_add(start)?;

        Some((start, end))
    }
}

/// An image in memory, and what its pixels mean.
///
/// C struct: `struct drm_framebuffer`.
///
/// # Invariants
///
/// `self.0` is a valid `struct drm_framebuffer`; apart from its locks and lists, it does not
/// change.
#[repr(transparent)]
pub struct Framebuffer(Opaque<bindings::drm_framebuffer>);

impl Framebuffer {
    /// # Safety
    ///
    /// `fb` must be valid for `'a`.
    pub(super) unsafe fn from_raw<'a>(fb: *const bindings::drm_framebuffer) -> &'a Self {
        // SAFETY: By the safety requirements; `Self` is a transparent wrapper.
        unsafe { &*fb.cast() }
    }

    #[inline]
    fn as_raw(&self) -> *mut bindings::drm_framebuffer {
        self.0.get()
    }

    /// Returns the width in pixels.
    #[inline]
    pub fn width(&self) -> u32 {
        // SAFETY: By the type invariants.
        unsafe { (*self.as_raw()).width }
    }

    /// Returns the height in pixels.
    #[inline]
    pub fn height(&self) -> u32 {
        // SAFETY: By the type invariants.
        unsafe { (*self.as_raw()).height }
    }

    /// Returns the length of a line of the first color plane in bytes.
    #[inline]
    pub fn pitch(&self) -> u32 {
        // SAFETY: By the type invariants.
        unsafe { (*self.as_raw()).pitches[0] }
    }

    /// Returns the format of the pixels. It is one of those that the plane has been created with.
    #[inline]
    pub fn format(&self) -> FourCc {
        // SAFETY: By the type invariants; `format` is valid.
        FourCc(unsafe { (*(*self.as_raw()).format).format })
    }

    /// Returns how the pixels are arranged: in one of the ways that the plane has been created
    /// with.
    #[inline]
    pub fn modifier(&self) -> Modifier {
        // SAFETY: By the type invariants.
        Modifier(unsafe { (*self.as_raw()).modifier })
    }

    /// Returns the bytes of a pixel, or [`None`] if the pixels are not all in one color plane, or
    /// not a whole number of bytes each.
    #[inline]
    pub fn bytes_per_pixel(&self) -> Option<usize> {
        // SAFETY: By the type invariants; `format` is valid, and of the union both members are
        // bytes.
        let (planes, cpp, block_w, block_h) = unsafe {
            let format = &*(*self.as_raw()).format;

            (
                format.num_planes,
                format.__bindgen_anon_1.char_per_block[0],
                format.block_w[0],
                format.block_h[0],
            )
        };

        // A block of 0 x 0 pixels is how most formats say 1 x 1.
        if planes != 1 || cpp == 0 || block_w > 1 || block_h > 1 {
            return None;
        }

        Some(cpp.into())
    }
}

/// Where pixels go: memory of a device, in which lines of `pitch` bytes begin at `offset`.
///
/// What is done with it is not generic, so that it is no part of the modules of drivers.
///
/// # Invariants
///
/// `size` bytes of the memory are mapped at `addr` for `'a`.
struct Place<'a> {
    addr: usize,
    size: usize,
    offset: usize,
    pitch: u32,
    _memory: PhantomData<&'a ()>,
}

impl<'a> Place<'a> {
    #[inline]
    fn new<const SIZE: usize>(memory: &'a Io<SIZE>, offset: usize, pitch: u32) -> Self {
        // INVARIANT: This is what an `Io` is.
        Self {
            addr: memory.addr(),
            size: memory.maxsize(),
            offset,
            pitch,
            _memory: PhantomData,
        }
    }
}

/// The memory of a framebuffer, mapped for the CPU.
///
/// User space may write to it at any time, hence it can only be copied. If it comes from another
/// device, that device has been told that it is going to be read.
///
/// # Invariants
///
/// `map` is a mapping of the `len` bytes of the first color plane of `fb`.
/// `drm_gem_fb_begin_cpu_access()` has been called for `fb`. `conversion` is a valid conversion
/// state, which is used by the present task only.
pub struct ShadowFramebuffer<'a> {
    fb: &'a Framebuffer,
    map: &'a bindings::iosys_map,
    len: usize,
    conversion: *mut bindings::drm_format_conv_state,
}

impl<'a> ShadowFramebuffer<'a> {
    /// Returns [`None`] if the first color plane is not mapped, or not in memory.
    ///
    /// # Safety
    ///
    /// `state` must be a valid state of a shadow plane, of which `fb` is the framebuffer, or one
    /// whose `data` is zero. If it is not zero, the framebuffer must stay mapped for `'a`. Only the
    /// present task may use the conversion state in `state`.
    pub(super) unsafe fn new(
        fb: &'a Framebuffer,
        state: *mut bindings::drm_shadow_plane_state,
    ) -> Option<Self> {
        // SAFETY: By the safety requirements.
        let map = unsafe { &(*state).data[0] };

        // SAFETY: Both members of the union are pointers.
        if map.is_iomem || unsafe { map.__bindgen_anon_1.vaddr.is_null() } {
            return None;
        }

        // SAFETY: A framebuffer of a driver with GEM has an object for its first color plane.
        let size = unsafe {
            let obj = bindings::drm_gem_fb_get_obj(fb.as_raw(), 0);
            if obj.is_null() {
                return None;
            }
            (*obj).size
        };
        // SAFETY: By the type invariants of `Framebuffer`.
        let offset = unsafe { (*fb.as_raw()).offsets[0] } as usize;
        let len = size.checked_sub(offset)?;

        // SAFETY: By the type invariants of `Framebuffer`; it is a framebuffer of GEM objects.
        to_result(unsafe {
            bindings::drm_gem_fb_begin_cpu_access(
                fb.as_raw(),
                bindings::dma_data_direction_DMA_FROM_DEVICE,
            )
        })
        .ok()?;

        // INVARIANT: `data[0]` is the address of the object plus the offset of the color plane.
        Some(Self {
            fb,
            map,
            len,
            // SAFETY: By the safety requirements.
            conversion: unsafe { &raw mut (*state).fmtcnv_state },
        })
    }

    /// Returns the framebuffer.
    #[inline]
    pub fn framebuffer(&self) -> &'a Framebuffer {
        self.fb
    }

    /// Copies the pixels in `clip` to the memory of a device.
    ///
    /// The upper left pixel of the framebuffer, whether it is copied or not, has its place at
    /// `offset`, and lines of `pitch` bytes follow.
    ///
    /// Does not sleep. C function: `drm_fb_memcpy()`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`], and nothing is copied, if `clip` is not within the framebuffer, the copy not
    /// within `to`, `pitch` is 0, [`Framebuffer::modifier`] is not [`Modifier::LINEAR`], or
    /// [`Framebuffer::bytes_per_pixel`] is [`None`].
    #[inline]
    pub fn copy_to_io<const SIZE: usize>(
        &self,
        clip: &Rect,
        to: &Io<SIZE>,
        offset: usize,
        pitch: u32,
    ) -> Result {
        self.copy(clip, Place::new(to, offset, pitch))
    }

    fn copy(&self, clip: &Rect, to: Place<'_>) -> Result {
        let cpp = self.fb.bytes_per_pixel().ok_or(EINVAL)?;
        let mut dst = self.place(clip, cpp, &to)?;

        // SAFETY: The format has one plane, so that only the first element of each array is read.
        // `dst` is followed by as many bytes as are going to be written, and `clip` lies within the
        // mapping, both of which has just been checked.
        unsafe {
            bindings::drm_fb_memcpy(
                &mut dst,
                &to.pitch,
                self.map,
                self.fb.as_raw(),
                &clip.as_raw(),
            )
        };

        Ok(())
    }

    /// Copies the pixels in `clip` to the memory of a device, in the format `format`.
    ///
    /// The same as [`Self::copy_to_io`] otherwise. The framebuffer is in [`FourCc::XRGB8888`], and
    /// [`PlaneCheck::reserve_conversion`] has been called in the check phase.
    ///
    /// C functions: `drm_fb_xrgb8888_to_rgb565()`, `drm_fb_xrgb8888_to_rgb888()`,
    /// `drm_fb_xrgb8888_to_xrgb2101010()`.
    ///
    /// # Errors
    ///
    /// Those of [`Self::copy_to_io`], and
    ///
    /// - [`EINVAL`] if the framebuffer has another format, or there is no conversion to `format`.
    /// - [`ENOMEM`] if the memory for it has not been reserved.
    ///
    /// [`PlaneCheck::reserve_conversion`]: super::PlaneCheck::reserve_conversion
    #[inline]
    pub fn convert_to_io<const SIZE: usize>(
        &self,
        clip: &Rect,
        format: FourCc,
        to: &Io<SIZE>,
        offset: usize,
        pitch: u32,
    ) -> Result {
        self.convert(clip, format, Place::new(to, offset, pitch))
    }

    fn convert(&self, clip: &Rect, format: FourCc, to: Place<'_>) -> Result {
        let conversion = format.conversion().ok_or(EINVAL)?;
        if self.fb.format() != FourCc::XRGB8888 {
            return Err(EINVAL);
        }

        // C writes nothing without this memory, and does not say so.
        let needed = conversion.buffer(self.fb.width()).ok_or(EINVAL)?;
        // SAFETY: By the type invariants.
        if unsafe { (*self.conversion).tmp.size } < needed {
            return Err(ENOMEM);
        }

        let mut dst = self.place(clip, conversion.cpp, &to)?;

        // SAFETY: As in `copy_to_io()`; the format of the framebuffer is the one that the function
        // reads, and `place()` has been told the size of the pixels that it writes. By the type
        // invariants, nobody else uses the conversion state.
        unsafe {
            (conversion.convert)(
                &mut dst,
                &to.pitch,
                self.map,
                self.fb.as_raw(),
                &clip.as_raw(),
                self.conversion,
            )
        };

        Ok(())
    }

    /// Returns the place in `to` of the first pixel in `clip`, which is followed by as many bytes
    /// as the others need, with `cpp` bytes each. Checks that `clip` lies within the mapping.
    fn place(&self, clip: &Rect, cpp: usize, to: &Place<'_>) -> Result<bindings::iosys_map> {
        if self.fb.modifier() != Modifier::LINEAR {
            return Err(EINVAL);
        }
        let area = clip
            .within(self.fb.width(), self.fb.height())
            .ok_or(EINVAL)?;

        let fb_cpp = self.fb.bytes_per_pixel().ok_or(EINVAL)?;
        let (_, end) = area.bytes(self.fb.pitch() as usize, fb_cpp).ok_or(EINVAL)?;
        if end > self.len {
            return Err(EINVAL);
        }

        // C takes a pitch of 0 for the length of a line in the copy.
        if to.pitch == 0 {
            return Err(EINVAL);
        }
        let (start, end) = area.bytes(to.pitch as usize, cpp).ok_or(EINVAL)?;
        if end.checked_add(to.offset).ok_or(EINVAL)? > to.size {
            return Err(EINVAL);
        }

        Ok(bindings::iosys_map {
            __bindgen_anon_1: bindings::iosys_map__bindgen_ty_1 {
                vaddr_iomem: (to.addr + to.offset + start) as *mut c_void,
            },
            is_iomem: true,
        })
    }
}

impl Drop for ShadowFramebuffer<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe {
            bindings::drm_gem_fb_end_cpu_access(
                self.fb.as_raw(),
                bindings::dma_data_direction_DMA_FROM_DEVICE,
            )
        };
    }
}

/// What a panic screen is drawn on.
///
/// C struct: `struct drm_scanout_buffer`.
///
/// # Invariants
///
/// The pixels of the first `height` lines of `fb` have their place in the mapped memory of a device
/// which begins at `addr`, with lines of `pitch` bytes, in the format `format`, which is valid.
pub struct ScanoutBuffer<'a> {
    fb: &'a Framebuffer,
    height: u32,
    format: *const bindings::drm_format_info,
    addr: usize,
    pitch: u32,
}

impl<'a> ScanoutBuffer<'a> {
    /// Draws on memory of the device that is shown, in the format of `fb`.
    ///
    /// The upper left pixel has its place at `offset`, and lines of `pitch` bytes follow. What is
    /// behind the end of the memory is not drawn. Returns [`None`] if not even the first line fits,
    /// `pitch` is 0, or [`Framebuffer::bytes_per_pixel`] is [`None`].
    #[inline]
    pub fn from_io<const SIZE: usize>(
        fb: &'a Framebuffer,
        memory: &'a Io<SIZE>,
        offset: usize,
        pitch: u32,
    ) -> Option<Self> {
        Self::plain(fb, Place::new(memory, offset, pitch))
    }

    fn plain(fb: &'a Framebuffer, to: Place<'a>) -> Option<Self> {
        let cpp = fb.bytes_per_pixel()?;

        // SAFETY: By the type invariants of `Framebuffer`.
        let format = unsafe { (*fb.as_raw()).format };

        Self::new(fb, format, cpp, to)
    }

    /// Draws on memory of the device that is shown, to which `fb` is converted.
    ///
    /// The same as [`Self::from_io`] otherwise. Returns [`None`] also if there is no conversion to
    /// `format`, see [`ShadowFramebuffer::convert_to_io`].
    #[inline]
    pub fn from_io_converted<const SIZE: usize>(
        fb: &'a Framebuffer,
        format: FourCc,
        memory: &'a Io<SIZE>,
        offset: usize,
        pitch: u32,
    ) -> Option<Self> {
        Self::converted(fb, format, Place::new(memory, offset, pitch))
    }

    fn converted(fb: &'a Framebuffer, format: FourCc, to: Place<'a>) -> Option<Self> {
        let cpp = format.conversion()?.cpp;
        // SAFETY: It looks into a constant table. It knows the formats that there are conversions
        // to.
        let format = unsafe { bindings::drm_format_info(format.as_raw()) };
        if format.is_null() {
            return None;
        }

        Self::new(fb, format, cpp, to)
    }

    fn new(
        fb: &'a Framebuffer,
        format: *const bindings::drm_format_info,
        cpp: usize,
        to: Place<'a>,
    ) -> Option<Self> {
        // Only a part of a framebuffer may be shown, and only that has to fit the memory.
        let line = (fb.width() as usize).checked_mul(cpp)?;
        let lines = to
            .size
            .checked_sub(to.offset)?
            .checked_sub(line)?
            .checked_div(to.pitch as usize)?
            .checked_add(1)?;

        // INVARIANT: So many lines fit, as the last one needs `line` bytes, and the others `pitch`.
        Some(Self {
            fb,
            height: fb.height().min(u32::try_from(lines).unwrap_or(u32::MAX)),
            format,
            addr: to.addr + to.offset,
            pitch: to.pitch,
        })
    }

    /// Tells C about it.
    pub(super) fn fill(&self, buffer: &mut bindings::drm_scanout_buffer) {
        buffer.format = self.format;
        buffer.width = self.fb.width();
        buffer.height = self.height;
        buffer.pitch[0] = self.pitch;
        buffer.map[0] = bindings::iosys_map {
            __bindgen_anon_1: bindings::iosys_map__bindgen_ty_1 {
                vaddr_iomem: self.addr as *mut c_void,
            },
            is_iomem: true,
        };
    }
}

#[kunit_tests(rust_kernel_drm_kms_framebuffer)]
mod tests {
    use super::*;
    use crate::io::IoRaw;
    use core::mem::{size_of_val, ManuallyDrop};

    fn rect(x1: i32, y1: i32, x2: i32, y2: i32) -> Rect {
        Rect { x1, y1, x2, y2 }
    }

    #[test]
    fn rectangles_are_inside() {
        let area = |x, y, width, height| {
            Some(Area {
                x,
                y,
                width,
                height,
            })
        };

        assert_eq!(rect(0, 0, 640, 480).within(640, 480), area(0, 0, 640, 480));
        assert_eq!(rect(1, 2, 3, 5).within(640, 480), area(1, 2, 2, 3));
        assert_eq!(rect(0, 0, 641, 480).within(640, 480), None);
        assert_eq!(rect(0, 0, 640, 481).within(640, 480), None);
        assert_eq!(rect(-1, 0, 640, 480).within(640, 480), None);
        assert_eq!(rect(0, i32::MIN, 640, 480).within(640, 480), None);
        assert_eq!(rect(5, 0, 5, 480).within(640, 480), None);
        assert_eq!(rect(0, 7, 640, 6).within(640, 480), None);
        assert_eq!(
            rect(0, 0, i32::MAX, 1).within(u32::MAX, 1).map(|a| a.x),
            Some(0)
        );
    }

    #[test]
    fn bytes_of_an_area() {
        let area = |x1, y1, x2, y2| rect(x1, y1, x2, y2).within(1 << 14, 1 << 14);

        assert_eq!(
            area(0, 0, 1, 1).and_then(|a| a.bytes(4096, 4)),
            Some((0, 4))
        );
        assert_eq!(
            area(1, 1, 3, 3).and_then(|a| a.bytes(4096, 4)),
            Some((4100, 8204))
        );
        assert_eq!(
            area(0, 0, 640, 480).and_then(|a| a.bytes(2560, 4)),
            Some((0, 640 * 480 * 4))
        );
        // A pitch that user space has made up.
        assert_eq!(area(0, 1, 1, 3).and_then(|a| a.bytes(usize::MAX, 4)), None);
        assert_eq!(
            area(0, 0, 1, 3).and_then(|a| a.bytes(usize::MAX / 2, 4)),
            None
        );
    }

    /// A framebuffer of 3 x 2 pixels, with lines of 4, becomes RGB565 in memory with lines of 8
    /// bytes. Only the last two columns are copied.
    #[test]
    fn pixels_are_converted() -> Result {
        const PIXELS: [u32; 8] = [
            0x00ff_ffff,
            0x00ff_0000,
            0x0000_ff00,
            0,
            0x00ff_ffff,
            0x0000_00ff,
            0x0080_8080,
            0,
        ];
        let pixels = PIXELS.map(u32::to_le);
        let mut out = [0xaau8; 16];

        let mut fb: bindings::drm_framebuffer = pin_init::zeroed();
        // SAFETY: It looks into a constant table.
        fb.format = unsafe { bindings::drm_format_info(FourCc::XRGB8888.as_raw()) };
        fb.width = 3;
        fb.height = 2;
        fb.pitches[0] = 16;
        fb.modifier = Modifier::from_raw(1).as_raw();
        let fb = Opaque::new(fb);
        let raw_fb = fb.get();
        // SAFETY: What is read of it has been initialized.
        let fb = unsafe { Framebuffer::from_raw(raw_fb) };

        let map = bindings::iosys_map {
            __bindgen_anon_1: bindings::iosys_map__bindgen_ty_1 {
                vaddr: pixels.as_ptr().cast_mut().cast(),
            },
            is_iomem: false,
        };
        let mut state: bindings::drm_format_conv_state = pin_init::zeroed();
        // There is no GEM object whose access could be ended.
        let shadow = ManuallyDrop::new(ShadowFramebuffer {
            fb,
            map: &map,
            len: size_of_val(&pixels),
            conversion: &raw mut state,
        });
        let raw = IoRaw::<0>::new(out.as_mut_ptr() as usize, out.len())?;
        // SAFETY: Memory is written to as that of a device is, on this architecture.
        let io = unsafe { Io::from_raw(&raw) };
        let convert = |clip, format, pitch| shadow.convert_to_io(&clip, format, io, 0, pitch);
        let clip = rect(1, 0, 3, 2);

        assert_eq!(convert(clip, FourCc::RGB565, 8), Err(ENOMEM));
        // SAFETY: Nobody else uses the state.
        unsafe { reserve_conversion(&raw mut state, fb, FourCc::RGB565) }?;
        assert_eq!(convert(clip, FourCc::RGB565, 8), Err(EINVAL));
        // SAFETY: Nobody else uses it.
        unsafe { (*raw_fb).modifier = Modifier::LINEAR.as_raw() };
        assert_eq!(convert(clip, FourCc::BGRX8888, 8), Err(EINVAL));
        assert_eq!(convert(clip, FourCc::RGB565, 16), Err(EINVAL));
        assert_eq!(convert(rect(0, 0, 4, 2), FourCc::RGB565, 8), Err(EINVAL));
        let converted = convert(clip, FourCc::RGB565, 8);
        // SAFETY: Nobody uses the state any more.
        unsafe { bindings::drm_format_conv_state_release(&raw mut state) };
        assert_eq!(converted, Ok(()));

        assert_eq!(
            out,
            [
                0xaa, 0xaa, 0x00, 0xf8, 0xe0, 0x07, 0xaa, 0xaa, 0xaa, 0xaa, 0x1f, 0x00, 0x10, 0x84,
                0xaa, 0xaa
            ]
        );
        Ok(())
    }

    /// A framebuffer of 3 x 5 pixels, in memory that has no room for all of it.
    #[test]
    fn panics_are_drawn_where_there_is_memory() -> Result {
        let mut out = [0u8; 44];

        let mut fb: bindings::drm_framebuffer = pin_init::zeroed();
        // SAFETY: It looks into a constant table.
        fb.format = unsafe { bindings::drm_format_info(FourCc::XRGB8888.as_raw()) };
        fb.width = 3;
        fb.height = 5;
        let fb = Opaque::new(fb);
        // SAFETY: What is read of it has been initialized.
        let fb = unsafe { Framebuffer::from_raw(fb.get()) };

        let raw = IoRaw::<0>::new(out.as_mut_ptr() as usize, out.len())?;
        // SAFETY: Nothing is read or written.
        let io = unsafe { Io::from_raw(&raw) };
        let height = |offset, pitch| {
            ScanoutBuffer::from_io(fb, io, offset, pitch).map(|buffer| buffer.height)
        };

        assert_eq!(height(0, 16), Some(3));
        assert_eq!(height(1, 16), Some(2));
        assert_eq!(height(32, 16), Some(1));
        assert_eq!(height(33, 16), None);
        assert_eq!(height(45, 16), None);
        assert_eq!(height(0, 4), Some(5));
        assert_eq!(height(0, 0), None);
        Ok(())
    }

    #[test]
    fn names_of_formats() {
        assert_eq!(FourCc::XRGB8888.as_raw(), 0x34325258);
        assert_eq!(FourCc::BGRX8888.as_raw(), 0x34325842);
    }
}
