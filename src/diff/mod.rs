//! What changed between two declarations in terms of who may do what: the reviewer's view of a pull request. A
//! [`Snapshot`] is a declaration at one revision; [`compare`] compares two of them. This room does not know where the
//! declarations come from.

mod change;
mod checks;
mod identity;
mod rendered;
mod rotation;
mod sidecar;
mod tenancy;
mod workload;

pub use change::{Change, ChangeKind};

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Binding, Config};
use crate::resolve::{Resolved, ResolvedBinding};
use crate::yaml::FieldPath;

/// A declaration as one of its clusters sees it.
#[derive(Debug, Clone)]
pub struct View {
    /// What is declared.
    pub config: Config,
    /// The same with every reference answered; `None` when one is not.
    pub resolved: Option<Resolved>,
}

/// A declaration as each of its clusters sees it, by the cluster's name; without one when it declares none.
pub type Snapshot = BTreeMap<Option<String>, View>;

/// A workload at one revision.
#[derive(Clone, Copy)]
struct DeclaredWorkload<'s> {
    binding: &'s Binding,
    resolved: Option<&'s ResolvedBinding>,
}

fn workloads(view: Option<&View>) -> BTreeMap<&str, DeclaredWorkload<'_>> {
    let all = view.into_iter().flat_map(|view| {
        let bindings = view.resolved.iter().flat_map(|resolved| &resolved.bindings).map(AsRef::as_ref);
        let bindings: BTreeMap<_, _> = bindings.map(|binding| (binding.declared.workload.as_str(), binding)).collect();
        view.config.bindings.iter().map(move |binding| {
            let name = binding.workload.as_str();
            (name, DeclaredWorkload { binding, resolved: bindings.get(name).copied() })
        })
    });
    all.collect()
}

/// Everything that changed, escalations first. A change in several clusters is reported once.
pub fn compare(base: &Snapshot, head: &Snapshot) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    // Each change, regardless of its cluster, and its index in `changes`.
    let mut told: BTreeMap<Change, usize> = BTreeMap::new();
    let mut add = |change: Change, cluster: Option<&String>| {
        let index = *told.entry(change.clone()).or_insert(changes.len());
        if index == changes.len() {
            changes.push(change);
        }
        if let Some(change) = changes.get_mut(index) {
            change.clusters.extend(cluster.cloned());
        }
    };
    let clusters: BTreeSet<_> = base.keys().chain(head.keys()).collect();
    for cluster in clusters {
        let (before, after) = (base.get(cluster), head.get(cluster));
        let (old, new) = (workloads(before), workloads(after));
        let mut found = identity::compare(&old, &new);
        found.extend(workload::compare(&old, &new));
        found.extend(tenancy::compare(before, after));
        found.extend(checks::compare(before, after));
        found.extend(rendered::compare(before, after));
        for change in found {
            add(change, cluster.as_ref());
        }
    }
    changes.sort_by_key(|change| (!change.escalation, change.kind, change.subject.clone()));
    changes
}
