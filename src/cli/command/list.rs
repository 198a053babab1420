//! `iamra list`

use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::roster::{Format, print};
use crate::cli::sources::Shared;

/// List workloads and their identities
///
/// Shows workload, cluster, namespace, role, its ARN, certificate and target. Lists all clusters, or the one selected by
/// `--cluster`. ARNs come from the lock file; `-` stands for one that is not locked.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    shared: Shared,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    print(&args.dir, args.format, &args.shared, io)
}
