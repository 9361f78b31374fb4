// SPDX-License-Identifier: GPL-2.0

//! KTAP version 1, as KUnit prints it into the kernel log and as test programs print it.

use std::collections::VecDeque;

use crate::message;

/// How a test case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It passed.
    Passed,
    /// It failed, timed out or ended in an error.
    Failed,
    /// It did not run, and said so.
    Skipped,
}

/// One test case. A test with subtests is not a case of its own, unless it failed although none of
/// its subtests did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The names of the tests it is in and its own, joined by dots.
    pub name: String,
    /// How it ended.
    pub status: Status,
    /// What follows the directive: why it was skipped.
    pub reason: String,
    /// What was printed before a failed case, since the case before it.
    pub diagnostics: Vec<String>,
}

/// What a test printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// The cases in the order in which they came.
    pub cases: Vec<Case>,
    /// What is wrong with the output itself.
    pub problems: Vec<String>,
}

impl Results {
    /// Whether something ran, nothing failed, and nothing is missing.
    pub fn passed(&self) -> bool {
        self.problems.is_empty() && !self.cases.is_empty() && self.count(Status::Failed) == 0
    }

    /// The number of cases that ended with `status`.
    pub fn count(&self, status: Status) -> usize {
        self.cases
            .iter()
            .filter(|case| case.status == status)
            .count()
    }
}

/// The results in the output of a test program.
pub fn output(text: &str) -> Results {
    let mut parser = Parser::new(Source::Program);
    for line in text.lines() {
        parser.line(line.trim_end());
    }
    let mut results = parser.finish();
    if results.cases.is_empty() && results.problems.is_empty() {
        results
            .problems
            .push("there is no KTAP in the output".into());
    }
    results
}

/// The results of KUnit in a kernel log; none if KUnit printed nothing.
pub fn kernel_log(log: &str) -> Option<Results> {
    let mut parser = Parser::new(Source::KernelLog);
    for line in log.lines() {
        parser.line(message(line));
    }
    let seen = !parser.levels.is_empty() || !parser.results.cases.is_empty();
    let results = parser.finish();
    (seen || !results.problems.is_empty()).then_some(results)
}

#[derive(Clone, Copy, PartialEq)]
enum Source {
    /// One document, with a plan.
    Program,
    /// A document of the built-in suites; then suites of modules, which have no plan around them
    /// and go on counting.
    KernelLog,
}

/// The tests at one depth of indentation.
struct Level {
    indent: usize,
    plan: Option<usize>,
    skipped_by_plan: Option<String>,
    results: usize,
    cases: Vec<Case>,
}

impl Level {
    fn new(indent: usize) -> Self {
        Self {
            indent,
            plan: None,
            skipped_by_plan: None,
            results: 0,
            cases: Vec::new(),
        }
    }

    /// What is wrong with it now that nothing more will come.
    fn complaint(&self, name: &str) -> Option<String> {
        match self.plan {
            Some(0) if self.skipped_by_plan.is_none() && self.results == 0 => {
                Some(format!("{name}: the plan has no test"))
            }
            Some(plan) if plan != self.results => Some(format!(
                "{name}: the plan promises {plan} results, {} came",
                self.results
            )),
            _ => None,
        }
    }
}

struct Parser {
    source: Source,
    levels: Vec<Level>,
    recent: VecDeque<String>,
    results: Results,
}

impl Parser {
    const MOST_DIAGNOSTICS: usize = 40;

    fn new(source: Source) -> Self {
        Self {
            source,
            levels: Vec::new(),
            recent: VecDeque::new(),
            results: Results::default(),
        }
    }

    fn line(&mut self, line: &str) {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if is_version(text) {
            self.version(indent);
        } else if let Some((plan, skipped)) = plan(text) {
            self.plan(indent, plan, skipped);
        } else if let Some(outcome) = outcome(text) {
            self.result(indent, outcome);
        } else if let Some(reason) = text.strip_prefix("Bail out!") {
            self.problem(format!("the test gave up: {}", reason.trim()));
        } else if !text.is_empty() {
            if self.recent.len() == Self::MOST_DIAGNOSTICS {
                self.recent.pop_front();
            }
            self.recent.push_back(line.to_string());
        }
    }

    fn problem(&mut self, what: String) {
        self.results.problems.push(what);
    }

    fn version(&mut self, indent: usize) {
        self.recent.clear();
        if self
            .levels
            .last()
            .is_some_and(|level| level.indent >= indent)
        {
            if self.source == Source::Program || indent != 0 {
                self.problem("a KTAP version line in the middle of the tests".into());
            }
            self.close_all();
        }
        self.levels.push(Level::new(indent));
    }

