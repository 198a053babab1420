//! `iamra argocd`: a config management plugin of Argo CD.
//!
//! Argo CD unpacks the repository, runs iamra in the application's folder, and shows its stderr when it fails. The
//! repository, the parameters and the plugin's environment are the application author's: each is checked before it is
//! used, and none reaches kustomize's environment.

mod announcement;
mod application;
mod generate;
mod parameters;

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::sources::Shared;

/// Run as a config management plugin of Argo CD
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print the application's manifests: the kustomize build, with workloads patched
    ///
    /// Runs in the application's folder and reads the parameters from ARGOCD_APP_PARAMETERS. Reads no other variable of
    /// the application, and passes none to kustomize.
    Generate(generate::Args),
    /// Print the parameters of an application for Argo CD
    Parameters(Shared),
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    match &args.command {
        Command::Generate(args) => generate::run(args, io),
        Command::Parameters(shared) => announcement::run(shared, io),
    }
}

#[cfg(feature = "fuzzing")]
pub(in crate::cli) use parameters::Parameters;
