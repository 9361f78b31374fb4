// SPDX-License-Identifier: GPL-2.0

//! What came out of the boots, and the verdict.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ktap::{Problem, Results, Status};

use crate::machine;
use crate::plan::Plan;
use crate::supervise::{Ran, Record};
use crate::test::{Expectation, Test};

/// What came out of all boots.
#[derive(Debug, Default)]
pub struct Report {
    /// The boots, in order.
    pub boots: Vec<Boot>,
}

/// What came out of one boot.
#[derive(Debug)]
pub struct Boot {
    /// The name of the configuration.
    pub name: String,
    /// The tests, in order.
    pub tests: Vec<Outcome>,
    /// What is bound of the devices that should be.
    pub bindings: Vec<Binding>,
    /// KUnit's results in the kernel log.
    pub kunit: Option<Results>,
    /// What the kernel reported outside of any test.
    pub problems: Vec<Problem>,
    /// What else is wrong with the boot, each with lines that explain it.
    pub failures: Vec<(String, Vec<String>)>,
    /// The console log.
    pub console: PathBuf,
    /// Pictures of the displays.
    pub pictures: Vec<PathBuf>,
}

/// What came out of a test.
#[derive(Debug)]
pub struct Outcome {
    /// The name of the test.
    pub name: String,
    /// What it printed.
    pub results: Results,
    /// What is wrong apart from its results.
    pub failures: Vec<String>,
    /// What the kernel reported while it ran, other than expected.
    pub problems: Vec<Problem>,
    /// How long it took; none if it was not started.
    pub time: Option<Duration>,
}

/// A device and the driver that it should have.
#[derive(Debug, PartialEq, Eq)]
pub struct Binding {
    /// The PCI address; none if there is no such device.
    pub address: Option<String>,
    /// The PCI id.
    pub id: String,
    /// The driver that should be bound.
    pub wanted: String,
    /// The driver that was bound when the tests began.
    pub bound: Option<String>,
}

impl Binding {
    /// Whether it is the right driver.
    pub fn good(&self) -> bool {
        self.bound.as_ref() == Some(&self.wanted)
    }
}

impl Outcome {
    /// Whether it passed, and the kernel had nothing to say.
    pub fn passed(&self) -> bool {
        self.failures.is_empty() && self.problems.is_empty() && self.results.passed()
    }
}

impl Boot {
    /// Whether everything in it passed.
    pub fn passed(&self) -> bool {
        self.tests.iter().all(Outcome::passed)
            && self.bindings.iter().all(Binding::good)
            && self.kunit.as_ref().is_none_or(Results::passed)
            && self.problems.is_empty()
            && self.failures.is_empty()
    }

    /// The numbers of cases that passed, failed and were skipped. Whatever else is wrong counts
    /// as one failed case each.
    pub fn counts(&self) -> (usize, usize, usize) {
        let all = || {
            self.tests
                .iter()
                .map(|test| &test.results)
                .chain(&self.kunit)
        };
        let sum = |status| all().map(|results| results.count(status)).sum::<usize>();
        let odd: usize = self
            .tests
            .iter()
            .map(|t| t.failures.len() + t.problems.len())
            .sum();
        let odd = odd
            + all().map(|results| results.problems.len()).sum::<usize>()
            + self
                .bindings
                .iter()
                .filter(|binding| !binding.good())
                .count()
            + self.problems.len()
            + self.failures.len();
        let bound = self
            .bindings
            .iter()
            .filter(|binding| binding.good())
            .count();
        let failed = sum(Status::Failed) + odd;
        let failed = if failed == 0 && !self.passed() {
            1
        } else {
            failed
        };
        (sum(Status::Passed) + bound, failed, sum(Status::Skipped))
    }
}

impl Report {
    /// Whether something ran, and all of it passed.
    pub fn passed(&self) -> bool {
        self.counts().0 > 0 && self.boots.iter().all(Boot::passed)
    }

    /// The numbers of cases that passed, failed and were skipped.
    pub fn counts(&self) -> (usize, usize, usize) {
        self.boots
            .iter()
            .map(Boot::counts)
            .fold((0, 0, 0), |sum, boot| {
                (sum.0 + boot.0, sum.1 + boot.1, sum.2 + boot.2)
            })
    }

    /// The lines about what failed.
    pub fn failures(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for boot in self.boots.iter().filter(|boot| !boot.passed()) {
            lines.push(format!("configuration {}", boot.name));
            lines.extend(Failures(boot).to_string().lines().map(str::to_string));
        }
        lines
    }

