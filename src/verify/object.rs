//! One object of the stream, as a value.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::issuer;
use crate::krm::{ResourceRef, group_of};
use crate::name::DEFAULT_NAMESPACE;
use crate::quote::part;
use crate::render::{self, CERTIFICATE, GENERATED_FOR, NAMESPACE, SCOPE, WORKLOAD, is_sidecar, is_volume};
use crate::workload::PodPlace;
use crate::yaml::{self, FieldPath, Step};

/// In place of the namespace of what is in none.
pub(super) const NOWHERE: &str = "";

/// The namespace that is meant by one that somebody says, or does not.
pub(super) fn home_of(namespace: Option<&str>) -> &str {
    namespace.filter(|namespace| !namespace.is_empty()).unwrap_or(DEFAULT_NAMESPACE)
}

/// One object, and which item it is.
pub(super) struct Object {
    pub(super) index: usize,
    pub(super) value: Value,
}

/// A group and kind, a namespace, and the workload and scope that it is made for.
pub(super) type DeclaredAs = (String, String, Option<String>, Option<String>);

impl Object {
    pub(super) fn of(index: usize, value: Value) -> Self {
        Self { index, value }
    }

    pub(super) fn text(&self, pointer: &str) -> &str {
        yaml::at(&self.value, pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn kind(&self) -> &str {
        self.text("/kind")
    }

    pub(super) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// The namespace that it says; an empty one says nothing, and so does any on what is in none.
    pub(super) fn namespace(&self) -> Option<&str> {
        let said = yaml::at(&self.value, "/metadata/namespace")?.as_str().filter(|namespace| !namespace.is_empty());
        said.filter(|_| !self.is_cluster_wide())
    }

    /// The namespace that it is in.
    pub(super) fn home(&self) -> &str {
        if self.is_cluster_wide() { NOWHERE } else { home_of(self.namespace()) }
    }

    fn is_cluster_wide(&self) -> bool {
        issuer::is_cluster_wide(self.text("/apiVersion"), self.kind())
    }

    fn annotation(&self, name: &str) -> Option<&str> {
        yaml::at(&self.value, "/metadata/annotations")?.get(name)?.as_str()
    }

    /// The workloads whose identity it has, or that it is made for.
    pub(super) fn marks(&self) -> Vec<&str> {
        let marks = [WORKLOAD, GENERATED_FOR].into_iter().filter_map(|mark| self.annotation(mark));
        marks.flat_map(|marks| marks.split(',')).collect()
    }

    /// The scope that it belongs to.
    pub(super) fn scope(&self) -> Option<&str> {
        self.annotation(SCOPE)
    }

    /// Where our parts of a pod are.
    pub(super) fn parts(&self, place: &PodPlace) -> BTreeSet<FieldPath> {
        let of_list = |list: &str| {
            let at = place.spec.key(list);
            let entries = self.at(&at).and_then(Value::as_array).into_iter().flatten().enumerate();
            let ours = entries.filter(|(_, entry)| is_volume(name(entry)) || is_sidecar(name(entry)));
            ours.map(|(index, _)| at.index(index)).collect::<Vec<_>>()
        };
        ["volumes", "initContainers", "containers"].into_iter().flat_map(of_list).collect()
    }

    pub(super) fn at(&self, path: &FieldPath) -> Option<&Value> {
        path.steps().iter().try_fold(&self.value, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
            Step::Named(wanted) => value.as_array()?.iter().find(|entry| name(entry) == wanted),
        })
    }

    /// Whether we made it, as opposed to patched it.
    pub(super) fn is_ours(&self) -> bool {
        let labels = yaml::at(&self.value, "/metadata/labels");
        let labelled = |name: &str| labels.is_some_and(|labels| labels.get(name).is_some());
        render::is_emitted(self.text("/apiVersion"), self.kind(), |name| self.annotation(name).is_some(), labelled)
    }

    /// The namespace that it is in or, cluster-wide, about.
    fn subject(&self) -> &str {
        self.annotation(NAMESPACE).unwrap_or_else(|| self.home())
    }

    /// Which part of which declaration it is, whatever kustomize calls it.
    pub(super) fn part(&self) -> DeclaredAs {
        let [workload, scope] = [GENERATED_FOR, SCOPE].map(|mark| self.annotation(mark).map(str::to_owned));
        (format!("{} {}", self.group(), self.kind()), self.subject().to_owned(), workload, scope)
    }

    /// What it is a kind of: `apps`, and nothing for the core group.
    pub(super) fn group(&self) -> &str {
        group_of(self.text("/apiVersion"))
    }

    /// Whether cert-manager makes a certificate of it.
    pub(super) fn is_certificate(&self) -> bool {
        self.kind() == CERTIFICATE.kind && self.group() == CERTIFICATE.group
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
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_default()
}
