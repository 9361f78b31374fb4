// SPDX-License-Identifier: GPL-2.0

//! `cargo series bench --display` and `--wlan`: what the same takes with a driver in Rust, and with the
//! one in C.
//!
//! Both are used one after the other in the same guest. Where the clock of the guest counts
//! instructions, a time is a number of these.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result};
use run::Failure;

use crate::boot::{self, Boot, Guest};
use crate::workbench::{Flavour, Workbench};

/// A driver in Rust and the one in C.
pub struct Twins {
    /// Both, in C and in Rust, as the guest tests name them.
    drivers: [&'static str; 2],
    /// Their objects.
    objects: [&'static str; 2],
    /// The directory in `scripts/guest` with the tests.
    dir: &'static str,
    tests: &'static [Test],
    wait: Option<Wait>,
    /// What Rust may need more for, and why.
    why: &'static [(&'static str, &'static str)],
}

/// A guest test that measures.
struct Test {
    name: &'static str,
    /// What its numbers are.
    title: &'static str,
    more_is_better: bool,
    /// How much worse Rust may be without a reason.
    limit: f64,
}

/// What only the driver in Rust does, once in each of some calls.
struct Wait {
    /// The name of the result that says what it takes.
    what: &'static str,
    calls: &'static [&'static str],
    note: &'static str,
}

/// Display drivers.
pub const DISPLAY: Twins = Twins {
    drivers: ["bochs", "bochs_rust"],
    objects: [
        "drivers/gpu/drm/tiny/bochs.o",
        "drivers/gpu/drm/tiny/bochs_rust.o",
    ],
    dir: "bench",
    tests: &[
        Test {
            name: "instructions",
            title: "instructions of the whole guest for a call",
            more_is_better: false,
            limit: 1.05,
        },
        // Speed depends on what else the machine does.
        Test {
            name: "bandwidth",
            title: "MB/s of the CPU that the caller has had",
            more_is_better: true,
            limit: 1.2,
        },
    ],
    wait: Some(Wait {
        what: "wait for a frame",
        calls: &["commit of", "page flip", "mode set"],
        note: "bochs tells user space that a frame is shown as soon as it has been written; \
               bochs_rust has a timer\nfor frames, and waits. The second ratio is without what \
               that takes.",
    }),
    why: &[
        (
            "update of 64x64 pixels",
            "it waits for a frame each time",
        ),
        (
            "code and constants",
            "what the abstractions have for each driver is compiled into it; it also has vertical\n\
             blanks, RGB565 and its conversion",
        ),
    ],
};

/// Drivers of software radios.
pub const WLAN: Twins = Twins {
    drivers: ["mac80211_hwsim", "hwsim_rust"],
    objects: [
        "drivers/net/wireless/virtual/mac80211_hwsim.o",
        "drivers/net/wireless/virtual/hwsim_rust/hwsim_rust.o",
    ],
    dir: "bench-wlan",
    tests: &[
        Test {
            name: "frames",
            title: "instructions of the whole guest",
            more_is_better: false,
            limit: 1.05,
        },
        Test {
            name: "throughput",
            title: "kbit for 10^9 instructions of the guest",
            more_is_better: true,
            limit: 1.05,
        },
    ],
    wait: None,
    why: &[],
};

/// What was measured, and on which driver.
#[derive(Debug, PartialEq, Eq)]
struct Measured {
    driver: String,
    what: String,
    number: u64,
}

impl Measured {
    /// From the name of a result.
    fn parse(case: &str) -> Option<Self> {
        let (driver, rest) = case.split_once(": ")?;
        let (what, number) = rest.rsplit_once(": ")?;
        Some(Self {
            driver: driver.into(),
            what: what.into(),
            number: number.parse().ok()?,
        })
    }
}

/// A part of the table.
struct Section {
    title: &'static str,
    more_is_better: bool,
    limit: f64,
    measured: Vec<Measured>,
}

/// Measures both, and prints the ratios.
pub fn bench(bench: &Workbench, twins: &Twins) -> Result<bool> {
    let ready = bench.ready()?;
    let plans = vm::plans_apart(&bench.top.join("scripts/guest"), twins.dir)?;
    let measuring = Boot {
        bench: true,
        ..Boot::default()
    };
    let mut sections = Vec::new();
    for test in twins.tests {
        let plan = plans.iter().filter(|plan| plan.name == test.name);
        let plans: Vec<_> = plan.cloned().collect();
        // One by one: they would take the time from each other.
        let report = boot::run_plans(&ready, &measuring, &Guest::default(), &plans)?;
        if !report.passed() {
            report.print();
            return Ok(false);
        }
        let tests = report.boots.iter().flat_map(|boot| &boot.tests);
        let cases = tests.flat_map(|test| &test.results.cases);
        let measured: Vec<_> = cases
            .filter_map(|case| Measured::parse(&case.name))
            .collect();
        if measured.is_empty() {
            return Err(Failure::new(format!("nothing was measured in {}", test.name)).into());
        }
        sections.push(Section {
            title: test.title,
            more_is_better: test.more_is_better,
            limit: test.limit,
            measured,
        });
    }
    sections.push(sizes(&ready, twins)?);

    let (table, bad) = table(twins, &sections);
    print!("{table}");
    let file = bench.cache.path(format!("out/{}.txt", twins.dir));
    fs::write(&file, table).with_context(|| format!("cannot write {}", file.display()))?;
    println!("\nThe table is in {}", file.display());
    Ok(bad == 0)
}

/// The sizes of the drivers themselves, in bytes.
fn sizes(ready: &crate::workbench::Ready<'_>, twins: &Twins) -> Result<Section> {
    let config = ready.config(Flavour::Bench)?;
    let build = ready.build(&config);
    let mut measured = Vec::new();
    for (driver, object) in twins.drivers.into_iter().zip(twins.objects) {
        let (code, data) = build.size(&build.out().join(object))?;
        for (what, number) in [("code and constants", code), ("data", data)] {
            measured.push(Measured {
                driver: driver.into(),
                what: what.into(),
                number,
            });
        }
    }
    Ok(Section {
        title: "bytes of the driver",
        more_is_better: false,
        limit: 1.0,
        measured,
    })
}

/// The table, and how often Rust is worse than it may be.
fn table(twins: &Twins, sections: &[Section]) -> (String, usize) {
    let [c, rust] = twins.drivers;
    let (mut text, mut notes) = (String::new(), String::new());
    let (mut bad, mut waits) = (0, false);
    for section in sections {
        let of = |driver: &str, what: &str| {
            let mut measured = section.measured.iter();
            let found = measured.find(|it| it.driver == driver && it.what == what);
            found.map(|measured| measured.number)
        };
        let wait = twins
            .wait
            .as_ref()
            .and_then(|wait| Some((wait, of(rust, wait.what)?)));
        waits |= wait.is_some();
        // Writing to a string can't fail, here and below.
        let _ = writeln!(
            text,
            "{:44} {c:>14} {rust:>10} {:>6} {}",
            section.title,
            "ratio",
            if wait.is_some() {
                "without waiting"
            } else {
                ""
            }
        );
        let mut seen = BTreeSet::new();
        for what in section
            .measured
            .iter()
            .map(|measured| measured.what.as_str())
        {
            if !seen.insert(what) {
                continue;
            }
            let (in_c, in_rust) = (of(c, what), of(rust, what));
            let show = |number: Option<u64>| number.map_or("-".into(), |it| it.to_string());
            let mut line = format!("  {what:42} {:>14} {:>10}", show(in_c), show(in_rust));
            if let (Some(in_c @ 1..), Some(in_rust)) = (in_c, in_rust) {
                let worse = |in_rust: u64| {
                    let ratio = in_rust as f64 / in_c as f64;
                    let worse = if section.more_is_better {
                        1.0 / ratio
                    } else {
                        ratio
                    };
                    // A program is the same, whatever the driver.
                    (ratio, worse > section.limit && !what.starts_with("copy"))
                };
                let (ratio, mut flagged) = worse(in_rust);
                let _ = write!(line, " {ratio:>6.2}");
                let waited = wait.filter(|(wait, _)| {
                    let mut calls = wait.calls.iter();
                    calls.any(|call| what.starts_with(call))
                });
                if let Some((_, time)) = waited {
                    let (ratio, still) = worse(in_rust.saturating_sub(time));
                    let _ = write!(line, " {ratio:>6.2}");
                    flagged = still;
                }
                if flagged {
                    let why = twins.why.iter().find(|(name, _)| *name == what);
                    bad += usize::from(why.is_none());
                    let why = why.map_or("not explained", |(_, why)| why);
                    line += " !";
                    let _ = writeln!(notes, "! {what}: {why}");
                }
            } else if wait.is_none_or(|(wait, _)| wait.what != what)
                && (in_c.is_none() || in_rust.is_none())
            {
                bad += 1;
                line += " !";
            }
            let _ = writeln!(text, "{line}");
        }
    }
    if let (Some(wait), true) = (&twins.wait, waits) {
        let _ = writeln!(text, "\n{}", wait.note);
    }
    if !notes.is_empty() {
        let _ = write!(text, "\n{notes}");
    }
    (text, bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(more_is_better: bool, cases: &[&str]) -> Section {
        Section {
            title: "title",
            more_is_better,
            limit: 1.05,
            measured: cases
                .iter()
                .map(|case| Measured::parse(case).unwrap())
                .collect(),
        }
    }

    #[test]
    fn ratios() {
        let cases = [
            "bochs: full update: 2000",
            "bochs: x: 10",
            "bochs_rust: full update: 2500",
        ];
        let (text, bad) = table(&DISPLAY, &[section(false, &cases)]);
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(lines[1], ["full", "update", "2000", "2500", "1.25", "!"]);
        assert_eq!(lines[2], ["x", "10", "-", "!"]);
        // Without an explanation, and without a result.
        assert_eq!(bad, 2);
        assert_eq!(Measured::parse("bochs: full update"), None);

        // What is explained by waiting, and what is not.
        let cases = [
            "bochs: page flip: 2000",
            "bochs: check: 2000",
            "bochs_rust: wait for a frame: 500",
            "bochs_rust: page flip: 2500",
            "bochs_rust: check: 2500",
        ];
        let (text, bad) = table(&DISPLAY, &[section(false, &cases)]);
        assert_eq!(bad, 1);
        assert!(text.contains(" 1.25   1.00\n"), "{text}");

        let cases = ["bochs: full update: 2000", "bochs_rust: full update: 2500"];
        assert_eq!(table(&DISPLAY, &[section(true, &cases)]).1, 0);
        let cases = ["bochs: copy: 2500", "bochs_rust: copy: 2000"];
        assert_eq!(table(&DISPLAY, &[section(true, &cases)]).1, 0);
    }
}
