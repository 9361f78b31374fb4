// SPDX-License-Identifier: GPL-2.0

//! What good calls take, and what a program takes that copies as many pixels to the same memory.

use std::arch::asm;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crate::picture::{Buffer, Display, Map};

extern "C" {
    fn clock_gettime(clock: i32, time: &mut [i64; 2]) -> i32;
    fn sched_setscheduler(pid: i32, policy: i32, priority: &i32) -> i32;
}

const CLOCK_MONOTONIC: i32 = 1;
const CLOCK_THREAD_CPUTIME_ID: i32 = 3;

/// The time of a clock, in ns.
fn now(clock: i32) -> u64 {
    let mut time = [0; 2];
    // SAFETY: `time` has room for what is written.
    unsafe { clock_gettime(clock, &mut time) };
    time[0] as u64 * 1_000_000_000 + time[1] as u64
}

type Results = Vec<(&'static str, u64)>;

const WIDTH: u32 = 1024;
const HEIGHT: u32 = 768;
const ALL: [u32; 4] = [0, 0, WIDTH, HEIGHT];
const PART: [u32; 4] = [32, 32, 96, 96];

/// A task that runs when nothing else does, and counts its rounds.
///
/// What it can't count is what all others take together: tasks, work items, and interrupts.
struct Idle<'a> {
    rounds: &'a AtomicU64,
    /// The time of 2^20 rounds, in ns.
    scale: u64,
}

impl<'a> Idle<'a> {
    /// Runs `f` beside such a task, on the only CPU.
    fn with<T>(f: impl FnOnce(Idle<'_>) -> io::Result<T>) -> io::Result<T> {
        const SCHED_IDLE: i32 = 5;
        let rounds = AtomicU64::new(0);
        let end = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                // SAFETY: The priority is read only.
                unsafe { sched_setscheduler(0, SCHED_IDLE, &0) };
                while !end.load(Relaxed) {
                    rounds.store(rounds.load(Relaxed) + 1, Relaxed);
                }
            });
            let result = f(Idle::new(&rounds));
            end.store(true, Relaxed);
            result
        })
    }

    fn new(rounds: &'a AtomicU64) -> Self {
        let sleep = || thread::sleep(Duration::from_millis(200));
        sleep();
        let (time, start) = (now(CLOCK_MONOTONIC), rounds.load(Relaxed));
        sleep();
        let (time, count) = (now(CLOCK_MONOTONIC) - time, rounds.load(Relaxed) - start);
        Self {
            rounds,
            scale: (time << 20) / count.max(1),
        }
    }

    /// What each of `count` calls of `f` takes, in ns, when it has been called a few times before.
    fn measure(&self, count: u64, mut f: impl FnMut() -> io::Result<()>) -> io::Result<u64> {
        for _ in 0..4 {
            f()?;
        }
        let (time, rounds) = (now(CLOCK_MONOTONIC), self.rounds.load(Relaxed));
        for _ in 0..count {
            f()?;
        }
        let time = now(CLOCK_MONOTONIC) - time;
        let idle = ((self.rounds.load(Relaxed) - rounds) * self.scale) >> 20;
        Ok(time.saturating_sub(idle) / count)
    }
}

/// Copies a part of a framebuffer to the place that it has in memory, as the kernel does it.
fn copy(buffer: &Buffer, memory: &mut Map, [x1, y1, x2, y2]: [u32; 4]) {
    let words = (x2 - x1) as usize;
    for y in y1..y2 {
        let at = (y * buffer.pitch + 4 * x1) as usize;
        assert!(at + 4 * words <= buffer.map.len && at + 4 * words <= memory.len);
        // SAFETY: Both are mapped, as has just been checked.
        unsafe {
            asm!(
                "rep movsd",
                inout("rcx") words => _,
                inout("rsi") buffer.map.at.add(at) => _,
                inout("rdi") memory.at.add(at) => _,
                options(nostack, preserves_flags)
            );
        }
    }
}

