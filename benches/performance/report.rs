//! What was measured, as tables in Markdown: on the terminal, and in docs/performance.md.

use std::fmt::Write as _;

use crate::run::{Cost, Costs, Figure, Side, Spread};

/// Everything that was measured.
#[derive(Default)]
pub(crate) struct Report {
    targets: Vec<Vec<String>>,
    /// What follows the targets.
    pub(crate) text: String,
}

/// What a figure should be.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

/// How a figure is written.
pub(crate) type Unit = fn(f64) -> String;

impl Report {
    /// A heading, and what is to be known about the tables below it.
    pub(crate) fn section(&mut self, title: &str, about: &str) {
        self.add(&format!("## {title}\n\n{about}\n\n"));
    }

    /// A table of the sides, all of them beside the first.
    pub(crate) fn table(&mut self, title: &str, sides: &[Side<'_>], costs: &[Costs]) {
        let mut rows = vec![["", "CPU", "x", "clock", "x", "memory"].map(str::to_owned).to_vec()];
        title.clone_into(&mut rows[0][0]);
        for (side, cost) in sides.iter().zip(costs) {
            let ratio = |figure: Figure| times(cost.ratio(&costs[0], figure));
            rows.push(vec![
                side.name.clone(),
                seconds(cost.median(Cost::cpu)),
                ratio(Cost::cpu),
                seconds(cost.median(Cost::clock)),
                ratio(Cost::clock),
                memory(cost.median(Cost::peak)),
            ]);
        }
        self.add(&table(&rows));
    }

    /// A table of anything.
    pub(crate) fn rows(&mut self, rows: &[Vec<String>]) {
        self.add(&table(rows));
    }

    /// A row of the table of targets.
    pub(crate) fn target(&mut self, what: &str, found: Spread, unit: Unit, limit: Limit) {
        let (sign, is_met, limit) = match limit {
            Limit::AtMost(limit) => ("at most", found.median <= limit, limit),
            Limit::AtLeast(limit) => ("at least", found.median >= limit, limit),
        };
        let spread = format!("{} ({} to {})", unit(found.median), unit(found.min), unit(found.max));
        let verdict = if is_met { "met" } else { "**not met**" };
        let row = vec![what.to_owned(), spread, format!("{sign} {}", unit(limit)), verdict.to_owned()];
        println!("target: {}\n", row.join(" | "));
        self.targets.push(row);
    }

    /// The table of targets, if there are any.
    pub(crate) fn targets(&self) -> String {
        if self.targets.is_empty() {
            return String::new();
        }
        let mut rows = vec![["", "measured", "target", ""].map(str::to_owned).to_vec()];
        rows.extend(self.targets.iter().cloned());
        format!("## Targets\n\n{}", table(&rows))
    }

    fn add(&mut self, text: &str) {
        print!("{text}");
        self.text.push_str(text);
    }
}

/// In columns, so that it can be read as it is too.
fn table(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|it| it.chars().count()).max();
    let widths: Vec<_> = (0..rows[0].len()).map(|column| width(column).unwrap_or(0).max(3)).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ = if column == 0 { write!(text, "| {cell:width$} ") } else { write!(text, "| {cell:>width$} ") };
        }
        text.push_str("|\n");
        if index == 0 {
            for (column, width) in widths.iter().enumerate() {
                let (line, end) = ("-".repeat(width + 1), if column == 0 { '-' } else { ':' });
                let _ = write!(text, "|{line}{end}");
            }
            text.push_str("|\n");
        }
    }
    text + "\n"
}

/// The system counts for a process what we had when we started it, so less than that cannot be told.
fn memory(peak: f64) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ours = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    let sign = if ours.is_some_and(|kilobytes: f64| peak <= kilobytes * 1024.0) { "< " } else { "" };
    format!("{sign}{}", megabytes(peak))
}

/// `1.23 (1.11 to 1.48)`
fn times(ratio: Spread) -> String {
    if (ratio.min, ratio.max) == (1.0, 1.0) {
        return "1".to_owned();
    }
    format!("{} ({} to {})", digits(ratio.median), digits(ratio.min), digits(ratio.max))
}

/// Three digits, or all that stand before the point.
fn digits(number: f64) -> String {
    match number.abs() {
        it if it >= 100.0 => format!("{number:.0}"),
        it if it >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

pub(crate) fn factor(number: f64) -> String {
    format!("{} x", digits(number))
}

pub(crate) fn seconds(number: f64) -> String {
    if number >= 1.0 { format!("{} s", digits(number)) } else { format!("{} ms", digits(number * 1e3)) }
}

pub(crate) fn milliseconds(number: f64) -> String {
    format!("{} ms", digits(number * 1e3))
}

pub(crate) fn megabytes(bytes: f64) -> String {
    format!("{} MB", digits(bytes / 1e6))
}
