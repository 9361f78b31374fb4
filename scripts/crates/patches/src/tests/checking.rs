// SPDX-License-Identifier: GPL-2.0

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::world::*;
use crate::check;

fn generated(world: &World) -> check::Generated {
    check::Generated::new(&world.load(), &world.kernel).unwrap()
}

fn identical(world: &World) -> Vec<String> {
    let findings = check::identical(&world.load(), &generated(world)).unwrap();
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn what_was_exported_is_identical() {
    assert_eq!(identical(&World::new()), [""; 0]);
}

#[test]
fn differences_are_found_with_their_line() {
    let world = World::new();
    let change = |path: &str, from: &str, to: &str| {
        let path = world.top().join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    };
    change("drivers/d.rs", "fn d()", "fn e()");
    change("MAINTAINERS.fragment", "S:\tMaintained\n", "");
    change("patches/0000-cover-letter.patch", "What and why.", "What.");
    // Applies as it is, but git writes another one.
    change("patches/0002-rust-edit-b.patch", "| 2 +-", "| 3 +-");
    write(&world.top().join("samples/x.rs"), "");
    let path = world.top().join("rust/a.rs");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    let differs =
        "differs from what the patches give; change it with cargo series checkout and export";
    assert_eq!(
        identical(&world),
        [
            format!("MAINTAINERS.fragment:3: {differs}"),
            format!("drivers/d.rs:2: {differs}"),
            format!("patches/0000-cover-letter.patch:6: {differs}"),
            format!("patches/0002-rust-edit-b.patch:13: {differs}"),
            "rust/a.rs: the executable bit is not as the patches have it; cargo series export".to_string(),
            "samples/x.rs: the series does not create this file; only cargo series export writes here"
                .to_string(),
        ]
    );
    fs::remove_file(world.top().join("rust/a.rs")).unwrap();
    assert!(identical(&world).contains(&"rust/a.rs: missing; cargo series export".to_string()));
}

#[test]
fn licences_and_unsafe_code_of_created_files_are_looked_at() {
    let world = World::new();
    let none = [""; 0];
    let texts = |findings: Vec<check::Finding>| -> Vec<String> {
        findings.iter().map(ToString::to_string).collect()
    };
    assert_eq!(texts(check::licences(&generated(&world))), none);
    assert_eq!(texts(check::unsafe_code(&generated(&world))), none);
    assert_eq!(texts(check::messages(&world.load())), none);
    write(&world.worktree().join("include/x.h"), "x\n");
    write(
        &world.worktree().join("rust/u.rs"),
        "// SPDX-License-Identifier: GPL-2.0\nunsafe {}\n",
    );
    write(
        &world.worktree().join("drivers/d.rs"),
        "// SPDX-License-Identifier: GPL-2.0\nunsafe {}\n",
    );
    git(&world.worktree(), &["add", "-A"]);
    git(
        &world.worktree(),
        &["commit", "-q", "-a", "--amend", "-m", "drivers: add d"],
    );
    world.export().unwrap();
    let found = texts(check::licences(&generated(&world)));
    assert_eq!(
        found,
        ["include/x.h:1: the line with SPDX-License-Identifier: is missing here"]
    );
    let found = texts(check::unsafe_code(&generated(&world)));
    assert_eq!(
        found,
        ["drivers/d.rs:2: `unsafe` in a driver: the abstraction has to offer a safe way"]
    );
    assert_eq!(texts(check::messages(&world.load())).len(), 2);
}

#[test]
fn the_documentation_is_compared_with_the_tree() {
    let world = World::new();
    let found = |world: &World| -> Vec<String> {
        let tip = world.tip();
        let findings = check::documentation(&world.kernel, &tip).unwrap();
        findings.iter().map(ToString::to_string).collect()
    };
    assert_eq!(found(&world), [""; 0]);
    let write = |path: &str, text: &str| write(&world.worktree().join(path), text);
    write("include/linux/pci.h", "void pci_set_master(void);\n");
    write("include/other.h", "void pci_elsewhere(void);\n");
    write("rust/kernel/pci.rs", "pub fn set_master() {}\n");
    world.commit(
        "Documentation/PCI/rust.rst",
        ".. list-table::\n\n\
         \x20  * - C function\n     - Rust\n\
         \x20  * - ``pci_set_master()``\n     - ``pci::set_master``\n\
         \x20  * - ``pci_elsewhere()``\n     - ``pci::elsewhere``\n",
        "Documentation: add it",
    );
    assert_eq!(
        found(&world),
        [
            "Documentation/PCI/rust.rst:7: no header in include/linux or include/asm-generic or include/net has \
             `pci_elsewhere`",
            "Documentation/PCI/rust.rst:8: the kernel's Rust code has no public `pci::elsewhere`",
        ]
    );
}
