// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Framebuffers, pixel formats, and the memory of a framebuffer as the CPU sees it.
//!
//! C headers: [`include/drm/drm_framebuffer.h`](srctree/include/drm/drm_framebuffer.h),
//! [`include/drm/drm_fourcc.h`](srctree/include/drm/drm_fourcc.h),
//! [`include/drm/drm_format_helper.h`](srctree/include/drm/drm_format_helper.h)

use crate::{bindings, error::to_result, io::Io, prelude::*, types::Opaque};

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

    /// Returns the format with this name.
    pub const fn new(name: &[u8; 4]) -> Self {
        Self(u32::from_le_bytes(*name))
    }

    /// Returns the number of the format.
    #[inline]
    pub const fn as_raw(self) -> u32 {
        self.0
    }
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

/// The memory of a framebuffer, mapped for the CPU.
///
/// User space may write to it at any time, hence it can only be copied. If it comes from another
/// device, that device has been told that it is going to be read.
///
/// # Invariants
///
/// `map` is a mapping of the `len` bytes of the first color plane of `fb`.
/// `drm_gem_fb_begin_cpu_access()` has been called for `fb`.
pub struct ShadowFramebuffer<'a> {
    fb: &'a Framebuffer,
    map: &'a bindings::iosys_map,
    len: usize,
}

impl<'a> ShadowFramebuffer<'a> {
    /// Returns [`None`] if the first color plane is not mapped, or not in memory.
    ///
    /// # Safety
    ///
    /// `state` must be a valid state of a shadow plane, of which `fb` is the framebuffer, or one
    /// whose `data` is zero. If it is not zero, the framebuffer must stay mapped for `'a`.
    pub(super) unsafe fn new(
        fb: &'a Framebuffer,
        state: *const bindings::drm_shadow_plane_state,
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
        Some(Self { fb, map, len })
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
    /// within `to`, `pitch` is 0, or [`Framebuffer::bytes_per_pixel`] is [`None`].
    pub fn copy_to_io<const SIZE: usize>(
        &self,
        clip: &Rect,
        to: &Io<SIZE>,
        offset: usize,
        pitch: u32,
    ) -> Result {
        let cpp = self.fb.bytes_per_pixel().ok_or(EINVAL)?;
        let area = clip
            .within(self.fb.width(), self.fb.height())
            .ok_or(EINVAL)?;

        let (_, end) = area.bytes(self.fb.pitch() as usize, cpp).ok_or(EINVAL)?;
        if end > self.len {
            return Err(EINVAL);
        }

        // C takes a pitch of 0 for the length of a line in the copy.
        if pitch == 0 {
            return Err(EINVAL);
        }
        let (start, end) = area.bytes(pitch as usize, cpp).ok_or(EINVAL)?;
        if end.checked_add(offset).ok_or(EINVAL)? > to.maxsize() {
            return Err(EINVAL);
        }

        let mut dst = bindings::iosys_map {
            __bindgen_anon_1: bindings::iosys_map__bindgen_ty_1 {
                vaddr_iomem: (to.addr() + offset + start) as *mut c_void,
            },
            is_iomem: true,
        };

        // SAFETY: The format has one plane, so that only the first element of each array is read.
        // `dst` is followed by as many bytes as are going to be written, and `clip` lies within the
        // mapping, both of which has just been checked.
        unsafe {
            bindings::drm_fb_memcpy(&mut dst, &pitch, self.map, self.fb.as_raw(), &clip.as_raw())
        };

        Ok(())
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
/// All pixels of `fb` have their place in the mapped memory of a device which begins at `addr`,
/// with lines of `pitch` bytes.
pub struct ScanoutBuffer<'a> {
    fb: &'a Framebuffer,
    addr: usize,
    pitch: u32,
}

impl<'a> ScanoutBuffer<'a> {
    /// Draws on memory of the device that is shown, in the format of `fb`.
    ///
    /// The upper left pixel has its place at `offset`, and lines of `pitch` bytes follow. Returns
    /// [`None`] if the memory is too small, or [`Framebuffer::bytes_per_pixel`] is [`None`].
    pub fn from_io<const SIZE: usize>(
        fb: &'a Framebuffer,
        memory: &'a Io<SIZE>,
        offset: usize,
        pitch: u32,
    ) -> Option<Self> {
        let all = Area {
            x: 0,
            y: 0,
            width: fb.width() as usize,
            height: fb.height() as usize,
        };
        let (_, end) = all.bytes(pitch as usize, fb.bytes_per_pixel()?)?;

        if end.checked_add(offset)? > memory.maxsize() {
            return None;
        }

        // INVARIANT: Just checked.
        Some(Self {
            fb,
            addr: memory.addr() + offset,
            pitch,
        })
    }

    /// Tells C about it.
    pub(super) fn fill(&self, buffer: &mut bindings::drm_scanout_buffer) {
        // SAFETY: By the type invariants of `Framebuffer`.
        buffer.format = unsafe { (*self.fb.as_raw()).format };
        buffer.width = self.fb.width();
        buffer.height = self.fb.height();
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

    #[test]
    fn names_of_formats() {
        assert_eq!(FourCc::XRGB8888.as_raw(), 0x34325258);
        assert_eq!(FourCc::BGRX8888.as_raw(), 0x34325842);
    }
}
