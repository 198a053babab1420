//! Objects beside a workload that its containers take something from.

use std::collections::BTreeMap;

use memchr::memmem;
use serde_json::Value;

use super::pod::{Container, Pod};
use crate::krm::{Item, annotation};
use crate::yaml::{FieldPath, NodeRef};

/// Kinds that a pod names, and the fields whose entries matter here.
const KINDS: &[(&str, &[&str])] = &[
    ("ConfigMap", &["data"]),
    ("Secret", &["data", "stringData"]),
    ("ServiceAccount", &["metadata.annotations"]),
    ("Namespace", &["metadata.labels", "metadata.annotations"]),
];

/// Where to find those among the items, by every name that each has had.
pub(super) struct Sources<'i, 't> {
    items: &'i [Item<'t>],
    positions: BTreeMap<(&'static str, String), Vec<usize>>,
}

/// What one of them gives.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// Keys and, where it stands in clear, the value of each.
    pub(super) values: BTreeMap<String, Option<String>>,
}

impl<'i, 't> Sources<'i, 't> {
    /// Those among the items.
    pub(super) fn of(items: &'i [Item<'t>]) -> Self {
        let renamed = memmem::Finder::new("previousNames");
        let mut positions: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, item) in items.iter().enumerate() {
            let Some(ident) = item.ident() else { continue };
            let Some((kind, _)) = KINDS.iter().find(|(kind, _)| *kind == ident.kind) else { continue };
            let mut names = vec![ident.name.to_string()];
            if item.may_say(&renamed) {
                let object = item.parse().ok();
                let former = object.iter().flat_map(|it| annotation::names(it.root()));
                names.extend(former.map(|name| name.name.to_owned()).collect::<Vec<_>>());
            }
            for name in names {
                positions.entry((*kind, name)).or_default().push(index);
            }
        }
        Self { items, positions }
    }

    /// The object that an entry of `envFrom` names.
    pub(super) fn of_entry(&self, entry: NodeRef<'_>, pod: Pod<'_>) -> Option<Source> {
        let named = |field| entry.get(field).and_then(|it: NodeRef<'_>| it.get("name")).and_then(NodeRef::text);
        let fields = [("configMapRef", "ConfigMap"), ("secretRef", "Secret")];
        fields.into_iter().find_map(|(field, kind)| self.find(kind, named(field)?, pod))
    }

    /// Whether every object that the container takes variables from is among the items.
    pub(super) fn knows_all(&self, container: &Container<'_>, pod: Pod<'_>) -> bool {
        let mut entries = container.node.get("envFrom").into_iter().flat_map(NodeRef::items);
        entries.all(|entry| self.of_entry(entry, pod).is_some())
    }

    /// The one that the pod means by this kind and name.
    pub(super) fn find(&self, kind: &'static str, name: &str, pod: Pod<'_>) -> Option<Source> {
        let namespace = pod.node(&FieldPath::keys("metadata.namespace")).and_then(NodeRef::text);
        let mut positions =
            self.positions.get(&(kind, name.to_owned()))?.iter().filter_map(|index| self.items.get(*index));
        let item = positions.find(|item| {
            let theirs = item.ident().and_then(|ident| ident.namespace.as_deref());
            theirs == namespace || theirs.is_none() || namespace.is_none()
        })?;
        Source::read(kind, item)
    }
}

impl Source {
    fn read(kind: &'static str, item: &Item<'_>) -> Option<Self> {
        let object = item.parse().ok()?;
        let root = object.root();
        let (_, fields) = KINDS.iter().find(|(it, _)| *it == kind)?;
        let mut values = BTreeMap::new();
        for field in *fields {
            let entries = root.at(&FieldPath::keys(field)).map(|node| node.to_value());
            let Some(Value::Object(entries)) = entries else { continue };
            // What a Secret holds is nobody's business.
            let value = |value: Value| match value {
                _ if kind == "Secret" => None,
                Value::String(text) => Some(text),
                Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => None,
            };
            values.extend(entries.into_iter().map(|(key, found)| (key, value(found))));
        }
        Some(Self { kind, name: item.ident()?.name.to_string(), values })
    }
}
