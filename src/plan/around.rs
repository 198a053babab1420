//! Hints for a workload that is not found among the objects.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::config::{Binding, Which};
use crate::diag::Known;
use crate::krm::{Ident, Item};
use crate::quote::{part, quote};
use crate::workload::WorkloadKind;

/// The other objects, searched only if a workload is not found.
pub(super) struct Around<'i, 't> {
    items: &'i [Item<'t>],
    /// The names of all workloads.
    workloads: OnceCell<Known<'i>>,
    /// Kinds and names of objects that are not workloads.
    strangers: OnceCell<BTreeSet<(&'i str, &'i str)>>,
}

impl<'i, 't> Around<'i, 't> {
    pub(super) fn of(items: &'i [Item<'t>]) -> Self {
        Self { items, workloads: OnceCell::new(), strangers: OnceCell::new() }
    }

    /// The objects that are workloads, or those that are not.
    fn idents(&self, workloads: bool) -> impl Iterator<Item = &'i Ident<'t>> + use<'i, 't> {
        let is_known = |it: &&Ident<'_>| WorkloadKind::find(&it.api_version, &it.kind).is_some();
        let items: &'i [Item<'t>] = self.items;
        items.iter().filter_map(Item::ident).filter(move |it| is_known(it) == workloads)
    }

    /// The help for a workload that is not among the objects.
    pub(super) fn how_to_find(&self, binding: &Binding) -> String {
        let Which::Name(target) = &binding.target.which else {
            return "`selector` matches the labels of the object, not of its pods; check them, and check that the \
                    object is part of this build"
                .to_owned();
        };
        let strangers =
            self.strangers.get_or_init(|| self.idents(false).map(|ident| (&*ident.kind, &*ident.name)).collect());
        if let Some(kind) = binding.target.kind.as_deref().filter(|kind| strangers.contains(&(*kind, target.as_str())))
        {
            let kind = part(kind);
            return format!(
                "an object of this name exists, of a kind that iamra does not know: set `target.podTemplatePath` to \
                 the pod template of a {kind}"
            );
        }
        let workloads = self.workloads.get_or_init(|| Known::of(self.idents(true).map(|ident| &*ident.name)));
        match workloads.nearest(target) {
            Some(nearest) => format!("did you mean {}?", quote(&nearest)),
            None => "check `target`, and check that the object is part of this build".to_owned(),
        }
    }
}
