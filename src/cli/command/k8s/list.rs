//! `iamra k8s list`

use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::roster::{Format, print};
use crate::cli::sources::Shared;

/// List workloads and their identities, as `iamra list` does
#[derive(clap::Args)]
pub(super) struct Args {
    /// The declaration, or a folder at or below it
    #[arg(long, default_value = ".", value_name = "PATH")]
    declaration: PathBuf,
    /// Print JSON with a `schemaVersion`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    shared: Shared,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    print(&args.declaration, if args.json { Format::Json } else { Format::Table }, &args.shared, io)
}
