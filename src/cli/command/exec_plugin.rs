//! A legacy exec plugin of kustomize, which `kubectl kustomize` can run without Docker. kustomize finds a plugin by the
//! kind of its configuration, runs it in the folder of the kustomization with the name of a configuration file, and
//! reads plain manifests from its stdout. It shows its stderr only when it fails.
//! <https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/plugins/execplugin/execplugin.go>

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::manifests::unreadable;
use crate::cli::report;
use crate::cli::sources::Shared;
use crate::config::{KIND, Mode};
use crate::diag::Report;
use crate::disk;
use crate::krm::{Changes, Stream};
use crate::output::{Declaration, Sources};
use crate::pipeline;
use crate::yaml::{Document, FieldPath, NodeRef};

/// Run as a legacy exec plugin of kustomize
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// File with the declaration
    declaration: PathBuf,
    #[command(flatten)]
    shared: Shared,
}

/// The command's name.
const COMMAND: &str = "exec-plugin";

/// The process's arguments. kustomize starts a plugin by the name of its kind, with nothing but a file's name.
pub(in crate::cli) fn arguments() -> Vec<OsString> {
    let mut arguments: Vec<_> = env::args_os().collect();
    let program = arguments.first().and_then(|program| Path::new(program).file_name());
    if program.is_some_and(|name| name == KIND) && arguments.get(1).is_some_and(|file| Path::new(file).is_absolute()) {
        arguments.insert(1, COMMAND.into());
    }
    arguments
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.shared;
    let text = disk::read(&args.declaration)?;
    let bytes = Io::read("kustomize calls it")?;
    let mut report = Report::default();
    let stream = match Stream::from_utf8(&bytes) {
        _ if bytes.is_empty() => None,
        Ok(stream) => Some(stream),
        Err(error) => {
            report.push(unreadable("stdin", &error));
            None
        }
    };
    // A generator gets no objects, but neither does a transformer of a build that has none.
    let generator = bytes.is_empty() && !is(&text, &["transform", "validate"]);
    let mode = generator.then_some(Mode::Generate);
    let request = pipeline::Request { generator, transformer: !generator, ..shared.request(mode) };
    let file = File::alone(String::new(), text, Path::new(""));
    let mut changes = Changes::default();
    if let Some(resolved) = file.resolve(shared, request, &mut report)?.filter(|_| !report.has_errors()) {
        let items = stream.as_ref().map_or(&[][..], |stream| &stream.items);
        changes = pipeline::run(&resolved, items, request, &mut report);
    }
    // The temporary file's name and line numbers mean nothing to the author of the declaration.
    let input = stream.as_ref().map(|stream| ("stdin", stream.text()));
    let sources = Sources { declaration: Declaration::FunctionConfig(None), input };
    // kustomize treats a validator's output as a change even if nothing differs, and drops it otherwise.
    let validates = is(&file.text, &["validate"]);
    report::finish_with(&report, sources, io, |io| {
        if report.has_errors() || validates { Ok(()) } else { io.data(|out| write(&changes, stream.as_ref(), out)) }
    })
}

/// Whether the declaration's mode is one of these.
fn is(declaration: &str, modes: &[&str]) -> bool {
    let document = Document::parse(declaration).ok();
    let mode = document.as_ref().and_then(|document| document.at(&FieldPath::keys("spec.mode")));
    mode.and_then(NodeRef::text).is_some_and(|mode| modes.contains(&mode))
}

fn write(changes: &Changes, stream: Option<&Stream<'_>>, out: &mut dyn Write) -> io::Result<()> {
    match stream {
        Some(stream) => changes.write_stream(stream, out),
        None => out.write_all(changes.appended.join("---\n").as_bytes()),
    }
}
