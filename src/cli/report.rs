//! Prints diagnostics and ends commands.

use std::io::Write;

use super::Exit;
use super::error::Error;
use super::io::Io;
use super::terminal;
use crate::diag::{self, Diagnostic, Report};
use crate::output::{self, Sources};

/// Prints the diagnostics.
pub(super) fn tell(report: &Report, sources: Sources<'_>, io: &mut Io) -> Result<(), Error> {
    let mut text = Vec::new();
    write(report, sources, &mut text)?;
    io.told(String::from_utf8_lossy(&text).into_owned())
}

/// Writes the diagnostics, or the errors among them if nothing else is wanted.
pub(super) fn write(report: &Report, sources: Sources<'_>, to: &mut dyn Write) -> Result<(), Error> {
    if terminal::is_quiet() {
        return output::write_report(&report.errors(), sources, to).map_err(Error::Output);
    }
    output::write_report(report, sources, to).map_err(Error::Output)
}

/// Ends a command: prints the diagnostics and returns the exit code.
pub(super) fn finish(report: &Report, sources: Sources<'_>, io: &mut Io) -> Result<Exit, Error> {
    finish_with(report, sources, io, |_| Ok(()))
}

/// The same with output. The diagnostics are printed first, so that they are seen even if stdout is closed.
pub(super) fn finish_with(
    report: &Report,
    sources: Sources<'_>,
    io: &mut Io,
    print: impl FnOnce(&mut Io) -> Result<(), Error>,
) -> Result<Exit, Error> {
    tell(report, sources, io)?;
    print(io)?;
    Ok(exit(report))
}

/// The same where messages are shown in little space: only the first errors.
pub(super) fn finish_briefly(report: &Report, sources: Sources<'_>, io: &mut Io) -> Result<Exit, Error> {
    let mut text = Vec::new();
    output::write_first_errors(report, sources, &mut text).map_err(Error::Output)?;
    io.told(String::from_utf8_lossy(&text).into_owned())?;
    Ok(exit(report))
}

fn is_bug(diagnostic: &Diagnostic) -> bool {
    diagnostic.code == diag::Code::InternalError
}

/// The exit code for a report. If only AWS failed, a retry may help.
fn exit(report: &Report) -> Exit {
    exit_of([report].into_iter())
}

/// The same over several reports.
pub(super) fn exit_of<'r>(reports: impl Iterator<Item = &'r Report>) -> Exit {
    let all = reports.flat_map(Report::diagnostics).filter(|it| it.severity == diag::Severity::Error);
    let (outside, wrong): (Vec<_>, Vec<_>) =
        all.partition(|it| matches!(it.code, diag::Code::AwsFailed | diag::Code::NotChecked));
    match (outside.as_slice(), wrong.as_slice()) {
        ([], []) => Exit::Done,
        (_, []) => Exit::Failed,
        (_, wrong) if wrong.iter().any(|it| is_bug(it)) => Exit::Bug,
        _ => Exit::WrongInput,
    }
}
