//! `iamra demo`

use std::path::PathBuf;
use std::time::SystemTime;

use time::Duration;

use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::{Exit, report};
use crate::diag::Report;
use crate::krm::Stream;
use crate::output::Sources;
use crate::pipeline::{self, Request};
use crate::resolve::Lockfile;
use crate::yaml::{Document, emit};
use crate::{ca, disk, render};

/// Write an example, render it, and explain what you see
///
/// The example has its own CA. Needs no AWS account, no cluster and no flags. Prints the rendered manifests to stdout and
/// an explanation to stderr; the tree stays in DIR.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder to write the example to
    #[arg(default_value = "iamra-demo")]
    dir: PathBuf,
}

/// The namespace of the example.
const NAMESPACE: &str = "shop";

/// The example's files. The last of them is the workload that is patched.
const FILES: [(&str, &str); 4] = [
    ("iamra.yaml", include_str!("iamra.yaml")),
    ("iamra.lock", include_str!("iamra.lock")),
    ("kustomization.yaml", include_str!("kustomization.yaml")),
    ("deployment.yaml", include_str!("deployment.yaml")),
];

#[expect(clippy::expect_used, reason = "what is read is part of the program")]
pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let dir = &args.dir;
    for (name, text) in FILES {
        let path = dir.join(name);
        if disk::read_if_there(&path)?.is_some_and(|there| there != text) {
            return Err(Error::Exists(path));
        }
    }
    // The CA's key exists in memory only. In a cluster, somebody else creates the Secret.
    let authority = ca::mint(
        ca::Subject { name: "iamra demo CA", from: SystemTime::now().into(), life: Duration::days(365) },
        ca::Algorithm::P256,
    )?;
    for (name, text) in FILES {
        disk::write(&dir.join(name), text)?;
    }
    let mut report = Report::default();
    let [(_, declaration), (_, lock), _, (_, manifest)] = FILES;
    let document = Document::parse(declaration).expect("the example is YAML");
    let lock = Lockfile::read("iamra.lock", Some(lock), &mut report);
    let request = Request::default();
    let resolved = pipeline::resolve(document.root(), request, &lock, &mut report);
    let stream = Stream::read(manifest).expect("the example is a stream");
    let changes = resolved.map(|it| pipeline::run(&it, &stream.items, request, &mut report));
    let mut changes = changes.unwrap_or_default();
    changes.appended.insert(0, emit::document(&render::ca(Some(&NAMESPACE.to_owned()), &authority).value));
    io.data(|out| changes.write_stream(&stream, out))?;
    // The explanation follows the manifests, where users look after a run in a terminal.
    io.words(&format_args!("{}\n", explanation(&dir.display().to_string())))?;
    report::finish(&report, Sources::default(), io)
}

fn explanation(dir: &str) -> String {
    // The program as it was called, so that the commands can be pasted.
    let program = std::env::args().next().unwrap_or_else(|| "iamra".to_owned());
    include_str!("explanation.txt").trim_end().replace("{dir}", dir).replace("{iamra}", &program)
}
