// SPDX-License-Identifier: GPL-2.0

use std::fs;
use std::path::Path;
use std::process::Command;

use run::Ui;

use super::world::*;
use crate::{Programs, Recipients, Series};

#[test]
fn the_same_patches_give_the_same_commit_and_the_second_time_is_instant() {
    let world = World::new();
    let commit = world.apply().unwrap();
    // Without its programs: only the ref can tell.
    fs::remove_dir_all(&world.kernel.scratch).unwrap();
    assert_eq!(world.apply().unwrap(), commit);
    let refs = git(
        &world.kernel.repo,
        &["for-each-ref", "--format=%(refname)", "refs/series"],
    );
    git(&world.kernel.repo, &["update-ref", "-d", &refs]);
    fs::create_dir(&world.kernel.scratch).unwrap();
    assert_eq!(world.apply().unwrap(), commit);
    let committer = git(
        &world.kernel.repo,
        &["log", "-1", "--format=%cn <%ce> %cd", &commit],
    );
    assert!(
        committer.starts_with("A. Ürsula <a@example.org> Thu Feb 29 12:00:00 2024"),
        "{committer}"
    );
}

#[test]
fn the_digest_tells_patches_and_base_apart() {
    let world = World::new();
    let digest = world.load().digest().unwrap();
    assert_eq!(world.load().digest().unwrap(), digest);
    world.edit_manifest("What and why.", "Other words.");
    assert_eq!(world.load().digest().unwrap(), digest);
    world.edit_manifest("60cca", "60ccb");
    assert_ne!(world.load().digest().unwrap(), digest);
    git(&world.top(), &["checkout", "-q", "."]);
    let path = world.top().join("patches/0003-drivers-add-d.patch");
    let patch = fs::read_to_string(&path).unwrap();
    fs::write(path, patch.replace("Because.", "Because of it.")).unwrap();
    assert_ne!(world.load().digest().unwrap(), digest);
}

#[test]
fn leftovers_of_an_interrupted_run_do_not_matter() {
    let world = World::new();
    for path in [
        "room/.git/rebase-apply/next",
        "room/.git/index.lock",
        "room/rust/b.rs",
        "b4/out.mbx",
    ] {
        write(&world.kernel.scratch.join(path), "x");
    }
    world.apply().unwrap();
}

#[test]
fn a_patch_that_does_not_apply_is_named_with_its_file() {
    let world = World::new();
    let path = world.top().join("patches/0002-rust-edit-b.patch");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, good.replace("-line 20", "-line XX")).unwrap();
    let err = world.apply().unwrap_err();
    assert!(
        err.contains("patches/0002-rust-edit-b.patch does not apply: it fails at rust/b.rs:18"),
        "{err}"
    );
    assert!(
        err.contains("\n  log: ") && err.contains("\n  try: "),
        "{err}"
    );
    fs::write(&path, good.replace("rust/b.rs", "rust/c.rs")).unwrap();
    let err = world.apply().unwrap_err();
    assert!(
        err.contains("0002-rust-edit-b.patch does not apply: it fails at rust/c.rs"),
        "{err}"
    );
    let path = world.top().join("patches/0003-drivers-add-d.patch");
    let again = fs::read_to_string(&path)
        .unwrap()
        .replace("drivers/d.rs", "rust/a.rs");
    git(&world.top(), &["checkout", "-q", "."]);
    fs::write(&path, again).unwrap();
    let err = world.apply().unwrap_err();
    assert!(
        err.contains("0003-drivers-add-d.patch does not apply: it fails at rust/a.rs"),
        "{err}"
    );
}

#[test]
fn the_thread_is_in_order() {
    let world = World::new();
    world.edit_manifest("version = 1", "version = 2\nprefix = \"RFC\"");
    let series = world.load();
    let recipients = Recipients {
        to: vec!["Jürgen <j@x.org>".to_string()],
        cc: vec!["l@x.org".to_string()],
    };
    let mbox = series.mbox(&recipients).unwrap();
    let mails: Vec<_> = mbox.split("From mboxrd@z").skip(1).collect();
    assert_eq!(mails.len(), 4);
    let id = "20260131-toy-v2-0-0123456789ab@example.org";
    assert_eq!(series.message_id(None).unwrap(), id);
    assert!(mails[0].contains(&format!("\nMessage-Id: <{id}>\n")));
    assert!(!mails[0].contains("In-Reply-To"));
    assert!(mails[0].contains("\nchange-id: 20260131-toy-0123456789ab\n"));
    assert!(mails[2].contains("\nSubject: [RFC PATCH v2 2/3] rust: edit b\n"));
    for (at, mail) in mails.iter().enumerate().skip(1) {
        assert!(mail.contains(&format!("\nIn-Reply-To: <{id}>\nReferences: <{id}>\n")));
        assert!(mail.contains(&format!(
            "\nMessage-Id: <20260131-toy-v2-{at}-0123456789ab@"
        )));
    }
    for mail in mails {
        assert!(mail.contains("\nTo: =?utf-8?q?J=C3=BCrgen?= <j@x.org>\nCc: l@x.org\n"));
        assert!(mail.contains("\nFrom: =?utf-8?q?A=2E_=C3=9Crsula?= <a@example.org>\n"));
    }
}

