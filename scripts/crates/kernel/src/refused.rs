// SPDX-License-Identifier: GPL-2.0

//! Code that the kernel's Rust abstractions must refuse to compile.
//!
//! A case is a Rust file in which one line carries `//~ error[CODE]: TEXT`, or `//~ error: TEXT` for
//! the errors that have no code. With that line, the compiler must fail there, first with this
//! code, and say TEXT; without it, the file must compile, so that the case can't fail for another
//! reason. What several cases have in common is in the directory `include`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;

use anyhow::{bail, Context, Result};
use run::Step;

use crate::build::{jobs, Build};

const MARK: &str = "//~ ";

/// One file.
#[derive(Debug)]
struct Case {
    name: String,
    text: String,
    line: usize,
    /// How the first error begins: `error[CODE]: `, or `error: `.
    error: String,
    says: String,
}

impl Case {
    fn parse(name: &str, text: &str) -> Result<Self> {
        let mut marked = (1..)
            .zip(text.lines())
            .filter_map(|(number, line)| line.split_once(MARK).map(|(_, mark)| (number, mark)));
        if let (Some((line, mark)), None) = (marked.next(), marked.next()) {
            if let Some((error, says)) = mark.split_once(": ") {
                if error.starts_with("error") && !says.trim().is_empty() {
                    return Ok(Self {
                        name: name.into(),
                        text: text.into(),
                        line,
                        error: format!("{error}: "),
                        says: says.trim().into(),
                    });
                }
            }
        }
        bail!("{name}.rs: exactly one line must end in `{MARK}error[CODE]: TEXT`")
    }

    /// The file without the mark: the compiler shows the line, which must not look like what it says
    /// about it.
    fn refused(&self) -> String {
        self.text
            .lines()
            .map(|line| {
                let code = line.split_once(MARK).map_or(line, |(code, _)| code);
                format!("{}\n", code.trim_end())
            })
            .collect()
    }

    /// The file without the line that is refused; what remains keeps its line numbers.
    fn accepted(&self) -> String {
        (1..)
            .zip(self.text.lines())
            .map(|(number, line)| {
                if number == self.line {
                    "\n".into()
                } else {
                    format!("{line}\n")
                }
            })
            .collect()
    }

    /// The name of the file without the line.
    fn twin(&self) -> String {
        format!("{}_accepted", self.name)
    }

    /// What is wrong with how the compiler took the whole file, if anything.
    fn judge(&self, failed: bool, output: &str) -> Option<String> {
        // A check in a function that the line calls through others fails there, and the compiler
        // doesn't name the line.
        let file = format!("{}.rs:", self.name);
        let place = format!("{file}{}:", self.line);
        let first = output.lines().find(|line| line.starts_with("error"));
        if !failed {
            Some(format!("line {} compiles", self.line))
        } else if !first.is_some_and(|first| first.starts_with(&self.error)) {
            Some(format!(
                "fails with another error: {}",
                first.unwrap_or("none")
            ))
        } else if !output.contains(&self.says) {
            Some(format!("fails without saying `{}`", self.says))
        } else if output.contains(&file) && !output.contains(&place) {
            Some(format!("fails, but not at line {}", self.line))
        } else {
            None
        }
    }
}

