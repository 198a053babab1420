//! One object of the stream, as a value.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::krm::ResourceRef;
use crate::quote::{part, quote};
use crate::render::{MANAGED_BY, MANAGER, SCOPE, WORKLOAD, is_sidecar, is_volume};
use crate::yaml::{FieldPath, Step};

/// The namespace that is meant where none is said.
const NAMESPACE: &str = "default";

/// cert-manager's own group.
const GROUP: &str = "cert-manager.io";

/// One object, and which item it is.
pub(super) struct Object {
    pub(super) index: usize,
    pub(super) value: Value,
}

/// A kind, a namespace, and the workload and scope that it is made for.
pub(super) type Part = (String, String, Option<String>, Option<String>);

/// A name that an object refers to another one by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reference {
    /// A Certificate, by the Secret that it fills.
    CertificateSecret(String),
    /// A ConfigMap.
    ConfigMap(String),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CertificateSecret(name) => write!(f, "Secret {}, the one of a Certificate", quote(&name)),
            Self::ConfigMap(name) => write!(f, "ConfigMap {}", quote(&name)),
        }
    }
}

impl Object {
    pub(super) fn of(index: usize, value: Value) -> Self {
        Self { index, value }
    }

    pub(super) fn text(&self, pointer: &str) -> &str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn kind(&self) -> &str {
        self.text("/kind")
    }

    pub(super) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.value.pointer("/metadata/namespace")?.as_str()
    }

    /// The namespace that it is in.
    pub(super) fn home(&self) -> &str {
        self.namespace().unwrap_or(NAMESPACE)
    }

    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.home() == other.home()
    }

    fn annotation(&self, name: &str) -> Option<&str> {
        self.value.pointer("/metadata/annotations")?.get(name)?.as_str()
    }

    /// The workloads whose identity it has, or that it is made for.
    pub(super) fn marks(&self) -> Vec<&str> {
        self.annotation(WORKLOAD).into_iter().flat_map(|marks| marks.split(',')).collect()
    }

    /// The scope that it belongs to.
    pub(super) fn scope(&self) -> Option<&str> {
        self.annotation(SCOPE)
    }

    /// Where our parts of a pod template are.
    pub(super) fn parts(&self, template: &FieldPath) -> BTreeSet<FieldPath> {
        let spec = template.key("spec");
        let of_list = |list: &str| {
            let at = spec.key(list);
            let entries = self.at(&at).and_then(Value::as_array).into_iter().flatten().enumerate();
            let ours = entries.filter(|(_, entry)| is_volume(name(entry)) || is_sidecar(name(entry)));
            ours.map(|(index, _)| at.index(index)).collect::<Vec<_>>()
        };
        ["volumes", "initContainers", "containers"].into_iter().flat_map(of_list).collect()
    }

    fn at(&self, path: &FieldPath) -> Option<&Value> {
        path.steps().iter().try_fold(&self.value, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
            Step::Named(wanted) => value.as_array()?.iter().find(|entry| name(entry) == wanted),
        })
    }

    /// Whether we made it, as opposed to patched it.
    pub(super) fn is_ours(&self) -> bool {
        let is_marked = [WORKLOAD, SCOPE].iter().any(|mark| self.annotation(mark).is_some());
        is_marked
            && self
                .value
                .pointer("/metadata/labels")
                .and_then(|labels| labels.get(MANAGED_BY))
                .is_some_and(|it| it == MANAGER)
    }

    /// Which part of which declaration it is, whatever kustomize calls it.
    pub(super) fn part(&self) -> Part {
        let [workload, scope] = [WORKLOAD, SCOPE].map(|mark| self.annotation(mark).map(str::to_owned));
        (self.kind().to_owned(), self.home().to_owned(), workload, scope)
    }

    /// What it is a kind of: `apps`, and nothing for the core group.
    pub(super) fn group(&self) -> &str {
        self.text("/apiVersion").rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// Whether cert-manager makes a certificate of it.
    pub(super) fn is_certificate(&self) -> bool {
        self.kind() == "Certificate" && self.group() == GROUP
    }

    /// `Deployment shop/api`
    pub(super) fn words(&self) -> String {
        let namespace = self.namespace().map_or_else(String::new, |namespace| format!("{}/", part(namespace)));
        format!("{} {namespace}{}", part(self.kind()), part(self.name()))
    }

    pub(super) fn resource_ref(&self) -> ResourceRef {
        ResourceRef {
            api_version: self.text("/apiVersion").to_owned(),
            kind: self.kind().to_owned(),
            name: self.name().to_owned(),
            namespace: self.namespace().map(str::to_owned),
        }
    }

    /// What our parts of its pod refer to, and where.
    pub(super) fn references(&self) -> Vec<(FieldPath, Reference)> {
        let mut found = Vec::new();
        collect(&self.value, &FieldPath::root(), &mut found);
        // Each once: a sidecar names its ConfigMap three times.
        let mut seen = BTreeSet::new();
        found.retain(|(_, reference)| seen.insert(reference.clone()));
        found
    }
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_default()
}

