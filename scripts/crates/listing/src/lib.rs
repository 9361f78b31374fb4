// SPDX-License-Identifier: GPL-2.0

//! What `llvm-objdump -d -r --no-show-raw-insn` prints for x86_64, and how many instructions a
//! function takes.
//!
//! Counted is the longest way through the function that returns and goes through no instruction
//! twice, nor prints a message: what is run at most, if there is no loop and nothing to complain of. It
//! depends on nothing but the code, not on what the compiler thinks is likely; whether the conditions
//! on it can all be true is not looked at. Calls count as one instruction, and what is called as well
//! if it is in the listing. What Rust calls because C has it inline only, `rust_helper_*`, is
//! counted apart.

mod parse;
mod way;

use std::collections::BTreeMap;

pub use way::{Way, HELPER};

/// Functions by their names in the object file.
#[derive(Debug, Default)]
pub struct Listing {
    functions: BTreeMap<String, Vec<Instruction>>,
}

#[derive(Debug, PartialEq, Eq)]
struct Instruction {
    address: u64,
    text: String,
    flow: Flow,
}

/// Where it goes from an instruction.
#[derive(Debug, PartialEq, Eq)]
enum Flow {
    Next,
    /// Elsewhere.
    Jump(Target),
    /// Elsewhere or to the next.
    Branch(Target),
    /// To the next, through something else.
    Call(Target),
    Return,
    /// Nowhere.
    Stop,
}

#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// The address of an instruction of the same function.
    Here(u64),
    /// Another function.
    Symbol(String),
    /// What a register or memory says.
    Unknown,
}

impl Listing {
    /// The names of the functions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }

    /// Adds the functions of another listing whose names are not known yet.
    pub fn add(&mut self, other: Self) {
        for (name, function) in other.functions {
            self.functions.entry(name).or_insert(function);
        }
    }
}
