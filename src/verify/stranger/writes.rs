//! Words by which an object has others written, or changed by admission.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Object;
use crate::yaml;

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
        let rules = yaml::at(&object.value, "/spec/rules").and_then(Value::as_array);
        return rules.into_iter().flatten().any(|rule| rule.get("mutate").is_some());
    }
    MUTATORS.iter().any(|(group, kind)| object.group() == *group && (kind.is_empty() || object.kind() == *kind))
}

/// Whether what a field names by kind and name is written.
pub(super) fn is_writing(field: &str) -> bool {
    WRITING.contains(&field)
}

/// The kinds of the manifests in a text: the words behind `kind`.
pub(super) fn manifests(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let behind = words.clone().skip(1);
    words.zip(behind).filter(|(word, _)| *word == "kind").map(|(_, kind)| kind).collect()
}
