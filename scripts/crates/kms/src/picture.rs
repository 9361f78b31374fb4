// SPDX-License-Identifier: GPL-2.0

//! Calls that must succeed: mode sets, page flips, and pictures, of which the memory of the device and
//! what QEMU shows are compared with what has been drawn, pixel by pixel.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{
    call, dumb, framebuffer, modes, Argument, Objects, Scratch, ADDFB2, ATOMIC, CREATEPROPBLOB,
    DESTROY_DUMB, DIRTYFB, OBJ_GETPROPERTIES, PLANE, RMFB, SETCRTC, WAIT_VBLANK, XRGB8888,
};

pub const PAGE_FLIP: u8 = 0xb0;
pub const MAP_DUMB: u8 = 0xb3;
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
    pub card: File,
    pub crtc: u32,
    connector: u32,
    plane: u32,
}

/// A framebuffer, and its memory.
pub struct Buffer {
    pub id: u32,
    pub handle: u32,
    width: u32,
    height: u32,
    pub pitch: u32,
    format: u32,
    pub map: Map,
}

/// The bits of a pixel of this size in bytes.
fn mask(size: usize) -> u32 {
    u32::MAX >> (32 - 8 * size)
}

/// The size of a pixel in bytes.
fn size_of_pixel(format: u32) -> usize {
    if format == RGB565 {
        2
    } else {
        4
    }
}

impl Buffer {
    /// The pixel in one of many pictures.
    pub fn pixel(picture: u32, x: u32, y: u32) -> u32 {
        x.wrapping_mul(0x0001_0305)
            ^ y.wrapping_mul(0x0107_0b00)
            ^ picture.wrapping_mul(0x003f_55aa)
    }

    pub fn draw(&mut self, picture: u32) {
        let size = size_of_pixel(self.format);
        for y in 0..self.height {
            for x in 0..self.width {
                let at = (y * self.pitch) as usize + x as usize * size;
                self.map.write(at, size, Self::pixel(picture, x, y));
            }
        }
    }

    /// Whether this picture is drawn in it.
    pub fn has(&self, picture: u32) -> bool {
        let size = size_of_pixel(self.format);
        (0..self.height).all(|y| {
            (0..self.width).all(|x| {
                let at = (y * self.pitch) as usize + x as usize * size;
                self.map.read(at, size) == Self::pixel(picture, x, y) & mask(size)
            })
        })
    }

    /// How it is in the memory of a device that has the same format.
    fn layout(&self) -> Layout {
        Layout {
            format: self.format,
            pitch: self.pitch as usize,
        }
    }
}

/// What C does: the upper bits of each color.
fn to_rgb565(pixel: u32) -> u32 {
    (pixel & 0xf8_0000) >> 8 | (pixel & 0xfc00) >> 5 | (pixel & 0xf8) >> 3
}

/// What QEMU shows for a pixel: red, green and blue, in a byte each.
fn rgb(format: u32, pixel: u32) -> u32 {
    match format {
        BGRX8888 => pixel.swap_bytes() & 0xff_ffff,
        RGB565 => {
            // The upper bits are repeated where there are none.
            let byte = |part: u32, bits: u32| part << (8 - bits) | part >> (2 * bits - 8);
            let [red, green, blue] = [pixel >> 11 & 0x1f, pixel >> 5 & 0x3f, pixel & 0x1f];
            byte(red, 5) << 16 | byte(green, 6) << 8 | byte(blue, 5)
        }
        _ => pixel & 0xff_ffff,
    }
}

/// How a framebuffer is in the memory of the device.
struct Layout {
    format: u32,
    pitch: usize,
}

/// What is noted if something should be so.
pub fn wanted(good: bool) -> Result<(), String> {
    good.then_some(()).ok_or_else(|| "is not so".to_string())
}

/// A device in sysfs, whose pictures are looked at: in its memory, and on the host.
pub struct Screen {
    directory: PathBuf,
    /// What QEMU calls the device.
    id: String,
    memory: Map,
    /// How many pictures, and other things to be seen, there were.
    count: usize,
    /// What is wrong with which of them.
    wrong: Vec<String>,
}

