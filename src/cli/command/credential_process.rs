//! Prints credentials once, for `credential_process` of AWS's configuration.

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::serving::{Sessions, world};
use crate::serve;

/// Print credentials once, for `credential_process`
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    sessions: Sessions,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let credentials = serve::once(&args.sessions.settings(None)?, world())?;
    io.data(|out| writeln!(out, "{credentials}")).map(|()| Exit::Done)
}
