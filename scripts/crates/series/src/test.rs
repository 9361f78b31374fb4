// SPDX-License-Identifier: GPL-2.0

//! `cargo series test`: all tests.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use run::Cache;

use crate::boot;
use crate::check;
use crate::tally::{Outcome, Tally};
use crate::workbench::{Flavour, Workbench};

/// Which tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Those that take under two minutes.
    Quick,
    /// All that fit in an hour.
    Usual,
    /// The same, with storms.
    Storm,
}

/// Runs them.
pub fn test(bench: &Workbench, extent: Extent) -> Result<bool> {
    let ready = bench.ready()?;
    let mut tally = Tally::default();
    of_tools(bench, extent, &mut tally);
    check::of_patches(&ready, &mut tally);
    if extent == Extent::Quick {
        return Ok(tally.close());
    }
    check::of_code(&ready, &mut tally);
    tally.check("must not compile", || {
        let config = ready.config(Flavour::Debug)?;
        let step = bench.ui.step("Compiling what must not compile");
        let cases = ready
            .build(&config)
            .refused(&step, &bench.top.join("scripts/refused"))?;
        let lines: Vec<_> = cases
            .iter()
            .filter_map(|(name, wrong)| Some(format!("{name}: {}", wrong.as_ref()?)))
            .collect();
        step.done(format!("{} cases", cases.len()));
        Ok(Outcome {
            passed: cases.len() - lines.len(),
            failed: lines.len(),
            skipped: 0,
            lines,
        })
    });
    let mut times = Vec::new();
    tally.check("KUnit, doctests and guest tests", || {
        let storm = extent == Extent::Storm;
        let report = boot::run(&ready, &boot::Boot::tests(storm), vm::Extent::Every)?;
        times = report.times();
        report.print();
        let (passed, failed, skipped) = report.counts();
        Ok(Outcome {
            passed,
            failed,
            skipped,
            lines: report.failures(),
        })
    });
    for (name, time) in times {
        tally.timed(name, time);
    }
    Ok(tally.close())
}

/// The tests, format and lints of the tools themselves.
fn of_tools(bench: &Workbench, extent: Extent, tally: &mut Tally) {
    let workspace = bench.top.join("scripts/Cargo.toml");
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command
            .arg(arguments[0])
            .arg("--manifest-path")
            .arg(&workspace)
            .args(&arguments[1..]);
        command
    };
    tally.check("tools: tests", || {
        let step = bench.ui.step("Testing the tools");
        let mut test = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
        if extent == Extent::Storm {
            test.env("FRAMES_INPUTS", "10000000");
        }
        let outcome = cargo_tests(&bench.cache, test, |line| step.message(line))?;
        step.done(format!("{} passed", outcome.passed));
        Ok(outcome)
    });
    for (what, arguments) in [
        ("tools: rustfmt", &["fmt", "--all", "--check"][..]),
        (
            "tools: clippy",
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--",
                "-D",
                "warnings",
            ],
        ),
    ] {
        tally.check(what, || {
            let log = bench.cache.new_log(&what.replace(": ", "-"))?;
            let step = bench.ui.step(what);
            run::logged(cargo(arguments), what, &log, |line| step.message(line))?;
            step.done("");
            Ok(Outcome::of_findings::<String>(&[]))
        });
    }
}

/// Runs `cargo test` and counts.
fn cargo_tests(cache: &Cache, test: Command, mut show: impl FnMut(&str)) -> Result<Outcome> {
    let log = cache.new_log("tools-tests")?;
    let mut outcome = Outcome::default();
    let ended = run::logged(test, "cargo test", &log, |line| {
        show(line);
        count(line, &log, &mut outcome);
    });
    if let (Err(err), 0) = (ended, outcome.failed) {
        return Err(err);
    }
    Ok(outcome)
}

fn count(line: &str, log: &Path, outcome: &mut Outcome) {
    if let Some(name) = line
        .strip_prefix("test ")
        .and_then(|rest| rest.strip_suffix(" ... FAILED"))
    {
        outcome
            .lines
            .push(format!("{name} (log: {})", log.display()));
    }
    let Some(result) = line.strip_prefix("test result: ") else {
        return;
    };
    let number = |unit: &str| {
        result
            .split([';', '.'])
            .find_map(|part| part.trim().strip_suffix(unit)?.trim().parse::<usize>().ok())
            .unwrap_or(0)
    };
    outcome.passed += number("passed");
    outcome.failed += number("failed");
    outcome.skipped += number("ignored");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_cargo_are_counted() {
        let mut outcome = Outcome::default();
        for line in [
            "test a::b ... ok",
            "test a::c ... FAILED",
            "test result: FAILED. 12 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out",
            "test result: ok. 3 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out",
        ] {
            count(line, Path::new("l"), &mut outcome);
        }
        let Outcome {
            passed,
            failed,
            skipped,
            ..
        } = outcome;
        assert_eq!((passed, failed, skipped), (15, 1, 2));
        assert_eq!(outcome.lines, ["a::c (log: l)"]);
    }
}
