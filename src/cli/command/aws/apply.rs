//! `iamra aws apply`

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::estate::{AS_DECLARED, Authorities, Estate, agreed, carry_out, observed, refused};
use crate::cli::io::Io;
use crate::cli::report::finish;
use crate::diag::Report;
use crate::provision;

/// Make AWS match the declaration: create, change and delete what `iamra aws plan` prints
///
/// Only what has the tags of this installation is changed or deleted. Asks first. If it stops, whatever the reason, run it again: it
/// goes on from what is there. It makes one call to IAM Roles Anywhere a second, as the service allows.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    estate: Estate,
    #[command(flatten)]
    authorities: Authorities,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let (file, mut report) = (args.estate.file()?, Report::default());
    let session = args.estate.session()?;
    let cluster = args.estate.cluster.as_deref();
    let desired = args.estate.desired(&file, Some(&args.authorities), Some(&session), &mut report)?;
    let desired = desired.map(|desired| match cluster {
        Some(cluster) => desired.narrowed(cluster),
        None => desired,
    });
    let Some(desired) = desired else { return finish(&report, file.sources(), io) };
    let Some(seen) = observed(&desired, &session, &mut report) else {
        return finish(&report, file.sources(), io);
    };
    let comparison = provision::compare(&desired, &seen, cluster);
    refused(&comparison, &mut report);
    if report.has_errors() {
        return finish(&report, file.sources(), io);
    }
    if !agreed(&comparison, AS_DECLARED, args.yes, io)? {
        io.words(&"nothing was changed\n")?;
        return Ok(Exit::Done);
    }
    carry_out(&comparison, &session, &mut report, io)?;
    let exit = finish(&report, file.sources(), io)?;
    if exit == Exit::Done && comparison.has_calls() {
        io.words(&"AWS is as declared; `iamra lock` records the ARNs\n")?;
    }
    Ok(exit)
}
