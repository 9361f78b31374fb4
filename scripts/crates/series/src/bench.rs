// SPDX-License-Identifier: GPL-2.0

//! `cargo series bench`: what the abstractions cost.
//!
//! `scripts/bench/` has functions that do the same in C and in Rust. They are compiled for the
//! bench kernel, and the instructions of each are counted in the disassembly (see [`listing`]).
//! Rust calls what is inline in C through helpers of the kernel; so that the cost of these does not
//! hide the cost of the abstractions, the C code is compiled a second time with the same calls.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use listing::{Listing, Way};

use crate::workbench::{Flavour, Workbench};

/// The table as it was when it was looked at last.
const TABLE: &str = "scripts/bench/table.txt";

/// The kernel has streaming mappings if it has this file.
const STREAMING: &str = "rust/kernel/dma/streaming.rs";

/// A ratio above this is flagged.
const MOST: f64 = 1.05;

/// What is counted.
struct Row {
    what: &'static str,
    /// The name of the function in C, and of the function or the type of the interrupt handler in
    /// Rust.
    name: &'static str,
    /// Why Rust has more to do.
    why: &'static str,
}

const fn row(what: &'static str, name: &'static str, why: &'static str) -> Row {
    Row { what, name, why }
}

const ROWS: &[Row] = &[
    row("register: read", "bench_mmio_read", ""),
    row("register: write", "bench_mmio_write", ""),
    row(
        "register: read, modify, write",
        "bench_mmio_update",
        "rustc aligns the stack to 16 bytes, clang here to 8: two instructions",
    ),
    row("declared register: read a field", "bench_register_read", ""),
    row(
        "declared register: update a field",
        "bench_register_update",
        "the stack, as above",
    ),
    row(
        "declared register: read, device checked",
        "bench_register_checked",
        "",
    ),
    row(
        "register: write through Devres::access",
        "bench_mmio_access",
        "Rust checks, once in a handler, that it is the device of the mapping, and still mapped",
    ),
    row(
        "register: write through Devres::try_access_with",
        "bench_mmio_try_access",
        "Rust checks that it is still mapped, and sees to it that it stays so, by RCU",
    ),
    row(
        "configuration space: read a word",
        "bench_config_read",
        "Rust has a place of its own for the value, and aligns the stack",
    ),
    row(
        "configuration space: write a word",
        "bench_config_write",
        "this is the way with an error, whose range Rust checks; without, it is 9 to 7, for the stack",
    ),
    row(
        "interrupt: entry to an empty handler",
        "bench_irq_empty",
        "",
    ),
    row(
        "interrupt: status read and acknowledged",
        "bench_irq_status",
        "Devres::access, as above",
    ),
    row(
        "coherent memory: read an element",
        "bench_coherent_read",
        "Rust checks the index, and returns an error if it is too large",
    ),
    row(
        "coherent memory: write an element",
        "bench_coherent_write",
        "Rust checks the index, and returns an error if it is too large",
    ),
    row(
        "streaming DMA: map and unmap",
        "bench_dma_map_unmap",
        "Rust returns the buffer or the error through memory, and keeps all of it over the calls",
    ),
    row("completion: complete", "bench_completion_complete", ""),
    row("completion: try to wait", "bench_completion_try_wait", ""),
];

/// The ways through the functions of a row.
struct Counted<'a> {
    row: &'a Row,
    c: Option<Way>,
    c_with_helpers: Option<Way>,
    rust: Option<Way>,
}

impl Counted<'_> {
    /// Rust to C, when both call the same helpers.
    fn ratio(&self) -> Option<f64> {
        let (c, rust) = (self.c_with_helpers.as_ref()?, self.rust.as_ref()?);
        Some(rust.instructions as f64 / c.instructions as f64)
    }
}

/// Builds, counts and prints the table; compares it to the one that is kept.
pub fn bench(bench: &Workbench) -> Result<bool> {
    let ready = bench.ready()?;
    let commit = ready.applied()?;
    ready.linux.set_build_tree(&commit)?;
    let config = ready.config(Flavour::Bench)?;
    let build = ready.build(&config);
    // The Rust code of the kernel is all that is needed of it.
    build.targets(&commit, &["modules_prepare"])?;
    let mut sources = vec!["bench_c.o", "bench_helpers.o", "bench_rust.o"];
    if ready.linux.build_tree().join(STREAMING).exists() {
        sources.push("bench_dma.o");
    }
    let log = bench.cache.new_log("bench")?;
    let step = bench.ui.step("Compiling what is measured");
    let objects = build.objects(&bench.top.join("scripts/bench"), &sources, &log)?;
    step.done("");

    let read = |file: &Path| -> Result<Listing> {
        let text = build.disassemble(file)?;
        Ok(Listing::parse(&text))
    };
    let c = read(&objects.join(sources[0]))?;
    let c_with_helpers = read(&objects.join(sources[1]))?;
    let mut rust = Listing::default();
    for object in &sources[2..] {
        rust.add(read(&objects.join(object))?);
    }
    for object in ["rust/kernel.o", "rust/core.o"] {
        rust.add(read(&build.out().join(object))?);
    }
    let rows: Vec<_> = ROWS
        .iter()
        .map(|row| Counted {
            row,
            c: c.way(row.name),
            c_with_helpers: c_with_helpers.way(row.name),
            rust: in_rust(&rust, row.name).and_then(|name| rust.way(&name)),
        })
        .collect();

    let table = table(&rows);
    print!("{table}");
    let file = bench.cache.path("out/bench.txt");
    save(&file, &table, &rows)?;
    println!("\nThe table and the disassembly are in {}", file.display());
    let kept = fs::read_to_string(bench.top.join(TABLE)).unwrap_or_default();
    let differences = differences(&kept, &table);
    if differences.is_empty() {
        return Ok(true);
    }
    println!("\nThis is not what {TABLE} says; if it should be, write it there:\n{differences}");
    Ok(false)
}

