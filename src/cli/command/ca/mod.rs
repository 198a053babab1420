//! `iamra ca`: the CAs that sign, and what AWS has to know of them.

mod show;

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;

/// Show a CA for its trust anchor
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Show(show::Args),
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    match &args.command {
        Command::Show(args) => show::run(args, io),
    }
}
