// SPDX-License-Identifier: GPL-2.0

//! Calls of a mode setting driver: `kms bad CARD` makes those that must fail, `kms random CARD SECONDS
//! SEED` random ones, of which nothing is expected but that the kernel survives. `kms modes CARD COUNT`
//! sets modes, and `kms flips CARD COUNT` flips pages.
//!
//! `kms pictures DEVICE ID` looks at what is in the memory of a device, which is a directory in sysfs,
//! and at what QEMU shows, which has an id for it. `kms sleeps DEVICE ID COUNT` does so when the machine
//! has slept. With two devices, `kms mixed` gives the first one numbers of the second, and `kms share`
//! has the second one show a buffer of the first until the drivers are taken away; `kms share-back`
//! takes them away in the other order.
//!
//! `kms colors MEMORY PIXELS` says how many colours there are, and a checksum. `kms faults CARD` lets
//! allocations fail. `kms instructions CARD MEMORY TTY` and `kms bandwidth CARD MEMORY` measure what
//! good calls take.
//!
//! It runs in guests. Only the standard library is used, since it is compiled by `rustc` alone.

mod bench;
mod faults;
mod picture;
mod share;

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use picture::{Display, Screen};

extern "C" {
    fn ioctl(fd: i32, request: u64, ...) -> i32;
}

const O_NONBLOCK: i32 = 0o4000;

/// The largest argument of an ioctl.
const MOST: usize = 1 << 14;

/// The argument of an ioctl: words, as all structures of DRM consist of 32 and 64 bits.
#[derive(Clone)]
struct Argument(Vec<u32>);

impl Argument {
    fn new(words: &[u32]) -> Self {
        let mut all = words.to_vec();
        // Whatever the kernel takes for the size, it is there.
        all.resize(MOST / 4, 0);
        Self(all)
    }
}

/// The ioctls of DRM: their numbers, and the sizes of their arguments in bytes.
#[rustfmt::skip]
const IOCTLS: &[(u8, usize)] = &[
    (0x00, 64), (0x02, 4), (0x05, 40), (0x06, 120), (0x07, 16), (0x09, 8), (0x0a, 8), (0x0b, 16),
    (0x0c, 16), (0x0d, 16), (0x11, 4), (0x2d, 12), (0x2e, 12), (0x3a, 24), (0x3b, 24), (0x3c, 24),
    (0xa0, 64), (0xa1, 104), (0xa2, 104), (0xa3, 28), (0xa4, 32), (0xa5, 32), (0xa6, 20),
    (0xa7, 80), (0xa8, 72), (0xa9, 72), (0xaa, 64), (0xab, 16), (0xac, 16), (0xad, 28), (0xae, 28),
    (0xaf, 4), (0xb0, 24), (0xb1, 24), (0xb2, 32), (0xb3, 16), (0xb4, 4), (0xb5, 16), (0xb6, 32),
    (0xb7, 48), (0xb8, 104), (0xb9, 32), (0xba, 24), (0xbb, 36), (0xbc, 56), (0xbd, 16), (0xbe, 4),
    (0xbf, 8), (0xc0, 8), (0xc1, 24), (0xc2, 24), (0xc3, 40), (0xc4, 16), (0xc5, 16), (0xc6, 24),
    (0xc7, 16), (0xc8, 16), (0xc9, 4), (0xca, 48), (0xcb, 24), (0xcc, 32), (0xcd, 24), (0xce, 104),
    (0xcf, 24), (0xd0, 8), (0xd1, 32),
];

const SET_CLIENT_CAP: u8 = 0x0d;
const WAIT_VBLANK: u8 = 0x3a;
const GETRESOURCES: u8 = 0xa0;
const SETCRTC: u8 = 0xa2;
const GETCONNECTOR: u8 = 0xa7;
const DIRTYFB: u8 = 0xb1;
const CREATE_DUMB: u8 = 0xb2;
const DESTROY_DUMB: u8 = 0xb4;
const GETPLANERESOURCES: u8 = 0xb5;
const ADDFB2: u8 = 0xb8;
const RMFB: u8 = 0xaf;
const OBJ_GETPROPERTIES: u8 = 0xb9;
const ATOMIC: u8 = 0xbc;
const CREATEPROPBLOB: u8 = 0xbd;

