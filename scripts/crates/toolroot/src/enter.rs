// SPDX-License-Identifier: GPL-2.0

//! Entering the root.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use run::Failure;

/// Mounts what a program in the root needs, changes to the directory and runs the program:
/// `root directory bind... -- program argument...`. /tmp comes first, since what is bound may lie
/// in it.
const SCRIPT: &str = r#"
root=$1 dir=$2
shift 2
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
for file in /etc/resolv.conf /etc/hosts; do
    if [ -e "$file" ] && [ -f "$root$file" ]; then mount --bind "$file" "$root$file"; fi
done
while [ "$1" != -- ]; do
    if [ -d "$1" ]; then
        mkdir -p "$root$1"
    else
        mkdir -p "$root${1%/*}"
        touch "$root$1"
    fi
    mount --bind "$1" "$root$1"
    shift
done
shift
exec chroot "$root" /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$dir" "$@"
"#;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What programs may see of the caller's environment.
const KEPT: &[&str] = &[
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "TERM",
    "COLORTERM",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
];

/// How this user can make namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespaces {
    /// As root.
    AsRoot,
    /// Inside a user namespace, in which the user is root.
    AsUser,
}

/// Finds out how this user can make namespaces.
pub fn namespaces() -> Result<Namespaces> {
    let kind = if nix::unistd::geteuid().is_root() {
        Namespaces::AsRoot
    } else {
        Namespaces::AsUser
    };
    let mut probe = kind.command("true");
    probe.env("LC_ALL", "C");
    if let Err(err) = run::output(probe, "making namespaces") {
        let hint = match kind {
            Namespaces::AsRoot => {
                "this machine is a container without CAP_SYS_ADMIN: run it privileged, or use \
                 --toolchain host"
            }
            Namespaces::AsUser => {
                "install newuidmap and util-linux 2.38 (apt install uidmap), give the user a range \
                 in /etc/subuid and /etc/subgid (usermod --add-subuids 100000-165535 \
                 --add-subgids 100000-165535 USER), and allow user namespaces (sysctl \
                 kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0); \
                 or run as root; or use --toolchain host"
            }
        };
        return Err(Failure::new(
            "the toolchain root can't be entered: no namespaces for this user",
        )
        .lines(format!("{err:#}").lines())
        .hint(hint)
        .into());
    }
    Ok(kind)
}

impl Namespaces {
    /// A command that runs `program` of this machine as root in namespaces of its own. It dies
    /// with the thread that starts it, and all in its PID namespace die with it.
    pub fn command(self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        clean(&mut command);
        command
            .env("PATH", PATH)
            .env("HOME", "/root")
            .args(["--pdeathsig", "KILL", "unshare"]);
        if self == Namespaces::AsUser {
            command.args(["--user", "--map-root-user", "--map-auto"]);
        }
        command
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .arg(program);
        command
    }
}

/// A command that runs `program` of `root` in `dir`.
pub fn command(
    root: &Path,
    namespaces: Namespaces,
    binds: &[PathBuf],
    dir: &Path,
    program: &str,
) -> Command {
    let mut command = namespaces.command("sh");
    command
        .args(["-ec", SCRIPT, "sh"])
        .arg(root)
        .arg(dir)
        .args(binds)
        .arg("--")
        .arg(program);
    command
}

/// A command that runs `program` of this machine in `dir`.
pub fn host_command(dir: &Path, program: &str) -> Command {
    let mut command = Command::new("setpriv");
    clean(&mut command);
    for name in ["PATH", "HOME", "USER", "RUSTUP_HOME", "CARGO_HOME"] {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .current_dir(dir)
        .args(["--pdeathsig", "KILL", program]);
    command
}

fn clean(command: &mut Command) {
    command.env_clear().env("LC_ALL", "C.UTF-8");
    for name in KEPT {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
}
