// SPDX-License-Identifier: GPL-2.0

//! Every boot that a set of tests needs.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::{channel, Receiver};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use run::{Failure, Step, Ui};
use toolroot::Toolchain;

use crate::plan::Plan;
use crate::report::{judge, Boot, Checks, Report};
use crate::supervise::{Running, Sockets};
use crate::terminal::Keeper;
use crate::{initramfs, machine};

/// A kernel that has been built.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The `bzImage`.
    pub image: PathBuf,
    /// The directory `lib/modules/RELEASE` that `make modules_install` made; none without modules.
    pub modules: Option<PathBuf>,
    /// What `make kernelrelease` prints.
    pub release: String,
}

/// What happens in the guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The tests run, then it is powered off.
    #[default]
    Tests,
    /// The user gets a shell, on the terminal.
    Interactive,
}

/// How to boot.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The directory of the guest scripts.
    pub guest: PathBuf,
    /// Where logs and pictures go: a directory that is visible in the toolchain root. What is
    /// there is removed.
    pub dir: PathBuf,
    /// The root of guests that have a Debian root; that of the toolchain, unless it is another
    /// one.
    pub root: Option<PathBuf>,
    /// What happens in the guest.
    pub mode: Mode,
    /// Whether there is a window; it stays until the user closes it.
    pub window: bool,
    /// Whether to use KVM.
    pub kvm: bool,
    /// Whether it is the debug kernel: it runs KUnit in the first boot, looks for leaks in all of
    /// them, and is slow.
    pub debug: bool,
    /// Variables that tests find in their environment.
    pub variables: Vec<(String, String)>,
    /// Whether tests repeat what they do until everything that is rare has happened.
    pub storm: bool,
}

impl Options {
    /// How many times slower than a plain kernel this one may be.
    pub(crate) fn slowness(&self) -> f64 {
        if self.debug {
            6.0
        } else {
            1.0
        }
    }
}

/// What a boot is doing.
pub(crate) enum News {
    /// This.
    Doing(String),
    /// A test has ended.
    TestEnded,
}

/// Boots the kernel as planned, several times at once if the machine can bear it, and runs the
/// tests. An error means that a boot could not even be tried; all that goes wrong later is in the
/// report.
///
/// A user can have one guest only: with a shell or a window, it is that of the first plan.
pub fn boot(
    ui: &Ui,
    toolchain: &Toolchain,
    options: &Options,
    kernel: &Kernel,
    plans: &[Plan],
) -> Result<Report> {
    if options.window {
        check_window()?;
    }
    let interactive = options.mode == Mode::Interactive;
    let most = if interactive || options.window {
        1
    } else {
        plans.len()
    };
    if options.dir.exists() {
        fs::remove_dir_all(&options.dir)
            .with_context(|| format!("cannot empty {}", options.dir.display()))?;
    }
    let mut boots = Vec::new();
    for (index, plan) in plans.iter().take(most).enumerate() {
        let checks = Checks {
            kunit: options.debug && index == 0,
            leaks: options.debug && !interactive,
        };
        boots.push(Prepared::new(toolchain, options, kernel, plan, checks)?);
    }
    if interactive {
        let _keeper = Keeper::of_stdin()?;
        let boots = boots.iter().map(|boot| boot.run(&|_| ()));
        return Ok(Report {
            boots: boots.collect::<Result<_>>()?,
        });
    }
    let step = ui.step(match boots.len() {
        1 => "booting the kernel in QEMU".to_string(),
        all => format!("booting the kernel in QEMU, {all} times"),
    });
    let report = Report {
        boots: run_all(&boots, &step)?,
    };
    // A step that is dropped has failed.
    if report.passed() {
        step.done("");
    }
    Ok(report)
}

