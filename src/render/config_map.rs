//! The ConfigMap with a workload's ARNs, and the one that proves that a generator has run.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::Value;

use super::environment::sdk_config;
use super::layout::CONFIG_KEY;
use super::names::GENERATED_FOR;
use super::object::{Manifest, metadata, value};
use super::order::ordered;
use crate::config::Delivery;
use crate::krm::annotation::{LOCAL_CONFIG, NEEDS_HASH};
use crate::name;
use crate::plan::PlannedWorkload;

pub(super) fn config_map(planned: &PlannedWorkload<'_>, hash_suffix: bool) -> Value {
    let identity = &planned.identity();
    let workload = &planned.binding().workload;
    let mut metadata = metadata(&name::of_config_map(workload), planned.namespace.as_ref(), (GENERATED_FOR, workload));
    if hash_suffix {
        metadata.annotations.get_or_insert_default().insert(NEEDS_HASH.to_owned(), "true".to_owned());
    }
    let mut data = BTreeMap::from([
        ("TRUST_ANCHOR_ARN".to_owned(), identity.trust_anchor.to_string()),
        ("PROFILE_ARN".to_owned(), identity.profile.to_string()),
        ("ROLE_ARN".to_owned(), identity.role.to_string()),
    ]);
    if planned.binding().sidecar.delivery == Delivery::Process {
        data.insert(CONFIG_KEY.to_owned(), sdk_config(planned));
    }
    value(&ConfigMap { metadata, data: Some(data), ..ConfigMap::default() })
}

/// A ConfigMap that never reaches the cluster. A kustomization that requires it fails if its generator was silently
/// skipped.
pub fn stamp(name: &str) -> Manifest {
    let mut metadata = metadata(name, None, (LOCAL_CONFIG, "true"));
    metadata.labels = None;
    let data = Some(BTreeMap::from([("generated".to_owned(), "true".to_owned())]));
    Manifest { value: ordered(value(&ConfigMap { metadata, data, ..ConfigMap::default() })) }
}
