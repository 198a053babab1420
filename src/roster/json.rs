//! A roster for programs.

use serde_json::{Value, json};

use super::{Roster, Row};
use crate::config::{Certificate, Which};
use crate::quote::line;

/// The version of this format; it changes when a field is removed or changes its meaning.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// The roster as one JSON document; `null` where nothing is known.
pub fn json(roster: &Roster) -> String {
    let workloads: Vec<_> = roster.rows.iter().map(row).collect();
    let value = json!({"schemaVersion": SCHEMA_VERSION, "clusters": roster.clusters, "workloads": workloads});
    format!("{:#}\n", shown(value))
}

/// Filters names, because those of an invalid declaration may be anything.
pub(super) fn shown(value: Value) -> Value {
    match value {
        Value::String(text) => line(&text).into(),
        Value::Array(values) => values.into_iter().map(shown).collect(),
        Value::Object(entries) => entries.into_iter().map(|(key, value)| (line(&key), shown(value))).collect(),
        other => other,
    }
}

fn row(row: &Row) -> Value {
    let binding = &row.binding;
    let (name, labels) = match &binding.target.which {
        Which::Name(name) => (Some(name), None),
        Which::Labels(labels) => (None, Some(labels)),
    };
    let issuer = &binding.issuer.issuer_ref;
    json!({
        "name": binding.workload,
        "cluster": row.cluster,
        "namespace": row.namespace,
        "target": {"kind": binding.target.kind, "name": name, "labels": labels},
        "scope": binding.scope,
        "role": {"name": binding.role.name, "reference": binding.role.role.as_str(), "arn": row.role},
        "profile": {"reference": binding.role.profile.as_str(), "arn": row.profile},
        "trustAnchor": {"reference": binding.role.trust_anchor.as_str(), "arn": row.trust_anchor},
        "issuer": {"group": issuer.group, "kind": issuer.kind, "name": issuer.name},
        "certificate": certificate(&binding.certificate),
    })
}

/// Lists of names only where there are some.
fn certificate(certificate: &Certificate) -> Value {
    let mut value = json!({
        "commonName": certificate.common_name,
        "duration": certificate.duration.as_str(),
        "renewBefore": certificate.renew_before.as_str(),
    });
    let lists = [
        ("organizations", &certificate.organizations),
        ("organizationalUnits", &certificate.organizational_units),
        ("uris", &certificate.uris),
    ];
    if let Some(fields) = value.as_object_mut() {
        let named = lists.into_iter().filter(|(_, names)| !names.is_empty());
        fields.extend(named.map(|(name, names)| (name.to_owned(), json!(names))));
    }
    value
}
