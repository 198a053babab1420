//! Where the nodes of a section are: each once, with the arrows between them.

use std::collections::BTreeMap;

use super::chart::{Column, Line, Node};

/// The first and the last of adjacent rows.
pub(super) type Rows = (usize, usize);

/// From the middle of rows of one column to the middle of rows of another one; straight if they are the same rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arrow {
    pub(super) columns: (Column, Column),
    pub(super) from: Rows,
    pub(super) to: Rows,
}

/// The nodes of a column with the rows of their boxes: of the adjacent rows that share a node, the most.
pub(super) fn boxes(lines: &[Line], column: Column) -> BTreeMap<&Node, Rows> {
    let mut boxes: BTreeMap<&Node, Rows> = BTreeMap::new();
    let cells: Vec<_> = lines.iter().map(|line| line.get(column)).collect();
    let mut first = 0;
    for run in cells.chunk_by(|one, other| one == other) {
        let rows = (first, first + run.len() - 1);
        first += run.len();
        if let Some(node) = run.first().copied().flatten() {
            let home = boxes.entry(node).or_insert(rows);
            if rows.1 - rows.0 > home.1 - home.0 {
                *home = rows;
            }
        }
    }
    boxes
}

/// The arrows between boxes that follow each other in a row, over places where nothing is.
pub(super) fn arrows(lines: &[Line], columns: &[Column]) -> Vec<Arrow> {
    let homes: BTreeMap<_, _> = columns.iter().map(|column| (*column, boxes(lines, *column))).collect();
    let mut joined: BTreeMap<[(Column, Rows); 2], Vec<Rows>> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        let mut before = None;
        for column in columns {
            let Some(home) = line.get(*column).and_then(|node| homes.get(column)?.get(node)) else { continue };
            let here = (*column, *home);
            if let Some(before) = before.replace(here) {
                let runs = joined.entry([before, here]).or_default();
                match runs.last_mut() {
                    Some(run) if run.1 + 1 == index => run.1 = index,
                    _ => runs.push((index, index)),
                }
            }
        }
    }
    joined.iter().flat_map(|([from, to], runs)| between(*from, *to, runs)).collect()
}

/// A straight arrow wherever both boxes are, and a bent one between boxes that are nowhere next to each other.
fn between(from: (Column, Rows), to: (Column, Rows), runs: &[Rows]) -> Vec<Arrow> {
    let inside = |run: &Rows, home: Rows| home.0 <= run.0 && run.1 <= home.1;
    let arrow = |run: &Rows| Arrow {
        columns: (from.0, to.0),
        from: if inside(run, from.1) { *run } else { from.1 },
        to: if inside(run, to.1) { *run } else { to.1 },
    };
    let (straight, bent): (Vec<_>, Vec<_>) = runs.iter().map(arrow).partition(|arrow| arrow.from == arrow.to);
    if straight.is_empty() { bent.into_iter().take(1).collect() } else { straight }
}
