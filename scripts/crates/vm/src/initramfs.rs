// SPDX-License-Identifier: GPL-2.0

//! The initramfs: busybox, our guest scripts, the tests, the modules, and programs of the Debian
//! root with their libraries.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use run::Failure;
use toolroot::Toolchain;

use crate::configuration::Root;
use crate::cpio::Archive;
use crate::plan::Plan;

/// Makes the initramfs for a boot. `guest` is the directory with our guest scripts, `modules` the
/// directory `lib/modules/RELEASE` of the kernel, and `dir` one in which programs are compiled.
pub fn make(
    toolchain: &Toolchain,
    guest: &Path,
    modules: Option<&Path>,
    plan: &Plan,
    dir: &Path,
) -> Result<Vec<u8>> {
    let root = toolchain.root().unwrap_or(Path::new("/"));
    let mut archive = Archive::default();
    for dir in [
        "dev",
        "proc",
        "sys",
        "root",
        "etc",
        "usr/bin",
        "usr/sbin",
        "usr/lib",
        "usr/lib64",
    ] {
        archive.directory(dir);
    }
    for dir in ["bin", "sbin", "lib64"] {
        archive.link(dir, &format!("usr/{dir}"));
    }
    archive.link("lib", "usr/lib");
    archive.device("dev/console", 5, 1);
    archive.device("dev/kmsg", 1, 11);
    archive.device("dev/null", 1, 3);

    archive.file("series/busybox", 0o755, &busybox(root)?);
    archive.link("usr/bin/sh", "/series/busybox");
    archive.file("init", 0o755, &read(&guest.join("init"))?);
    // What tests source and call; the directories beside it are for other uses.
    for path in sorted(guest)? {
        if path.is_file() {
            file(&mut archive, &path, "series")?;
        }
    }
    for test in &plan.tests {
        let path = format!("series/tests/{}.sh", test.name);
        archive.file(&path, 0o755, test.script.as_bytes());
    }
    for tool in &plan.tools {
        let program = compile(toolchain, guest, tool, dir)?;
        archive.file(&format!("series/{tool}"), 0o755, &program);
    }
    archive.directory("usr/lib/modules");
    if let Some(modules) = modules {
        let release = modules
            .file_name()
            .context("the modules directory has no name")?;
        let to = format!("usr/lib/modules/{}", release.to_string_lossy());
        directory(&mut archive, modules, &to)?;
    }
    // The Debian root has them.
    let programs = match plan.configuration.root {
        Root::Debian => &[][..],
        Root::Initramfs => &plan.programs,
    };
    for program in programs {
        for file in with_libraries(toolchain, program)? {
            let data = read(&inside(root, &file)?)?;
            // The links of a merged /usr exist in the archive; files must not pass through them.
            archive.file(&merged(&file), 0o755, &data);
        }
    }
    Ok(archive.finish())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn busybox(root: &Path) -> Result<Vec<u8>> {
    fs::read(root.join("usr/bin/busybox")).map_err(|err| {
        Failure::new(format!("no busybox in {}: {err}", root.display()))
            .hint("apt install busybox-static")
            .into()
    })
}

/// What is in a directory, in order.
fn sorted(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<PathBuf>, _>>()?;
    paths.sort();
    Ok(paths)
}

/// Adds a file to the directory `to`, under its name and with its permissions.
fn file(archive: &mut Archive, path: &Path, to: &str) -> Result<()> {
    let permissions = fs::metadata(path)?.permissions().mode() & 0o777;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    archive.file(&format!("{to}/{name}"), permissions, &read(path)?);
    Ok(())
}

/// Adds what is below `from`. The links `build` and `source` of a modules directory stay away.
fn directory(archive: &mut Archive, from: &Path, to: &str) -> Result<()> {
    archive.directory(to);
    for path in sorted(from)? {
        let kind = fs::symlink_metadata(&path)?;
        if kind.is_dir() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            directory(archive, &path, &format!("{to}/{name}"))?;
        } else if kind.is_file() {
            file(archive, &path, to)?;
        }
    }
    Ok(())
}

/// Compiles one of our programs for guests, which may have no libraries.
fn compile(toolchain: &Toolchain, guest: &Path, tool: &str, dir: &Path) -> Result<Vec<u8>> {
    let source = guest.join("../crates").join(tool).join("src/main.rs");
    let to = dir.join(tool);
    let mut rustc = toolchain.command(dir, "rustc");
    rustc
        .args(["--edition=2021", "-O", "-C", "target-feature=+crt-static"])
        .arg(&source)
        .arg("-o")
        .arg(&to);
    run::output(rustc, &format!("compiling {tool}"))?;
    let program = read(&to)?;
    fs::remove_file(&to)?;
    Ok(program)
}

/// The program and the libraries it is linked with, as paths in the root.
fn with_libraries(toolchain: &Toolchain, program: &str) -> Result<Vec<String>> {
    let mut ldd = toolchain.command(Path::new("/"), "ldd");
    ldd.arg(program);
    let text = run::output(ldd, &format!("finding the libraries of {program}"))?;
    let mut files = vec![program.to_string()];
    files.extend(libraries(&text));
    Ok(files)
}

/// The absolute paths in what `ldd` prints.
fn libraries(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
        .map(str::to_string)
        .collect()
}

/// Where `file` of the root is on this machine; links are followed inside the root.
fn inside(root: &Path, file: &str) -> Result<PathBuf> {
    let mut path = file.to_string();
    for _ in 0..16 {
        let here = root.join(merged(&path));
        match fs::read_link(&here) {
            Ok(target) if target.is_absolute() => path = target.to_string_lossy().into_owned(),
            Ok(target) => {
                let parent = Path::new(&path).parent().unwrap_or(Path::new("/"));
                path = parent.join(target).to_string_lossy().into_owned();
            }
            Err(_) => return Ok(here),
        }
    }
    anyhow::bail!("{file} of the root leads in circles")
}

/// The path below `/usr` of a Debian system with merged `/usr`, without the leading slash.
fn merged(path: &str) -> String {
    let path = path.trim_start_matches('/');
    if ["bin/", "sbin/", "lib/", "lib64/"]
        .iter()
        .any(|dir| path.starts_with(dir))
    {
        format!("usr/{path}")
    } else {
        path.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_ldd() {
        let text = "\tlinux-vdso.so.1 (0x00007ff)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        let found = libraries(text);
        assert_eq!(
            found,
            [
                "/lib/x86_64-linux-gnu/libc.so.6",
                "/lib64/ld-linux-x86-64.so.2"
            ]
        );
        assert_eq!(merged(&found[0]), "usr/lib/x86_64-linux-gnu/libc.so.6");
        assert_eq!(merged("/usr/sbin/rtcwake"), "usr/sbin/rtcwake");
    }
}