    fn plan(&mut self, indent: usize, plan: usize, skipped: Option<String>) {
        // Without a version line before it, it is not a plan but some text that looks like one.
        match self.levels.last_mut() {
            Some(level) if level.indent == indent => {
                if level.plan.replace(plan).is_some() {
                    self.problem("a second plan".into());
                } else {
                    level.skipped_by_plan = skipped;
                }
            }
            Some(level) if level.indent < indent => {
                let mut level = Level::new(indent);
                level.plan = Some(plan);
                level.skipped_by_plan = skipped;
                self.levels.push(level);
            }
            _ if self.source == Source::Program => {
                self.problem("a plan without a KTAP version line".into());
            }
            _ => {}
        }
    }

    fn result(&mut self, indent: usize, outcome: Outcome) {
        let diagnostics = std::mem::take(&mut self.recent);
        // The levels below it are the subtests of this one.
        let mut children = Vec::new();
        let mut had_children = false;
        while self
            .levels
            .last()
            .is_some_and(|level| level.indent > indent)
        {
            if let Some(level) = self.levels.pop() {
                had_children = true;
                if let Some(complaint) = level.complaint(&outcome.name) {
                    self.problem(complaint);
                }
                children.splice(0..0, level.cases);
            }
        }
        if self.levels.last().is_none_or(|level| level.indent < indent) {
            if self.levels.is_empty() && (self.source == Source::Program || !had_children) {
                if self.source == Source::KernelLog {
                    // "ok 1 …" of something that is not KUnit.
                    return;
                }
                self.problem("a result without a KTAP version line".into());
            }
            self.levels.push(Level::new(indent));
        }
        let kernel_log = self.source == Source::KernelLog;
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        let module_suite = kernel_log
            && level.indent == 0
            && had_children
            && level.plan.is_none_or(|plan| level.results >= plan);
        if module_suite && level.plan.is_some() {
            self.close_all();
            self.levels.push(Level::new(indent));
        }
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        level.results += 1;
        let expected = level.results;
        if expected != outcome.number && !module_suite {
            let (name, number) = (&outcome.name, outcome.number);
            self.results.problems.push(format!(
                "{name}: result number {number} where {expected} was due"
            ));
        }
        let explained = children
            .iter()
            .any(|case: &Case| case.status == Status::Failed);
        let leaf = children.is_empty() || (outcome.status == Status::Failed && !explained);
        for mut case in children {
            case.name = format!("{}.{}", outcome.name, case.name);
            level.cases.push(case);
        }
        if leaf {
            level.cases.push(Case {
                name: outcome.name,
                status: outcome.status,
                reason: outcome.reason,
                diagnostics: match outcome.status {
                    Status::Failed => diagnostics.into(),
                    _ => Vec::new(),
                },
            });
        }
    }

    /// Ends the document: what is open below its first level has been cut off.
    fn close_all(&mut self) {
        while let Some(level) = self.levels.pop() {
            let outermost = self.levels.is_empty();
            if outermost && level.indent == 0 {
                if let Some(complaint) = level.complaint("the output") {
                    self.problem(complaint);
                }
                if level.plan.is_none() && self.source == Source::Program {
                    self.problem("there is no plan".into());
                }
                if level.plan.is_none() && level.results == 0 {
                    self.problem("there is no result".into());
                }
                if let Some(reason) = level.skipped_by_plan {
                    self.results.cases.push(Case {
                        name: "all".into(),
                        status: Status::Skipped,
                        reason,
                        diagnostics: Vec::new(),
                    });
                }
            } else {
                self.problem("the output ends in the middle of a test".into());
            }
            self.results.cases.extend(level.cases);
        }
    }

    fn finish(mut self) -> Results {
        self.close_all();
        self.results
    }
}

struct Outcome {
    status: Status,
    number: usize,
    name: String,
    reason: String,
}

fn is_version(text: &str) -> bool {
    ["KTAP version ", "TAP version "].iter().any(|start| {
        text.strip_prefix(start)
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    })
}

fn plan(text: &str) -> Option<(usize, Option<String>)> {
    let rest = text.strip_prefix("1..")?;
    let (number, comment) = match rest.split_once('#') {
        Some((number, comment)) => (number, Some(comment.trim())),
        None => (rest, None),
    };
    let skipped = comment
        .and_then(|comment| comment.strip_prefix("SKIP"))
        .map(|reason| reason.trim().to_string());
    Some((number.trim().parse().ok()?, skipped))
}

