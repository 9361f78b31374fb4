// SPDX-License-Identifier: GPL-2.0

//! Which tests share a boot, and what the machine of that boot has.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use run::Failure;

use crate::configuration::{self, Configuration, Configurations, DEFAULT};
use crate::test::{self, device_id, Test};

/// One boot and the tests that run in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The name of the configuration.
    pub name: String,
    /// The machine and how the kernel starts.
    pub configuration: Configuration,
    /// `-device` strings.
    pub devices: Vec<String>,
    /// PCI id → driver.
    pub bind: BTreeMap<String, String>,
    /// Modules to load.
    pub modules: Vec<String>,
    /// Programs for the initramfs.
    pub programs: Vec<String>,
    /// Programs of ours for the initramfs.
    pub tools: Vec<String>,
    /// The tests, in order.
    pub tests: Vec<Test>,
}

/// How many seconds a test may take, on the debug kernel, to be part of each boot: someone waits.
const QUICK: f64 = 20.0;

/// Which tests, and in which of their configurations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What is [`QUICK`], in configurations that add nothing to the machine.
    Plain,
    /// All that a test names.
    Every,
}

/// The boots that the tests in the directory of the guest scripts need. The default configuration
/// comes first.
pub fn plans(guest: &Path, extent: Extent) -> Result<Vec<Plan>> {
    let configurations = configuration::load(&guest.join("configurations.toml"))?;
    plan(&test::load(&guest.join("tests"))?, &configurations, extent)
}

/// One boot for each configuration. Devices and bindings of its tests are united; where two tests
/// contradict each other, it is an error.
pub fn plan(tests: &[Test], configurations: &Configurations, extent: Extent) -> Result<Vec<Plan>> {
    let mut plans: Vec<Plan> = Vec::new();
    for test in tests {
        for name in &test.about.configurations {
            let configuration = configurations.get(name).ok_or_else(|| {
                let known: Vec<_> = configurations.keys().map(String::as_str).collect();
                Failure::new(format!("test {}: no configuration `{name}`", test.name))
                    .hint(format!("one of {}", known.join(", ")))
            })?;
            let quick = test.about.time <= QUICK && *configuration == Configuration::default();
            if extent == Extent::Plain && !quick {
                continue;
            }
            match plans.iter_mut().find(|plan| plan.name == *name) {
                Some(plan) => plan.add(test)?,
                None => plans.push(Plan::new(name, configuration, test)?),
            }
        }
    }
    plans.sort_by_key(|plan| (plan.name != DEFAULT, plan.name.clone()));
    Ok(plans)
}

/// A boot of its own for each test in the directory `tests` of the guest scripts, with the name of
/// the test, in each of its configurations.
pub fn plans_apart(guest: &Path, tests: &str) -> Result<Vec<Plan>> {
    let configurations = configuration::load(&guest.join("configurations.toml"))?;
    let mut plans = Vec::new();
    for test in test::load(&guest.join(tests))? {
        for mut plan in plan(std::slice::from_ref(&test), &configurations, Extent::Every)? {
            plan.name.clone_from(&test.name);
            plans.push(plan);
        }
    }
    Ok(plans)
}

impl Plan {
    fn new(name: &str, configuration: &Configuration, test: &Test) -> Result<Self> {
        let mut plan = Self {
            name: name.into(),
            configuration: configuration.clone(),
            devices: Vec::new(),
            bind: BTreeMap::new(),
            modules: Vec::new(),
            programs: Vec::new(),
            tools: Vec::new(),
            tests: Vec::new(),
        };
        plan.add(test)?;
        Ok(plan)
    }

