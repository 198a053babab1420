//! Finds the objects that bindings mean.

use std::collections::{BTreeMap, BTreeSet};

use super::around::Around;
use crate::config::{Binding, Target, Which};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::quote::{part, quote, quote_object};
use crate::workload::Workload;

/// The inventory by what targets say.
pub(super) struct Finder<'i> {
    inventory: &'i [Workload],
    by_name: BTreeMap<&'i str, BTreeSet<usize>>,
    by_label: BTreeMap<(&'i str, &'i str), Vec<usize>>,
}

impl<'i> Finder<'i> {
    pub(super) fn of(inventory: &'i [Workload]) -> Self {
        let mut by_name: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        let mut by_label: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (position, workload) in inventory.iter().enumerate() {
            for (name, _) in &workload.names {
                by_name.entry(name).or_default().insert(position);
            }
            for (name, value) in &workload.labels {
                by_label.entry((name, value)).or_default().push(position);
            }
        }
        Self { inventory, by_name, by_label }
    }

    /// The workloads that a target means, in any namespace.
    pub(super) fn meant(&self, target: &Target) -> Vec<usize> {
        let meant: Vec<usize> = match &target.which {
            Which::Name(name) => self.by_name.get(name.as_str()).into_iter().flatten().copied().collect(),
            // The workloads with the rarest of the labels.
            Which::Labels(labels) => labels
                .iter()
                .map(|(name, value)| self.by_label.get(&(name.as_str(), value.as_str())).map_or(&[][..], Vec::as_slice))
                .min_by_key(|positions| positions.len())
                .unwrap_or_default()
                .to_vec(),
        };
        let is_meant =
            |position: &usize| self.inventory.get(*position).is_some_and(|workload| workload.is_meant_by(target));
        by_whole_name(meant.into_iter().filter(is_meant).collect(), &target.which, self.inventory)
    }
}

/// Keeps the workloads with the full name, if there are any: they take precedence over a `generateName`.
fn by_whole_name(mut meant: Vec<usize>, which: &Which, inventory: &[Workload]) -> Vec<usize> {
    let Which::Name(name) = which else { return meant };
    let is_named = |position: &usize| inventory.get(*position).is_some_and(|it| it.is_named(name));
    if meant.iter().any(is_named) {
        meant.retain(is_named);
    }
    meant
}

/// Those that can be in the binding's namespace.
pub(super) fn here(binding: &Binding, meant: &[usize], inventory: &[Workload]) -> Vec<usize> {
    let is_in = |index: usize, namespace: &str| inventory.get(index).is_some_and(|it| it.may_be_in(namespace));
    match &binding.namespace {
        Some(namespace) => meant.iter().copied().filter(|index| is_in(*index, namespace.as_str())).collect(),
        None => meant.to_vec(),
    }
}

/// The objects of a binding; that there is none or are too many is reported.
pub(super) fn find(
    binding: &Binding,
    meant: &[usize],
    around: &Around<'_, '_>,
    inventory: &[Workload],
    report: &mut Report,
) -> Vec<usize> {
    let here = here(binding, meant, inventory);
    let target = &binding.target;
    match (here.as_slice(), &target.which) {
        ([], _) => {
            report.push(missing(binding, meant, around, inventory, Diagnostic::error));
            Vec::new()
        }
        ([_, _, ..], Which::Name(name)) if objects(&here, inventory).len() > 1 => {
            let found = named(&here, inventory);
            let message = format!("several objects are named {}: {}", quote(&name), found.join(", "));
            let is_prefix = here.iter().filter_map(|position| inventory.get(*position)).all(|it| !it.is_named(name));
            let is_one =
                objects(&here, inventory).into_values().map(|it| &it.ident).collect::<BTreeSet<_>>().len() == 1;
            let help = if is_prefix {
                "choose one with `target.kind` or `namespace`, or select all of them with `target.selector`"
            } else if is_one {
                "it is one object twice: remove one of them"
            } else {
                "choose one with `target.kind` or `namespace`"
            };
            let place = Place::Config(binding.place.clone());
            report.push(Diagnostic::error(Code::AmbiguousTarget, message).at(place).help(help));
            Vec::new()
        }
        _ => here,
    }
}

/// The diagnostic for a binding without an object. Those of `meant` are in other namespaces.
pub(super) fn missing(
    binding: &Binding,
    meant: &[usize],
    around: &Around<'_, '_>,
    inventory: &[Workload],
    diagnostic: fn(Code, String) -> Diagnostic,
) -> Diagnostic {
    let target = &binding.target;
    let elsewhere = named(meant, inventory);
    let help = if elsewhere.is_empty() {
        around.under_other_name(binding).unwrap_or_else(|| around.how_to_find(binding))
    } else {
        format!("found {}; set `namespace:` to match", elsewhere.join(" and "))
    };
    let wanted = part(target.kind.as_deref().unwrap_or("workload"));
    let message = format!("no {wanted} {} is among the objects", target.which);
    diagnostic(Code::WorkloadNotFound, message).at(Place::Config(binding.place.clone())).help(help)
}

/// Some of the workloads, by object: one with several pod templates counts once.
fn objects<'i>(some: &[usize], inventory: &'i [Workload]) -> BTreeMap<usize, &'i Workload> {
    let some = some.iter().filter_map(|position| inventory.get(*position));
    some.map(|workload| (workload.index, workload)).collect()
}

fn named(some: &[usize], inventory: &[Workload]) -> Vec<String> {
    objects(some, inventory).into_values().map(words).collect()
}

/// How messages name it.
pub(super) fn words(workload: &Workload) -> String {
    let ident = &workload.ident;
    let namespace =
        ident.namespace.as_ref().map_or_else(String::new, |namespace| format!(" in namespace {}", quote(&namespace)));
    format!("{}{namespace}", quote_object(&ident.kind, &ident.name))
}
