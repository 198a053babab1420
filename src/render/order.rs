//! The order in which a person would write the fields of an object.

use serde_json::Value;

/// Fields that come first, in this order; all others follow alphabetically.
const FIRST: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "type",
    "name",
    "namespace",
    "labels",
    "annotations",
    "image",
    "imagePullPolicy",
    "restartPolicy",
    "command",
    "args",
    "env",
    "value",
    "valueFrom",
    "commonName",
    "subject",
    "organizations",
    "organizationalUnits",
    "uris",
    "secretName",
    "duration",
    "renewBefore",
    "privateKey",
    "algorithm",
    "size",
    "usages",
    "issuerRef",
    "key",
    "mountPath",
    "startupProbe",
    "lifecycle",
    "postStart",
    "exec",
    "requests",
    "limits",
];

/// The value with the fields of every mapping in reading order.
pub(super) fn ordered(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(key, value)| (key, ordered(value))).collect();
            let rank = |key: &str| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
            entries.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(ordered).collect()),
        other => other,
    }
}
