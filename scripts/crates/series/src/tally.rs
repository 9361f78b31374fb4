// SPDX-License-Identifier: GPL-2.0

//! Counting what passed and what failed.

use std::time::{Duration, Instant};

use anyhow::Result;

/// What came out of one kind of check.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many passed.
    pub passed: usize,
    /// What failed: how many, and what to show of it.
    pub failed: usize,
    /// Lines about the failures.
    pub lines: Vec<String>,
}

impl Outcome {
    /// One check, with what it found.
    pub fn of_findings<T: ToString>(findings: &[T]) -> Self {
        Self {
            passed: usize::from(findings.is_empty()),
            failed: usize::from(!findings.is_empty()),
            lines: findings.iter().map(ToString::to_string).collect(),
        }
    }
}

struct Row {
    what: String,
    passed: usize,
    failed: usize,
    time: Duration,
}

/// All of it.
#[derive(Default)]
pub struct Tally {
    rows: Vec<Row>,
    slow: Vec<(String, Duration)>,
}

impl Tally {
    /// Runs a check. One that could not be made has failed.
    pub fn check(&mut self, what: &str, check: impl FnOnce() -> Result<Outcome>) {
        let start = Instant::now();
        let outcome = match check() {
            Ok(outcome) if outcome.passed + outcome.failed == 0 => Outcome {
                failed: 1,
                lines: vec!["nothing was checked".into()],
                ..outcome
            },
            Ok(outcome) => outcome,
            Err(err) => Outcome {
                passed: 0,
                failed: 1,
                lines: crate::chain(&err).lines().map(str::to_string).collect(),
            },
        };
        if outcome.failed > 0 {
            eprintln!("✗ {what}");
            for line in &outcome.lines {
                eprintln!("    {line}");
            }
        }
        self.rows.push(Row {
            what: what.into(),
            passed: outcome.passed,
            failed: outcome.failed,
            time: start.elapsed(),
        });
    }

    /// A single test with its time, for the list of the slowest.
    pub fn timed(&mut self, name: String, time: Duration) {
        self.slow.push((name, time));
    }

    /// Prints the table, the slowest tests and the closing line; true if something ran and all of
    /// it passed.
    pub fn close(mut self) -> bool {
        println!("\npassed failed     time  what");
        for row in &self.rows {
            println!(
                "{:6} {:6} {:6.1} s  {}",
                row.passed,
                row.failed,
                row.time.as_secs_f64(),
                row.what
            );
        }
        self.slow.sort_by_key(|slow| std::cmp::Reverse(slow.1));
        if !self.slow.is_empty() {
            println!("\nslowest guest tests");
            for (name, time) in self.slow.iter().take(5) {
                println!("{:20.1} s  {name}", time.as_secs_f64());
            }
        }
        let passed: usize = self.rows.iter().map(|row| row.passed).sum();
        let failed: usize = self.rows.iter().map(|row| row.failed).sum();
        println!("\n{passed} passed, {failed} failed");
        passed > 0 && failed == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_could_not_be_made_has_failed() {
        let mut tally = Tally::default();
        tally.check("good", || Ok(Outcome::of_findings::<String>(&[])));
        tally.check("none", || anyhow::bail!("no tool"));
        assert_eq!((tally.rows[1].passed, tally.rows[1].failed), (0, 1));
        assert!(!tally.close());
    }

    #[test]
    fn a_check_of_nothing_has_failed() {
        let mut tally = Tally::default();
        tally.check("empty", || Ok(Outcome::default()));
        assert_eq!((tally.rows[0].passed, tally.rows[0].failed), (0, 1));
    }

    #[test]
    fn nothing_run_is_not_a_success() {
        assert!(!Tally::default().close());
        let mut tally = Tally::default();
        tally.check("good", || Ok(Outcome::of_findings::<String>(&[])));
        assert!(tally.close());
    }
}
