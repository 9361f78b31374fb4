// SPDX-License-Identifier: GPL-2.0

//! Two devices: what one has drawn is shown by the other, until both drivers are gone; and neither
//! takes a number of the other one's for one of its own.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};

use crate::picture::{wanted, Buffer, Display, Map, Screen, MAP_DUMB, PAGE_FLIP};
use crate::{
    call, dumb, framebuffer, Argument, ADDFB2, DESTROY_DUMB, DIRTYFB, RMFB, SETCRTC, XRGB8888,
};

const GET_MAGIC: u8 = 0x02;
const GEM_CLOSE: u8 = 0x09;
const AUTH_MAGIC: u8 = 0x11;
const EXPORT: u8 = 0x2d;
const IMPORT: u8 = 0x2e;
const GETPROPBLOB: u8 = 0xac;
const GETFB: u8 = 0xad;
const CLOSEFB: u8 = 0xd0;

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;
const ALL: [u32; 4] = [0, 0, WIDTH, HEIGHT];

/// The buffer as a file, which any driver can import.
fn export(display: &Display, buffer: &Buffer) -> io::Result<File> {
    const READ_WRITE_CLOSE_ON_EXEC: u32 = 0o200_0002;
    let mut argument = Argument::new(&[buffer.handle, READ_WRITE_CLOSE_ON_EXEC]);
    call(&display.card, EXPORT, &mut argument)?;
    // SAFETY: It is new, and nobody else's.
    Ok(unsafe { File::from_raw_fd(argument.0[2] as i32) })
}

/// The handle of such a file.
fn import(display: &Display, file: &File) -> io::Result<u32> {
    let mut argument = Argument::new(&[0, 0, file.as_raw_fd() as u32]);
    call(&display.card, IMPORT, &mut argument)?;
    Ok(argument.0[0])
}

/// A device exports a buffer, and another one shows it. Then the drivers are taken away, that of the
/// second device first if `second_first`.
pub fn share(first: &mut Screen, second: &mut Screen, second_first: bool) -> io::Result<()> {
    let exporter = first.open()?;
    let importer = second.open()?;
    let mut buffer = exporter.buffer(WIDTH, HEIGHT, XRGB8888, 0)?;
    buffer.draw(1);
    exporter.show(buffer.id, &exporter.mode(WIDTH, HEIGHT)?)?;
    first.see("drawn", &buffer, 1);

    let file = export(&exporter, &buffer)?;
    // From now on it is drawn in the file.
    buffer.map = Map::new(&file, 0, buffer.map.len)?;
    first.note("the file has what was drawn", wanted(buffer.has(1)));
    buffer.draw(2);
    exporter.dirty(buffer.id, ALL)?;
    first.see("drawn in the file", &buffer, 2);
    let same = import(&exporter, &file)? == buffer.handle;
    first.note("an own file has the handle of the buffer", wanted(same));

    let handle = import(&importer, &file)?;
    let same = import(&importer, &file)? == handle;
    second.note("a file has one handle", wanted(same));
    let refused = call(&importer.card, MAP_DUMB, &mut Argument::new(&[handle])).is_err();
    second.note(
        "the memory of another driver can't be mapped",
        wanted(refused),
    );
    let words = framebuffer(WIDTH, HEIGHT, XRGB8888, handle, buffer.pitch);
    let mut argument = Argument::new(&words);
    call(&importer.card, ADDFB2, &mut argument)?;
    let id = argument.0[0];
    importer.show(id, &importer.mode(WIDTH, HEIGHT)?)?;
    second.see("imported", &buffer, 2);
    // The framebuffer keeps it.
    call(&importer.card, GEM_CLOSE, &mut Argument::new(&[handle]))?;
    buffer.draw(3);
    importer.dirty(id, ALL)?;
    second.see("drawn after that", &buffer, 3);

    if second_first {
        second.unbind()?;
        let refused = importer.dirty(id, ALL).is_err();
        second.note("nothing is drawn without a driver", wanted(refused));
        buffer.draw(4);
        exporter.dirty(buffer.id, ALL)?;
        first.see("drawn without the importer", &buffer, 4);
        first.unbind()?;
    } else {
        drop(exporter);
        buffer.draw(4);
        importer.dirty(id, ALL)?;
        second.see("drawn when the exporter has closed it", &buffer, 4);
        first.unbind()?;
        buffer.draw(5);
        importer.dirty(id, ALL)?;
        second.see("drawn without the exporter", &buffer, 5);
        second.unbind()?;
        let refused = importer.dirty(id, ALL).is_err();
        second.note("nothing is drawn without a driver", wanted(refused));
    }
    // What nobody shows can still be drawn.
    buffer.draw(6);
    Ok(())
}

