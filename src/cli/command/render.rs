//! `iamra render`

use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::report::finish_with;
use crate::cli::sources::Explained;
use crate::config::Mode;
use crate::diag::Report;
use crate::pipeline;
use crate::yaml::emit;

/// Print the objects that a declaration adds
///
/// These are Secrets, Issuers, Certificates and ConfigMaps. Reads `iamra.yaml` and `iamra.lock` in DIR or the nearest
/// folder above it, and needs no network. To patch workloads, use `iamra inject`, `iamra build` or the function.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    #[command(flatten)]
    explained: Explained,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.explained.shared();
    let file = File::open(&args.dir)?;
    let mut report = Report::default();
    let request = shared.request(Some(Mode::Generate));
    let resolved = file.resolve(shared, request, &mut report)?;
    finish_with(&report, file.sources(), io, |io| {
        let Some(resolved) = resolved.filter(|_| !report.has_errors()) else { return Ok(()) };
        let objects = pipeline::generate(&resolved, request);
        let documents: Vec<_> = objects.iter().map(|object| emit::document(&object.value)).collect();
        io.data(|out| out.write_all(documents.join("---\n").as_bytes()))
    })
}
