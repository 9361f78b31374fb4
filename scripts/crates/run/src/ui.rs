// SPDX-License-Identifier: GPL-2.0

//! What the user sees while a step runs: a spinner or bar on a terminal, plain lines elsewhere.

use std::cell::Cell;
use std::fmt::Display;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Where progress is shown.
#[derive(Clone, Copy)]
pub struct Ui {
    terminal: bool,
}

impl Ui {
    /// Progress bars when standard error is a terminal, plain lines when it is not.
    pub fn new() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Begins a step. It ends with [`Step::done`]; a step that is dropped has failed.
    pub fn step(&self, title: impl Into<String>) -> Step {
        let title = title.into();
        let bar = if self.terminal {
            let bar = ProgressBar::new_spinner().with_style(style(false));
            bar.set_prefix(title.clone());
            bar.enable_steady_tick(Duration::from_millis(120));
            Some(bar)
        } else {
            eprintln!("{title} ...");
            None
        };
        Step {
            title,
            bar,
            start: Instant::now(),
            said: Cell::new(Instant::now()),
            finished: Cell::new(false),
        }
    }

    /// A line of its own, outside any step.
    pub fn note(&self, line: impl Display) {
        eprintln!("{line}");
    }
}

impl Default for Ui {
    fn default() -> Self {
        Self::new()
    }
}

fn style(bar: bool) -> ProgressStyle {
    let template = if bar {
        "{spinner} {prefix}  {bar:24} {pos}/{len}  {elapsed}  {wide_msg}"
    } else {
        "{spinner} {prefix}  {elapsed}  {wide_msg}"
    };
    // The templates are constants, so the fallback is never seen.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// One long step.
pub struct Step {
    title: String,
    bar: Option<ProgressBar>,
    start: Instant,
    said: Cell<Instant>,
    finished: Cell<bool>,
}

impl Step {
    /// Plain output repeats itself at most this often.
    const PLAIN_EVERY: Duration = Duration::from_secs(20);

    /// Shows what the step is doing.
    pub fn message(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(text.trim().to_string()),
            None => self.plain(text.trim()),
        }
    }

    /// Shows how far the step is.
    pub fn progress(&self, done: u64, total: u64, text: &str) {
        match &self.bar {
            Some(bar) => {
                if bar.length() != Some(total) {
                    bar.set_length(total);
                    bar.set_style(style(true));
                }
                bar.set_position(done);
                bar.set_message(text.trim().to_string());
            }
            None => self.plain(&format!("{done}/{total} {}", text.trim())),
        }
    }

    fn plain(&self, text: &str) {
        if self.said.get().elapsed() >= Self::PLAIN_EVERY {
            self.said.set(Instant::now());
            eprintln!(
                "{} ... {}  {text}",
                self.title,
                seconds(self.start.elapsed())
            );
        }
    }

    /// Ends the step well; `result` is a few words on what came out.
    pub fn done(self, result: impl Display) {
        self.end("✓", &result.to_string());
    }

    fn end(&self, mark: &str, result: &str) {
        if self.finished.replace(true) {
            return;
        }
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let gap = if result.is_empty() { "" } else { ": " };
        eprintln!(
            "{mark} {}{gap}{result}  ({})",
            self.title,
            seconds(self.start.elapsed())
        );
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.end("✗", "");
    }
}

fn seconds(time: Duration) -> String {
    let s = time.as_secs_f64();
    if s < 60.0 {
        format!("{s:.1} s")
    } else {
        format!("{} min {:02} s", s as u64 / 60, s as u64 % 60)
    }
}