    /// Prints it to standard output.
    pub fn print(&self) {
        print!("{self}");
    }

    /// The tests and how long they took.
    pub fn times(&self) -> Vec<(String, Duration)> {
        let mut times = Vec::new();
        for boot in &self.boots {
            for test in &boot.tests {
                if let Some(time) = test.time {
                    times.push((format!("{} ({})", test.name, boot.name), time));
                }
            }
        }
        times
    }
}

/// What the kernel must have checked by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checks {
    /// It ran KUnit.
    pub kunit: bool,
    /// It looked for leaks.
    pub leaks: bool,
}

/// Judges a boot by what was recorded and by the kernel's log.
pub fn judge(plan: &Plan, record: Record, log: &str, checks: Checks, dir: &Path) -> Boot {
    let mut problems = Attributed::new(log);
    let bindings = bindings(plan, &record.devices);
    let mut failures = Vec::new();
    let started: Vec<String> = record.ran.iter().map(|ran| ran.name.clone()).collect();
    let mut ran: BTreeMap<String, Ran> = record
        .ran
        .into_iter()
        .map(|ran| (ran.name.clone(), ran))
        .collect();
    let tests = plan
        .tests
        .iter()
        .map(|test| {
            let found = excuse(problems.of(&test.name), &test.about.expect);
            outcome(test, ran.remove(&test.name), found)
        })
        .collect();
    if let Some(failure) = record.failure {
        failures.push((failure, record.last_lines));
    }
    if checks.leaks && record.leaks.is_none() && failures.is_empty() {
        failures.push(("kmemleak did not look for leaks".into(), Vec::new()));
    }
    if let Some(leaks) = record.leaks.filter(|leaks| !leaks.is_empty()) {
        failures.push(("memory leaked (kmemleak)".into(), leaks));
    }
    for name in started.iter().filter(|name| !has_mark(log, "begin", name)) {
        let what = format!("the kernel log is not complete: it doesn't say that {name} began");
        failures.push((what, Vec::new()));
    }
    let results = ktap::kernel_log(log);
    if checks.kunit && results.is_none() {
        failures.push(("no result of KUnit in the kernel log".into(), Vec::new()));
    }
    Boot {
        name: plan.name.clone(),
        tests,
        bindings,
        kunit: results,
        problems: ktap::merge(problems.outside()),
        failures,
        console: dir.join(machine::CONSOLE),
        pictures: record.pictures,
    }
}

/// Whether the agent's mark is in the kernel log; without it, neither is what the kernel reported.
fn has_mark(log: &str, mark: &str, test: &str) -> bool {
    let mark = format!("series: {mark} {test}");
    log.lines().any(|line| ktap::message(line) == mark)
}

fn bindings(plan: &Plan, devices: &[String]) -> Vec<Binding> {
    let mut bindings = Vec::new();
    for (id, driver) in &plan.bind {
        let before = bindings.len();
        for line in devices {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let [address, this, _, bound] = words[..] {
                if this == id {
                    bindings.push(Binding {
                        address: Some(address.into()),
                        id: id.clone(),
                        wanted: driver.clone(),
                        bound: (bound != "-").then(|| bound.to_string()),
                    });
                }
            }
        }
        if bindings.len() == before {
            bindings.push(Binding {
                address: None,
                id: id.clone(),
                wanted: driver.clone(),
                bound: None,
            });
        }
    }
    bindings
}

fn outcome(
    test: &Test,
    ran: Option<Ran>,
    (problems, mut failures): (Vec<Problem>, Vec<String>),
) -> Outcome {
    let Some(ran) = ran else {
        return Outcome {
            name: test.name.clone(),
            results: Results::default(),
            failures: vec!["it was not run".into()],
            problems: Vec::new(),
            time: None,
        };
    };
    match ran.status.as_deref() {
        Some("0") => {}
        None => failures.push("the guest ended while it ran".into()),
        Some("timeout") => failures.push("it did not end in time, and was killed".into()),
        Some("stuck") => failures.push("processes that it left can't be killed".into()),
        Some("137") => failures.push("it was killed".into()),
        Some(status) => failures.push(format!("exit status {status}")),
    }
    Outcome {
        name: test.name.clone(),
        results: results(&ran.phases),
        failures,
        problems: ktap::merge(problems),
        time: Some(ran.time),
    }
}

/// How many lines of a report are shown.
const MOST_LINES: usize = 40;

