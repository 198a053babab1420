//! `iamra strip`

use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::manifests::{self, name_of};
use crate::cli::report;
use crate::diag::Report;
use crate::output::Sources;
use crate::splice::{self, Fate, Leftovers};

/// Remove from manifests everything that iamra added
///
/// The output is byte for byte the input of `iamra inject`. Prints to stderr the commands that delete what was applied
/// before from the cluster.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// File with manifests, or `-` for stdin
    #[arg(default_value = "-")]
    manifests: PathBuf,
}

const PIPE: &str = "pipe manifests into it: `iamra build . | iamra strip -`, or name a file: `iamra strip FILE`";

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let bytes = manifests::read(&args.manifests, PIPE)?;
    let mut report = Report::default();
    match manifests::parse(name_of(&args.manifests), &bytes) {
        Ok(stream) => {
            let mut changes = splice::strip(&stream.items, &mut report);
            // The declaration was not applied, so it is not among the leftovers.
            let leftovers = Leftovers::of(&stream.items, &changes);
            let fate = if manifests::is_package(&stream) { Fate::Stays } else { Fate::LeftOut };
            changes.removed.extend(splice::declarations(&stream.items, fate, &mut report));
            let sources = Sources { input: Some((name_of(&args.manifests), stream.text())), ..Sources::default() };
            report::finish_with(&report, sources, io, |io| {
                if report.has_errors() {
                    return Ok(());
                }
                io.data(|out| changes.write_stream(&stream, out))?;
                tell_leftovers(&leftovers, io)
            })
        }
        Err(instead) => {
            report.push(*instead);
            report::finish(&report, Sources::default(), io)
        }
    }
}

/// Names what no longer applying it leaves in the cluster.
fn tell_leftovers(leftovers: &Leftovers, io: &mut Io) -> Result<(), Error> {
    let Leftovers { own, shared } = leftovers;
    if own.is_empty() && shared.is_empty() {
        return Ok(());
    }
    let lines = |commands: &[String]| commands.iter().map(|command| format!("  {command}\n")).collect::<String>();
    let by_hand = |head: &str, commands: &[String]| {
        if commands.is_empty() { String::new() } else { format!("{head}:\n{}", lines(commands)) }
    };
    let when = if own.is_empty() {
        "To delete it by hand, when no workload has a certificate by it"
    } else {
        "and, when no other workload has a certificate by it"
    };
    let (own, shared) = (by_hand("To delete it by hand", own), by_hand(when, shared));
    io.words(&format_args!(
        "what was applied stays in the cluster; Argo CD, Flux and `kubectl apply --prune` delete it, except for the \
         Secrets that cert-manager filled. {own}{shared}"
    ))
}
