// SPDX-License-Identifier: GPL-2.0

//! `patches/`, the copies and the fragment are what export would write.

use anyhow::Result;

use super::{Finding, Generated};
use crate::content::File;
use crate::{branch, Series};

/// Checks that exporting what the patches give would change no byte in the repository.
pub fn identical(series: &Series, generated: &Generated) -> Result<Vec<Finding>> {
    let content = &generated.0;
    let disk = branch::disk(&series.top)?;
    let mut findings = Vec::new();
    for (path, wanted) in &content.files {
        match disk.get(path) {
            None => findings.push(Finding::new(path, None, "missing; cargo series export")),
            Some(file) if file != wanted => findings.push(difference(path, file, wanted)),
            Some(_) => {}
        }
    }
    for path in disk
        .keys()
        .filter(|path| !content.files.contains_key(*path))
    {
        findings.push(Finding::new(
            path,
            None,
            "the series does not create this file; only cargo series export writes here",
        ));
    }
    Ok(findings)
}

fn difference(path: &str, file: &File, wanted: &File) -> Finding {
    let lines = |file: &File| -> Vec<Vec<u8>> {
        file.bytes
            .split_inclusive(|b| *b == b'\n')
            .map(<[u8]>::to_vec)
            .collect()
    };
    let (have, want) = (lines(file), lines(wanted));
    if have == want {
        let text = "the executable bit is not as the patches have it; cargo series export";
        return Finding::new(path, None, text);
    }
    let same = have.iter().zip(&want).take_while(|(a, b)| a == b).count();
    Finding::new(
        path,
        same + 1,
        "differs from what the patches give; change it with cargo series checkout and export",
    )
}
