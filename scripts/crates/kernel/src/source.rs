// SPDX-License-Identifier: GPL-2.0

//! Where the base kernel comes from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{bail, Context, Result};
use run::{Cache, Failure, Step, Ui};
use toolroot::Toolchain;

use crate::git::{git, remove_dir, Linux};

/// The kernel release that the series is for.
#[derive(Clone, Debug)]
pub struct Base {
    /// The release, as in `6.18.15`.
    pub version: String,
    /// The SHA-256 of Debian's `linux_VERSION.orig.tar.xz`.
    pub sha256: String,
}

/// What the user said about where the base is. Without a word, it is downloaded.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// An existing git tree of the kernel. Nothing is written to it.
    pub git_tree: Option<PathBuf>,
    /// Debian's source tarball.
    pub tarball: Option<PathBuf>,
}

impl Source {
    /// Fails when what the user named is not the base, or the disk has no room for it: better now
    /// than after the toolchain has been made.
    pub fn check(&self, cache: &Cache, base: &Base) -> Result<()> {
        if let Some(dir) = &self.git_tree {
            find(base, dir)?;
        } else if base_in(&cache.path(REPO), &base.version).is_some() {
            return Ok(());
        } else if let Some(file) = &self.tarball {
            verify(file, &base.sha256)?;
        }
        check_space(cache).map(drop)
    }
}

/// The cached repository.
const REPO: &str = "linux.git";

/// The commit of the base of this version that the repository `repo` has noted, if it can be read.
pub fn base_in(repo: &Path, version: &str) -> Option<String> {
    // git would look for a repository above a missing one.
    repo.join("HEAD")
        .exists()
        .then(|| whole_commit(repo, &reference(version)))
        .flatten()
}

pub(crate) fn reference(version: &str) -> String {
    format!("refs/bases/v{version}")
}

impl Linux {
    /// The base in the cached repository; imported when it is not there yet.
    pub fn prepare(
        ui: &Ui,
        cache: &Cache,
        toolchain: &Toolchain,
        base: &Base,
        source: &Source,
    ) -> Result<Self> {
        let repo = cache.path(REPO);
        let build = cache.path("linux");
        if !repo.join("HEAD").exists() {
            remove_dir(&repo)?;
            let mut init = git(cache.dir());
            init.args(["init", "--quiet", "--bare"]).arg(&repo);
            run::output(init, "git init")?;
        }
        if let Some(dir) = &source.git_tree {
            let commit = borrow(ui, &repo, base, dir)?;
            return Ok(Self::new(repo, commit, build));
        }

        if let Some(commit) = base_in(&repo, &base.version) {
            return Ok(Self::new(repo, commit, build));
        }
        // Objects that the repository borrows might go away: what is imported must be complete.
        let _ = fs::remove_file(alternates(&repo));
        let tarball = match &source.tarball {
            Some(file) => file.clone(),
            None => download(ui, cache, toolchain, base)?,
        };
        let step = ui.step(format!("Importing Linux {}", base.version));
        let commit = import(&step, cache, &repo, &build, base, &tarball)?;
        let mut update = git(&repo);
        update.args(["update-ref", &reference(&base.version), &commit]);
        run::output(update, "git update-ref")?;
        step.done("");
        Ok(Self::new(repo, commit, build))
    }
}

pub(crate) fn alternates(repo: &Path) -> PathBuf {
    repo.join("objects/info/alternates")
}

/// The commit of `reference`, if its tree can be read.
fn whole_commit(repo: &Path, reference: &str) -> Option<String> {
    let mut command = git(repo);
    command.args(["rev-parse", "--verify", "--quiet", reference]);
    let commit = run::output(command, "git rev-parse")
        .ok()?
        .trim()
        .to_string();
    let mut command = git(repo);
    command.args(["cat-file", "-e", &format!("{commit}:Makefile")]);
    run::succeeds(command).then_some(commit)
}

/// The base in a git tree of the user.
#[derive(Debug)]
struct Found {
    commit: String,
    /// The directory of its objects.
    objects: String,
    /// What makes it doubtful.
    doubt: Option<String>,
}

