// SPDX-License-Identifier: GPL-2.0

//! `cargo series`: apply, build, boot, test, edit and send the series.

mod bench;
mod boot;
mod check;
mod clean;
mod doctor;
mod edit;
mod guest_bench;
mod igt;
mod send;
mod shell;
mod tally;
mod test;
mod workbench;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use workbench::{Flavour, Workbench};

#[derive(Parser)]
#[command(name = "cargo series", bin_name = "cargo series", version)]
#[command(about = "Apply, build, boot, test, edit and send the series")]
#[command(after_help = "\
Environment:
  SERIES_LINUX_TARBALL=FILE  Take the base from this source tarball of Debian
  SERIES_CACHE=DIR           Keep what the tool makes there [default: ~/.cache/rust-series]")]
struct Cli {
    #[command(flatten)]
    places: Places,
    #[command(subcommand)]
    command: Cmd,
}

/// Where toolchain and base come from.
#[derive(Args, Clone, Debug)]
pub struct Places {
    /// Tools to build with: a Debian 13 root in the cache, or those of this machine
    #[arg(long, value_enum, default_value = "debian", global = true)]
    toolchain: Tools,
    /// Take the base from this kernel git tree: its tag of the release, or its HEAD if that calls
    /// itself the same release. Nothing is written to it [default: download]
    #[arg(long, value_name = "DIR", env = "SERIES_LINUX", global = true)]
    linux: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tools {
    Debian,
    Host,
}

#[derive(Subcommand)]
enum Cmd {
    /// Build the kernel with the series, boot it in QEMU and run the guest tests
    Boot {
        /// Open a shell in the guest in place of the tests
        #[arg(long)]
        interactive: bool,
        /// Open a window with the guest's display
        #[arg(long)]
        display: bool,
        /// Use KVM
        #[arg(long)]
        kvm: bool,
        /// Boot the debug kernel: lockdep, KASAN, KUnit, doctests
        #[arg(long)]
        debug: bool,
    },
    /// Run all tests
    Test {
        /// Only those that take under two minutes
        #[arg(long)]
        quick: bool,
        /// Repeat what guest tests repeat as often as a storm needs
        #[arg(long, conflicts_with = "quick")]
        storm: bool,
    },
    /// Make the patches the branch `series` of a kernel worktree, to edit them there
    Checkout,
    /// Write the branch `series` back to patches/ and to the copies of its files
    Export,
    /// Check the series: checkpatch, rustfmt, clippy, maintainers, licences
    Check {
        /// Build the kernel after each patch, and once without Rust
        #[arg(long)]
        each: bool,
    },
    /// Write the series as one threaded mbox, as if it came from the mailing list
    Mbox {
        /// Only this topic of b4.toml
        #[arg(long)]
        topic: Option<String>,
        /// The file to write [default: standard output]
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Apply the series to the kernel git tree that --linux names, on what is checked out there
    Apply,
    /// Build the kernel with the series
    Build {
        /// The debug kernel
        #[arg(long)]
        debug: bool,
        /// The kernel for measurements: -O2, no debugging
        #[arg(long, conflicts_with = "debug")]
        bench: bool,
    },
    /// Count the instructions of hot paths in Rust, and of the same in C
    Bench {
        /// Those that commits take on the display driver in Rust, and on the one in C, in QEMU
        #[arg(long)]
        display: bool,
        /// Those that frames take between radios of hwsim_rust, and of mac80211_hwsim, and the
        /// throughput, in QEMU
        #[arg(long, conflicts_with = "display")]
        wlan: bool,
    },
    /// Run the IGT suite on the display driver in C and on the one in Rust, and compare; and a
    /// compositor
    Igt {
        /// On the debug kernel
        #[arg(long)]
        debug: bool,
        /// Only these of its test binaries, or only weston [default: those in scripts/guest/igt.sh]
        binaries: Vec<String>,
    },
    /// Open a shell, or run a command, in the toolchain root with the build environment set
    Shell {
        /// The command to run in place of a shell
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// Remove what the tool made, after saying how much
    Clean {
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },
    /// Say what is installed, missing, too old or too new, and how to mend it
    Doctor,
}

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|err| err.exit());
    let linux_was_typed = matches.subcommand().is_some_and(|(_, arguments)| {
        arguments.value_source("linux") == Some(ValueSource::CommandLine)
    });
    match run(cli, linux_was_typed) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(err) => {
            eprintln!("error: {}", chain(&err));
            ExitCode::FAILURE
        }
    }
}

/// The message of each cause below the one it explains.
fn chain(err: &anyhow::Error) -> String {
    err.chain()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

fn run(cli: Cli, linux_was_typed: bool) -> Result<bool> {
    let bench = Workbench::open(cli.places)?;
    match cli.command {
        Cmd::Boot {
            interactive,
            display,
            kvm,
            debug,
        } => boot::boot(
            &bench,
            &boot::Boot {
                interactive,
                display,
                kvm,
                debug,
                ..boot::Boot::default()
            },
        ),
        Cmd::Test { quick: true, .. } => test::test(&bench, test::Extent::Quick),
        Cmd::Test { storm: true, .. } => test::test(&bench, test::Extent::Storm),
        Cmd::Test { .. } => test::test(&bench, test::Extent::Usual),
        Cmd::Checkout => edit::checkout(&bench),
        Cmd::Export => edit::export(&bench),
        Cmd::Check { each } => check::check(&bench, each),
        Cmd::Mbox { topic, output } => send::mbox(&bench, topic.as_deref(), output.as_deref()),
        Cmd::Apply => match &bench.places.linux {
            Some(dir) if linux_was_typed => send::apply(&bench, dir),
            // What is in the environment is for reading only.
            _ => anyhow::bail!(run::Failure::new(
                "apply writes to a kernel tree, so it has to be told which"
            )
            .hint("cargo series apply --linux DIR")),
        },
        Cmd::Build { debug, bench: fast } => {
            let flavour = match (debug, fast) {
                (true, _) => Flavour::Debug,
                (_, true) => Flavour::Bench,
                _ => Flavour::Qemu,
            };
            let built = bench.ready()?.kernel_image(flavour)?;
            println!("{}", built.image.display());
            Ok(true)
        }
        Cmd::Bench { display: true, .. } => guest_bench::bench(&bench, &guest_bench::DISPLAY),
        Cmd::Bench { wlan: true, .. } => guest_bench::bench(&bench, &guest_bench::WLAN),
        Cmd::Bench { .. } => bench::bench(&bench),
        Cmd::Igt { debug, binaries } => igt::igt(&bench, debug, &binaries),
        Cmd::Shell { command } => shell::shell(&bench, &command),
        Cmd::Clean { yes } => clean::clean(&bench, yes),
        Cmd::Doctor => doctor::doctor(&bench),
    }
}