fn collect(value: &Value, at: &FieldPath, into: &mut Vec<(FieldPath, Reference)>) {
    match value {
        Value::Array(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                let at = at.index(index);
                if is_volume(name(entry))
                    && let Some(secret) = entry.pointer("/secret/secretName").and_then(Value::as_str)
                {
                    let at = at.key("secret").key("secretName");
                    into.push((at, Reference::CertificateSecret(secret.to_owned())));
                } else if is_sidecar(name(entry)) {
                    for (index, variable) in entry["env"].as_array().into_iter().flatten().enumerate() {
                        if let Some(map) = variable.pointer("/valueFrom/configMapKeyRef/name").and_then(Value::as_str) {
                            into.push((at.key("env").index(index), Reference::ConfigMap(map.to_owned())));
                        }
                    }
                } else {
                    collect(entry, &at, into);
                }
            }
        }
        Value::Object(entries) => entries.iter().for_each(|(key, entry)| collect(entry, &at.key(key.as_str()), into)),
        _ => {}
    }
}

/// What may be called otherwise in the stream than we would call it.
#[derive(Clone, Copy)]
pub(super) struct Renamed<'r> {
    /// The sidecar's images that somebody vouches for.
    pub(super) images: &'r [String],
    /// The names of all objects of the stream.
    pub(super) names: &'r BTreeSet<String>,
}

impl Renamed<'_> {
    /// Gives what we would write the names that kustomize has given it: with a prefix or a suffix. `within` is the field that
    /// holds both.
    pub(super) fn adopt(self, wanted: &mut Value, found: &Value, within: &str) {
        match (wanted, found) {
            (Value::Object(wanted), Value::Object(found)) => {
                for (key, wanted) in wanted {
                    let Some(found) = found.get(key) else { continue };
                    match (wanted, found) {
                        (Value::String(wanted), Value::String(found)) => {
                            if self.is_name(within, key, wanted, found) {
                                wanted.clone_from(found);
                            }
                        }
                        (wanted, found) => self.adopt(wanted, found, key),
                    }
                }
            }
            (Value::Array(wanted), Value::Array(found)) => {
                wanted.iter_mut().zip(found).for_each(|(wanted, found)| self.adopt(wanted, found, within));
            }
            _ => {}
        }
    }

    /// Whether `found` is another name of `wanted`.
    fn is_name(self, within: &str, key: &str, wanted: &str, found: &str) -> bool {
        match (within, key) {
            // A name changes with the object that it is the name of, and only then.
            ("issuerRef", "name") | ("ca", "secretName") => found.contains(wanted) && self.names.contains(found),
            // Whether the object is there is looked at later.
            ("configMapKeyRef", "name") | (_, "secretName") => found.contains(wanted),
            (_, "image") | ("image", "reference") => self.images.iter().any(|image| image == found),
            _ => false,
        }
    }
}