/// The base in the git tree `dir`: its tag, or a HEAD that calls itself the same release. Whether
/// such a HEAD is the release, nothing in the tree can tell.
fn find(base: &Base, dir: &Path) -> Result<Found> {
    let ask = |arguments: &[&str]| {
        let mut command = git(dir);
        command.args(arguments);
        run::output(command, "git").map(|text| text.trim().to_string())
    };
    let path = [
        "rev-parse",
        "--path-format=absolute",
        "--git-path",
        "objects",
    ];
    let objects = ask(&path).map_err(|err| {
        err.context(
            Failure::new(format!("{} is no git tree", dir.display()))
                .hint("name a kernel git tree that has the base, or leave it out"),
        )
    })?;
    let tag = format!("v{}", base.version);
    let base_at = |name: &str| {
        let commit = ask(&["rev-parse", "--verify", "--quiet", name]).ok()?;
        let makefile = ask(&["show", &format!("{commit}:Makefile")]).ok()?;
        (release(&makefile)? == base.version).then_some(commit)
    };
    if let Some(commit) = base_at(&format!("refs/tags/{tag}^{{commit}}")) {
        return Ok(Found {
            commit,
            objects,
            doubt: None,
        });
    }
    let Some(commit) = base_at("HEAD") else {
        bail!(Failure::new(format!(
            "{} has no Linux {}: neither a tag {tag} nor a HEAD of that release",
            dir.display(),
            base.version
        ))
        .hint(format!("git -C {} fetch stable tag {tag}", dir.display())));
    };
    let subject = ask(&["log", "-1", "--format=%s", &commit])?;
    let doubt = (subject != format!("Linux {}", base.version)).then(|| {
        format!(
            "warning: {} has no tag {tag}: its HEAD is taken for it, commit {commit:.12} \
             ({subject}), with all that it may change",
            dir.display()
        )
    });
    Ok(Found {
        commit,
        objects,
        doubt,
    })
}

/// Lets the cached repository read the objects of the git tree `dir`.
fn borrow(ui: &Ui, repo: &Path, base: &Base, dir: &Path) -> Result<String> {
    let found = find(base, dir)?;
    if let Some(doubt) = found.doubt {
        ui.note(doubt);
    }
    fs::write(alternates(repo), found.objects + "\n")
        .context("cannot link the git tree to the cached repository")?;
    Ok(found.commit)
}

/// The release that a top-level Makefile names, as in the tag of the release.
pub fn release(makefile: &str) -> Option<String> {
    let value = |name: &str| {
        makefile
            .lines()
            .find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('='))
            .map(str::trim)
    };
    let (version, level) = (value("VERSION")?, value("PATCHLEVEL")?);
    let extra = value("EXTRAVERSION").unwrap_or_default();
    Some(match value("SUBLEVEL")? {
        "0" => format!("{version}.{level}{extra}"),
        sublevel => format!("{version}.{level}.{sublevel}{extra}"),
    })
}

/// Fails when the disk has no room for source and builds. Says how much is free.
pub fn check_space(cache: &Cache) -> Result<String> {
    const NEEDED: u64 = 12 << 30;
    let free = run::free_space(cache.dir())?;
    let says = format!("{} GB free in {}", free >> 30, cache.dir().display());
    if free < NEEDED && !cache.path("out").exists() {
        bail!(Failure::new(format!(
            "{says}; source and builds need {} GB",
            NEEDED >> 30
        ))
        .hint("free some, or set SERIES_CACHE to a directory on a larger disk"));
    }
    Ok(says)
}

fn verify(file: &Path, sha256: &str) -> Result<()> {
    let mut command = Command::new("sha256sum");
    command.arg("--").arg(file);
    let text = run::output(command, &format!("reading {}", file.display()))?;
    // sha256sum begins the line with a backslash when it had to escape the name.
    let found = text
        .trim_start_matches('\\')
        .split(' ')
        .next()
        .unwrap_or_default();
    if found != sha256 {
        bail!(
            Failure::new(format!("{} is not the base kernel", file.display()))
                .lines([
                    format!("expected SHA-256 {sha256}"),
                    format!("found    SHA-256 {found}")
                ])
                .hint("download it again, or leave it out")
        );
    }
    Ok(())
}

