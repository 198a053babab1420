//! `iamra argocd`: a config management plugin of Argo CD.
//!
//! Argo CD unpacks the repository, starts us in the application's folder, and shows people our stderr when we fail. The
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

/// Be a config management plugin of Argo CD
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print the application's manifests: what kustomize builds, injected
    ///
    /// Runs in the application's folder and takes the parameters from ARGOCD_APP_PARAMETERS. No other variable of the
    /// application is read, and kustomize is given none.
    Generate(generate::Args),
    /// Announce the parameters that an application has
    Parameters(Shared),
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    match &args.command {
        Command::Generate(args) => generate::run(args, io),
        Command::Parameters(shared) => announcement::run(shared, io),
    }
}
