// SPDX-License-Identifier: GPL-2.0

//! `cargo series doctor`: what is installed, missing, too old or too new, and how to mend it.

use std::fs;
use std::process::Command;

use anyhow::Result;
use toolroot::{Mmdebstrap, Namespaces, State, Version, INSTALL_MMDEBSTRAP};

use crate::workbench::{linux_tarball, Workbench};
use crate::Tools;

/// One line of the findings.
struct Line {
    name: String,
    good: bool,
    says: String,
    mend: String,
}

impl Line {
    fn good(name: &str, says: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            good: true,
            says: says.into(),
            mend: String::new(),
        }
    }

    fn bad(name: &str, says: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            good: false,
            says: says.into(),
            mend: mend.into(),
        }
    }

    /// What an examination says, or how it failed.
    fn of(name: &str, found: Result<impl Into<String>>) -> Self {
        match found {
            Ok(says) => Self::good(name, says),
            Err(err) => {
                let text = format!("{err:#}");
                let (says, mend) = text.split_once("try: ").unwrap_or((&text, ""));
                Self::bad(name, says.lines().next().unwrap_or_default(), mend)
            }
        }
    }
}

/// Prints the findings; true if `cargo series boot` has what it needs.
pub fn doctor(bench: &Workbench) -> Result<bool> {
    let always = vec![
        git(),
        program("tar", &["tar"], "apt install tar"),
        program("xz", &["xz"], "apt install xz-utils"),
        disk(bench),
        source(bench),
        kvm(),
    ];
    let debian = vec![namespaces(), mmdebstrap(), root(bench)];
    let host: Vec<_> = toolroot::survey()
        .into_iter()
        .map(|finding| match finding.state {
            State::Good(version) => Line::good(&finding.name, version.to_string()),
            state => Line::bad(&finding.name, state.to_string(), finding.mend),
        })
        .collect();
    let tests = vec![
        program(
            "rustfmt",
            &["cargo", "fmt"],
            "rustup component add rustfmt, or apt install rustfmt",
        ),
        program(
            "clippy",
            &["cargo", "clippy"],
            "rustup component add clippy, or apt install rust-clippy",
        ),
    ];

    print("Always needed", &always);
    print("The Debian root (--toolchain debian, the default)", &debian);
    print("The tools of this machine (--toolchain host)", &host);
    print("Needed by `cargo series test` as well", &tests);

    let usable = |lines: &[Line]| lines.iter().all(|line| line.good);
    let chosen = match bench.places.toolchain {
        Tools::Debian => &debian,
        Tools::Host => &host,
    };
    let ready = usable(&always) && usable(chosen);
    println!();
    if !ready {
        println!("`cargo series boot` will not get far: mend what is marked ✗ above.");
    } else if !usable(&tests) {
        println!("`cargo series boot` has what it needs, `cargo series test` has not.");
    } else {
        println!("`cargo series boot` has what it needs.");
    }
    Ok(ready)
}

fn print(title: &str, lines: &[Line]) {
    println!("{title}");
    for line in lines {
        let mark = if line.good { "✓" } else { "✗" };
        println!("  {mark} {:20} {}", line.name, line.says);
        if !line.mend.is_empty() {
            println!("    {:20} mend: {}", "", line.mend);
        }
    }
}

/// A program that the tool itself runs, in whatever version.
fn program(name: &str, command: &[&str], mend: &str) -> Line {
    match version(command) {
        Some(version) => Line::good(name, version.to_string()),
        None => Line::bad(name, "missing", mend),
    }
}

fn version(words: &[&str]) -> Option<Version> {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg("--version");
    Version::find(&run::output(command, words[0]).ok()?)
}

fn git() -> Line {
    let least = Version::new(2, 34, 0);
    match version(&["git"]) {
        Some(version) if version < least => Line::bad(
            "git",
            format!("{version} is too old: {least} or newer"),
            "install a newer one",
        ),
        _ => program("git", &["git"], "apt install git"),
    }
}

fn disk(bench: &Workbench) -> Line {
    Line::of("disk", kernel::check_space(&bench.cache))
}

fn source(bench: &Workbench) -> Line {
    let tarball = linux_tarball();
    let (kind, path) = match (&bench.places.linux, &tarball) {
        (Some(dir), _) => ("git tree", dir),
        (None, Some(file)) => ("tarball", file),
        (None, None) => {
            return Line::good(
                "base source",
                if bench.cache.path("linux").exists() {
                    "in the cache"
                } else {
                    "will be downloaded (150 MB)"
                },
            )
        }
    };
    let says = format!("{kind} {}", path.display());
    if path.exists() {
        Line::good("base source", says)
    } else {
        Line::bad(
            "base source",
            format!("{says} is missing"),
            "correct --linux, SERIES_LINUX or SERIES_LINUX_TARBALL",
        )
    }
}

fn kvm() -> Line {
    let open = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/kvm");
    Line::good(
        "KVM",
        match open {
            Ok(_) => "/dev/kvm opens; whether guests run shows `cargo series boot --kvm`",
            Err(_) => "not usable: leave out --kvm (the default needs none)",
        },
    )
}

fn namespaces() -> Line {
    let found = toolroot::namespaces().map(|kind| match kind {
        Namespaces::AsRoot => "as root",
        Namespaces::AsUser => "through a user namespace",
    });
    Line::of("namespaces", found)
}

fn mmdebstrap() -> Line {
    match toolroot::mmdebstrap() {
        Mmdebstrap::Installed => Line::good("mmdebstrap", "installed"),
        Mmdebstrap::Installable => Line::good("mmdebstrap", "missing; will be installed with apt"),
        Mmdebstrap::Missing => Line::bad("mmdebstrap", "missing", INSTALL_MMDEBSTRAP),
    }
}

fn root(bench: &Workbench) -> Line {
    let root = bench.cache.path("toolchain");
    Line::good(
        "toolchain root",
        if root.exists() {
            format!("in {}", root.display())
        } else {
            "will be made (2.2 GB, a minute or two)".into()
        },
    )
}
