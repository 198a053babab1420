//! Every object that iamra emits, in order.

use serde_json::Value;

use super::ca_issuer::ca_issuer;
use super::ca_secret::ca_secret;
use super::certificate::certificate;
use super::config_map::config_map;
use super::names::SCOPE;
use super::object::{Generated, metadata};
use super::order::ordered;
use super::sample::sample;
use crate::config::ArgoCd;
use crate::issuer::{Companion, DEFAULT_SCOPE, ca_secret_name};
use crate::plan::{Neighbour, Plan};
use crate::resolve::Authority;

/// Every object of the plan, in the order in which a cluster needs them. With `hash_suffix`, ConfigMaps ask kustomize
/// for a hash in their names.
pub fn objects(plan: &Plan<'_>, argo_cd: ArgoCd, hash_suffix: bool) -> Vec<Generated> {
    let companions = plan.companions.iter().filter_map(companion);
    let certified = plan.members.iter().filter(|member| member.has_certificate());
    let certificates = certified.map(|member| (certificate(member), Wave::Certificate));
    let config_maps = plan.members.iter().map(|member| (config_map(member, hash_suffix), Wave::Certificate));
    let samples = plan.members.iter().filter(|member| member.bound.binding.sample);
    let samples = samples.map(|member| (sample(member).value, Wave::Workload));
    let values = companions.chain(certificates).chain(config_maps).chain(samples);
    values.map(|(value, wave)| Generated { value: ordered(tell(argo_cd, value, wave)) }).collect()
}

/// The Secret of the default scope with a CA that is at hand, for the Issuer that expects it to be there.
pub fn ca(namespace: Option<&String>, authority: &Authority) -> Generated {
    let metadata = metadata(&ca_secret_name(DEFAULT_SCOPE), namespace, (SCOPE, DEFAULT_SCOPE));
    Generated { value: ordered(ca_secret(metadata, authority)) }
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

fn companion(neighbour: &Neighbour<'_>) -> Option<(Value, Wave)> {
    let metadata = |name: &str| metadata(name, neighbour.namespace.as_ref(), (SCOPE, neighbour.scope));
    match &neighbour.companion {
        Companion::CaSecret { name } => Some((ca_secret(metadata(name), neighbour.authority?), Wave::Ca)),
        Companion::CaIssuer { name, secret } => Some((ca_issuer(metadata(name), secret), Wave::Issuer)),
    }
}
