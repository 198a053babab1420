//! `iamra destroy`

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::estate::{Estate, Folder, agreed, carry_out, observed};
use crate::cli::io::Io;
use crate::cli::report::finish;
use crate::diag::Report;
use crate::provision;

/// Delete from AWS what iamra has created, and nothing else
///
/// Parameters first, then profiles, roles and trust anchors. Only what has the tags of this installation is deleted; what
/// else the declaration uses is listed and left. Asks first. If it stops, run it again.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    estate: Estate,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let (file, mut report) = (args.folder.file()?, Report::default());
    let session = args.estate.session()?;
    let desired = args.estate.desired(&file, None, Some(&session), &mut report)?;
    let Some(desired) = desired else { return finish(&report, file.sources(), io) };
    let desired = match &args.estate.cluster {
        None => desired,
        Some(cluster) => desired.of_cluster_alone(cluster),
    };
    let Some(seen) = observed(&desired, &session, &mut report) else {
        return finish(&report, file.sources(), io);
    };
    let comparison = provision::compare(&desired.nothing(), &seen, None).deletions();
    if !agreed(&comparison, "nothing in AWS is iamra's", args.yes, io)? {
        io.words(&"nothing was deleted\n")?;
        return Ok(Exit::Differs);
    }
    carry_out(&comparison, &session, &mut report, io)?;
    finish(&report, file.sources(), io)
}
