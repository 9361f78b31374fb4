// SPDX-License-Identifier: GPL-2.0

//! What goes wrong outside the tool gives one clear message and a non-zero exit, and leaves
//! nothing behind.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const SERIES: &str = env!("CARGO_BIN_EXE_series");
/// Nothing listens there.
const NO_NETWORK: &str = "http://127.0.0.1:9";

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// Some program around `series`, in a clone, with an empty cache and without network.
fn command(program: &str, cache: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(top())
        .stdin(Stdio::null())
        .env("SERIES_CACHE", cache)
        .env("http_proxy", NO_NETWORK)
        .env("https_proxy", NO_NETWORK)
        .env_remove("SERIES_LINUX")
        .env_remove("SERIES_LINUX_TARBALL");
    command
}

/// What the command says when it fails.
fn failure(mut command: Command) -> String {
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("error: "), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// Not in /tmp, which may be small.
fn new_dir() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// `series` for a user who can't make namespaces. Only root can give the right away; the setuid
/// programs that give it to ordinary users have no effect in a user namespace without their owner.
fn without_namespaces(cache: &Path) -> Command {
    if nix::unistd::geteuid().is_root() {
        let mut series = command("setpriv", cache);
        series.args(["--bounding-set=-sys_admin", "--inh-caps=-sys_admin", SERIES]);
        series
    } else {
        let mut series = command("unshare", cache);
        series.args(["--user", "--map-current-user", SERIES]);
        series
    }
}

#[test]
fn outside_a_clone_it_says_so() {
    let dir = new_dir();
    let mut series = command(SERIES, &dir.path().join("cache"));
    series.arg("build").current_dir("/");
    let said = failure(series);
    assert!(said.contains("no clone of the series"), "{said}");
}

#[test]
fn below_the_top_of_a_clone_it_works() {
    let dir = new_dir();
    let tarball = dir.path().join("linux.tar.xz");
    fs::write(&tarball, "not a kernel").unwrap();
    let mut series = command(SERIES, &dir.path().join("cache"));
    series
        .arg("build")
        .current_dir(top().join("scripts/guest"))
        .env("SERIES_LINUX_TARBALL", &tarball);
    let said = failure(series);
    assert!(said.contains("is not the base kernel"), "{said}");
}

#[test]
fn the_doctor_says_what_the_machine_lacks() {
    let dir = new_dir();
    let programs = dir.path().join("bin");
    fs::create_dir(&programs).unwrap();
    let mut series = command(SERIES, &dir.path().join("cache"));
    series.arg("doctor").env("PATH", &programs);
    let out = series.output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(1), "{said}");
    for program in ["git", "tar", "xz", "rustfmt", "clippy"] {
        let missing = format!("✗ {program:20} missing\n");
        assert!(said.contains(&missing), "{program}\n{said}");
    }
    assert!(said.contains("apt install xz-utils"), "{said}");
    assert!(said.contains("rustup component add clippy"), "{said}");
}

#[test]
fn a_wrong_tarball_is_refused_before_anything_is_made() {
    let dir = new_dir();
    let tarball = dir.path().join("linux.tar.xz");
    fs::write(&tarball, "not a kernel").unwrap();
    let cache = dir.path().join("cache");
    let mut series = command(SERIES, &cache);
    series.arg("build").env("SERIES_LINUX_TARBALL", &tarball);
    let said = failure(series);
    assert!(
        said.contains("linux.tar.xz is not the base kernel"),
        "{said}"
    );
    assert!(said.contains("expected SHA-256"), "{said}");
    assert!(!cache.join("toolchain.partial").exists());
}

#[test]
fn a_git_tree_that_is_none_is_refused() {
    let dir = new_dir();
    // Outside the clone, which is a git tree.
    let none = TempDir::new().unwrap();
    let mut series = command(SERIES, dir.path());
    series.args(["build", "--linux"]).arg(none.path());
    let said = failure(series);
    assert!(said.contains("is no git tree"), "{said}");
}

#[test]
fn without_namespaces_it_says_what_to_do() {
    let dir = new_dir();
    let mut series = without_namespaces(dir.path());
    series.arg("build");
    let said = failure(series);
    assert!(said.contains("no namespaces for this user"), "{said}");
    assert!(said.contains("--toolchain host"), "{said}");
}

