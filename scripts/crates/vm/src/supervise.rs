// SPDX-License-Identifier: GPL-2.0

//! One QEMU, from its start to power off: the agent is told what to do, calls of tests are served,
//! and whoever hangs or dies is noticed.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure, Context, Result};

use crate::boot::{Kernel, Mode, News, Options};
use crate::guest::{Call, Guest, Message};
use crate::machine;
use crate::monitor::Monitor;
use crate::picture::Picture;
use crate::plan::Plan;
use crate::test::Test;

/// What happened during a boot, before it is judged.
#[derive(Debug, Default)]
pub struct Record {
    /// The tests that were started.
    pub ran: Vec<Ran>,
    /// The PCI devices, as the agent lists them: address, id, class, driver or `-`.
    pub devices: Vec<String>,
    /// What kmemleak found; none if the kernel has no kmemleak.
    pub leaks: Option<Vec<String>>,
    /// Pictures that were saved.
    pub pictures: Vec<PathBuf>,
    /// Why the boot ended before its time.
    pub failure: Option<String>,
    /// Lines that explain the failure.
    pub last_lines: Vec<String>,
}

/// A test that was started.
#[derive(Debug)]
pub struct Ran {
    /// Its name.
    pub name: String,
    /// What it printed, until each reset of the machine that it wanted, and until its end.
    pub phases: Vec<String>,
    /// Its exit status, `timeout` or `stuck`; none if the guest ended first.
    pub status: Option<String>,
    /// How long it took.
    pub time: Duration,
}

/// The sockets to which QEMU connects.
pub struct Sockets {
    /// QMP.
    pub monitor: UnixListener,
    /// The second serial port.
    pub guest: UnixListener,
}

/// A running QEMU. It ends when this is dropped.
pub struct Running {
    child: Child,
    sockets: Sockets,
    dir: PathBuf,
    booted: bool,
    console: Console,
    /// What a display has shown when it was last looked at.
    shown: Option<Picture>,
    record: Record,
}

/// What a command in the guest came to.
enum Answer {
    Done {
        text: Vec<String>,
        status: String,
    },
    /// The machine was reset at the wish of a test, and the agent has started again.
    Restarted,
}

/// The connections of a QEMU that is up.
struct Lines<'a> {
    monitor: Monitor,
    guest: Guest,
    /// A test asked for a reset.
    resetting: bool,
    /// A test asked to be woken when it sleeps.
    waking: bool,
    /// A test is about to have the kernel panic, and asked for a picture of this display with this
    /// name.
    panicking: Option<(String, String)>,
    tell: &'a dyn Fn(News),
    slowness: f64,
}

impl Running {
    /// How often the console and QEMU are looked at.
    const TICK: Duration = Duration::from_millis(100);
    /// A booting kernel is not silent for longer.
    const SILENCE: Duration = Duration::from_secs(60);
    /// A kernel has booted by then.
    const BOOT: Duration = Duration::from_secs(300);
    /// With KVM, the kernel shows itself by then.
    const KVM: Duration = Duration::from_secs(20);
    /// Commands of the agent other than tests.
    const COMMAND: Duration = Duration::from_secs(60);

    /// Supervises a QEMU that has just been started.
    pub fn new(child: Child, sockets: Sockets, dir: &Path) -> Self {
        Self {
            child,
            sockets,
            dir: dir.to_path_buf(),
            booted: false,
            console: Console::new(dir.join(machine::CONSOLE)),
            shown: None,
            record: Record::default(),
        }
    }

    /// Runs the tests of the plan, or a shell, and powers off.
    pub fn supervise(
        mut self,
        options: &Options,
        kernel: &Kernel,
        plan: &Plan,
        tell: &dyn Fn(News),
    ) -> Record {
        if let Err(err) = self.run(options, kernel, plan, tell) {
            // A connection that breaks is a sign of QEMU's end, and comes before it.
            sleep(Self::TICK * 3);
            let mut err = self.check_alive().err().unwrap_or(err);
            if options.kvm && !self.booted {
                err = err.context("KVM does not work on this machine, leave --kvm off");
            }
            self.console.read();
            self.record.failure = Some(format!("{err:#}"));
            let errors = fs::read(self.dir.join("qemu.log")).unwrap_or_default();
            let errors = String::from_utf8_lossy(&errors);
            self.record.last_lines = errors.lines().take(12).map(str::to_string).collect();
            self.record.last_lines.extend(self.console.last(12));
        }
        std::mem::take(&mut self.record)
    }

