//! `iamra install`

use std::env;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::kustomize::plugin_path;
use crate::disk;

/// Copy the program into a folder, for init containers
///
/// Needs no shell. Replaces existing files atomically, so a running program is not disturbed.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder to copy to, such as a volume
    dir: PathBuf,
    /// Copy kustomize too
    #[arg(long)]
    with_kustomize: bool,
    /// Copy it to the path where kustomize looks for an exec plugin; DIR is the plugin home, such as
    /// `~/.config/kustomize/plugin`
    #[arg(long, conflicts_with = "with_kustomize")]
    kustomize_plugin: bool,
    /// The kustomize program
    #[arg(long, default_value = "kustomize", env = "IAMRA_KUSTOMIZE", value_name = "PATH")]
    kustomize: PathBuf,
}

const WITHOUT_KUSTOMIZE: &str = "install kustomize, or set its path with `--kustomize PATH`";

pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let own = env::current_exe().map_err(|error| Error::Program("iamra".to_owned(), "start it by its path", error))?;
    // Both programs are found before either is copied.
    let kustomize = args.with_kustomize.then(|| on_path(&args.kustomize)).transpose()?;
    let name = if args.kustomize_plugin { plugin_path() } else { "iamra".into() };
    disk::install(&own, &args.dir.join(name))?;
    if let Some(kustomize) = kustomize {
        disk::install(&kustomize, &args.dir.join("kustomize"))?;
    }
    Ok(Exit::Done)
}

/// The path of the program that this name starts.
fn on_path(program: &Path) -> Result<PathBuf, Error> {
    let has_folder = program.components().count() > 1;
    let path = env::var_os("PATH").filter(|_| !has_folder).unwrap_or_default();
    let folders = env::split_paths(&path).chain(has_folder.then(PathBuf::new));
    let mut candidates = folders.map(|folder| folder.join(program));
    candidates
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| Error::Program(program.display().to_string(), WITHOUT_KUSTOMIZE, ErrorKind::NotFound.into()))
}
