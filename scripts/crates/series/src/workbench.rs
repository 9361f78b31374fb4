// SPDX-License-Identifier: GPL-2.0

//! What the commands stand on: this clone, the cache, the toolchain, the base, the applied series.

use std::env;
use std::ops::Deref;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{bail, Result};
use kernel::{Base, Build, Config, Fragment, Linux, Source};
use manifest::Manifest;
use patches::Series;
use run::{Cache, Failure, Lock, Ui};
use toolroot::Toolchain;

use crate::{Places, Tools};

/// A clone of the repository and where its parts are made.
pub struct Workbench {
    pub ui: Ui,
    pub cache: Cache,
    pub top: PathBuf,
    pub places: Places,
}

/// Toolchain and base, ready, with the cache locked.
pub struct Prepared<'a> {
    pub bench: &'a Workbench,
    pub toolchain: Toolchain,
    pub linux: Linux,
    pub lock: Lock,
}

/// The series as well, as it is in `patches/`.
pub struct Ready<'a> {
    prepared: Prepared<'a>,
    pub series: Series,
}

impl<'a> Deref for Ready<'a> {
    type Target = Prepared<'a>;

    fn deref(&self) -> &Self::Target {
        &self.prepared
    }
}

impl Workbench {
    pub fn open(places: Places) -> Result<Self> {
        let here = env::current_dir()?;
        let Some(top) = here
            .ancestors()
            .find(|dir| dir.join(manifest::FILE).is_file())
        else {
            bail!(Failure::new(
                "this is no clone of the series: there is no b4.toml here or above"
            )
            .hint("cd to the top of the clone"));
        };
        Ok(Self {
            ui: Ui::new(),
            cache: Cache::open()?,
            top: top.to_path_buf(),
            places,
        })
    }

    /// The package list of the toolchain root.
    pub fn packages(&self) -> PathBuf {
        self.top.join("scripts/toolchain/packages")
    }

    /// Locks the cache and makes the toolchain ready.
    pub fn toolchain(&self) -> Result<(Toolchain, Lock)> {
        let lock = self.cache.lock(&self.ui)?;
        let mut toolchain = match self.places.toolchain {
            Tools::Debian => Toolchain::debian(&self.ui, &self.cache, &self.packages())?,
            Tools::Host => Toolchain::host()?,
        };
        toolchain.bind(&self.top);
        Ok((toolchain, lock))
    }

    /// Makes everything ready that most commands need.
    pub fn ready(&self) -> Result<Ready<'_>> {
        // What can be wrong with the input is found before anything long begins.
        let series = Series::load(&self.top)?;
        Ok(Ready {
            prepared: self.prepared(&series.manifest)?,
            series,
        })
    }

    /// Makes toolchain and base ready.
    pub fn prepared(&self, manifest: &Manifest) -> Result<Prepared<'_>> {
        let base = Base {
            version: manifest.base.version.clone(),
            sha256: manifest.base.sha256.clone(),
        };
        let source = Source {
            git_tree: self.places.linux.clone(),
            tarball: linux_tarball(),
        };
        source.check(&self.cache, &base)?;
        let (toolchain, lock) = self.toolchain()?;
        let linux = Linux::prepare(&self.ui, &self.cache, &toolchain, &base, &source)?;
        Ok(Prepared {
            bench: self,
            toolchain,
            linux,
            lock,
        })
    }

    /// Where the clones' kernel worktrees for editing are.
    pub fn checkouts(&self) -> PathBuf {
        self.cache.path("checkout")
    }

    /// This clone's own.
    pub fn checkout(&self) -> PathBuf {
        let name = self.top.file_name().unwrap_or_default().to_string_lossy();
        self.checkouts()
            .join(format!("{name}-{:016x}", hash(&self.top)))
    }
}

/// The tarball of the base that the user has named.
pub fn linux_tarball() -> Option<PathBuf> {
    env::var_os("SERIES_LINUX_TARBALL").map(PathBuf::from)
}

/// A short name for a path, the same whatever built the tool: FNV-1a.
fn hash(path: &Path) -> u64 {
    let bytes = path.as_os_str().as_bytes();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Which kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// What is booted for a look.
    Qemu,
    /// What the tests run on.
    Debug,
    /// What is measured.
    Bench,
    /// What is built after each patch.
    Each,
    /// Without Rust.
    NoRust,
}

impl Flavour {
    fn name(self) -> &'static str {
        match self {
            Self::Qemu => "qemu",
            Self::Debug => "debug",
            Self::Bench => "bench",
            Self::Each => "each",
            Self::NoRust => "norust",
        }
    }

    /// The fragments under `scripts/config`, later ones over earlier ones.
    fn fragments(self) -> &'static [&'static str] {
        match self {
            Self::Qemu => &["qemu", "built-in"],
            Self::Debug => &["qemu", "users", "debug"],
            Self::Bench => &["qemu", "bench"],
            Self::Each => &["qemu", "users", "each"],
            Self::NoRust => &["qemu", "norust"],
        }
    }
}

impl Ready<'_> {
    /// Where the series is applied, for the crate that knows patches.
    pub fn kernel(&self) -> patches::Kernel {
        patches::Kernel {
            repo: self.linux.repo().to_path_buf(),
            base: self.linux.base().to_string(),
            scratch: self.bench.cache.path("scratch"),
        }
    }

    /// The commit of the series, applied through b4.
    pub fn applied(&self) -> Result<String> {
        let log = self.bench.cache.new_log("apply")?;
        self.series
            .apply(&self.bench.ui, &self.toolchain, &self.kernel(), &log)
    }

    /// Makes `path` visible in the toolchain root.
    pub fn bind(&mut self, path: &Path) {
        self.prepared.toolchain.bind(path);
    }

    /// The configuration of a kernel, from the fragments under `scripts/config`.
    pub fn config(&self, flavour: Flavour) -> Result<Config> {
        let fragments = flavour
            .fragments()
            .iter()
            .map(|name| {
                Fragment::read(&self.bench.top.join(format!("scripts/config/{name}.config")))
            })
            .collect::<Result<_>>()?;
        Ok(Config {
            name: flavour.name().into(),
            fragments,
            clippy: flavour == Flavour::Debug,
            partial: matches!(flavour, Flavour::Each | Flavour::NoRust),
        })
    }

    /// A build of the build tree.
    pub fn build<'a>(&'a self, config: &'a Config) -> Build<'a> {
        Build::new(
            &self.bench.ui,
            &self.bench.cache,
            &self.toolchain,
            self.linux.build_tree(),
            config,
        )
    }

    /// The kernel with the series.
    pub fn kernel_image(&self, flavour: Flavour) -> Result<kernel::Built> {
        let commit = self.applied()?;
        self.linux.set_build_tree(&commit)?;
        let config = self.config(flavour)?;
        self.build(&config).image(&commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_checkout_never_changes() {
        assert_eq!(hash(Path::new("")), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(Path::new("foobar")), 0x8594_4171_f739_67e8);
    }
}
