// SPDX-License-Identifier: GPL-2.0

//! Kernel configurations: tinyconfig plus fragments, and proof that every line took effect.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};
use run::Failure;

/// A configuration: a name and the fragments it is made of, later ones over earlier ones.
#[derive(Clone, Debug)]
pub struct Config {
    /// Names the output directory.
    pub name: String,
    /// The fragments.
    pub fragments: Vec<Fragment>,
    /// Build with clippy in place of rustc.
    pub clippy: bool,
    /// Symbols other than `RUST` may be missing: for a tree with only a part of the patches, or
    /// without Rust.
    pub partial: bool,
}

/// A kernel config fragment.
#[derive(Clone, Debug)]
pub struct Fragment {
    /// Its file.
    pub file: PathBuf,
    text: String,
}

impl Fragment {
    /// Reads a fragment.
    pub fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file)
            .with_context(|| format!("cannot read the fragment {}", file.display()))?;
        let fragment = Self {
            file: file.to_path_buf(),
            text,
        };
        fragment.lines()?;
        Ok(fragment)
    }

    /// Symbol, value and line number; `n` for what is not set.
    fn lines(&self) -> Result<Vec<(&str, &str, usize)>> {
        let mut lines = Vec::new();
        for (number, line) in (1..).zip(self.text.lines()) {
            if let Some(setting) = setting(line) {
                lines.push((setting.0, setting.1, number));
            } else if !line.trim().is_empty() && !line.starts_with('#') {
                bail!(
                    "{}:{number}: not a kernel config line: {line}",
                    self.file.display()
                );
            }
        }
        Ok(lines)
    }
}

/// The symbol and value that a line of a `.config` sets.
fn setting(line: &str) -> Option<(&str, &str)> {
    if let Some(rest) = line.strip_prefix("# CONFIG_") {
        return Some((rest.strip_suffix(" is not set")?, "n"));
    }
    line.strip_prefix("CONFIG_")?.split_once('=')
}

impl Config {
    /// What the configuration depends on, besides the tree and the toolchain.
    pub(crate) fn text(&self) -> String {
        self.fragments
            .iter()
            .map(|fragment| fragment.text.as_str())
            .chain([
                if self.clippy { "clippy" } else { "" },
                if self.partial { "partial" } else { "" },
            ])
            .collect()
    }

    /// Fails when a requested symbol is not in `dotconfig` as requested.
    pub(crate) fn verify(&self, dotconfig: &str) -> Result<()> {
        let mut wanted = BTreeMap::new();
        for fragment in &self.fragments {
            for (symbol, value, number) in fragment.lines()? {
                if !self.partial || symbol == "RUST" {
                    wanted.insert(symbol, (value, fragment, number));
                }
            }
        }
        let got: BTreeMap<_, _> = dotconfig.lines().filter_map(setting).collect();
        let lost: Vec<_> = wanted
            .iter()
            .filter_map(|(symbol, (value, fragment, number))| {
                let got = got.get(symbol).copied().unwrap_or("n");
                (got != *value).then(|| {
                    format!(
                        "{}:{number}: CONFIG_{symbol}={value} became {got}",
                        fragment.file.display()
                    )
                })
            })
            .collect();
        if !lost.is_empty() {
            bail!(
                Failure::new("kernel configuration: requested symbols did not take effect")
                    .lines(lost)
                    .hint("look up their dependencies with make menuconfig, or drop the lines")
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(texts: &[&str]) -> Config {
        Config {
            name: "test".into(),
            clippy: false,
            partial: false,
            fragments: texts
                .iter()
                .map(|text| Fragment {
                    file: "f.config".into(),
                    text: text.to_string(),
                })
                .collect(),
        }
    }

    #[test]
    fn a_symbol_that_did_not_take_effect_is_named_with_its_line() {
        let config = config(&["# why\nCONFIG_KASAN=y\nCONFIG_SLUB_TINY=n\nCONFIG_NAME=\"a=b\"\n"]);
        config
            .verify("CONFIG_KASAN=y\n# CONFIG_SLUB_TINY is not set\nCONFIG_NAME=\"a=b\"\n")
            .unwrap();
        let err = config
            .verify("CONFIG_SLUB_TINY=y\nCONFIG_NAME=\"a=b\"\n")
            .unwrap_err()
            .to_string();
        assert!(err.contains("f.config:2: CONFIG_KASAN=y became n"), "{err}");
        assert!(
            err.contains("f.config:3: CONFIG_SLUB_TINY=n became y"),
            "{err}"
        );
        assert!(!err.contains("NAME"), "{err}");
    }

    #[test]
    fn a_part_of_the_series_is_built_with_or_without_rust_as_requested() {
        let mut with = config(&["CONFIG_RUST=y\nCONFIG_NEW=y\n"]);
        with.partial = true;
        with.verify("CONFIG_RUST=y\n").unwrap();
        let err = with.verify("CONFIG_NEW=y\n").unwrap_err().to_string();
        assert!(err.contains("f.config:1: CONFIG_RUST=y became n"), "{err}");
        let mut without = config(&["CONFIG_RUST=y\nCONFIG_NEW=y\n", "CONFIG_RUST=n\n"]);
        without.partial = true;
        without.verify("# CONFIG_RUST is not set\n").unwrap();
        let err = without.verify("CONFIG_RUST=y\n").unwrap_err().to_string();
        assert!(err.contains("CONFIG_RUST=n became y"), "{err}");
    }

    #[test]
    fn a_later_fragment_wins() {
        config(&["CONFIG_A=n\n", "CONFIG_A=y\n"])
            .verify("CONFIG_A=y\n")
            .unwrap();
    }

    #[test]
    fn a_line_that_says_nothing_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.config");
        fs::write(&file, "CONFIG_A=y\nCONFIG_B\n").unwrap();
        assert!(Fragment::read(&file)
            .unwrap_err()
            .to_string()
            .contains(":2:"));
    }
}
