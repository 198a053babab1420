//! Checks for settings in a pod that conflict with the sidecar.

use std::collections::BTreeSet;

use super::owned::UNDO;
use super::pod::Pod;
use crate::config::{Binding, SidecarStyle, Startup};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::ResourceRef;
use crate::quote::quote;
use crate::render::{CONFIG_HASH, PodChange, WORKLOAD, is_sidecar, is_volume};
use crate::workload::Allows;
use crate::yaml::{FieldPath, NodeRef};

/// Reports conflicts in the pod as a whole.
pub(super) fn check_pod(pod: Pod<'_>, change: &PodChange, target: &ResourceRef, report: &mut Report) {
    let mut say = |code, message: String, at: FieldPath, help: &str| {
        report.push(Diagnostic::error(code, message).at(Place::Item(target.clone(), at)).help(help));
    };
    let text = |at: &FieldPath| pod.node(at).and_then(NodeRef::text);
    let at = pod.spec("hostNetwork");
    // A pod that opens no port exposes nothing on the node's network.
    if change.port.is_some() && pod.is_true(&at) {
        let message = "the pod uses the node's network: every process on the node could fetch its credentials";
        say(
            Code::HostNetwork,
            message.to_owned(),
            at,
            "use `sidecar.delivery: process` or, with AWS's helper, `file`, which open no port; or remove `hostNetwork`",
        );
    }
    for at in [pod.spec("os.name"), pod.spec("nodeSelector").key("kubernetes.io/os")] {
        if text(&at) == Some("windows") {
            let message = "the pod runs on Windows, and the credential helper's image runs only on Linux".to_owned();
            say(Code::WindowsPod, message, at, "remove the workload from the declaration");
        }
    }
    let own = FieldPath::keys("metadata.annotations");
    for at in [own.key(WORKLOAD), own.key(UNDO), pod.place.annotations().key(CONFIG_HASH)] {
        if pod.node(&at).is_some() {
            let message = "the annotation was not written by iamra".to_owned();
            say(Code::AlreadyTaken, message, at, "remove it; iamra stores its own data in it");
        }
    }
    let mut names = BTreeSet::new();
    for container in pod.containers() {
        if !names.insert(container.name) {
            let message = format!("two containers of the pod are named {}", quote(&container.name));
            say(Code::CannotEdit, message, container.path.clone(), "give each container a different name");
        }
        if is_sidecar(container.name) {
            let message = format!("the container {} was not created by iamra", quote(&container.name));
            say(Code::AlreadyTaken, message, container.path.clone(), "remove or rename it");
        }
        let ports = container.node.get("ports").into_iter().flat_map(NodeRef::items).enumerate();
        for (index, port) in ports {
            let Some(ours) = change.port.map(|port| port.to_string()) else { continue };
            let text = |field| port.get(field).and_then(NodeRef::text);
            // UDP and SCTP have ports of their own.
            let is_tcp = text("protocol").is_none_or(|protocol| ["TCP", ""].contains(&protocol));
            if is_tcp && text("containerPort") == Some(&ours) {
                let message = format!("container {} already uses port {ours}", quote(&container.name));
                let at = container.path.key("ports").index(index).key("containerPort");
                say(Code::PortClash, message, at, "set another `sidecar.port` in the declaration");
            }
        }
    }
}

/// Reports volumes that have names of ours.
pub(super) fn check_volume_names(pod: Pod<'_>, target: &ResourceRef, report: &mut Report) {
    let mut say = |message: String, at: FieldPath| {
        let taken = Diagnostic::error(Code::AlreadyTaken, message).at(Place::Item(target.clone(), at));
        report.push(taken.help("rename it"));
    };
    let volumes = pod.spec("volumes");
    for (index, volume) in pod.node(&volumes).into_iter().flat_map(NodeRef::items).enumerate() {
        if let Some(name) = volume.get("name").and_then(NodeRef::text).filter(|name| is_volume(name)) {
            let message = format!("the volume {} was not created by iamra", quote(&name));
            say(message, volumes.index(index));
        }
    }
    // "A claim in this list takes precedence over any volumes in the template, with the same name."
    // <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/stateful-set-v1/#StatefulSetSpec>
    let claims = FieldPath::keys("spec.volumeClaimTemplates");
    for (index, claim) in pod.node(&claims).into_iter().flat_map(NodeRef::items).enumerate() {
        let name = claim.at(&FieldPath::keys("metadata.name")).and_then(NodeRef::text);
        if let Some(name) = name.filter(|name| is_volume(name)) {
            let message = format!("the claim {} would replace iamra's volume of this name", quote(&name));
            say(message, claims.index(index));
        }
    }
}

/// Knative accepts few types of volume unless its operator enabled others.
/// <https://github.com/knative/serving/blob/main/pkg/apis/config/features.go>
pub(super) fn check_volumes(
    allows: Allows,
    change: &PodChange,
    target: &ResourceRef,
    pod: Pod<'_>,
    report: &mut Report,
) {
    let special = |kind: &&str| change.volumes.iter().any(|volume| volume.get(*kind).is_some());
    for kind in ["csi", "image"].into_iter().filter(special).filter(|_| allows == Allows::Plain) {
        let message = format!("the pod gets a volume of type {}, which Knative rejects by default", quote(&kind));
        report.push(
            Diagnostic::warning(Code::RefusedVolume, message)
                .at(Place::Item(target.clone(), pod.spec("volumes")))
                .help(
                    "enable it in Knative's `config-features`, or use `certificate.volume: secret` and \
                       `sidecar.delivery: endpoint` here",
                ),
        );
    }
}

/// Reports when the application is to wait for the sidecar, and nothing can make it.
pub(super) fn check_startup(
    allows: Allows,
    binding: &Binding,
    change: &PodChange,
    target: &ResourceRef,
    pod: Pod<'_>,
    report: &mut Report,
) {
    let is_plain = change.sidecar.is_some() && change.style == SidecarStyle::Container;
    let is_dropped = change.startup == Startup::None && binding.sidecar.startup != Startup::None;
    let (why, native) = match allows {
        Allows::Plain => ("Knative accepts no init containers, and no hooks", ""),
        _ => ("others decide on the order of its containers", "use `sidecar.style: native`, or "),
    };
    if is_plain && is_dropped {
        let message = format!("the application's containers do not wait for the sidecar's credentials: {why}");
        let help = format!(
            "{native}make sure that the application retries its first calls, and set `sidecar: {{style: container, startup: none}}`"
        );
        report.push(
            Diagnostic::warning(Code::EmptyCredentials, message)
                .at(Place::Item(target.clone(), pod.place.spec.clone()))
                .help(help),
        );
    }
}
