//! A roster as a table for people.

use super::{Roster, Row};
use crate::config::{Certificate, Which};
use crate::quote::line;
use crate::renewal;

const HEAD: [&str; 7] = ["WORKLOAD", "CLUSTER", "NAMESPACE", "ROLE", "CERTIFICATE", "TARGET", "ROLE ARN"];

/// What stands where nothing is known.
const UNKNOWN: &str = "-";

/// A table for people.
#[derive(Debug)]
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// Columns that can be left out, the first one first.
    spare: &'static [&'static str],
}

impl Table {
    /// A table with this head; each row has a cell for each column.
    pub fn of<const N: usize>(head: [&'static str; N], rows: impl Iterator<Item = [String; N]>) -> Self {
        Self { head: head.to_vec(), rows: rows.map(Vec::from).collect(), spare: &[] }
    }

    /// The table as it is, or, on a terminal where its lines would break, each row as a block of lines. Nothing is cut off: what
    /// people see they copy.
    pub fn within(&self, width: Option<usize>) -> String {
        self.fitted(width).0
    }

    /// The same, and the columns that were left out because the others fit without them. Those that say nothing go first,
    /// and are not missed.
    pub fn fitted(&self, width: Option<usize>) -> (String, &'static [&'static str]) {
        let mut without = Vec::new();
        let mut fits = |more: &[&'static str]| {
            without.extend_from_slice(more);
            let aligned = self.aligned(&without);
            width.is_none_or(|width| aligned.lines().all(|line| line.chars().count() <= width)).then_some(aligned)
        };
        if let Some(aligned) = fits(&[]).or_else(|| fits(&self.empty())) {
            return (aligned, &[]);
        }
        for (index, column) in self.spare.iter().enumerate() {
            if let Some(aligned) = fits(&[column]) {
                return (aligned, self.spare.get(..=index).unwrap_or_default());
            }
        }
        (self.blocks(), &[])
    }

    /// The columns in which nothing is known of any row.
    fn empty(&self) -> Vec<&'static str> {
        let columns = self.head.iter().enumerate();
        let is_empty = |index: usize| self.rows.iter().all(|row| row.get(index).is_some_and(|cell| cell == UNKNOWN));
        columns.filter(|(index, _)| is_empty(*index)).map(|(_, name)| *name).collect()
    }

    /// Columns with two spaces between them, but for some.
    fn aligned(&self, without: &[&str]) -> String {
        let mut widths: Vec<_> = self.head.iter().map(|cell| cell.len()).collect();
        for row in &self.rows {
            widths.iter_mut().zip(row).for_each(|(width, cell)| *width = cell.chars().count().max(*width));
        }
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let cells = cells.zip(&widths).zip(&self.head).filter(|(_, name)| !without.contains(name));
            let cells: String = cells.map(|((cell, width), _)| format!("{cell:width$}  ")).collect();
            format!("{}\n", cells.trim_end())
        };
        let head = line(&mut self.head.iter().copied());
        let rows = self.rows.iter().map(|row| line(&mut row.iter().map(String::as_str)));
        std::iter::once(head).chain(rows).collect()
    }

    /// A line for each cell, and an empty one between rows.
    fn blocks(&self) -> String {
        let width = self.head.iter().map(|cell| cell.len()).max().unwrap_or_default();
        let block = |row: &Vec<String>| {
            let cells = self.head.iter().zip(row).map(|(name, cell)| format!("{name:width$}  {cell}\n"));
            cells.collect::<String>()
        };
        self.rows.iter().map(block).collect::<Vec<_>>().join("\n")
    }
}

/// Workloads and their identities; `-` where nothing is known.
pub fn table(roster: &Roster) -> Table {
    Table { spare: &["TARGET", "CERTIFICATE"], ..Table::of(HEAD, roster.rows.iter().map(cells)) }
}

const RENEWALS: [&str; 6] = ["WORKLOAD", "CLUSTER", "NAMESPACE", "LIFETIME", "RENEWED BEFORE ITS END", "SURVIVES"];

/// How many failed renewals in a row each certificate survives.
pub fn renewals(roster: &Roster) -> Table {
    let cells = |row: &Row| {
        let Certificate { duration, renew_before, .. } = &row.binding.certificate;
        let margin = renewal::margin(renew_before).in_words();
        let unknown = || UNKNOWN.to_owned();
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
    Table::of(RENEWALS, roster.rows.iter().map(cells))
}

fn cells(row: &Row) -> [String; 7] {
    let unknown = || UNKNOWN.to_owned();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_stands_in_blocks() {
        let rows = [["api".to_owned(), "arn:é".to_owned()], ["b".to_owned(), "-".to_owned()]];
        let table = Table::of(["WORKLOAD", "ARN"], rows.into_iter());
        let aligned = "WORKLOAD  ARN\napi       arn:é\nb         -\n";
        assert_eq!((table.within(None).as_str(), table.within(Some(15)).as_str()), (aligned, aligned));
        let blocks = "WORKLOAD  api\nARN       arn:é\n\nWORKLOAD  b\nARN       -\n";
        assert_eq!(table.within(Some(14)), blocks);

        let spare = Table { spare: &["ARN"], ..table };
        let fitted = [15, 14, 8, 7].map(|width| spare.fitted(Some(width)));
        let narrow = ("WORKLOAD\napi\nb\n".to_owned(), &["ARN"][..]);
        assert_eq!(fitted, [(aligned.to_owned(), &[][..]), narrow.clone(), narrow, (blocks.to_owned(), &[])]);
    }
}
