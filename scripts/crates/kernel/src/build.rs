// SPDX-License-Identifier: GPL-2.0

//! Configuring and building the kernel.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::available_parallelism;

use anyhow::{Context, Result};
use run::{Cache, Failure, Step, Ui};
use serde::{Deserialize, Serialize};
use toolroot::Toolchain;

use crate::config::Config;

/// A build of one configuration in its own output directory.
pub struct Build<'a> {
    ui: &'a Ui,
    cache: &'a Cache,
    pub(crate) toolchain: &'a Toolchain,
    source: &'a Path,
    config: &'a Config,
}

/// A kernel that is built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The kernel image.
    pub image: PathBuf,
    /// Holds `lib/modules`.
    pub modules: PathBuf,
    /// What `uname -r` says.
    pub release: String,
}

/// What the output directory was made from, and how long a whole build is.
#[derive(Default, Serialize, Deserialize, PartialEq, Eq)]
struct Stamp {
    /// What is built now.
    built: Option<String>,
    /// What the configuration was made from.
    configured: Option<String>,
    /// Lines that `make` printed for a build from nothing.
    whole: Option<u64>,
}

impl Stamp {
    fn file(out: &Path) -> PathBuf {
        out.join("series-stamp.json")
    }

    /// A stamp that can't be read is as good as none.
    fn read(out: &Path) -> Self {
        fs::read(Self::file(out))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    fn write(&self, out: &Path) -> Result<()> {
        let file = Self::file(out);
        let partial = out.join("series-stamp.partial");
        fs::write(&partial, serde_json::to_vec_pretty(self)?)
            .and_then(|()| fs::rename(&partial, &file))
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

impl<'a> Build<'a> {
    /// A build of the tree `source`.
    pub fn new(
        ui: &'a Ui,
        cache: &'a Cache,
        toolchain: &'a Toolchain,
        source: &'a Path,
        config: &'a Config,
    ) -> Self {
        Self {
            ui,
            cache,
            toolchain,
            source,
            config,
        }
    }

    /// The output directory.
    pub fn out(&self) -> PathBuf {
        self.cache.path("out").join(&self.config.name)
    }

    /// The variables that belong on the command line of `make`.
    fn variables(&self) -> Vec<String> {
        let mut variables = vec![
            format!("O={}", self.out().display()),
            "ARCH=x86_64".into(),
            "LOCALVERSION=".into(),
            format!("LLVM={}", self.toolchain.llvm()),
            format!("CC=ccache {}", self.toolchain.clang()),
        ];
        if self.config.clippy {
            variables.push("CLIPPY=1".into());
            // What clippy 1.85 says of shifts and ors in the base's nova-core, later releases
            // moved to a lint that is off.
            variables.push("KRUSTFLAGS=-Aclippy::precedence".into());
        }
        variables
    }

    /// The environment of a build, the same wherever and whenever it is made.
    fn surroundings(&self) -> [(&'static str, String); 4] {
        [
            (
                "CCACHE_DIR",
                self.cache.path("ccache").display().to_string(),
            ),
            ("KBUILD_BUILD_TIMESTAMP", "1970-01-01".into()),
            ("KBUILD_BUILD_USER", "series".into()),
            ("KBUILD_BUILD_HOST", "series".into()),
        ]
    }

    /// The environment in which a plain `make` does what [`Build::make`] does.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let variables: Vec<_> = self
            .variables()
            .iter()
            .map(|variable| variable.replace(' ', "\\ "))
            .collect();
        let flags = format!("-j{} -- {}", jobs(), variables.join(" "));
        let mut environment = vec![("MAKEFLAGS", flags)];
        environment.extend(self.surroundings());
        environment
    }

    /// `make` with everything that belongs on its command line, for any target.
    pub fn make(&self) -> Command {
        let mut command = self.toolchain.command(self.source, "make");
        command
            .envs(self.surroundings())
            .arg(format!("-j{}", jobs()))
            .arg("--no-print-directory")
            .args(self.variables());
        command
    }

    /// Configures and builds image and modules, if anything changed. `tree` identifies the
    /// content of the source tree.
    pub fn image(&self, tree: &str) -> Result<Built> {
        let out = self.out();
        fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
        let log = self.cache.new_log(&format!("build-{}", self.config.name))?;
        let mut stamp = Stamp::read(&out);
        let key = self.key(tree);
        let built = || self.built(&out);
        if stamp.built.as_deref() == Some(&key) {
            if let Ok(built) = built() {
                return Ok(built);
            }
        }
        stamp.built = None;
        stamp.write(&out)?;

        self.configure(&log, &mut stamp)?;
        let whole = !out.join("vmlinux").exists();
        let step = self
            .ui
            .step(format!("Building the {} kernel", self.config.name));
        let mut lines = 0;
        self.logged(
            &["bzImage", "modules"],
            "building the kernel",
            &log,
            |line| {
                lines += u64::from(line.starts_with("  "));
                show(&step, line, lines, stamp.whole.filter(|_| whole));
            },
        )?;
        let modules = out.join("install");
        crate::git::remove_dir(&modules)?;
        let mut path = OsString::from("INSTALL_MOD_PATH=");
        path.push(&modules);
        let mut install = self.make();
        install.arg("modules_install").arg(path);
        run::logged(install, "installing the modules", &log, |line| {
            step.message(line)
        })?;
        if whole {
            stamp.whole = Some(lines);
        }
        stamp.built = Some(key);
        stamp.write(&out)?;
        step.done("");
        built()
    }

    /// Whether `targets` have been built before from a source tree with the content `tree`.
    pub fn has_built(&self, tree: &str, targets: &[&str]) -> bool {
        fs::read_to_string(self.note(tree)).is_ok_and(|text| text == self.built_key(tree, targets))
    }

    /// Configures and builds `targets` only. `tree` identifies the content of the source tree.
    pub fn targets(&self, tree: &str, targets: &[&str]) -> Result<()> {
        let note = self.note(tree);
        let out = self.out();
        for dir in [Some(out.as_path()), note.parent()].into_iter().flatten() {
            fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        }
        let log = self.cache.new_log(&format!("build-{}", self.config.name))?;
        let mut stamp = Stamp::read(&out);
        stamp.built = None;
        stamp.write(&out)?;
        self.configure(&log, &mut stamp)?;
        let step = self.ui.step(format!("Building {}", targets.join(" ")));
        self.logged(targets, "the build", &log, |line| step.message(line))?;
        fs::write(&note, self.built_key(tree, targets))
            .with_context(|| format!("cannot write {}", note.display()))?;
        step.done("");
        Ok(())
    }

    /// Where it is noted what has been built from the content `tree`.
    fn note(&self, tree: &str) -> PathBuf {
        self.cache.path("built").join(&self.config.name).join(tree)
    }

    fn built_key(&self, tree: &str, targets: &[&str]) -> String {
        format!("{}\n{targets:?}", self.key(tree))
    }

    /// What a build depends on.
    fn key(&self, tree: &str) -> String {
        let tools = (self.toolchain.root(), self.toolchain.llvm());
        format!("{tree}\n{tools:?}\n{}", self.config.text())
    }

    pub(crate) fn logged(
        &self,
        targets: &[&str],
        what: &str,
        log: &Path,
        on_line: impl FnMut(&str),
    ) -> Result<()> {
        let mut command = self.make();
        command.args(targets);
        run::logged(command, what, log, on_line).map_err(|err| {
            let text = fs::read_to_string(log).unwrap_or_default();
            if text.contains("No space left on device") {
                err.context(
                    Failure::new("the disk is full")
                        .hint("free some space (`cargo series clean`), then run it again"),
                )
            } else {
                err
            }
        })
    }

    /// tinyconfig, the fragments, and the check that they took effect.
    fn configure(&self, log: &Path, stamp: &mut Stamp) -> Result<()> {
        let out = self.out();
        let dotconfig = out.join(".config");
        let key = self.key(&format!("{:016x}", crate::git::configurable(self.source)?));
        if stamp.configured.as_ref() == Some(&key) && dotconfig.exists() {
            return Ok(());
        }
        stamp.configured = None;
        stamp.write(&out)?;
        let step = self
            .ui
            .step(format!("Configuring the {} kernel", self.config.name));
        let quiet = |_: &str| ();
        self.logged(&["rustavailable"], "make rustavailable", log, quiet)?;
        let before = fs::read_to_string(&dotconfig).ok();
        self.logged(&["tinyconfig"], "make tinyconfig", log, quiet)?;
        let mut merge = self
            .toolchain
            .command(self.source, "scripts/kconfig/merge_config.sh");
        merge.args(["-m", "-O"]).arg(&out).arg(&dotconfig);
        merge.args(self.config.fragments.iter().map(|fragment| &fragment.file));
        run::logged(merge, "merging the fragments", log, quiet)?;
        self.logged(&["olddefconfig"], "make olddefconfig", log, quiet)?;
        let after = fs::read_to_string(&dotconfig)
            .with_context(|| format!("cannot read {}", dotconfig.display()))?;
        self.config.verify(&after)?;
        stamp.configured = Some(key);
        stamp.write(&out)?;
        step.done(if before.as_ref() == Some(&after) {
            "as before"
        } else {
            "all requested symbols are set"
        });
        Ok(())
    }

    fn built(&self, out: &Path) -> Result<Built> {
        let image = out.join("arch/x86/boot/bzImage");
        let modules = out.join("install");
        let release = fs::read_to_string(out.join("include/config/kernel.release"))
            .context("the build left no kernel release")?
            .trim()
            .to_string();
        for path in [&image, &modules.join("lib/modules").join(&release)] {
            path.metadata()
                .with_context(|| format!("the build left no {}", path.display()))?;
        }
        Ok(Built {
            image,
            modules,
            release,
        })
    }
}

pub(crate) fn jobs() -> usize {
    available_parallelism().map_or(2, usize::from) + 1
}

/// Kbuild prints a line of the form `  CC      file` for everything it makes.
fn show(step: &Step, line: &str, lines: u64, whole: Option<u64>) {
    match whole {
        Some(whole) => step.progress(lines.min(whole), whole, line),
        None => step.message(&format!("{lines} steps, {}", line.trim())),
    }
}
