// SPDX-License-Identifier: GPL-2.0

//! A toy kernel, a toy series repository, and somebody who works on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use run::Ui;
use tempfile::TempDir;

use crate::{Exported, Kernel, Programs, Series};

pub(super) const MANIFEST: &str = r#"name = "toy"
version = 1
change-id = "20260131-toy-0123456789ab"

[base]
version = "6.18.15"
sha256 = "fdf4c4d487c95b17a41cb38003faef86669e532a44fe702eb31a3390b6a60cca"

[author]
name = "A. Ürsula"
email = "a@example.org"

[cover]
subject = "All of it, für alle"
text = """
What and why.
"""

[[topic]]
name = "one"
title = "The first topic"
first = "rust: add a"
last = "rust: edit b"
lists = ["one@lists.example.org"]

[[topic]]
name = "two"
title = "The second topic"
first = "drivers: add d"
last = "drivers: add d"
lists = []
"#;

pub(super) const MAINTAINERS: &str = "Maintainers List\n----------------\n\nOLD DRIVER\n\
    M:\tOld <old@example.org>\nL:\tlist@example.org\nS:\tMaintained\nF:\trust/b.rs\n";

pub(super) const MAKEFILE: &str = "VERSION = 6\nPATCHLEVEL = 18\nSUBLEVEL = 15\nEXTRAVERSION =\n";

pub(super) struct World {
    dir: TempDir,
    pub(super) kernel: Kernel,
}

/// The programs of the machine. Where it has no b4, a stand-in does the same to a mbox that is in
/// order: it drops the cover letter.
pub(super) struct TestPrograms;

const B4: &str = r#"
while [ $# -gt 0 ]; do
    case $1 in
    -o) out=$2; shift ;;
    -m) in=$2; shift ;;
    esac
    id=$1
    shift
done
grep -q "^Message-Id: <$id>$" "$in" || exit 1
awk '/^From mboxrd@z /{n++} n > 1' "$in" > "$out/out.mbx"
"#;

fn version_of_b4() -> Command {
    let mut command = Command::new("b4");
    command.arg("--version");
    command
}

impl Programs for TestPrograms {
    fn command(&self, dir: &Path, program: &str) -> Command {
        let mut command = if program == "b4" && !run::succeeds(version_of_b4()) {
            let mut command = Command::new("sh");
            command.args(["-c", B4, "b4"]);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(dir);
        command
    }
}

pub(super) fn git(dir: &Path, arguments: &[&str]) -> String {
    let out = Command::new("git")
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_AUTHOR_NAME", "A. Ürsula")
        .env("GIT_AUTHOR_EMAIL", "a@example.org")
        .env("GIT_COMMITTER_NAME", "Somebody Else")
        .env("GIT_COMMITTER_EMAIL", "else@example.org")
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "git {arguments:?}: {text}");
    String::from_utf8(out.stdout)
        .unwrap()
        .trim_end()
        .to_string()
}

pub(super) fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// All files below `dir` with their contents and modes, without git's.
pub(super) fn snapshot(dir: &Path) -> Vec<(PathBuf, Vec<u8>, u32)> {
    use std::os::unix::fs::PermissionsExt;
    let mut files = Vec::new();
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with(".git") {
                continue;
            } else if path.is_dir() {
                dirs.push(path);
            } else {
                let mode = fs::metadata(&path).unwrap().permissions().mode();
                files.push((path.clone(), fs::read(&path).unwrap(), mode));
            }
        }
    }
    files.sort();
    files
}