/// Gets the source from the Debian mirror that made the root, or from kernel.org.
fn download(ui: &Ui, cache: &Cache, toolchain: &Toolchain, base: &Base) -> Result<PathBuf> {
    let name = format!("linux_{}.orig.tar.xz", base.version);
    let dir = cache.path("download");
    fs::create_dir_all(&dir)?;
    let file = dir.join(&name);
    if file.exists() && verify(&file, &base.sha256).is_ok() {
        return Ok(file);
    }
    let log = cache.new_log("download")?;
    let step = ui.step(format!("Downloading Linux {}", base.version));
    let partial = dir.join(format!("{name}.partial"));
    let mut failures = Vec::new();
    if let Some(mirror) = toolchain.root().and_then(debian_mirror) {
        let mut command = toolchain.command(&dir, "/usr/lib/apt/apt-helper");
        command
            .args(["-o", "APT::Sandbox::User=root", "download-file"])
            .arg(format!("{mirror}/pool/main/l/linux/{name}"))
            .arg(&partial)
            .arg(format!("SHA256:{}", base.sha256));
        match run::logged(command, "the Debian mirror", &log, |line| {
            step.message(line)
        })
        .and_then(|()| verify(&partial, &base.sha256))
        {
            Ok(()) => {
                fs::rename(&partial, &file)?;
                step.done("from Debian");
                return Ok(file);
            }
            Err(err) => failures.push(format!("{err:#}")),
        }
    }
    match from_kernel_org(&step, &dir, &log, base) {
        Ok(file) => {
            step.done("from kernel.org");
            Ok(file)
        }
        Err(err) => {
            failures.push(format!("{err:#}"));
            let lines: Vec<_> = failures.iter().flat_map(|text| text.lines()).collect();
            bail!(Failure::new("the base kernel could not be downloaded")
                .lines(lines)
                .log(log)
                .hint(format!(
                    "check the network, or name what you have: --linux DIR (a git tree with \
                     v{0}), or SERIES_LINUX_TARBALL=linux_{0}.orig.tar.xz",
                    base.version
                )))
        }
    }
}

/// The mirror in the root's sources.list, as mmdebstrap wrote it.
fn debian_mirror(root: &Path) -> Option<String> {
    let list = fs::read_to_string(root.join("etc/apt/sources.list")).ok()?;
    list.lines()
        .filter(|line| line.starts_with("deb "))
        .flat_map(str::split_whitespace)
        .find(|word| word.contains("://"))
        .map(|mirror| mirror.trim_end_matches('/').to_string())
}

/// kernel.org's own tarball: not the same file as Debian's, so it is checked against the list of
/// checksums that kernel.org publishes beside it.
fn from_kernel_org(step: &Step, dir: &Path, log: &Path, base: &Base) -> Result<PathBuf> {
    let major = base.version.split('.').next().unwrap_or_default();
    let place = format!("https://cdn.kernel.org/pub/linux/kernel/v{major}.x");
    let name = format!("linux-{}.tar.xz", base.version);
    let get = |name: &str| -> Result<PathBuf> {
        let file = dir.join(name);
        let mut command = Command::new("curl");
        command
            .args([
                "--fail",
                "--location",
                "--silent",
                "--show-error",
                "--output",
            ])
            .arg(&file)
            .arg(format!("{place}/{name}"));
        run::logged(command, "kernel.org", log, |line| step.message(line))?;
        Ok(file)
    };
    let sums = fs::read_to_string(get("sha256sums.asc")?)?;
    let sum = sums
        .lines()
        .find_map(|line| {
            let (sum, file) = line.split_once("  ")?;
            (file == name).then_some(sum)
        })
        .with_context(|| format!("kernel.org's checksums don't name {name}"))?;
    let file = get(&name)?;
    verify(&file, sum)?;
    Ok(file)
}

