//! `iamra verify`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::findings::{Checked, Format, Levels, Vouched};
use crate::cli::io::Io;
use crate::cli::manifests;
use crate::cli::sources::Offline;
use crate::config::Mode;
use crate::diag::Report;
use crate::krm::Stream;
use crate::memory::Bytes;
use crate::pipeline::{self, Request};
use crate::verify::Rendered;
use crate::{disk, splice, verify};

/// Check rendered manifests against the declaration
///
/// It does not matter what rendered them. Every declared workload must be patched exactly as iamra would patch it; the
/// objects it refers to must exist; no object may have an identity that is not declared. With `--without`, nothing else may
/// differ from a build without iamra.
///
/// Exit codes: 0 no error, 1 an error.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// File with manifests, a folder with such files in and below it, or `-` for stdin
    #[arg(default_value = "-")]
    manifests: PathBuf,
    /// The declaration, or the folder that contains it
    #[arg(long, default_value = ".", value_name = "PATH")]
    declaration: PathBuf,
    /// The same manifests rendered without iamra: a file, a folder, or `-` for stdin
    #[arg(long, value_name = "MANIFESTS")]
    without: Option<PathBuf>,
    /// Output format; all formats except `human` go to stdout
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    sidecar: Vouched,
    #[command(flatten)]
    levels: Levels,
    #[command(flatten)]
    offline: Offline,
}

const PIPE: &str =
    "pipe manifests into it: `kustomize build . | iamra verify -`, or name a file or folder: `iamra verify PATH`";

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.offline.shared();
    let file = File::open(&args.declaration)?;
    let text = read(&args.manifests)?;
    let without = args.without.as_deref().map(read).transpose()?;
    let name = manifests::name_of(&args.manifests);
    let mut report = Report::default();
    let mut levels = BTreeMap::new();
    let stream = parse(name, &text, &mut report);
    let rendered = stream.as_ref().map(|stream| Rendered::of(&stream.items, &args.sidecar.images));
    let opted_in = rendered.as_ref().map_or_else(Vec::new, |rendered| rendered.opted_in(&mut report));
    // Where it is called is where the build is, as far as it is known.
    let absence = file.absence_in(&disk::whole(Path::new(".")));
    let request = Request { opted_in: &opted_in, ..shared.request(Some(Mode::Validate)) };
    if let Some(resolved) = file.resolve(shared, request, &mut report)?
        && let Some((stream, rendered)) = stream.as_ref().zip(rendered.as_ref())
    {
        levels.clone_from(&resolved.checks);
        pipeline::verify(&resolved, rendered, absence, &mut report);
        if let Some(without) =
            without.as_deref().and_then(|text| parse("the manifests without iamra", text, &mut report))
        {
            check_untouched(stream, &without, &mut report);
        }
    }
    report.judge(&args.levels.over(&levels));
    let input = str::from_utf8(&text).ok().map(|text| (name.to_owned(), text.to_owned()));
    args.format.write(&[Checked { input, report, levels, ..Checked::of(file) }], io)
}

/// The manifests in a file, in a folder and all below it, or on stdin.
fn read(path: &Path) -> Result<Bytes, Error> {
    if !path.is_dir() {
        return manifests::read(path, PIPE);
    }
    Ok(disk::read_manifest_folder(path)?.join("\n---\n").into_bytes().into())
}

fn parse<'t>(name: &str, bytes: &'t [u8], report: &mut Report) -> Option<Stream<'t>> {
    manifests::parse(name, bytes).map_err(|instead| report.push(*instead)).ok()
}

/// Removes everything that iamra added from the stream, and compares the rest.
#[expect(clippy::expect_used, reason = "memory takes all, and the changes are made for this stream")]
fn check_untouched(stream: &Stream<'_>, without: &Stream<'_>, report: &mut Report) {
    let changes = splice::strip(&stream.items, report);
    let mut bytes = Vec::new();
    changes.write_stream(stream, &mut bytes).expect("memory takes all");
    let stripped = Stream::from_utf8(&bytes).ok();
    let items = stripped.as_ref().map_or(&[][..], |stripped| &stripped.items);
    verify::check_untouched(items, &without.items, report);
}
