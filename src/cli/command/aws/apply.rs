//! `iamra aws apply`

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::estate::{AS_DECLARED, Authorities, Estate, Folder, agreed, carry_out};
use crate::cli::io::Io;
use crate::cli::report::finish;
use crate::diag::Report;

/// Make AWS match the declaration: create, change and delete what `iamra aws plan` prints
///
/// Only what has the tags of this installation is changed or deleted. Asks first. If it stops, whatever the reason, run it again: it
/// goes on from what is there. It makes one call to IAM Roles Anywhere a second, as the service allows.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    estate: Estate,
    #[command(flatten)]
    authorities: Authorities,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let (file, mut report) = (args.folder.file()?, Report::default());
    let session = args.estate.session()?;
    let compared = args.estate.compared(&file, &args.authorities, &session, &mut report)?;
    let Some(comparison) = compared else { return finish(&report, file.sources(), io) };
    if report.has_errors() {
        return finish(&report, file.sources(), io);
    }
    if !agreed(&comparison, AS_DECLARED, args.yes, io)? {
        io.words(&"nothing was changed\n")?;
        return Ok(Exit::Differs);
    }
    carry_out(&comparison, &session, &mut report, io)?;
    let exit = finish(&report, file.sources(), io)?;
    if exit == Exit::Done && comparison.has_calls() {
        io.remark(&"AWS is as declared; `iamra lock` records the ARNs\n")?;
    }
    Ok(exit)
}
