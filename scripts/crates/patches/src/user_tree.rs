// SPDX-License-Identifier: GPL-2.0

//! The series in a kernel tree of the user.

use std::fs;
use std::path::Path;

use anyhow::{bail, Context, Result};
use manifest::Person;
use run::{Failure, Ui};

use crate::apply::{failure, through_b4};
use crate::room::{Committer, Room};
use crate::{git, Kernel, Programs, Series};

impl Series {
    /// Applies the series on top of what is checked out in the kernel tree `dir`, through b4 and
    /// `git am`, committed by the user. Returns the commit.
    ///
    /// The tree changes only at the end and only if every patch applies: until then git works in
    /// `scratch`, so there is no moment at which an interruption leaves the tree half changed.
    pub fn apply_to_user_tree(
        &self,
        ui: &Ui,
        programs: &dyn Programs,
        dir: &Path,
        scratch: &Path,
        log: &Path,
    ) -> Result<String> {
        let version = version(dir)?;
        let Some(head) = git::commit(dir, "HEAD") else {
            bail!(Failure::new(format!(
                "{} is no git repository with a commit",
                dir.display()
            ))
            .hint(format!(
                "name a git tree of the kernel; or make this one, there: git init, git add --all \
                 and git commit -m 'Linux {version}'"
            )));
        };
        let top = git::line(git::clean(dir), &["rev-parse", "--show-toplevel"])?;
        if Path::new(&top).canonicalize()? != dir.canonicalize()? {
            bail!(Failure::new(format!(
                "{} is not the top of its git repository, which is {top}",
                dir.display()
            ))
            .hint(format!("cargo series apply --linux {top}")));
        }
        git::refuse_unfinished(dir)?;
        git::refuse_changes(dir, false)?;
        let wanted = &self.manifest.base.version;
        if version != *wanted {
            ui.note(format_args!(
                "warning: {} is Linux {version}; the series is made for {wanted}, and may not apply",
                dir.display()
            ));
        }
        let committer = committer(dir)?;
        let step = ui.step(format!(
            "Applying {} patches to {}",
            self.patches.len(),
            dir.display()
        ));
        let kernel = Kernel {
            repo: dir.to_path_buf(),
            base: head.clone(),
            scratch: scratch.to_path_buf(),
        };
        let mails = through_b4(self, programs, scratch, log)?;
        let committer = Committer::Now(&committer);
        let commit = match Room::new(&kernel)?.am(&head, &[mails], &self.paths(), &committer)? {
            Ok(commit) => commit,
            Err(rejected) => {
                rejected.write(log)?;
                let hint = if rejected.finds_files() {
                    format!(
                        "git -C {} log, to see whether the series, or an older version of it, is \
                         in there already",
                        dir.display()
                    )
                } else {
                    format!(
                        "git -C {} switch -c with-series v{wanted}, which is the kernel that the \
                         series is made for, then again",
                        dir.display()
                    )
                };
                bail!(
                    anyhow::Error::new(failure(&self.patches, &rejected).log(log).hint(hint))
                        .context(format!(
                            "the series does not apply to {}, which is Linux {version} and stays \
                             as it was",
                            dir.display()
                        ))
                )
            }
        };
        let mut merge = git::of_user(dir);
        merge.args(["merge", "--quiet", "--ff-only", &commit]);
        run::output(merge, "git merge --ff-only").map_err(|err| {
            err.context(
                Failure::new(format!(
                    "the series applies, but git can't check it out in {}, which stays as it was",
                    dir.display()
                ))
                .hint("move the files that git names elsewhere, then again"),
            )
        })?;
        step.done(format!("{:.12}..{commit:.12}", head));
        Ok(commit)
    }
}

/// The version of the kernel in `dir`, by its `Makefile`.
fn version(dir: &Path) -> Result<String> {
    let makefile = fs::read_to_string(dir.join("Makefile")).unwrap_or_default();
    match kernel::release(&makefile) {
        Some(version) if dir.join("MAINTAINERS").exists() => Ok(version),
        _ => bail!(Failure::new(format!(
            "{} is not a kernel tree: it lacks Linux's Makefile or MAINTAINERS",
            dir.display()
        ))
        .hint("cargo series apply --linux DIR, where DIR is the top of a kernel git tree")),
    }
}

/// Who commits in `dir`.
fn committer(dir: &Path) -> Result<Person> {
    let mut command = git::of_user(dir);
    command.args(["var", "GIT_COMMITTER_IDENT"]);
    let ident = run::output(command, "git var GIT_COMMITTER_IDENT").map_err(|_| {
        Failure::new("git does not know who you are").hint(
            "git config --global user.name 'Your Name' and git config --global user.email \
                 you@example.org, then again",
        )
    })?;
    ident
        .rsplit_once("> ")
        .and_then(|(person, _)| person.split_once(" <"))
        .map(|(name, email)| Person {
            name: name.to_string(),
            email: email.to_string(),
        })
        .with_context(|| format!("cannot read the identity `{}`", ident.trim()))
}
