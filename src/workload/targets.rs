//! An index of the targets to look for among the objects.

use std::collections::{BTreeMap, BTreeSet};

use super::Workload;
use super::kind::WorkloadKind;
use crate::config::{Naming, Target, Which};
use crate::krm::{Ident, stem};

/// The targets, each with its position.
pub(super) struct Targets<'b> {
    names: BTreeMap<&'b str, Vec<(usize, &'b Target)>>,
    /// By the first label that they want.
    labels: BTreeMap<(&'b str, &'b str), Vec<(usize, &'b Target)>>,
    /// The values that each of the selectors wants.
    pub(super) values: Vec<Vec<&'b str>>,
    /// Kinds whose pod templates are where a target says.
    kinds: BTreeSet<&'b str>,
    /// What is around the names of objects.
    pub(super) naming: &'b Naming,
}

/// With more selectors than this, their values are not searched in the text: every workload is parsed.
pub(super) const FEW: usize = 16;

impl<'b> Targets<'b> {
    pub(super) fn of(targets: impl Iterator<Item = &'b Target>, naming: &'b Naming) -> Self {
        let (names, labels) = (BTreeMap::new(), BTreeMap::new());
        let mut sorted = Self { names, labels, values: Vec::new(), kinds: BTreeSet::new(), naming };
        for it @ (_, target) in targets.enumerate() {
            match &target.which {
                Which::Name(name) => sorted.names.entry(name).or_default().push(it),
                Which::Labels(labels) => {
                    sorted.values.push(labels.values().map(String::as_str).collect());
                    for (name, value) in labels.iter().take(1) {
                        sorted.labels.entry((name, value)).or_default().push(it);
                    }
                }
            }
            sorted.kinds.extend(target.kind.as_deref().filter(|_| !target.pod_templates.is_empty()));
        }
        sorted
    }

    pub(super) fn is_workload(&self, ident: &Ident<'_>) -> bool {
        WorkloadKind::find(&ident.api_version, &ident.kind).is_some() || self.kinds.contains(&*ident.kind)
    }

    /// Whether the name of an object, or one that it has had, is that of a target.
    pub(super) fn has_name(&self, name: &str) -> bool {
        let names = [Some(name), Some(stem(name)), self.naming.original(stem(name))];
        names.into_iter().flatten().any(|name| self.names.contains_key(name))
    }

    /// The targets that match the workload's name or labels, in their order.
    pub(super) fn calling(&self, workload: &Workload) -> Vec<&'b Target> {
        let names = workload.names.iter().filter_map(|(name, _)| self.names.get(name.as_str()));
        let labels =
            workload.labels.iter().filter_map(|(name, value)| self.labels.get(&(name.as_str(), value.as_str())));
        let found = names.chain(labels).flatten().filter(|(_, target)| workload.is_called(&target.which));
        found.copied().collect::<BTreeMap<_, _>>().into_values().collect()
    }
}
