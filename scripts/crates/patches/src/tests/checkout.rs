// SPDX-License-Identifier: GPL-2.0

use std::fs;
use std::path::{Path, PathBuf};

use super::world::*;
use crate::CheckedOut;

#[test]
fn what_is_there_is_left_alone() {
    let world = World::new();
    let tip = world.tip();
    assert_eq!(world.checkout().unwrap(), CheckedOut::Unchanged);
    assert_eq!(world.tip(), tip);
}

#[test]
fn a_missing_worktree_is_made_again() {
    let world = World::new();
    fs::remove_dir_all(world.worktree()).unwrap();
    assert_eq!(world.checkout().unwrap(), CheckedOut::Moved(world.tip()));
    assert!(world.worktree().join("drivers/d.rs").exists());
    assert_eq!(
        git(&world.worktree(), &["status", "--porcelain", "--branch"]),
        "## series"
    );
}

#[test]
fn newer_patches_replace_exported_ones() {
    let world = World::new();
    let path = world.top().join("patches/0003-drivers-add-d.patch");
    let patch = fs::read_to_string(&path)
        .unwrap()
        .replace("+fn d() {}", "+fn e() {}");
    fs::write(&path, patch).unwrap();
    assert!(matches!(world.checkout().unwrap(), CheckedOut::Moved(_)));
    let text = fs::read_to_string(world.worktree().join("drivers/d.rs")).unwrap();
    assert!(text.ends_with("fn e() {}\n"));
    assert_eq!(git(&world.worktree(), &["status", "--porcelain"]), "");
    // And their copies follow.
    world.export().unwrap();
    let copy = fs::read_to_string(world.top().join("drivers/d.rs")).unwrap();
    assert!(copy.ends_with("fn e() {}\n"));
}

#[test]
fn changes_without_a_commit_are_kept() {
    let world = World::new();
    write(&world.worktree().join("drivers/d.rs"), "mine");
    let err = world.checkout().unwrap_err();
    assert!(
        err.contains("has changes that are in no commit\n     M drivers/d.rs"),
        "{err}"
    );
    assert!(err.contains("git stash -u"), "{err}");
    assert_eq!(
        fs::read_to_string(world.worktree().join("drivers/d.rs")).unwrap(),
        "mine"
    );
}

#[test]
fn commits_that_were_not_exported_are_kept() {
    let world = World::new();
    world.commit("rust/mine.rs", "mine", "rust: mine");
    let tip = world.tip();
    let err = world.checkout().unwrap_err();
    assert!(
        err.contains("the branch `series` has commits that are not in patches/"),
        "{err}"
    );
    assert!(err.contains(" rust: mine\n"), "{err}");
    assert!(!err.contains("rust: add a"), "{err}");
    assert!(err.contains("try: cargo series export"), "{err}");
    assert_eq!(world.tip(), tip);
    // Also when their worktree is gone.
    fs::remove_dir_all(world.worktree()).unwrap();
    world.checkout().unwrap_err();
    assert_eq!(world.tip(), tip);
    // The advice works.
    git(
        &world.kernel.repo,
        &["branch", "-m", "series", "another-name"],
    );
    world.checkout().unwrap();
    assert_eq!(git(&world.kernel.repo, &["rev-parse", "another-name"]), tip);
}

#[test]
fn a_rebase_in_progress_is_kept() {
    let world = World::new();
    let dir = git(
        &world.worktree(),
        &["rev-parse", "--git-path", "rebase-merge"],
    );
    fs::create_dir(world.worktree().join(dir)).unwrap();
    let err = world.checkout().unwrap_err();
    assert!(err.contains("is in the middle of a git rebase"), "{err}");
}

#[test]
fn an_interrupted_checkout_is_finished_by_the_next() {
    let world = World::new();
    kill(&world, &world.tip());
    fs::remove_file(world.worktree().join("drivers/d.rs")).unwrap();
    let err = world.export().unwrap_err();
    assert!(err.contains("the last checkout was interrupted"), "{err}");
    assert_eq!(world.checkout().unwrap(), CheckedOut::Unchanged);
    assert!(world.worktree().join("drivers/d.rs").exists());
}

fn index_lock(world: &World) -> PathBuf {
    let path = git(
        &world.worktree(),
        &["rev-parse", "--git-path", "index.lock"],
    );
    world.worktree().join(path)
}

/// As if checkout had been killed while it wrote what the branch has over `before`.
fn kill(world: &World, before: &str) {
    let record = world.kernel.repo.join(".git/series-sync");
    let text = fs::read_to_string(&record).unwrap();
    let killed = format!("filling {}\nfilled {before}\n{text}", world.tip());
    fs::write(&record, killed).unwrap();
    fs::write(index_lock(world), "").unwrap();
}

#[test]
fn what_a_killed_checkout_left_is_no_work() {
    let world = World::new();
    let before = git(&world.worktree(), &["rev-parse", "HEAD~2"]);
    kill(&world, &before);
    let file = |name: &str| world.worktree().join(name);
    // Not written yet, the old content, and half of the new one.
    fs::remove_file(file("drivers/d.rs")).unwrap();
    let old = git(&world.worktree(), &["show", &format!("{before}:rust/b.rs")]);
    fs::write(file("rust/b.rs"), old + "\n").unwrap();
    let new = fs::read(file("MAINTAINERS")).unwrap();
    fs::write(file("MAINTAINERS"), &new[..new.len() / 2]).unwrap();
    assert_eq!(world.checkout().unwrap(), CheckedOut::Unchanged);
    assert_eq!(git(&world.worktree(), &["status", "--porcelain"]), "");
    assert_eq!(fs::read(file("MAINTAINERS")).unwrap(), new);
}

