//! `iamra k8s offboard`

use super::others;
use crate::cli::Exit;
use crate::cli::editing::{Draft, Editing};
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::sources::CLUSTER;
use crate::config::Whole;
use crate::draft::offboard;
use crate::draft::onboard::check_not_inherited;

/// Remove a workload from the declaration, and print what happens to its objects
///
/// Prints no manifests: what is no longer rendered is deleted by Argo CD, Flux or `kubectl apply --prune`, or by the
/// command that is printed. With `--cluster`, the workload is removed from that cluster only.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The workload's name
    #[arg(value_name = "WORKLOAD")]
    name: String,
    #[command(flatten)]
    editing: Editing,
    /// Remove the workload from this cluster only
    #[arg(long, env = CLUSTER, value_name = "NAME")]
    cluster: Option<String>,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let Some(others) = others(&args.editing, io)? else { return Ok(Exit::WrongInput) };
    let change = |text: &str, declaration: Whole<'_>, configs: &[_]| {
        check_not_inherited(&args.name, declaration, configs)?;
        offboard::change(&args.name, args.cluster.as_deref(), text, configs, &others)
    };
    let Some(done) = Draft::open(&args.editing)?.change(io, change)? else { return Ok(Exit::WrongInput) };
    for config in &done.before {
        if let Some(words) = offboard::leftovers(&args.name, config, &done.configs, &others) {
            io.words(&words)?;
        }
    }
    Ok(Exit::Done)
}
