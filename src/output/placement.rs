//! Which workload is in which build.

use serde::Serialize;

use crate::quote::line;

/// A workload in a build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// The workload.
    pub workload: String,
    /// The cluster that the build is for, if the declaration has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Its role.
    pub role: String,
    /// The build's folder.
    pub build: String,
    /// The object whose pod template is annotated with the role, if the declaration does not list it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotated: Option<String>,
}

const HEAD: [&str; 5] = ["WORKLOAD", "CLUSTER", "ROLE", "BUILD", "ANNOTATED"];

/// As a table for people: columns with two spaces between them; `-` where there is nothing.
pub fn placements(placements: &[Placement]) -> String {
    let head = HEAD.map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head).chain(placements.iter().map(cells)).collect();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<_> = (0..HEAD.len()).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &[String; 5]| {
        let cells: String = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        format!("{}\n", cells.trim_end())
    };
    rows.iter().map(line).collect()
}

fn cells(it: &Placement) -> [String; 5] {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    [it.workload.clone(), or_none(&it.cluster), it.role.clone(), it.build.clone(), or_none(&it.annotated)]
        .map(|cell| line(&cell))
}