/// The results of all phases of a test. Each of them is a document of its own.
fn results(phases: &[String]) -> Results {
    let mut all = Results::default();
    for phase in phases {
        let Results {
            cases,
            mut problems,
        } = ktap::output(phase);
        if cases.is_empty() {
            // What it said is all that there is to go by.
            let lines = phase.lines().filter(|line| !line.trim().is_empty());
            problems.extend(lines.take(MOST_LINES).map(str::to_string));
        }
        all.cases.extend(cases);
        all.problems.extend(problems);
    }
    all
}

/// What is left of a test's problems, and what is wrong with what it expects.
fn excuse(problems: Vec<Problem>, expect: &[Expectation]) -> (Vec<Problem>, Vec<String>) {
    let mut counts = vec![0; expect.len()];
    let mut found = Vec::new();
    for problem in problems {
        let expected = |e: &Expectation| {
            e.class == problem.class && problem.lines.iter().any(|line| line.contains(&e.text))
        };
        match expect.iter().position(expected) {
            Some(at) if counts[at] < expect[at].max => counts[at] += 1,
            _ => found.push(problem),
        }
    }
    let missing = expect
        .iter()
        .zip(&counts)
        .filter(|(expectation, count)| **count < expectation.min)
        .map(|(expectation, count)| {
            format!(
                "the kernel reported `{}` {count} times, not {}",
                expectation.text, expectation.min
            )
        })
        .collect();
    (found, missing)
}

/// The problems in a log, by the test in which they fell.
struct Attributed(Vec<(Option<String>, Problem)>);

impl Attributed {
    fn new(log: &str) -> Self {
        let mut marks: Vec<(usize, Option<String>)> = Vec::new();
        for (index, line) in log.lines().enumerate() {
            if let Some(mark) = ktap::message(line).strip_prefix("series: ") {
                if let Some(name) = mark.strip_prefix("begin ") {
                    marks.push((index + 1, Some(name.to_string())));
                } else if mark.starts_with("end ") {
                    marks.push((index + 1, None));
                }
            }
        }
        let test_at = |line: usize| {
            let before = marks.iter().take_while(|(at, _)| *at < line);
            before.last().and_then(|(_, name)| name.clone())
        };
        Self(
            ktap::scan(log)
                .into_iter()
                .map(|problem| (test_at(problem.line), problem))
                .collect(),
        )
    }

    /// Takes the problems of a test.
    fn of(&mut self, test: &str) -> Vec<Problem> {
        let (of, rest) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|(name, _)| name.as_deref() == Some(test));
        self.0 = rest;
        let of: Vec<_> = of;
        of.into_iter().map(|(_, problem)| problem).collect()
    }

    /// Takes all that are left.
    fn outside(self) -> Vec<Problem> {
        self.0.into_iter().map(|(_, problem)| problem).collect()
    }
}

/// A table for people; the same plain lines on a terminal and in a log.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for boot in &self.boots {
            if self.boots.len() > 1 {
                writeln!(f, "configuration {}", boot.name)?;
            }
            writeln!(f, "{boot}")?;
        }
        let (passed, failed, skipped) = self.counts();
        writeln!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

impl fmt::Display for Boot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, false)
    }
}

/// The part of a boot's table that says what failed.
struct Failures<'a>(&'a Boot);

impl fmt::Display for Failures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, true)
    }
}

impl Boot {
    fn write(&self, f: &mut fmt::Formatter<'_>, only_failures: bool) -> fmt::Result {
        let shown = |passed: bool| !(passed && only_failures);
        let mut table = Table(f);
        for binding in self.bindings.iter().filter(|it| shown(it.good())) {
            let device = match &binding.address {
                Some(address) => format!("{} {address}", binding.id),
                None => format!("{} (no such device)", binding.id),
            };
            let what = match &binding.bound {
                _ if binding.good() => format!("bound to {}", binding.wanted),
                Some(other) => format!("bound to {other}, not to {}", binding.wanted),
                None => format!("not bound to {}", binding.wanted),
            };
            table.row(Verdict::of(binding.good(), false), &device, &what, None)?;
        }
        if let Some(kunit) = self.kunit.as_ref().filter(|it| shown(it.passed())) {
            let verdict = Verdict::of(kunit.passed(), nothing_ran(kunit));
            table.row(verdict, "KUnit", &cases(kunit), None)?;
            table.results(kunit)?;
        }
        for test in self.tests.iter().filter(|it| shown(it.passed())) {
            let verdict = Verdict::of(test.passed(), nothing_ran(&test.results));
            table.row(verdict, &test.name, &cases(&test.results), test.time)?;
            for failure in &test.failures {
                table.detail(failure, &[])?;
            }
            if test.time.is_some() {
                table.results(&test.results)?;
            }
            for problem in &test.problems {
                table.problem(problem)?;
            }
        }
        for problem in &self.problems {
            table.row(Verdict::Failed, "kernel log", problem.class, None)?;
            table.problem(problem)?;
        }
        for (failure, lines) in &self.failures {
            table.row(Verdict::Failed, "boot", failure, None)?;
            table.detail("", lines)?;
        }
        if !self.passed() {
            table.0.write_str("  log: ")?;
            writeln!(table.0, "{}", self.console.display())?;
        }
        for picture in self.pictures.iter().filter(|_| !only_failures) {
            writeln!(table.0, "  picture: {}", picture.display())?;
        }
        Ok(())
    }
}

