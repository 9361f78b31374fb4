// SPDX-License-Identifier: GPL-2.0

//! What must hold within the manifest, beyond its grammar.

use std::collections::HashSet;

use anyhow::{bail, Result};
use toml::Spanned;

use crate::raw::{self, Lines};
use crate::{Base, Cover, Located, Manifest, Person, Topic, FILE};

pub(crate) fn check(raw: raw::Manifest, lines: &Lines, cover: &str) -> Result<Manifest> {
    let rules = Rules { lines };
    rules.slug("name", &raw.name)?;
    if *raw.version.get_ref() == 0 {
        bail!(
            "{FILE}:{}: versions of a series begin at 1",
            lines.of(&raw.version)
        );
    }
    if let Some(prefix) = &raw.prefix {
        rules.prefix(prefix)?;
    }
    rules.change_id(&raw.change_id)?;
    rules.base(&raw.base)?;
    rules.one_line("author.name", &raw.author.name)?;
    rules.email(&raw.author.email)?;
    for address in raw.to.iter().chain(&raw.cc) {
        rules.address(address)?;
    }
    rules.one_line("cover.subject", &raw.cover.subject)?;
    let text = rules.cover_text(&raw.cover, cover)?;
    if raw.topics.is_empty() {
        bail!("{FILE}:1: a series needs at least one [[topic]]");
    }
    let mut names = HashSet::new();
    for topic in &raw.topics {
        rules.topic(topic)?;
        if !names.insert(topic.name.get_ref()) {
            bail!(
                "{FILE}:{}: there are two topics called `{}`",
                lines.of(&topic.name),
                topic.name.get_ref()
            );
        }
    }
    Ok(Manifest {
        name: raw.name.into_inner(),
        version: raw.version.into_inner(),
        prefix: raw.prefix.map(Spanned::into_inner),
        change_id: raw.change_id.into_inner(),
        base: Base {
            version: raw.base.version.into_inner(),
            sha256: raw.base.sha256.into_inner(),
        },
        author: Person {
            name: raw.author.name.into_inner(),
            email: raw.author.email.into_inner(),
        },
        to: raw.to.into_iter().map(Spanned::into_inner).collect(),
        cc: raw.cc.into_iter().map(Spanned::into_inner).collect(),
        cover: Cover {
            subject: raw.cover.subject.into_inner(),
            text,
        },
        topics: raw
            .topics
            .into_iter()
            .map(|topic| Topic {
                first: located(lines, topic.first),
                last: located(lines, topic.last),
                name: topic.name.into_inner(),
                title: topic.title.into_inner(),
                lists: topic.lists.into_iter().map(Spanned::into_inner).collect(),
            })
            .collect(),
    })
}