    fn run(
        &mut self,
        options: &Options,
        kernel: &Kernel,
        plan: &Plan,
        tell: &dyn Fn(News),
    ) -> Result<()> {
        let guest = Guest::new(self.accept(|sockets| &sockets.guest)?)?;
        let monitor = Monitor::new(self.accept(|sockets| &sockets.monitor)?)?;
        let mut lines = Lines {
            monitor,
            guest,
            resetting: false,
            waking: false,
            panicking: None,
            tell,
            slowness: options.slowness(),
        };
        self.wait_for_boot(&mut lines, options.kvm)?;
        self.booted = true;
        self.prepare(&mut lines, kernel, options, plan)?;
        if options.mode == Mode::Interactive {
            return self.shell(&mut lines);
        }
        for test in &plan.tests {
            tell(News::Doing(test.name.clone()));
            self.test(&mut lines, kernel, options, plan, test)?;
            tell(News::TestEnded);
        }
        tell(News::Doing("looking for leaks".into()));
        for display in machine::displays(plan) {
            self.picture(&mut lines.monitor, &display, &display)?;
        }
        self.leaks(&mut lines)?;
        if options.window {
            return self.until_closed();
        }
        self.power_off(&mut lines)
    }

    fn accept(&mut self, socket: impl Fn(&Sockets) -> &UnixListener) -> Result<UnixStream> {
        let start = Instant::now();
        loop {
            match socket(&self.sockets).accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false)?;
                    return Ok(stream);
                }
                Err(err) if err.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(err) => return Err(err).context("no connection to QEMU"),
            }
            self.check_alive()?;
            if start.elapsed() > Self::COMMAND {
                bail!("QEMU does not connect");
            }
            sleep(Self::TICK / 5);
        }
    }

    fn check_alive(&mut self) -> Result<()> {
        let Some(status) = self.child.try_wait()? else {
            return Ok(());
        };
        self.console.read();
        if self.console.panicked {
            bail!("the kernel panicked");
        }
        match status.code() {
            Some(127) => bail!("QEMU can't be started: is qemu-system-x86 installed?"),
            Some(0) => bail!("the guest ended before its time"),
            _ => bail!("QEMU ended ({status})"),
        }
    }

    fn wait_for_boot(&mut self, lines: &mut Lines<'_>, kvm: bool) -> Result<()> {
        let start = Instant::now();
        loop {
            if let Some(Message::Ready(_)) = lines.guest.next(Self::TICK) {
                return Ok(());
            }
            if self.console.read() {
                let last = self.console.last(1);
                (lines.tell)(News::Doing(last.into_iter().collect()));
            }
            self.check_alive()?;
            if kvm && self.console.text.is_empty() && start.elapsed() > Self::KVM {
                bail!("no sign of the kernel");
            }
            if self.console.changed.elapsed() > Self::SILENCE.mul_f64(lines.slowness) {
                bail!(
                    "the guest hangs: silent for {} s while it boots",
                    self.console.changed.elapsed().as_secs()
                );
            }
            if start.elapsed() > Self::BOOT.mul_f64(lines.slowness) {
                bail!(
                    "the guest has not booted after {} s",
                    start.elapsed().as_secs()
                );
            }
        }
    }

    /// Tells the guest what it should know, and binds the drivers.
    fn prepare(
        &mut self,
        lines: &mut Lines<'_>,
        kernel: &Kernel,
        options: &Options,
        plan: &Plan,
    ) -> Result<()> {
        let ids = plan.device_ids().join(" ");
        let storm = u8::from(options.storm);
        self.must(lines, &format!("set STORM {storm}"))?;
        self.must(lines, &format!("set SERIES_RELEASE {}", kernel.release))?;
        self.must(lines, &format!("set SERIES_DEVICES {ids}"))?;
        for (name, value) in &options.variables {
            self.must(lines, &format!("set {name} {value}"))?;
        }
        for (id, driver) in &plan.bind {
            self.must(lines, &format!("override {id} {driver}"))?;
        }
        for module in &plan.modules {
            self.must(lines, &format!("modprobe {module}"))?;
        }
        for id in plan.bind.keys() {
            self.must(lines, &format!("probe {id}"))?;
        }
        // After a reset, only what has changed is new.
        for device in self.must(lines, "devices")? {
            if !self.record.devices.contains(&device) {
                self.record.devices.push(device);
            }
        }
        Ok(())
    }

    fn must(&mut self, lines: &mut Lines<'_>, command: &str) -> Result<Vec<String>> {
        match self.command(lines, command, Self::COMMAND)? {
            Answer::Done { text, status } if status == "0" => Ok(text),
            Answer::Done { text, .. } => {
                bail!("`{command}` fails in the guest: {}", text.join("; "))
            }
            Answer::Restarted => bail!("the machine was reset outside any test"),
        }
    }

    /// Has the agent do something, within `patience` (scaled by the slowness of the kernel).
    fn command(
        &mut self,
        lines: &mut Lines<'_>,
        command: &str,
        patience: Duration,
    ) -> Result<Answer> {
        let mut text = Vec::new();
        self.command_into(lines, command, patience, &mut text)
    }

    /// The same; what was printed is in `text` even if the guest dies meanwhile.
    fn command_into(
        &mut self,
        lines: &mut Lines<'_>,
        command: &str,
        patience: Duration,
        text: &mut Vec<String>,
    ) -> Result<Answer> {
        lines.guest.send(&format!("do {command}"))?;
        let start = Instant::now();
        let patience = patience.mul_f64(lines.slowness);
        loop {
            match lines.guest.next(Self::TICK) {
                Some(Message::Text(line)) => text.push(line),
                Some(Message::Done(status)) => {
                    return Ok(Answer::Done {
                        text: std::mem::take(text),
                        status,
                    })
                }
                Some(Message::Call(call)) => self.serve(lines, &call)?,
                Some(Message::Ready(_)) if lines.resetting => {
                    lines.resetting = false;
                    lines.monitor.reset_is_over()?;
                    return Ok(Answer::Restarted);
                }
                Some(Message::Ready(_)) => bail!("the agent in the guest started again"),
                None => {
                    self.console.read();
                    self.check_alive()?;
                    if lines.waking {
                        lines.waking = !lines.monitor.wake()?;
                    }
                    if self.console.panic_ended {
                        if let Some((display, name)) = lines.panicking.take() {
                            self.console.forget_panic();
                            self.picture(&mut lines.monitor, &display, &name)?;
                            lines.resetting = true;
                            lines.monitor.reset()?;
                        }
                    }
                }
            }
            if start.elapsed() > patience {
                bail!(
                    "the guest hangs: `{command}` has not ended after {} s",
                    patience.as_secs()
                );
            }
        }
    }

    fn test(
        &mut self,
        lines: &mut Lines<'_>,
        kernel: &Kernel,
        options: &Options,
        plan: &Plan,
        test: &Test,
    ) -> Result<()> {
        let start = Instant::now();
        let mut phases = Vec::new();
        let ended = self.phases(lines, kernel, options, plan, test, &mut phases);
        let (status, result) = match ended {
            Ok(status) => (Some(status), Ok(())),
            Err(err) => (None, Err(err)),
        };
        self.record.ran.push(Ran {
            name: test.name.clone(),
            phases,
            status,
            time: start.elapsed(),
        });
        result
    }

    /// Runs a test until it ends without having reset the machine, and returns how it ended. What
    /// was printed is in `phases` even if the guest dies.
    fn phases(
        &mut self,
        lines: &mut Lines<'_>,
        kernel: &Kernel,
        options: &Options,
        plan: &Plan,
        test: &Test,
        phases: &mut Vec<String>,
    ) -> Result<String> {
        /// For a test that had to be killed, to be swept up.
        const SWEEP: Duration = Duration::from_secs(30);
        /// What a test may take of its time as a storm.
        const STORM: u32 = 30;

        let timeout =
            Duration::from_secs(test.about.timeout) * if options.storm { STORM } else { 1 };
        // The deadline in the guest is scaled already.
        let limit = timeout.mul_f64(lines.slowness).as_secs();
        loop {
            let command = format!("run {} {limit} {}", test.name, phases.len() + 1);
            let mut text = Vec::new();
            let ended = self.command_into(lines, &command, timeout + SWEEP, &mut text);
            if let Ok(Answer::Done { text: all, .. }) = &ended {
                text.clone_from(all);
            }
            phases.push(text.join("\n"));
            match ended? {
                Answer::Restarted => self.prepare(lines, kernel, options, plan)?,
                Answer::Done { status, .. } => return Ok(status),
            }
        }
    }

    fn serve(&mut self, lines: &mut Lines<'_>, call: &Call) -> Result<()> {
        let id = &call.id;
        match self.answer(lines, call) {
            Ok(text) => {
                for line in text.lines() {
                    lines
                        .guest
                        .send(&format!("re {id} | {}", line.trim_end()))?;
                }
                lines.guest.send(&format!("re {id} ok"))
            }
            Err(err) => {
                let text = format!("{err:#}").replace('\n', " ");
                lines.guest.send(&format!("re {id} error {text}"))
            }
        }
    }

    fn answer(&mut self, lines: &mut Lines<'_>, call: &Call) -> Result<String> {
        /// The guest's hot-plug driver waits 5 s before it lets go.
        const UNPLUG: Duration = Duration::from_secs(40);

        let words: Vec<&str> = call.words.iter().map(String::as_str).collect();
        let monitor = &mut lines.monitor;
        match words[..] {
            ["address", id] => monitor.address(id),
            ["plug", device] => monitor.plug(device).map(|()| String::new()),
            ["unplug", id] => {
                let patience = UNPLUG.mul_f64(lines.slowness);
                monitor.unplug(id, patience).map(|()| String::new())
            }
            ["screenshot", display, name] => {
                check_name(name)?;
                self.picture(monitor, display, name).map(|()| String::new())
            }
            ["shows", display, name, size, sum] => {
                check_name(name)?;
                let shown = self.look(monitor, display)?.to_string();
                if shown != format!("{size} {sum}") {
                    self.picture(monitor, display, name)?;
                    bail!("{name}: it shows {shown}, not {size} {sum}");
                }
                Ok(String::new())
            }
            ["colors", ref display @ ..] => {
                /// Of a picture that has more, nobody wants to know.
                const MOST: usize = 16;

                let shown = match display {
                    [] => self.shown.as_ref().context("there is no picture")?,
                    [display] => self.look(monitor, display)?,
                    _ => bail!("one display at a time"),
                };
                let colors = shown.colors().into_iter().take(MOST);
                let line = |(color, count)| format!("{color:06x} {count}\n");
                Ok(colors.map(line).collect())
            }
            ["panic", display, name] => {
                check_name(name)?;
                lines.panicking = Some((display.into(), name.into()));
                Ok(String::new())
            }
            ["hmp", _, ..] => monitor.human(&words[1..].join(" ")),
            ["wake"] => {
                lines.waking = true;
                Ok(String::new())
            }
            ["reset"] => {
                lines.resetting = true;
                monitor.reset().map(|()| String::new())
            }
            _ => bail!("no such call: {}", words.join(" ")),
        }
    }

    /// Looks at a display.
    fn look(&mut self, monitor: &mut Monitor, display: &str) -> Result<&Picture> {
        const FILE: &str = "shown.ppm";

        monitor
            .screenshot(display, FILE)
            .with_context(|| format!("no picture of the display {display}"))?;
        let path = self.dir.join(FILE);
        let picture = Picture::from_ppm(&fs::read(&path)?)?;
        fs::remove_file(&path)?;
        Ok(self.shown.insert(picture))
    }

    /// Looks at a display, and saves what it shows for people.
    fn picture(&mut self, monitor: &mut Monitor, display: &str, name: &str) -> Result<()> {
        self.look(monitor, display)?;
        let file = format!("{name}.png");
        monitor
            .screenshot(display, &file)
            .with_context(|| format!("no picture of the display {display}"))?;
        self.record.pictures.push(self.dir.join(file));
        Ok(())
    }

    fn leaks(&mut self, lines: &mut Lines<'_>) -> Result<()> {
        /// Two scans of all memory.
        const SCANS: Duration = Duration::from_secs(120);

        self.record.leaks = match self.command(lines, "leaks", SCANS)? {
            Answer::Done { status, .. } if status == "2" => None,
            Answer::Done { text, status } if status == "0" => Some(text),
            _ => bail!("kmemleak can't be read"),
        };
        Ok(())
    }

    fn shell(&mut self, lines: &mut Lines<'_>) -> Result<()> {
        const A_DAY: Duration = Duration::from_secs(24 * 3600);

        match self.command(lines, "shell", A_DAY) {
            Ok(_) => self.power_off(lines),
            // The user may end QEMU from the shell or with Ctrl-A X.
            Err(_)
                if self
                    .child
                    .try_wait()?
                    .is_some_and(|status| status.success()) =>
            {
                Ok(())
            }
            Err(err) => Err(err),
        }
    }

    fn until_closed(&mut self) -> Result<()> {
        self.child.wait().context("QEMU")?;
        Ok(())
    }

    fn power_off(&mut self, lines: &mut Lines<'_>) -> Result<()> {
        self.must(lines, "poweroff")?;
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            if start.elapsed() > Self::COMMAND.mul_f64(lines.slowness) {
                bail!("the guest hangs when it is powered off");
            }
            sleep(Self::TICK / 5);
        }
        self.console.read();
        if self.console.panicked {
            bail!("the kernel panicked when it was powered off");
        }
        Ok(())
    }
}