#[test]
fn what_was_made_is_removed_without_namespaces() {
    let dir = new_dir();
    let cache = dir.path().join("cache");
    let made = cache.join("out/qemu");
    fs::create_dir_all(&made).unwrap();
    fs::write(made.join("vmlinux"), "").unwrap();
    fs::write(cache.join("thesis"), "").unwrap();
    fs::write(cache.join("CACHEDIR.TAG"), "").unwrap();
    let mut series = without_namespaces(&cache);
    let out = series.args(["clean", "--yes"]).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{said}");
    assert!(!cache.join("out").exists());
    assert!(cache.join("thesis").exists());
}

#[test]
fn without_network_it_says_so_and_a_damaged_root_is_noticed() {
    let dir = new_dir();
    // A root that claims to be whole, and is empty.
    fs::create_dir(dir.path().join("toolchain")).unwrap();
    let list = fs::read_to_string(top().join("scripts/toolchain/packages")).unwrap();
    let names: Vec<_> = list
        .lines()
        .filter_map(|line| line.split('#').next())
        .flat_map(str::split_whitespace)
        .collect();
    fs::write(dir.path().join("toolchain.packages"), names.join(",")).unwrap();
    fs::write(dir.path().join("CACHEDIR.TAG"), "").unwrap();
    let mut series = command(SERIES, dir.path());
    series.arg("build");
    let said = failure(series);
    assert!(said.contains("the toolchain root is damaged"), "{said}");
    assert!(said.contains("check the network"), "{said}");
    assert!(said.contains("log: "), "{said}");
}

#[test]
fn a_full_disk_is_found_before_anything_is_made() {
    let dir = new_dir();
    let mut series = command("unshare", dir.path());
    if !nix::unistd::geteuid().is_root() {
        series.args(["--user", "--map-root-user"]);
    }
    series
        .args(["--mount", "sh", "-ec"])
        .arg("mount -t tmpfs -o size=64m tmpfs \"$SERIES_CACHE\"; exec \"$0\" build")
        .arg(SERIES);
    let said = failure(series);
    assert!(said.contains("0 GB free"), "{said}");
    assert!(said.contains("SERIES_CACHE"), "{said}");
}

#[test]
fn an_interrupted_command_leaves_no_process_and_no_mount() {
    let dir = new_dir();
    // A proxy that accepts and never answers keeps the command busy.
    let tarpit = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", tarpit.local_addr().unwrap());
    let mut series = command(SERIES, dir.path());
    let mut child = series
        .arg("build")
        .env("http_proxy", &proxy)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    tarpit.set_nonblocking(true).unwrap();
    let patience = Instant::now();
    let mut connection = loop {
        match tarpit.accept() {
            Ok((connection, _)) => break connection,
            Err(_) => {
                assert!(
                    child.try_wait().unwrap().is_none(),
                    "it ended before it was busy"
                );
                assert!(
                    patience.elapsed() < Duration::from_secs(60),
                    "it never got busy"
                );
                sleep(Duration::from_millis(50));
            }
        }
    };
    connection.set_nonblocking(false).unwrap();
    let mut request = [0; 3];
    connection.read_exact(&mut request).unwrap();
    assert_eq!(&request, b"GET");
    assert!(!processes(dir.path()).is_empty());

    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(child.id() as i32),
        nix::sys::signal::Signal::SIGTERM,
    )
    .unwrap();
    child.wait().unwrap();
    let patience = Instant::now();
    while !processes(dir.path()).is_empty() {
        assert!(
            patience.elapsed() < Duration::from_secs(5),
            "left: {:?}",
            processes(dir.path())
        );
        sleep(Duration::from_millis(50));
    }
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(dir.path().to_str().unwrap()), "{mounts}");

    // And it can be run again.
    let mut series = command(SERIES, dir.path());
    series.arg("build");
    let said = failure(series);
    assert!(said.contains("check the network"), "{said}");
}

/// The command lines that name `dir`.
fn processes(dir: &Path) -> Vec<String> {
    let dir = dir.to_str().unwrap();
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(dir))
        .collect()
}
