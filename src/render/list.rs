//! Every object that iamra emits, in order.

use k8s_openapi::Resource as _;
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::Value;

use super::admission_policy;
use super::approver_policy::{self, POLICY};
use super::ca_secret::ca_secret;
use super::certificate::{CERTIFICATE, certificate};
use super::config_map::config_map;
use super::custom_resource::custom_resource;
use super::names::{GENERATED_FOR, MANAGED_BY, SAMPLE, SCOPE};
use super::object::{Manifest, metadata};
use super::order::ordered;
use super::sample::sample;
use crate::certificate::Authority;
use crate::config::{ArgoCd, Binding};
use crate::issuer::{self, CaId, Contents, DEFAULT_SCOPE, IssuerObject, Part, Reach};
use crate::krm::group_of;
use crate::name;
use crate::plan::{Plan, Prerequisite};
use crate::workload::{Order, SYNC_WAVE};

/// Every object of the plan, in the order in which a cluster needs them. With `hash_suffix`, ConfigMaps ask kustomize
/// for a hash in their names. Each is made when it is taken: as values, they take ten times as much memory as their text.
pub fn objects(plan: &Plan<'_>, argo_cd: ArgoCd, hash_suffix: bool) -> impl Iterator<Item = Manifest> {
    let guards =
        plan.guards.iter().flat_map(|guard| admission_policy::policy(guard).map(|it| (it, Wave::Policy, guard.wave)));
    let approvals =
        plan.approvals.iter().flat_map(|it| approver_policy::policy(it).map(|value| (value, Wave::Policy, it.wave)));
    let is_approved = move |it: &&Prerequisite<'_>| plan.approvals.iter().any(|of| of.binding().scope == it.scope);
    let authorities = plan
        .prerequisites
        .iter()
        .filter(is_approved)
        .filter_map(|it| Some(approver_policy::of_authority(it)?.map(|value| (value, Wave::Policy, it.wave))));
    let prerequisites = plan.prerequisites.iter().filter_map(object);
    let certified = plan.workloads.iter().filter(|planned| planned.has_certificate());
    let certificates = certified.map(|planned| (certificate(planned), Wave::Certificate, planned.wave));
    let config_maps =
        plan.workloads.iter().map(move |planned| (config_map(planned, hash_suffix), Wave::Certificate, planned.wave));
    let samples = plan.workloads.iter().filter(|planned| planned.binding().sample);
    let samples = samples.map(|planned| (sample(planned).value, Wave::Workload, planned.wave));
    let values = guards
        .chain(authorities.flatten())
        .chain(approvals)
        .chain(prerequisites)
        .chain(certificates)
        .chain(config_maps)
        .chain(samples);
    values.map(move |(value, wave, first)| Manifest { value: ordered(tell(argo_cd, value, wave, first)) })
}

/// Kind and name of every object that [`objects`] has for a workload, but for its sample, whose name ends in a hash.
pub fn idents(binding: &Binding) -> Vec<(&'static str, String)> {
    let certificate =
        binding.certificate.has_secret().then(|| (CERTIFICATE.kind, name::of_certificate(&binding.workload)));
    let config_map = [(ConfigMap::KIND, name::of_config_map(&binding.workload))];
    certificate.into_iter().chain(config_map).collect()
}

/// The Secret of the default scope with a given CA, for the Issuer that expects it to exist.
pub fn ca(namespace: Option<&String>, authority: &Authority) -> Manifest {
    let metadata = metadata(
        &issuer::secret(CaId::first(DEFAULT_SCOPE), &Reach::Namespace).name,
        namespace,
        (SCOPE, DEFAULT_SCOPE),
    );
    Manifest { value: ordered(ca_secret(metadata, authority)) }
}

/// The sync wave of an emitted object, relative to that of the first workload that needs it.
/// <https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/>
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wave {
    Policy = -5,
    Root = -4,
    Ca = -3,
    Issuer = -2,
    Certificate = -1,
    Workload = 0,
}

/// Adds the Argo CD annotations to an object. `first` is the wave of the first workload that needs it: one that is earlier
/// than usual would wait forever for an object without a wave.
/// <https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/>
#[expect(clippy::indexing_slicing, reason = "each of our objects is a mapping, and so is its metadata")]
fn tell(argo_cd: ArgoCd, mut value: Value, wave: Wave, first: i32) -> Value {
    let annotations = &mut value["metadata"]["annotations"];
    if (argo_cd.sync_waves || first < Order::USUAL.wave) && wave != Wave::Workload {
        annotations[SYNC_WAVE] = first.saturating_add(wave as i32).to_string().into();
    }
    if argo_cd.keep_ca && wave == Wave::Ca {
        annotations["argocd.argoproj.io/sync-options"] = "Prune=false,Delete=false".into();
    }
    value
}

/// `None` when its CA is not known.
fn object(prerequisite: &Prerequisite<'_>) -> Option<(Value, Wave, i32)> {
    let IssuerObject { kind, part, name, contents, .. } = prerequisite.object;
    let metadata = metadata(name, prerequisite.namespace.as_ref(), (SCOPE, prerequisite.scope));
    let value = match contents {
        Contents::KeyPair => ca_secret(metadata, prerequisite.authority?),
        Contents::Spec(spec) => custom_resource(&kind.gvk, metadata, spec),
        Contents::PrivateCa(_) => return None,
    };
    let wave = match part {
        Part::Root => Wave::Root,
        Part::Secret => Wave::Ca,
        Part::Signer => Wave::Issuer,
    };
    Some((value, wave, prerequisite.wave))
}

/// Whether an object is one that we emit: of a kind that we make, with a mark of ours and the label, whatever that says by
/// now. `annotated` and `labelled` say whether it has an annotation or a label of this name.
pub fn is_emitted(
    api_version: &str,
    kind: &str,
    annotated: impl Fn(&str) -> bool,
    labelled: impl Fn(&str) -> bool,
) -> bool {
    let is_kind = match (group_of(api_version), kind) {
        ("", "ConfigMap")
        | ("rbac.authorization.k8s.io", "Role" | "RoleBinding")
        | ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy" | "ValidatingAdmissionPolicyBinding") => true,
        ("", "Pod") => labelled(SAMPLE),
        (group, kind) if (group, kind) == (POLICY.group, POLICY.kind) => true,
        (group, kind) if (group, kind) == (CERTIFICATE.group, CERTIFICATE.kind) => true,
        (group, kind) => issuer::object_kind(kind).is_some_and(|known| known.gvk.group == group),
    };
    is_kind && labelled(MANAGED_BY) && [GENERATED_FOR, SCOPE].into_iter().any(annotated)
}
