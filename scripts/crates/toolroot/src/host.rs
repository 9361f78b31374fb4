// SPDX-License-Identifier: GPL-2.0

//! The tools of this machine: which are there, and can they build the kernel?

use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{bail, Result};
use run::Failure;

use crate::enter::host_command;
use crate::version::Version;

/// What is to be said of one tool.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// The tool.
    pub name: String,
    /// What its state is.
    pub state: State,
    /// How to mend it.
    pub mend: String,
}

/// The state of a tool.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// It can be used.
    Good(Version),
    /// It is not there.
    Missing,
    /// It is older than the first version that works.
    TooOld(Version, Version),
    /// It is the first version that doesn't work any more, or newer.
    TooNew(Version, Version),
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good(version) => write!(f, "{version}"),
            Self::Missing => write!(f, "missing"),
            Self::TooOld(version, least) => write!(f, "{version} is too old: {least} or newer"),
            Self::TooNew(version, limit) => write!(f, "{version} is too new: older than {limit}"),
        }
    }
}

struct Tool {
    name: &'static str,
    least: Version,
    limit: Option<Version>,
    mend: &'static str,
}

/// The rustc release from which 6.18 no longer builds: it refuses the kernel's custom target.
const FIRST_BAD_RUSTC: Version = Version::new(1, 95, 0);

/// The minimum versions of `scripts/min-tool-version.sh` in 6.18, and what the guests need.
const TOOLS: &[Tool] = &[
    Tool {
        name: "rustc",
        least: Version::new(1, 78, 0),
        limit: Some(FIRST_BAD_RUSTC),
        mend: "install an older one: rustup toolchain install 1.85.1 (6.18 can't be built with \
               rustc 1.95 or newer), or use the Debian root",
    },
    Tool {
        name: "bindgen",
        least: Version::new(0, 65, 1),
        limit: None,
        mend: "apt install bindgen, or cargo install bindgen-cli",
    },
    Tool {
        name: "make",
        least: Version::new(4, 0, 0),
        limit: None,
        mend: "apt install make",
    },
    Tool {
        name: "ccache",
        least: Version::new(4, 0, 0),
        limit: None,
        mend: "apt install ccache",
    },
    Tool {
        name: "b4",
        least: Version::new(0, 13, 0),
        limit: None,
        mend: "apt install b4, or pipx install b4",
    },
    Tool {
        name: "qemu-system-x86_64",
        least: Version::new(8, 0, 0),
        limit: None,
        mend: "apt install qemu-system-x86",
    },
];

/// Those of LLVM, whose names may end in its version, as in Debian's packages `clang-19` and so on.
const LLVM: &[Tool] = &[
    Tool {
        name: "clang",
        least: Version::new(15, 0, 0),
        limit: None,
        mend: "apt install clang",
    },
    Tool {
        name: "ld.lld",
        least: Version::new(15, 0, 0),
        limit: None,
        mend: "apt install lld",
    },
    Tool {
        name: "llvm-ar",
        least: Version::new(15, 0, 0),
        limit: None,
        mend: "apt install llvm",
    },
];

/// The releases of LLVM that are looked for.
const LLVM_RELEASES: RangeInclusive<u32> = 15..=29;

/// Looks at each tool that `--toolchain host` needs.
pub fn survey() -> Vec<Finding> {
    let mut findings = survey_of(TOOLS, "");
    findings.extend(survey_llvm(survey_of).1);
    findings
}

/// LLVM without a version in the names if that is good, else the newest release that is.
fn survey_llvm(survey_of: impl Fn(&[Tool], &str) -> Vec<Finding>) -> (String, Vec<Finding>) {
    let plain = survey_of(LLVM, "");
    if good(&plain) {
        return (String::new(), plain);
    }
    LLVM_RELEASES
        .rev()
        .map(|release| format!("-{release}"))
        .map(|suffix| {
            let findings = survey_of(LLVM, &suffix);
            (suffix, findings)
        })
        .find(|(_, findings)| good(findings))
        .unwrap_or((String::new(), plain))
}

fn survey_of(tools: &[Tool], suffix: &str) -> Vec<Finding> {
    let find = |tool: &Tool| {
        let name = format!("{}{suffix}", tool.name);
        Finding {
            state: judge(tool, version_of(&name)),
            name,
            mend: tool.mend.into(),
        }
    };
    tools.iter().map(find).collect()
}

fn good(findings: &[Finding]) -> bool {
    findings
        .iter()
        .all(|finding| matches!(finding.state, State::Good(_)))
}

fn version_of(program: &str) -> Option<Version> {
    let mut command = host_command(Path::new("/"), program);
    command.arg("--version");
    Version::find(&run::output(command, program).ok()?)
}

fn judge(tool: &Tool, version: Option<Version>) -> State {
    match (version, tool.limit) {
        (None, _) => State::Missing,
        (Some(version), _) if version < tool.least => State::TooOld(version, tool.least),
        (Some(version), Some(limit)) if version >= limit => State::TooNew(version, limit),
        (Some(version), _) => State::Good(version),
    }
}

/// The value for `LLVM=`, if all tools are good.
pub fn llvm_for_build() -> Result<String> {
    let (suffix, llvm) = survey_llvm(survey_of);
    let bad: Vec<_> = survey_of(TOOLS, "")
        .into_iter()
        .chain(llvm)
        .filter(|finding| !matches!(finding.state, State::Good(_)))
        .collect();
    if !bad.is_empty() {
        let lines = bad
            .iter()
            .map(|f| format!("{}: {}  ({})", f.name, f.state, f.mend));
        bail!(
            Failure::new("the tools of this machine can't build the kernel")
                .lines(lines)
                .hint("mend them, or leave out --toolchain host: the Debian root has them all")
        );
    }
    Ok(if suffix.is_empty() {
        "1".into()
    } else {
        suffix
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_rustc_are_known() {
        let rustc = &TOOLS[0];
        let v = Version::new;
        assert_eq!(judge(rustc, None), State::Missing);
        assert_eq!(
            judge(rustc, Some(v(1, 77, 2))),
            State::TooOld(v(1, 77, 2), v(1, 78, 0))
        );
        assert_eq!(judge(rustc, Some(v(1, 94, 9))), State::Good(v(1, 94, 9)));
        assert_eq!(
            judge(rustc, Some(v(1, 95, 0))),
            State::TooNew(v(1, 95, 0), v(1, 95, 0))
        );
    }

    #[test]
    fn llvm_may_have_its_version_in_the_names() {
        let machine = |has: &'static [&str]| {
            move |tools: &[Tool], suffix: &str| -> Vec<Finding> {
                let find = |tool: &Tool| {
                    let name = format!("{}{suffix}", tool.name);
                    let version = has.contains(&&*name).then_some(Version::new(19, 1, 7));
                    Finding {
                        state: judge(tool, version),
                        name,
                        mend: String::new(),
                    }
                };
                tools.iter().map(find).collect()
            }
        };
        let suffix = |has| survey_llvm(machine(has)).0;
        let plain = &["clang", "ld.lld", "llvm-ar", "clang-19"];
        assert_eq!(suffix(plain), "");
        let two = &[
            "clang",
            "clang-20",
            "clang-19",
            "ld.lld-19",
            "llvm-ar-19",
            "clang-18",
            "ld.lld-18",
            "llvm-ar-18",
        ];
        assert_eq!(suffix(two), "-19");
        let (none, findings) = survey_llvm(machine(&["clang-19", "ld.lld-19"]));
        assert_eq!(none, "");
        assert_eq!(findings[0].state, State::Missing);
    }
}
