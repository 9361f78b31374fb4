// SPDX-License-Identifier: GPL-2.0

//! Which patches belong to which topic.

use std::ops::Range;

use anyhow::{bail, Result};

use crate::{Located, Manifest, FILE};

impl Manifest {
    /// The patches of each topic, as ranges of `subjects`: the subjects of all patches in order.
    ///
    /// Every patch is in exactly one topic, and topics come in the order of their patches.
    pub fn arrange(&self, subjects: &[&str]) -> Result<Vec<Range<usize>>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for topic in &self.topics {
            let start = find(subjects, &topic.first)?;
            let end = find(subjects, &topic.last)?;
            if end < start {
                bail!(
                    "{FILE}:{}: the last patch of topic `{}` comes before its first: exchange \
                     `first` and `last`, or reorder the patches",
                    topic.last.line,
                    topic.name
                );
            }
            let expected = ranges.last().map_or(0, |range| range.end);
            if start < expected {
                bail!(
                    "{FILE}:{}: topic `{}` begins with patch {}, but the topic above it goes to \
                     patch {expected}: topics must be in the order of their patches, and must not \
                     overlap",
                    topic.first.line,
                    topic.name,
                    start + 1
                );
            }
            if start > expected {
                bail!(
                    "{FILE}:{}: patch {} `{}` is in no topic: make it `first` of topic `{}`, or \
                     `last` of the one above",
                    topic.first.line,
                    expected + 1,
                    subjects[expected],
                    topic.name
                );
            }
            ranges.push(start..end + 1);
        }
        let end = ranges.last().map_or(0, |range| range.end);
        if let (Some(subject), Some(topic)) = (subjects.get(end), self.topics.last()) {
            bail!(
                "{FILE}:{}: patch {} `{subject}` is in no topic: make the last patch of the series \
                 `last` of topic `{}`, or add a [[topic]]",
                topic.last.line,
                end + 1,
                topic.name
            );
        }
        Ok(ranges)
    }
}

fn find(subjects: &[&str], wanted: &Located) -> Result<usize> {
    let mut found = subjects
        .iter()
        .enumerate()
        .filter(|(_, subject)| **subject == wanted.value)
        .map(|(at, _)| at);
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        (None, _) => bail!(
            "{FILE}:{}: no patch has the subject `{}`: write the subject of an existing patch",
            wanted.line,
            wanted.value
        ),
        (Some(one), Some(two)) => bail!(
            "{FILE}:{}: patches {} and {} both have the subject `{}`: reword one of them",
            wanted.line,
            one + 1,
            two + 1,
            wanted.value
        ),
    }
}