impl Screen {
    pub fn new(directory: &str, id: &str) -> io::Result<Self> {
        let directory = PathBuf::from(directory);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(directory.join("resource0"))?;
        Ok(Self {
            memory: Map::new(&file, 0, file.metadata()?.len() as usize)?,
            directory,
            id: id.into(),
            count: 0,
            wrong: Vec::new(),
        })
    }

    pub fn open(&self) -> io::Result<Display> {
        for entry in fs::read_dir(self.directory.join("drm"))? {
            let name = entry?.file_name();
            if name.to_string_lossy().starts_with("card") {
                return Display::open(&Path::new("/dev/dri").join(name).to_string_lossy());
            }
        }
        Err(io::Error::other("no card"))
    }

    /// Takes the driver away.
    pub fn unbind(&self) -> io::Result<()> {
        let name = self.directory.file_name().unwrap_or_default();
        fs::write(
            self.directory.join("driver/unbind"),
            name.as_encoded_bytes(),
        )
    }

    /// Has the panic screen drawn, as if there were a panic.
    fn panic(&self) -> io::Result<()> {
        let debugfs = Path::new("/sys/kernel/debug/dri");
        let name = self.directory.file_name().unwrap_or_default();
        fs::write(debugfs.join(name).join("drm_panic_plane_0"), "1")
    }

    /// What the host answers.
    fn host(&self, arguments: &[&str]) -> Result<String, String> {
        let result = Command::new("host").args(arguments).output();
        let output = result.map_err(|err| format!("no answer of the host: {err}"))?;
        let text = |bytes| String::from_utf8_lossy(bytes).trim().to_string();
        if !output.status.success() {
            return Err(text(&output.stderr));
        }
        Ok(text(&output.stdout))
    }

    /// Says what there was to be seen, and whether all of it was right.
    pub fn print(&self) -> bool {
        let (count, wrong) = (self.count, self.wrong.len());
        println!("{count} pictures, {wrong} of them are wrong");
        for what in &self.wrong {
            println!("{what}");
        }
        self.wrong.is_empty()
    }

    pub fn note(&mut self, what: &str, result: Result<(), String>) {
        self.count += 1;
        if let Err(why) = result {
            self.wrong.push(format!("{what}: {why}"));
        }
    }

    /// Looks whether a buffer is shown, which has one picture.
    pub fn see(&mut self, what: &str, buffer: &Buffer, picture: u32) {
        self.see_each(what, buffer, |_, _| picture);
    }

    /// Looks whether a buffer is shown; the picture of each pixel is known.
    fn see_each(&mut self, what: &str, buffer: &Buffer, picture: impl Fn(u32, u32) -> u32) {
        let all = [0, 0, buffer.width, buffer.height];
        self.see_pixels(what, all, &buffer.layout(), |x, y| {
            Buffer::pixel(picture(x, y), x, y)
        });
    }

    /// The same, for one that has been converted to 16 bits.
    fn see_converted(&mut self, what: &str, buffer: &Buffer, picture: impl Fn(u32, u32) -> u32) {
        let all = [0, 0, buffer.width, buffer.height];
        let layout = Layout {
            format: RGB565,
            pitch: buffer.pitch as usize / 2,
        };
        self.see_pixels(what, all, &layout, |x, y| {
            to_rgb565(Buffer::pixel(picture(x, y), x, y))
        });
    }

    /// Looks whether a part of a framebuffer is in memory, and is what is shown.
    fn see_pixels(
        &mut self,
        what: &str,
        part: [u32; 4],
        layout: &Layout,
        pixel: impl Fn(u32, u32) -> u32,
    ) {
        let result = self
            .in_memory(part, layout, &pixel)
            .and_then(|()| self.on_host(what, part, |x, y| rgb(layout.format, pixel(x, y))));
        self.note(what, result);
    }

    fn in_memory(
        &self,
        [x1, y1, x2, y2]: [u32; 4],
        layout: &Layout,
        pixel: impl Fn(u32, u32) -> u32,
    ) -> Result<(), String> {
        let size = size_of_pixel(layout.format);
        for y in y1..y2 {
            for x in x1..x2 {
                let at = y as usize * layout.pitch + x as usize * size;
                let got = self.memory.read(at, size);
                let want = pixel(x, y) & mask(size);
                if got != want {
                    return Err(format!("at {x}, {y} there is {got:#x}, not {want:#x}"));
                }
            }
        }
        Ok(())
    }

