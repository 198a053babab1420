//! A chart in Mermaid's language, which Git hosts draw.

use std::collections::{BTreeMap, BTreeSet};

use super::Roster;
use super::chart::{Chart, Column, Line, Node, View};
use crate::diag::Severity;

/// Mermaid's default limits, which Git hosts keep. Beyond them it draws an error.
/// <https://mermaid.js.org/config/schema-docs/config.html>
const MAX_EDGES: usize = 500;
const MAX_TEXT: usize = 50_000;

/// A chart as a flowchart.
#[derive(Debug)]
pub struct Flowchart {
    /// The flowchart.
    pub text: String,
    /// What it lacks and why, if it is not complete.
    pub left_out: Option<String>,
}

/// The chart as a flowchart within Mermaid's limits. If it is too large, everything except workloads and roles is left out,
/// then workloads; those with problems stay longest.
pub fn mermaid(roster: &Roster, view: View) -> Flowchart {
    let chart = Chart::of(roster, view);
    let all: Vec<_> = view.columns().iter().map(|(column, _)| *column).collect();
    let lines: Vec<_> = chart.sections.iter().flat_map(|section| &section.lines).collect();
    let flowchart = |drawn: &Drawn<'_>, shown: &[Column]| {
        let hidden = all.iter().filter(|column| !shown.contains(column));
        let used = hidden.filter(|column| lines.iter().any(|line| line.get(**column).is_some()));
        let mut missing: Vec<_> = used.map(|column| column.heading().to_owned()).collect();
        missing.extend((drawn.more > 0).then(|| format!("{} of {} {}", drawn.more, lines.len(), view.noun())));
        let words = missing.join(", ");
        let why = format!("Mermaid draws at most {MAX_EDGES} arrows and {MAX_TEXT} characters; left out: {words}");
        Flowchart { text: drawn.text(view), left_out: (!missing.is_empty()).then_some(why) }
    };
    let is_least = |column: &Column| matches!(column, Column::Workload | Column::Namespace | Column::Role);
    let least: Vec<_> = all.iter().copied().filter(is_least).collect();
    for columns in [&all, &least] {
        let drawn = Drawn::of(&chart, columns, lines.len());
        if drawn.fits(view) {
            return flowchart(&drawn, columns);
        }
    }
    // Every line has its own edge.
    let counts: Vec<_> = (0..=lines.len().min(MAX_EDGES)).collect();
    let kept = counts.partition_point(|count| Drawn::of(&chart, &least, *count).fits(view)).saturating_sub(1);
    flowchart(&Drawn::of(&chart, &least, kept), &least)
}

#[derive(Default)]
struct Drawn<'c> {
    groups: Vec<Group<'c>>,
    edges: BTreeSet<(usize, usize)>,
    /// How many lines are not drawn.
    more: usize,
}

/// A subgraph, and the nodes in it with their numbers.
struct Group<'c> {
    heading: Option<&'c str>,
    nodes: Vec<(usize, &'c Node)>,
}

impl<'c> Drawn<'c> {
    /// These columns of so many lines, of those with the worst problems first.
    fn of(chart: &'c Chart, columns: &[Column], most: usize) -> Self {
        let mut lines: Vec<_> = chart.sections.iter().flat_map(|section| &section.lines).enumerate().collect();
        lines.sort_by_key(|(_, line)| (line.severity().is_none(), line.severity()));
        let kept: BTreeSet<_> = lines.iter().take(most).map(|(index, _)| *index).collect();
        let mut drawn = Self { more: lines.len() - kept.len(), ..Self::default() };
        let (mut index, mut count) = (0, 0);
        for section in &chart.sections {
            let mut known: BTreeMap<(Column, &Node), usize> = BTreeMap::new();
            let mut nodes = Vec::new();
            for line in &section.lines {
                index += 1;
                if !kept.contains(&(index - 1)) {
                    continue;
                }
                let mut before = None;
                for (column, node) in cells(line, columns) {
                    let id = *known.entry((column, node)).or_insert_with(|| {
                        count += 1;
                        nodes.push((count, node));
                        count
                    });
                    drawn.edges.extend(before.map(|before| (before, id)));
                    before = Some(id);
                }
            }
            if !nodes.is_empty() {
                drawn.groups.push(Group { heading: section.heading.as_deref(), nodes });
            }
        }
        drawn
    }

    fn fits(&self, view: View) -> bool {
        self.edges.len() <= MAX_EDGES && self.text(view).len() <= MAX_TEXT
    }

    fn text(&self, view: View) -> String {
        let mut text = "flowchart LR\n".to_owned();
        for (index, Group { heading, nodes }) in self.groups.iter().enumerate() {
            if let Some(heading) = heading {
                text.push_str(&indented(&format!("subgraph s{index}[\"{}\"]", escaped(heading)), 1));
                // Subgraphs do not inherit the direction.
                text.push_str(&indented("direction LR", 2));
            }
            for (id, node) in nodes {
                let class = match node.severity {
                    Some(Severity::Error) => ":::error",
                    Some(Severity::Warning) => ":::warning",
                    Some(Severity::Note) | None => "",
                };
                let label: Vec<_> = std::iter::once(&node.label).chain(&node.details).map(|it| escaped(it)).collect();
                let label = label.join("<br/>");
                text.push_str(&indented(&format!("n{id}[\"{label}\"]{class}"), 2));
            }
            if heading.is_some() {
                text.push_str(&indented("end", 1));
            }
        }
        for (from, to) in &self.edges {
            text.push_str(&indented(&format!("n{from} --> n{to}"), 1));
        }
        if self.more > 0 {
            text.push_str(&indented(&format!("more[\"and {} more {}\"]", self.more, view.noun()), 1));
        }
        text.push_str("  classDef error fill:#ffebe9,stroke:#cf222e,stroke-width:2px,color:#1f2328\n");
        text.push_str("  classDef warning fill:#fff8c5,stroke:#9a6700,stroke-width:2px,color:#1f2328\n");
        text
    }
}

fn cells<'l>(line: &'l Line, columns: &[Column]) -> impl Iterator<Item = (Column, &'l Node)> {
    columns.iter().filter_map(|column| Some((*column, line.get(*column)?)))
}

fn indented(words: &str, depth: usize) -> String {
    format!("{}{words}\n", "  ".repeat(depth))
}

/// Every character except letters, digits and harmless signs is written as its code, so that nothing can end the label.
fn escaped(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || " -_./:,=+@()".contains(c);
    text.chars().map(|c| if is_plain(c) { c.to_string() } else { format!("#{};", u32::from(c)) }).collect()
}
