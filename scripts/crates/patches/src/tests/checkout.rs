// SPDX-License-Identifier: GPL-2.0

use std::fs;

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
    let record = world.kernel.repo.join(".git/series-sync");
    let text = fs::read_to_string(&record).unwrap();
    // As if it had been killed while it wrote the worktree.
    fs::write(&record, format!("filling {}\n{text}", world.tip())).unwrap();
    fs::remove_file(world.worktree().join("drivers/d.rs")).unwrap();
    let lock = git(
        &world.worktree(),
        &["rev-parse", "--git-path", "index.lock"],
    );
    fs::write(world.worktree().join(lock), "").unwrap();
    let err = world.export().unwrap_err();
    assert!(err.contains("the last checkout was interrupted"), "{err}");
    assert!(matches!(world.checkout().unwrap(), CheckedOut::Moved(_)));
    assert!(world.worktree().join("drivers/d.rs").exists());
    assert_eq!(world.checkout().unwrap(), CheckedOut::Unchanged);
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
