//! `iamra k8s`: the commands that users of iam-ra know. They edit the declaration and print manifests.

mod list;
mod offboard;
mod onboard;
mod setup;
mod teardown;

use crate::cli::declaration::File;
use crate::cli::editing::Editing;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::misuse::whole_number;
use crate::cli::{Exit, estate, report};
use crate::diag::Report;
use crate::draft::Others;
use crate::name::{DnsLabel, ObjectName};

/// Set up clusters and onboard workloads
///
/// Edits `iamra.yaml`, and prints manifests for `kubectl apply -f -`. Keeps the comments, order and formatting of the file,
/// and replaces it atomically; concurrent runs are safe. stdout has only manifests; messages go to stderr. With
/// `--dry-run`, stdout has the change to the file as a diff, and no manifests.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Setup(setup::Args),
    Onboard(onboard::Args),
    Offboard(offboard::Args),
    Teardown(teardown::Args),
    List(list::Args),
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    match &args.command {
        Command::Setup(args) => setup::run(args, io),
        Command::Onboard(args) => onboard::run(args, io),
        Command::Offboard(args) => offboard::run(args, io),
        Command::Teardown(args) => teardown::run(args, io),
        Command::List(args) => list::run(args, io),
    }
}

/// The declarations that share a base with the one to edit, by name, each for all of its clusters, with the workloads that it declares
/// itself. `None` when one of them cannot be read, which has been reported.
fn others(editing: &Editing, io: &mut Io) -> Result<Option<Box<Others>>, Error> {
    let (file, mut found) = (File::open(editing.declaration())?, Report::default());
    // What is wrong with the declaration itself is reported when it is edited.
    if estate::configs(&file, &mut Report::default()).is_none() {
        return Ok(Some(Box::new([])));
    }
    let Some(mut others) = estate::others(&file, &mut found)? else {
        report::tell(&found, file.sources(), io)?;
        return Ok(None);
    };
    for config in others.iter_mut().flat_map(|(_, configs)| configs) {
        config.bindings.retain(|binding| !binding.is_inherited());
    }
    Ok(Some(others.into()))
}

/// A new workload's name.
fn workload_name(text: &str) -> Result<String, String> {
    ObjectName::parse(text).map(|name| name.to_string())
}

/// A namespace's name.
fn namespace_name(text: &str) -> Result<String, String> {
    DnsLabel::parse(text).map(|name| name.to_string())
}

/// How many hours a certificate lives, a year at most.
fn hours(text: &str) -> Result<u32, String> {
    whole_number(text, 1..=8760)
}