/// A display in a mode of 1000 Hz, so that waiting for a frame is short, two framebuffers, the first
/// of which is shown, and the memory of the device.
fn set_up(card: &str, memory: &str) -> io::Result<(Display, Vec<u32>, [Buffer; 2], Map)> {
    let display = Display::open(card)?;
    let mode = display.fast_mode(WIDTH, HEIGHT)?;
    let mut buffers = [
        display.buffer(WIDTH, HEIGHT, crate::XRGB8888, 0)?,
        display.buffer(WIDTH, HEIGHT, crate::XRGB8888, 0)?,
    ];
    for (picture, buffer) in buffers.iter_mut().enumerate() {
        buffer.draw(picture as u32);
    }
    display.show(buffers[0].id, &mode)?;
    let open = |path| OpenOptions::new().read(true).write(true).open(path);
    // In the TLB of QEMU a page replaces any other that is at a multiple of 1 MB from it.
    let _gap = Map::new(&open("/dev/zero")?, 0, 33 << 12)?;
    let file = open(memory)?;
    let memory = Map::new(&file, 0, file.metadata()?.len() as usize)?;
    Ok((display, mode, buffers, memory))
}

/// Instructions of the whole machine, in which each takes 1 ns.
pub fn instructions(card: &str, memory: &str, tty: &str) -> io::Result<Results> {
    const CALLS: u64 = 50;
    const LINES: u64 = 200;

    Idle::with(|idle| {
        let (display, mode, buffers, mut memory) = set_up(card, memory)?;
        let mut turn = 0;
        let mut other = || {
            turn = 1 - turn;
            buffers[turn].id
        };
        let plane = display.plane_properties()?;
        let [part, all] = [display.blob(&PART)?, 0];
        let mut results = vec![(
            "check of a commit",
            idle.measure(CALLS, || plane.check(&display, other()))?,
        )];
        if display.wait().is_ok() {
            let time = idle.measure(CALLS, || display.wait())?;
            results.push(("wait for a frame", time));
        }
        for (what, damage) in [
            ("commit of 64x64 pixels", part),
            ("commit of all pixels", all),
        ] {
            let time = idle.measure(CALLS, || plane.commit(&display, other(), damage))?;
            results.push((what, time));
        }
        for (what, area) in [("copy of 64x64 pixels", PART), ("copy of all pixels", ALL)] {
            let time = idle.measure(CALLS, || {
                copy(&buffers[0], &mut memory, area);
                Ok(())
            })?;
            results.push((what, time));
        }
        let mut number = 0;
        let time = idle.measure(CALLS, || {
            number += 1;
            display.flip(other(), number).map(|_| ())
        })?;
        results.push(("page flip with event", time));
        let other_mode = display.fast_mode(800, 600)?;
        let small = display.buffer(800, 600, crate::XRGB8888, 0)?;
        let time = idle.measure(CALLS / 2, || {
            display.show(small.id, &other_mode)?;
            display.show(buffers[0].id, &mode)
        })?;
        results.push(("mode set", time / 2));

        // The console comes back.
        drop(display);
        let mut tty = OpenOptions::new().write(true).open(tty)?;
        let text = "a line of the console\n".repeat(LINES as usize);
        thread::sleep(Duration::from_millis(300));
        let time = idle.measure(1, || {
            tty.write_all(text.as_bytes())?;
            // What it has changed is shown by a work item.
            thread::sleep(Duration::from_millis(100));
            Ok(())
        })?;
        results.push(("console: scroll by a line", time / LINES));
        Ok(results)
    })
}

/// Megabytes in a second of the CPU that the task has had: the most of many calls.
pub fn bandwidth(card: &str, memory: &str) -> io::Result<Results> {
    const CALLS: usize = 200;

    let (display, _, buffers, mut memory) = set_up(card, memory)?;
    let buffer = &buffers[0];
    let mut results = Vec::new();
    let mut best = |what, [x1, y1, x2, y2]: [u32; 4], f: &mut dyn FnMut() -> io::Result<()>| {
        let mut least = u64::MAX;
        for _ in 0..CALLS {
            let start = now(CLOCK_THREAD_CPUTIME_ID);
            f()?;
            least = least.min(now(CLOCK_THREAD_CPUTIME_ID) - start);
        }
        let bytes = u64::from(4 * (x2 - x1) * (y2 - y1));
        results.push((what, bytes * 1000 / least.max(1)));
        io::Result::Ok(())
    };
    for (update, by_program, area) in [
        ("update of 64x64 pixels", "copy of 64x64 pixels", PART),
        ("update of all pixels", "copy of all pixels", ALL),
    ] {
        best(update, area, &mut || display.dirty(buffer.id, area))?;
        best(by_program, area, &mut || {
            copy(buffer, &mut memory, area);
            Ok(())
        })?;
    }
    Ok(results)
}
