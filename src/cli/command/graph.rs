//! `iamra graph`

use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::report::finish_with;
use crate::cli::roster::read;
use crate::cli::sources::Shared;
use crate::roster;

/// Draw identities as a graph: trust anchor, CA, issuer, certificate, secret, workload, profile, role
///
/// Draws SVG for light and dark backgrounds, or a Mermaid flowchart for Markdown; problems are red and next to the
/// object they concern. `iamra graph > identities.svg`
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    shared: Shared,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    /// A picture
    #[default]
    Svg,
    /// A Mermaid flowchart
    Mermaid,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.shared;
    let file = File::open(&args.dir)?;
    let (roster, mut report) = read(&file, shared)?;
    if let Some(roster) = &roster {
        report.append(roster.lookups.clone());
    }
    finish_with(&report, file.sources(), io, |io| {
        let Some(roster) = &roster else { return Ok(()) };
        let text = match args.format {
            Format::Svg => roster::svg(roster),
            Format::Mermaid => roster::mermaid(roster),
        };
        io.data(|out| out.write_all(text.as_bytes()))
    })
}
