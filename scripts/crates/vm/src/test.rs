// SPDX-License-Identifier: GPL-2.0

//! A guest test: a shell script whose lines `#: key = value` are TOML that describes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{ensure, Context, Result};
use run::Failure;
use serde::Deserialize;

use crate::configuration::DEFAULT;

/// A report in the kernel log that a test causes on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The kind of the report, as the tool names it: `lockdep`, `warning`, `panic`, ...
    pub class: String,
    /// What a line of the report contains.
    pub text: String,
    /// How often it must come at least.
    #[serde(default = "once")]
    pub min: usize,
    /// How often it may come at most.
    #[serde(default = "once")]
    pub max: usize,
}

fn once() -> usize {
    1
}

/// A guest test.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The name of its file, without `.sh`.
    pub name: String,
    /// The script itself.
    pub script: String,
    /// What it says about itself.
    pub about: About,
}

/// What a test says about itself.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// What it tests, for people.
    pub title: String,
    /// `-device` strings for QEMU, each with an id, in this order.
    #[serde(default)]
    pub devices: Vec<String>,
    /// The driver that must be bound to the devices with a PCI id (`"1234:11e8"`).
    #[serde(default)]
    pub bind: BTreeMap<String, String>,
    /// Modules to load before.
    #[serde(default)]
    pub modules: Vec<String>,
    /// Programs of the Debian root that it needs, to be put into an initramfs (absolute paths).
    #[serde(default)]
    pub programs: Vec<String>,
    /// Programs of ours that it needs: crates beside this one that consist of `src/main.rs`. They
    /// are in /series.
    #[serde(default)]
    pub tools: Vec<String>,
    /// The configurations in which it runs.
    #[serde(default = "default_only")]
    pub configurations: Vec<String>,
    /// After how many seconds it hangs, on a kernel without debugging and not as a storm.
    pub timeout: u64,
    /// Reports in the kernel log that it causes.
    #[serde(default)]
    pub expect: Vec<Expectation>,
    /// How many seconds it takes, as measured. What takes long is begun early.
    pub time: f64,
}

fn default_only() -> Vec<String> {
    vec![DEFAULT.into()]
}

/// All tests (`*.sh`) in `dir`, by name.
pub fn load(dir: &Path) -> Result<Vec<Test>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut tests = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sh") {
            let script = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            tests.push(Test::parse(&path, &script)?);
        }
    }
    tests.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tests)
}

impl Test {
    /// The test in `script`, the text of the file `path`.
    pub fn parse(path: &Path, script: &str) -> Result<Self> {
        let wrong = |lines: String| {
            Failure::new(format!(
                "{}: the description of the test is wrong",
                path.display()
            ))
            .lines(lines.lines())
        };
        // Every line stays where it is in the file, so that errors name the right one.
        let description: Vec<&str> = script
            .lines()
            .map(|line| line.strip_prefix("#:").unwrap_or(""))
            .collect();
        let about: About =
            toml::from_str(&description.join("\n")).map_err(|err| wrong(err.to_string()))?;
        about.check().map_err(|err| wrong(format!("{err:#}")))?;
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .filter(|name| is_word(name))
            .ok_or_else(|| wrong("the file name may have letters, digits and - only".into()))?;
        Ok(Self {
            name: name.into(),
            script: script.into(),
            about,
        })
    }
}

impl About {
    fn check(&self) -> Result<()> {
        ensure!(self.timeout > 0, "timeout: must be at least a second");
        ensure!(
            self.time >= 0.0 && self.time.is_finite(),
            "time: must be a number of seconds"
        );
        for device in &self.devices {
            ensure!(
                device_id(device).is_some(),
                "devices: `{device}` has no id="
            );
        }
        for (id, driver) in &self.bind {
            ensure!(
                is_pci_id(id),
                "bind: `{id}` is no PCI id such as 1234:11e8 (hexadecimal, lower case)"
            );
            ensure!(is_word(driver), "bind: `{driver}` is no name of a driver");
        }
        for module in &self.modules {
            ensure!(
                is_word(module),
                "modules: `{module}` is no name of a module"
            );
        }
        for program in &self.programs {
            ensure!(
                program.starts_with('/'),
                "programs: `{program}` is no absolute path"
            );
        }
        for tool in &self.tools {
            ensure!(is_word(tool), "tools: `{tool}` is no name of a crate");
        }
        ensure!(
            !self.configurations.is_empty(),
            "configurations: there must be one"
        );
        for expectation in &self.expect {
            ensure!(!expectation.text.is_empty(), "expect: the text is empty");
            ensure!(
                expectation.min <= expectation.max,
                "expect: min is more than max"
            );
        }
        Ok(())
    }
}

/// The id in a `-device` string.
pub(crate) fn device_id(device: &str) -> Option<&str> {
    device
        .split(',')
        .find_map(|option| option.strip_prefix("id="))
        .filter(|id| !id.is_empty())
}

pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn is_pci_id(text: &str) -> bool {
    let hex = |part: &str| {
        part.len() == 4
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    text.split_once(':')
        .is_some_and(|(vendor, device)| hex(vendor) && hex(device))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Test> {
        Test::parse(Path::new("guest/tests/edu.sh"), text)
    }

    #[test]
    fn a_full_description() {
        let test = parse(
            r#"#!/bin/sh
#: title = "edu"
#: devices = ["edu,id=edu0"]
#: bind = { "1234:11e8" = "rust_driver_edu" }
#: modules = ["rust_driver_edu"]
#: configurations = ["initramfs", "iommu"]
#: programs = ["/usr/sbin/rtcwake"]
#: timeout = 30
#: expect = [{ class = "irq", text = "irq 11: nobody cared" }, { class = "y", text = "x", min = 0, max = 5 }]
#: time = 1.5
echo
"#,
        )
        .unwrap();
        assert_eq!(test.name, "edu");
        assert_eq!(test.about.configurations, ["initramfs", "iommu"]);
        assert_eq!(test.about.bind["1234:11e8"], "rust_driver_edu");
        assert_eq!(test.about.expect[0].max, 1);
    }

    #[test]
    fn mistakes_are_named() {
        let good = "#: title = \"x\"\n#: timeout = 1\n#: time = 1\n";
        assert!(parse(good).is_ok());
        for (more, complaint) in [
            ("#: tiemout = 3\n", "unknown field `tiemout`"),
            ("#: tiemout = 3\n", "line 4"),
            ("#: devices = [\"edu\"]\n", "`edu` has no id="),
            ("#: bind = { \"1234:11E8\" = \"x\" }\n", "no PCI id"),
            ("#: programs = [\"x\"]\n", "no absolute path"),
            ("#: tools = [\"../x\"]\n", "no name of a crate"),
            ("#: configurations = []\n", "there must be one"),
            (
                "#: expect = [{ class = \"y\", text = \"x\", count = 1 }]\n",
                "unknown field `count`",
            ),
            (
                "#: expect = [{ class = \"y\", text = \"x\", min = 2 }]\n",
                "min is more than max",
            ),
        ] {
            let err = format!("{:#}", parse(&format!("{good}{more}")).unwrap_err());
            assert!(err.contains(complaint), "{err}");
            assert!(err.contains("edu.sh"), "{err}");
        }
        assert!(parse("echo\n").is_err());
    }
}
