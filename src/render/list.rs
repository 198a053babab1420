//! Every object that iamra emits, in order.

use serde_json::Value;

use super::ca_issuer::ca_issuer;
use super::ca_secret::ca_secret;
use super::certificate::certificate;
use super::config_map::config_map;
use super::names::SCOPE;
use super::object::{Manifest, metadata};
use super::order::ordered;
use super::sample::sample;
use crate::certificate::Authority;
use crate::config::ArgoCd;
use crate::issuer::{DEFAULT_SCOPE, IssuerObject, ca_secret_name};
use crate::plan::{Plan, Prerequisite};

/// Every object of the plan, in the order in which a cluster needs them. With `hash_suffix`, ConfigMaps ask kustomize
/// for a hash in their names.
pub fn objects(plan: &Plan<'_>, argo_cd: ArgoCd, hash_suffix: bool) -> Vec<Manifest> {
    let prerequisites = plan.prerequisites.iter().filter_map(object);
    let certified = plan.workloads.iter().filter(|planned| planned.has_certificate());
    let certificates = certified.map(|planned| (certificate(planned), Wave::Certificate));
    let config_maps = plan.workloads.iter().map(|planned| (config_map(planned, hash_suffix), Wave::Certificate));
    let samples = plan.workloads.iter().filter(|planned| planned.binding().sample);
    let samples = samples.map(|planned| (sample(planned).value, Wave::Workload));
    let values = prerequisites.chain(certificates).chain(config_maps).chain(samples);
    values.map(|(value, wave)| Manifest { value: ordered(tell(argo_cd, value, wave)) }).collect()
}

/// The Secret of the default scope with a CA that is at hand, for the Issuer that expects it to be there.
pub fn ca(namespace: Option<&String>, authority: &Authority) -> Manifest {
    let metadata = metadata(&ca_secret_name(DEFAULT_SCOPE), namespace, (SCOPE, DEFAULT_SCOPE));
    Manifest { value: ordered(ca_secret(metadata, authority)) }
}

/// When Argo CD syncs an object of ours. Workloads are in wave 0 unless their author says otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wave {
    Ca = -3,
    Issuer = -2,
    Certificate = -1,
    Workload = 0,
}

/// Writes onto an object what Argo CD should know of it.
#[expect(clippy::indexing_slicing, reason = "each of our objects is a mapping, and so is its metadata")]
fn tell(argo_cd: ArgoCd, mut value: Value, wave: Wave) -> Value {
    let annotations = &mut value["metadata"]["annotations"];
    if argo_cd.sync_waves && wave != Wave::Workload {
        annotations["argocd.argoproj.io/sync-wave"] = (wave as i8).to_string().into();
    }
    if argo_cd.keep_ca && wave == Wave::Ca {
        annotations["argocd.argoproj.io/sync-options"] = "Prune=false,Delete=false".into();
    }
    value
}

fn object(prerequisite: &Prerequisite<'_>) -> Option<(Value, Wave)> {
    let metadata = |name: &str| metadata(name, prerequisite.namespace.as_ref(), (SCOPE, prerequisite.scope));
    match &prerequisite.object {
        IssuerObject::CaSecret { name } => Some((ca_secret(metadata(name), prerequisite.authority?), Wave::Ca)),
        IssuerObject::CaIssuer { name, secret } => Some((ca_issuer(metadata(name), secret), Wave::Issuer)),
    }
}
