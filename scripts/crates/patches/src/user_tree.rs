// SPDX-License-Identifier: GPL-2.0

//! The series in a kernel tree of the user.

use std::fs;
use std::path::Path;

use anyhow::{bail, Context, Result};
use manifest::Person;
use run::{Failure, Ui};

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
            .hint("git clone a kernel tree, or git init, git add and git commit this one"));
        };
        let top = git::line(git::clean(dir), &["rev-parse", "--show-toplevel"])?;
        if Path::new(&top).canonicalize()? != dir.canonicalize()? {
            bail!(Failure::new(format!(
                "{} is not the top of its git repository, which is {top}",
                dir.display()
            ))
            .hint("name the top of a kernel tree"));
        }
        git::refuse_unfinished(dir)?;
        git::refuse_changes(dir, false)?;
        let wanted = &self.manifest.base.version;
        if version != *wanted {
            ui.note(format_args!(
                "warning: {} is Linux {version}; the series is made for {wanted}",
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
        let commit = match self.apply_for(programs, &kernel, &committer, log) {
            Ok(commit) => commit,
            Err(err) if version != *wanted => {
                return Err(err.context(format!(
                    "the series for Linux {wanted} does not apply to {version}; \
                     the tree is as it was"
                )))
            }
            Err(err) => return Err(err.context("the series does not apply; the tree is as it was")),
        };
        let mut merge = git::of_user(dir);
        merge.args(["merge", "--quiet", "--ff-only", &commit]);
        if let Err(err) = run::output(merge, "git merge --ff-only") {
            return Err(err.context(format!(
                "cannot check out the series in {}; the tree is as it was",
                dir.display()
            )));
        }
        step.done(format!("{:.12}..{commit:.12}", head));
        Ok(commit)
    }
}

/// The version of the kernel in `dir`, by its `Makefile`.
fn version(dir: &Path) -> Result<String> {
    let makefile = fs::read_to_string(dir.join("Makefile")).unwrap_or_default();
    match kernel::release(&makefile) {
        Some(version) if dir.join("MAINTAINERS").exists() => Ok(version),
        _ => bail!(
            Failure::new(format!("{} is not a kernel tree", dir.display()))
                .hint("name the directory that has the kernel's Makefile and MAINTAINERS")
        ),
    }
}

/// Who commits in `dir`.
fn committer(dir: &Path) -> Result<Person> {
    let mut command = git::of_user(dir);
    command.args(["var", "GIT_COMMITTER_IDENT"]);
    let ident = run::output(command, "git var GIT_COMMITTER_IDENT").map_err(|_| {
        Failure::new("git does not know who you are")
            .hint("git config --global user.name and user.email")
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
