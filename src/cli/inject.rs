//! `iamra inject`

use std::path::PathBuf;

use super::args::{self, File, Shared};
use super::error::Error;
use super::function::unreadable;
use super::io::Io;
use super::render::NAMESPACE;
use super::{Exit, strip};
use crate::config::Mode;
use crate::diag::Report;
use crate::krm::Stream;
use crate::output::{self, Declaration, Sources};
use crate::pipeline;

/// Patch the declared workloads in plain manifests, and add what they need
///
/// Reads multi-document YAML and writes it back with everything else untouched:
/// `kustomize build . | iamra inject - | kubectl apply -f -`
#[derive(clap::Args)]
pub(super) struct Args {
    /// File with manifests, or `-` for stdin
    #[arg(default_value = "-")]
    manifests: PathBuf,
    /// The declaration, or the folder it is in
    #[arg(long, default_value = ".", value_name = "PATH")]
    declaration: PathBuf,
    /// Patch the workloads only; print the rest with `iamra render`
    #[arg(long)]
    workloads_only: bool,
}

pub(super) fn run(args: &Args, shared: &Shared, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(&args.declaration)?;
    let bytes = strip::manifests(&args.manifests)?;
    let mode = if args.workloads_only { Mode::Transform } else { Mode::All };
    inject(&file, &bytes, strip::name_of(&args.manifests), mode, shared, io)
}

/// Injects into the manifests, named `name` in messages, and writes them.
pub(super) fn inject(
    file: &File,
    manifests: &[u8],
    name: &str,
    mode: Mode,
    shared: &Shared,
    io: &mut Io,
) -> Result<Exit, Error> {
    let mut report = Report::default();
    let declaration = Declaration::File(&file.name, &file.text);
    let stream = match Stream::from_utf8(manifests) {
        Ok(stream) => stream,
        Err(error) => {
            report.push(unreadable(&error));
            let sources = Sources { declaration, input: None };
            output::write_report(&report, sources, io.err()).map_err(Error::Output)?;
            return Ok(args::exit(&report));
        }
    };
    let sources = Sources { declaration, input: Some((name, stream.text())) };
    let request = shared.request(Some(mode), Some(NAMESPACE));
    if let Some(resolved) = file.resolve(shared, request, &mut report)? {
        let changes = pipeline::run(&resolved, &stream.items, request, &mut report);
        if !report.has_errors() {
            io.data(|out| changes.write_stream(&stream, out))?;
        }
    }
    output::write_report(&report, sources, io.err()).map_err(Error::Output)?;
    Ok(args::exit(&report))
}
