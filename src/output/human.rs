//! Diagnostics for people, on stderr. Never a line of the input: it may hold what nobody should read.

use std::io::{self, Write};

use super::{Sources, locate, offset};
use crate::diag::{Diagnostic, Report};

/// Writes every diagnostic, errors first and in the order of the file: what, where, how to fix.
///
/// # Errors
/// stderr cannot be written.
pub fn write_report(report: &Report, sources: Sources<'_>, err: &mut dyn Write) -> io::Result<()> {
    let mut diagnostics = report.diagnostics();
    diagnostics.sort_by_cached_key(|diagnostic| (diagnostic.severity, offset(diagnostic, sources).unwrap_or(0)));
    diagnostics.into_iter().try_for_each(|diagnostic| write_one(diagnostic, sources, err))
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
