//! `iamra build`

use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::injection::{Manifests, inject};
use crate::cli::io::Io;
use crate::cli::kustomize;
use crate::cli::rendered;
use crate::cli::report::{self, finish};
use crate::cli::sources::Explained;
use crate::config::Mode;
use crate::diag::Report;
use crate::output::Sources;
use crate::pipeline::Request;

/// Run `kustomize build` and patch what it prints
///
/// The same as `kustomize build DIR | iamra inject -`, but fails if either fails. In a large tree, a transformer
/// function costs kustomize quadratic time; this command does not.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder with a kustomization
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The declaration, or the folder that contains it; DIR or the nearest folder above it when omitted
    #[arg(long, value_name = "PATH")]
    declaration: Option<PathBuf>,
    /// Write a file (`….yaml`) or a folder with one file per object instead of stdout, replacing what exists
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write nothing; list the files of `--output` that differ from what would be written, and exit with 4
    #[arg(long, requires = "output")]
    check: bool,
    #[command(flatten)]
    kustomize: kustomize::Options,
    #[command(flatten)]
    explained: Explained,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(args.declaration.as_ref().unwrap_or(&args.dir))?;
    let shared = &file.shared_for(&args.dir, &args.explained.shared());
    let built = args.kustomize.run(&args.dir, io)?;
    let manifests = Manifests { name: "kustomize build", bytes: &built };
    let request = Request { absence: file.absence_in(&args.dir), ..shared.request(Some(Mode::All)) };
    let injected = inject(&file, manifests, shared, request)?;
    let Some(path) = &args.output else { return injected.print(finish, io) };
    let mut drift = Report::default();
    match injected.manifests() {
        Some(manifests) if args.check => {
            let again = format!("iamra build {} --output {}", args.dir.display(), path.display());
            drift = rendered::drift(path, &manifests, &again)?;
        }
        Some(manifests) => rendered::write(path, &manifests)?,
        None => {}
    }
    let exit = injected.finish(finish, io)?;
    report::tell(&drift, Sources::default(), io)?;
    Ok(if drift.has_errors() { Exit::Differs } else { exit })
}