#[test]
fn edits_after_a_killed_checkout_are_kept() {
    let world = World::new();
    kill(&world, &world.tip());
    let file = |name: &str| world.worktree().join(name);
    fs::remove_file(file("drivers/d.rs")).unwrap();
    fs::write(file("rust/b.rs"), "mine").unwrap();
    write(&file("rust/new.rs"), "mine as well");
    let err = world.checkout().unwrap_err();
    assert!(
        err.contains("was interrupted, and files in it were edited since\n    rust/b.rs\n"),
        "{err}"
    );
    assert!(err.contains("\n    rust/new.rs\n"), "{err}");
    assert!(!err.contains("drivers/d.rs"), "{err}");
    assert_eq!(fs::read_to_string(file("rust/b.rs")).unwrap(), "mine");
    // The advice works.
    for name in ["b.rs", "new.rs"] {
        fs::rename(file("rust").join(name), world.path(name)).unwrap();
    }
    world.checkout().unwrap();
    fs::rename(world.path("b.rs"), file("rust/b.rs")).unwrap();
    assert_eq!(
        git(&world.worktree(), &["status", "--porcelain"]),
        " M rust/b.rs"
    );
}

#[test]
fn commits_after_a_killed_checkout_are_kept() {
    let world = World::new();
    kill(&world, &world.tip());
    fs::remove_file(index_lock(&world)).unwrap();
    world.commit("rust/mine.rs", "mine", "rust: mine");
    let tip = world.tip();
    let err = world.checkout().unwrap_err();
    assert!(err.contains(" rust: mine\n"), "{err}");
    assert!(err.contains("try: keep them elsewhere: git -C"), "{err}");
    assert_eq!(world.tip(), tip);
    // The advice works.
    git(
        &world.kernel.repo,
        &["branch", "-m", "series", "another-name"],
    );
    world.checkout().unwrap();
    assert_eq!(git(&world.kernel.repo, &["rev-parse", "another-name"]), tip);
    assert!(!world.worktree().join("rust/mine.rs").exists());
}

#[test]
fn a_worktree_that_git_had_not_finished_is_made_again() {
    let world = World::new();
    kill(&world, &world.tip());
    // What a killed `git worktree add` leaves.
    let link = fs::read_to_string(world.worktree().join(".git")).unwrap();
    let admin = Path::new(link.trim().strip_prefix("gitdir: ").unwrap());
    fs::remove_file(admin.join("HEAD")).unwrap();
    fs::write(admin.join("locked"), "initializing").unwrap();
    fs::remove_dir_all(world.worktree()).unwrap();
    write(&world.worktree().join(".git"), link);
    assert!(matches!(world.checkout().unwrap(), CheckedOut::Moved(_)));
    assert!(world.worktree().join("drivers/d.rs").exists());
    assert_eq!(world.checkout().unwrap(), CheckedOut::Unchanged);
}

#[test]
fn a_detached_head_is_kept() {
    let world = World::new();
    git(&world.worktree(), &["switch", "-q", "--detach"]);
    world.commit("rust/mine.rs", "mine", "rust: mine");
    let mine = git(&world.worktree(), &["rev-parse", "HEAD"]);
    for err in [world.checkout().unwrap_err(), world.export().unwrap_err()] {
        assert!(
            err.contains("is on no branch: its HEAD is detached"),
            "{err}"
        );
        assert!(err.contains(" rust: mine\n"), "{err}");
        assert!(!err.contains("rust: add a"), "{err}");
        assert!(err.contains("switch -c another-name"), "{err}");
        assert_eq!(git(&world.worktree(), &["rev-parse", "HEAD"]), mine);
    }
    // The advice works.
    git(&world.worktree(), &["switch", "-q", "-c", "another-name"]);
    let err = world.export().unwrap_err();
    assert!(err.contains("is on the branch `another-name`"), "{err}");
    world.checkout().unwrap();
    assert_eq!(
        git(&world.kernel.repo, &["rev-parse", "another-name"]),
        mine
    );
}

#[test]
fn a_worktree_without_its_repository_is_kept() {
    let world = World::new();
    write(&world.worktree().join("rust/b.rs"), "mine");
    fs::remove_dir_all(world.kernel.repo.join(".git/worktrees")).unwrap();
    for err in [world.checkout().unwrap_err(), world.export().unwrap_err()] {
        assert!(err.contains("is no worktree of "), "{err}");
        assert!(err.contains("move it elsewhere"), "{err}");
    }
    assert!(world.worktree().join("rust/b.rs").exists());
}

#[test]
fn files_in_the_way_of_the_worktree_are_kept() {
    let world = World::new();
    fs::remove_dir_all(world.worktree()).unwrap();
    write(&world.worktree().join("precious"), "x");
    let err = world.checkout().unwrap_err();
    assert!(err.contains("is in the way"), "{err}");
    assert!(world.worktree().join("precious").exists());
}

#[test]
fn a_patch_that_does_not_apply_is_named_and_nothing_moves() {
    let world = World::new();
    let tip = world.tip();
    let path = world.top().join("patches/0002-rust-edit-b.patch");
    let patch = fs::read_to_string(&path)
        .unwrap()
        .replace("-line 20", "-line XX");
    fs::write(&path, patch).unwrap();
    let err = world.checkout().unwrap_err();
    assert!(
        err.contains("patches/0002-rust-edit-b.patch does not apply: it fails at rust/b.rs:18"),
        "{err}"
    );
    assert_eq!(world.tip(), tip);
}
