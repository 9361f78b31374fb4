// SPDX-License-Identifier: GPL-2.0

//! `cargo series mbox` and `apply`: the series on its way to others.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::workbench::Workbench;

/// Writes the series, or one topic, as a threaded mbox.
pub fn mbox(bench: &Workbench, topic: Option<&str>, file: Option<&Path>) -> Result<bool> {
    let ready = bench.ready()?;
    let kernel = ready.kernel();
    let step = bench.ui.step("Asking get_maintainer.pl for the recipients");
    let recipients = ready.series.recipients(&ready.toolchain, &kernel, topic)?;
    step.done(format!(
        "{} people and lists",
        recipients.to.len() + recipients.cc.len()
    ));
    let mbox = match topic {
        Some(topic) => {
            let tip = ready.applied()?;
            ready.series.topic_mbox(&kernel, &tip, topic, &recipients)?
        }
        None => ready.series.mbox(&recipients)?,
    };
    match file {
        Some(file) => {
            fs::write(file, &mbox).with_context(|| format!("cannot write {}", file.display()))?;
            let id = ready.series.message_id(topic)?;
            bench.ui.note(format!(
                "wrote {0}; to take it: b4 --offline-mode am -m {0} {id}",
                file.display()
            ));
        }
        None => std::io::stdout().write_all(mbox.as_bytes())?,
    }
    Ok(true)
}

/// Applies the series to a kernel tree of the user, through b4.
pub fn apply(bench: &Workbench, dir: &Path) -> Result<bool> {
    let series = patches::Series::load(&bench.top)?;
    let (toolchain, _lock) = bench.toolchain()?;
    let log = bench.cache.new_log("apply")?;
    let scratch = bench.cache.path("scratch");
    let commit = series.apply_to_user_tree(&bench.ui, &toolchain, dir, &scratch, &log)?;
    println!(
        "{} patches applied; {} is now at {commit:.12}",
        series.patches.len(),
        dir.display()
    );
    Ok(true)
}