/// The lines that only one of the tables has.
fn differences(kept: &str, table: &str) -> String {
    let mut text = String::new();
    for (sign, lines, others) in [('-', kept, table), ('+', table, kept)] {
        for line in lines.lines() {
            if !others.lines().any(|other| other == line) {
                let _ = writeln!(text, "{sign} {line}");
            }
        }
    }
    text
}

/// The function `name` of the module, or what the interrupt core calls for the handler `name`.
fn in_rust(listing: &Listing, name: &str) -> Option<String> {
    let is_it = |other: &&str| {
        *other == name || other.contains("handle_irq_callback") && other.contains(name)
    };
    listing.names().find(is_it).map(str::to_string)
}

fn table(rows: &[Counted<'_>]) -> String {
    let count = |way: &Option<Way>| match way {
        Some(way) => way.instructions.to_string(),
        None => "-".to_string(),
    };
    let mut text = format!(
        "{:48} {:>5} {:>9} {:>5} {:>8} {:>6}\n",
        "instructions on the longest way, x86_64, -O2",
        "C",
        "C+helpers",
        "Rust",
        "helpers",
        "ratio"
    );
    let mut notes = String::new();
    for counted in rows {
        let helpers = counted.rust.as_ref().map(|way| way.helpers.to_string());
        let (ratio, flag) = match counted.ratio() {
            Some(ratio) if ratio > MOST => (format!("{ratio:.2}"), " !"),
            Some(ratio) => (format!("{ratio:.2}"), ""),
            None => ("-".to_string(), ""),
        };
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{:48} {:>5} {:>9} {:>5} {:>8} {:>6}{flag}",
            counted.row.what,
            count(&counted.c),
            count(&counted.c_with_helpers),
            count(&counted.rust),
            helpers.unwrap_or("-".to_string()),
            ratio,
        );
        if !flag.is_empty() {
            let why = match counted.row.why {
                "" => "not explained",
                why => why,
            };
            let _ = writeln!(notes, "! {}: {why}", counted.row.what);
        }
        let unknown = counted.rust.iter().flat_map(|way| &way.unknown);
        for unknown in unknown {
            let _ = writeln!(notes, "? {}: {unknown} is not counted", counted.row.what);
        }
        if counted.ratio().is_none() {
            let _ = writeln!(notes, "- {}: not measured", counted.row.what);
        }
    }
    text.push_str(
        "\nC+helpers is the C code with the same out-of-line calls that Rust needs; the ratio is \
         that of Rust to it.\nhelpers: how many there are in Rust. What they do themselves, and C \
         functions that both call, is not counted.\n",
    );
    if !notes.is_empty() {
        text = text + "\n" + &notes;
    }
    text
}

fn save(file: &Path, table: &str, rows: &[Counted<'_>]) -> Result<()> {
    let mut text = format!("{table}\n> marks the instructions that are counted.\n");
    for counted in rows {
        for (language, way) in [
            ("C", &counted.c),
            ("C+helpers", &counted.c_with_helpers),
            ("Rust", &counted.rust),
        ] {
            if let Some(way) = way {
                let _ = write!(text, "\n== {}, {language}\n{}", counted.row.what, way.text);
            }
        }
    }
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(instructions: usize, helpers: usize) -> Option<Way> {
        Some(Way {
            instructions,
            helpers,
            ..Way::default()
        })
    }

    #[test]
    fn more_than_five_percent_is_flagged() {
        let row = row("it", "it", "");
        let explained = Row {
            what: "other",
            why: "because",
            ..row
        };
        let text = table(&[
            Counted {
                row: &row,
                c: way(10, 0),
                c_with_helpers: way(20, 1),
                rust: way(21, 1),
            },
            Counted {
                row: &explained,
                c: way(10, 0),
                c_with_helpers: way(20, 1),
                rust: way(22, 1),
            },
            Counted {
                row: &row,
                c: way(10, 0),
                c_with_helpers: way(20, 1),
                rust: None,
            },
        ]);
        let ends: Vec<_> = text
            .lines()
            .skip(1)
            .map(|line| line.get(40..).unwrap_or_default().trim())
            .collect();
        assert_eq!(ends[0], "10        20    21        1   1.05");
        assert_eq!(ends[1], "10        20    22        1   1.10 !");
        assert_eq!(ends[2], "10        20     -        -      -");
        assert!(
            text.contains("! other: because\n- it: not measured\n"),
            "{text}"
        );
    }

    #[test]
    fn differences_are_shown() {
        assert_eq!(differences("a\nb\n", "a\nb\n"), "");
        assert_eq!(differences("a\nb\n", "a\nc\n"), "- b\n+ c\n");
        assert_eq!(differences("", "a\n"), "+ a\n");
    }

    #[test]
    fn handlers_are_found_by_their_type() {
        let text =
            "0000000000000000 <_RIN19handle_irq_callbackNt15bench_irq_emptyE>:\n 0: \tretq\n\
                    0000000000000000 <_RIN13drop_in_placeNt15bench_irq_emptyE>:\n 0: \tretq\n\
                    0000000000000000 <bench_mmio_read>:\n 0: \tretq\n";
        let listing = Listing::parse(text);
        let found = |name| in_rust(&listing, name);
        assert_eq!(found("bench_mmio_read").as_deref(), Some("bench_mmio_read"));
        assert!(found("bench_irq_empty")
            .unwrap()
            .contains("handle_irq_callback"));
        assert_eq!(found("bench_mmio_rea"), None);
    }
}
