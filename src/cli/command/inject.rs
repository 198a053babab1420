//! `iamra inject`

use std::path::{Path, PathBuf};

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::injection::{Manifests, inject};
use crate::cli::io::Io;
use crate::cli::manifests;
use crate::cli::report::finish;
use crate::cli::sources::Explained;
use crate::config::Mode;
use crate::disk;
use crate::pipeline::Request;

/// Patch workloads in manifests, and add what they need
///
/// Reads multi-document YAML and writes it back with everything else unchanged:
/// `kustomize build . | iamra inject - | kubectl apply -f -`
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// File with manifests, or `-` for stdin
    #[arg(default_value = "-")]
    manifests: PathBuf,
    /// The declaration, or the folder that contains it
    #[arg(long, default_value = ".", value_name = "PATH")]
    declaration: PathBuf,
    /// Patch the workloads only; print the rest with `iamra render`
    #[arg(long)]
    workloads_only: bool,
    #[command(flatten)]
    explained: Explained,
}

const PIPE: &str = "pipe manifests into it: `kustomize build . | iamra inject -`, or name a file: `iamra inject FILE`";

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.explained.shared();
    let file = File::open(&args.declaration)?;
    let bytes = manifests::read(&args.manifests, PIPE)?;
    let mode = if args.workloads_only { Mode::Transform } else { Mode::All };
    let manifests = Manifests { name: manifests::name_of(&args.manifests), bytes: &bytes };
    // Where it is called is where the build is, as far as it is known.
    let request = Request { absence: file.absence_in(&disk::whole(Path::new("."))), ..shared.request(Some(mode)) };
    inject(&file, manifests, shared, request)?.print(finish, io)
}