fn outcome(text: &str) -> Option<Outcome> {
    let (good, rest) = match text.strip_prefix("not ok ") {
        Some(rest) => (false, rest),
        None => (true, text.strip_prefix("ok ")?),
    };
    let (number, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let number = number.parse().ok()?;
    let (name, directive, reason) = split_directive(rest.trim());
    let name = name.strip_prefix("- ").unwrap_or(name).trim();
    let status = match directive {
        "SKIP" => Status::Skipped,
        "TIMEOUT" | "ERROR" => Status::Failed,
        // An expected failure (XFAIL) is "ok"; a test that is still to be mended (TODO) is not.
        _ if good => Status::Passed,
        _ => Status::Failed,
    };
    Some(Outcome {
        status,
        number,
        name: if name.is_empty() {
            format!("test {number}")
        } else {
            name.to_string()
        },
        reason: reason.to_string(),
    })
}

fn split_directive(text: &str) -> (&str, &str, &str) {
    for directive in ["SKIP", "TODO", "XFAIL", "TIMEOUT", "ERROR"] {
        let parts = text.match_indices("# ").find_map(|(at, _)| {
            let rest = text[at + 2..].strip_prefix(directive)?;
            let ends = rest.is_empty() || rest.starts_with([' ', ':']);
            ends.then(|| (text[..at].trim_end(), rest.trim_start_matches([' ', ':'])))
        });
        if let Some((name, reason)) = parts {
            return (name, directive, reason);
        }
    }
    (text, "", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KUNIT: &str = "\
[    0.911000] Freeing SMP alternatives memory: 8K
[    1.000001] KTAP version 1
[    1.000002] 1..3
[    1.000003]     KTAP version 1
[    1.000004]     # Subtest: first
[    1.000005]     # module: a_test
[    1.000006]     1..2
[    1.000007]     ok 1 one
[    1.000008] clocksource: tsc: mask: 0xffffffffffffffff
[    1.000009]     ok 2 two # SKIP no hardware
[    1.000010] # first: pass:1 fail:0 skip:1 total:2
[    1.000011] # Totals: pass:1 fail:0 skip:1 total:2
[    1.000012] ok 1 first
[    1.000013]     KTAP version 1
[    1.000014]     # Subtest: params
[    1.000015]     1..1
[    1.000016]         KTAP version 1
[    1.000017]         # Subtest: each
[    1.000018]         ok 1 a = 1
[    1.000019]         ok 2 a = 2
[    1.000020]     ok 1 each
[    1.000021] ok 2 params
[    1.000022]     KTAP version 1
[    1.000023]     # Subtest: rust_doctests_kernel
[    1.000024]     1..2
[    1.000025]     ok 1 rust_doctest_kernel_alloc_kbox_rs_0
[    1.000026]     # rust_doctest_kernel_pci_rs_0.location: rust/kernel/pci.rs:42
[    1.000027]     # rust_doctest_kernel_pci_rs_0: ASSERTION FAILED at rust/kernel/pci.rs:43
[    1.000028]     Expected 1 == 2 to be true, but is false
[    1.000029]     not ok 2 rust_doctest_kernel_pci_rs_0
[    1.000030] not ok 3 rust_doctests_kernel
[    1.500000] Run /init as init process
";

    fn names(results: &Results) -> Vec<&str> {
        results
            .cases
            .iter()
            .map(|case| case.name.as_str())
            .collect()
    }

    #[test]
    fn kunit_in_a_kernel_log() {
        let results = kernel_log(KUNIT).unwrap();
        assert_eq!(results.problems, Vec::<String>::new());
        assert_eq!(
            names(&results),
            [
                "first.one",
                "first.two",
                "params.each.a = 1",
                "params.each.a = 2",
                "rust_doctests_kernel.rust_doctest_kernel_alloc_kbox_rs_0",
                "rust_doctests_kernel.rust_doctest_kernel_pci_rs_0",
            ]
        );
        assert_eq!(results.cases[1].status, Status::Skipped);
        assert_eq!(results.cases[1].reason, "no hardware");
        let failed = &results.cases[5];
        assert_eq!(failed.status, Status::Failed);
        assert!(failed
            .diagnostics
            .iter()
            .any(|l| l.contains("Expected 1 == 2")));
        assert!(!results.passed());
    }

    #[test]
    fn a_log_without_kunit_has_no_results() {
        assert_eq!(kernel_log("[    1.0] hello\n[    1.1] ok 1 to go\n"), None);
    }

    #[test]
    fn a_log_that_ends_in_the_middle_fails() {
        for (lines, _) in KUNIT.match_indices('\n').enumerate().skip(1).take(20) {
            let cut: String = KUNIT
                .lines()
                .take(lines + 1)
                .map(|l| format!("{l}\n"))
                .collect();
            let results = kernel_log(&cut).unwrap();
            assert!(!results.passed(), "{cut}");
            assert!(!results.problems.is_empty() || lines > 28, "{cut}");
        }
    }

    #[test]
    fn suites_of_modules_follow_without_a_plan() {
        let log = "\
KTAP version 1
1..1
    KTAP version 1
    # Subtest: a
    1..1
    ok 1 x
ok 1 a
loading
    KTAP version 1
    # Subtest: b
    1..1
    ok 1 y
ok 2 b
    KTAP version 1
    # Subtest: c
    1..1
    not ok 1 z
not ok 3 c
";
        let results = kernel_log(log).unwrap();
        assert_eq!(results.problems, Vec::<String>::new());
        assert_eq!(names(&results), ["a.x", "b.y", "c.z"]);
        assert_eq!(results.count(Status::Failed), 1);
        let first = log.split("loading\n").nth(1).unwrap();
        assert_eq!(names(&kernel_log(first).unwrap()), ["b.y", "c.z"]);
        let cut = first.split("ok 2 b").next().unwrap();
        assert!(!kernel_log(cut).unwrap().passed());
    }

    #[test]
    fn a_suite_that_fails_by_itself_is_a_failed_case() {
        let log = "KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: s\n    1..1\n    ok 1 x\nnot ok 1 s\n";
        let results = kernel_log(log).unwrap();
        assert_eq!(names(&results), ["s.x", "s"]);
        assert!(!results.passed());
    }

    #[test]
    fn a_complete_program_passes() {
        let results =
            output("hello\nKTAP version 1\n1..2\n# a\nok 1 one\nok 2 - two # XFAIL yes\n");
        assert!(results.passed(), "{results:?}");
        assert_eq!(names(&results), ["one", "two"]);
    }

    #[test]
    fn what_is_missing_or_wrong_fails() {
        for (text, complaint) in [
            ("", "no KTAP"),
            ("sh: not found\n", "no KTAP"),
            ("KTAP version 1\n", "no plan"),
            ("KTAP version 1\nok 1 x\n", "no plan"),
            ("KTAP version 1\n1..0\n", "the plan has no test"),
            (
                "KTAP version 1\n1..2\nok 1 x\n",
                "promises 2 results, 1 came",
            ),
            (
                "KTAP version 1\n1..1\nok 1 x\nok 2 y\n",
                "promises 1 results, 2 came",
            ),
            (
                "KTAP version 1\n1..2\nok 1 x\nok 3 y\n",
                "result number 3 where 2",
            ),
            (
                "KTAP version 1\n1..2\nok 1 x\nBail out! bad\nok 2 y\n",
                "gave up: bad",
            ),
            ("1..1\nok 1 x\n", "without a KTAP version"),
            ("ok 1 x\n", "without a KTAP version"),
            (
                "KTAP version 1\n1..1\nKTAP version 1\n1..1\nok 1 x\n",
                "in the middle",
            ),
            ("KTAP version 1\n1..1\n1..1\nok 1 x\n", "second plan"),
            (
                "KTAP version 1\n1..1\n    KTAP version 1\n    1..2\n    ok 1 x\nok 1 y\n",
                "y: the plan promises 2 results, 1 came",
            ),
            (
                "KTAP version 1\n1..1\n    KTAP version 1\n    1..1\n    ok 1 x\n",
                "ends in the middle",
            ),
        ] {
            let results = output(text);
            assert!(!results.passed(), "{text:?} passed");
            assert!(
                results.problems.iter().any(|p| p.contains(complaint)),
                "{text:?}: {:?}",
                results.problems
            );
        }
    }

    #[test]
    fn directives() {
        let results = output(
            "KTAP version 1\n1..5\nok 1 a # SKIP: no\nnot ok 2 b # TODO\nok 3 c # TIMEOUT 45\nok 4 d # ERROR\nok 5 e#f # SKIPPER\n",
        );
        let status: Vec<_> = results.cases.iter().map(|case| case.status).collect();
        use Status::*;
        assert_eq!(status, [Skipped, Failed, Failed, Failed, Passed]);
        assert_eq!(results.cases[0].reason, "no");
    }

    #[test]
    fn a_program_that_skips_everything_says_so() {
        let results = output("KTAP version 1\n1..0 # SKIP no device\n");
        assert_eq!(results.count(Status::Skipped), 1);
        assert_eq!(results.cases[0].reason, "no device");
        assert_eq!(results.problems, Vec::<String>::new());
    }

    #[test]
    fn diagnostics_of_a_failed_case_are_kept() {
        let results = output("KTAP version 1\n1..2\nok 1 a\n# got 1\nmore\nnot ok 2 b\n");
        assert_eq!(results.cases[1].diagnostics, ["# got 1", "more"]);
        assert_eq!(results.cases[0].diagnostics, Vec::<String>::new());
    }
}
