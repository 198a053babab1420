//! A declaration that extends another one: what it may say, and which of its fields come from where.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::overlay::{Nulls, map_at, merge, value_at};
use super::schema;
use super::v1alpha1::OUR_NAMES;
use super::whole::{EXTENDS, Whole, extended, extends_at};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::quote::quote;
use crate::yaml::{FieldPath, Step};

/// The fields of `spec` that it may have.
const OWN: &[&str] = &[EXTENDS, "workloads", "defaults"];

/// Which fields of a declaration come from which of its documents.
pub(super) struct Extension<'d> {
    whole: Whole<'d>,
    /// What each document says, nearest first.
    values: Vec<Value>,
    /// The workloads that the last one does not have, with their documents.
    owners: BTreeMap<String, usize>,
}

/// Reads a declaration, with those that it extends: what is wrong with it is reported.
pub(super) fn read<'d>(whole: Whole<'d>, report: &mut Report) -> Option<(Value, Option<Extension<'d>>)> {
    let mut values = Vec::new();
    for (document, node) in whole.nodes().enumerate() {
        let mut found = Report::default();
        values.extend(schema::read(node, &mut found));
        report.append(found.relocated(|at| at.clone().in_document(document)));
    }
    let is_extension = extended(whole.own()).is_some();
    match values.as_slice() {
        [only] if !is_extension => Some((only.clone(), None)),
        [only] => {
            if only.pointer("/spec/extends").is_some() {
                report.push(not_alone());
            }
            None
        }
        _ if values.len() < whole.nodes().count() => None,
        _ => {
            let mut extension = Extension { whole, values, owners: BTreeMap::new() };
            let merged = extension.merged(report)?;
            Some((merged, Some(extension)))
        }
    }
}

/// The diagnostic for a declaration without a file.
fn not_alone() -> Diagnostic {
    let message = "a functionConfig cannot extend a declaration: kustomize passes an object without its file, and merges it \
                   itself";
    Diagnostic::error(Code::InvalidBase, message)
        .at(Place::Config(extends_at()))
        .help("remove it from `generators:`, `transformers:` and `components:`, and use `iamra build`")
}

