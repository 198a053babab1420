//! Places that name objects and neither read nor write them.

use super::Object;
use crate::config;
use crate::yaml::{FieldPath, Step};

/// The fields that lead to such a place. None lead to the whole object.
type Fields = &'static [&'static str];

/// Such places, by group and kind; an empty kind is any of the group.
const PLACES: &[(&str, &str, &[Fields])] = &[
    // Who may read what by these is said elsewhere.
    ("rbac.authorization.k8s.io", "ClusterRole", &[&[]]),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", &[&[]]),
    ("rbac.authorization.k8s.io", "Role", &[&[]]),
    ("rbac.authorization.k8s.io", "RoleBinding", &[&[]]),
    // The declaration.
    ("iamra.dev", config::KIND, &[&[]]),
    // approver-policy says who may use an issuer.
    ("policy.cert-manager.io", "CertificateRequestPolicy", &[&[]]),
    // Comparisons, and what a project allows. <https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/>
    ("argoproj.io", "Application", &[&["spec", "ignoreDifferences"]]),
    ("argoproj.io", "ApplicationSet", &[&["spec", "template", "spec", "ignoreDifferences"]]),
    (
        "argoproj.io",
        "AppProject",
        &[
            &["spec", "clusterResourceBlacklist"],
            &["spec", "clusterResourceWhitelist"],
            &["spec", "namespaceResourceBlacklist"],
            &["spec", "namespaceResourceWhitelist"],
            &["spec", "orphanedResources"],
        ],
    ),
    // Health checks and comparisons. <https://fluxcd.io/flux/components/>
    ("kustomize.toolkit.fluxcd.io", "Kustomization", &[&["spec", "healthChecks"]]),
    ("helm.toolkit.fluxcd.io", "HelmRelease", &[&["spec", "driftDetection"]]),
    // <https://fleet.rancher.io/bundle-diffs>
    ("fleet.cattle.io", "Bundle", &[&["spec", "diff"]]),
    ("fleet.cattle.io", "GitRepo", &[&["spec", "diff"]]),
    // What admission rejects. <https://kyverno.io/docs/policy-types/cluster-policy/validate/>
    ("kyverno.io", "ClusterPolicy", VALIDATION),
    ("kyverno.io", "Policy", VALIDATION),
    ("kyverno.io", "PolicyException", &[&[]]),
    ("constraints.gatekeeper.sh", "", &[&[]]),
    (
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicy",
        &[&["spec", "matchConditions"], &["spec", "validations"], &["spec", "variables"]],
    ),
    ("policies.kyverno.io", "ValidatingPolicy", &[&["spec", "matchConditions"], &["spec", "validations"]]),
    // A schema and its descriptions.
    ("apiextensions.k8s.io", "CustomResourceDefinition", &[&[]]),
    // Metrics have names of objects in their labels. <https://prometheus-operator.dev/docs/api-reference/api/>
    ("monitoring.coreos.com", "PrometheusRule", &[&[]]),
    ("operator.victoriametrics.com", "VMRule", &[&[]]),
];

const VALIDATION: &[Fields] = &[
    &["spec", "rules", "exclude"],
    &["spec", "rules", "preconditions"],
    &["spec", "rules", "validate", "anyPattern"],
    &["spec", "rules", "validate", "deny"],
    &["spec", "rules", "validate", "message"],
    &["spec", "rules", "validate", "pattern"],
];

/// Annotations that do so: who restarts with a Secret, what kubectl has applied, whose CA certificate a webhook is given, and
/// what a policy is about.
/// <https://github.com/stakater/Reloader>
/// <https://kubernetes.io/docs/reference/labels-annotations-taints/>
/// <https://cert-manager.io/docs/concepts/ca-injector/>
const ANNOTATIONS: &[&str] = &[
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "policies.kyverno.io/description",
    "policies.kyverno.io/title",
    "kubectl.kubernetes.io/last-applied-configuration",
    "configmap.reloader.stakater.com/reload",
    "configmaps.exclude.reloader.stakater.com/reload",
    "secret.reloader.stakater.com/reload",
    "secrets.exclude.reloader.stakater.com/reload",
];

/// The places of an object that only name others.
pub(super) struct Naming {
    places: Vec<Fields>,
}

impl Naming {
    pub(super) fn of(object: &Object) -> Self {
        let is_its = |(group, kind, _): &&(&str, &str, &[Fields])| {
            object.group() == *group && (kind.is_empty() || object.kind() == *kind)
        };
        Self { places: PLACES.iter().filter(is_its).flat_map(|(.., fields)| fields.iter().copied()).collect() }
    }

    /// Whether there is such a place.
    pub(super) fn has(&self, at: &FieldPath) -> bool {
        let key = |step: &'_ Step| if let Step::Key(key) = step { Some(key.clone()) } else { None };
        if let [.., Step::Key(within), Step::Key(key)] = at.steps()
            && within == "annotations"
        {
            return ANNOTATIONS.contains(&key.as_str());
        }
        !self.places.is_empty() && {
            let keys: Vec<_> = at.steps().iter().filter_map(key).collect();
            self.places.iter().any(|fields| keys.iter().eq(fields.iter()))
        }
    }
}
