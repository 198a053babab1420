//! The objects that matter: patched ones, ours, and those that ours refer to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::is_marked;
use super::object::{Object, Part, Reference};
use crate::krm::Item;

/// The names of all objects.
pub(super) fn names(items: &[Item<'_>]) -> BTreeSet<String> {
    items.iter().filter_map(Item::ident).map(|ident| ident.name.to_string()).collect()
}

/// Those of the stream; nothing else is parsed.
pub(super) struct Stream {
    marked: Vec<Object>,
    patched: Vec<usize>,
    ours: Vec<usize>,
    /// Of both, by each of their marks.
    by_mark: BTreeMap<String, Vec<usize>>,
    /// Ours, by which part of the declaration each is.
    parts: BTreeMap<Part, Vec<usize>>,
    /// The names of ours, by kind and namespace.
    names: BTreeMap<(String, String), BTreeSet<String>>,
}

impl Stream {
    pub(super) fn of(items: &[Item<'_>]) -> Self {
        let marked = items.iter().enumerate().filter(|(_, item)| is_marked(item.text()));
        let read = |(index, item): (usize, &Item<'_>)| Some(Object::of(index, item.parse().ok()?.root().to_value()));
        let marked: Vec<_> = marked.filter_map(read).collect();
        let (mut patched, mut ours, mut by_mark) = (Vec::new(), Vec::new(), BTreeMap::<_, Vec<_>>::new());
        let (mut parts, mut names) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, BTreeSet<_>>::new());
        for (position, object) in marked.iter().enumerate() {
            if object.is_ours() {
                ours.push(position);
                let place = (object.kind().to_owned(), object.home().to_owned());
                names.entry(place).or_default().insert(object.name().to_owned());
                parts.entry(object.part()).or_default().push(position);
            } else if !object.marks().is_empty() {
                patched.push(position);
            }
            for mark in object.marks().into_iter().collect::<BTreeSet<_>>() {
                by_mark.entry(mark.to_owned()).or_default().push(position);
            }
        }
        Self { marked, patched, ours, by_mark, parts, names }
    }

    fn at<'s>(&'s self, positions: &'s [usize]) -> impl Iterator<Item = &'s Object> {
        positions.iter().filter_map(|position| self.marked.get(*position))
    }

    /// Objects of users that have an identity.
    pub(super) fn patched(&self) -> impl Iterator<Item = &Object> {
        self.at(&self.patched)
    }

    /// Objects that we made.
    pub(super) fn ours(&self) -> impl Iterator<Item = &Object> {
        self.at(&self.ours)
    }

    /// Everything that has the mark of a workload.
    pub(super) fn with_mark(&self, workload: &str) -> impl Iterator<Item = &Object> {
        self.at(self.by_mark.get(workload).map_or(&[], Vec::as_slice))
    }

    /// Ours that are the same part of the same declaration.
    pub(super) fn counterparts(&self, wanted: &Object) -> impl Iterator<Item = &Object> {
        self.at(self.parts.get(&wanted.part()).map_or(&[], Vec::as_slice))
    }

    /// Whether what an object refers to is there, in its namespace, and made for a workload that it has.
    pub(super) fn resolves(&self, from: &Object, reference: &Reference) -> bool {
        let ours = from.marks().into_iter().flat_map(|mark| self.with_mark(mark)).filter(|object| object.is_ours());
        ours.filter(|object| object.is_beside(from)).any(|object| match reference {
            Reference::CertificateSecret(name) => {
                object.kind() == "Certificate"
                    && object.value.pointer("/spec/secretName").and_then(Value::as_str) == Some(name.as_str())
                    && self.is_issued(object)
            }
            Reference::ConfigMap(name) => object.kind() == "ConfigMap" && object.name() == name,
        })
    }

    /// Whether the issuer of a Certificate is there; one that we do not make is somebody else's business.
    fn is_issued(&self, certificate: &Object) -> bool {
        let place = (certificate.text("/spec/issuerRef/kind").to_owned(), certificate.home().to_owned());
        let name = certificate.value.pointer("/spec/issuerRef/name").and_then(Value::as_str);
        self.names.get(&place).is_none_or(|names| name.is_some_and(|name| names.contains(name)))
    }
}
