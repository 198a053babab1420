//! A chart in Mermaid's language, which Git hosts draw.

use std::collections::{BTreeMap, BTreeSet};

use super::Roster;
use super::chart::{Chart, Column, Line, Node};
use crate::diag::Severity;

/// Mermaid's default limit of lines.
/// <https://mermaid.js.org/config/schema-docs/config.html>
const MAX_EDGES: usize = 500;

/// The chart as a flowchart. If it has too many lines for Mermaid, certificates and their Secrets are omitted.
pub fn mermaid(roster: &Roster) -> String {
    let chart = Chart::of(roster);
    let whole = drawn(&chart, &[]);
    if whole.edges.len() <= MAX_EDGES {
        return whole.text();
    }
    drawn(&chart, &[Column::Certificate, Column::Secret]).text()
}

#[derive(Default)]
struct Drawn<'c> {
    groups: Vec<Group<'c>>,
    edges: BTreeSet<(usize, usize)>,
}

/// A subgraph, and the nodes in it with their numbers.
struct Group<'c> {
    heading: Option<&'c str>,
    nodes: Vec<(usize, &'c Node)>,
}

fn drawn<'c>(chart: &'c Chart, without: &[Column]) -> Drawn<'c> {
    let mut drawn = Drawn::default();
    let mut count = 0;
    for section in &chart.sections {
        let mut known: BTreeMap<(usize, &Node), usize> = BTreeMap::new();
        let mut nodes = Vec::new();
        for line in &section.lines {
            let mut before = None;
            for (column, node) in cells(line, without) {
                let id = *known.entry((column, node)).or_insert_with(|| {
                    count += 1;
                    nodes.push((count, node));
                    count
                });
                drawn.edges.extend(before.map(|before| (before, id)));
                before = Some(id);
            }
        }
        drawn.groups.push(Group { heading: section.heading.as_deref(), nodes });
    }
    drawn
}

fn cells<'l>(line: &'l Line, without: &[Column]) -> impl Iterator<Item = (usize, &'l Node)> {
    let without: Vec<_> = without.iter().map(|column| *column as usize).collect();
    let cells = line.iter().enumerate().filter(move |(column, _)| !without.contains(column));
    cells.filter_map(|(column, node)| Some((column, node.as_ref()?)))
}

impl Drawn<'_> {
    fn text(&self) -> String {
        let mut text = "flowchart LR\n".to_owned();
        for (index, Group { heading, nodes }) in self.groups.iter().enumerate() {
            if let Some(heading) = heading {
                text.push_str(&indented(&format!("subgraph s{index}[\"{}\"]", escaped(heading)), 1));
            }
            for (id, node) in nodes {
                let class = match node.severity {
                    Some(Severity::Error) => ":::error",
                    Some(Severity::Warning) => ":::warning",
                    None => "",
                };
                let label = format!("{}<br/>{}", escaped(&node.label), escaped(&node.detail));
                text.push_str(&indented(&format!("n{id}[\"{label}\"]{class}"), 2));
            }
            if heading.is_some() {
                text.push_str(&indented("end", 1));
            }
        }
        for (from, to) in &self.edges {
            text.push_str(&indented(&format!("n{from} --> n{to}"), 1));
        }
        text.push_str("  classDef error fill:#ffebe9,stroke:#cf222e,stroke-width:2px,color:#1f2328\n");
        text.push_str("  classDef warning fill:#fff8c5,stroke:#9a6700,stroke-width:2px,color:#1f2328\n");
        text
    }
}

fn indented(words: &str, depth: usize) -> String {
    format!("{}{words}\n", "  ".repeat(depth))
}

/// Every character except letters, digits and harmless signs is written as its code, so that nothing can end the label.
fn escaped(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || " -_./:,=+@()".contains(c);
    text.chars().map(|c| if is_plain(c) { c.to_string() } else { format!("#{};", u32::from(c)) }).collect()
}
