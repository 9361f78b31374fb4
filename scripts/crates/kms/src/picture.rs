// SPDX-License-Identifier: GPL-2.0

//! Calls that must succeed: mode sets, page flips, and pictures, of which the memory of the device is
//! compared with what has been drawn, pixel by pixel.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsRawFd;

use crate::{
    call, dumb, framebuffer, modes, Argument, Objects, Scratch, ADDFB2, ATOMIC, CREATEPROPBLOB,
    DESTROY_DUMB, DIRTYFB, OBJ_GETPROPERTIES, PLANE, RMFB, SETCRTC, WAIT_VBLANK, XRGB8888,
};

const PAGE_FLIP: u8 = 0xb0;
const MAP_DUMB: u8 = 0xb3;
const GETPROPERTY: u8 = 0xaa;
const GETPLANE: u8 = 0xb6;

const BGRX8888: u32 = u32::from_le_bytes(*b"BX24");
const RGB565: u32 = u32::from_le_bytes(*b"RG16");

extern "C" {
    fn mmap(at: *mut u8, len: usize, protection: i32, flags: i32, fd: i32, offset: i64) -> *mut u8;
    fn munmap(at: *mut u8, len: usize) -> i32;
}

/// A part of a file in memory.
pub struct Map {
    pub at: *mut u8,
    pub len: usize,
}

impl Map {
    pub fn new(file: &File, offset: u64, len: usize) -> io::Result<Self> {
        const READ_WRITE: i32 = 3;
        const SHARED: i32 = 1;
        // SAFETY: It is mapped where there is nothing else.
        let at = unsafe {
            let (nowhere, fd) = (std::ptr::null_mut(), file.as_raw_fd());
            mmap(nowhere, len, READ_WRITE, SHARED, fd, offset as i64)
        };
        if at as isize == -1 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { at, len })
    }

    /// Reads a little endian number of 2 or 4 bytes, at a multiple of its size.
    fn read(&self, offset: usize, bytes: usize) -> u32 {
        assert!(offset + bytes <= self.len && offset % bytes == 0);
        // SAFETY: It is within the mapping, which begins at a page.
        unsafe {
            let at = self.at.add(offset);
            match bytes {
                2 => u16::from_le(at.cast::<u16>().read_volatile()).into(),
                _ => u32::from_le(at.cast::<u32>().read_volatile()),
            }
        }
    }

    fn write(&mut self, offset: usize, bytes: usize, value: u32) {
        assert!(offset + bytes <= self.len && offset % bytes == 0);
        // SAFETY: It is within the mapping, which begins at a page.
        unsafe {
            let at = self.at.add(offset);
            match bytes {
                2 => at.cast::<u16>().write_volatile((value as u16).to_le()),
                _ => at.cast::<u32>().write_volatile(value.to_le()),
            }
        }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: It has been mapped, and nobody uses it any more.
        unsafe { munmap(self.at, self.len) };
    }
}

/// A device with one CRTC, connector and plane.
pub struct Display {
    card: File,
    crtc: u32,
    connector: u32,
    plane: u32,
}

/// A framebuffer, and its memory.
pub struct Buffer {
    pub id: u32,
    handle: u32,
    width: u32,
    height: u32,
    pub pitch: u32,
    cpp: usize,
    pub map: Map,
}

impl Buffer {
    /// The pixel in one of many pictures.
    fn pixel(picture: u32, x: u32, y: u32) -> u32 {
        x.wrapping_mul(0x0001_0305)
            ^ y.wrapping_mul(0x0107_0b00)
            ^ picture.wrapping_mul(0x003f_55aa)
    }

    fn mask(&self) -> u32 {
        if self.cpp == 2 {
            0xffff
        } else {
            u32::MAX
        }
    }

