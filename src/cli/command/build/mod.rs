//! `iamra build`

mod several;

use std::path::{Path, PathBuf};

use crate::cli::Exit;
use crate::cli::builds::{self, Build, Inputs};
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::injection::{Manifests, inject};
use crate::cli::io::{Io, output_file};
use crate::cli::kustomization;
use crate::cli::kustomize;
use crate::cli::rendered;
use crate::cli::report::{self, finish};
use crate::cli::sources::Explained;
use crate::config::Mode;
use crate::diag::Report;
use crate::disk;
use crate::output::Sources;
use crate::pipeline::Request;

/// Run `kustomize build` and patch what it prints
///
/// The same as `kustomize build DIR | iamra inject -`, but fails if either fails. In a large tree, a transformer
/// function costs kustomize quadratic time; this command does not.
///
/// Several folders, or a pattern, are built in parallel, each into its own folder below `--output`: what the wildcards stand
/// for, or its path. One that fails is named, and the others are written; the exit code is that of the worst.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folders with a kustomization, or patterns for them, such as 'apps/*/overlays/prod'
    #[arg(default_value = ".", value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// The declaration, or the folder that contains it; DIR or the nearest folder above it when omitted
    #[arg(long, value_name = "PATH")]
    declaration: Option<PathBuf>,
    /// File (`….yaml`) to write, or folder for one file per object, replacing what exists; stdout when omitted, or `-`
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write nothing; list the files of `--output` that differ from what would be written, and exit with 4
    #[arg(long, requires = "output")]
    check: bool,
    /// Files among the folders are changed files: check only the builds that may read one of them, or all if there is none
    #[arg(long, requires = "check")]
    changed: bool,
    #[command(flatten)]
    kustomize: kustomize::Options,
    #[command(flatten)]
    explained: Explained,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let (changed, mut dirs) = builds::without_changed(&args.dirs, args.changed);
    if dirs.is_empty() {
        dirs.push(".".into());
    }
    match dirs.as_slice() {
        [dir] if !builds::are_several(&dirs) => one(dir, &changed, args, io),
        _ => several::run(&dirs, &changed, args, io),
    }
}

fn one(dir: &Path, changed: &[PathBuf], args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let output = output_file(args.output.as_ref());
    let is_by_hand = output.is_some_and(|output| builds::is_in(output, changed));
    let this = vec![Build { folder: dir.to_owned(), name: dir.to_owned() }];
    if !is_by_hand && builds::touched(this, changed, args.inputs()).is_empty() {
        return Ok(Exit::Done);
    }
    let file = File::open(args.declaration.as_deref().unwrap_or(dir))?;
    if args.check && output.is_none() {
        let help = "name the file or the folder that is compared with what would be written";
        return Err(Error::Combination("`--check` writes nothing to stdout", help));
    }
    if let Some(path) = output.filter(|path| !args.check && path.is_file()) {
        let is_read = args.inputs().of(&file).iter().any(|it| disk::is_same(path, it));
        if is_read || kustomization::is_made_of(dir, path) {
            return Err(Error::Source(path.clone()));
        }
    }
    let whole = &disk::whole(dir);
    let shared = || file.shared_for(whole, &args.explained.shared());
    let mut loaded = None;
    let built = args.kustomize.run(dir, io, || loaded = file.load(&shared()))?;
    let shared = &shared();
    let manifests = Manifests { name: "kustomize build", bytes: &built };
    let (absence, naming) = (file.absence_in(whole), kustomization::naming(whole));
    let request = shared.request(Some(Mode::All));
    let request = Request { absence, naming: Some(&naming), loaded: loaded.as_ref(), ..request };
    let injected = inject(&file, manifests, shared, request)?;
    let Some(path) = output else { return injected.print(finish, io) };
    let mut drift = Report::default();
    match injected.manifests() {
        Some(manifests) if args.check => {
            let again = format!("iamra build {} --output {}", dir.display(), path.display());
            drift = rendered::drift(path, &manifests, &again)?;
        }
        Some(manifests) => rendered::write(path, &manifests)?,
        None => {}
    }
    let exit = injected.finish(finish, io)?;
    report::tell(&drift, Sources::default(), io)?;
    Ok(if drift.has_errors() { Exit::Differs } else { exit })
}

impl Args {
    fn inputs(&self) -> Inputs<'_> {
        Inputs { declaration: self.declaration.as_deref(), at_hand: &self.explained.given().sources.at_hand }
    }
}
