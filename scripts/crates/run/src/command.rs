// SPDX-License-Identifier: GPL-2.0

//! Commands with a log, and failures worth reading.

use std::collections::VecDeque;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{bail, Context, Result};
use nix::fcntl::OFlag;
use nix::unistd::pipe2;

/// A failure the user can act on.
#[derive(Debug)]
pub struct Failure {
    what: String,
    lines: Vec<String>,
    log: Option<PathBuf>,
    hint: Option<String>,
}

impl Failure {
    /// What failed, in one sentence.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            lines: Vec::new(),
            log: None,
            hint: None,
        }
    }

    /// Lines of output that show the cause.
    pub fn lines<S: Into<String>>(mut self, lines: impl IntoIterator<Item = S>) -> Self {
        self.lines = lines.into_iter().map(Into::into).collect();
        self
    }

    /// Where all of the output is.
    pub fn log(mut self, log: impl Into<PathBuf>) -> Self {
        self.log = Some(log.into());
        self
    }

    /// What to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        for line in &self.lines {
            write!(f, "\n    {line}")?;
        }
        if let Some(log) = &self.log {
            write!(f, "\n  log: {}", log.display())?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  try: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// Runs `command` with both its outputs in `log` (added to what is there), and hands every line
/// to `on_line`. When it fails, the error shows `what`, the lines that look like the cause, and
/// the log.
///
/// The child is started and awaited on the calling thread.
pub fn logged(
    mut command: Command,
    what: &str,
    log: &Path,
    mut on_line: impl FnMut(&str),
) -> Result<()> {
    if let Some(dir) = log.parent() {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    }
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    writeln!(file, "+ {command:?}").with_context(|| format!("cannot write {}", log.display()))?;

    let (reader, writer) = pipe2(OFlag::O_CLOEXEC).context("cannot create a pipe")?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .with_context(|| format!("cannot start {:?}", command.get_program()))?;
    // The parent's copies of the pipe's write end live in `command`: without this, no end of file.
    drop(command);

    let mut causes: VecDeque<String> = VecDeque::new();
    let mut last: VecDeque<String> = VecDeque::new();
    let mut reader = BufReader::new(File::from(reader));
    let mut raw = Vec::new();
    while reader.read_until(b'\n', &mut raw)? != 0 {
        file.write_all(&raw)
            .with_context(|| format!("cannot write {}", log.display()))?;
        let line = String::from_utf8_lossy(&raw);
        let line = line.trim_end();
        on_line(line);
        if looks_like_a_cause(line) {
            keep(&mut causes, line, 12);
        }
        keep(&mut last, line, 12);
        raw.clear();
    }
    let status = child.wait()?;
    if !status.success() {
        let lines = if causes.is_empty() { last } else { causes };
        bail!(Failure::new(format!("{what} failed ({status})"))
            .lines(lines)
            .log(log));
    }
    Ok(())
}

fn keep(lines: &mut VecDeque<String>, line: &str, most: usize) {
    if line.trim().is_empty() {
        return;
    }
    if lines.len() == most {
        lines.pop_front();
    }
    lines.push_back(line.to_string());
}

fn looks_like_a_cause(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    [
        "error:",
        "error[",
        "fatal:",
        "e: ",
        "no space left",
        "cannot ",
        "***",
        "undefined symbol",
    ]
    .iter()
    .any(|sign| lower.contains(sign))
}

/// Runs `command` and returns its standard output. When it fails, the error shows `what` and
/// what the command wrote to standard error.
pub fn output(mut command: Command, what: &str) -> Result<String> {
    let out = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {:?}", command.get_program()))?;
    if !out.status.success() {
        let text = [out.stderr, out.stdout].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut lines: Vec<_> = text.lines().filter(|l| !l.trim().is_empty()).collect();
        lines.truncate(20);
        bail!(Failure::new(format!("{what} failed ({})", out.status)).lines(lines));
    }
    String::from_utf8(out.stdout).with_context(|| format!("{what}: output is not UTF-8"))
}

/// Runs `command` in silence and says whether it succeeded.
pub fn succeeds(mut command: Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failure_shows_cause_log_and_hint() {
        let text = Failure::new("the build failed")
            .lines(["error: no"])
            .log("/x/log")
            .hint("this")
            .to_string();
        assert_eq!(
            text,
            "the build failed\n    error: no\n  log: /x/log\n  try: this"
        );
    }

    #[test]
    fn both_outputs_reach_the_log_and_the_cause_is_shown() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("a/log");
        let mut seen = Vec::new();
        let err = logged(
            sh("echo one; echo 'x.c:1: error: two' >&2; echo three; exit 3"),
            "the thing",
            &log,
            |line| seen.push(line.to_string()),
        )
        .unwrap_err()
        .to_string();
        assert_eq!(seen, ["one", "x.c:1: error: two", "three"]);
        let text = fs::read_to_string(&log).unwrap();
        assert!(text.contains("one\nx.c:1: error: two\nthree\n"), "{text}");
        assert!(err.starts_with("the thing failed (exit status: 3)\n    x.c:1: error: two\n"));
        assert!(err.contains(log.to_str().unwrap()), "{err}");
    }

    #[test]
    fn output_that_is_not_text_does_not_stop_a_command() {
        let dir = tempfile::tempdir().unwrap();
        logged(
            sh(r"printf 'a\377b\n'"),
            "it",
            &dir.path().join("log"),
            |_| (),
        )
        .unwrap();
    }

    #[test]
    fn a_missing_program_is_named() {
        let err = format!(
            "{:#}",
            output(Command::new("no-such-program"), "it").unwrap_err()
        );
        assert!(err.contains("no-such-program"), "{err}");
    }
}