    pub fn draw(&mut self, picture: u32) {
        for y in 0..self.height {
            for x in 0..self.width {
                let at = (y * self.pitch) as usize + x as usize * self.cpp;
                self.map.write(at, self.cpp, Self::pixel(picture, x, y));
            }
        }
    }
}

/// What C does: the upper bits of each color.
fn to_rgb565(pixel: u32) -> u32 {
    (pixel & 0xf8_0000) >> 8 | (pixel & 0xfc00) >> 5 | (pixel & 0xf8) >> 3
}

impl Display {
    pub fn open(path: &str) -> io::Result<Self> {
        let card = OpenOptions::new().read(true).write(true).open(path)?;
        let objects = Objects::find(&card)?;
        let first = |all: &[u32]| {
            all.first()
                .copied()
                .ok_or_else(|| io::Error::other("no CRTC, connector or plane"))
        };
        Ok(Self {
            crtc: first(&objects.crtcs)?,
            connector: first(&objects.connectors)?,
            plane: first(&objects.planes)?,
            card,
        })
    }

    /// A framebuffer in a buffer that may be wider.
    pub fn buffer(&self, width: u32, height: u32, format: u32, wide: u32) -> io::Result<Buffer> {
        let cpp = if format == RGB565 { 2 } else { 4 };
        // Buffers have 32 bits for a pixel.
        let (handle, pitch) = dumb(&self.card, (width + wide) * cpp / 4, height)?;
        let mut argument = Argument::new(&framebuffer(width, height, format, handle, pitch));
        call(&self.card, ADDFB2, &mut argument)?;
        let id = argument.0[0];
        let mut argument = Argument::new(&[handle]);
        call(&self.card, MAP_DUMB, &mut argument)?;
        let offset = u64::from(argument.0[2]) | u64::from(argument.0[3]) << 32;
        Ok(Buffer {
            id,
            handle,
            width,
            height,
            pitch,
            cpp: cpp as usize,
            map: Map::new(&self.card, offset, (pitch * height) as usize)?,
        })
    }

    pub fn free(&self, buffer: Buffer) -> io::Result<()> {
        call(&self.card, RMFB, &mut Argument::new(&[buffer.id]))?;
        call(
            &self.card,
            DESTROY_DUMB,
            &mut Argument::new(&[buffer.handle]),
        )
    }

    pub fn show(&self, id: u32, mode: &[u32]) -> io::Result<()> {
        let mut scratch = Scratch::new();
        let [low, high] = scratch.address(0);
        scratch.0[0] = self.connector;
        let mut words = vec![low, high, 1, self.crtc, id, 0, 0, 0, 1];
        words.extend(mode);
        call(&self.card, SETCRTC, &mut Argument::new(&words))
    }

    /// Sets modes of different sizes in turn.
    pub fn modes(&self, count: usize) -> io::Result<usize> {
        let modes = modes(&self.card, self.connector)?;
        let mut shown: Vec<(Vec<u32>, Buffer)> = Vec::new();
        for mode in modes {
            let (width, height) = size(&mode);
            let new = shown
                .iter()
                .all(|(_, b)| (b.width, b.height) != (width, height));
            if new && shown.len() < 4 && width * height <= 1280 * 1024 {
                let mut buffer = self.buffer(width, height, XRGB8888, 0)?;
                buffer.draw(shown.len() as u32);
                shown.push((mode, buffer));
            }
        }
        if shown.len() < 2 {
            return Err(io::Error::other("less than two modes"));
        }
        for (mode, buffer) in shown.iter().cycle().take(count) {
            self.show(buffer.id, mode)?;
        }
        Ok(shown.len())
    }

    /// A mode of 1000 Hz with this size.
    pub fn fast_mode(&self, width: u32, height: u32) -> io::Result<Vec<u32>> {
        let mut mode = crate::mode(&self.card, self.connector, width, height)?;
        // In kHz: the number of pixels of a frame, with those that are not visible.
        mode[0] = (mode[2] >> 16) * (mode[5] & 0xffff);
        mode[6] = 1000;
        Ok(mode)
    }

