//! Changes between two versions of a declaration, for people.

use std::io::{self, Write};

use super::{Declaration, Sources};
use crate::diff::Change;
use crate::krm::Position;

/// What was compared, and the result.
pub struct Compared<'c> {
    /// The name of the older version.
    pub base: &'c str,
    /// The name of the newer version.
    pub head: &'c str,
    /// The declaration's name in the newer version, or in the older one if it was removed.
    pub file: &'c str,
    /// Its files in that version.
    pub declaration: Declaration<'c>,
    /// What changed.
    pub changes: &'c [Change],
    /// What could not be compared, and why.
    pub notes: &'c [String],
}

impl<'c> Compared<'c> {
    /// The escalations.
    pub(super) fn escalations(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.escalation)
    }

    /// The file and the position where a change is declared, or the nearest existing parent.
    pub(super) fn positions(&self) -> impl Fn(&Change) -> Option<(&'c str, Position)> + use<'c> {
        let positions = Sources { declaration: self.declaration, input: None }.positions();
        move |change| positions(&change.place)
    }

    /// Whether a change is limited to some clusters.
    pub(super) fn has_clusters(&self) -> bool {
        self.changes.iter().any(|change| !change.clusters.is_empty())
    }
}

/// Writes one line per change, escalations first.
///
/// # Errors
/// The stream cannot be written.
pub fn write_changes(compared: &Compared<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Compared { base, head, file, changes, .. } = compared;
    if changes.is_empty() {
        return writeln!(out, "{file}: no changes from {base} to {head}");
    }
    writeln!(out, "{file}: from {base} to {head}")?;
    for (title, escalation) in [("escalations", true), ("other changes", false)] {
        let some: Vec<_> = changes.iter().filter(|change| change.escalation == escalation).collect();
        if some.is_empty() {
            continue;
        }
        writeln!(out, "\n{title}:")?;
        let width = some.iter().map(|change| change.kind.name().len()).max().unwrap_or(0);
        for change in some {
            let clusters = in_clusters(&change.clusters);
            writeln!(out, "  {:width$}  {}{clusters}", change.kind.name(), change.message)?;
        }
    }
    Ok(())
}

/// ` in cluster prod`, ` in clusters prod, staging`
fn in_clusters(clusters: &[String]) -> String {
    match clusters {
        [] => String::new(),
        [one] => format!(" in cluster {one}"),
        several => format!(" in clusters {}", several.join(", ")),
    }
}
