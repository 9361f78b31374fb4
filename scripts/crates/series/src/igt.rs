// SPDX-License-Identifier: GPL-2.0

//! `cargo series igt`: the IGT suite on the display driver in C, and on the one in Rust, and a
//! compositor on the one in Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result};
use ktap::{Case, Status};
use run::Failure;

use crate::boot::{self, Boot, Guest};
use crate::workbench::Workbench;

/// The guest tests, in `scripts/guest/igt`, of the driver in C and of the one in Rust.
const C: &str = "bochs";
const RUST: &str = "bochs-rust";

/// That of the compositor. It can be named in place of test binaries.
const WESTON: &str = "weston";

/// The package list of the root of the guests.
const PACKAGES: &str = "scripts/igt/packages";

/// Runs it on both drivers, and prints what came out. If `binaries` is empty, all of them, and the
/// compositor.
///
/// The driver in Rust must pass what the one in C passes.
pub fn igt(bench: &Workbench, debug: bool, binaries: &[String]) -> Result<bool> {
    let ready = bench.ready()?;
    let root = toolroot::igt(&bench.ui, &bench.cache, &bench.top.join(PACKAGES))?;
    let mut plans = vm::plans_apart(&bench.top.join("scripts/guest"), "igt")?;
    let weston_only = binaries == [WESTON];
    if !binaries.is_empty() {
        plans.retain(|plan| (plan.name == WESTON) == weston_only);
    }
    let report = boot::run_plans(
        &ready,
        &Boot {
            debug,
            ..Boot::default()
        },
        &Guest {
            root: Some(root),
            variables: vec![("IGT_BINARIES".into(), binaries.join(" "))],
        },
        &plans,
    )?;

    let mut wrong = Vec::new();
    let mut results: BTreeMap<&str, Results> = BTreeMap::new();
    let mut failed = String::new();
    for boot in &report.boots {
        for (failure, lines) in &boot.failures {
            wrong.push(format!("{}: {failure}", boot.name));
            wrong.extend(lines.iter().map(|line| format!("    {line}")));
        }
        for test in &boot.tests {
            for failure in test.failures.iter().chain(&test.results.problems) {
                wrong.push(format!("{}: {failure}", test.name));
            }
            // What the driver in C makes the kernel say is not our business.
            if test.name != C {
                for problem in test.problems.iter().chain(&boot.problems) {
                    wrong.push(format!("{}: the kernel reported:", test.name));
                    wrong.extend(problem.lines.iter().map(|line| format!("    {line}")));
                }
            }
            if test.name == WESTON {
                for case in &test.results.cases {
                    if case.status != Status::Passed {
                        wrong.push(format!("{}: {}", test.name, case.name));
                        wrong.extend(case.diagnostics.iter().map(|line| format!("    {line}")));
                    }
                }
                println!("{}: {} checks", test.name, test.results.cases.len());
                continue;
            }
            results.insert(&test.name, collect(&test.results.cases));
            for case in &test.results.cases {
                if case.status == Status::Failed {
                    let _ = writeln!(failed, "\n{}: {}", test.name, case.name);
                    for line in &case.diagnostics {
                        let _ = writeln!(failed, "    {line}");
                    }
                }
            }
        }
    }
    if weston_only {
        wrong.iter().for_each(|line| println!("{line}"));
        return Ok(wrong.is_empty());
    }
    let (Some(c), Some(rust)) = (results.get(C), results.get(RUST)) else {
        return Err(Failure::new("IGT was not run on both drivers")
            .lines(wrong)
            .into());
    };

    let table = table(c, rust);
    print!("{table}");
    let file = bench.cache.path("out/igt.txt");
    fs::write(&file, table + &failed)
        .with_context(|| format!("cannot write {}", file.display()))?;
    println!(
        "\nThe table, and why subtests failed, is in {}",
        file.display()
    );
    for boot in &report.boots {
        println!("kernel log: {}", boot.console.display());
    }
    for line in &wrong {
        println!("{line}");
    }
    Ok(wrong.is_empty() && !c.is_empty() && worse(c, rust).is_empty())
}

