// SPDX-License-Identifier: GPL-2.0

//! The longest way through a function.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::{Flow, Instruction, Listing, Target};

/// What the names of C functions begin with that are there for Rust only.
pub const HELPER: &str = "rust_helper_";

/// What prints a message: where it is called, something has gone wrong.
const MESSAGES: &[&str] = &["_printk", "_dev_printk", "__warn_printk"];

/// The longest way through a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// How many instructions it has.
    pub instructions: usize,
    /// How many of them call a helper.
    pub helpers: usize,
    /// The functions of Rust that it calls and that are not in the listing, so not counted.
    pub unknown: BTreeSet<String>,
    /// The functions it goes through, with a mark at each instruction on the way.
    pub text: String,
}

/// What is left to go from an instruction on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rest {
    instructions: usize,
    helpers: usize,
}

struct Walk<'a> {
    listing: &'a Listing,
    function: &'a [Instruction],
    index: BTreeMap<u64, usize>,
    /// What has been found: none while it is being looked for, or if nothing returns from there.
    rest: Vec<Option<Rest>>,
    seen: Vec<bool>,
    /// Where the longest way goes on.
    next: Vec<Option<usize>>,
    calls: Vec<Vec<String>>,
    within: Vec<String>,
    unknown: BTreeSet<String>,
}

impl Listing {
    /// The longest way through the function `name`; none if there is no such function, or it does
    /// not return.
    pub fn way(&self, name: &str) -> Option<Way> {
        self.way_within(name, &mut Vec::new())
    }

    fn way_within(&self, name: &str, within: &mut Vec<String>) -> Option<Way> {
        let function = self.functions.get(name)?;
        if within.iter().any(|outer| outer == name) {
            return None;
        }
        within.push(name.to_string());
        let count = function.len();
        let index = function.iter().map(|one| one.address).zip(0..).collect();
        let mut walk = Walk {
            listing: self,
            function,
            index,
            rest: vec![None; count],
            seen: vec![false; count],
            next: vec![None; count],
            calls: vec![Vec::new(); count],
            within: std::mem::take(within),
            unknown: BTreeSet::new(),
        };
        let found = walk.rest_from(0);
        let text = walk.text(name);
        let (unknown, mut outer) = (walk.unknown, walk.within);
        outer.pop();
        *within = outer;
        found.map(|rest| Way {
            instructions: rest.instructions,
            helpers: rest.helpers,
            unknown,
            text,
        })
    }
}