impl Build<'_> {
    /// Compiles each `.rs` file in `dir` against the kernel that was built: its name, and what is
    /// wrong with it, if anything.
    pub fn refused(&self, step: &Step, dir: &Path) -> Result<Vec<(String, Option<String>)>> {
        let mut cases = Vec::new();
        for file in files(dir)? {
            let name = file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let text = fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            cases.push(Case::parse(&name, &text)?);
        }
        let from = dir;
        let work = self.out().join("refused");
        crate::git::remove_dir(&work)?;
        let share = cases.len().div_ceil(jobs()).max(1);
        let (begun, names) = mpsc::channel();
        // Each job has its own directory, since two `make` in one disturb each other.
        thread::scope(|scope| {
            let jobs: Vec<_> = (0..)
                .zip(cases.chunks(share))
                .map(|(number, cases): (u32, _)| {
                    let dir = work.join(number.to_string());
                    let begun = begun.clone();
                    scope.spawn(move || self.refused_in(from, &dir, cases, &begun))
                })
                .collect();
            drop(begun);
            for (number, name) in (1..).zip(names) {
                step.progress(number, cases.len() as u64, &name);
            }
            let mut results = Vec::new();
            for job in jobs {
                results.extend(job.join().expect("a job does not panic")?);
            }
            Ok(results)
        })
    }

    /// The same for some cases of `from`, in `dir`.
    fn refused_in(
        &self,
        from: &Path,
        dir: &Path,
        cases: &[Case],
        begun: &mpsc::Sender<String>,
    ) -> Result<Vec<(String, Option<String>)>> {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        fs::write(dir.join("Makefile"), "")?;
        let common = dir.join("include");
        fs::create_dir_all(&common)?;
        for file in files(&from.join("include"))? {
            fs::copy(&file, common.join(file.file_name().unwrap_or_default()))?;
        }
        let make = |targets: &[String]| {
            let mut make = self.make();
            make.arg(format!("M={}", dir.display()))
                .arg("--keep-going")
                .args(targets)
                .stdin(Stdio::null());
            let out = make.output().context("cannot start make")?;
            let text = [out.stdout, out.stderr].concat();
            anyhow::Ok(String::from_utf8_lossy(&text).into_owned())
        };
        let object = |name: &str| dir.join(format!("{name}.o"));
        let mut twins = Vec::new();
        for case in cases {
            fs::write(dir.join(format!("{}.rs", case.name)), case.refused())?;
            fs::write(dir.join(format!("{}.rs", case.twin())), case.accepted())?;
            twins.push(format!("{}.o", case.twin()));
        }
        let accepted = dir.join("accepted.log");
        fs::write(&accepted, make(&twins)?)?;

        let mut results = Vec::new();
        for case in cases {
            begun.send(case.name.clone())?;
            let output = make(&[format!("{}.o", case.name)])?;
            let mut log = dir.join(format!("{}.log", case.name));
            fs::write(&log, &output)?;
            let mut wrong = case.judge(!object(&case.name).exists(), &output);
            if !object(&case.twin()).exists() {
                wrong = Some(format!("does not compile without line {}", case.line));
                log.clone_from(&accepted);
            }
            results.push((
                case.name.clone(),
                wrong.map(|what| format!("{what} (log: {})", log.display())),
            ));
        }
        Ok(results)
    }
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "fn f() {\n    let x = 1;\n    x = 2; //~ error[E0384]: cannot assign twice\n}\n";

    #[test]
    fn a_case_is_judged_by_failure_text_and_line() {
        let case = Case::parse("case", TEXT).unwrap();
        assert_eq!(case.accepted(), "fn f() {\n    let x = 1;\n\n}\n");
        assert_eq!(case.refused(), "fn f() {\n    let x = 1;\n    x = 2;\n}\n");
        let elsewhere = "error[E0384]: cannot assign twice\n --> rust/kernel/dma.rs:1:1";
        assert_eq!(case.judge(true, elsewhere), None);
        let good = "make: x\nerror[E0384]: cannot assign twice\n --> d/case.rs:3:5\n";
        assert_eq!(case.judge(true, good), None);
        assert!(case.judge(false, good).unwrap().contains("compiles"));
        let wrong = |output: &str| case.judge(true, output).unwrap();
        assert!(wrong("error[E0384]: x\n --> d/case.rs:3:5").contains("saying"));
        for first in ["error: ", "error[E0080]: "] {
            let text = format!("{first}cannot assign twice\n --> d/case.rs:3:5\n{good}");
            assert!(wrong(&text).contains("another error"));
        }
        assert!(wrong("").contains("another error: none"));
        assert!(wrong(&good.replace(":3:", ":2:")).contains("not at line 3"));
    }

    #[test]
    fn a_case_has_one_marked_line() {
        assert!(Case::parse("none", "fn f() {}\n").is_err());
        assert!(Case::parse("two", &format!("{TEXT}{TEXT}")).is_err());
        assert!(Case::parse("no text", "x //~ error[E0384]: \n").is_err());
        assert!(Case::parse("no error", "x //~ cannot: assign twice\n").is_err());
    }
}
