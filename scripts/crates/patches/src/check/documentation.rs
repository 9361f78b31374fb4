// SPDX-License-Identifier: GPL-2.0

//! The tables of C functions and the Rust in their place, in the documentation, are true.

mod items;
mod table;

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::{Context, Result};

use self::items::Items;
use self::table::{Literal, Table};
use super::Finding;
use crate::{git, Kernel};

/// The files with such a table.
const FILES: &[&str] = &[
    "Documentation/PCI/rust.rst",
    "Documentation/driver-api/80211/rust.rst",
];

/// Where C has its names.
const HEADERS: &[&str] = &["include/linux", "include/asm-generic", "include/net"];

/// Checks that the headers and the Rust code of `commit`, the applied series, have what the
/// documentation there says. The files that do not exist are none to check.
pub fn documentation(kernel: &Kernel, commit: &str) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let repo = || git::clean(&kernel.repo);
    let documents = git::files(repo, commit, FILES)?;
    if documents.is_empty() {
        return Ok(findings);
    }
    let mut items = Items::default();
    for (path, bytes) in git::files(repo, commit, items::ROOTS)? {
        if path.ends_with(".rs") {
            items
                .add(&path, &String::from_utf8_lossy(&bytes))
                .with_context(|| format!("cannot parse {path}"))?;
        }
    }
    for (path, bytes) in &documents {
        let (table, mut wrong) = Table::parse(path, &String::from_utf8_lossy(bytes));
        let known = words_of_headers(kernel, commit, &table.c)?;
        wrong.extend(check(path, &table, &known, &items));
        wrong.sort_by_key(|finding| finding.line);
        findings.extend(wrong);
    }
    Ok(findings)
}

fn check(path: &str, table: &Table, known: &BTreeSet<String>, items: &Items) -> Vec<Finding> {
    let mut findings = Vec::new();
    for literal in &table.c {
        for word in c_names(&literal.text).filter(|word| !known.contains(*word)) {
            let text = format!("no header in {} has `{word}`", HEADERS.join(" or "));
            findings.push(Finding::new(path, literal.line, text));
        }
    }
    for literal in &table.rust {
        if let Err(why) = items.resolve(&literal.text) {
            findings.push(Finding::new(path, literal.line, why));
        }
    }
    findings
}

/// The names in a piece of C, such as `struct pci_dev::irq` or `pci_set_master()`.
fn c_names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty() && !["struct", "union", "enum"].contains(word))
}

/// Those names in `literals` that are words of the headers.
fn words_of_headers(
    kernel: &Kernel,
    commit: &str,
    literals: &[Literal],
) -> Result<BTreeSet<String>> {
    let wanted: BTreeSet<_> = literals.iter().flat_map(|l| c_names(&l.text)).collect();
    if wanted.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut patterns = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
    for word in wanted {
        writeln!(patterns, "{word}")?;
    }
    let mut command = git::clean(&kernel.repo);
    command
        .args(["grep", "-h", "--only-matching", "--word-regexp", "-F", "-f"])
        .arg(patterns.path())
        .arg(commit)
        .arg("--")
        .args(HEADERS);
    let out = command.output().context("cannot start git")?;
    // 1 means that there is no match.
    if !out.status.success() && out.status.code() != Some(1) {
        anyhow::bail!("git grep failed: {}", String::from_utf8_lossy(&out.stderr));
    }
    let text = String::from_utf8_lossy(&out.stdout);
    Ok(text.lines().map(str::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_from_c() {
        let names: Vec<_> = c_names("struct pci_dev.irq, pci_set_master(dev)").collect();
        assert_eq!(names, ["pci_dev", "irq", "pci_set_master", "dev"]);
    }

    #[test]
    fn wrong_rows_are_found() {
        let text = "\
.. list-table::
   :header-rows: 1

   * - C function
     - Rust
   * - ``pci_set_master()``
     - ``pci::Device::set_master``
   * - ``pci_set_matser()``
     - ``pci::Device::set_matser``
   * - ``readl()``, ``readll()``
     - ``io::Io::read32``,
       ``Io::read33``
";
        let (table, findings) = Table::parse("d.rst", text);
        assert_eq!(findings, []);
        let known = ["pci_set_master", "readl"].map(String::from).into();
        let mut items = Items::default();
        items
            .add(
                "rust/kernel/pci.rs",
                "pub struct Device; impl Device { pub fn set_master(&self) {} }",
            )
            .unwrap();
        items
            .add(
                "rust/kernel/io.rs",
                "pub struct Io; impl Io { pub fn read32(&self) {} }",
            )
            .unwrap();
        let found: Vec<_> = check("d.rst", &table, &known, &items)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            found,
            [
                "d.rst:8: no header in include/linux or include/asm-generic or include/net has `pci_set_matser`",
                "d.rst:10: no header in include/linux or include/asm-generic or include/net has `readll`",
                "d.rst:9: the kernel's Rust code has no public `pci::Device::set_matser`",
                "d.rst:12: the kernel's Rust code has no public `Io::read33`",
            ]
        );
    }
}
