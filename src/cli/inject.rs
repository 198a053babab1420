//! `iamra inject`

use std::io::{self, Write};
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
use crate::pipeline::{self, Request};

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

/// Plain manifests, and how messages name them.
pub(super) struct Manifests<'m> {
    pub(super) name: &'m str,
    pub(super) bytes: &'m [u8],
}

/// How a report is told.
type Tell = fn(&Report, Sources<'_>, &mut dyn Write) -> io::Result<()>;

pub(super) fn run(args: &Args, shared: &Shared, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(&args.declaration)?;
    let bytes = strip::manifests(&args.manifests)?;
    let mode = if args.workloads_only { Mode::Transform } else { Mode::All };
    let manifests = Manifests { name: strip::name_of(&args.manifests), bytes: &bytes };
    inject(&file, &manifests, shared, shared.request(Some(mode), Some(NAMESPACE)), output::write_report, io)
}

/// Injects into the manifests and writes them, or tells why not.
pub(super) fn inject(
    file: &File,
    manifests: &Manifests<'_>,
    shared: &Shared,
    request: Request<'_>,
    tell: Tell,
    io: &mut Io,
) -> Result<Exit, Error> {
    let mut report = Report::default();
    let declaration = Declaration::File(&file.name, &file.text);
    let stream = match Stream::from_utf8(manifests.bytes) {
        Ok(stream) => stream,
        Err(error) => {
            report.push(unreadable(&error));
            tell(&report, Sources { declaration, input: None }, io.err()).map_err(Error::Output)?;
            return Ok(args::exit(&report));
        }
    };
    let sources = Sources { declaration, input: Some((manifests.name, stream.text())) };
    if let Some(resolved) = file.resolve(shared, request, &mut report)? {
        let changes = pipeline::run(&resolved, &stream.items, request, &mut report);
        if !report.has_errors() {
            io.data(|out| changes.write_stream(&stream, out))?;
        }
    }
    tell(&report, sources, io.err()).map_err(Error::Output)?;
    Ok(args::exit(&report))
}