/// Subtests, `BINARY@SUBTEST`, and how they ended.
type Results = BTreeMap<String, Status>;

fn collect(cases: &[Case]) -> Results {
    cases
        .iter()
        .map(|case| (case.name.clone(), case.status))
        .collect()
}

/// The subtests that only the driver in C passes.
fn worse<'a>(c: &'a Results, rust: &Results) -> Vec<&'a str> {
    c.iter()
        .filter(|(name, status)| {
            **status == Status::Passed && rust.get(*name) != Some(&Status::Passed)
        })
        .map(|(name, _)| name.as_str())
        .collect()
}

fn binary(subtest: &str) -> &str {
    subtest.split('@').next().unwrap_or(subtest)
}

/// For each binary, what came out of both drivers.
fn table(c: &Results, rust: &Results) -> String {
    const COLUMNS: [Status; 3] = [Status::Passed, Status::Failed, Status::Skipped];

    let counts = |results: &Results, of: Option<&str>| {
        COLUMNS.map(|column| {
            let is_it = |(name, status): &(&String, &Status)| {
                **status == column && of.is_none_or(|of| binary(name) == of)
            };
            results.iter().filter(is_it).count()
        })
    };
    let mut text = format!(
        "{:32} {:>22}   {:>22}\n{:32} {:>6} {:>7} {:>7}   {:>6} {:>7} {:>7}\n",
        "", "bochs", "bochs_rust", "", "passed", "failed", "skipped", "passed", "failed", "skipped"
    );
    let binaries: BTreeSet<_> = c
        .keys()
        .chain(rust.keys())
        .map(|name| binary(name))
        .collect();
    let rows = binaries.into_iter().map(|name| (name, Some(name)));
    for (title, of) in rows.chain([("all", None)]) {
        let ([a, b, c], [d, e, f]) = (counts(c, of), counts(rust, of));
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{title:32} {a:>6} {b:>7} {c:>7}   {d:>6} {e:>7} {f:>7}"
        );
    }
    for (title, names) in [
        ("passed by bochs only", worse(c, rust)),
        ("passed by bochs_rust only", worse(rust, c)),
    ] {
        let _ = writeln!(text, "\n{title}: {}", names.len());
        for name in names {
            let _ = writeln!(text, "  {name}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(all: &[(&str, Status)]) -> Results {
        all.iter()
            .map(|(name, status)| (name.to_string(), *status))
            .collect()
    }

    #[test]
    fn what_one_driver_passes_and_the_other_does_not() {
        let c = results(&[
            ("kms_a@x", Status::Passed),
            ("kms_a@y", Status::Passed),
            ("kms_a@z", Status::Failed),
            ("kms_b", Status::Passed),
        ]);
        let rust = results(&[
            ("kms_a@x", Status::Passed),
            ("kms_a@y", Status::Skipped),
            ("kms_a@z", Status::Passed),
        ]);
        // What did not run has not passed.
        assert_eq!(worse(&c, &rust), ["kms_a@y", "kms_b"]);
        assert_eq!(worse(&rust, &c), ["kms_a@z"]);

        let table = table(&c, &rust);
        let row = |name: &str| -> Vec<usize> {
            let line = table.lines().find(|line| line.starts_with(name)).unwrap();
            let words = line.split_whitespace().skip(1);
            words.map(|word| word.parse().unwrap()).collect()
        };
        assert_eq!(row("kms_a "), [2, 1, 0, 2, 0, 1]);
        assert_eq!(row("kms_b "), [1, 0, 0, 0, 0, 0]);
        assert_eq!(row("all "), [3, 1, 0, 2, 0, 1]);
        assert!(table.contains("passed by bochs only: 2\n  kms_a@y\n  kms_b\n"));
    }
}
