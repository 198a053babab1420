//! Changes between two versions of a declaration, for people.

use std::io::{self, Write};

use crate::diag::Code;
use crate::diff::Change;
use crate::krm::{Lines, Position};
use crate::yaml::Document;

/// What was compared, and what came of it.
pub struct Compared<'c> {
    /// How the older version is called.
    pub base: &'c str,
    /// How the newer version is called.
    pub head: &'c str,
    /// The declaration's name in the newer version, or in the older one when it is gone.
    pub file: &'c str,
    /// Its text there.
    pub text: &'c str,
    /// What changed.
    pub changes: &'c [Change],
    /// What could not be compared, and why.
    pub notes: &'c [String],
}

impl Compared<'_> {
    /// What widens somebody's rights.
    pub(super) fn escalations(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.escalation)
    }

    /// Says where a change is declared, or the nearest place around it that is still there.
    pub(super) fn positions(&self) -> impl Fn(&Change) -> Option<Position> {
        let (document, lines) = (Document::parse(self.text).ok(), Lines::of(self.text));
        move |change| {
            // Any code that is not about a key: the value is what has changed.
            let offset = super::offset_of(document.as_ref()?, &change.place, Code::InvalidValue);
            Some(lines.position(offset))
        }
    }

    /// Whether some change belongs to some cluster only.
    pub(super) fn has_clusters(&self) -> bool {
        self.changes.iter().any(|change| !change.clusters.is_empty())
    }
}

/// Writes one line a change, what widens somebody's rights first.
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
