//! Diagnostics for people, on stderr. Lines of the input are never shown, because they may contain secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::{Places, Sources};
use crate::diag::{Diagnostic, Report, Severity};
use crate::quote::line;

/// How many errors are shown in little space.
const FEW: usize = 5;

/// How many places of one problem are shown.
const PLACES: usize = 5;

/// Writes every diagnostic, errors first and in the order of the file: what, where, how to fix. The same message for
/// several places is printed once.
///
/// # Errors
/// stderr cannot be written.
pub fn write_report(report: &Report, sources: Sources<'_>, err: &mut dyn Write) -> io::Result<()> {
    in_order(report, sources).iter().try_for_each(|said| said.write(err))
}

/// Writes the first errors and how many more there are; the warnings only when there is no error.
///
/// # Errors
/// stderr cannot be written.
pub fn write_first_errors(report: &Report, sources: Sources<'_>, err: &mut dyn Write) -> io::Result<()> {
    if !report.has_errors() {
        return write_report(report, sources, err);
    }
    let mut errors = in_order(report, sources);
    errors.retain(|said| said.diagnostic.severity == Severity::Error);
    errors.iter().take(FEW).try_for_each(|said| said.write(err))?;
    match errors.len().saturating_sub(FEW) {
        0 => Ok(()),
        more => writeln!(err, "and {more} more"),
    }
}

/// A diagnostic with all of its places.
struct Said<'r> {
    diagnostic: &'r Diagnostic,
    places: Vec<String>,
}

fn in_order<'r>(report: &'r Report, sources: Sources<'_>) -> Vec<Said<'r>> {
    let concrete = Places::of(sources);
    let mut diagnostics = report.diagnostics();
    diagnostics.sort_by_cached_key(|diagnostic| (diagnostic.severity, concrete.order(diagnostic)));
    let mut all: Vec<Said<'r>> = Vec::new();
    let (mut known, mut named) = (BTreeMap::new(), BTreeSet::new());
    for diagnostic in diagnostics {
        let Diagnostic { code, severity, message, help, .. } = diagnostic;
        let index = *known.entry((severity, code.name(), message, help)).or_insert(all.len());
        let place =
            concrete.locate(diagnostic).map(|place| line(&place)).filter(|place| named.insert((index, place.clone())));
        match all.get_mut(index) {
            Some(said) => said.places.extend(place),
            None => all.push(Said { diagnostic, places: place.into_iter().collect() }),
        }
    }
    all
}

impl Said<'_> {
    fn write(&self, err: &mut dyn Write) -> io::Result<()> {
        let Diagnostic { code, severity, message, help, .. } = self.diagnostic;
        writeln!(err, "{}[{code}]: {message}", severity.word())?;
        for place in self.places.iter().take(PLACES) {
            writeln!(err, "  --> {place}")?;
        }
        if let more @ 1.. = self.places.len().saturating_sub(PLACES) {
            writeln!(err, "  --> and {more} more places")?;
        }
        help.iter().try_for_each(|help| writeln!(err, "  help: {help}"))
    }
}
