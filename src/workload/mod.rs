//! Who runs: the workloads among the items of a list.

mod kind;

pub use kind::{KINDS, Kind};

use std::collections::BTreeSet;

use memchr::memmem;

use crate::config::{Binding, Target};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Ident, Item, Object, ResourceRef, annotation};

/// A workload that somebody may have meant.
#[derive(Debug)]
pub struct Workload<'t> {
    /// Which item of the list it is.
    pub index: usize,
    /// Its row in the table.
    pub kind: &'static Kind,
    /// Its text as a tree.
    pub object: Object<'t>,
    /// What it is called now.
    pub ident: Ident<'static>,
    /// Every name it has had on its way through kustomize, with the namespace of that time; the current one first.
    pub names: Vec<(String, Option<String>)>,
}

impl Workload<'_> {
    /// How diagnostics name it.
    pub fn resource_ref(&self) -> ResourceRef {
        ResourceRef {
            api_version: self.ident.api_version.to_string(),
            kind: self.ident.kind.to_string(),
            name: self.ident.name.to_string(),
            namespace: self.ident.namespace.as_ref().map(ToString::to_string),
        }
    }

    /// Whether it is of the kind that the target means.
    pub fn is_kind_of(&self, target: &Target) -> bool {
        target.kind.as_deref().is_none_or(|kind| kind == self.kind.kind)
    }

    /// Whether it can be in the namespace: it names none, or this one, or did so before kustomize moved it.
    pub fn may_be_in(&self, namespace: &str) -> bool {
        self.ident.namespace.is_none() || self.names.iter().any(|(_, it)| it.as_deref() == Some(namespace))
    }
}

/// The workloads that the bindings can mean. Nothing else is parsed.
pub fn inventory<'t>(items: &[Item<'t>], bindings: &[&Binding], report: &mut Report) -> Vec<Workload<'t>> {
    let wanted: BTreeSet<&str> = bindings.iter().map(|binding| binding.target.name.as_str()).collect();
    let renamed = memmem::Finder::new("previousNames");
    let candidates = items.iter().enumerate().filter(|(_, item)| {
        item.ident().is_none_or(|ident| {
            Kind::find(&ident.api_version, &ident.kind).is_some()
                && (wanted.contains(&*ident.name) || renamed.find(item.text().as_bytes()).is_some())
        })
    });
    candidates.filter_map(|(index, item)| read(index, item, &wanted, report)).collect()
}

fn read<'t>(index: usize, item: &Item<'t>, wanted: &BTreeSet<&str>, report: &mut Report) -> Option<Workload<'t>> {
    let object = match item.parse() {
        Ok(object) => object,
        Err(error) => {
            let message = format!("item {index} cannot be read: {}", error.message);
            report.push(Diagnostic::error(Code::UnreadableItem, message).at(Place::Input(error.offset)));
            return None;
        }
    };
    let ident = Ident::of(object.root())?;
    let kind = Kind::find(&ident.api_version, &ident.kind)?;
    let names: Vec<_> = annotation::names(object.root())
        .iter()
        .map(|name| (name.name.to_owned(), name.namespace.map(str::to_owned)))
        .collect();
    let is_wanted = names.iter().any(|(name, _)| wanted.contains(name.as_str()));
    is_wanted.then_some(Workload { index, kind, object, ident, names })
}
