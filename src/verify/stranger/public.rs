//! References that choose what they read of a Secret, and choose what everybody may have.

use serde_json::{Map, Value};

use super::Object;
use crate::issuer::GROUP;
use crate::yaml::{FieldPath, Step};

/// Keys of a Secret of cert-manager's that everybody may read.
/// <https://cert-manager.io/docs/usage/certificate/>
const PUBLIC: &[&str] = &["tls.crt", "ca.crt"];

/// How a reference says which of a Secret's keys it reads.
enum Choice {
    /// `items: [{key: tls.crt}]`
    Items,
    /// `key: tls.crt`
    Key,
}

/// Where a reference has such a field, by the group of the object (none where any may have it) and the fields that lead to
/// it. Elsewhere Kubernetes passes over the field, and all is read.
const CHOOSING: &[(Option<&str>, &[&str], Choice)] = &[
    // Pods, and every object that contains a pod spec.
    // <https://kubernetes.io/docs/concepts/configuration/secret/>
    (None, &["volumes", "secret"], Choice::Items),
    (None, &["volumes", "projected", "sources", "secret"], Choice::Items),
    (None, &["env", "valueFrom", "secretKeyRef"], Choice::Key),
    // trust-manager's Bundle. <https://cert-manager.io/docs/trust/trust-manager/api-reference/>
    (Some("trust.cert-manager.io"), &["spec", "sources", "secret"], Choice::Key),
    // The SecretOrConfigMap of the Prometheus operator. <https://prometheus-operator.dev/docs/api-reference/api/>
    (Some("monitoring.coreos.com"), &["ca", "secret"], Choice::Key),
    (Some("monitoring.coreos.com"), &["cert", "secret"], Choice::Key),
    // cert-manager's Vault issuer, and its other kinds.
    (Some(GROUP), &["caBundleSecretRef"], Choice::Key),
];

/// The fields of a reference that say what it reads, if none of that is the private key.
pub(super) fn chosen(
    object: &Object,
    reference: &Map<String, Value>,
    at: &FieldPath,
) -> Option<&'static [&'static str]> {
    let keys =
        || at.steps().iter().rev().filter_map(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None });
    let is_here = |(group, fields, _): &&(Option<&str>, &[&str], Choice)| {
        group.is_none_or(|group| object.group() == group) && fields.iter().rev().copied().eq(keys().take(fields.len()))
    };
    let (.., choice) = CHOOSING.iter().find(is_here)?;
    let is_public = |key: &Value| key.as_str().is_some_and(|key| PUBLIC.contains(&key));
    match choice {
        Choice::Items => {
            let items = reference.get("items")?.as_array()?;
            let all = !items.is_empty() && items.iter().all(|item| is_public(&item["key"]));
            all.then_some(&["name", "secretName", "items"])
        }
        Choice::Key => is_public(reference.get("key")?).then_some(&["name", "key"]),
    }
}
