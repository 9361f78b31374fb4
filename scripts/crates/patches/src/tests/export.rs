// SPDX-License-Identifier: GPL-2.0

use std::fs;

use super::world::*;

fn read(world: &World, path: &str) -> String {
    fs::read_to_string(world.top().join(path)).unwrap()
}

#[test]
fn patches_copies_and_fragment_are_written() {
    let world = World::new();
    let mut names: Vec<_> = fs::read_dir(world.top().join("patches"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "0000-cover-letter.patch",
            "0001-rust-add-a.patch",
            "0002-rust-edit-b.patch",
            "0003-drivers-add-d.patch"
        ]
    );
    assert!(read(&world, "drivers/d.rs").ends_with("fn d() {}\n"));
    assert!(read(&world, "rust/a.rs").ends_with("fn a() {}\n"));
    assert!(!world.top().join("rust/b.rs").exists());
    assert_eq!(
        read(&world, "MAINTAINERS.fragment"),
        "NEW DRIVER\nM:\tNew <new@example.org>\nS:\tMaintained\nF:\tdrivers/d.rs\n"
    );
    let cover = read(&world, "patches/0000-cover-letter.patch");
    assert!(
        cover.contains("Subject: [PATCH] All of it, für alle\n\nWhat and why.\n"),
        "{cover}"
    );
    assert!(
        cover.contains("A. Ürsula (3):\n      rust: add a\n      rust: edit b\n"),
        "{cover}"
    );
    assert!(cover.contains(" 4 files changed, "), "{cover}");
    assert!(
        cover.ends_with("---\nchange-id: 20260131-toy-0123456789ab\n"),
        "{cover}"
    );
    let patch = read(&world, "patches/0002-rust-edit-b.patch");
    assert!(
        patch.contains("\nSubject: [PATCH] rust: edit b\n"),
        "{patch}"
    );
    assert!(patch.contains("\n@@ -18,7 +18,7 @@ fn b() {\n"), "{patch}");
}

#[test]
fn a_second_export_changes_nothing() {
    let world = World::new();
    let before = snapshot(&world.top());
    assert_eq!(world.export().unwrap(), Default::default());
    assert_eq!(snapshot(&world.top()), before);
}

#[test]
fn the_configuration_of_the_repository_changes_no_byte() {
    let world = World::new();
    let before = snapshot(&world.top());
    for (name, value) in [
        ("diff.noprefix", "true"),
        ("diff.context", "9"),
        ("diff.algorithm", "patience"),
        ("diff.orderFile", "/dev/null"),
        ("diff.statNameWidth", "5"),
        ("format.signature", "me"),
        ("format.signOff", "true"),
        ("format.headers", "X-A: b\n"),
        ("format.encodeEmailHeaders", "true"),
        ("core.abbrev", "7"),
        ("core.autocrlf", "true"),
        ("core.quotePath", "true"),
        ("am.threeWay", "true"),
        ("i18n.logOutputEncoding", "latin1"),
        ("diff.rust.xfuncname", "^line.*"),
    ] {
        git(&world.kernel.repo, &["config", name, value]);
    }
    // Only what git regards as a change of the worktree is different.
    git(&world.worktree(), &["config", "core.autocrlf", "false"]);
    write(
        &world.kernel.repo.join(".git/info/attributes"),
        "*.rs diff=rust -text\n",
    );
    assert_eq!(world.export().unwrap(), Default::default());
    assert_eq!(snapshot(&world.top()), before);
}

#[test]
fn a_new_patch_leaves_the_others_as_they_are() {
    let world = World::new();
    let before = read(&world, "patches/0001-rust-add-a.patch");
    world.commit("samples/e.rs", "e\n", "samples: add e");
    world.edit_manifest("last = \"drivers: add d\"", "last = \"samples: add e\"");
    let exported = world.export().unwrap();
    assert_eq!(
        exported.written,
        [
            "patches/0000-cover-letter.patch",
            "patches/0004-samples-add-e.patch",
            "samples/e.rs"
        ]
    );
    assert_eq!(read(&world, "patches/0001-rust-add-a.patch"), before);
}

