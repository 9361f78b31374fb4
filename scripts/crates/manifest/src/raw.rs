// SPDX-License-Identifier: GPL-2.0

//! The manifest as it is written, with the place of each value.

use std::ops::Range;

use anyhow::{anyhow, Result};
use serde::Deserialize;
use toml::Spanned;

use crate::FILE;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Manifest {
    pub(crate) name: Spanned<String>,
    pub(crate) version: Spanned<u32>,
    pub(crate) prefix: Option<Spanned<String>>,
    pub(crate) change_id: Spanned<String>,
    pub(crate) base: Base,
    pub(crate) author: Person,
    #[serde(default)]
    pub(crate) to: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) cc: Vec<Spanned<String>>,
    pub(crate) cover: Cover,
    #[serde(rename = "topic")]
    pub(crate) topics: Vec<Topic>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Base {
    pub(crate) version: Spanned<String>,
    pub(crate) sha256: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    pub(crate) name: Spanned<String>,
    pub(crate) email: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cover {
    pub(crate) subject: Spanned<String>,
    pub(crate) text: Option<Spanned<String>>,
    pub(crate) file: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topic {
    pub(crate) name: Spanned<String>,
    pub(crate) title: Spanned<String>,
    pub(crate) first: Spanned<String>,
    pub(crate) last: Spanned<String>,
    pub(crate) lists: Vec<Spanned<String>>,
}

/// Turns places in the text into line numbers.
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            starts: std::iter::once(0).chain(ends).collect(),
        }
    }

    fn at(&self, span: Range<usize>) -> usize {
        self.starts.partition_point(|start| *start <= span.start)
    }

    pub(crate) fn of<T>(&self, value: &Spanned<T>) -> usize {
        self.at(value.span())
    }
}

/// Everything that the grammar and the types can tell.
pub(crate) fn parse(text: &str) -> Result<Manifest> {
    toml::from_str(text).map_err(|err| {
        let line = err.span().map_or(1, |span| Lines::new(text).at(span));
        let message = err.message().replace('\n', "; ");
        anyhow!("{FILE}:{line}: {message}")
    })
}
