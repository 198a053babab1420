//! `iamra ca`: the CAs that sign, and what AWS has to know of them.

mod crl;
mod put_key;
mod rotate;
mod rotation;
mod show;

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;

/// Show, store or replace a CA, or revoke certificates
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Show(show::Args),
    PutKey(put_key::Args),
    Rotation(rotation::Args),
    Rotate(rotate::Args),
    Crl(crl::Args),
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    match &args.command {
        Command::Show(args) => show::run(args, io),
        Command::PutKey(args) => put_key::run(args, io),
        Command::Rotation(args) => rotation::run(args, io),
        Command::Rotate(args) => rotate::run(args, io),
        Command::Crl(args) => crl::run(args, io),
    }
}
