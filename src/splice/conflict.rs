//! What in a pod would win over the sidecar, break it, or is in its way.

use std::collections::BTreeSet;

use super::owned::UNDO;
use super::pod::{Container, Pod};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::ResourceRef;
use crate::render::{CONFIG_HASH, PodChange, SIDECAR, VOLUME};
use crate::yaml::{FieldPath, NodeRef};

/// Variables that make every SDK take other credentials: the metadata endpoint is the last place they look.
const OVERRIDES: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "static keys"),
    ("AWS_SECRET_ACCESS_KEY", "static keys"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "a web identity token"),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "a container credentials endpoint"),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "a container credentials endpoint"),
    ("AWS_PROFILE", "a named profile"),
    ("AWS_SHARED_CREDENTIALS_FILE", "a credentials file"),
];

/// Says what stands in the way in the pod as a whole.
pub(super) fn check_pod(pod: Pod<'_>, change: &PodChange, target: &ResourceRef, report: &mut Report) {
    let mut say = |code, message: String, at: FieldPath, help: &str| {
        report.push(Diagnostic::error(code, message).at(Place::Item(target.clone(), at)).help(help));
    };
    let text = |at: &FieldPath| pod.node(at).and_then(NodeRef::text);
    let at = pod.at("spec.hostNetwork");
    if text(&at) == Some("true") {
        let message = "the pod uses the node's network: every process of the node could fetch its credentials";
        say(
            Code::HostNetwork,
            message.to_owned(),
            at,
            "remove `hostNetwork`, or give this workload its own node identity",
        );
    }
    for at in [pod.at("spec.os.name"), pod.at("spec.nodeSelector").key("kubernetes.io/os")] {
        if text(&at) == Some("windows") {
            let message = "the pod runs on Windows, the credential helper's image on Linux only".to_owned();
            say(Code::WindowsPod, message, at, "remove the workload from the declaration");
        }
    }
    let volumes = pod.at("spec.volumes");
    for (index, volume) in pod.node(&volumes).into_iter().flat_map(NodeRef::items).enumerate() {
        if volume.get("name").and_then(NodeRef::text) == Some(VOLUME) {
            let message = format!("the volume `{VOLUME}` is not one that iamra made");
            say(Code::AlreadyTaken, message, volumes.index(index), "rename it");
        }
    }
    for at in [annotation(&FieldPath::root(), UNDO), annotation(pod.template, CONFIG_HASH)] {
        if pod.node(&at).is_some() {
            let message = "the annotation is not one that iamra wrote".to_owned();
            say(Code::AlreadyTaken, message, at, "remove it; iamra keeps its own notes there");
        }
    }
    let mut names = BTreeSet::new();
    for container in pod.containers() {
        if !names.insert(container.name) {
            let message = format!("two containers of the pod are named `{}`", container.name);
            say(Code::CannotEdit, message, container.path.clone(), "give each container a name of its own");
        }
        if container.name == SIDECAR {
            let message = format!("the container `{SIDECAR}` is not one that iamra made");
            say(Code::AlreadyTaken, message, container.path.clone(), "remove or rename it");
        }
        let ports = container.node.get("ports").into_iter().flat_map(NodeRef::items).enumerate();
        for (index, port) in ports {
            if port.get("containerPort").and_then(NodeRef::text) == Some(&change.port.to_string()) {
                let message = format!("container `{}` already uses port {}", container.name, change.port);
                let at = container.path.key("ports").index(index).key("containerPort");
                say(Code::PortClash, message, at, "set another `sidecar.port` in the declaration");
            }
        }
    }
}

fn annotation(owner: &FieldPath, name: &str) -> FieldPath {
    owner.join(&FieldPath::keys("metadata.annotations")).key(name)
}

/// Says what in one container would win over the sidecar. The names of ours that the user has set are returned.
pub(super) fn check_container(
    container: &Container<'_>,
    change: &PodChange,
    target: &ResourceRef,
    report: &mut Report,
) -> Vec<String> {
    let at = |name: &str| Place::Item(target.clone(), container.path.key("env").named(name));
    let mut kept = Vec::new();
    let mut proxied = None;
    let mut exempt = false;
    for (name, entry) in container.env() {
        let value = entry.get("value").and_then(NodeRef::text);
        let found = OVERRIDES.iter().find(|(variable, _)| *variable == name).map(|(_, what)| *what);
        let disabled = name == "AWS_EC2_METADATA_DISABLED" && value.is_some_and(|it| it.eq_ignore_ascii_case("true"));
        if let Some(what) = found.or(disabled.then_some("no metadata endpoint at all")) {
            let message = format!("container `{}` sets `{name}`: the SDK would use {what} instead", container.name);
            report.push(
                Diagnostic::error(Code::CredentialsOverride, message)
                    .at(at(name))
                    .help("remove the variable, or list the container under `except`"),
            );
        }
        match name {
            "HTTP_PROXY" | "http_proxy" => proxied = Some(name),
            "NO_PROXY" | "no_proxy" => {
                exempt |= value.is_none_or(|hosts| hosts.split(',').any(|host| host.trim() == "127.0.0.1"));
            }
            _ => {}
        }
        if let Some((_, ours)) = change.environment.iter().find(|(variable, _)| *variable == name) {
            kept.push(name.to_owned());
            check_kept(container, name, value, ours, at(name), report);
        }
    }
    if let Some(name) = proxied.filter(|_| !exempt) {
        let message =
            format!("container `{}` sets `{name}`, and the proxy would get the calls for credentials", container.name);
        report.push(
            Diagnostic::warning(Code::ProxyWithoutException, message)
                .at(at(name))
                .help("add `127.0.0.1` to NO_PROXY in that container"),
        );
    }
    kept
}

fn check_kept(
    container: &Container<'_>,
    name: &str,
    value: Option<&str>,
    ours: &str,
    place: Place,
    report: &mut Report,
) {
    if value == Some(ours) {
        return;
    }
    let message = format!("container `{}` sets `{name}` itself; iamra would set `{ours}`", container.name);
    report.push(if name == "AWS_EC2_METADATA_SERVICE_ENDPOINT" {
        let help = "remove the variable, or list the container under `except`";
        Diagnostic::error(Code::CredentialsOverride, message).at(place).help(help)
    } else {
        Diagnostic::warning(Code::EnvironmentKept, message).at(place).help("remove it, or leave it if it is meant")
    });
}
