//! `iamra graph`

use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::delegated::remark;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::report::finish_with;
use crate::cli::roster::read;
use crate::cli::sources::Shared;
use crate::diag::{Code, Diagnostic, Place, known_names};
use crate::quote::quote;
use crate::roster::{self, View};
use crate::yaml::FieldPath;

/// Draw identities as a graph
///
/// Shows trust anchor, CA, issuer, certificate, Secret, workload, profile and role; of more than 50 workloads, namespace by
/// namespace. Draws SVG for light and dark backgrounds, or a Mermaid flowchart for Markdown; problems are red and next to the
/// object they concern. `--by role` shows who can be each role.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// What the graph is read by: by default workloads, or namespaces if there are more than 50 workloads
    #[arg(long, value_enum)]
    by: Option<By>,
    /// Draw only the workloads of this namespace
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
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

#[derive(Clone, Copy, clap::ValueEnum)]
enum By {
    /// What each workload depends on, cluster by cluster
    Workload,
    /// What the workloads of each namespace depend on
    Namespace,
    /// Who can be each role, in all clusters
    Role,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.shared;
    let file = File::open(&args.dir)?;
    let (mut roster, mut report) = read(&file, shared)?;
    if let Some(roster) = &roster {
        report.append(roster.lookups.clone());
    }
    if let (Some(read), Some(name)) = (&mut roster, &args.namespace)
        && let Err(known) = read.keep(name)
    {
        let message = format!("no workload is in namespace {}", quote(name));
        let namespaces = Place::Config(FieldPath::keys("spec.workloads"));
        report.push(Diagnostic::error(Code::UnknownWorkload, message).at(namespaces).help(known_names(name, known)));
        roster = None;
    }
    finish_with(&report, file.sources(), io, |io| {
        let Some(roster) = &roster else { return Ok(()) };
        let view = match args.by {
            Some(By::Workload) => View::Workload,
            Some(By::Namespace) => View::Namespace,
            Some(By::Role) => View::Role,
            None => View::fitting(roster),
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
        io.data(|out| out.write_all(text.as_bytes()))?;
        if args.by.is_none() && view == View::Namespace {
            let count = roster.rows.len();
            io.remark(&format_args!(
                "{count} workloads, drawn by namespace: `--namespace NAME` draws those of one, `--by workload` all\n"
            ))?;
        }
        remark(&file, None, io)
    })
}