#[test]
fn stale_files_are_removed() {
    let world = World::new();
    git(&world.worktree(), &["reset", "-q", "--hard", "HEAD~1"]);
    world.commit("drivers/x/d2.rs", "d\n", "drivers: add d");
    let exported = world.export().unwrap();
    assert_eq!(exported.removed, ["drivers/d.rs"]);
    assert!(world.top().join("drivers/x/d2.rs").exists());
    world.commit_top();
    git(&world.worktree(), &["reset", "-q", "--hard", "HEAD~1"]);
    world.commit("rust/d3.rs", "d\n", "drivers: add d");
    world.export().unwrap();
    assert!(
        !world.top().join("drivers").exists(),
        "empty directories go too"
    );
}

#[test]
fn created_files_elsewhere_stay_in_the_patches() {
    let world = World::new();
    world.commit("include/x.h", "x\n", "include: add x");
    world.edit_manifest("last = \"drivers: add d\"", "last = \"include: add x\"");
    world.export().unwrap();
    assert!(!world.top().join("include").exists());
    assert!(world
        .top()
        .join("patches/0004-include-add-x.patch")
        .exists());
}

#[test]
fn work_in_the_worktree_is_not_forgotten() {
    let world = World::new();
    let before = snapshot(&world.top());
    write(&world.worktree().join("rust/new.rs"), "x");
    let err = world.export().unwrap_err();
    assert!(
        err.contains("has changes that are in no commit\n    ?? rust/new.rs"),
        "{err}"
    );
    assert!(err.contains("try: git commit, or git stash -u"), "{err}");
    git(&world.worktree(), &["stash", "-q", "-u"]);
    write(&world.worktree().join("rust/a.rs"), "x");
    let err = world.export().unwrap_err();
    assert!(err.contains(" M rust/a.rs"), "{err}");
    assert_eq!(snapshot(&world.top()), before);
}

#[test]
fn a_rebase_or_another_branch_stops_it() {
    let world = World::new();
    git(&world.worktree(), &["switch", "-q", "-c", "other"]);
    let err = world.export().unwrap_err();
    assert!(
        err.contains("is on the branch `other`, not on the branch `series`"),
        "{err}"
    );
    git(&world.worktree(), &["switch", "-q", "--detach"]);
    let err = world.export().unwrap_err();
    assert!(err.contains("is on no branch"), "{err}");
    let merge = git(
        &world.worktree(),
        &["rev-parse", "--git-path", "MERGE_HEAD"],
    );
    fs::write(world.worktree().join(merge), world.tip()).unwrap();
    let err = world.export().unwrap_err();
    assert!(err.contains("is in the middle of a git merge"), "{err}");
}

#[test]
fn edits_by_hand_are_kept() {
    for path in [
        "patches/0001-rust-add-a.patch",
        "rust/a.rs",
        "MAINTAINERS.fragment",
    ] {
        let world = World::new();
        let edited = read(&world, path) + "edited\n";
        fs::write(world.top().join(path), &edited).unwrap();
        let err = world.export().unwrap_err();
        assert!(err.contains("edited by hand"), "{err}");
        assert!(err.contains(&format!("\n    {path}\n")), "{err}");
        assert!(err.contains("git stash -u"), "{err}");
        assert_eq!(read(&world, path), edited);
        git(&world.top(), &["checkout", "-q", "--", path]);
        world.export().unwrap();
    }
}

#[test]
fn files_that_people_put_among_the_copies_are_kept() {
    let world = World::new();
    write(&world.top().join("rust/notes.txt"), "mine");
    let err = world.export().unwrap_err();
    assert!(
        err.contains("edited by hand") && err.contains("rust/notes.txt"),
        "{err}"
    );
    assert_eq!(read(&world, "rust/notes.txt"), "mine");
}