/// Makes something on a device until it has a number that `known` does not find on another one.
fn foreign(
    mut make: impl FnMut() -> io::Result<u32>,
    known: impl Fn(u32) -> bool,
) -> io::Result<u32> {
    const MOST: usize = 1000;
    for _ in 0..MOST {
        let id = make()?;
        if !known(id) {
            return Ok(id);
        }
    }
    Err(io::Error::other("both have the same numbers"))
}

/// A device is given numbers of what only another one has. Both go on showing what they show.
pub fn mixed(first: &mut Screen, second: &mut Screen) -> io::Result<()> {
    let [ours, theirs] = [first.open()?, second.open()?];
    let mut shown = Vec::new();
    for (display, screen) in [(&ours, &mut *first), (&theirs, &mut *second)] {
        let mut buffer = display.buffer(WIDTH, HEIGHT, XRGB8888, 0)?;
        buffer.draw(1);
        display.show(buffer.id, &display.mode(WIDTH, HEIGHT)?)?;
        screen.see("before", &buffer, 1);
        shown.push(buffer);
    }
    let fails =
        |number: u8, words: &[u32]| call(&ours.card, number, &mut Argument::new(words)).is_err();

    let fb = foreign(
        || theirs.buffer(64, 64, XRGB8888, 0).map(|buffer| buffer.id),
        |id| !fails(GETFB, &[id]),
    )?;
    let blob = foreign(|| theirs.blob(&ALL), |id| !fails(GETPROPBLOB, &[id]))?;
    // The handles of a file: the first one of ours is that of what is shown.
    let handle = foreign(
        || dumb(&theirs.card, 64, 64).map(|(handle, _)| handle),
        |handle| handle <= shown[0].handle,
    )?;
    let mut magic = Argument::new(&[]);
    call(&theirs.card, GET_MAGIC, &mut magic)?;
    let mut set = vec![0; 9];
    set[3..5].copy_from_slice(&[ours.crtc, fb]);
    set[8] = 1;
    set.extend(ours.mode(WIDTH, HEIGHT)?);
    let plane = ours.plane_properties()?;

    let cases = [
        ("flip to a framebuffer", fails(PAGE_FLIP, &[ours.crtc, fb])),
        ("set a framebuffer", fails(SETCRTC, &set)),
        ("draw in a framebuffer", ours.dirty(fb, ALL).is_err()),
        ("remove a framebuffer", fails(RMFB, &[fb])),
        ("close a framebuffer", fails(CLOSEFB, &[fb])),
        ("commit a framebuffer", plane.commit(&ours, fb, 0).is_err()),
        (
            "commit a blob",
            plane.commit(&ours, shown[0].id, blob).is_err(),
        ),
        (
            "make a framebuffer",
            fails(ADDFB2, &framebuffer(64, 64, XRGB8888, handle, 256)),
        ),
        ("map a buffer", fails(MAP_DUMB, &[handle])),
        ("destroy a buffer", fails(DESTROY_DUMB, &[handle])),
        ("export a buffer", fails(EXPORT, &[handle])),
        ("trust a file", fails(AUTH_MAGIC, &[magic.0[0]])),
    ];
    for (what, failed) in cases {
        first.note(&format!("{what} of the other device"), wanted(failed));
    }
    // It is good where it is from.
    call(&theirs.card, DIRTYFB, &mut Argument::new(&[fb]))?;
    call(&theirs.card, RMFB, &mut Argument::new(&[fb]))?;
    for (screen, buffer) in [first, second].into_iter().zip(&shown) {
        screen.see("after", buffer, 1);
    }
    Ok(())
}
