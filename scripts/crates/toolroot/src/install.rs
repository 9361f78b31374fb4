// SPDX-License-Identifier: GPL-2.0

//! Making Debian roots with mmdebstrap.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use run::{Cache, Failure, Ui};

use crate::enter::{self, Namespaces};

/// A Debian root in the cache directory.
pub struct Root {
    /// What it is, for people.
    pub what: &'static str,
    /// Its directory in the cache.
    pub dir: &'static str,
    /// The release of Debian that the packages are from.
    pub release: &'static str,
    /// What must run in a root that is whole.
    pub probe: &'static str,
}

/// What the kernel is built with, and QEMU; the root of most guests.
pub const TOOLCHAIN: Root = Root {
    what: "toolchain",
    dir: "toolchain",
    release: "trixie",
    probe: "clang-19 --version && rustc --version && bindgen --version && \
            qemu-system-x86_64 --version && b4 --version",
};

/// The root of guests that run IGT, which stable releases do not have.
pub const IGT: Root = Root {
    what: "IGT",
    dir: "igt",
    release: "sid",
    probe: "test -x /usr/libexec/igt-gpu-tools/kms_atomic && kmod --version",
};

/// The root made from the package list `packages`; made when it is missing, damaged, or made from
/// another list.
pub fn ensure(
    ui: &Ui,
    cache: &Cache,
    root: &Root,
    packages: &Path,
    namespaces: Namespaces,
) -> Result<PathBuf> {
    let list = fs::read_to_string(packages)
        .with_context(|| format!("cannot read {}", packages.display()))?;
    let names = names(&list);
    let wanted = names.join(",");
    let Root {
        what,
        dir,
        release,
        probe,
    } = *root;
    let stamp = cache.path(format!("{dir}.packages"));
    let partial = cache.path(format!("{dir}.partial"));
    let root = cache.path(dir);

    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        let mut command = enter::command(&root, namespaces, &[], Path::new("/"), "sh");
        command.args(["-c", probe]);
        if run::succeeds(command) {
            return Ok(root);
        }
        ui.note(format!("the {what} root is damaged: making it again"));
    }

    require_mmdebstrap(ui, cache)?;
    let log = cache.new_log(dir)?;
    crate::remove(&partial)?;
    let step = ui.step(format!("Making the Debian {release} {what} root"));
    let mut command = namespaces.command("mmdebstrap");
    command
        .args(["--mode=root", "--variant=apt", "--skip=check/canunshare"])
        .arg(format!("--include={wanted}"));
    if release == "sid" {
        // A mirror may be a few days behind.
        command.arg("--aptopt=Acquire::Check-Valid-Until \"false\"");
    }
    for dir in ["doc", "info", "locale", "man"] {
        command.arg(format!("--dpkgopt=path-exclude=/usr/share/{dir}/*"));
    }
    command.arg(release).arg(&partial);
    run::logged(command, "mmdebstrap", &log, |line| {
        step.message(line.strip_prefix("I: ").unwrap_or(line));
    })
    .map_err(|err| hint(err, what, &log))?;

    // The stamp goes first: an interruption from here on means making the root again.
    if stamp.exists() {
        fs::remove_file(&stamp)?;
    }
    crate::remove(&root)?;
    fs::rename(&partial, &root)
        .with_context(|| format!("cannot move the new root to {}", root.display()))?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    step.done(format!("{} packages and what they need", names.len()));
    Ok(root)
}

/// The package names in a list with comments.
fn names(list: &str) -> Vec<&str> {
    list.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .flat_map(str::split_whitespace)
        .collect()
}

fn hint(err: anyhow::Error, what: &str, log: &Path) -> anyhow::Error {
    let text = fs::read_to_string(log).unwrap_or_default();
    let hint = if text.contains("No space left") {
        "free 3 GB, or set SERIES_CACHE to a directory on a larger disk"
    } else if [
        "Could not resolve",
        "Temporary failure resolving",
        "Could not connect",
        "Failed to fetch",
    ]
    .iter()
    .any(|sign| text.contains(sign))
    {
        "check the network and http_proxy: the Debian mirror was not reached"
    } else if text.contains("NO_PUBKEY") || text.contains("not signed") {
        "install a debian-archive-keyring that knows Debian 13 (apt install debian-archive-keyring)"
    } else {
        "read the log; `cargo series doctor` says what this machine lacks"
    };
    err.context(Failure::new(format!("the {what} root could not be made")).hint(hint))
}

/// Whether mmdebstrap, which makes the root, can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mmdebstrap {
    /// It is installed.
    Installed,
    /// It is not, and the tool can install it.
    Installable,
    /// It is not, and the user has to install it.
    Missing,
}

/// How to install what makes the root.
pub const INSTALL_MMDEBSTRAP: &str = "sudo apt-get install mmdebstrap uidmap (Debian, Ubuntu), \
                                      sudo dnf install mmdebstrap (Fedora)";

/// Looks for mmdebstrap.
pub fn mmdebstrap() -> Mmdebstrap {
    if run::succeeds(version_of("mmdebstrap")) {
        Mmdebstrap::Installed
    } else if nix::unistd::geteuid().is_root() && run::succeeds(version_of("apt-get")) {
        Mmdebstrap::Installable
    } else {
        Mmdebstrap::Missing
    }
}

fn require_mmdebstrap(ui: &Ui, cache: &Cache) -> Result<()> {
    let missing = || {
        Failure::new("mmdebstrap is not installed, and it makes the Debian root")
            .hint(format!("{INSTALL_MMDEBSTRAP}; or --toolchain host"))
    };
    match mmdebstrap() {
        Mmdebstrap::Installed => return Ok(()),
        Mmdebstrap::Installable => {}
        Mmdebstrap::Missing => return Err(missing().into()),
    }
    let step = ui.step("Installing mmdebstrap");
    let log = cache.new_log("apt")?;
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-y", "-o", "DPkg::Lock::Timeout=120"])
            .args(arguments);
        run::logged(command, "apt-get", &log, |line| step.message(line))
    };
    let install = [
        "install",
        "--no-install-recommends",
        "mmdebstrap",
        "debian-archive-keyring",
    ];
    // The package lists may be absent or too old to name a file that still exists.
    apt(&install)
        .or_else(|_| apt(&["update"]).and_then(|()| apt(&install)))
        .map_err(|err| err.context(missing()))?;
    step.done("");
    Ok(())
}

fn version_of(program: &str) -> Command {
    let mut command = Command::new(program);
    command.arg("--version");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_not_packages() {
        assert_eq!(
            names("# a\nmake # the tool\n\ngit  b4\n"),
            ["make", "git", "b4"]
        );
    }
}
