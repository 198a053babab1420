//! Ways by which others than the sidecar get at the key, or at credentials: mounts, annotations that a webhook reads, the node.

use std::collections::BTreeSet;

use super::pod::Pod;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::ResourceRef;
use crate::name::{unescaped, words};
use crate::quote::quote;
use crate::render::{Keepers, PodChange, is_volume};
use crate::yaml::{FieldPath, NodeRef};

/// Annotations that name volumes and have nothing mounted.
/// <https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md>
/// <https://velero.io/docs/main/file-system-backup/>
const MOUNTS_NOTHING: &[&str] =
    &["backup.velero.io/backup-volumes-excludes", "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"];

/// Where a node has the Secrets of its pods, or a way into their containers.
/// <https://kubernetes.io/docs/concepts/storage/volumes/#hostpath>
/// <https://kubernetes.io/docs/reference/node/kubelet-files/>
const KEYS_OF_NODE: &[&str] =
    &["/proc", "/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/docker.sock", "/var/lib/kubelet"];

/// What is under such a place and has no keys in it.
const NO_KEYS: &[&str] = &[
    "/proc/sys",
    "/var/lib/kubelet/device-plugins",
    "/var/lib/kubelet/plugins",
    "/var/lib/kubelet/plugins_registry",
    "/var/lib/kubelet/pod-resources",
    "/var/lib/kubelet/seccomp",
];

/// Fields that may have mounts, in addition to a pod's containers: those of a running pod, a set of containers in an Argo
/// template, and the container that Prometheus' operator adds for Thanos. The mounts of the operator's own container are
/// in the pod's `spec` itself.
/// <https://github.com/argoproj/argo-workflows/blob/main/pkg/apis/workflow/v1alpha1/workflow_types.go>
/// <https://github.com/prometheus-operator/prometheus-operator/tree/main/example/prometheus-operator-crd>
const HOLDERS: &[&str] = &["ephemeralContainers", "containerSet", "thanos"];

/// Reports what beside the sidecar would get keys in a pod, whoever it is.
pub(super) fn check_pod(pod: Pod<'_>, target: &ResourceRef, report: &mut Report) {
    check_mounts(pod, target, report);
    check_node(pod, target, report);
    check_processes(pod, target, report);
}

/// Reports what beside the sidecar would get the key of one identity.
pub(super) fn check_identity(pod: Pod<'_>, change: &PodChange, target: &ResourceRef, report: &mut Report) {
    check_annotations(pod, change, target, report);
    check_secret(pod, change, target, report);
}

/// Whether a text under a field is about volumes of pods and what mounts them.
pub fn speaks_of_mounts(field: &str, text: &str) -> bool {
    let speaks = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("mount") || text.contains("volume")
    };
    !MOUNTS_NOTHING.contains(&field) && (speaks(field) || speaks(text))
}

/// Mounts of volumes that are not there yet: they would be those that iamra adds.
fn check_mounts(pod: Pod<'_>, target: &ResourceRef, report: &mut Report) {
    let holders = pod.place.containers.iter().chain(HOLDERS).map(|field| pod.spec(field));
    for holder in holders.chain([pod.place.spec.clone()]) {
        let node = pod.node(&holder);
        let alone = node.filter(|it| it.is_map()).map(|it| (holder.clone(), it));
        let listed = node.into_iter().flat_map(NodeRef::items).enumerate();
        for (at, container) in listed.map(|(index, it)| (holder.index(index), it)).chain(alone) {
            let mounts = container.get("volumeMounts").into_iter().flat_map(NodeRef::items).enumerate();
            for (index, mount) in mounts {
                let Some(name) = mount.get("name").and_then(NodeRef::text).filter(|name| is_volume(name)) else {
                    continue;
                };
                let message = format!("the mount of the volume {} was not created by iamra", quote(&name));
                report.push(
                    Diagnostic::error(Code::AlreadyTaken, message)
                        .at(Place::Item(target.clone(), at.key("volumeMounts").index(index)))
                        .help("remove it; iamra mounts its volumes where they belong"),
                );
            }
        }
    }
}

/// Annotations by which the webhook of a mesh or the like would mount the key in a container of its own.
/// <https://istio.io/latest/docs/reference/config/annotations/>
/// <https://developer.hashicorp.com/vault/docs/platform/k8s/injector/annotations>
fn check_annotations(pod: Pod<'_>, change: &PodChange, target: &ResourceRef, report: &mut Report) {
    let Keepers { volumes, sidecar } = &change.keepers;
    let at = pod.place.annotations();
    for (key, value) in pod.node(&at).into_iter().flat_map(NodeRef::entries) {
        let Some((key, value)) = key.text().zip(value.text()).filter(|(key, value)| speaks_of_mounts(key, value))
        else {
            continue;
        };
        let unescaped = unescaped(value).unwrap_or_default();
        let is_named = |name: &&String| words(value).chain(words(&unescaped)).any(|word| word == *name);
        let Some(name) = volumes.iter().chain([sidecar]).find(is_named) else { continue };
        let message =
            format!("the annotation mounts {} in another container, which could then read the key", quote(name));
        report.push(
            Diagnostic::error(Code::ExposedKey, message)
                .at(Place::Item(target.clone(), at.key(key)))
                .help("remove it; only the sidecar needs the certificate"),
        );
    }
}

