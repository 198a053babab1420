//! `iamra demo`

use std::path::PathBuf;
use std::time::SystemTime;

use super::Exit;
use super::error::Error;
use super::io::Io;
use crate::diag::Report;
use crate::krm::Stream;
use crate::pipeline::{self, Request};
use crate::resolve::{Layered, Lockfile, Values};
use crate::yaml::{Document, emit};
use crate::{ca, disk, output};

/// See it work: an example tree, a CA of its own, and everything rendered
///
/// Needs no AWS account, no cluster and no flags. The rendered manifests are printed on stdout, the explanation on
/// stderr; the tree stays in DIR to play with.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Folder to write the example to
    #[arg(default_value = "iamra-demo")]
    dir: PathBuf,
}

/// The example's files. The last of them is the workload that is patched.
const FILES: [(&str, &str); 4] = [
    ("iamra.yaml", include_str!("demo/iamra.yaml")),
    ("iamra.lock", include_str!("demo/iamra.lock")),
    ("kustomization.yaml", include_str!("demo/kustomization.yaml")),
    ("deployment.yaml", include_str!("demo/deployment.yaml")),
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
    let authority = ca::mint("iamra demo CA", SystemTime::now().into())?;
    let values = serde_json::json!({
        "ssm:/demo/scopes/default/ca/tls-crt": authority.certificate,
        "ssm:/demo/scopes/default/ca/tls-key": authority.key.reveal(),
    });
    for (name, text) in FILES {
        disk::write(&dir.join(name), text)?;
    }
    let mut report = Report::default();
    let [(_, declaration), (_, lock), _, (_, manifest)] = FILES;
    let document = Document::parse(declaration).expect("the example is YAML");
    // The CA's certificate and key live in memory only: a lock never holds a key.
    let values = Values::read("the demo's CA", &emit::document(&values), &mut report);
    let lock = Lockfile::read("iamra.lock", Some(lock), &mut report);
    let request = Request::default();
    let resolved = pipeline::resolve(document.root(), request, &Layered(vec![&values, &lock]), &mut report);
    let stream = Stream::read(manifest).expect("the example is a stream");
    let changes = resolved.map(|it| pipeline::run(&it, &stream.items, request, &mut report));
    io.words(&format_args!("{}\n", explanation(&dir.display().to_string())))?;
    output::write_report(&report, output::Sources::default(), io.err()).map_err(Error::Output)?;
    io.data(|out| changes.unwrap_or_default().write_stream(&stream, out))?;
    Ok(super::args::exit(&report))
}

fn explanation(dir: &str) -> String {
    // As it was called, so that the commands can be pasted.
    let program = std::env::args().next().unwrap_or_else(|| "iamra".to_owned());
    include_str!("demo/explanation.txt").trim_end().replace("{dir}", dir).replace("{iamra}", &program)
}
