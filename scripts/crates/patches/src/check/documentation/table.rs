// SPDX-License-Identifier: GPL-2.0

//! The tables in a file of reStructuredText.

use super::Finding;

/// What stands in double backticks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) line: usize,
    pub(super) text: String,
}

/// What the tables of a file that have a column of C and one of Rust say.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) c: Vec<Literal>,
    pub(super) rust: Vec<Literal>,
}

/// The lines of a cell with their numbers.
type Cell<'a> = Vec<(usize, &'a str)>;

impl Table {
    /// Collects all rows, and finds those that are not as they have to be.
    pub(super) fn parse(path: &str, text: &str) -> (Self, Vec<Finding>) {
        let mut all = Self::default();
        let mut findings = Vec::new();
        let mut found = false;
        for rows in tables(text) {
            let Some((header, rows)) = rows.split_first() else {
                continue;
            };
            let column = |name| header.iter().position(|cell| is_named(cell, name));
            let (Some(c), Some(rust)) = (column("C"), column("Rust")) else {
                continue;
            };
            found = true;
            for row in rows {
                let line = row[0][0].0;
                let mut wrong = |text: &str| findings.push(Finding::new(path, line, text));
                let (Some(c), Some(rust)) = (row.get(c), row.get(rust)) else {
                    wrong("this row has fewer cells than the first");
                    continue;
                };
                let (Some(c), Some(literals)) = (literals(c), literals(rust)) else {
                    wrong("a name in double backticks does not end on its line");
                    continue;
                };
                if c.is_empty() {
                    wrong("this row names nothing of C in double backticks");
                }
                if rust.iter().all(|(_, text)| text.is_empty()) {
                    wrong("this row says nothing about Rust");
                }
                all.c.extend(c);
                all.rust.extend(literals);
            }
        }
        if !found {
            let text = "there is no `.. list-table::` with the columns `C function` and `Rust`";
            findings.push(Finding::new(path, None, text));
        }
        (all, findings)
    }
}

/// Whether the first word of a cell is `name`.
fn is_named(cell: &Cell<'_>, name: &str) -> bool {
    cell[0].1.split_whitespace().next() == Some(name)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The rows of cells of each `list-table` that has rows.
fn tables(text: &str) -> Vec<Vec<Vec<Cell<'_>>>> {
    let mut tables = Vec::new();
    let mut lines = (1..).zip(text.lines()).peekable();
    while let Some((_, line)) = lines.next() {
        if !line.trim_start().starts_with(".. list-table::") {
            continue;
        }
        let outside = indent(line);
        let mut rows: Vec<Vec<Cell<'_>>> = Vec::new();
        let mut bullet = 0;
        while let Some((number, line)) =
            lines.next_if(|(_, line)| line.trim().is_empty() || indent(line) > outside)
        {
            let text = line.trim();
            if let Some(rest) = text.strip_prefix("* -") {
                bullet = indent(line);
                rows.push(vec![vec![(number, rest.trim())]]);
                continue;
            }
            let Some(row) = rows.last_mut() else {
                continue;
            };
            match text.strip_prefix('-') {
                Some(rest) if indent(line) == bullet + 2 => row.push(vec![(number, rest.trim())]),
                _ => row
                    .last_mut()
                    .into_iter()
                    .for_each(|cell| cell.push((number, text))),
            }
        }
        tables.push(rows);
    }
    tables
}

/// What a cell has in double backticks; none if there is one without an end.
fn literals(cell: &Cell<'_>) -> Option<Vec<Literal>> {
    let mut found = Vec::new();
    for (line, text) in cell {
        let parts: Vec<_> = text.split("``").collect();
        if parts.len() % 2 == 0 {
            return None;
        }
        found.extend(parts.iter().skip(1).step_by(2).map(|text| Literal {
            line: *line,
            text: text.trim().to_string(),
        }));
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(literals: &[Literal]) -> Vec<(usize, &str)> {
        literals.iter().map(|l| (l.line, l.text.as_str())).collect()
    }

    #[test]
    fn cells_are_read() {
        let text = "\
Title
=====

.. list-table:: Contexts
   :header-rows: 1

   * - Callback
     - Locks
   * - ``probe``
     - ``device_lock``

Functions:

  .. list-table:: Functions
     :header-rows: 1
     :widths: 1 2 1

     * - Area
       - C function
       - Rust
     * - DMA
       - ``dma_a()``, ``dma_b()``
       - ``dma::A``; also

         - ``dma::B``
     * -
       - ``dma_c()``
       - not needed

Text with ``literal``.
";
        let (table, findings) = Table::parse("d.rst", text);
        assert_eq!(findings, []);
        assert_eq!(
            texts(&table.c),
            [(22, "dma_a()"), (22, "dma_b()"), (27, "dma_c()")]
        );
        assert_eq!(texts(&table.rust), [(23, "dma::A"), (25, "dma::B")]);
    }

    #[test]
    fn broken_rows_are_found() {
        let text = "\
.. list-table::

   * - C function
     - Rust
   * - ``a()``
   * - ``b()
       ``
     - ``B``
   * - c()
     -
";
        let (_, findings) = Table::parse("d.rst", text);
        let found: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "d.rst:5: this row has fewer cells than the first",
                "d.rst:6: a name in double backticks does not end on its line",
                "d.rst:9: this row names nothing of C in double backticks",
                "d.rst:9: this row says nothing about Rust",
            ]
        );
    }

    #[test]
    fn a_file_without_the_table_is_found() {
        let (_, findings) = Table::parse("d.rst", "Nothing\n");
        assert_eq!(findings.len(), 1);
    }
}