/// What of the node has the keys of its pods in it.
fn check_node(pod: Pod<'_>, target: &ResourceRef, report: &mut Report) {
    let volumes = pod.spec("volumes");
    for (index, volume) in pod.node(&volumes).into_iter().flat_map(NodeRef::items).enumerate() {
        let at = FieldPath::keys("hostPath.path");
        let Some(path) = volume.at(&at).and_then(NodeRef::text).filter(|path| has_keys(path)) else { continue };
        let message =
            format!("the pod mounts {} from its node, which gives access to the keys of the node's pods", quote(&path));
        report.push(
            Diagnostic::warning(Code::ExposedKey, message)
                .at(Place::Item(target.clone(), volumes.index(index).join(&at)))
                .help("mount only what it needs, or keep it if the pod may use every identity on its node"),
        );
    }
}

fn has_keys(path: &str) -> bool {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    let path: String = parts.flat_map(|part| ["/", part]).collect();
    // On current systems, `/var/run` is `/run`.
    let path = path.strip_prefix("/var/run").map_or_else(|| path.clone(), |rest| format!("/run{rest}"));
    let is_in =
        |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|it| it.is_empty() || it.starts_with('/'));
    let is_there = KEYS_OF_NODE.iter().any(|keys| is_in(keys, &path) || is_in(&path, keys));
    is_there && !NO_KEYS.iter().any(|other| is_in(&path, other))
}

/// The Secret of the certificate is for the sidecar.
fn check_secret(pod: Pod<'_>, change: &PodChange, target: &ResourceRef, report: &mut Report) {
    let Some(secret) = &change.secret else { return };
    let is_it = |volume: &NodeRef<'_>| {
        let name = volume.get("secret").and_then(|it| it.get("secretName")).and_then(NodeRef::text);
        name == Some(secret)
    };
    let volumes = pod.node(&pod.spec("volumes")).into_iter().flat_map(NodeRef::items).filter(is_it);
    let volumes: BTreeSet<_> = volumes.filter_map(|volume| volume.get("name").and_then(NodeRef::text)).collect();
    for container in pod.containers() {
        let mounts = container.node.get("volumeMounts").into_iter().flat_map(NodeRef::items).enumerate();
        let ours =
            |mount: NodeRef<'_>| mount.get("name").and_then(NodeRef::text).is_some_and(|it| volumes.contains(it));
        for (index, mount) in mounts.filter(|(_, mount)| ours(*mount)) {
            let name = container.name;
            let message = if mount.get("subPath").is_some() {
                format!(
                    "container {} mounts Secret {} with a subPath, which never receives a renewed certificate",
                    quote(&name),
                    quote(&secret)
                )
            } else {
                format!(
                    "container {} mounts Secret {}: with the key in it, the container can use this identity without the sidecar",
                    quote(&name),
                    quote(&secret)
                )
            };
            let at = container.path.key("volumeMounts").index(index);
            report.push(
                Diagnostic::warning(Code::ExposedKey, message)
                    .at(Place::Item(target.clone(), at))
                    .help("remove the mount; if the Secret is the application's own, give the workload another key under `workloads`"),
            );
        }
    }
}

/// Whoever sees a process can look into its files.
/// <https://man7.org/linux/man-pages/man5/proc_pid_root.5.html>
fn check_processes(pod: Pod<'_>, target: &ResourceRef, report: &mut Report) {
    let mut say = |field: &str, message: &str, help: &str| {
        let at = pod.spec(field);
        if pod.is_true(&at) {
            let place = Place::Item(target.clone(), at);
            report.push(Diagnostic::warning(Code::SharedProcesses, message).at(place).help(help));
        }
    };
    say(
        "shareProcessNamespace",
        "the pod's containers share a process namespace: one that runs as root or as the sidecar's user can read the certificate's key",
        "remove `shareProcessNamespace`, or keep it if every container of the pod may use this identity",
    );
    say(
        "hostPID",
        "the pod sees all processes of its node: a container that runs as root or as the sidecar's user can read the keys of the node's pods",
        "remove `hostPID`, or keep it if the pod may use every identity on its node",
    );
}