    fn on_host(
        &self,
        what: &str,
        [x1, y1, x2, y2]: [u32; 4],
        color: impl Fn(u32, u32) -> u32,
    ) -> Result<(), String> {
        // As the host computes it: scripts/crates/vm/src/picture.rs.
        let mut sum = 0xcbf2_9ce4_8422_2325_u64;
        for y in y1..y2 {
            for x in x1..x2 {
                sum = (sum ^ u64::from(color(x, y))).wrapping_mul(0x0100_0000_01b3);
            }
        }
        let name = format!(
            "wrong-{}-{}",
            self.id,
            what.replace(", ", "-").replace(' ', "-")
        );
        let size = format!("{}x{}", x2 - x1, y2 - y1);
        self.host(&["shows", &self.id, &name, &size, &format!("{sum:016x}")])?;
        Ok(())
    }

    /// Looks whether the panic screen covers all that is shown: it has two colours.
    fn see_panic(&mut self, what: &str) -> io::Result<()> {
        self.panic()?;
        let result = self.host(&["colors", &self.id]).and_then(|text| {
            let colors: Vec<&str> = text
                .lines()
                .filter_map(|line| line.split(' ').next())
                .collect();
            if colors == ["000000", "ffffff"] {
                Ok(())
            } else {
                Err(format!("the colours are {colors:?}"))
            }
        });
        self.note(what, result);
        Ok(())
    }
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
        let cpp = size_of_pixel(format) as u32;
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
            format,
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
        self.show_from(id, mode, 0, 0)
    }

    /// Shows a framebuffer from this pixel on.
    fn show_from(&self, id: u32, mode: &[u32], x: u32, y: u32) -> io::Result<()> {
        let mut scratch = Scratch::new();
        let [low, high] = scratch.address(0);
        scratch.0[0] = self.connector;
        let mut words = vec![low, high, 1, self.crtc, id, x, y, 0, 1];
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

    /// The mode with this size.
    pub fn mode(&self, width: u32, height: u32) -> io::Result<Vec<u32>> {
        crate::mode(&self.card, self.connector, width, height)
    }

    /// A mode of 1000 Hz with this size.
    pub fn fast_mode(&self, width: u32, height: u32) -> io::Result<Vec<u32>> {
        let mut mode = self.mode(width, height)?;
        // In kHz: the number of pixels of a frame, with those that are not visible.
        mode[0] = (mode[2] >> 16) * (mode[5] & 0xffff);
        mode[6] = 1000;
        Ok(mode)
    }

    /// Flips to a framebuffer, and returns the number of the frame in which it is shown. The event
    /// has to be the one that is waited for.
    pub fn flip(&self, id: u32, number: u32) -> io::Result<u32> {
        self.begin_flip(id, number)?;
        self.end_flip(number)
    }

    fn begin_flip(&self, id: u32, number: u32) -> io::Result<()> {
        const EVENT: u32 = 1;
        let words = [self.crtc, id, EVENT, 0, number, !number];
        call(&self.card, PAGE_FLIP, &mut Argument::new(&words))
    }

    fn end_flip(&self, number: u32) -> io::Result<u32> {
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

    /// Shows pictures in all formats that the plane has, in several modes, and looks at them.
    pub fn pictures(&self, screen: &mut Screen) -> io::Result<()> {
        let formats = self.formats()?;
        for (format, name) in [(XRGB8888, "XR24"), (BGRX8888, "BX24"), (RGB565, "RG16")] {
            if !formats.contains(&format) {
                continue;
            }
            for (width, height) in [(640, 480), (1024, 768)] {
                let what = format!("{width}x{height} {name}");
                let mode = self.mode(width, height)?;
                let mut buffer = self.buffer(width, height, format, 0)?;
                buffer.draw(1);
                self.show(buffer.id, &mode)?;
                screen.see(&what, &buffer, 1);
                // All of it is drawn, and less is said to have changed. Neither may be more.
                buffer.draw(2);
                let clip = [100, 50, 131, 74];
                self.dirty(buffer.id, clip)?;
                let [x1, y1, x2, y2] = clip;
                let inside = |x, y| (x1..x2).contains(&x) && (y1..y2).contains(&y);
                screen.see_each(&format!("{what}, a part"), &buffer, |x, y| {
                    1 + u32::from(inside(x, y))
                });
                // With other lines, pixels are elsewhere.
                let mut wide = self.buffer(width, height, format, 64)?;
                wide.draw(3);
                let damage = self.blob(&[0, 0, 1, 1])?;
                self.plane_properties()?.commit(self, wide.id, damage)?;
                screen.see(&format!("{what}, wider"), &wide, 3);
                // Where the first pixel is not that of the framebuffer, and somewhere else.
                let mut large = self.buffer(width + 64, height + 32, format, 0)?;
                large.draw(4);
                for (x, y) in [(44, 22), (0, 9)] {
                    self.show_from(large.id, &mode, x, y)?;
                    let part = [x, y, x + width, y + height];
                    screen.see_pixels(
                        &format!("{what}, from {x} {y}"),
                        part,
                        &large.layout(),
                        |x, y| Buffer::pixel(4, x, y),
                    );
                }
                screen.see_panic(&format!("{what}, panic"))?;
                for buffer in [buffer, wide, large] {
                    self.free(buffer)?;
                }
            }
        }
        self.moving(screen)?;
        // There is not enough memory for 32 bits.
        let mut mode = self.mode(640, 480)?;
        let (width, height) = (2560u32, (screen.memory.len / 2560 / 4 + 64) as u32);
        mode[0] = 200_000;
        Self::timing(&mut mode, width, height);
        let mut buffer = self.buffer(width, height, XRGB8888, 0)?;
        buffer.draw(5);
        self.show(buffer.id, &mode)?;
        screen.see_converted("converted", &buffer, |_, _| 5);
        buffer.draw(6);
        self.dirty(buffer.id, [1000, 500, 1100, 501])?;
        let inside = |x, y| (1000..1100).contains(&x) && y == 500;
        screen.see_converted("converted, a part", &buffer, |x, y| {
            5 + u32::from(inside(x, y))
        });
        screen.see_panic("converted, panic")
    }

    /// Has the machine sleep with a page flip that has just begun, and flips pages when it wakes:
    /// before all others, who are frozen, since whoever asks for the sleep is not.
    pub fn sleeps(&self, screen: &mut Screen, count: u32) -> io::Result<()> {
        let mode = self.fast_mode(640, 480)?;
        let mut buffers = [
            self.buffer(640, 480, XRGB8888, 0)?,
            self.buffer(640, 480, XRGB8888, 0)?,
        ];
        self.show(buffers[0].id, &mode)?;
        for sleep in 0..count {
            for (buffer, picture) in buffers.iter_mut().zip(1..) {
                buffer.draw(2 * sleep + picture);
            }
            self.begin_flip(buffers[1].id, 2 * sleep)?;
            fs::write("/sys/power/state", "mem")?;
            let before = self.end_flip(2 * sleep)?;
            let frame = self.flip(buffers[0].id, 2 * sleep + 1)?;
            let later = frame.wrapping_sub(before) as i32 > 0;
            screen.note("a later frame", wanted(later));
            screen.see(&format!("after sleep {sleep}"), &buffers[0], 2 * sleep + 1);
        }
        Ok(())
    }

    /// Another picture in each frame. It is shown when there is the event.
    fn moving(&self, screen: &mut Screen) -> io::Result<()> {
        let (width, height) = (640, 480);
        let mode = self.mode(width, height)?;
        let mut buffers = [
            self.buffer(width, height, XRGB8888, 0)?,
            self.buffer(width, height, XRGB8888, 0)?,
        ];
        self.show(buffers[0].id, &mode)?;
        for frame in 1..5 {
            let buffer = &mut buffers[frame as usize % 2];
            buffer.draw(frame);
            self.flip(buffer.id, frame)?;
            screen.see(&format!("frame {frame}"), buffer, frame);
        }
        Ok(())
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

    pub fn dirty(&self, id: u32, [x1, y1, x2, y2]: [u32; 4]) -> io::Result<()> {
        let mut scratch = Scratch::new();
        let [low, high] = scratch.address(0);
        scratch.0[..2].copy_from_slice(&[y1 << 16 | x1, y2 << 16 | x2]);
        let words = [id, 0, 0, 1, low, high];
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
