// SPDX-License-Identifier: GPL-2.0

//! The tools of this machine: which are there, and can they build the kernel?

use std::fmt;
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

/// Looks at each tool that `--toolchain host` needs.
pub fn survey() -> Vec<Finding> {
    TOOLS
        .iter()
        .map(|tool| Finding {
            name: tool.name.into(),
            state: judge(tool, version_of(tool.name)),
            mend: tool.mend.into(),
        })
        .collect()
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
    let bad: Vec<_> = survey()
        .into_iter()
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
    Ok("1".into())
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
}