impl Extension<'_> {
    /// The last document, with the workloads of the others.
    fn merged(&mut self, report: &mut Report) -> Option<Value> {
        let mut merged = self.values.last()?.clone();
        for document in (0..self.root()).rev() {
            self.check_fields(document, report);
            for name in workloads(self.values.get(document)?) {
                let at = FieldPath::keys("spec.workloads").key(name.as_str()).in_document(document);
                if let Some(other) = self.declared(&name, document) {
                    report.push(self.claimed(&name, &other).at(Place::Config(at)));
                    continue;
                }
                let spec = merged.as_object_mut().and_then(|fields| map_at(fields, "spec"));
                if let Some(entries) = spec.and_then(|spec| map_at(spec, "workloads")) {
                    entries.insert(name.clone(), self.workload(&name, document));
                }
                self.owners.insert(name, document);
            }
        }
        Some(merged)
    }

    /// The last document.
    fn root(&self) -> usize {
        self.values.len().saturating_sub(1)
    }

    /// Reports what is the base's alone.
    fn check_fields(&self, document: usize, report: &mut Report) {
        let value = self.values.get(document);
        let field = |at: &str, name: &str| Some(FieldPath::keys(at).key(name)).filter(|_| !OWN.contains(&name));
        let of_spec = value.and_then(|it| it.get("spec")).and_then(Value::as_object).into_iter().flat_map(Map::keys);
        let of_spec = of_spec.filter_map(|name| field("spec", name));
        let metadata = value.and_then(|it| it.get("metadata"));
        let namespace = metadata.and_then(|it| it.get("namespace")).and_then(|_| field("metadata", "namespace"));
        let annotations = metadata.and_then(|it| it.get("annotations")).and_then(Value::as_object);
        let annotations = annotations.into_iter().flat_map(Map::keys).filter(|name| name.starts_with(OUR_NAMES));
        let annotations = annotations.filter_map(|name| field("metadata.annotations", name));
        for at in of_spec.chain(namespace).chain(annotations) {
            let base = self.whole.in_words(&at.clone().in_document(self.root()));
            let message = format!("{} is up to the base, {}", quote(&at), quote(&base));
            report.push(
                Diagnostic::error(Code::NotDelegated, message)
                    .at(Place::Config(at.in_document(document)))
                    .help("remove it here, or change it there: only `workloads` and `defaults` are delegated"),
            );
        }
    }

    /// Where a document that is extended declares a workload of this name.
    fn declared(&self, name: &str, document: usize) -> Option<FieldPath> {
        let own = FieldPath::keys("spec.workloads").key(name);
        if let Some(owner) = self.owners.get(name).filter(|owner| **owner > document) {
            return Some(own.in_document(*owner));
        }
        let root = self.values.last()?;
        if workloads(root).any(|it| it == name) {
            return Some(own.in_document(self.root()));
        }
        let clusters = root.pointer("/spec/clusters").and_then(Value::as_object);
        let claims = |cluster: &Value| cluster.get("workloads").is_some_and(|it| it.get(name).is_some());
        let (cluster, _) = clusters.into_iter().flatten().find(|(_, cluster)| claims(cluster))?;
        let at = FieldPath::keys("spec.clusters").key(cluster.as_str()).key("workloads").key(name);
        Some(at.in_document(self.root()))
    }

    fn claimed(&self, name: &str, other: &FieldPath) -> Diagnostic {
        let place = self.whole.in_words(other);
        Diagnostic::error(
            Code::ClaimedTwice,
            format!("workload {} is already declared in {}", quote(&name), quote(&place)),
        )
        .help("give it another name, with the object's under `target`, or remove one of them")
    }

    /// A workload over the `defaults` of its document and of those that this one extends, the nearest last.
    fn workload(&self, name: &str, document: usize) -> Value {
        let mut workload = Value::Object(Map::new());
        let defaults = (document..self.root()).rev().filter_map(|it| self.values.get(it)?.pointer("/spec/defaults"));
        defaults.for_each(|it| merge(&mut workload, it, Nulls::Stay));
        let own = self.values.get(document).and_then(|it| it.get("spec")?.get("workloads")?.get(name));
        if let Some(own) = own {
            merge(&mut workload, own, Nulls::Stay);
        }
        workload
    }

    /// The document that declares a workload, unless it is the last one.
    pub(super) fn owner(&self, workload: &str) -> Option<usize> {
        self.owners.get(workload).copied()
    }

    /// ` of FILE:LINE`, when a workload is declared by another document than the one that it is compared with.
    pub(super) fn whose(&self, workload: &str, other: &str) -> String {
        if self.owner(workload) == self.owner(other) {
            return String::new();
        }
        let at = self.origin(&FieldPath::keys("spec.workloads").key(workload));
        format!(" of {}", quote(&self.whole.in_words(&at)))
    }

    /// What the base refuses for a namespace, with the place where it does.
    pub(super) fn refused(&self, diagnostic: Diagnostic, namespace: Option<&str>) -> Diagnostic {
        let all = FieldPath::keys("spec.namespaces");
        let at = namespace.map_or_else(|| all.clone(), |name| all.key(name));
        let is_listed = self.values.last().is_some_and(|root| value_at(root, &at).is_some());
        let place = self.in_words(if is_listed { &at } else { &all });
        Diagnostic { message: format!("{} ({})", diagnostic.message, quote(&place)), ..diagnostic }
    }

    /// Whether the declaration itself has no workloads.
    pub(super) fn is_idle(&self) -> bool {
        self.values.first().is_none_or(|own| workloads(own).next().is_none())
    }

    /// The field that a field of the merged declaration comes from.
    pub(super) fn origin(&self, at: &FieldPath) -> FieldPath {
        let keys: Vec<_> = at.steps().iter().map(|step| if let Step::Key(key) = step { key } else { "" }).collect();
        let (document, setting) = match keys.as_slice() {
            ["spec", "workloads"] => return at.clone(),
            ["spec", "workloads", name, rest @ ..] => match self.owner(name) {
                Some(document) => (document, at.steps().get(at.steps().len() - rest.len()..).unwrap_or_default()),
                None => return at.clone().in_document(self.root()),
            },
            _ => return at.clone().in_document(self.root()),
        };
        let has = |document: usize, at: &FieldPath| {
            self.values.get(document).is_some_and(|value| value_at(value, at).is_some())
        };
        if setting.is_empty() || has(document, at) {
            return at.clone().in_document(document);
        }
        let default = FieldPath::keys("spec.defaults").then(setting);
        let source = (document..self.root()).find(|source| has(*source, &default));
        source.map_or_else(|| at.clone().in_document(document), |source| default.in_document(source))
    }

    /// Whether one of these folders of the repository has the document that declares a workload.
    pub(super) fn is_below(&self, document: usize, folders: &[String]) -> bool {
        let folder = self.whole.folder(document);
        folder.is_some_and(|folder| folders.iter().any(|above| folder.starts_with(Path::new(above))))
    }

    /// A field of the last document, as messages name it.
    pub(super) fn in_words(&self, at: &FieldPath) -> String {
        self.whole.in_words(&at.clone().in_document(self.root()))
    }
}

/// The names of a document's workloads.
fn workloads(value: &Value) -> impl Iterator<Item = String> + use<> {
    let workloads = value.pointer("/spec/workloads").and_then(Value::as_object);
    workloads.map(|it| it.keys().cloned().collect::<Vec<_>>()).unwrap_or_default().into_iter()
}