    /// Flips to a framebuffer, and returns the number of the frame in which it is shown. The event
    /// has to be the one that is waited for.
    pub fn flip(&self, id: u32, number: u32) -> io::Result<u32> {
        const EVENT: u32 = 1;
        let words = [self.crtc, id, EVENT, 0, number, !number];
        call(&self.card, PAGE_FLIP, &mut Argument::new(&words))?;
        let mut event = [0; 1024];
        let len = (&self.card).read(&mut event)?;
        let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| event[4 * at + i]));
        if len != 32 || word(0) != 2 || word(2) != number || word(3) != !number {
            let text = format!("flip {number}: an event of {len} bytes, {:?}", &event[..32]);
            return Err(io::Error::other(text));
        }
        Ok(word(6))
    }

    /// Flips pages as fast as events come, in a mode of 1000 Hz. Each is shown in a later frame than
    /// the one before.
    pub fn flips(&self, count: u32) -> io::Result<()> {
        let mode = self.fast_mode(640, 480)?;
        let buffers = [
            self.buffer(640, 480, XRGB8888, 0)?,
            self.buffer(640, 480, XRGB8888, 0)?,
        ];
        self.show(buffers[0].id, &mode)?;
        let mut last = None;
        for flip in 0..count {
            let frame = self.flip(buffers[(flip as usize + 1) % 2].id, flip)?;
            if last.is_some_and(|last: u32| frame.wrapping_sub(last) as i32 <= 0) {
                let text = format!("flip {flip}: frame {frame} after {last:?}");
                return Err(io::Error::other(text));
            }
            last = Some(frame);
        }
        Ok(())
    }

    /// The formats that the plane can show.
    fn formats(&self) -> io::Result<Vec<u32>> {
        let mut scratch = Scratch::new();
        let [low, high] = scratch.address(0);
        let mut argument = Argument::new(&[self.plane, 0, 0, 0, 0, 64, low, high]);
        call(&self.card, GETPLANE, &mut argument)?;
        Ok(scratch.0[..(argument.0[5] as usize).min(64)].to_vec())
    }

    /// Shows pictures in all formats that the plane has, in several modes, and returns those of which
    /// the memory of the device, which is the file `memory`, has something else.
    pub fn pictures(&self, memory: &str) -> io::Result<(usize, Vec<String>)> {
        let file = OpenOptions::new().read(true).write(true).open(memory)?;
        let len = file.metadata()?.len() as usize;
        let memory = Map::new(&file, 0, len)?;
        let mut wrong = Vec::new();
        let mut count = 0;
        let mut see = |what: String, result: Result<(), String>| {
            count += 1;
            if let Err(why) = result {
                wrong.push(format!("{what}: {why}"));
            }
        };
        let formats = self.formats()?;
        for (format, name) in [(XRGB8888, "XR24"), (BGRX8888, "BX24"), (RGB565, "RG16")] {
            if !formats.contains(&format) {
                continue;
            }
            for (width, height) in [(640, 480), (1024, 768)] {
                let what = format!("{width}x{height} {name}");
                let mode = crate::mode(&self.card, self.connector, width, height)?;
                let mut buffer = self.buffer(width, height, format, 0)?;
                buffer.draw(1);
                self.show(buffer.id, &mode)?;
                see(what.clone(), same(&memory, &buffer, |_, _| 1));
                // All of it is drawn, and less is said to have changed. Neither may be more.
                buffer.draw(2);
                let clip = [100, 50, 131, 74];
                self.dirty(&buffer, clip)?;
                let [x1, y1, x2, y2] = clip;
                let inside = |x, y| (x1..x2).contains(&x) && (y1..y2).contains(&y);
                let changed = same(&memory, &buffer, |x, y| 1 + u32::from(inside(x, y)));
                see(format!("{what}, a part"), changed);
                // With other lines, pixels are elsewhere.
                let mut wide = self.buffer(width, height, format, 64)?;
                wide.draw(3);
                let damage = self.blob(&[0, 0, 1, 1])?;
                self.plane_properties()?.commit(self, wide.id, damage)?;
                see(format!("{what}, wider"), same(&memory, &wide, |_, _| 3));
                self.show(wide.id, &mode)?;
                self.free(buffer)?;
                self.free(wide)?;
            }
        }
        // There is not enough memory for 32 bits.
        let mut mode = crate::mode(&self.card, self.connector, 640, 480)?;
        let (width, height) = (2560u32, (len / 2560 / 4 + 64) as u32);
        mode[0] = 200_000;
        Self::timing(&mut mode, width, height);
        let mut buffer = self.buffer(width, height, XRGB8888, 0)?;
        buffer.draw(4);
        self.show(buffer.id, &mode)?;
        see(
            format!("{width}x{height}, converted"),
            converted(&memory, &buffer, |_, _| 4),
        );
        buffer.draw(5);
        self.dirty(&buffer, [1000, 500, 1100, 501])?;
        let inside = |x, y| (1000..1100).contains(&x) && y == 500;
        see(
            format!("{width}x{height}, converted, a part"),
            converted(&memory, &buffer, |x, y| 4 + u32::from(inside(x, y))),
        );
        Ok((count, wrong))
    }

    /// Writes the sizes of a mode.
    fn timing(mode: &mut [u32], width: u32, height: u32) {
        // hdisplay, hsync_start; hsync_end, htotal; hskew, vdisplay; vsync_start, vsync_end; vtotal,
        // vscan.
        mode[1] = width | (width + 16) << 16;
        mode[2] = (width + 32) | (width + 64) << 16;
        mode[3] = height << 16;
        mode[4] = (height + 3) | (height + 6) << 16;
        mode[5] = height + 16;
    }

    pub fn dirty(&self, buffer: &Buffer, [x1, y1, x2, y2]: [u32; 4]) -> io::Result<()> {
        let mut scratch = Scratch::new();
        let [low, high] = scratch.address(0);
        scratch.0[..2].copy_from_slice(&[y1 << 16 | x1, y2 << 16 | x2]);
        let words = [buffer.id, 0, 0, 1, low, high];
        call(&self.card, DIRTYFB, &mut Argument::new(&words))
    }

    /// The number of a property of the plane.
    fn property(&self, name: &str) -> io::Result<u32> {
        let mut scratch = Scratch::new();
        let [a, b] = scratch.address(0);
        let [c, d] = scratch.address(1024);
        let mut argument = Argument::new(&[a, b, c, d, 64, self.plane, PLANE]);
        call(&self.card, OBJ_GETPROPERTIES, &mut argument)?;
        for id in &scratch.0[..(argument.0[4] as usize).min(64)] {
            let mut argument = Argument::new(&[0, 0, 0, 0, *id]);
            call(&self.card, GETPROPERTY, &mut argument)?;
            let bytes: Vec<u8> = argument.0[6..14]
                .iter()
                .flat_map(|word| word.to_le_bytes())
                .take_while(|byte| *byte != 0)
                .collect();
            if bytes == name.as_bytes() {
                return Ok(*id);
            }
        }
        Err(io::Error::other(format!("no property {name}")))
    }

    /// Waits for the next frame; fails if the device has none.
    pub fn wait(&self) -> io::Result<()> {
        const NEXT: u32 = 1;
        call(&self.card, WAIT_VBLANK, &mut Argument::new(&[NEXT, 1]))
    }

    /// Makes a blob of these numbers.
    pub fn blob(&self, words: &[u32]) -> io::Result<u32> {
        let mut scratch = Scratch::new();
        scratch.0[..words.len()].copy_from_slice(words);
        let [low, high] = scratch.address(0);
        let mut argument = Argument::new(&[low, high, 4 * words.len() as u32]);
        call(&self.card, CREATEPROPBLOB, &mut argument)?;
        Ok(argument.0[3])
    }

    /// The properties of the plane that a commit needs.
    pub fn plane_properties(&self) -> io::Result<PlaneProperties> {
        Ok(PlaneProperties {
            framebuffer: self.property("FB_ID")?,
            damage: self.property("FB_DAMAGE_CLIPS")?,
        })
    }
}

