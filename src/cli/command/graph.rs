//! `iamra graph`

use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::report::finish_with;
use crate::cli::roster::read;
use crate::cli::sources::Shared;
use crate::roster::{self, View};

/// Draw identities as a graph
///
/// Shows trust anchor, CA, issuer, certificate, Secret, workload, profile and role. Draws SVG for light and dark
/// backgrounds, or a Mermaid flowchart for Markdown; problems are red and next to the object they concern. `iamra graph >
/// identities.svg`. `--by role` shows who can be each role.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// What the graph is read by
    #[arg(long, value_enum, default_value_t)]
    by: By,
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

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum By {
    /// What each workload depends on, cluster by cluster
    #[default]
    Workload,
    /// Who can be each role, in all clusters
    Role,
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
        let view = match args.by {
            By::Workload => View::Workload,
            By::Role => View::Role,
        };
        let text = match args.format {
            Format::Svg => roster::svg(roster, view),
            Format::Mermaid => {
                let flowchart = roster::mermaid(roster, view);
                if let Some(words) = &flowchart.left_out {
                    io.words(&format_args!("{words}; `--format svg` draws everything\n"))?;
                }
                flowchart.text
            }
        };
        io.data(|out| out.write_all(text.as_bytes()))
    })
}