/// Whether all cases were skipped.
fn nothing_ran(results: &Results) -> bool {
    results.count(Status::Skipped) == results.cases.len()
}

/// The mark of a row.
#[derive(Clone, Copy)]
enum Verdict {
    Passed,
    Skipped,
    Failed,
}

impl Verdict {
    fn of(passed: bool, nothing_ran: bool) -> Self {
        match (passed, nothing_ran) {
            (true, false) => Self::Passed,
            (true, true) => Self::Skipped,
            (false, _) => Self::Failed,
        }
    }
}

/// What the cases of a test came to, in a few words.
fn cases(results: &Results) -> String {
    let counts = [
        (results.count(Status::Passed), "passed"),
        (results.count(Status::Failed), "failed"),
        (results.count(Status::Skipped), "skipped"),
    ];
    let words: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if words.is_empty() {
        "no result".into()
    } else {
        words.join(", ")
    }
}

struct Table<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl Table<'_, '_> {
    fn row(
        &mut self,
        verdict: Verdict,
        name: &str,
        what: &str,
        time: Option<Duration>,
    ) -> fmt::Result {
        let mark = match verdict {
            Verdict::Passed => "✓",
            Verdict::Skipped => "-",
            Verdict::Failed => "✗",
        };
        let time = time.map_or(String::new(), |time| format!("{:.1} s", time.as_secs_f64()));
        let line = format!("{mark} {name:<24}  {what:<40} {time:>8}");
        writeln!(self.0, "{}", line.trim_end())
    }

    fn detail(&mut self, what: &str, lines: &[String]) -> fmt::Result {
        if !what.is_empty() {
            writeln!(self.0, "    {what}")?;
        }
        for line in lines.iter().take(MOST_LINES) {
            writeln!(self.0, "      {line}")?;
        }
        if lines.len() > MOST_LINES {
            writeln!(self.0, "      ({} more lines)", lines.len() - MOST_LINES)?;
        }
        Ok(())
    }

    fn results(&mut self, results: &Results) -> fmt::Result {
        for problem in &results.problems {
            self.detail(problem, &[])?;
        }
        for case in &results.cases {
            match case.status {
                Status::Failed => {
                    self.detail(&format!("not ok: {}", case.name), &case.diagnostics)?
                }
                Status::Skipped => {
                    let gap = if case.reason.is_empty() { "" } else { ": " };
                    self.detail(&format!("skipped: {}{gap}{}", case.name, case.reason), &[])?
                }
                Status::Passed => {}
            }
        }
        Ok(())
    }

