//! What the cluster and this machine need before anything is installed.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::Args;
use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::{Io, aside};
use crate::cli::progress::waiting;
use crate::cli::report;
use crate::diag::{Code, Diagnostic, Report};
use crate::disk;
use crate::doctor::prerequisites::{CONTROLLER, Cluster, DEFINITIONS, Looked, Needs, prerequisites};
use crate::output::Sources;
use crate::pipeline;
use crate::quote::{line, quote};

/// The oldest kustomize that iamra is tested with.
const OLDEST: [u32; 3] = [5, 0, 3];

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let mut report = Report::default();
    let file = match File::open(&args.dir) {
        Ok(file) => Some(file),
        Err(Error::Disk(disk::Error::NoDeclaration(_))) => None,
        Err(error) => return Err(error),
    };
    let needs = if let Some(file) = &file {
        needs(args, file, &mut report)
    } else {
        let words = "there is no declaration, so namespaces are not checked, and the other settings are the usual ones";
        io.words(&format_args!("note: {words}\n"))?;
        Some(Needs::usual())
    };
    let mut lines = Vec::new();
    if let Some(needs) = needs {
        lines.extend(prerequisites(&needs, &cluster(io), &mut report));
        lines.extend(kustomize(&mut report));
        lines.extend(engine(io)?);
    }
    let text: String = lines.iter().map(|it| format!("ok: {}\n", line(it))).collect();
    io.data(|out| out.write_all(text.as_bytes()))?;
    report::finish(&report, file.as_ref().map_or_else(Sources::default, File::sources), io)
}

/// What the declaration asks of the clusters, or of the one that was named; `None` when it is invalid, which is reported.
fn needs(args: &Args, file: &File, report: &mut Report) -> Option<Needs> {
    let shared = args.shared();
    let documents = file.documents(report)?;
    let snapshot = pipeline::snapshot(documents.whole(), shared.request(None), None, report);
    snapshot.filter(|_| !report.has_errors()).map(|views| Needs::of(views.values().map(|view| &view.config)))
}

fn cluster(io: &Io) -> Cluster {
    let [certificates, policies] = DEFINITIONS;
    let list = ["--ignore-not-found", "--output", "json"];
    let get = |words: &[&str]| kubectl(&[&["get"], words, &list].concat(), io);
    Cluster {
        version: kubectl(&["get", "--raw", "/version"], io),
        definitions: get(&["customresourcedefinitions.apiextensions.k8s.io", certificates, policies]),
        deployments: get(&["deployments.apps", "--all-namespaces", "--selector", CONTROLLER]),
        namespaces: get(&["namespaces"]),
    }
}

/// What kubectl prints, or why it does not.
fn kubectl(words: &[&str], io: &Io) -> Looked {
    let name = format!("kubectl {}", words.iter().take(2).copied().collect::<Vec<_>>().join(" "));
    let mut command = Command::new("kubectl");
    command.args(words).stdin(Stdio::null());
    let output = waiting(&name, io, || command.output());
    aside(&format_args!("ran {name}"));
    let output = output.map_err(|error| match error.kind() {
        ErrorKind::NotFound => "kubectl is not on PATH".to_owned(),
        _ => format!("kubectl cannot be run: {error}"),
    })?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        // The last line is the error; warnings and attempts come before it.
        let why = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("kubectl failed");
        return Err(line(why.trim_start_matches("Error from server ")));
    }
    // With `--ignore-not-found`, nothing is printed in place of an empty list.
    if output.stdout.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    let read: Value = serde_json::from_slice(&output.stdout).map_err(|_| "kubectl printed no JSON".to_owned())?;
    let is_one = read.get("items").is_none() && read.get("kind").is_some();
    Ok(if is_one { serde_json::json!({"items": [read]}) } else { read })
}

/// What a program says of itself on its first line; `None` when it cannot be run.
fn said(program: &str, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().filter(|_| output.status.success()).map(|line| line.trim().to_owned())
}

fn kustomize(report: &mut Report) -> Option<String> {
    let help = "install kustomize: https://kubectl.docs.kubernetes.io/installation/kustomize/";
    if let Some(said) = said("kustomize", &["version"]) {
        return match version(&said) {
            Some(found) if found >= OLDEST => Some(format!("kustomize is {}", quote(&said))),
            Some(_) => {
                let message =
                    format!("kustomize is {}, and the oldest that iamra is tested with is v5.0.3", quote(&said));
                report.push(Diagnostic::warning(Code::UnmetPrerequisite, message).help(help));
                None
            }
            None => {
                let message = format!("kustomize does not say which version it is: {}", quote(&said));
                report.push(Diagnostic::error(Code::NotChecked, message).help(help));
                None
            }
        };
    }
    if said("kubectl", &["version", "--client"]).is_some() {
        return Some("there is no kustomize on PATH; `iamra build` uses `kubectl kustomize`".to_owned());
    }
    let message = "neither kustomize nor kubectl is on PATH, so `iamra build` builds nothing";
    report.push(Diagnostic::warning(Code::UnmetPrerequisite, message).help(help));
    None
}

/// The numbers of a version such as `v5.8.2`, as also in `{kustomize/v5.0.3 …}`.
fn version(text: &str) -> Option<[u32; 3]> {
    let mut parts = text.split('v').filter(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    let mut numbers = parts.next()?.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some([next()?, next()?, next()?])
}

/// What runs images for container functions, which not everybody uses.
fn engine(io: &mut Io) -> Result<Option<String>, Error> {
    if let Some(docker) = said("docker", &["--version"]) {
        if said("docker", &["version", "--format", "{{.Server.Version}}"]).is_some() {
            return Ok(Some(format!("{}, for functions in images", quote(&docker))));
        }
        io.words(&"note: Docker is installed, and its engine does not answer; only functions in images need it\n")?;
        return Ok(None);
    }
    let found = if said("podman", &["--version"]).is_some() {
        "Podman is installed, and kustomize calls `docker`: functions in images need a `docker` that is Podman (podman-docker)"
    } else {
        "neither Docker nor Podman is on PATH; only functions in images need one"
    };
    io.words(&format_args!("note: {found}\n"))?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_kustomize() {
        for (text, expected) in [
            ("v5.8.2", Some([5, 8, 2])),
            ("{kustomize/v4.5.7  2022-08-02T16:35:54Z  }", Some([4, 5, 7])),
            ("(devel)", None),
            ("v5", None),
        ] {
            assert_eq!(version(text), expected, "{text}");
        }
    }
}
