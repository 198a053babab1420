//! A roster as a table for people.

use super::{Roster, Row};
use crate::config::{Certificate, Which};
use crate::quote::line;
use crate::renewal;

const HEAD: [&str; 7] = ["WORKLOAD", "CLUSTER", "NAMESPACE", "ROLE", "CERTIFICATE", "TARGET", "ROLE ARN"];

/// Columns with two spaces between them; `-` where nothing is known.
pub fn table(roster: &Roster) -> String {
    aligned(HEAD, roster.rows.iter().map(cells))
}

const RENEWALS: [&str; 6] = ["WORKLOAD", "CLUSTER", "NAMESPACE", "LIFETIME", "RENEWED BEFORE ITS END", "SURVIVES"];

/// How many failed renewals in a row each certificate survives.
pub fn renewals(roster: &Roster) -> String {
    let cells = |row: &Row| {
        let Certificate { duration, renew_before, .. } = &row.binding.certificate;
        let margin = renewal::margin(renew_before).in_words();
        let unknown = || "-".to_owned();
        [
            row.binding.workload.clone(),
            row.cluster.clone().unwrap_or_else(unknown),
            row.namespace.clone().unwrap_or_else(unknown),
            duration.to_string(),
            renew_before.to_string(),
            margin,
        ]
        .map(|cell| line(&cell))
    };
    aligned(RENEWALS, roster.rows.iter().map(cells))
}

pub(super) fn aligned<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let all: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let mut widths = [0; N];
    for row in &all {
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = cell.chars().count().max(*width));
    }
    let line = |row: &[String; N]| {
        let cells: String = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        format!("{}\n", cells.trim_end())
    };
    all.iter().map(line).collect()
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
