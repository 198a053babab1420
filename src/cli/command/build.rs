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
use crate::name::DEFAULT_NAMESPACE;
use crate::output::Sources;

/// Run `kustomize build` and patch what it prints
///
/// The same as `kustomize build DIR | iamra inject -`, with the exit code of both. A transformer function in a large
/// tree costs kustomize quadratic time; this does not.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder with a kustomization
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The declaration, or the folder it is in; DIR or the nearest folder above it when omitted
    #[arg(long, value_name = "PATH")]
    declaration: Option<PathBuf>,
    /// Write a file (`….yaml`), or a folder with a file for each object, instead of stdout; what is there is replaced
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write nothing; say which files of `--output` are not what would be written, and exit with 4
    #[arg(long, requires = "output")]
    check: bool,
    #[command(flatten)]
    kustomize: kustomize::Options,
    #[command(flatten)]
    explained: Explained,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.explained.shared();
    let file = File::open(args.declaration.as_ref().unwrap_or(&args.dir))?;
    let built = args.kustomize.run(&args.dir, io)?;
    let manifests = Manifests { name: "kustomize build", bytes: &built };
    let request = shared.request(Some(Mode::All), Some(DEFAULT_NAMESPACE));
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
