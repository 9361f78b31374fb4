// SPDX-License-Identifier: GPL-2.0

//! The series on top of the base: as it is in `patches/`, and as it comes out of b4.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};
use run::{Failure, Ui};

use crate::patch::Patch;
use crate::room::{Committer, Rejected, Room};
use crate::send::{self, Recipients};
use crate::{git, Kernel, Programs, Series};

/// What to do when patches don't apply to their own base.
const EDITED: &str = "git diff patches/, which shows what was edited by hand, and git checkout -- \
                      patches, which undoes it; patches are changed with cargo series checkout, \
                      git rebase -i and cargo series export";

impl Series {
    /// The commit of the series on top of the base, with author and date as committer: the same
    /// patches on the same base give the same commit.
    ///
    /// The patches take the way they take from a mailing list: one mbox, `b4 am`, `git am`. The
    /// commit is kept as a ref below `refs/series/`, so that the second call costs nothing.
    pub fn apply(
        &self,
        ui: &Ui,
        programs: &dyn Programs,
        kernel: &Kernel,
        log: &Path,
    ) -> Result<String> {
        let Some(base) = git::commit(&kernel.repo, &kernel.base) else {
            bail!("{} has no commit `{}`", kernel.repo.display(), kernel.base);
        };
        let name = format!("refs/series/{}-{base:.12}", self.digest()?);
        if let Some(commit) = git::commit(&kernel.repo, &name) {
            return Ok(commit);
        }
        let step = ui.step(format!(
            "Applying {} patches through b4",
            self.patches.len()
        ));
        let mails = through_b4(self, programs, &kernel.scratch, log)?;
        let room = Room::new(kernel)?;
        let committer = Committer::Reproducible(&self.manifest.author);
        let commit = match room.am(&base, &[mails], &self.paths(), &committer)? {
            Ok(commit) => commit,
            Err(rejected) => {
                rejected.write(log)?;
                bail!(failure(&self.patches, &rejected).log(log).hint(EDITED))
            }
        };
        self.compare(&room, &commit, &self.apply_directly(kernel)?)?;
        git::line(git::clean(&kernel.repo), &["update-ref", &name, &commit])?;
        step.done(format!("{commit:.12}"));
        Ok(commit)
    }

    /// Makes sure that the commits up to `by_mail` are those up to `direct`. b4 cuts a message at
    /// scissors, for one.
    fn compare(&self, room: &Room, by_mail: &str, direct: &str) -> Result<()> {
        let commits = |tip: &str| -> Result<Vec<String>> {
            let range = format!("{}..{tip}", room.base());
            let text = git::line(room.git(), &["rev-list", "--reverse", &range])?;
            Ok(text.lines().map(str::to_string).collect())
        };
        let (by_mail, direct) = (commits(by_mail)?, commits(direct)?);
        let same = by_mail
            .iter()
            .zip(&direct)
            .take_while(|(a, b)| a == b)
            .count();
        let Some(patch) = self.patches.get(same) else {
            return Ok(());
        };
        bail!(Failure::new(format!(
            "patches/{} comes out of b4 with changes",
            patch.file
        ))
        .hint(
            "reword its message: b4 takes lines with scissors and brackets in subjects away, \
                 and moves trailers to the end"
        ));
    }

    /// Applies the patches as they are in `patches/`.
    pub(crate) fn apply_directly(&self, kernel: &Kernel) -> Result<String> {
        let room = Room::new(kernel)?;
        let files: Vec<_> = (0..self.patches.len())
            .map(|at| self.patch_file(at))
            .collect();
        let committer = Committer::Reproducible(&self.manifest.author);
        match room.am(room.base(), &files, &self.paths(), &committer)? {
            Ok(commit) => Ok(commit),
            Err(rejected) => bail!(failure(&self.patches, &rejected).hint(EDITED)),
        }
    }
}

/// Sends the series through `b4 am`; returns the mbox that it makes for `git am`.
pub(crate) fn through_b4(
    series: &Series,
    programs: &dyn Programs,
    scratch: &Path,
    log: &Path,
) -> Result<PathBuf> {
    let dir = scratch.join("b4");
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    }
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    fs::write(dir.join("series.mbx"), series.mbox(&Recipients::default())?)?;
    let mut command = programs.command(&dir, "b4");
    command
        .env("HOME", &dir)
        .env("XDG_CACHE_HOME", dir.join("cache"))
        .env("XDG_CONFIG_HOME", dir.join("config"))
        .env("XDG_DATA_HOME", dir.join("data"))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        // b4 must not take the repository around the directory for the kernel.
        .env("GIT_CEILING_DIRECTORIES", scratch)
        .args(["--offline-mode", "am", "--mbox-name", "out", "-o"])
        .arg(&dir)
        .arg("-m")
        .arg(dir.join("series.mbx"))
        .arg(send::cover_id(&series.manifest, None));
    run::logged(command, "b4 am", log, |_| ())?;
    let out = dir.join("out.mbx");
    if !out.exists() {
        bail!(Failure::new("b4 am made no mbox of the series").log(log));
    }
    Ok(out)
}

/// The error for a patch that does not apply.
pub(crate) fn failure(patches: &[Patch], rejected: &Rejected) -> Failure {
    let patch = rejected.patch.and_then(|at| patches.get(at));
    let what = match (patch, &rejected.file) {
        (Some(patch), Some(file)) => {
            format!("patches/{} does not apply: it fails at {file}", patch.file)
        }
        (Some(patch), None) => format!("patches/{} does not apply", patch.file),
        (None, _) => "git am failed".to_string(),
    };
    Failure::new(what).lines(rejected.lines.iter().cloned())
}
