//! `iamra build`

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::Exit;
use super::args::{File, Shared};
use super::error::Error;
use super::inject;
use super::io::Io;
use crate::config::Mode;

/// Run `kustomize build` and patch what it prints
///
/// The same as `kustomize build DIR | iamra inject -`, with the exit code of both. A transformer function in a large
/// tree costs kustomize quadratic time; this does not.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Folder with a kustomization
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The declaration, or the folder it is in; DIR or the nearest folder above it when omitted
    #[arg(long, value_name = "PATH")]
    declaration: Option<PathBuf>,
    /// The kustomize program
    #[arg(long, default_value = "kustomize", env = "IAMRA_KUSTOMIZE", value_name = "PATH")]
    kustomize: PathBuf,
}

pub(super) fn run(args: &Args, shared: &Shared, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(args.declaration.as_ref().unwrap_or(&args.dir))?;
    let name = format!("{} build", args.kustomize.display());
    let output = Command::new(&args.kustomize)
        .arg("build")
        .arg(&args.dir)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Error::Program(name.clone(), error))?;
    if !output.status.success() {
        return Err(Error::Failed(name));
    }
    inject::inject(&file, &output.stdout, "kustomize build", Mode::All, shared, io)
}