/// The numbers of properties.
pub struct PlaneProperties {
    framebuffer: u32,
    damage: u32,
}

impl PlaneProperties {
    fn atomic(&self, display: &Display, flags: u32, id: u32, damage: u32) -> io::Result<()> {
        let mut scratch = Scratch::new();
        scratch.0[0] = display.plane;
        scratch.0[64] = 2;
        scratch.0[128..130].copy_from_slice(&[self.framebuffer, self.damage]);
        scratch.0[256..260].copy_from_slice(&[id, 0, damage, 0]);
        let mut words = vec![flags, 1];
        for list in [0, 64, 128, 256] {
            words.extend(scratch.address(list));
        }
        call(&display.card, ATOMIC, &mut Argument::new(&words))
    }

    /// Asks whether a framebuffer could be shown.
    pub fn check(&self, display: &Display, id: u32) -> io::Result<()> {
        const TEST_ONLY: u32 = 0x100;
        self.atomic(display, TEST_ONLY, id, 0)
    }

    /// Shows a framebuffer, of which only that is new what the blob `damage` says, or all of it.
    pub fn commit(&self, display: &Display, id: u32, damage: u32) -> io::Result<()> {
        self.atomic(display, 0, id, damage)
    }
}

/// How many colours the first `words` pixels have in the memory of the device, and a checksum of them.
pub fn colors(memory: &str, words: usize) -> io::Result<(usize, u32)> {
    let file = OpenOptions::new().read(true).write(true).open(memory)?;
    let memory = Map::new(&file, 0, 4 * words)?;
    let pixels: Vec<u32> = (0..words).map(|word| memory.read(4 * word, 4)).collect();
    let sum = pixels
        .iter()
        .fold(0, |sum: u32, pixel| sum.rotate_left(1) ^ pixel);
    Ok((pixels.into_iter().collect::<BTreeSet<_>>().len(), sum))
}

