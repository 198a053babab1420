//! Diagnostics for people, on stderr. Never a line of the input: it may hold what nobody should read.

use std::io::{self, Write};

use super::{Sources, locate, offset};
use crate::diag::{Diagnostic, Report, Severity};

/// As many errors as people read in a small window.
const FEW: usize = 5;

/// Writes every diagnostic, errors first and in the order of the file: what, where, how to fix.
///
/// # Errors
/// stderr cannot be written.
pub fn write_report(report: &Report, sources: Sources<'_>, err: &mut dyn Write) -> io::Result<()> {
    in_order(report, sources).into_iter().try_for_each(|diagnostic| write_one(diagnostic, sources, err))
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
    errors.retain(|diagnostic| diagnostic.severity == Severity::Error);
    errors.iter().take(FEW).try_for_each(|diagnostic| write_one(diagnostic, sources, err))?;
    match errors.len().saturating_sub(FEW) {
        0 => Ok(()),
        more => writeln!(err, "and {more} more"),
    }
}

fn in_order<'r>(report: &'r Report, sources: Sources<'_>) -> Vec<&'r Diagnostic> {
    let mut diagnostics = report.diagnostics();
    diagnostics.sort_by_cached_key(|diagnostic| (diagnostic.severity, offset(diagnostic, sources).unwrap_or(0)));
    diagnostics
}

fn write_one(diagnostic: &Diagnostic, sources: Sources<'_>, err: &mut dyn Write) -> io::Result<()> {
    let Diagnostic { code, severity, message, .. } = diagnostic;
    writeln!(err, "{}[{code}]: {message}", severity.word())?;
    if let Some(place) = locate(diagnostic, sources) {
        writeln!(err, "  --> {place}")?;
    }
    if let Some(help) = &diagnostic.help {
        writeln!(err, "  help: {help}")?;
    }
    Ok(())
}
