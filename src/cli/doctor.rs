//! `iamra doctor`

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::Exit;
use super::args::{self, File, Shared};
use super::error::Error;
use super::io::Io;
use crate::config::Mode;
use crate::diag::{Code, Diagnostic, Report};
use crate::disk;
use crate::doctor::{self, Wanted};
use crate::output::{self, Declaration, Sources};
use crate::plan;
use crate::resolve::Resolved;

/// Find out why credentials do not come
///
/// Says what is well on stdout, and what is not, why, and what to do on stderr. Of the cluster it looks at Certificates, their
/// requests and issuers, never at a Secret.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Look into the cluster that kubectl talks to
    #[arg(long)]
    kubectl: bool,
    /// Look into what `kubectl get certificates,certificaterequests,issuers,clusterissuers --all-namespaces --output json`
    /// has printed; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "kubectl")]
    objects: Option<PathBuf>,
}

/// What is asked of kubectl. By their full names: others have certificates and issuers, too.
const KINDS: &str = "certificates.cert-manager.io,certificaterequests.cert-manager.io,issuers.cert-manager.io,\
                     clusterissuers.cert-manager.io";

pub(super) fn run(args: &Args, shared: &Shared, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(&args.dir)?;
    let mut report = Report::default();
    // Who only looks needs no CA, and above all not its key.
    let resolved = file.resolve(shared, shared.request(Some(Mode::Transform), None), &mut report)?;
    let mut lines = Vec::new();
    if let Some(resolved) = resolved.filter(|_| !report.has_errors()) {
        lines.push(format!("{} identities are declared, and every reference has a value", resolved.bindings.len()));
        if let Some(objects) = objects(args, &mut report)? {
            lines.extend(doctor::certificates(&wanted(&resolved), &objects, &mut report));
        }
    }
    let text: String = lines.iter().map(|line| format!("ok: {line}\n")).collect();
    io.data(|out| out.write_all(text.as_bytes()))?;
    let sources = Sources { declaration: Declaration::File(&file.name, &file.text), input: None };
    output::write_report(&report, sources, io.err()).map_err(Error::Output)?;
    Ok(args::exit(&report))
}

fn wanted(resolved: &Resolved) -> Vec<Wanted> {
    let members = plan::declared(resolved, None).members;
    let one = |member: &plan::Member<'_>| Wanted {
        workload: member.bound.binding.workload.clone(),
        namespace: member.namespace.clone(),
        name: member.certificate_name(),
        place: member.bound.binding.place.clone(),
    };
    members.iter().map(one).collect()
}

/// The objects of the cluster; `None` when nobody asked for it, or they cannot be read, which is reported.
fn objects(args: &Args, report: &mut Report) -> Result<Option<Vec<Value>>, Error> {
    let (name, text) = match &args.objects {
        Some(path) if path == Path::new("-") => ("stdin".to_owned(), Io::read()?),
        Some(path) => (path.display().to_string(), disk::read(path)?.into_bytes()),
        None if args.kubectl => ("kubectl".to_owned(), kubectl()?),
        None => return Ok(None),
    };
    let list: Option<Value> = serde_json::from_slice(&text).ok();
    let items = list.and_then(|mut list| list.get_mut("items").map(Value::take));
    if let Some(Value::Array(items)) = items {
        return Ok(Some(items));
    }
    report.push(
        Diagnostic::error(Code::UnreadableInput, format!("{name} is not a list of objects in JSON"))
            .help(format!("give what `kubectl get {KINDS} --all-namespaces --output json` prints")),
    );
    Ok(None)
}

fn kubectl() -> Result<Vec<u8>, Error> {
    let mut command = Command::new("kubectl");
    command.args(["get", KINDS, "--all-namespaces", "--output", "json"]).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| Error::Program("kubectl get".to_owned(), error))?;
    if output.status.success() { Ok(output.stdout) } else { Err(Error::Failed("kubectl get".to_owned())) }
}