/// Fails if this is no name for a picture, which becomes that of a file.
fn check_name(name: &str) -> Result<()> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    ensure!(
        name.bytes().all(good),
        "a picture's name has letters, digits, - and _ only"
    );
    Ok(())
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The console log, as it grows.
struct Console {
    path: PathBuf,
    file: Option<File>,
    text: String,
    changed: Instant,
    panicked: bool,
    /// It has, and does nothing any more.
    panic_ended: bool,
}

impl Console {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            text: String::new(),
            changed: Instant::now(),
            panicked: false,
            panic_ended: false,
        }
    }

    /// Reads what is new, and says whether there was any.
    fn read(&mut self) -> bool {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        let mut new = Vec::new();
        if let Some(file) = &mut self.file {
            // A log that can't be read looks like a silent guest.
            let _ = file.read_to_end(&mut new);
        }
        if new.is_empty() {
            return false;
        }
        // The line may have come in two parts.
        let line = self.text.rfind('\n').map_or(0, |at| at + 1);
        self.text.push_str(&String::from_utf8_lossy(&new));
        self.changed = Instant::now();
        let new = &self.text[line..];
        self.panicked |= new.contains("Kernel panic - not syncing");
        self.panic_ended |= new.contains("---[ end Kernel panic");
        true
    }

    /// What has happened was wanted.
    fn forget_panic(&mut self) {
        self.panicked = false;
        self.panic_ended = false;
    }

    /// The last lines that say something.
    fn last(&self, count: usize) -> Vec<String> {
        let lines = self.text.lines().rev().map(ktap::message);
        let telling = lines.filter(|line| !line.trim().is_empty()).take(count);
        let mut last: Vec<String> = telling.map(str::to_string).collect();
        last.reverse();
        last
    }
}