impl Walk<'_> {
    fn rest_from(&mut self, at: usize) -> Option<Rest> {
        if *self.seen.get(at)? {
            return self.rest[at];
        }
        self.seen[at] = true;
        let function = self.function;
        let rest = match &function[at].flow {
            Flow::Next => self.go(at, at + 1),
            Flow::Return => Some(Rest {
                instructions: 0,
                helpers: 0,
            }),
            Flow::Stop => None,
            Flow::Jump(target) => self.follow(at, target),
            Flow::Branch(target) => {
                let there = self.follow(at, target);
                let far = self.next[at].take();
                let near = self.go(at, at + 1);
                if there > near {
                    self.next[at] = far;
                }
                there.max(near)
            }
            Flow::Call(target) => self.call(at, target).and_then(|called| {
                let rest = self.go(at, at + 1)?;
                Some(Rest {
                    instructions: called.instructions + rest.instructions,
                    helpers: called.helpers + rest.helpers,
                })
            }),
        };
        self.rest[at] = rest.map(|rest| Rest {
            instructions: rest.instructions + 1,
            ..rest
        });
        self.rest[at]
    }

    fn go(&mut self, at: usize, to: usize) -> Option<Rest> {
        let rest = self.rest_from(to);
        self.next[at] = rest.map(|_| to);
        rest
    }

    /// A jump: within the function, or to one that returns for this one.
    fn follow(&mut self, at: usize, target: &Target) -> Option<Rest> {
        match target {
            Target::Here(address) => self.go(at, *self.index.get(address)?),
            _ => self.call(at, target),
        }
    }

    /// What is called; none if it does not return.
    fn call(&mut self, at: usize, target: &Target) -> Option<Rest> {
        let mut rest = Rest {
            instructions: 0,
            helpers: 0,
        };
        let Target::Symbol(name) = target else {
            return Some(rest);
        };
        if MESSAGES.contains(&name.as_str()) {
            return None;
        }
        if name.starts_with(HELPER) {
            rest.helpers = 1;
        } else if self.listing.functions.contains_key(name) {
            let way = self.listing.way_within(name, &mut self.within)?;
            rest.instructions = way.instructions;
            rest.helpers = way.helpers;
            self.unknown.extend(way.unknown);
            self.calls[at].push(way.text);
        } else if name.starts_with("_R") {
            self.unknown.insert(name.clone());
        }
        Some(rest)
    }

    fn text(&self, name: &str) -> String {
        let mut on_way = vec![false; self.function.len()];
        let mut at = (!self.function.is_empty()).then_some(0);
        while let Some(index) = at {
            on_way[index] = true;
            at = self.next[index];
        }
        let mut text = format!("{name}:\n");
        let mut called = String::new();
        for ((one, on_way), calls) in self.function.iter().zip(on_way).zip(&self.calls) {
            let mark = if on_way { '>' } else { ' ' };
            // Writing to a string can't fail.
            let _ = writeln!(text, "{mark} {:6x}  {}", one.address, one.text);
            if on_way {
                called.extend(calls.iter().map(|text| format!("\n{text}")));
            }
        }
        text + &called
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(functions: &[(&str, &[&str])]) -> Listing {
        let mut text = String::new();
        for (name, lines) in functions {
            text += &format!("0000000000000000 <{name}>:\n");
            for (address, line) in lines.iter().enumerate() {
                text += &format!("  {address:x}:  \t{line}\n");
            }
        }
        Listing::parse(&text)
    }

    fn count(listing: &Listing, name: &str) -> Option<(usize, usize)> {
        let way = listing.way(name)?;
        Some((way.instructions, way.helpers))
    }

    #[test]
    fn the_longest_way_that_returns_is_taken() {
        let listing = listing(&[
            ("plain", &["movl", "retq", "nop"]),
            (
                "branch",
                &["je 0x3 <x>", "incl", "retq", "incl", "incl", "retq"],
            ),
            (
                "back",
                &["je 0x3 <x>", "incl", "retq", "incl", "jmp 0x1 <x>"],
            ),
            ("around", &["incl", "je 0x0 <x>", "retq"]),
            ("panics", &["je 0x4 <x>", "incl", "incl", "ud2", "retq"]),
            ("never", &["incl", "jmp 0x0 <x>"]),
            (
                "warns",
                &["je 0x3 <x>", "callq 0x900 <_printk>", "incl", "retq"],
            ),
            ("off", &["incl"]),
        ]);
        assert_eq!(count(&listing, "plain"), Some((2, 0)));
        assert_eq!(count(&listing, "branch"), Some((4, 0)));
        assert_eq!(count(&listing, "back"), Some((5, 0)));
        assert_eq!(count(&listing, "around"), Some((3, 0)));
        assert_eq!(count(&listing, "panics"), Some((2, 0)));
        assert_eq!(count(&listing, "never"), None);
        assert_eq!(count(&listing, "warns"), Some((2, 0)));
        assert_eq!(count(&listing, "off"), None);
        assert_eq!(count(&listing, "missing"), None);
    }

    #[test]
    fn what_is_called_counts_if_it_is_known() {
        let listing = listing(&[
            (
                "a",
                &[
                    "callq 0x100 <b>",
                    "callq 0x200 <c_function>",
                    "jmp 0x100 <b>",
                ],
            ),
            (
                "b",
                &[
                    "callq 0x300 <rust_helper_readl>",
                    "callq 0x400 <_R1x>",
                    "retq",
                ],
            ),
            ("self", &["je 0x2 <x>", "callq 0x500 <self>", "retq"]),
            ("dies", &["callq 0x600 <panic>", "retq"]),
            ("panic", &["ud2"]),
        ]);
        assert_eq!(count(&listing, "a"), Some((9, 2)));
        assert_eq!(
            listing.way("a").unwrap().unknown,
            ["_R1x".to_string()].into()
        );
        assert_eq!(count(&listing, "self"), Some((2, 0)));
        assert_eq!(count(&listing, "dies"), None);
    }

    #[test]
    fn the_way_is_marked() {
        let listing = listing(&[("f", &["je 0x2 <x>", "retq", "incl", "retq"])]);
        let text = listing.way("f").unwrap().text;
        assert_eq!(
            text,
            "f:\n>      0  je 0x2 <x>\n       1  retq\n>      2  incl\n>      3  retq\n"
        );
    }
}