/// Unpacks the tarball into the build tree and commits it. The commit is the same wherever it is
/// made from the same source.
fn import(
    step: &Step,
    cache: &Cache,
    repo: &Path,
    build: &Path,
    base: &Base,
    tarball: &Path,
) -> Result<String> {
    let log = cache.new_log("import")?;
    let ask = |arguments: &[&str]| {
        let mut command = git(if build.exists() { build } else { repo });
        command.args(["-c", "core.looseCompression=1", "-c", "core.fsync=none"]);
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "Linux")
                .env(format!("GIT_{who}_EMAIL"), "linux@localhost")
                .env(format!("GIT_{who}_DATE"), "2026-01-01T00:00:00Z");
        }
        command.args(arguments);
        run::output(command, &format!("git {}", arguments[0])).map(|text| text.trim().to_string())
    };

    remove_dir(build)?;
    ask(&["worktree", "prune"])?;
    let empty = ask(&["mktree"])?;
    let empty = ask(&["commit-tree", &empty, "-m", "empty"])?;
    let path = build.to_string_lossy();
    ask(&[
        "worktree", "add", "--quiet", "--force", "--detach", &path, &empty,
    ])?;

    step.message("unpacking");
    let mut tar = Command::new("tar");
    tar.args([
        "--extract",
        "--strip-components=1",
        "--no-same-owner",
        "--file",
    ])
    .arg(tarball)
    .arg("--directory")
    .arg(build);
    run::logged(tar, "unpacking the kernel", &log, |_| ())?;
    let makefile = fs::read_to_string(build.join("Makefile")).unwrap_or_default();
    if release(&makefile).as_deref() != Some(&base.version) {
        bail!("{} holds no Linux {}", tarball.display(), base.version);
    }

    step.message("storing it in git");
    ask(&["add", "--all", "--force"])?;
    let tree = ask(&["write-tree"])?;
    let message = format!("Linux {}", base.version);
    let commit = ask(&["commit-tree", &tree, "-m", &message])?;
    ask(&["reset", "--quiet", "--soft", &commit])?;
    Ok(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAKEFILE: &str = "# x\nVERSION = 6\nPATCHLEVEL = 18\nSUBLEVEL = 15\nEXTRAVERSION =\n";

    #[test]
    fn the_release_is_read_from_the_makefile() {
        assert_eq!(release(MAKEFILE).as_deref(), Some("6.18.15"));
        let first = MAKEFILE.replace("15", "0");
        assert_eq!(release(&first).as_deref(), Some("6.18"));
        let candidate = first.replace("EXTRAVERSION =", "EXTRAVERSION = -rc3");
        assert_eq!(release(&candidate).as_deref(), Some("6.18-rc3"));
        assert_eq!(release("VERSION = 6\n"), None);
    }

    fn base() -> Base {
        Base {
            version: "6.18.15".into(),
            sha256: "0".repeat(64),
        }
    }

    #[test]
    fn a_wrong_checksum_names_both_sums() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a\\b.tar.xz");
        fs::write(&file, "x").unwrap();
        let err = verify(&file, &base().sha256).unwrap_err().to_string();
        assert!(err.contains(&"0".repeat(64)), "{err}");
        let found = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
        assert!(err.contains(found), "{err}");
        verify(&file, found).unwrap();
    }

    #[test]
    fn a_git_tree_without_the_base_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let repo = dir.path().join("repo.git");
        let mut init = Command::new("git");
        init.args(["init", "-q", "--bare"]).arg(&repo);
        run::output(init, "git").unwrap();
        let tree = dir.path().join("tree");
        fs::create_dir(&tree).unwrap();
        let ui = Ui::new();
        assert!(borrow(&ui, &repo, &base(), &tree)
            .unwrap_err()
            .to_string()
            .contains("is no git tree"));

        let in_tree = |arguments: &[&str]| {
            let mut command = git(&tree);
            command
                .args(["-c", "user.name=t", "-c", "user.email=t@e"])
                .args(arguments);
            run::output(command, "git").unwrap().trim().to_string()
        };
        in_tree(&["init", "-q"]);
        fs::write(tree.join("Makefile"), MAKEFILE.replace("15", "14")).unwrap();
        in_tree(&["add", "."]);
        in_tree(&["commit", "-qm", "14"]);
        let err = borrow(&ui, &repo, &base(), &tree).unwrap_err().to_string();
        assert!(err.contains("has no Linux 6.18.15"), "{err}");

        fs::write(tree.join("Makefile"), MAKEFILE).unwrap();
        in_tree(&["commit", "-qam", "Linux 6.18.15"]);
        let head = in_tree(&["rev-parse", "HEAD"]);
        let refs = in_tree(&["for-each-ref"]);
        assert_eq!(borrow(&ui, &repo, &base(), &tree).unwrap(), head);
        let mut read = git(&repo);
        read.args(["cat-file", "-e", &format!("{head}:Makefile")]);
        assert!(run::succeeds(read), "the objects are not visible");
        assert_eq!(in_tree(&["for-each-ref"]), refs);
        assert_eq!(in_tree(&["status", "--porcelain"]), "");

        // What comes after the release can't be told from it, unless the release has its tag.
        assert_eq!(find(&base(), &tree).unwrap().doubt, None);
        in_tree(&["commit", "-q", "--allow-empty", "-m", "mine"]);
        let doubt = find(&base(), &tree).unwrap().doubt.unwrap();
        assert!(doubt.contains("has no tag v6.18.15"), "{doubt}");
        assert!(doubt.contains("(mine)"), "{doubt}");
        in_tree(&["tag", "v6.18.15", &head]);
        let found = find(&base(), &tree).unwrap();
        assert_eq!((found.commit, found.doubt), (head, None));
    }
}
