//! `iamra demo`

mod fold;
mod laptop;

use std::path::PathBuf;
use std::time::SystemTime;

use time::Duration;

use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::terminal::{self, Part};
use crate::cli::{Exit, report};
use crate::diag::Report;
use crate::krm::Stream;
use crate::output::Sources;
use crate::pipeline::{self, Request};
use crate::quote::lines;
use crate::resolve::Lockfile;
use crate::yaml::{Document, emit};
use crate::{ca, disk, render, serve};

use laptop::Workload;

/// Write an example, render it, and explain what you see
///
/// The example has its own CA. Needs no AWS account, no cluster and no flags. Prints the rendered manifests to stdout, in
/// outline if that is a terminal, and then an explanation to stderr, with commands to go on with; the tree stays in DIR.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder to write the example to
    #[arg(default_value = "iamra-demo")]
    dir: PathBuf,
    /// Print the manifests as they are on a terminal, too
    #[arg(long)]
    full: bool,
    /// Go on to credentials in place of the manifests: a certificate, a credential server, and the identity that an application gets.
    /// No AWS is asked; a stand-in on 127.0.0.1 checks the certificate and the signatures. On a terminal, serves until Ctrl-C
    #[arg(long, conflicts_with = "full", hide = !serve::IS_HERE)]
    serve: bool,
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
    if let Some(binding) = resolved.iter().flat_map(|it| &it.bindings).next().filter(|_| args.serve) {
        let common_name = &binding.declared.certificate.common_name;
        return laptop::run(dir, &authority, &Workload { common_name, identity: &binding.identity }, io);
    }
    let changes = resolved.map(|it| pipeline::run(&it, &stream.items, request, &mut report));
    let mut changes = changes.unwrap_or_default();
    changes.appended.insert(0, emit::document(&render::ca(Some(&NAMESPACE.to_owned()), &authority).value));
    let mut rendered = Vec::new();
    changes.write_stream(&stream, &mut rendered).map_err(Error::Output)?;
    let width = terminal::width().filter(|_| !args.full);
    match width {
        Some(width) => io.data(|out| out.write_all(outline(&rendered, width).as_bytes()))?,
        None => io.data(|out| out.write_all(&rendered))?,
    }
    // The explanation follows the manifests, where users look after a run in a terminal.
    if !terminal::is_quiet() {
        io.told(explanation(&dir.display().to_string(), width.is_some()))?;
    }
    report::finish(&report, Sources::default(), io)
}

/// What is new in the manifests, with a mark before each line.
fn outline(rendered: &[u8], width: usize) -> String {
    let [.., (_, original)] = FILES;
    let rendered = String::from_utf8_lossy(rendered);
    let mut text = String::new();
    for line in fold::folded(original, &rendered, width.saturating_sub(2)) {
        let (part, mark) = if line.is_new { (Part::Added, '+') } else { (Part::Aside, ' ') };
        text.push_str(&part.on_stdout(&format!("{mark} {}", line.text)));
        text.push('\n');
    }
    text
}

/// What the manifests are, and how to go on.
fn explanation(dir: &str, is_outline: bool) -> String {
    // The program as it was called, so that the commands can be pasted.
    let program = std::env::args().next().unwrap_or_else(|| "iamra".to_owned());
    let outline = if is_outline { ", in outline: `--full` prints it as it is" } else { "" };
    let serve = if serve::IS_HERE {
        "  # from the CA to credentials on this machine, with a stand-in for AWS\n  {iamra} demo --serve {dir}\n"
    } else {
        ""
    };
    let text = include_str!("explanation.txt").replace("{outline}", outline).replace("{serve}", serve);
    let text = text.replace("{dir}", dir).replace("{iamra}", &program);
    let mut painted = String::from("\n");
    let mut is_command = false;
    for line in lines(&text).lines() {
        let part = match line.strip_prefix("  ") {
            _ if is_command => Some(Part::Command),
            None => Some(Part::Heading),
            Some(rest) => rest.starts_with("# ").then_some(Part::Aside),
        };
        is_command = part == Some(Part::Aside);
        let line = part.filter(|_| !line.is_empty()).map_or_else(|| line.to_owned(), |part| part.on_stderr(line));
        painted.push_str(&line);
        painted.push('\n');
    }
    painted
}
