// SPDX-License-Identifier: GPL-2.0

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::world::*;

/// A series with all that patches can do.
fn odd_world() -> World {
    let world = World::empty();
    world.begin();
    let file = |path: &str| world.worktree().join(path);
    write(
        &file("rust/no-newline.rs"),
        "// SPDX-License-Identifier: GPL-2.0\nend",
    );
    write(
        &file("rust/häßlich name.rs"),
        "// SPDX-License-Identifier: GPL-2.0\nß\n",
    );
    world.commit("rust/a.rs", "a\n", "rust: add a");
    fs::remove_file(file("drivers/old.c")).unwrap();
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(file("rust/a.rs"), mode).unwrap();
    write(
        &file("rust/no-newline.rs"),
        "// SPDX-License-Identifier: GPL-2.0\nend\n",
    );
    write(&file("rust/empty.rs"), "");
    world.commit_all(
        "rust: [foo] a very long subject that format-patch has to fold since it does not fit into \
         one line of a header, mit Umlauten: äöü\n\n>From here on\nit is \
         different.\n\n  indented\n\nSigned-off-by: A. Ürsula <a@example.org>\n",
    );
    write(
        &file("rust/long.rs"),
        format!("From x\n{}\n", "long ".repeat(300)),
    );
    git(&world.worktree(), &["add", "-A"]);
    git(
        &world.worktree(),
        &[
            "commit",
            "-q",
            "--author=\"J. R.\" Tölkien (Jr.) <j@example.org>",
            "-m",
            "rust: edit b\n\nBecause.",
            "--date=2023-12-31T23:59:59-0830",
        ],
    );
    world.commit("drivers/d.rs", "d\n", "drivers: add d");
    world.export().unwrap();
    world.commit_top();
    world
}

#[test]
fn checkout_then_export_changes_no_byte() {
    let world = odd_world();
    let before = snapshot(&world.top());
    // Another clone, with an empty cache.
    git(
        &world.kernel.repo,
        &[
            "worktree",
            "remove",
            "--force",
            world.worktree().to_str().unwrap(),
        ],
    );
    git(&world.kernel.repo, &["branch", "-D", "series"]);
    fs::remove_file(world.kernel.repo.join(".git/series-sync")).unwrap();
    world.checkout().unwrap();
    assert!(world.worktree().join("rust/häßlich name.rs").exists());
    assert!(!world.worktree().join("drivers/old.c").exists());
    assert_eq!(world.export().unwrap(), Default::default());
    assert_eq!(snapshot(&world.top()), before);
    assert_eq!(git(&world.top(), &["status", "--porcelain"]), "");
    let author = git(
        &world.worktree(),
        &["log", "--format=%an <%ae> %ad", "-1", "HEAD~1"],
    );
    assert!(
        author.contains("Tölkien") && author.ends_with("2023 -0830"),
        "{author}"
    );
}

#[test]
fn the_way_by_mail_gives_the_same_commits() {
    let world = odd_world();
    let by_mail = world.apply().unwrap();
    let direct = world.load().apply_directly(&world.kernel).unwrap();
    let log = |tip: &str| {
        git(
            &world.kernel.repo,
            &["log", "--format=%H %T %an %ad %B", &format!("base..{tip}")],
        )
    };
    assert_eq!(log(&by_mail), log(&direct));
    let tree = |tip: &str| {
        git(
            &world.kernel.repo,
            &["rev-parse", &format!("{tip}^{{tree}}")],
        )
    };
    assert_eq!(tree(&by_mail), tree("series"));
}

#[test]
fn readers_of_mbox_that_know_no_quoting_see_all_mails() {
    let world = odd_world();
    let mbox = world.load().mbox(&Default::default()).unwrap();
    let separators = mbox
        .lines()
        .filter(|line| line.starts_with("From "))
        .count();
    assert_eq!(separators, 5);
    assert!(mbox.lines().all(|line| line.len() <= 998));
    for mail in mbox.split("From mboxrd@z").skip(1) {
        let (header, _) = mail.split_once("\n\n").unwrap();
        assert!(header.is_ascii(), "{header}");
    }
}

#[test]
fn carriage_returns_are_refused_before_anything_is_written() {
    let world = World::new();
    let before = snapshot(&world.top());
    write(&world.worktree().join("drivers/d.rs"), "a\r\nb\n");
    git(
        &world.worktree(),
        &["commit", "-q", "-a", "--amend", "--no-edit"],
    );
    let err = world.export().unwrap_err();
    assert!(
        err.starts_with("patches/0003-drivers-add-d.patch:"),
        "{err}"
    );
    assert!(err.contains("carriage return"), "{err}");
    assert_eq!(snapshot(&world.top()), before);
}

#[test]
fn binaries_are_refused() {
    let world = World::new();
    write(&world.worktree().join("drivers/d.rs"), b"a\0b\n");
    git(
        &world.worktree(),
        &["commit", "-q", "-a", "--amend", "--no-edit"],
    );
    let err = world.export().unwrap_err();
    assert!(err.contains("drivers/d.rs is binary"), "{err}");
}

/// Whatever text there is in files and messages, it comes back.
#[test]
fn arbitrary_text_survives() {
    let pieces = [
        "From me\n",
        ">From me\n",
        "-- \n",
        "+++ b/x\n",
        "@@ -1 +1 @@\n",
        "diff --git a/x b/x\n",
        "---\n",
        "=3D=\n",
        "\n",
        " \n",
        "\t\n",
        "ü\n",
        "Subject: x\n",
        "~",
        ".\n",
        "Index: x\n",
        "\\ No newline\n",
    ];
    let mut state = 1u64;
    let mut next = |count: usize| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % count
    };
    let world = World::new();
    for _ in 0..6 {
        let content: String = (0..next(30) + 1)
            .map(|_| pieces[next(pieces.len())])
            .collect();
        write(&world.worktree().join("drivers/d.rs"), content + "x");
        git(
            &world.worktree(),
            &["commit", "-q", "-a", "--amend", "--no-edit"],
        );
        world.export().unwrap();
        let tree = git(&world.kernel.repo, &["rev-parse", "series^{tree}"]);
        let commit = world.apply().unwrap();
        assert_eq!(
            git(
                &world.kernel.repo,
                &["rev-parse", &format!("{commit}^{{tree}}")]
            ),
            tree
        );
    }
}

#[test]
fn plain_git_am_takes_the_patches() {
    let world = odd_world();
    git(&world.kernel.repo, &["switch", "-q", "-c", "by-hand"]);
    let mut command = Command::new("sh");
    command
        .current_dir(&world.kernel.repo)
        .env("HOME", world.path("nobody"));
    command
        .env("GIT_COMMITTER_NAME", "x")
        .env("GIT_COMMITTER_EMAIL", "x@x");
    command
        .args(["-c", "git am -q --keep-non-patch \"$0\"/0*[1-9]-*.patch"])
        .arg(world.top().join("patches"));
    assert!(command.output().unwrap().status.success());
    let tree = |name| git(&world.kernel.repo, &["rev-parse", name]);
    assert_eq!(tree("by-hand^{tree}"), tree("series^{tree}"));
}