const XRGB8888: u32 = u32::from_le_bytes(*b"XR24");

/// The types of objects.
const CRTC: u32 = 0xcccc_cccc;
const CONNECTOR: u32 = 0xc0c0_c0c0;
const PLANE: u32 = 0xeeee_eeee;

fn size_of(number: u8) -> usize {
    IOCTLS
        .iter()
        .find(|(known, _)| *known == number)
        .map_or(0, |(_, size)| *size)
}

fn request(direction: u64, size: usize, number: u8) -> u64 {
    direction << 30 | (size as u64 & 0x3fff) << 16 | u64::from(b'd') << 8 | u64::from(number)
}

/// Calls an ioctl by its whole number.
fn call_raw(card: &File, request: u64, argument: &mut Argument) -> io::Result<()> {
    // SAFETY: The kernel reads and writes no more of the argument than its number says, which is at
    // most `MOST`. Addresses in it are those of `Scratch`, or nothing is mapped there.
    match unsafe { ioctl(card.as_raw_fd(), request, argument.0.as_mut_ptr()) } {
        0.. => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Calls an ioctl as it is meant to be called.
fn call(card: &File, number: u8, argument: &mut Argument) -> io::Result<()> {
    call_raw(card, request(3, size_of(number), number), argument)
}

fn open(path: &str) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(O_NONBLOCK)
        .open(path)
}

/// Memory that the kernel may read and write, for addresses in arguments.
struct Scratch(Box<[u32]>);

impl Scratch {
    fn new() -> Self {
        Self(vec![0; 1 << 16].into())
    }

    /// The address of a word, in two halves.
    fn address(&mut self, word: usize) -> [u32; 2] {
        let address = self.0[word..].as_mut_ptr() as u64;
        [address as u32, (address >> 32) as u32]
    }
}

/// What a device has.
#[derive(Clone, Default)]
struct Objects {
    crtcs: Vec<u32>,
    connectors: Vec<u32>,
    encoders: Vec<u32>,
    planes: Vec<u32>,
    properties: Vec<u32>,
}

impl Objects {
    fn find(card: &File) -> io::Result<Self> {
        let mut scratch = Scratch::new();
        // Universal planes, atomic.
        for capability in [2, 3] {
            call(
                card,
                SET_CLIENT_CAP,
                &mut Argument::new(&[capability, 0, 1, 0]),
            )?;
        }
        let mut words = Vec::new();
        for list in 0..4 {
            words.extend(scratch.address(list * 64));
        }
        words.extend([64; 4]);
        let mut argument = Argument::new(&words);
        call(card, GETRESOURCES, &mut argument)?;
        let count = |word: usize| (argument.0[word] as usize).min(64);
        let mut found = Self {
            crtcs: scratch.0[64..][..count(9)].to_vec(),
            connectors: scratch.0[128..][..count(10)].to_vec(),
            encoders: scratch.0[192..][..count(11)].to_vec(),
            ..Self::default()
        };
        let [low, high] = scratch.address(0);
        let mut argument = Argument::new(&[low, high, 64]);
        call(card, GETPLANERESOURCES, &mut argument)?;
        found.planes = scratch.0[..(argument.0[2] as usize).min(64)].to_vec();

        for (objects, kind) in [
            (&found.crtcs, CRTC),
            (&found.connectors, CONNECTOR),
            (&found.planes, PLANE),
        ] {
            for id in objects {
                let [a, b] = scratch.address(0);
                let [c, d] = scratch.address(1024);
                let mut argument = Argument::new(&[a, b, c, d, 64, *id, kind]);
                call(card, OBJ_GETPROPERTIES, &mut argument)?;
                found
                    .properties
                    .extend(&scratch.0[..(argument.0[4] as usize).min(64)]);
            }
        }
        Ok(found)
    }
}

/// A dumb buffer: its handle, and its pitch in bytes.
fn dumb(card: &File, width: u32, height: u32) -> io::Result<(u32, u32)> {
    let mut argument = Argument::new(&[height, width, 32]);
    call(card, CREATE_DUMB, &mut argument)?;
    Ok((argument.0[4], argument.0[5]))
}

/// The argument of ADDFB2.
fn framebuffer(width: u32, height: u32, format: u32, handle: u32, pitch: u32) -> Vec<u32> {
    let mut words = vec![0; 26];
    words[1..6].copy_from_slice(&[width, height, format, 0, handle]);
    words[9] = pitch;
    words
}

/// Makes calls that must fail, and returns those that did not.
fn bad(path: &str) -> io::Result<(usize, Vec<String>)> {
    let card = open(path)?;
    let objects = Objects::find(&card)?;
    let other = open(path)?;
    let (handle, pitch) = dumb(&card, 64, 64)?;
    // Handles are small numbers that are given again: this one is the highest of the other file,
    // and not one of ours.
    let mut foreign = 0;
    for _ in 0..4 {
        foreign = dumb(&other, 64, 64)?.0;
    }
    let closed = dumb(&card, 64, 64)?.0;
    call(&card, DESTROY_DUMB, &mut Argument::new(&[closed]))?;
    let mut good = Argument::new(&framebuffer(64, 64, XRGB8888, handle, pitch));
    call(&card, ADDFB2, &mut good)?;
    let fb = good.0[0];
    let (Some(&crtc), Some(&plane)) = (objects.crtcs.first(), objects.planes.first()) else {
        return Err(io::Error::other("no CRTC, or no plane"));
    };

    const NONE: u32 = 0x7fff_ffff;
    let mut scratch = Scratch::new();
    let [low, high] = scratch.address(0);
    let mut cases: Vec<(String, u8, Vec<u32>)> = Vec::new();
    let mut case = |what: &str, number: u8, words: &[u32]| {
        cases.push((what.to_string(), number, words.to_vec()));
    };

    for [height, width, bpp] in [
        [0, 64, 32],
        [64, 0, 32],
        [64, 64, 0],
        [64, 64, u32::MAX],
        [u32::MAX, u32::MAX, 32],
        [u32::MAX, 1, 32],
        [1, u32::MAX, 32],
        [1 << 16, 1 << 16, 32],
        [1 << 31, 1 << 31, 8],
    ] {
        case(
            &format!("dumb buffer {width}x{height}, {bpp} bits"),
            CREATE_DUMB,
            &[height, width, bpp],
        );
    }
    for (what, handle) in [
        ("no", 0),
        ("a foreign", foreign),
        ("a closed", closed),
        ("an unknown", NONE),
    ] {
        case(&format!("map {what} handle"), 0xb3, &[handle]);
        case(&format!("destroy {what} handle"), DESTROY_DUMB, &[handle]);
        case(&format!("close {what} handle"), 0x09, &[handle]);
        case(&format!("name {what} handle"), 0x0a, &[handle]);
        case(&format!("export {what} handle"), 0x2d, &[handle]);
        case(
            &format!("framebuffer of {what} handle"),
            ADDFB2,
            &framebuffer(64, 64, XRGB8888, handle, pitch),
        );
        case(
            &format!("old framebuffer of {what} handle"),
            0xae,
            &[0, 64, 64, pitch, 32, 24, handle],
        );
    }
    case("import no file", 0x2e, &[0, 0, u32::MAX]);
    case("import a file that is no buffer", 0x2e, &[0, 0, 1]);
    for (what, width, height, format, pitch) in [
        ("no width", 0, 64, XRGB8888, pitch),
        ("no height", 64, 0, XRGB8888, pitch),
        ("a width beyond the buffer", 65, 64, XRGB8888, pitch),
        ("a height beyond the buffer", 64, 4096, XRGB8888, pitch),
        ("a huge width", u32::MAX, 1, XRGB8888, u32::MAX),
        ("a huge height", 64, u32::MAX, XRGB8888, pitch),
        ("a size beyond the device", 8193, 8193, XRGB8888, 8193 * 4),
        ("no pitch", 64, 64, XRGB8888, 0),
        ("a pitch that is too small", 64, 64, XRGB8888, 255),
        ("a pitch beyond the buffer", 64, 64, XRGB8888, 1 << 20),
        ("a pitch that overflows", 64, 64, XRGB8888, u32::MAX),
        ("a product that overflows", 4096, 4096, XRGB8888, 1 << 20),
        ("no format", 64, 64, 0, pitch),
        ("an unknown format", 64, 64, NONE, pitch),
        (
            "a format of the other kind",
            64,
            64,
            u32::from_le_bytes(*b"NV12"),
            pitch,
        ),
        (
            "a format that is not shown",
            64,
            64,
            u32::from_le_bytes(*b"RG24"),
            pitch,
        ),
    ] {
        case(
            &format!("framebuffer with {what}"),
            ADDFB2,
            &framebuffer(width, height, format, handle, pitch),
        );
    }
    for (what, word, value) in [
        ("unknown flags", 4, u32::MAX),
        ("an offset beyond the buffer", 13, 1 << 20),
        ("an offset that overflows", 13, u32::MAX),
    ] {
        let mut words = framebuffer(64, 64, XRGB8888, handle, pitch);
        words[word] = value;
        case(&format!("framebuffer with {what}"), ADDFB2, &words);
    }
    let mut words = framebuffer(64, 64, XRGB8888, handle, pitch);
    words[4] = 2;
    words[18] = NONE;
    case("framebuffer with an unknown modifier", ADDFB2, &words);

    case("remove an unknown framebuffer", RMFB, &[NONE]);
    case("remove a CRTC as framebuffer", RMFB, &[crtc]);
    case("close an unknown framebuffer", 0xd0, &[NONE]);
    case("get an unknown framebuffer", 0xad, &[NONE]);
    case("get an unknown framebuffer, with modifiers", 0xce, &[NONE]);
    case("an unknown framebuffer is dirty", 0xb1, &[NONE]);
    case("dirty with clips, and none", 0xb1, &[fb, 0, 0, 1, 0, 0]);
    case(
        "dirty with too many clips",
        0xb1,
        &[fb, 0, 0, 1 << 20, low, high],
    );
    case("dirty with clips nowhere", 0xb1, &[fb, 0, 0, 1, 8, 0]);
    case("flip an unknown CRTC", 0xb0, &[NONE, fb]);
    case("flip to an unknown framebuffer", 0xb0, &[crtc, NONE]);
    case("flip with unknown flags", 0xb0, &[crtc, fb, 0x80]);
    case("flip with reserved bits", 0xb0, &[crtc, fb, 0, 1]);
    case("get an unknown CRTC", 0xa1, &[0, 0, 0, NONE]);
    case("set an unknown CRTC", 0xa2, &[0, 0, 0, NONE]);
    let mut mode = vec![0; 26];
    mode[0..5].copy_from_slice(&[low, high, 1, crtc, fb]);
    mode[8] = 1;
    case("set a mode of zeros", 0xa2, &mode);
    mode[9..19].fill(u32::MAX);
    case("set a mode of ones", 0xa2, &mode);
    mode[8] = 0;
    case("set connectors without a mode", 0xa2, &mode);
    case("gamma of an unknown CRTC", 0xa4, &[NONE, 256, low, high]);
    case(
        "gamma of the wrong size",
        0xa5,
        &[crtc, 3, low, high, low, high],
    );
    case("cursor of an unknown CRTC", 0xa3, &[1, NONE]);
    case(
        "cursor where there is none",
        0xa3,
        &[1, crtc, 0, 0, 64, 64, handle],
    );
    case("cursor with unknown flags", 0xbb, &[0x80, crtc]);
    case("get an unknown encoder", 0xa6, &[NONE]);
    let mut words = vec![0; 20];
    words[12] = NONE;
    case("get an unknown connector", 0xa7, &words);
    case("get an unknown plane", 0xb6, &[NONE]);
    case("set an unknown plane", 0xb7, &[NONE, crtc, fb]);
    case("set a plane on an unknown CRTC", 0xb7, &[plane, NONE, fb]);
    case(
        "set a plane beyond its framebuffer",
        0xb7,
        &[plane, crtc, fb, 0, 0, 0, 64, 64, 0, 0, 65 << 16, 64 << 16],
    );
    case(
        "set a plane whose end overflows",
        0xb7,
        &[
            plane,
            crtc,
            fb,
            0,
            i32::MAX as u32,
            0,
            64,
            64,
            0,
            0,
            64 << 16,
            64 << 16,
        ],
    );
    case("an unknown property", 0xaa, &[0, 0, 0, 0, NONE]);
    case("an unknown blob", 0xac, &[NONE]);
    case("a blob of no bytes", 0xbd, &[low, high, 0]);
    case("a blob of too many bytes", 0xbd, &[low, high, u32::MAX]);
    case("a blob from nowhere", 0xbd, &[8, 0, 64]);
    case("destroy an unknown blob", 0xbe, &[NONE]);
    case(
        "properties of an unknown object",
        0xb9,
        &[0, 0, 0, 0, 0, NONE],
    );
    case(
        "properties of the wrong kind",
        0xb9,
        &[0, 0, 0, 0, 0, crtc, PLANE],
    );
    case("set an unknown property", 0xba, &[1, 0, NONE, crtc, CRTC]);
    case(
        "wait for an unknown kind of blank",
        WAIT_VBLANK,
        &[0x0080_0000],
    );
    case("wait for a blank of CRTC 31", WAIT_VBLANK, &[31 << 1]);
    case("wait for a signal", WAIT_VBLANK, &[0x4000_0000]);
    case("sequence of an unknown CRTC", 0x3b, &[NONE]);
    case("event of an unknown CRTC", 0x3c, &[NONE]);
    case("event with unknown flags", 0x3c, &[crtc, 0x80]);
    case("lease of an unknown object", 0xc6, &[low, high, 1]);
    case("revoke an unknown lease", 0xc9, &[NONE]);
    case("atomic with unknown flags", ATOMIC, &[0x8000_0000]);
    case("atomic test with an event", ATOMIC, &[0x101]);
    case(
        "atomic with reserved bits",
        ATOMIC,
        &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    );
    case(
        "atomic with objects nowhere",
        ATOMIC,
        &[0, 1, 8, 0, 8, 0, 8, 0, 8, 0],
    );
    // `scratch` is zeros: object 0.
    case(
        "atomic with an unknown object",
        ATOMIC,
        &[0, 1, low, high, low, high, low, high, low, high],
    );
    case("an unknown capability", SET_CLIENT_CAP, &[NONE, 0, 1]);
    case("get an unknown capability", 0x0c, &[NONE]);
    case("an unknown synchronization object", 0xc0, &[NONE]);

    let mut wrong = Vec::new();
    let count = cases.len();
    for (what, number, words) in cases {
        if call(&card, number, &mut Argument::new(&words)).is_ok() {
            wrong.push(what);
        }
    }
    // A number that there is not, in all sizes.
    for number in [0x40, 0x9f, 0xff] {
        for size in [0, 1, 4, 8191] {
            if call_raw(&card, request(3, size, number), &mut Argument::new(&[])).is_ok() {
                wrong.push(format!("ioctl {number:#x} of {size} bytes"));
            }
        }
    }
    Ok((count + 12, wrong))
}

/// Random numbers: xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    fn below(&mut self, count: usize) -> usize {
        self.next() as usize % count.max(1)
    }

    fn of(&mut self, all: &[u32]) -> u32 {
        match all.len() {
            0 => 0,
            count => all[self.below(count)],
        }
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// One task with random calls.
struct Task {
    card: File,
    objects: Objects,
    handles: Vec<u32>,
    framebuffers: Vec<u32>,
    scratch: Scratch,
    random: Random,
    calls: u64,
    good: u64,
}

impl Task {
    /// How many buffers there are at most.
    const BUFFERS: usize = 8;

    fn new(card: File, seed: u64) -> io::Result<Self> {
        Ok(Self {
            objects: Objects::find(&card)?,
            card,
            handles: Vec::new(),
            framebuffers: Vec::new(),
            scratch: Scratch::new(),
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            calls: 0,
            good: 0,
        })
    }

    /// A number that may mean something.
    fn word(&mut self) -> u32 {
        const ODD: &[u32] = &[
            0,
            1,
            2,
            3,
            16,
            32,
            64,
            255,
            256,
            1024,
            2048,
            64 << 16,
            1 << 31,
            i32::MAX as u32,
            u32::MAX,
            XRGB8888,
            CRTC,
            CONNECTOR,
            PLANE,
        ];
        let random = &mut self.random;
        match random.below(10) {
            0 | 1 => random.of(ODD),
            2 => random.of(&self.objects.crtcs),
            3 => random.of(&self.objects.connectors),
            4 => random.of(&self.objects.planes),
            5 => random.of(&self.objects.properties),
            6 => random.of(&self.objects.encoders),
            7 => random.of(&self.handles),
            8 => random.of(&self.framebuffers),
            _ => random.next() >> random.below(32),
        }
    }

    /// Fills a part of the memory to which addresses point.
    fn scribble(&mut self) {
        let start = self.random.below(1 << 12);
        for word in start..start + 32 {
            self.scratch.0[word] = self.word();
        }
    }

    /// Changes one thing at random.
    fn damage(&mut self, words: &mut [u32]) {
        let at = self.random.below(words.len());
        if let Some(word) = words.get_mut(at) {
            *word = self.word();
        }
    }

    fn buffers(&mut self) {
        const SIZES: &[u32] = &[1, 64, 640, 1024, 1280, 2048];
        const FORMATS: &[u32] = &[XRGB8888, u32::from_le_bytes(*b"RG16")];
        let (width, height) = (self.random.of(SIZES), self.random.of(SIZES));
        while self.handles.len() >= Self::BUFFERS {
            let handle = self.handles.remove(0);
            let _ = call(&self.card, DESTROY_DUMB, &mut Argument::new(&[handle]));
        }
        if self.framebuffers.len() >= Self::BUFFERS {
            let fb = self.framebuffers.remove(0);
            let _ = call(&self.card, RMFB, &mut Argument::new(&[fb]));
        }
        let Ok((handle, pitch)) = dumb(&self.card, width, height) else {
            return;
        };
        self.handles.push(handle);
        let format = self.random.of(FORMATS);
        let mut words = framebuffer(width, height, format, handle, pitch);
        if self.random.one_in(3) {
            self.damage(&mut words);
        }
        let mut argument = Argument::new(&words);
        if call(&self.card, ADDFB2, &mut argument).is_ok() {
            self.framebuffers.push(argument.0[0]);
        }
    }

    /// A commit whose lists are what they should be, with random properties and values.
    fn atomic(&mut self) -> io::Result<()> {
        const FLAGS: &[u32] = &[0, 0x100, 0x400, 0x500, 0x600, 0x201, 0x401];
        let count = 1 + self.random.below(3);
        let mut properties = 0;
        for object in 0..count {
            let all = &self.objects;
            let kind = [&all.crtcs, &all.connectors, &all.planes];
            let list = kind[self.random.below(3)].clone();
            self.scratch.0[object] = self.random.of(&list);
            let here = 1 + self.random.below(6);
            self.scratch.0[64 + object] = here as u32;
            properties += here;
        }
        for property in 0..properties {
            let known = self.objects.properties.clone();
            self.scratch.0[128 + property] = self.random.of(&known);
            self.scratch.0[256 + 2 * property] = self.word();
            self.scratch.0[257 + 2 * property] = if self.random.one_in(8) {
                self.word()
            } else {
                0
            };
        }
        let mut words = vec![self.random.of(FLAGS), count as u32];
        for list in [0, 64, 128, 256] {
            words.extend(self.scratch.address(list));
        }
        words.extend([0, 0, 7, 0]);
        if self.random.one_in(8) {
            // Not one that is an address: what is in scratch may be written to.
            words[0] = self.word();
        }
        call(&self.card, ATOMIC, &mut Argument::new(&words))
    }

    fn any(&mut self) -> io::Result<()> {
        let (number, size) = IOCTLS[self.random.below(IOCTLS.len())];
        let mut words: Vec<u32> = (0..size / 4).map(|_| self.word()).collect();
        // Addresses are 64 bits. Two words that are none lead nowhere.
        for at in (0..words.len().saturating_sub(1)).step_by(2) {
            match self.random.below(4) {
                0 => {
                    let place = self.random.below(1 << 12);
                    words[at..at + 2].copy_from_slice(&self.scratch.address(place));
                }
                1 => words[at + 1] = 0,
                _ => words[at + 1] |= 1 << 31,
            }
        }
        match number {
            // An event, and not a sleep of 3 s.
            WAIT_VBLANK => words[0] |= 0x0400_0000,
            // What is not too large for the memory of the guest.
            CREATE_DUMB => {
                words[0] &= 0x7ff;
                words[1] &= 0x7ff;
                words[2] &= 0x3f;
            }
            CREATEPROPBLOB => words[2] &= 0xffff,
            _ => {}
        }
        let size = if self.random.one_in(16) {
            self.random.below(MOST)
        } else {
            size
        };
        let direction = if self.random.one_in(16) {
            self.random.below(4) as u64
        } else {
            3
        };
        let mut argument = Argument::new(&words);
        let result = call_raw(&self.card, request(direction, size, number), &mut argument);
        if number == CREATE_DUMB && result.is_ok() && size >= 20 {
            self.handles.push(argument.0[4]);
        }
        result
    }

    fn run(&mut self, end: Instant) {
        while Instant::now() < end {
            if self.random.one_in(8) {
                self.scribble();
            }
            let result = match self.random.below(8) {
                0 => {
                    self.buffers();
                    continue;
                }
                1..=3 => self.atomic(),
                _ => self.any(),
            };
            self.calls += 1;
            self.good += u64::from(result.is_ok());
            // Events take up the room for events.
            if self.random.one_in(16) {
                let _ = self.card.read(&mut [0; 4096]);
            }
        }
    }
}

/// Makes random calls from two tasks, and returns how many there were, and how many of them
/// succeeded. Both use the same file, as that of only one may set modes.
fn random(path: &str, seconds: u64, seed: u64) -> io::Result<(u64, u64)> {
    let end = Instant::now() + Duration::from_secs(seconds);
    let card = open(path)?;
    let mut tasks = [
        Task::new(card.try_clone()?, seed)?,
        Task::new(card, seed.wrapping_add(1))?,
    ];
    thread::scope(|scope| {
        for task in &mut tasks {
            scope.spawn(|| task.run(end));
        }
    });
    let sum = |of: fn(&Task) -> u64| tasks.iter().map(of).sum();
    Ok((sum(|task| task.calls), sum(|task| task.good)))
}

/// The modes of a connector.
fn modes(card: &File, connector: u32) -> io::Result<Vec<Vec<u32>>> {
    const WORDS: usize = 17;
    let mut scratch = Scratch::new();
    let mut words = vec![0; 20];
    words[12] = connector;
    let mut argument = Argument::new(&words);
    call(card, GETCONNECTOR, &mut argument)?;
    let count = argument.0[8];
    words[2..4].copy_from_slice(&scratch.address(0));
    words[8] = count;
    call(card, GETCONNECTOR, &mut Argument::new(&words))?;
    let modes = scratch.0.chunks(WORDS).take(count as usize);
    Ok(modes.map(<[u32]>::to_vec).collect())
}

/// The mode of a connector with this size.
fn mode(card: &File, connector: u32, width: u32, height: u32) -> io::Result<Vec<u32>> {
    modes(card, connector)?
        .into_iter()
        .find(|mode| mode[1] & 0xffff == width && mode[3] >> 16 == height)
        .ok_or_else(|| io::Error::other(format!("no mode {width}x{height}")))
}

/// Prints what was measured.
fn print(results: Vec<(&'static str, u64)>) -> bool {
    for (what, number) in results {
        println!("{number} {what}");
    }
    true
}

/// What needs two devices.
fn two(how: &str, [first, second]: [(&str, &str); 2]) -> io::Result<bool> {
    let mut first = Screen::new(first.0, first.1)?;
    let mut second = Screen::new(second.0, second.1)?;
    match how {
        "mixed" => share::mixed(&mut first, &mut second)?,
        how => share::share(&mut first, &mut second, how == "share-back")?,
    }
    let good = [first.print(), second.print()];
    Ok(good == [true; 2])
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["bad", card] => bad(card).map(|(count, wrong)| {
            println!("{count} calls, {} did not fail", wrong.len());
            for what in &wrong {
                println!("did not fail: {what}");
            }
            wrong.is_empty()
        }),
        ["random", card, seconds, seed] => match (seconds.parse(), seed.parse()) {
            (Ok(seconds), Ok(seed)) => random(card, seconds, seed).map(|(calls, good)| {
                println!("{calls} calls, {good} of them succeeded; the seed is {seed}");
                good > 0 && good < calls
            }),
            _ => Ok(false),
        },
        ["modes", card, count] => Display::open(card)
            .and_then(|display| display.modes(count.parse().unwrap_or(1)))
            .map(|sizes| {
                println!("{count} mode sets, of {sizes} sizes");
                true
            }),
        ["flips", card, count] => Display::open(card)
            .and_then(|display| display.flips(count.parse().unwrap_or(1)))
            .map(|()| {
                println!("{count} page flips");
                true
            }),
        ["pictures", device, id] => Screen::new(device, id).and_then(|mut screen| {
            screen.open()?.pictures(&mut screen)?;
            Ok(screen.print())
        }),
        ["sleeps", device, id, count] => Screen::new(device, id).and_then(|mut screen| {
            screen
                .open()?
                .sleeps(&mut screen, count.parse().unwrap_or(1))?;
            Ok(screen.print())
        }),
        [how @ ("share" | "share-back" | "mixed"), device, id, other, other_id] => {
            two(how, [(device, id), (other, other_id)])
        }
        ["colors", memory, words] => {
            picture::colors(memory, words.parse().unwrap_or(0)).map(|(count, sum)| {
                println!("{count} {sum}");
                true
            })
        }
        ["faults", card] => faults::faults(card).map(|(seen, wrong)| {
            for line in seen.iter().chain(&wrong) {
                println!("{line}");
            }
            wrong.is_empty()
        }),
        ["instructions", card, memory, tty] => bench::instructions(card, memory, tty).map(print),
        ["bandwidth", card, memory] => bench::bandwidth(card, memory).map(print),
        _ => {
            println!(
                "kms bad CARD | kms random CARD SECONDS SEED | kms modes CARD COUNT | \
                 kms flips CARD COUNT | kms pictures DEVICE ID | \
                 kms sleeps DEVICE ID COUNT | \
                 kms share|share-back|mixed DEVICE ID DEVICE ID | \
                 kms colors MEMORY PIXELS | kms faults CARD | \
                 kms instructions CARD MEMORY TTY | kms bandwidth CARD MEMORY"
            );
            Ok(false)
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(err) => {
            println!("{err}");
            ExitCode::FAILURE
        }
    }
}
