// SPDX-License-Identifier: GPL-2.0

//! Calls in which an allocation fails: the first one, then the second, and so on, until none does any
//! more. Each time there is an error, or it works, and the next call works.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;

use crate::picture::Display;
use crate::XRGB8888;

/// The file that makes an allocation of this task fail.
struct Fail(File);

impl Fail {
    fn new() -> io::Result<Self> {
        let path = "/proc/self/fail-nth";
        Ok(Self(OpenOptions::new().read(true).write(true).open(path)?))
    }

    /// Calls `f` with the `n`th allocation failing, and returns whether there have been so many.
    fn in_nth<T>(&self, n: usize, f: impl FnOnce() -> io::Result<T>) -> io::Result<(bool, bool)> {
        let n = n.to_string();
        self.0.write_at(n.as_bytes(), 0)?;
        let result = f();
        let mut left = [0; 16];
        let len = self.0.read_at(&mut left, 0);
        self.0.write_at(b"0", 0)?;
        Ok((left[..len?].starts_with(b"0"), result.is_ok()))
    }
}

/// A call that may fail; it gets the number of the try.
type Call<'a> = &'a mut dyn FnMut(usize) -> io::Result<()>;

/// Makes these calls on `card`, and returns for each what it has seen, and what is wrong.
pub fn faults(card: &str) -> io::Result<(Vec<String>, Vec<String>)> {
    let display = Display::open(card)?;
    let modes = [display.fast_mode(640, 480)?, display.fast_mode(800, 600)?];
    let buffers = [
        display.buffer(640, 480, XRGB8888, 0)?,
        display.buffer(800, 600, XRGB8888, 0)?,
        display.buffer(640, 480, XRGB8888, 0)?,
    ];
    let plane = display.plane_properties()?;
    let part = display.blob(&[10, 10, 20, 20])?;
    let show = |mode: usize| display.show(buffers[mode].id, &modes[mode]);
    show(0)?;

    let (mut seen, mut wrong) = (Vec::new(), Vec::new());
    let mut number = 0;
    let mut calls: [(&str, Call<'_>); 7] = [
        ("mode set", &mut |n| show(n % 2)),
        ("commit", &mut |n| {
            plane.commit(&display, buffers[n % 2 * 2].id, 0)
        }),
        ("commit of a part", &mut |n| {
            plane.commit(&display, buffers[n % 2 * 2].id, part)
        }),
        ("check", &mut |n| {
            plane.check(&display, buffers[n % 2 * 2].id)
        }),
        ("page flip", &mut |n| {
            number += 1;
            display.flip(buffers[n % 2 * 2].id, number).map(|_| ())
        }),
        ("framebuffer", &mut |_| {
            let buffer = display.buffer(64, 64, XRGB8888, 0)?;
            display.free(buffer)
        }),
        ("modes", &mut |_| display.fast_mode(640, 480).map(|_| ())),
    ];
    let fail = Fail::new()?;
    for (what, call) in &mut calls {
        show(0)?;
        // Memory that this program allocates the first time is none that a driver lacks.
        call(1)?;
        call(0)?;
        // Not all calls need the same number of allocations.
        let (mut n, mut beyond) = (1, 0);
        let (mut failures, mut errors, mut successes) = (0, 0, 0);
        while beyond < 4 {
            let (failed, works) = fail.in_nth(n, || call(n))?;
            if failed {
                beyond = 0;
                failures += 1;
            } else {
                beyond += 1;
            }
            if works {
                successes += 1;
            } else {
                errors += 1;
                if !failed {
                    wrong.push(format!("{what}: an error without a failure, {n}"));
                }
            }
            if let Err(err) = call(n + 1) {
                wrong.push(format!("{what}: does not work after failure {n}: {err}"));
            }
            n += 1;
        }
        seen.push(format!(
            "{what}: {failures} failures, {errors} errors, {successes} successes"
        ));
        // Some make do without what they could not allocate, and there is no error.
        if failures == 0 {
            wrong.push(format!("{what}: no allocation has failed"));
        }
    }
    Ok((seen, wrong))
}