/// Runs the boots, and shows how far they are.
fn run_all(boots: &[Prepared<'_>], step: &Step) -> Result<Vec<Boot>> {
    let times: Vec<Duration> = boots.iter().map(Prepared::time).collect();
    let (sender, news) = channel();
    let done = thread::scope(|scope| {
        // The news end when this does.
        let all = scope.spawn(move || {
            side_by_side(&times, at_once(), |index| {
                let tell = |news| {
                    let _ = sender.send((index, news));
                };
                let boot = boots[index].run(&tell);
                tell(News::Doing(String::new()));
                boot
            })
        });
        show(boots, &news, step);
        all.join().unwrap_or_else(|panic| resume_unwind(panic))
    });
    done.into_iter().collect()
}

/// Does as many pieces of work as there are times, `most` of them at once; those that take long
/// begin first. The results are in the order of the times.
fn side_by_side<T: Send>(
    times: &[Duration],
    most: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let mut queue: Vec<usize> = (0..times.len()).collect();
    queue.sort_by_key(|index| times[*index]);
    let queue = Mutex::new(queue);
    // Not in the condition of a loop: the lock would be held in its body.
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let worker = || {
        let mut done = Vec::new();
        while let Some(index) = next() {
            done.push((index, work(index)));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..most).map(|_| scope.spawn(worker)).collect();
        let mut done = Vec::new();
        for worker in workers {
            done.extend(worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Shows what the boots are doing, until all have ended.
fn show(boots: &[Prepared<'_>], news: &Receiver<(usize, News)>, step: &Step) {
    let all = boots.iter().map(|boot| boot.plan.tests.len() as u64).sum();
    let mut ended = 0;
    let mut doing = vec![String::new(); boots.len()];
    for (index, news) in news {
        match news {
            News::Doing(what) => doing[index] = what,
            News::TestEnded => ended += 1,
        }
        let busy = doing.iter().zip(boots).filter(|(what, _)| !what.is_empty());
        let lines: Vec<String> = busy
            .map(|(what, boot)| {
                let what: String = what.chars().take(40).collect();
                format!("{}: {}", boot.plan.name, what.trim())
            })
            .collect();
        step.progress(ended, all, &lines.join(" | "));
    }
}

/// How many guests this machine can bear.
fn at_once() -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let room = free_memory(&memory) / machine::MEMORY;
    cores.min(room as usize).max(1)
}

/// The memory that programs can still have, in MiB, from the text of `/proc/meminfo`.
fn free_memory(meminfo: &str) -> u64 {
    meminfo
        .lines()
        .find_map(|line| {
            line.strip_prefix("MemAvailable:")?
                .trim()
                .strip_suffix(" kB")
        })
        .and_then(|size| size.parse::<u64>().ok())
        .map_or(0, |size| size / 1024)
}

/// A boot with all its files.
struct Prepared<'a> {
    toolchain: &'a Toolchain,
    options: &'a Options,
    kernel: &'a Kernel,
    plan: &'a Plan,
    checks: Checks,
    dir: PathBuf,
}

impl<'a> Prepared<'a> {
    fn new(
        toolchain: &'a Toolchain,
        options: &'a Options,
        kernel: &'a Kernel,
        plan: &'a Plan,
        checks: Checks,
    ) -> Result<Self> {
        let dir = options.dir.join(&plan.name);
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let archive = initramfs::make(
            toolchain,
            &options.guest,
            kernel.modules.as_deref(),
            plan,
            &dir,
        )?;
        let path = dir.join(machine::INITRAMFS);
        fs::write(&path, archive).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self {
            toolchain,
            options,
            kernel,
            plan,
            checks,
            dir,
        })
    }

    /// How long it may take, on a kernel without debugging.
    fn time(&self) -> Duration {
        /// What KUnit takes.
        const KUNIT: Duration = Duration::from_secs(10);

        self.plan.time()
            + if self.checks.kunit {
                KUNIT
            } else {
                Duration::ZERO
            }
    }

    /// Boots, on the calling thread, and judges.
    fn run(&self, tell: &dyn Fn(News)) -> Result<Boot> {
        let (options, kernel, plan) = (self.options, self.kernel, self.plan);
        let record = self.start()?.supervise(options, kernel, plan, tell);
        let log = fs::read(self.dir.join(machine::CONSOLE)).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let mut asked = plan.clone();
        if options.mode == Mode::Interactive {
            // The user may run them, or not.
            asked.tests.clear();
        }
        // What the guest started from is as large as all the rest, and can be made again.
        let _ = fs::remove_file(self.dir.join(machine::INITRAMFS));
        Ok(judge(&asked, record, &log, self.checks, &self.dir))
    }

    /// Starts QEMU. It dies with the calling thread, however that ends.
    fn start(&self) -> Result<Running> {
        let dir = &self.dir;
        let sockets = Sockets {
            monitor: listen(dir, machine::QMP)?,
            guest: listen(dir, machine::GUEST)?,
        };
        let errors = File::create(dir.join("qemu.log"))?;
        let mut command = self.toolchain.command(dir, "qemu-system-x86_64");
        command
            .args(machine::arguments(
                self.options,
                self.kernel,
                self.plan,
                self.checks.kunit,
            ))
            .stderr(errors.try_clone()?);
        if self.options.mode == Mode::Tests {
            command.stdin(Stdio::null()).stdout(errors);
        }
        let child = command.spawn().context("cannot start QEMU")?;
        Ok(Running::new(child, sockets, dir))
    }
}

/// A socket in `dir`, however long the path of that is.
fn listen(dir: &Path, name: &str) -> Result<UnixListener> {
    let handle = File::open(dir)?;
    let path = format!("/proc/self/fd/{}/{name}", handle.as_raw_fd());
    let listener = UnixListener::bind(path)
        .with_context(|| format!("cannot make the socket {}", dir.join(name).display()))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn check_window() -> Result<()> {
    if ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
    {
        return Ok(());
    }
    Err(Failure::new("there is no screen for a window: neither DISPLAY nor WAYLAND_DISPLAY is set")
        .hint("run it in a desktop session, or through `ssh -X`; every boot saves screenshots too")
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::time::Instant;

    #[test]
    fn free_memory_is_found() {
        let text = "MemTotal:       24684092 kB\nMemFree:        22590388 kB\nMemAvailable:    8388608 kB\n";
        assert_eq!(free_memory(text), 8192);
        assert_eq!(free_memory(""), 0);
        assert!(at_once() > 0);
    }

    #[test]
    fn long_work_begins_first_and_not_too_much_at_once() {
        let times = [2, 5, 1, 9].map(Duration::from_secs);
        let begun = Mutex::new(Vec::new());
        let (busy, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let results = side_by_side(&times, 2, |index| {
            begun.lock().unwrap().push(index);
            most.fetch_max(busy.fetch_add(1, SeqCst) + 1, SeqCst);
            // Until another one has begun, or there is none left.
            let start = Instant::now();
            while begun.lock().unwrap().len() < 2 && start.elapsed() < Duration::from_secs(20) {
                thread::yield_now();
            }
            busy.fetch_sub(1, SeqCst);
            index * 10
        });
        assert_eq!(results, [0, 10, 20, 30]);
        let mut first: Vec<usize> = begun.lock().unwrap()[..2].to_vec();
        first.sort_unstable();
        assert_eq!(first, [1, 3]);
        assert_eq!(most.load(SeqCst), 2);
    }
}
