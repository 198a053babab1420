//! `iamra k8s teardown`

use super::others;
use crate::cli::Exit;
use crate::cli::editing::{Draft, Editing};
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::config::Whole;
use crate::draft::teardown;

/// Remove a cluster from the declaration, if it has no workloads left
///
/// When the last cluster is removed, workloads that were declared before the first one belong to no cluster again.
///
/// Prints no manifests and changes no cluster: it prints what `setup` created there, and the command that deletes it.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The cluster's name
    #[arg(value_name = "CLUSTER")]
    name: String,
    #[command(flatten)]
    editing: Editing,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let Some(others) = others(&args.editing, io)? else { return Ok(Exit::WrongInput) };
    let change = |text: &str, it: Whole<'_>, configs: &[_]| teardown::change(&args.name, text, it, configs, &others);
    let Some(done) = Draft::open(&args.editing)?.change(io, change)? else { return Ok(Exit::WrongInput) };
    io.words(&teardown::leftovers(&args.name, &done.before, &done.configs))?;
    Ok(Exit::Done)
}
