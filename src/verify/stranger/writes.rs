//! What an object has written, by itself or by a controller that reads it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Object;
use crate::verify::copiers;

/// An object that another one has written.
pub(super) struct Written<'o> {
    pub(super) kind: &'o str,
    pub(super) name: &'o str,
    /// The namespaces that it may be in.
    pub(super) namespaces: Vec<Option<&'o str>>,
}

/// Fields under which a kind and a name are of an object that is written: Kyverno's, and those of kustomize's patches.
/// <https://kyverno.io/docs/policy-types/cluster-policy/generate/>
/// <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/>
const WRITING: &[&str] = &["generate", "target", "targets"];

/// Policies by which admission changes pods, by group and kind; an empty kind is any of the group.
/// <https://kyverno.io/docs/policy-types/>
/// <https://open-policy-agent.github.io/gatekeeper/website/docs/mutation/>
/// <https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/>
/// <https://openkruise.io/docs/user-manuals/sidecarset/>
const MUTATORS: &[(&str, &str)] = &[
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("apps.kruise.io", "SidecarSet"),
    ("mutations.gatekeeper.sh", ""),
    ("policies.kyverno.io", "MutatingPolicy"),
];

/// Whether admission changes objects by it. A policy of Kyverno may as well refuse them only.
pub(super) fn is_mutator(object: &Object) -> bool {
    if object.group() == "kyverno.io" {
        let rules = object.value.pointer("/spec/rules").and_then(Value::as_array);
        return rules.into_iter().flatten().any(|rule| rule.get("mutate").is_some());
    }
    MUTATORS.iter().any(|(group, kind)| object.group() == *group && (kind.is_empty() || object.kind() == *kind))
}

/// Whether what a field names by kind and name is written.
pub(super) fn is_writing(field: &str) -> bool {
    WRITING.contains(&field)
}

/// What an object has written under a name that stands nowhere else, or is its own.
pub(super) fn of(object: &Object) -> Vec<Written<'_>> {
    let here = || vec![object.namespace()];
    let first = |pointers: &[&str]| {
        let texts = pointers.iter().map(|pointer| object.text(pointer)).find(|text| !text.is_empty());
        texts.unwrap_or_else(|| object.name())
    };
    let kind_at = |pointer: &str| Some(object.text(pointer)).filter(|kind| !kind.is_empty()).unwrap_or("Secret");
    match (object.group(), object.kind()) {
        // <https://external-secrets.io/latest/api/externalsecret/>
        ("external-secrets.io", "ExternalSecret") => vec![Written {
            kind: kind_at("/spec/target/manifest/kind"),
            name: first(&["/spec/target/name"]),
            namespaces: here(),
        }],
        ("external-secrets.io", "ClusterExternalSecret") => vec![Written {
            kind: kind_at("/spec/externalSecretSpec/target/manifest/kind"),
            name: first(&["/spec/externalSecretSpec/target/name", "/spec/externalSecretName"]),
            namespaces: vec![None],
        }],
        ("bitnami.com", "SealedSecret") | ("onepassword.com", "OnePasswordItem") => {
            vec![Written { kind: "Secret", name: object.name(), namespaces: here() }]
        }
        // <https://cert-manager.io/docs/trust/trust-manager/api-reference/>
        ("trust.cert-manager.io", "Bundle" | "ClusterBundle") => {
            let is_there = |(field, _): &(&str, &str)| object.value.pointer(&format!("/spec/target/{field}")).is_some();
            let targets = [("configMap", "ConfigMap"), ("secret", "Secret")].into_iter().filter(is_there);
            targets.map(|(_, kind)| Written { kind, name: object.name(), namespaces: vec![None] }).collect()
        }
        ("", kind @ ("ConfigMap" | "Secret")) => {
            // One that would be a ConfigMap of ours itself is there twice; the Secrets are not in the stream.
            let own = (kind == "Secret").then(|| object.namespace());
            vec![Written {
                kind,
                name: object.name(),
                namespaces: own.into_iter().chain(copiers::namespaces(object)).collect(),
            }]
        }
        _ => Vec::new(),
    }
}

/// The kinds of the manifests in a text: the words behind `kind`.
pub(super) fn manifests(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let behind = words.clone().skip(1);
    words.zip(behind).filter(|(word, _)| *word == "kind").map(|(_, kind)| kind).collect()
}
