//! Objects from which a workload's containers take variables.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use memchr::memmem;
use serde_json::Value;

use super::pod::{Container, Pod};
use crate::diag::Report;
use crate::krm::{Item, annotation};
use crate::workload::unreadable;
use crate::yaml::{FieldPath, NodeRef, SyntaxError};

/// Kinds that a pod refers to, and their fields with entries.
const KINDS: &[(&str, &[&str])] = &[
    ("ConfigMap", &["data"]),
    ("Secret", &["data", "stringData"]),
    ("ServiceAccount", &["metadata.annotations"]),
    ("Namespace", &["metadata.labels", "metadata.annotations"]),
];

/// Finds those among the items, by all of their current and former names.
pub(super) struct Sources<'i, 't> {
    items: &'i [Item<'t>],
    positions: BTreeMap<(&'static str, String), Vec<usize>>,
    /// The parsed ones: many containers may refer to the same one.
    read: BTreeMap<usize, OnceLock<Result<Source, SyntaxError>>>,
}

/// The content of one of them.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// Keys and, if it is plain text, the value of each.
    pub(super) values: BTreeMap<String, Option<String>>,
}

impl<'i, 't> Sources<'i, 't> {
    /// Those among the items.
    pub(super) fn of(items: &'i [Item<'t>]) -> Self {
        let renamed = memmem::Finder::new("previousNames");
        let mut positions: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        let mut read = BTreeMap::new();
        for (index, item) in items.iter().enumerate() {
            let Some(ident) = item.ident() else { continue };
            let Some((kind, _)) = KINDS.iter().find(|(kind, _)| *kind == ident.kind) else { continue };
            let mut names = vec![ident.name.to_string()];
            if item.may_say(&renamed) {
                let object = item.parse().ok();
                let former = object.iter().flat_map(|it| annotation::names(it.root()));
                names.extend(former.map(|name| name.name.to_owned()).collect::<Vec<_>>());
            }
            read.insert(index, OnceLock::new());
            for name in names {
                positions.entry((*kind, name)).or_default().push(index);
            }
        }
        Self { items, positions, read }
    }

    /// The objects that an entry of `envFrom` may name.
    pub(super) fn of_entry(&self, entry: NodeRef<'_>, pod: Pod<'_>) -> Vec<&Source> {
        let named = |field| entry.get(field).and_then(|it: NodeRef<'_>| it.get("name")).and_then(NodeRef::text);
        let fields = [("configMapRef", "ConfigMap"), ("secretRef", "Secret")];
        let named = fields.into_iter().filter_map(|(field, kind)| Some((kind, named(field)?)));
        named.flat_map(|(kind, name)| self.find(kind, name, pod)).collect()
    }

    /// Whether every object that the container takes variables from is among the items.
    pub(super) fn knows_all(&self, container: &Container<'_>, pod: Pod<'_>) -> bool {
        let mut entries = container.node.get("envFrom").into_iter().flat_map(NodeRef::items);
        entries.all(|entry| !self.of_entry(entry, pod).is_empty())
    }

    /// Those that the pod may refer to by this kind and name. If there are several, the one applied last wins, which
    /// cannot be known here.
    pub(super) fn find(&self, kind: &'static str, name: &str, pod: Pod<'_>) -> Vec<&Source> {
        let namespace = pod.namespace();
        let named = self.positions.get(&(kind, name.to_owned())).into_iter().flatten();
        let found = named.filter_map(|index| {
            let item = self.items.get(*index)?;
            let theirs = item.ident()?.namespace.as_deref();
            let is_meant = theirs == namespace || theirs.is_none() || namespace.is_none();
            let read = self.read.get(index).filter(|_| is_meant)?;
            read.get_or_init(|| Source::read(kind, item)).as_ref().ok()
        });
        found.collect()
    }

    /// Reports those that cannot be parsed, because they may contain any variable.
    pub(super) fn report_unreadable(&self, report: &mut Report) {
        for (index, read) in &self.read {
            if let Some(Err(error)) = read.get() {
                report.push(unreadable(*index, error));
            }
        }
    }
}

impl Source {
    fn read(kind: &'static str, item: &Item<'_>) -> Result<Self, SyntaxError> {
        let object = item.parse()?;
        let fields = KINDS.iter().filter(|(it, _)| *it == kind).flat_map(|(_, fields)| *fields);
        let mut values = BTreeMap::new();
        for field in fields {
            let entries = object.root().at(&FieldPath::keys(field)).map(|node| node.to_value());
            let Some(Value::Object(entries)) = entries else { continue };
            // The values of a Secret are not kept.
            let value = |value: Value| match value {
                _ if kind == "Secret" => None,
                Value::String(text) => Some(text),
                Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => None,
            };
            values.extend(entries.into_iter().map(|(key, found)| (key, value(found))));
        }
        let name = item.ident().map(|ident| ident.name.to_string()).unwrap_or_default();
        Ok(Self { kind, name, values })
    }
}