#[test]
fn a_topic_is_a_thread_of_its_own() {
    let world = World::new();
    let tip = world.apply().unwrap();
    let series = world.load();
    let mbox = series
        .topic_mbox(&world.kernel, &tip, "two", &Recipients::default())
        .unwrap();
    let mails: Vec<_> = mbox.split("From mboxrd@z").skip(1).collect();
    assert_eq!(mails.len(), 2);
    assert!(mails[0].contains("\nSubject: [PATCH 0/1] The second topic\n"));
    assert!(
        mails[0].contains("\n 2 files changed, 7 insertions(+)\n"),
        "{}",
        mails[0]
    );
    assert!(mails[1].contains("\nSubject: [PATCH 1/1] drivers: add d\n"));
    assert!(mails[1].contains("<20260131-toy-two-v1-1-0123456789ab@example.org>"));
    let mbox = series
        .topic_mbox(&world.kernel, &tip, "one", &Recipients::default())
        .unwrap();
    assert!(
        mbox.contains("\n 2 files changed, 3 insertions(+), 1 deletion(-)\n"),
        "{mbox}"
    );
}

#[test]
fn what_is_wrong_with_the_directory_is_said() {
    let error = |change: &dyn Fn(&World)| {
        let world = World::new();
        change(&world);
        Series::load(&world.top()).unwrap_err().to_string()
    };
    let patches = |world: &World| world.top().join("patches");
    let err =
        error(&|world| fs::remove_file(patches(world).join("0002-rust-edit-b.patch")).unwrap());
    assert!(
        err.contains("patches/0002-….patch is missing: after patch 1 comes 0003-"),
        "{err}"
    );
    let err =
        error(&|world| fs::remove_file(patches(world).join("0003-drivers-add-d.patch")).unwrap());
    assert!(
        err.starts_with("b4.toml:29: no patch has the subject `drivers: add d`"),
        "{err}"
    );
    let err = error(&|world| fs::write(patches(world).join("notes"), "").unwrap());
    assert!(
        err.contains("patches/notes is not a patch of the series"),
        "{err}"
    );
    let err = error(&|world| {
        fs::copy(
            patches(world).join("0001-rust-add-a.patch"),
            patches(world).join("0001-x.patch"),
        )
        .unwrap();
    });
    assert!(
        err.contains("patches/0001-x.patch has the same number"),
        "{err}"
    );
    let err =
        error(&|world| fs::remove_file(patches(world).join("0000-cover-letter.patch")).unwrap());
    assert!(
        err.contains("patches/0000-cover-letter.patch is missing\n  try: cargo series export"),
        "{err}"
    );
    let err = error(&|world| fs::remove_dir_all(patches(world)).unwrap());
    assert!(err.contains("there are no patches"), "{err}");
}

/// A b4 that takes something away.
struct Careless;

impl Programs for Careless {
    fn command(&self, dir: &Path, program: &str) -> Command {
        let mut command = Command::new("sh");
        let script = "\"$@\" && sed -i '/^Subject:.*edit b/,/^Signed/s/Because/becaus/' out.mbx";
        let program = TestPrograms.command(dir, program);
        command.current_dir(dir).args(["-c", script, "sh"]);
        command.arg(program.get_program()).args(program.get_args());
        command
    }
}

#[test]
fn what_b4_changes_is_noticed() {
    let world = World::new();
    let err = world
        .load()
        .apply(&Ui::new(), &Careless, &world.kernel, &world.path("log"))
        .unwrap_err()
        .to_string();
    assert!(
        err.contains("patches/0002-rust-edit-b.patch comes out of b4 with changes"),
        "{err}"
    );
}
