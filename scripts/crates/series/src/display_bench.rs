// SPDX-License-Identifier: GPL-2.0

//! `cargo series bench --display`: what commits take on the display driver in Rust, and on the one in
//! C.
//!
//! Both are bound to the same device, in guests whose clock counts instructions. What counts is the
//! time of a CPU that the task has had which makes the calls.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result};
use run::Failure;

use crate::boot::{self, Boot, Guest};
use crate::workbench::Workbench;

/// The guest tests, in `scripts/guest/bench`, of the driver in C and of the one in Rust.
const C: &str = "bochs";
const RUST: &str = "bochs-rust";

/// Measures both, and prints the ratios.
pub fn bench(bench: &Workbench) -> Result<bool> {
    let ready = bench.ready()?;
    let plans = vm::plans_apart(&bench.top.join("scripts/guest"), "bench")?;
    let measuring = Boot {
        bench: true,
        ..Boot::default()
    };
    let report = boot::run_plans(&ready, &measuring, &Guest::default(), &plans)?;
    let mut results = BTreeMap::new();
    for test in report.boots.iter().flat_map(|boot| &boot.tests) {
        let measured: Vec<_> = test
            .results
            .cases
            .iter()
            .filter_map(|case| parse(&case.name))
            .collect();
        results.insert(test.name.as_str(), measured);
    }
    if !report.passed() {
        report.print();
    }
    let (Some(c), Some(rust)) = (results.get(C), results.get(RUST)) else {
        return Err(Failure::new("nothing was measured").into());
    };
    let table = table(c, rust);
    print!("{table}");
    let file = bench.cache.path("out/display-bench.txt");
    fs::write(&file, table).with_context(|| format!("cannot write {}", file.display()))?;
    println!("\nThe table is in {}", file.display());
    Ok(report.passed())
}

/// What was measured, and the result.
fn parse(case: &str) -> Option<(String, u64)> {
    let (what, number) = case.rsplit_once(": ")?;
    Some((what.into(), number.parse().ok()?))
}

fn table(c: &[(String, u64)], rust: &[(String, u64)]) -> String {
    let mut text = format!(
        "{:32} {:>12} {:>12} {:>6}\n",
        "instructions of a call", "bochs", "bochs_rust", "ratio"
    );
    for (what, in_c) in c {
        let other = rust.iter().find(|(other, _)| other == what);
        // Writing to a string can't fail.
        let _ = match other {
            Some((_, in_rust)) => {
                let ratio = *in_rust as f64 / *in_c as f64;
                writeln!(text, "{what:32} {in_c:>12} {in_rust:>12} {ratio:>6.2}")
            }
            None => writeln!(text, "{what:32} {in_c:>12} {:>12} {:>6}", "-", "-"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios() {
        let c = [parse("full update: 2000"), parse("other: 10")].map(Option::unwrap);
        let rust = [parse("full update: 2500").unwrap()];
        let text = table(&c, &rust);
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(lines[1], ["full", "update", "2000", "2500", "1.25"]);
        assert_eq!(lines[2], ["other", "10", "-", "-"]);
        assert_eq!(parse("full update"), None);
    }
}
