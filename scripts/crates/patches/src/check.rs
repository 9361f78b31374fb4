// SPDX-License-Identifier: GPL-2.0

//! What a series has to pass before it is sent.
//!
//! Each check returns what it found, with the place to look at. Whatever keeps a check from being
//! made is an error instead.

mod checkpatch;
mod documentation;
mod identical;
mod licences;
mod maintainers;
mod messages;
mod unsafe_code;

use std::fmt;

use anyhow::Result;

use crate::content::Content;
use crate::{Kernel, Series};

pub use checkpatch::checkpatch;
pub use documentation::documentation;
pub use identical::identical;
pub use licences::licences;
pub use maintainers::maintainers;
pub use messages::messages;
pub use unsafe_code::unsafe_code;

/// Something that is not as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, relative to the top of the repository or, if it is none of ours, of the kernel.
    pub file: String,
    /// The line in it, from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub text: String,
}

impl Finding {
    pub(crate) fn new(
        file: impl Into<String>,
        line: impl Into<Option<usize>>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            line: line.into(),
            text: text.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.text),
            None => write!(f, "{}: {}", self.file, self.text),
        }
    }
}

/// What export would write for a series, for the checks that compare with it or look into the files
/// that the series creates.
pub struct Generated(Content);

impl Generated {
    /// Generates it from the patches.
    pub fn new(series: &Series, kernel: &Kernel) -> Result<Self> {
        let tip = series.apply_directly(kernel)?;
        Ok(Self(Content::generate(kernel, &series.manifest, &tip)?))
    }
}
