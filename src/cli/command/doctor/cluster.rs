//! The objects of a cluster, from kubectl or from a file.

use std::path::Path;
use std::process::{Command, Stdio};

use memchr::memmem;
use serde_json::Value;

use super::Args;
use crate::cli::error::Error;
use crate::cli::io::{Io, aside};
use crate::cli::paths::display;
use crate::cli::progress::waiting;
use crate::diag::{Code, Diagnostic, Report};
use crate::disk;
use crate::doctor::Wanted;
use crate::plan;
use crate::resolve::Resolved;

/// The kinds to request from kubectl, by their full names, because other groups have certificates and issuers too.
/// <https://cert-manager.io/docs/reference/api-docs/>
const KINDS: &str = "certificates.cert-manager.io,certificaterequests.cert-manager.io,issuers.cert-manager.io,\
                     clusterissuers.cert-manager.io";

const WITHOUT_KUBECTL: &str = "install kubectl, or pass its output from another machine with `--objects FILE`";

const WITHOUT_CERT_MANAGER: &str = "install cert-manager in this cluster (https://cert-manager.io/docs/installation/), or \
                                    choose another cluster: `kubectl config current-context` names this one";

const UNREADABLE_CLUSTER: &str = "check that kubectl reaches the right cluster, and that you may read it: `kubectl config \
                                  current-context`, `kubectl auth can-i list certificates.cert-manager.io --all-namespaces`";

const PIPE: &str = "pipe the output of `kubectl get … --output json` into it, or name a file: `--objects FILE`";

/// The Certificates that should be there.
pub(super) fn wanted(resolved: &Resolved) -> Vec<Wanted> {
    let workloads = plan::declared(resolved, None).workloads;
    let one = |planned: &plan::PlannedWorkload<'_>| Wanted {
        workload: planned.binding().workload.clone(),
        namespace: planned.namespace.clone(),
        name: planned.certificate_name(),
        place: planned.binding().place.clone(),
    };
    workloads.iter().filter(|planned| planned.has_certificate()).map(one).collect()
}

/// The workloads whose certificates are not objects in the cluster.
pub(super) fn unseen(resolved: &Resolved) -> Vec<String> {
    let workloads = plan::declared(resolved, None).workloads;
    let unseen = workloads.iter().filter(|planned| !planned.has_certificate());
    unseen.map(|planned| planned.binding().workload.clone()).collect()
}

/// The objects of the cluster; `None` when the cluster is not checked, or when they cannot be read, which is reported.
pub(super) fn objects(args: &Args, report: &mut Report, io: &mut Io) -> Result<Option<Vec<Value>>, Error> {
    let (name, text) = match &args.objects {
        Some(path) if path == Path::new("-") => ("stdin".to_owned(), Io::read(PIPE)?),
        Some(path) => (display(path), disk::read_manifests(path)?),
        None if args.cluster.is_some() => ("kubectl".to_owned(), kubectl(io)?.into()),
        None => return Ok(None),
    };
    let list: Option<Value> = serde_json::from_slice(&text).ok();
    let items = list.and_then(|mut list| list.get_mut("items").map(Value::take));
    if let Some(Value::Array(items)) = items {
        return Ok(Some(items));
    }
    report.push(
        Diagnostic::error(Code::UnreadableInput, format!("{name} is not a JSON list of objects"))
            .help(format!("use the output of `kubectl get {KINDS} --all-namespaces --output json`")),
    );
    Ok(None)
}

fn kubectl(io: &mut Io) -> Result<Vec<u8>, Error> {
    let mut command = Command::new("kubectl");
    command.args(["get", KINDS, "--all-namespaces", "--output", "json"]).stdin(Stdio::null());
    let output = waiting(&"kubectl get", io, || command.output());
    aside(&"ran kubectl get");
    let output = output.map_err(|error| Error::Program("kubectl get".to_owned(), WITHOUT_KUBECTL, error))?;
    io.words(&String::from_utf8_lossy(&output.stderr))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let lacks_kinds = memmem::find(&output.stderr, b"doesn't have a resource type").is_some();
    Err(Error::Cluster(if lacks_kinds { WITHOUT_CERT_MANAGER } else { UNREADABLE_CLUSTER }))
}
