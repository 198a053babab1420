//! The order in which a person would write the fields of an object.

use std::sync::LazyLock;

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
pub(super) fn ordered(mut value: Value) -> Value {
    order(&mut value);
    value
}

/// [`FIRST`] by name, with the places there: each field of each object is looked up.
static RANKS: LazyLock<Vec<(&str, usize)>> = LazyLock::new(|| {
    let mut ranks: Vec<_> = FIRST.iter().enumerate().map(|(rank, field)| (*field, rank)).collect();
    ranks.sort_unstable();
    ranks
});

fn rank(field: &str) -> usize {
    let found = RANKS.binary_search_by_key(&field, |(first, _)| first);
    found.ok().and_then(|at| RANKS.get(at)).map_or(FIRST.len(), |(_, rank)| *rank)
}

fn order(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(order);
            // A mapping is made anew only if it has to be.
            if !map.keys().is_sorted_by_key(|key| (rank(key), key)) {
                let entries = std::mem::take(map).into_iter().map(|(key, value)| (rank(&key), key, value));
                let mut entries: Vec<_> = entries.collect();
                entries.sort_by(|(a, key, _), (b, other, _)| (a, key).cmp(&(b, other)));
                map.extend(entries.into_iter().map(|(_, key, value)| (key, value)));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(order),
        _ => {}
    }
}
