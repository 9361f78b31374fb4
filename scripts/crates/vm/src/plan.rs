// SPDX-License-Identifier: GPL-2.0

//! Which tests share a boot, and what the machine of that boot has.

use std::collections::BTreeMap;

use anyhow::Result;
use run::Failure;

use crate::test::{device_id, Root, Test};

/// One boot and the tests that run in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The root of the guest.
    pub root: Root,
    /// Additions to the kernel command line.
    pub cmdline: Vec<String>,
    /// Additions to the QEMU command line.
    pub machine: Vec<String>,
    /// `-device` strings.
    pub devices: Vec<String>,
    /// PCI id → driver.
    pub bind: BTreeMap<String, String>,
    /// Modules to load.
    pub modules: Vec<String>,
    /// Programs for the initramfs.
    pub programs: Vec<String>,
    /// The tests, in order.
    pub tests: Vec<Test>,
}

/// Puts tests with the same root, machine and kernel command line into one boot. Devices and
/// bindings are united; where two tests contradict each other, it is an error.
pub fn plan(tests: &[Test]) -> Result<Vec<Plan>> {
    let mut plans: Vec<Plan> = Vec::new();
    for test in tests {
        let about = &test.about;
        let fits = |plan: &&mut Plan| {
            plan.root == about.root
                && plan.cmdline == about.cmdline
                && plan.machine == about.machine
        };
        match plans.iter_mut().find(fits) {
            Some(plan) => plan.add(test)?,
            None => {
                let mut plan = Plan {
                    root: about.root,
                    cmdline: about.cmdline.clone(),
                    machine: about.machine.clone(),
                    devices: Vec::new(),
                    bind: BTreeMap::new(),
                    modules: Vec::new(),
                    programs: Vec::new(),
                    tests: Vec::new(),
                };
                plan.add(test)?;
                plans.push(plan);
            }
        }
    }
    Ok(plans)
}

impl Plan {
    fn add(&mut self, test: &Test) -> Result<()> {
        let clash = |what: String| {
            Failure::new(format!("test {}: {what}", test.name)).hint(
                "give it an id of its own, or let the test boot alone with a `cmdline` of its own",
            )
        };
        for device in &test.about.devices {
            match self
                .devices
                .iter()
                .find(|known| device_id(known) == device_id(device))
            {
                Some(known) if known == device => {}
                Some(known) => {
                    return Err(clash(format!("`{device}` has the id of `{known}`")).into())
                }
                None => self.devices.push(device.clone()),
            }
        }
        for (id, driver) in &test.about.bind {
            match self.bind.insert(id.clone(), driver.clone()) {
                Some(other) if other != *driver => {
                    return Err(clash(format!(
                        "binds {id} to {driver}, another test binds it to {other}"
                    ))
                    .into())
                }
                _ => {}
            }
        }
        unite(&mut self.modules, &test.about.modules);
        unite(&mut self.programs, &test.about.programs);
        self.tests.push(test.clone());
        Ok(())
    }

    /// The ids of its devices.
    pub fn device_ids(&self) -> Vec<&str> {
        self.devices
            .iter()
            .filter_map(|device| device_id(device))
            .collect()
    }
}

fn unite(all: &mut Vec<String>, more: &[String]) {
    for item in more {
        if !all.contains(item) {
            all.push(item.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn test(name: &str, more: &str) -> Test {
        let text = format!("#: title = \"x\"\n#: timeout = 1\n#: time = 1\n{more}");
        Test::parse(Path::new(&format!("{name}.sh")), &text).unwrap()
    }

    #[test]
    fn the_same_machine_is_shared() {
        let edu = "#: devices = [\"edu,id=edu0\"]\n#: bind = { \"1234:11e8\" = \"a\" }\n";
        let plans = plan(&[
            test("a", edu),
            test("b", &format!("{edu}#: cmdline = [\"swiotlb=force\"]\n")),
            test("c", edu),
            test("d", "#: root = \"initramfs\"\n"),
        ])
        .unwrap();
        let names: Vec<Vec<&str>> = plans
            .iter()
            .map(|plan| plan.tests.iter().map(|test| test.name.as_str()).collect())
            .collect();
        assert_eq!(names, [vec!["a", "c"], vec!["b"], vec!["d"]]);
        assert_eq!(plans[0].devices, ["edu,id=edu0"]);
        assert_eq!(plans[0].device_ids(), ["edu0"]);
    }

    #[test]
    fn contradictions_are_errors() {
        let err = |a: &str, b: &str| plan(&[test("a", a), test("b", b)]).unwrap_err().to_string();
        let message = err(
            "#: devices = [\"edu,id=x\"]\n",
            "#: devices = [\"pci-testdev,id=x\"]\n",
        );
        assert!(
            message.contains("`pci-testdev,id=x` has the id of `edu,id=x`"),
            "{message}"
        );
        let message = err(
            "#: bind = { \"1234:11e8\" = \"a\" }\n",
            "#: bind = { \"1234:11e8\" = \"b\" }\n",
        );
        assert!(message.contains("binds 1234:11e8 to b"), "{message}");
    }
}
