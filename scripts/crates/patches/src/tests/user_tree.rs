// SPDX-License-Identifier: GPL-2.0

use std::fs;
use std::path::Path;

use run::Ui;

use super::world::*;

/// A kernel tree of a user, on a branch of theirs.
fn tree(world: &World) -> std::path::PathBuf {
    let dir = world.path("user");
    git(
        world.path("").as_path(),
        &["clone", "-q", "-b", "base", "kernel", "user"],
    );
    git(&dir, &["switch", "-q", "-c", "mine"]);
    git(&dir, &["config", "user.name", "The User"]);
    git(&dir, &["config", "user.email", "user@example.org"]);
    write(&dir.join("untracked"), "x");
    dir
}

fn apply(world: &World, dir: &Path) -> Result<String, String> {
    world
        .load()
        .apply_to_user_tree(
            &Ui::new(),
            &TestPrograms,
            dir,
            &world.kernel.scratch,
            &world.path("log"),
        )
        .map_err(|err| format!("{err:#}"))
}

/// Applying fails with a message that has `parts`, and changes nothing.
fn refused(world: &World, dir: &Path, parts: &[&str]) {
    let state = |dir: &Path| {
        let head = fs::read_to_string(dir.join(".git/HEAD")).ok();
        let status = std::process::Command::new("git")
            .current_dir(dir)
            .args(["status", "--porcelain", "--branch"])
            .output()
            .unwrap();
        let tip = std::process::Command::new("git")
            .current_dir(dir)
            .args(["rev-parse", "HEAD"])
            .output()
            .unwrap();
        (head, status.stdout, tip.stdout, snapshot(dir))
    };
    let before = state(dir);
    let err = apply(world, dir).unwrap_err();
    for part in parts {
        assert!(err.contains(part), "{part}\n{err}");
    }
    assert!(state(dir) == before, "the tree has changed");
    assert!(!dir.join(".git/rebase-apply").exists());
}

#[test]
fn it_applies_on_top_of_the_users_branch() {
    let world = World::new();
    let dir = tree(&world);
    write(&dir.join("other"), "x");
    git(&dir, &["add", "other"]);
    git(&dir, &["commit", "-q", "-m", "mine"]);
    let commit = apply(&world, &dir).unwrap();
    assert_eq!(git(&dir, &["rev-parse", "HEAD"]), commit);
    assert_eq!(git(&dir, &["branch", "--show-current"]), "mine");
    assert_eq!(git(&dir, &["status", "--porcelain"]), "?? untracked");
    let log = git(&dir, &["log", "--format=%an, %cn: %s", "-4"]);
    assert_eq!(
        log,
        "A. Ürsula, The User: drivers: add d\nA. Ürsula, The User: rust: edit b\n\
         A. Ürsula, The User: rust: add a\nA. Ürsula, A. Ürsula: mine"
            .replace("A. Ürsula, A. Ürsula", "A. Ürsula, Somebody Else")
    );
    assert!(dir.join("drivers/d.rs").exists());
    refused(
        &world,
        &dir,
        &[
            "0001-rust-add-a.patch does not apply: it fails at rust/a.rs",
            "is in there already",
        ],
    );
    let log = fs::read_to_string(world.path("log")).unwrap();
    assert!(log.contains("rust/a.rs: already exists in index"), "{log}");
}

#[test]
fn what_does_not_apply_leaves_the_tree_as_it_was() {
    let world = World::new();
    let dir = tree(&world);
    let b = fs::read_to_string(dir.join("rust/b.rs")).unwrap();
    fs::write(dir.join("rust/b.rs"), b.replace("line 20", "line XX")).unwrap();
    git(&dir, &["commit", "-q", "-a", "-m", "mine"]);
    refused(
        &world,
        &dir,
        &[
            "which is Linux 6.18.15 and stays as it was",
            "switch -c with-series v6.18.15",
            "patches/0002-rust-edit-b.patch does not apply: it fails at rust/b.rs:18",
        ],
    );
    fs::write(dir.join("Makefile"), MAKEFILE.replace("15", "7")).unwrap();
    git(&dir, &["commit", "-q", "-a", "-m", "older"]);
    refused(
        &world,
        &dir,
        &["which is Linux 6.18.7 and", "v6.18.15, which is the kernel"],
    );
}

#[test]
fn another_version_is_taken_if_the_series_applies() {
    let world = World::new();
    let dir = tree(&world);
    fs::write(dir.join("Makefile"), MAKEFILE.replace("15", "16")).unwrap();
    git(&dir, &["commit", "-q", "-a", "-m", "newer"]);
    apply(&world, &dir).unwrap();
}

#[test]
fn trees_that_are_not_ready_are_refused() {
    let world = World::new();
    let dir = tree(&world);
    write(&dir.join("drivers/old.c"), "mine");
    refused(
        &world,
        &dir,
        &[
            "has changes that are in no commit\n     M drivers/old.c",
            "git stash",
        ],
    );
    git(&dir, &["checkout", "-q", "."]);

    fs::create_dir_all(dir.join(".git/rebase-apply")).unwrap();
    fs::write(dir.join(".git/rebase-apply/applying"), "").unwrap();
    let err = apply(&world, &dir).unwrap_err();
    assert!(err.contains("is in the middle of a git am"), "{err}");
    assert!(dir.join(".git/rebase-apply/applying").exists());
    fs::remove_dir_all(dir.join(".git/rebase-apply")).unwrap();

    refused(&world, &dir.join("rust"), &["is not a kernel tree"]);
    write(&dir.join("rust/Makefile"), MAKEFILE);
    write(&dir.join("rust/MAINTAINERS"), "");
    refused(
        &world,
        &dir.join("rust"),
        &["is not the top of its git repository"],
    );
    fs::remove_file(dir.join("rust/Makefile")).unwrap();
    fs::remove_file(dir.join("rust/MAINTAINERS")).unwrap();

    write(&world.path("plain/Makefile"), MAKEFILE);
    write(&world.path("plain/MAINTAINERS"), "");
    refused(
        &world,
        &world.path("plain"),
        &["is no git repository with a commit"],
    );
}

#[test]
fn a_file_in_the_way_is_kept() {
    let world = World::new();
    let dir = tree(&world);
    write(&dir.join("drivers/d.rs"), "mine");
    refused(
        &world,
        &dir,
        &[
            "git can't check it out",
            "drivers/d.rs",
            "stays as it was",
            "move the files",
        ],
    );
}