    fn add(&mut self, test: &Test) -> Result<()> {
        let clash = |what: String| {
            Failure::new(format!("test {}: {what}", test.name))
                .hint("give it an id of its own, or let the test run in another configuration")
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
        unite(&mut self.tools, &test.about.tools);
        self.tests.push(test.clone());
        Ok(())
    }

    /// Has the driver of the series show the console on QEMU's display, for whoever looks at it.
    pub fn show_console(&mut self) {
        const ID: &str = "1234:1111";
        const DRIVER: &str = "bochs_rust";

        self.bind.entry(ID.into()).or_insert_with(|| DRIVER.into());
        unite(&mut self.modules, &[DRIVER.into()]);
    }

    /// The ids of its devices.
    pub fn device_ids(&self) -> Vec<&str> {
        self.devices
            .iter()
            .filter_map(|device| device_id(device))
            .collect()
    }

    /// How long its tests take, as measured.
    pub fn time(&self) -> Duration {
        self.tests
            .iter()
            .map(|test| Duration::from_secs_f64(test.about.time))
            .sum()
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
pub(crate) mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const CONFIGURATIONS: &str = "[initramfs]\nroot = \"initramfs\"\n\
        [iommu]\nmachine = [\"-device\", \"intel-iommu\"]\ncmdline = [\"intel_iommu=on\"]\n";

    pub fn test(name: &str, more: &str) -> Test {
        let text = format!("#: title = \"x\"\n#: timeout = 1\n#: time = 1\n{more}");
        Test::parse(Path::new(&format!("{name}.sh")), &text).unwrap()
    }

    pub fn plan_every(tests: &[Test]) -> Result<Vec<Plan>> {
        let all = configuration::parse(Path::new("c.toml"), CONFIGURATIONS).unwrap();
        plan(tests, &all, Extent::Every)
    }

    #[test]
    fn a_configuration_is_a_boot() {
        let edu = "#: devices = [\"edu,id=edu0\"]\n#: bind = { \"1234:11e8\" = \"a\" }\n";
        let tests = [
            test("a", "#: configurations = [\"initramfs\"]\n"),
            test(
                "b",
                &format!("{edu}#: configurations = [\"default\", \"iommu\"]\n"),
            ),
            test("c", edu),
        ];
        let names = |plans: &[Plan]| -> Vec<(String, Vec<String>)> {
            let tests = |plan: &Plan| plan.tests.iter().map(|test| test.name.clone()).collect();
            plans
                .iter()
                .map(|plan| (plan.name.clone(), tests(plan)))
                .collect()
        };
        let plans = plan_every(&tests).unwrap();
        let boot = |name: &str, tests: &[&str]| {
            let tests = tests.iter().map(|test| test.to_string()).collect();
            (name.to_string(), tests)
        };
        assert_eq!(
            names(&plans),
            [
                boot("default", &["b", "c"]),
                boot("initramfs", &["a"]),
                boot("iommu", &["b"])
            ]
        );
        assert_eq!(plans[0].devices, ["edu,id=edu0"]);
        assert_eq!(plans[0].device_ids(), ["edu0"]);
        assert_eq!(plans[0].time(), Duration::from_secs(2));
        assert_eq!(plans[2].configuration.cmdline, ["intel_iommu=on"]);

        let all = configuration::parse(Path::new("c.toml"), CONFIGURATIONS).unwrap();
        let plans = plan(&tests, &all, Extent::Plain).unwrap();
        assert_eq!(names(&plans), [boot("default", &["b", "c"])]);
    }

    #[test]
    fn the_console_is_shown_by_a_driver() {
        let mut plans = plan_every(&[
            test("a", ""),
            test(
                "b",
                "#: configurations = [\"initramfs\"]\n#: bind = { \"1234:1111\" = \"c\" }\n",
            ),
        ])
        .unwrap();
        for plan in &mut plans {
            plan.show_console();
        }
        assert_eq!(plans[0].bind["1234:1111"], "bochs_rust");
        assert_eq!(plans[0].modules, ["bochs_rust"]);
        assert_eq!(plans[1].bind["1234:1111"], "c");
    }

    #[test]
    fn contradictions_are_errors() {
        let err = |a: &str, b: &str| {
            plan_every(&[test("a", a), test("b", b)])
                .unwrap_err()
                .to_string()
        };
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
        let message = err("", "#: configurations = [\"iomu\"]\n");
        assert!(
            message.contains("no configuration `iomu`") && message.contains("default, initramfs"),
            "{message}"
        );
    }

    #[test]
    fn our_own_tests_can_be_run() {
        let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest");
        let plain = plans(&guest, Extent::Plain).unwrap();
        let every = plans(&guest, Extent::Every).unwrap();
        assert_eq!(plain[0].name, DEFAULT);
        assert!(plain[0].tests.iter().any(|test| test.name == "boot"));
        // Nothing is configured that nobody uses.
        let all = configuration::load(&guest.join("configurations.toml")).unwrap();
        let mut used: BTreeSet<String> = every.into_iter().map(|plan| plan.name).collect();
        for dir in ["igt", "bench", "bench-wlan"] {
            assert!(plans_apart(&guest, dir).unwrap().len() >= 2);
            for test in test::load(&guest.join(dir)).unwrap() {
                used.extend(test.about.configurations);
            }
        }
        assert!(used.iter().eq(all.keys()));
    }
}
