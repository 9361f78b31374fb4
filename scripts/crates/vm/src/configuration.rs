// SPDX-License-Identifier: GPL-2.0

//! The configurations in which tests run: `configurations.toml` beside the guest scripts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use run::Failure;
use serde::Deserialize;

use crate::test::is_word;

/// What the guest's root is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Root {
    /// The Debian root of the toolchain, over 9p with a tmpfs on top.
    #[default]
    Debian,
    /// The initramfs: nothing of the guest depends on a device.
    Initramfs,
}

/// A machine and how the kernel starts on it. Each configuration is a boot of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The root of the guest.
    #[serde(default)]
    pub root: Root,
    /// Additions to the QEMU command line, before any device.
    #[serde(default)]
    pub machine: Vec<String>,
    /// Additions to the kernel command line.
    #[serde(default)]
    pub cmdline: Vec<String>,
    /// Whether the clock of the guest counts instructions, so that times can be compared.
    #[serde(default)]
    pub icount: bool,
}

/// The configuration of tests that don't name any: nothing is added. It is not in the file.
pub const DEFAULT: &str = "default";

/// All configurations, by name.
pub type Configurations = BTreeMap<String, Configuration>;

/// Reads the file.
pub fn load(path: &Path) -> Result<Configurations> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(path, &text)
}

/// The configurations in `text`, that of the file `path`, and the default one.
pub fn parse(path: &Path, text: &str) -> Result<Configurations> {
    let wrong = |lines: &str| {
        Failure::new(format!("{}: a configuration is wrong", path.display())).lines(lines.lines())
    };
    let mut all: Configurations = toml::from_str(text).map_err(|err| wrong(&err.to_string()))?;
    if let Some(name) = all.keys().find(|name| !is_word(name)) {
        // It is the name of a directory.
        return Err(wrong(&format!(
            "`{name}`: a name may have letters, digits and - only"
        ))
        .into());
    }
    if all
        .insert(DEFAULT.into(), Configuration::default())
        .is_some()
    {
        return Err(wrong(&format!("`{DEFAULT}` is the one to which nothing is added")).into());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file() {
        let text = "[iommu]\nmachine = [\"-device\", \"intel-iommu\"]\ncmdline = [\"intel_iommu=on\"]\n[own]\n[ram]\nroot = \"initramfs\"\n";
        let all = parse(Path::new("c.toml"), text).unwrap();
        let names: Vec<_> = all.keys().collect();
        assert_eq!(names, ["default", "iommu", "own", "ram"]);
        assert_eq!(all["iommu"].machine, ["-device", "intel-iommu"]);
        assert_eq!(all["own"], all["default"]);
        assert_eq!(all["ram"].root, Root::Initramfs);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, complaint) in [
            ("[x]\nmachin = []\n", "unknown field `machin`"),
            ("[x]\nroot = \"fedora\"\n", "unknown variant `fedora`"),
            ("[\"../x\"]\n", "`../x`"),
            ("[default]\n", "nothing is added"),
        ] {
            let err = parse(Path::new("c.toml"), text).unwrap_err().to_string();
            assert!(err.contains(complaint) && err.contains("c.toml"), "{err}");
        }
    }
}