#[test]
fn commits_by_others_to_the_patches_are_kept() {
    let world = World::new();
    let path = "patches/0001-rust-add-a.patch";
    let newer = read(&world, path).replace("Because.", "Because of them.");
    fs::write(world.top().join(path), &newer).unwrap();
    world.commit_top();
    let err = world.export().unwrap_err();
    assert!(
        err.contains("patches/ has changed since the branch was checked out"),
        "{err}"
    );
    assert!(err.contains("git cherry-pick"), "{err}");
    assert_eq!(read(&world, path), newer);
}

#[test]
fn export_may_follow_export_without_a_commit() {
    let world = World::new();
    for text in ["one\n", "two\n"] {
        write(&world.worktree().join("drivers/d.rs"), text);
        git(
            &world.worktree(),
            &["commit", "-q", "-a", "--amend", "--no-edit"],
        );
        world.export().unwrap();
        assert_eq!(read(&world, "drivers/d.rs"), text);
    }
    git(&world.top(), &["checkout", "-q", "--", "."]);
    world.export().unwrap();
    assert_eq!(read(&world, "drivers/d.rs"), "two\n");
}

#[test]
fn an_interrupted_export_is_finished_by_the_next() {
    let world = World::new();
    write(&world.worktree().join("drivers/d.rs"), "new\n");
    git(
        &world.worktree(),
        &["commit", "-q", "-a", "--amend", "--no-edit"],
    );
    world.export().unwrap();
    let complete = snapshot(&world.top());
    // As if it had been stopped after its first file.
    git(&world.top(), &["checkout", "-q", "--", "drivers"]);
    write(&world.top().join(".series-export-x"), "half");
    world.export().unwrap();
    assert_eq!(snapshot(&world.top()), complete);
}

#[test]
fn topics_must_cover_the_branch() {
    let world = World::new();
    let before = snapshot(&world.top());
    world.commit("samples/e.rs", "e\n", "samples: add e");
    let err = world.export().unwrap_err();
    assert!(
        err.starts_with("b4.toml:30: patch 4 `samples: add e` is in no topic"),
        "{err}"
    );
    assert_eq!(snapshot(&world.top()), before);
}

#[test]
fn history_that_is_no_series_is_refused() {
    let world = World::new();
    git(
        &world.worktree(),
        &["commit", "-q", "--allow-empty", "-m", "nothing"],
    );
    assert!(world.export().unwrap_err().contains("changes nothing"));
    git(&world.worktree(), &["reset", "-q", "--hard", "HEAD~1"]);
    git(&world.worktree(), &["switch", "-q", "-c", "side", "HEAD~1"]);
    world.commit("rust/side.rs", "s\n", "side");
    git(&world.worktree(), &["switch", "-q", "series"]);
    git(&world.worktree(), &["merge", "-q", "side"]);
    assert!(world.export().unwrap_err().contains("is a merge"));
    git(&world.worktree(), &["reset", "-q", "--hard", "base"]);
    assert!(world
        .export()
        .unwrap_err()
        .contains("no commit on top of the base"));
    git(&world.worktree(), &["checkout", "-q", "--orphan", "alone"]);
    world.commit_all("alone");
    git(&world.worktree(), &["branch", "-D", "series"]);
    git(&world.worktree(), &["branch", "-m", "series"]);
    assert!(world
        .export()
        .unwrap_err()
        .contains("not on top of the base"));
}

#[test]
fn a_message_that_git_am_would_cut_is_refused() {
    let world = World::new();
    write(&world.worktree().join("drivers/d.rs"), "new\n");
    git(&world.worktree(), &["reset", "-q", "--soft", "HEAD~1"]);
    world.commit_all("drivers: add d\n\nBefore.\n---\nAfter.\n");
    let err = world.export().unwrap_err();
    assert!(
        err.contains("0003-drivers-add-d.patch does not survive"),
        "{err}"
    );
    assert!(err.contains("lost or changed: ---"), "{err}");
}
