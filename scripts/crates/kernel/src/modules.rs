// SPDX-License-Identifier: GPL-2.0

//! Code from outside of the kernel's tree, and what is in object files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};

use crate::build::Build;

impl Build<'_> {
    /// Compiles `objects` from the sources in `dir`, which also has a Makefile, as parts of modules
    /// for a kernel of which at least `modules_prepare` has been made. Returns their directory.
    pub fn objects(&self, dir: &Path, objects: &[&str], log: &Path) -> Result<PathBuf> {
        let name = dir.file_name().unwrap_or_default();
        let work = self.out().join("outside").join(name);
        crate::git::remove_dir(&work)?;
        fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;
        for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
            let path = entry?.path();
            let copy = work.join(path.file_name().unwrap_or_default());
            fs::copy(&path, &copy).with_context(|| format!("cannot copy {}", path.display()))?;
        }
        let place = format!("M={}", work.display());
        let targets = [&[place.as_str()], objects].concat();
        self.logged(&targets, "compiling", log, |_| ())?;
        Ok(work)
    }

    /// The machine code in an object file.
    pub fn disassemble(&self, file: &Path) -> Result<String> {
        let program = self.toolchain.of_llvm("llvm-objdump");
        let mut command = self.toolchain.command(&self.out(), &program);
        command.args(["-d", "-r", "--no-show-raw-insn"]).arg(file);
        run::output(command, &program)
    }

    /// The bytes of code and of data in an object file.
    pub fn size(&self, file: &Path) -> Result<(u64, u64)> {
        let program = self.toolchain.of_llvm("llvm-size");
        let mut command = self.toolchain.command(&self.out(), &program);
        command.arg(file);
        let text = run::output(command, &program)?;
        // Below the titles: text, data, bss.
        let numbers: Vec<u64> = text
            .lines()
            .nth(1)
            .unwrap_or_default()
            .split_whitespace()
            .map_while(|word| word.parse().ok())
            .collect();
        match numbers[..] {
            [code, data, bss, ..] => Ok((code, data + bss)),
            _ => bail!("{program} says nothing of {}: {text}", file.display()),
        }
    }
}