impl World {
    /// A base, and an empty series repository.
    pub(super) fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path();
        for name in ["kernel", "top", "scratch"] {
            fs::create_dir(path.join(name)).unwrap();
        }
        let kernel = Kernel {
            repo: path.join("kernel"),
            base: "base".to_string(),
            scratch: path.join("scratch"),
        };
        let repo = &kernel.repo;
        git(repo, &["init", "-q", "-b", "base"]);
        write(&repo.join("Makefile"), MAKEFILE);
        write(&repo.join("MAINTAINERS"), MAINTAINERS);
        let lines: String = (1..40).map(|n| format!("line {n}\n")).collect();
        write(&repo.join("rust/b.rs"), format!("fn b() {{\n{lines}}}\n"));
        write(&repo.join("drivers/old.c"), "int old;\n");
        write(&repo.join(".gitattributes"), "*.rs diff=rust\n");
        git(repo, &["add", "-A"]);
        git(repo, &["commit", "-q", "-m", "Linux 6.18.15"]);
        let world = Self { dir, kernel };
        write(&world.top().join("b4.toml"), MANIFEST);
        git(&world.top(), &["init", "-q"]);
        world.commit_top();
        world
    }

    /// A series of three patches that has been exported and committed.
    pub(super) fn new() -> Self {
        let world = Self::empty();
        world.begin();
        world.commit(
            "rust/a.rs",
            "// SPDX-License-Identifier: GPL-2.0\nfn a() {}\n",
            "rust: add a",
        );
        let b = fs::read_to_string(world.worktree().join("rust/b.rs")).unwrap();
        world.commit(
            "rust/b.rs",
            b.replace("line 20", "line twenty"),
            "rust: edit b",
        );
        let maintainers = format!("{MAINTAINERS}\nNEW DRIVER\nM:\tNew <new@example.org>\nS:\tMaintained\nF:\tdrivers/d.rs\n");
        write(&world.worktree().join("MAINTAINERS"), maintainers);
        world.commit(
            "drivers/d.rs",
            "// SPDX-License-Identifier: GPL-2.0\nfn d() {}\n",
            "drivers: add d",
        );
        world.export().unwrap();
        world.commit_top();
        world
    }

    pub(super) fn top(&self) -> PathBuf {
        self.dir.path().join("top")
    }

    pub(super) fn worktree(&self) -> PathBuf {
        self.dir.path().join("worktree")
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Makes the branch by hand.
    pub(super) fn begin(&self) {
        let worktree = self.worktree();
        let worktree = worktree.to_str().unwrap();
        git(
            &self.kernel.repo,
            &["worktree", "add", "-q", "-b", "series", worktree, "base"],
        );
    }

    /// Commits a file, and all else that has changed, to the branch.
    pub(super) fn commit(&self, path: &str, content: impl AsRef<[u8]>, subject: &str) {
        write(&self.worktree().join(path), content);
        let message =
            format!("{subject}\n\nBecause.\n\nSigned-off-by: A. Ürsula <a@example.org>\n");
        self.commit_all(&message);
    }

    pub(super) fn commit_all(&self, message: &str) {
        git(&self.worktree(), &["add", "-A"]);
        let date = "--date=2024-02-29T12:00:00+0545";
        let message = format!("--message={message}");
        git(
            &self.worktree(),
            &["commit", "-q", "--cleanup=verbatim", date, &message],
        );
    }

    pub(super) fn commit_top(&self) {
        git(&self.top(), &["add", "-A"]);
        git(&self.top(), &["commit", "-q", "--allow-empty", "-m", "x"]);
    }

    pub(super) fn edit_manifest(&self, from: &str, to: &str) {
        let path = self.top().join("b4.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    pub(super) fn export(&self) -> Result<Exported, String> {
        crate::export(&Ui::new(), &self.kernel, &self.worktree(), &self.top())
            .map_err(|err| format!("{err:#}"))
    }

    pub(super) fn checkout(&self) -> Result<crate::CheckedOut, String> {
        crate::checkout(&Ui::new(), &self.kernel, &self.worktree(), &self.top())
            .map_err(|err| format!("{err:#}"))
    }

    pub(super) fn load(&self) -> Series {
        Series::load(&self.top()).unwrap()
    }

    pub(super) fn apply(&self) -> Result<String, String> {
        self.load()
            .apply(&Ui::new(), &TestPrograms, &self.kernel, &self.path("log"))
            .map_err(|err| format!("{err:#}"))
    }

    pub(super) fn tip(&self) -> String {
        git(&self.kernel.repo, &["rev-parse", "series"])
    }
}
