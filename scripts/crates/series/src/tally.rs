// SPDX-License-Identifier: GPL-2.0

//! Counting what passed and what failed.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

/// What came out of one kind of check.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many passed.
    pub passed: usize,
    /// What failed: how many, and what to show of it.
    pub failed: usize,
    /// How many were skipped.
    pub skipped: usize,
    /// Lines about the failures.
    pub lines: Vec<String>,
}

impl Outcome {
    /// One check, with what it found.
    pub fn of_findings<T: ToString>(findings: &[T]) -> Self {
        Self {
            passed: usize::from(findings.is_empty()),
            failed: usize::from(!findings.is_empty()),
            skipped: 0,
            lines: findings.iter().map(ToString::to_string).collect(),
        }
    }
}

struct Row {
    what: String,
    passed: usize,
    failed: usize,
    skipped: usize,
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
            Ok(outcome) if outcome.passed + outcome.failed + outcome.skipped == 0 => Outcome {
                failed: 1,
                lines: vec!["nothing was checked".into()],
                ..outcome
            },
            Ok(outcome) => outcome,
            Err(err) => Outcome {
                passed: 0,
                failed: 1,
                skipped: 0,
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
            skipped: outcome.skipped,
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
        self.slow.sort_by_key(|slow| std::cmp::Reverse(slow.1));
        print!("{self}");
        let (passed, failed, _) = self.counts();
        passed > 0 && failed == 0
    }

    /// The numbers of what passed, failed and was skipped.
    fn counts(&self) -> (usize, usize, usize) {
        self.rows.iter().fold((0, 0, 0), |sum, row| {
            (sum.0 + row.passed, sum.1 + row.failed, sum.2 + row.skipped)
        })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\npassed failed skipped     time  what")?;
        for row in &self.rows {
            let Row {
                what,
                passed,
                failed,
                skipped,
                time,
            } = row;
            let time = time.as_secs_f64();
            writeln!(f, "{passed:6} {failed:6} {skipped:7} {time:6.1} s  {what}")?;
        }
        if !self.slow.is_empty() {
            writeln!(f, "\nslowest guest tests")?;
            for (name, time) in self.slow.iter().take(5) {
                writeln!(f, "{:28.1} s  {name}", time.as_secs_f64())?;
            }
        }
        let (passed, failed, skipped) = self.counts();
        writeln!(f, "\n{passed} passed, {failed} failed, {skipped} skipped")
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
    fn skips_are_seen_and_are_no_success() {
        let mut tally = Tally::default();
        tally.check("elsewhere", || {
            Ok(Outcome {
                skipped: 3,
                ..Outcome::default()
            })
        });
        let text = tally.to_string();
        assert!(text.contains("     0      0       3 "), "{text}");
        assert!(
            text.ends_with("\n0 passed, 0 failed, 3 skipped\n"),
            "{text}"
        );
        assert!(!tally.close());
    }

    #[test]
    fn nothing_run_is_not_a_success() {
        assert!(!Tally::default().close());
        let mut tally = Tally::default();
        tally.check("good", || Ok(Outcome::of_findings::<String>(&[])));
        assert!(tally.close());
    }
}
