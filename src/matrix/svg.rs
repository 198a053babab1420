//! A matrix as a heat map: workloads down, roles across. Equal neighbours are one rectangle, so that a fleet stays small.

use std::fmt::Write as _;

use super::{Matrix, Pair, Workload, summary, word};
use crate::roster::{cut, escaped, style};
use crate::trust::Verdict;

/// The side of a cell.
const CELL: usize = 14;
const MARGIN: usize = 28;
/// The longest label, in characters.
const LABEL: usize = 30;
/// Width of a character of the monospaced font.
const CHAR: usize = 7;

/// The matrix as one SVG document.
pub fn svg(matrix: &Matrix<'_>) -> String {
    let (rows, columns) = (matrix.workloads().len(), matrix.roles().count());
    let workloads: Vec<_> = matrix.workloads().iter().map(label).collect();
    let roles: Vec<_> = matrix.roles().map(|(role, _)| cut(role.arn.id(), LABEL)).collect();
    let longest = |labels: &[String]| labels.iter().map(|it| it.chars().count()).max().unwrap_or(0) * CHAR;
    let left = MARGIN + longest(&workloads) + 8;
    // Labels of roles stand on end.
    let top = MARGIN + 24 + longest(&roles);
    let words = summary(matrix);
    let mut out = String::new();
    let _ = writeln!(out, "<text x=\"{MARGIN}\" y=\"{MARGIN}\" class=\"head\">{}</text>", escaped(&words));
    for (index, ((role, source), label)) in matrix.roles().zip(&roles).enumerate() {
        let (x, y) = (left + index * CELL + CELL - 3, top - 6);
        let title = format!("{} ({source})", role.arn);
        let _ = writeln!(
            out,
            "<g><title>{}</title><text x=\"{x}\" y=\"{y}\" class=\"soft\" transform=\"rotate(-90 {x} {y})\">{}</text></g>",
            escaped(&title),
            escaped(label)
        );
    }
    for (index, label) in workloads.iter().enumerate() {
        let y = top + index * CELL + 11;
        let _ = writeln!(out, "<text x=\"{MARGIN}\" y=\"{y}\" class=\"soft\">{}</text>", escaped(label));
    }
    let _ = writeln!(out, "{}", cell((left, top), (columns, rows), "", "denied"));
    let pairs: Vec<_> = matrix.pairs().collect();
    for (index, row) in pairs.chunks(columns.max(1)).enumerate() {
        for (from, run) in runs(row) {
            let Some(pair) = run.first() else { continue };
            let at = (left + from * CELL, top + index * CELL);
            let _ = writeln!(out, "{}", cell(at, (run.len(), 1), class(pair), &title(run)));
        }
    }
    let width = (left + columns * CELL).max(MARGIN + words.len() * CHAR) + MARGIN;
    let height = top + rows * CELL + MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"which workload can assume which role\">\n<style>{}</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" class=\"ground\"/>\n{out}</svg>\n",
        style()
    )
}

fn label(workload: &Workload) -> String {
    let cluster = workload.cluster.as_ref().map_or_else(String::new, |cluster| format!(" {cluster}"));
    cut(&format!("{}{cluster}", workload.name), LABEL)
}

fn cell((x, y): (usize, usize), (across, down): (usize, usize), class: &str, title: &str) -> String {
    let shape = if class.starts_with("pod") { "bar" } else { "box" };
    format!(
        "<g class=\"{class}\"><title>{}</title><rect class=\"{shape}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"2\"/></g>",
        escaped(title),
        x + 1,
        y + 1,
        (across * CELL).saturating_sub(2),
        (down * CELL).saturating_sub(2),
    )
}

/// What is not an ordinary denial, with equal neighbours together and the column of the first.
fn runs<'p, 'm>(row: &'p [Pair<'m>]) -> Vec<(usize, &'p [Pair<'m>])> {
    let mut at = 0;
    let mut runs = Vec::new();
    for run in row.chunk_by(|one, next| class(one) == class(next)) {
        runs.push((at, run));
        at += run.len();
    }
    runs.retain(|(_, run)| run.first().is_some_and(|pair| !class(pair).is_empty()));
    runs
}

fn class(pair: &Pair<'_>) -> &'static str {
    match (pair.is_own(), pair.verdict) {
        (true, Verdict::Allow) => "pod",
        (false, Verdict::Deny) => "",
        (_, Verdict::Unknown) => "warning",
        (true, Verdict::Deny) | (false, Verdict::Allow) => "error",
    }
}

fn title(run: &[Pair<'_>]) -> String {
    let Some(first) = run.first() else { return String::new() };
    let more = if run.len() > 1 { format!(" and {} more", run.len() - 1) } else { String::new() };
    format!("{}: {} {}{more}", first.workload, word(first.verdict), first.role.arn)
}