fn located(lines: &Lines, value: Spanned<String>) -> Located {
    Located {
        line: lines.of(&value),
        value: value.into_inner(),
    }
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_lower_hex(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_slug(text: &str) -> bool {
    text.split('-').all(|word| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

fn is_email(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>(),;:\\\"[]".contains(c);
    match text.split_once('@') {
        Some((user, domain)) => {
            !user.is_empty()
                && !text.contains(odd)
                && !domain.contains('@')
                && domain.contains('.')
                && domain.split('.').all(|label| !label.is_empty())
        }
        None => false,
    }
}

struct Rules<'a> {
    lines: &'a Lines,
}

impl Rules<'_> {
    fn slug(&self, key: &str, value: &Spanned<String>) -> Result<()> {
        if !is_slug(value.get_ref()) {
            bail!(
                "{FILE}:{}: {key} `{}` must be lower-case letters and digits in words joined by `-`",
                self.lines.of(value),
                value.get_ref()
            );
        }
        Ok(())
    }

    fn one_line(&self, key: &str, value: &Spanned<String>) -> Result<()> {
        let text = value.get_ref();
        if text.is_empty() || text.trim() != text || text.contains(char::is_control) {
            bail!(
                "{FILE}:{}: {key} must be one line of text, without spaces around it",
                self.lines.of(value)
            );
        }
        Ok(())
    }

    fn prefix(&self, value: &Spanned<String>) -> Result<()> {
        self.one_line("prefix", value)?;
        if value.get_ref().contains(['[', ']']) || value.get_ref().contains("PATCH") {
            bail!(
                "{FILE}:{}: prefix is what stands beside PATCH in the brackets, such as \"RFC\"",
                self.lines.of(value)
            );
        }
        Ok(())
    }

    fn change_id(&self, value: &Spanned<String>) -> Result<()> {
        let parts = value
            .get_ref()
            .split_once('-')
            .and_then(|(date, rest)| rest.rsplit_once('-').map(|(slug, id)| (date, slug, id)));
        match parts {
            Some((date, slug, id))
                if is_digits(date, 8) && is_slug(slug) && is_lower_hex(id, 12) =>
            {
                Ok(())
            }
            _ => bail!(
                "{FILE}:{}: change-id `{}` must be a date, a name and 12 hexadecimal digits, \
                 as in \"20260131-my-series-0123456789ab\"",
                self.lines.of(value),
                value.get_ref()
            ),
        }
    }

    fn base(&self, base: &raw::Base) -> Result<()> {
        let numbers: Vec<_> = base.version.get_ref().split('.').collect();
        let number = |n: &&str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
        if !(2..=3).contains(&numbers.len()) || !numbers.iter().all(number) {
            bail!(
                "{FILE}:{}: base.version `{}` must be a released version, as in \"6.18.15\"",
                self.lines.of(&base.version),
                base.version.get_ref()
            );
        }
        if !is_lower_hex(base.sha256.get_ref(), 64) {
            bail!(
                "{FILE}:{}: base.sha256 must be 64 lower-case hexadecimal digits, \
                 as sha256sum prints them",
                self.lines.of(&base.sha256)
            );
        }
        Ok(())
    }

    fn email(&self, value: &Spanned<String>) -> Result<()> {
        if !is_email(value.get_ref()) {
            bail!(
                "{FILE}:{}: `{}` is not an e-mail address",
                self.lines.of(value),
                value.get_ref()
            );
        }
        Ok(())
    }

    /// An address alone, or with a name before it: `Name <address>`.
    fn address(&self, value: &Spanned<String>) -> Result<()> {
        let text = value.get_ref();
        let named = text
            .strip_suffix('>')
            .and_then(|text| text.split_once(" <"))
            .is_some_and(|(name, email)| {
                !name.trim().is_empty() && !name.contains(['<', '>', '"']) && is_email(email)
            });
        if !named && !is_email(text) {
            bail!(
                "{FILE}:{}: `{text}` must be an e-mail address, or a name and an address in <>",
                self.lines.of(value)
            );
        }
        Ok(())
    }

    fn cover_text(&self, cover: &raw::Cover, text: &str) -> Result<String> {
        let line = self.lines.of(cover
            .text
            .as_ref()
            .or(cover.file.as_ref())
            .unwrap_or(&cover.subject));
        let text = text.trim_matches('\n');
        if text.trim().is_empty() {
            bail!("{FILE}:{line}: the cover letter is empty");
        }
        // b4 cuts the letter there.
        if let Some(at) = text.lines().position(|text| text == "---" || text == "-- ") {
            bail!(
                "{FILE}:{line}: line {} of the cover letter is a separator that ends the letter \
                 for b4; use another line there",
                at + 1
            );
        }
        if text.contains('\r') {
            bail!("{FILE}:{line}: the cover letter has carriage returns; use plain line feeds");
        }
        Ok(format!("{text}\n"))
    }

    fn topic(&self, topic: &raw::Topic) -> Result<()> {
        self.slug("topic name", &topic.name)?;
        self.one_line("topic title", &topic.title)?;
        self.one_line("first", &topic.first)?;
        self.one_line("last", &topic.last)?;
        let mut seen = HashSet::new();
        for list in &topic.lists {
            self.email(list)?;
            if !seen.insert(list.get_ref()) {
                bail!(
                    "{FILE}:{}: {} is listed twice",
                    self.lines.of(list),
                    list.get_ref()
                );
            }
        }
        Ok(())
    }
}
