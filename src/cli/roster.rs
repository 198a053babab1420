//! Reads and prints the workloads of a declaration with their identities.

use std::path::Path;

use super::Exit;
use super::declaration::File;
use super::delegated::remark;
use super::error::Error;
use super::io::Io;
use super::report::finish_with;
use super::sources::Shared;
use super::terminal::width;
use crate::diag::Report;
use crate::roster::{self, Roster};

#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// A table
    #[default]
    Table,
    /// JSON with a `schemaVersion`
    Json,
    /// A table of the certificates' lifetimes, and of how many failed renewals in a row each survives
    Renewals,
}

/// Prints the workloads and their identities.
pub(super) fn print(path: &Path, format: Format, shared: &Shared, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(path)?;
    let (roster, report) = read(&file, shared)?;
    finish_with(&report, file.sources(), io, |io| {
        let Some(roster) = roster else { return Ok(()) };
        let (text, left_out) = match format {
            Format::Table => roster::table(&roster).fitted(width()),
            Format::Json => (roster::json(&roster), &[][..]),
            Format::Renewals => roster::renewals(&roster).fitted(width()),
        };
        io.data(|out| out.write_all(text.as_bytes()))?;
        if !left_out.is_empty() {
            io.remark(&format_args!("a wider terminal, or `--format json`, has {} too\n", left_out.join(" and ")))?;
        }
        let idle = roster.idle();
        if format == Format::Table && !idle.is_empty() {
            io.remark(&format_args!("no workloads yet in {}\n", idle.join(", ")))?;
        }
        remark(&file, None, io)
    })
}

/// The roster of a declaration, and what is wrong with it; no roster when the file is not a declaration.
pub(super) fn read(file: &File, shared: &Shared) -> Result<(Option<Roster>, Report), Error> {
    let mut report = Report::default();
    let cluster = shared.cluster.as_deref();
    let roster = file.ask(shared, &mut report, |node, lookup, _| Some(Roster::read(node, cluster, lookup)))?;
    if let Some(roster) = &roster {
        report.append(roster.report.clone());
    }
    Ok((roster, report))
}
