//! `iamra aws`: what the declaration means in AWS, and making it so.

mod adopt;
mod apply;
mod export;
mod permissions;
mod plan;

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;

/// Compare AWS with the declaration, and make it match
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Plan(plan::Args),
    Apply(apply::Args),
    Export(export::Args),
    Adopt(adopt::Args),
    Permissions(permissions::Args),
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    match &args.command {
        Command::Plan(args) => plan::run(args, io),
        Command::Apply(args) => apply::run(args, io),
        Command::Export(args) => export::run(args, io),
        Command::Adopt(args) => adopt::run(args, io),
        Command::Permissions(args) => permissions::run(args, io),
    }
}