    fn problem(&mut self, problem: &Problem) -> fmt::Result {
        let times = match problem.times {
            1 => String::new(),
            times => format!(", {times} times"),
        };
        let what = format!(
            "{} (line {} of the log{times})",
            problem.class, problem.line
        );
        self.detail(&what, &problem.lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{plan_every, test};

    const GOOD: &str = "KTAP version 1\n1..1\nok 1 x\n";
    const LOG: &str = "[    1.0] Linux version\n[    2.0] series: begin a\n[    3.0] series: end a\n[    4.0] series: power off\n";

    fn plan_of(names: &[&str], more: &str) -> Plan {
        let tests: Vec<Test> = names.iter().map(|name| test(name, more)).collect();
        plan_every(&tests).unwrap().remove(0)
    }

    fn ran(name: &str, output: &str, status: Option<&str>) -> Ran {
        Ran {
            name: name.into(),
            phases: vec![output.into()],
            status: status.map(str::to_string),
            time: Duration::from_secs(1),
        }
    }

    fn record(ran: Vec<Ran>) -> Record {
        Record {
            ran,
            leaks: Some(Vec::new()),
            ..Record::default()
        }
    }

    fn judged(more: &str, record: Record, log: &str) -> Boot {
        judge(
            &plan_of(&["a"], more),
            record,
            log,
            Checks::default(),
            Path::new("/run"),
        )
    }

    fn good() -> Record {
        record(vec![ran("a", GOOD, Some("0"))])
    }

    #[track_caller]
    fn fails(boot: Boot, why: &str) {
        assert!(!boot.passed());
        assert!(boot.counts().1 > 0);
        let text = boot.to_string();
        assert!(text.contains(why), "{text}");
        assert!(text.contains("log: /run/console.log"), "{text}");
        let report = Report { boots: vec![boot] };
        assert!(report.failures().iter().any(|line| line.contains(why)));
    }

    #[test]
    fn all_is_well() {
        let boot = judged("", good(), LOG);
        assert!(boot.passed(), "{boot}");
        assert_eq!(boot.counts(), (1, 0, 0));
        assert_eq!(Failures(&boot).to_string(), "");
        assert!(!Report::default().passed());
    }

    #[test]
    fn a_test_must_run_to_its_end_and_succeed() {
        fails(judged("", record(vec![]), LOG), "it was not run");
        for (status, why) in [
            (None, "the guest ended while it ran"),
            (Some("timeout"), "did not end in time"),
            (Some("stuck"), "can't be killed"),
            (Some("137"), "it was killed"),
            (Some("2"), "exit status 2"),
        ] {
            fails(judged("", record(vec![ran("a", GOOD, status)]), LOG), why);
        }
    }

    #[test]
    fn a_test_must_report_every_case() {
        let cut = "KTAP version 1\n1..2\nok 1 x\n";
        fails(
            judged("", record(vec![ran("a", cut, Some("0"))]), LOG),
            "promises 2 results, 1 came",
        );
        fails(
            judged("", record(vec![ran("a", "hello", Some("0"))]), LOG),
            "hello",
        );
        let bad = "KTAP version 1\n1..1\n# because\nnot ok 1 x\n";
        fails(
            judged("", record(vec![ran("a", bad, Some("0"))]), LOG),
            "because",
        );
    }

    #[test]
    fn what_came_before_a_reset_counts() {
        let with = |first: &str| {
            let mut ran = ran("a", GOOD, Some("0"));
            ran.phases.insert(0, first.into());
            judged("", record(vec![ran]), LOG)
        };
        assert_eq!(with(GOOD).counts(), (2, 0, 0));
        fails(with("KTAP version 1\n1..1\nnot ok 1 early\n"), "early");
        fails(with("KTAP version 1\n1..2\nok 1 x\n"), "promises 2");
        fails(with("hello"), "no KTAP");
        // The kernel says the same of both phases.
        let warning = "[    2.5] INFO: trying to register non-static key.\n";
        let again = "[    2.6] Linux version\n[    2.7] series: begin a\n";
        let log = LOG.replace("[    3.0]", &format!("{warning}{again}[    3.0]"));
        let boot = judged("", good(), &log);
        assert_eq!(boot.tests[0].problems.len(), 1);
        fails(boot, "lockdep");
    }

    #[test]
    fn a_driver_must_be_bound_before_and_after_a_reset() {
        let mut record = good();
        for bound in ["-", "edu"] {
            let line = format!("0000:00:03.0 1234:11e8 00ff00 {bound}");
            record.devices.push(line);
        }
        let bind = "#: bind = { \"1234:11e8\" = \"edu\" }\n";
        fails(judged(bind, record, LOG), "not bound to edu");
    }

    #[test]
    fn what_is_skipped_is_seen() {
        let with = |output| judged("", record(vec![ran("a", output, Some("0"))]), LOG);
        let part = with("KTAP version 1\n1..2\nok 1 x\nok 2 y # SKIP no port\n");
        assert!(
            part.passed() && part.to_string().starts_with("✓ a "),
            "{part}"
        );
        assert!(part.to_string().contains("1 passed, 1 skipped"), "{part}");
        assert!(part.to_string().contains("skipped: y: no port"), "{part}");
        let all = with("KTAP version 1\n1..2\nok 1 x # SKIP a\nok 2 y # SKIP b\n");
        assert!(all.passed() && all.to_string().starts_with("- a "), "{all}");
        let report = Report { boots: vec![all] };
        let text = report.to_string();
        assert!(text.ends_with("0 passed, 0 failed, 2 skipped\n"), "{text}");
        assert!(!report.passed());
    }

    #[test]
    fn a_lost_test_fails() {
        let plan = plan_of(&["a", "b"], "");
        fails(
            judge(&plan, good(), LOG, Checks::default(), Path::new("/run")),
            "it was not run",
        );
    }

    #[test]
    fn devices_must_be_bound() {
        let bind = "#: bind = { \"1234:11e8\" = \"edu\" }\n";
        let with = |devices: &[&str]| {
            let mut record = good();
            record.devices = devices.iter().map(|line| line.to_string()).collect();
            judged(bind, record, LOG)
        };
        assert!(with(&["0000:00:03.0 1234:11e8 00ff00 edu"]).passed());
        fails(
            with(&["0000:00:03.0 1234:11e8 00ff00 -"]),
            "not bound to edu",
        );
        fails(
            with(&["0000:00:03.0 1234:11e8 00ff00 other"]),
            "bound to other, not to edu",
        );
        fails(with(&[]), "no such device");
        fails(
            with(&[
                "0000:00:03.0 1234:11e8 00ff00 edu",
                "0000:00:04.0 1234:11e8 00ff00 -",
            ]),
            "0000:00:04.0",
        );
    }

    #[test]
    fn a_kernel_report_fails_the_test_in_which_it_fell() {
        let warning = "[    2.5] INFO: trying to register non-static key.\n";
        let inside = LOG.replace("[    3.0]", &format!("{warning}[    3.0]"));
        let boot = judged("", good(), &inside);
        assert_eq!(boot.tests[0].problems.len(), 1);
        fails(boot, "lockdep");
        let outside = LOG.replace("[    2.0]", &format!("{warning}[    2.0]"));
        let boot = judged("", good(), &outside);
        assert_eq!((boot.tests[0].problems.len(), boot.problems.len()), (0, 1));
        fails(boot, "kernel log");
    }

    #[test]
    fn an_expected_report_must_come_exactly_as_often_as_expected() {
        let expect = "#: expect = [{ class = \"lockdep\", text = \"non-static key\" }]\n";
        let with = |count: usize| {
            let warning = "[    2.5] INFO: trying to register non-static key.\n".repeat(count);
            judged(
                expect,
                good(),
                &LOG.replace("[    3.0]", &format!("{warning}[    3.0]")),
            )
        };
        fails(with(0), "reported `non-static key` 0 times");
        assert!(with(1).passed(), "{}", with(1));
        fails(with(2), "lockdep");
    }

    #[test]
    fn an_expected_panic_is_one_that_the_boot_outlives() {
        let panic = "[    2.5] Kernel panic - not syncing: sysrq triggered crash\n[    2.0] series: begin a\n";
        let log = LOG.replace("[    3.0]", &format!("{panic}[    3.0]"));
        fails(judged("", good(), &log), "panic");
        let expect = "#: expect = [{ class = \"panic\", text = \"sysrq triggered\" }]\n";
        let boot = judged(expect, good(), &log);
        assert!(boot.passed(), "{boot}");
        let mut record = record(vec![ran("a", GOOD, None)]);
        record.failure = Some("the kernel panicked".into());
        fails(judged(expect, record, &log), "the kernel panicked");
    }

    #[test]
    fn what_else_fails_a_boot() {
        let mut hung = good();
        hung.failure = Some("the guest hangs".into());
        hung.last_lines = vec!["last words".into()];
        fails(judged("", hung, LOG), "last words");
        let mut leaking = good();
        leaking.leaks = Some(vec!["unreferenced object 0xffff (size 64):".into()]);
        fails(judged("", leaking, LOG), "unreferenced object");
        let plan = plan_of(&["a"], "");
        let kunit = Checks {
            kunit: true,
            leaks: false,
        };
        fails(
            judge(&plan, good(), LOG, kunit, Path::new("/run")),
            "no result of KUnit",
        );
        let mut blind = good();
        blind.leaks = None;
        let leaks = Checks {
            kunit: false,
            leaks: true,
        };
        fails(
            judge(&plan, blind, LOG, leaks, Path::new("/run")),
            "kmemleak did not look",
        );
        // The log was lost with the mark of the test in it.
        fails(judged("", good(), ""), "doesn't say that a began");
        let kunit = "[ 1.0] KTAP version 1\n[ 1.0] 1..2\n[ 1.0]     KTAP version 1\n[ 1.0]     1..1\n[ 1.0]     ok 1 x\n[ 1.0] ok 1 s\n";
        fails(judged("", good(), kunit), "promises 2 results");
    }
}
