//! `iamra list`, and `iamra k8s list`

use std::path::{Path, PathBuf};

use crate::cli::Exit;
use crate::cli::args::{self, File, Shared};
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::diag::Report;
use crate::name::DEFAULT_NAMESPACE;
use crate::output::{self, Declaration, Sources};
use crate::roster::{self, Roster};

/// Print who is what: workload, cluster, namespace, role, its ARN, certificate and target
///
/// Of all clusters, or of the one that `--cluster` names. ARNs are those of the lock file, and `-` while it has none.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    shared: Shared,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Columns for people
    #[default]
    Table,
    /// JSON with a `schemaVersion`
    Json,
}

/// Print who is what, as `iamra list` does
#[derive(clap::Args)]
pub(super) struct OfK8s {
    /// The declaration, or the folder it is in or below
    #[arg(long, default_value = ".", value_name = "PATH")]
    declaration: PathBuf,
    /// Print JSON with a `schemaVersion`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    shared: Shared,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    print(&args.dir, args.format, &args.shared, io)
}

pub(super) fn run_k8s(args: &OfK8s, io: &mut Io) -> Result<Exit, Error> {
    print(&args.declaration, if args.json { Format::Json } else { Format::Table }, &args.shared, io)
}

fn print(path: &Path, format: Format, shared: &Shared, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(path)?;
    let (roster, report) = read(&file, shared)?;
    let sources = Sources { declaration: Declaration::File(&file.name, &file.text), input: None };
    output::write_report(&report, sources, io.err()).map_err(Error::Output)?;
    if let Some(roster) = roster {
        let text = match format {
            Format::Table => roster::table(&roster),
            Format::Json => roster::json(&roster),
        };
        io.data(|out| out.write_all(text.as_bytes()))?;
        let idle = roster.idle();
        if format == Format::Table && !idle.is_empty() {
            io.words(&format_args!("no workload yet in {}\n", idle.join(", ")))?;
        }
    }
    Ok(args::exit(&report))
}

/// The roster of a declaration, and what is wrong with it; no roster when the file is no declaration at all.
pub(super) fn read(file: &File, shared: &Shared) -> Result<(Option<Roster>, Report), Error> {
    let mut report = Report::default();
    let cluster = shared.cluster.as_deref();
    let roster =
        file.ask(shared, &mut report, |node, lookup, _| Some(Roster::read(node, cluster, DEFAULT_NAMESPACE, lookup)))?;
    if let Some(roster) = &roster {
        report.append(roster.report.clone());
    }
    Ok((roster, report))
}