/// The width and height of a mode.
fn size(mode: &[u32]) -> (u32, u32) {
    (mode[1] & 0xffff, mode[3] >> 16)
}

/// Whether the memory of the device is the framebuffer, in which the picture of each pixel is known.
fn same(memory: &Map, buffer: &Buffer, picture: impl Fn(u32, u32) -> u32) -> Result<(), String> {
    let pitch = buffer.pitch as usize;
    compare(memory, buffer, buffer.cpp, pitch, |x, y| {
        Buffer::pixel(picture(x, y), x, y) & buffer.mask()
    })
}

/// The same, for one that has been converted to 16 bits.
fn converted(
    memory: &Map,
    buffer: &Buffer,
    picture: impl Fn(u32, u32) -> u32,
) -> Result<(), String> {
    compare(memory, buffer, 2, buffer.pitch as usize / 2, |x, y| {
        to_rgb565(Buffer::pixel(picture(x, y), x, y))
    })
}

fn compare(
    memory: &Map,
    buffer: &Buffer,
    cpp: usize,
    pitch: usize,
    pixel: impl Fn(u32, u32) -> u32,
) -> Result<(), String> {
    for y in 0..buffer.height {
        for x in 0..buffer.width {
            let got = memory.read(y as usize * pitch + x as usize * cpp, cpp);
            let want = pixel(x, y);
            if got != want {
                return Err(format!("at {x}, {y} there is {got:#x}, not {want:#x}"));
            }
        }
    }
    Ok(())
}
