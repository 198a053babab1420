//! Controllers that copy objects into other namespaces: what asks them to, in annotations and labels.

use serde_json::Value;

use crate::name::DnsLabel;
use crate::yaml::{self, FieldPath};

/// What the keys begin with that Reflector, Replicator and Config Syncer read.
/// <https://github.com/emberstack/kubernetes-reflector>
/// <https://github.com/mittwald/kubernetes-replicator>
/// <https://github.com/config-syncer/config-syncer>
pub const COPIERS: [&str; 3] =
    ["reflector.v1.k8s.emberstack.com/", "replicator.v1.mittwald.de/", "kubed.appscode.com/"];

/// Those of them that tell the controllers to copy an object into other namespaces under its name.
const COPIED_TO: &[&str] = &[
    "kubed.appscode.com/sync",
    "reflector.v1.k8s.emberstack.com/reflection-auto-enabled",
    "reflector.v1.k8s.emberstack.com/reflection-auto-namespaces",
    "replicator.v1.mittwald.de/replicate-to",
    "replicator.v1.mittwald.de/replicate-to-matching",
];

/// The annotations and labels of `metadata`, a path with dots, that let a controller copy what has them.
pub fn places(object: &Value, metadata: &str) -> Vec<FieldPath> {
    let of_section = |section| {
        let at = FieldPath::keys(metadata).key(section);
        let entries =
            yaml::at(object, &format!("/{}/{section}", metadata.replace('.', "/"))).and_then(Value::as_object);
        let keys = entries.into_iter().flat_map(|entries| entries.keys());
        let asking = keys.filter(|key| COPIERS.iter().any(|copier| key.starts_with(copier)));
        asking.map(|key| at.key(key.as_str())).collect::<Vec<_>>()
    };
    ["annotations", "labels"].into_iter().flat_map(of_section).collect()
}

/// The namespaces into which an object is copied. What is no name is a pattern, which may mean any.
pub fn namespaces(object: &Value) -> Vec<Option<&str>> {
    let annotations = yaml::at(object, "/metadata/annotations").and_then(Value::as_object);
    let asked = annotations.into_iter().flatten().filter(|(key, _)| COPIED_TO.contains(&key.as_str()));
    let said: Vec<_> = asked.filter_map(|(_, value)| value.as_str()).filter(|value| *value != "false").collect();
    let names: Vec<_> = said.iter().copied().filter(|value| *value != "true").flat_map(|it| it.split(',')).collect();
    if names.is_empty() && !said.is_empty() {
        return vec![None];
    }
    names.into_iter().map(|name| Some(name.trim()).filter(|name| DnsLabel::parse(name).is_ok())).collect()
}
