// SPDX-License-Identifier: GPL-2.0

//! Reading what objdump prints.

use crate::{Flow, Instruction, Listing, Target};

impl Listing {
    /// Reads it.
    pub fn parse(text: &str) -> Self {
        let mut listing = Self::default();
        let mut function: Option<(String, Vec<Raw>)> = None;
        let mut finish = |function: &mut Option<(String, Vec<Raw>)>| {
            if let Some((name, raw)) = function.take() {
                listing.functions.insert(name, decode(raw));
            }
        };
        for line in text.lines() {
            if let Some(name) = header(line) {
                finish(&mut function);
                function = Some((name.to_string(), Vec::new()));
            } else if line.starts_with("Disassembly of ") {
                finish(&mut function);
            } else if let Some((_, raw)) = &mut function {
                if let Some(symbol) = relocation(line) {
                    if let Some(last) = raw.last_mut() {
                        last.relocation = Some(symbol.to_string());
                    }
                } else {
                    raw.extend(instruction(line));
                }
            }
        }
        finish(&mut function);
        listing
    }
}

struct Raw {
    address: u64,
    text: String,
    relocation: Option<String>,
}

/// `0000000000000010 <name>:`
fn header(line: &str) -> Option<&str> {
    let (address, name) = line.split_once(" <")?;
    u64::from_str_radix(address, 16).ok()?;
    name.strip_suffix(">:")
}

/// `\t\t0000000000000007:  R_X86_64_PLT32\tname-0x4`
fn relocation(line: &str) -> Option<&str> {
    let (_, symbol) = line.split_once("R_X86_64_")?.1.split_once('\t')?;
    let end = symbol
        .rfind(['-', '+'])
        .filter(|at| symbol[*at + 1..].starts_with("0x"));
    Some(&symbol[..end.unwrap_or(symbol.len())])
}

/// `      10:      \tjmp\t0xb <name+0xb>`
fn instruction(line: &str) -> Option<Raw> {
    let (address, text) = line.split_once(':')?;
    Some(Raw {
        address: u64::from_str_radix(address.trim(), 16).ok()?,
        text: text.split_whitespace().collect::<Vec<_>>().join(" "),
        relocation: None,
    })
    .filter(|raw| !raw.text.is_empty())
}

fn decode(raw: Vec<Raw>) -> Vec<Instruction> {
    let addresses: Vec<_> = raw.iter().map(|raw| raw.address).collect();
    let one = |raw: Raw| {
        let flow = flow(&raw, |address| addresses.contains(&address));
        let symbol = raw.relocation.map(|symbol| format!(" [{symbol}]"));
        Instruction {
            address: raw.address,
            text: raw.text + &symbol.unwrap_or_default(),
            flow,
        }
    };
    raw.into_iter().map(one).collect()
}

fn flow(raw: &Raw, is_here: impl Fn(u64) -> bool) -> Flow {
    let (name, operand) = raw.text.split_once(' ').unwrap_or((&raw.text, ""));
    let target = || {
        if let Some(symbol) = &raw.relocation {
            return Target::Symbol(symbol.clone());
        }
        let (address, symbol) = operand.split_once(' ').unwrap_or((operand, ""));
        let address = address.strip_prefix("0x");
        match address.and_then(|address| u64::from_str_radix(address, 16).ok()) {
            Some(address) if is_here(address) => Target::Here(address),
            _ => match symbol.strip_prefix('<').and_then(|s| s.strip_suffix('>')) {
                Some(symbol) => Target::Symbol(symbol.to_string()),
                None => Target::Unknown,
            },
        }
    };
    match name {
        "ret" | "retq" => Flow::Return,
        "ud2" | "hlt" | "int3" => Flow::Stop,
        "call" | "callq" => Flow::Call(target()),
        "jmp" | "jmpq" => match target() {
            Target::Symbol(symbol) if symbol == "__x86_return_thunk" => Flow::Return,
            target => Flow::Jump(target),
        },
        _ if name.starts_with('j') || name.starts_with("loop") => Flow::Branch(target()),
        _ => Flow::Next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read() {
        let text = "
bench.o:\tfile format elf64-x86-64

Disassembly of section .text:

0000000000000010 <one>:
      10:      \tpushq\t%rbx
      11:      \ttestl\t%edi, %edi
      13:      \tje\t0x19 <one+0x9>
      14:      \tcallq\t0x19 <one+0x9>
\t\t0000000000000015:  R_X86_64_PLT32\trust_helper_readl-0x4
      19:      \tcallq\t*(%r14)
      1c:      \tjmp\t0x40 <two>

0000000000000040 <two>:
      40:      \tjmp\t0x45 <two+0x5>
\t\t0000000000000041:  R_X86_64_PLT32\t__x86_return_thunk-0x4
      45:      \tud2
";
        let listing = Listing::parse(text);
        let flows = |name: &str| -> Vec<&Flow> {
            listing.functions[name]
                .iter()
                .map(|one| &one.flow)
                .collect()
        };
        let symbol = |name: &str| Target::Symbol(name.to_string());
        assert_eq!(
            flows("one"),
            [
                &Flow::Next,
                &Flow::Next,
                &Flow::Branch(Target::Here(0x19)),
                &Flow::Call(symbol("rust_helper_readl")),
                &Flow::Call(Target::Unknown),
                &Flow::Jump(symbol("two")),
            ]
        );
        assert_eq!(flows("two"), [&Flow::Return, &Flow::Stop]);
        assert_eq!(
            listing.functions["one"][3].text,
            "callq 0x19 <one+0x9> [rust_helper_readl]"
        );
    }
}
