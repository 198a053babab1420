//! A roster as a table for people.

use super::{Roster, Row};
use crate::config::Which;
use crate::quote::line;

const HEAD: [&str; 7] = ["WORKLOAD", "CLUSTER", "NAMESPACE", "ROLE", "CERTIFICATE", "TARGET", "ROLE ARN"];

/// Columns with two spaces between them; `-` where nothing is known.
pub fn table(roster: &Roster) -> String {
    let rows: Vec<_> = roster.rows.iter().map(cells).collect();
    let head = HEAD.map(str::to_owned);
    let all = || std::iter::once(&head).chain(&rows);
    let mut widths = [0; HEAD.len()];
    for row in all() {
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = cell.chars().count().max(*width));
    }
    let line = |row: &[String; 7]| {
        let cells: String = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        format!("{}\n", cells.trim_end())
    };
    all().map(line).collect()
}

fn cells(row: &Row) -> [String; 7] {
    let unknown = || "-".to_owned();
    let binding = &row.binding;
    let life = format!("{}, renewed {} before its end", binding.certificate.duration, binding.certificate.renew_before);
    let kind = binding.target.kind.as_ref().map_or_else(String::new, |kind| format!("{kind} "));
    let which = match &binding.target.which {
        Which::Name(name) => name.clone(),
        Which::Labels(labels) => {
            labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
        }
    };
    [
        binding.workload.clone(),
        row.cluster.clone().unwrap_or_else(unknown),
        row.namespace.clone().unwrap_or_else(unknown),
        binding.role.name.clone(),
        life,
        format!("{kind}{which}"),
        row.role.clone().unwrap_or_else(unknown),
    ]
    .map(|cell| line(&cell))
}
