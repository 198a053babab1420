//! `iamra role`: the roles of the declaration, and what they are in AWS.

mod create;
mod delete;
mod list;

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;

/// Declare, list and remove roles, and make them in AWS
///
/// Edits `iamra.yaml`, and makes or deletes what each role is in AWS. The file is changed first, then AWS. If that stops,
/// run the command again: it goes on from what is there.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Create(create::Args),
    List(list::Args),
    Delete(delete::Args),
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    match &args.command {
        Command::Create(args) => create::run(args, io),
        Command::List(args) => list::run(args, io),
        Command::Delete(args) => delete::run(args, io),
    }
}

/// A role's name. It is a part of the names of an IAM role, a profile and parameters.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
/// <https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_CreateProfile.html>
fn role_name(text: &str) -> Result<String, String> {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if (1..=64).contains(&text.len()) && text.chars().all(is_valid) {
        return Ok(text.to_owned());
    }
    Err("a role's name has at most 64 letters, digits, `-` or `_`".to_owned())
}
