// SPDX-License-Identifier: GPL-2.0

//! `cargo series clean`: removes what the tool made.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::{bail, Context, Result};
use run::Failure;

use crate::edit;
use crate::workbench::Workbench;

/// What the tool makes in the cache directory.
const MADE: &[&str] = &[
    "ccache",
    "checkout",
    "download",
    "igt",
    "igt.packages",
    "igt.partial",
    "linux",
    "linux.git",
    "log",
    "out",
    "run",
    "scratch",
    "toolchain",
    "toolchain.packages",
    "toolchain.partial",
];

/// Says how much the cache holds, asks, and removes it. What a user edited and did not export
/// stays, and so does the repository that holds its commits.
pub fn clean(bench: &Workbench, yes: bool) -> Result<bool> {
    let _lock = bench.cache.lock(&bench.ui)?;
    let keep = edit::unexported_work(bench)?;
    let mut items = Vec::new();
    for &name in MADE {
        let path = bench.cache.path(name);
        let is_work = ["checkout", "linux.git"].contains(&name);
        if !path.exists() || (is_work && !keep.is_empty()) {
            continue;
        }
        items.push((size(&path)?, name, path));
    }
    items.sort_by_key(|item| std::cmp::Reverse(item.0));

    println!("In {}:", bench.cache.dir().display());
    for (bytes, name, _) in &items {
        println!("{:>10}  {name}", human(*bytes));
    }
    let total = items.iter().map(|item| item.0).sum();
    println!("{:>10}  in all", human(total));
    for work in &keep {
        println!("kept: {work}");
    }
    if items.is_empty() {
        return Ok(true);
    }
    if !yes && !confirmed()? {
        println!("nothing removed");
        return Ok(true);
    }
    // What can't be removed must not keep the rest.
    let mut left = Ok(true);
    for (_, name, path) in &items {
        let step = bench.ui.step(format!("Removing {name}"));
        match toolroot::remove(path) {
            Ok(()) => step.done(""),
            Err(err) => left = left.and(Err(err)),
        }
    }
    left
}

fn confirmed() -> Result<bool> {
    if !io::stdin().is_terminal() {
        bail!(
            Failure::new("standard input is no terminal, so nobody can confirm")
                .hint("cargo series clean --yes")
        );
    }
    print!("Remove all of it? [y/N] ");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}

/// The size of what can be read.
fn size(path: &Path) -> Result<u64> {
    let mut command = toolroot::namespaces().map_or_else(
        |_| std::process::Command::new("du"),
        |namespaces| namespaces.command("du"),
    );
    command.args(["-s", "-x", "-B1", "--"]).arg(path);
    let out = command.output().context("cannot start du")?;
    Ok(String::from_utf8_lossy(&out.stdout)
        .split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0))
}

fn human(bytes: u64) -> String {
    let mib = bytes >> 20;
    if mib >= 1024 {
        format!("{:.1} GB", mib as f64 / 1024.0)
    } else {
        format!("{mib} MB")
    }
}
