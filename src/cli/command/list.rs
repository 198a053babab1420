//! `iamra list`

use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::roster::{Format, print};
use crate::cli::sources::Shared;

/// Print who is what: workload, cluster, namespace, role, its ARN, certificate and target
///
/// Of all clusters, or of the one that `--cluster` names. ARNs are those of the lock file, and `-` while it has none.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    shared: Shared,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    print(&args.dir, args.format, &args.shared, io)
}
