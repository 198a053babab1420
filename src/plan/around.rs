//! Hints for a workload that is not found among the objects.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Binding, Naming, Which};
use crate::diag::Known;
use crate::krm::{Ident, Item};
use crate::quote::{part, quote, quote_object, typed};
use crate::workload::WorkloadKind;

/// The other objects, searched only if a workload is not found.
pub(super) struct Around<'i, 't> {
    items: &'i [Item<'t>],
    /// The names of all workloads.
    workloads: OnceCell<Known<'i>>,
    /// The kinds of all workloads, by name.
    kinds: OnceCell<BTreeMap<&'i str, BTreeSet<&'i str>>>,
    /// Kinds and names of objects that are not workloads.
    strangers: OnceCell<BTreeSet<(&'i str, &'i str)>>,
    /// The workloads by what is between dashes in their names.
    longer: OnceCell<BTreeMap<&'i str, Vec<Longer<'i, 't>>>>,
}

/// A workload whose name has another name in it.
#[derive(Clone, Copy)]
struct Longer<'i, 't> {
    ident: &'i Ident<'t>,
    prefix: &'i str,
    suffix: &'i str,
}

/// More objects that a name may have become are no help.
const FEW: usize = 3;

/// Names with more parts between dashes are not looked into.
const PARTS: usize = 16;

impl<'i, 't> Around<'i, 't> {
    pub(super) fn of(items: &'i [Item<'t>]) -> Self {
        let (workloads, kinds) = (OnceCell::new(), OnceCell::new());
        Self { items, workloads, kinds, strangers: OnceCell::new(), longer: OnceCell::new() }
    }

    /// The objects that are workloads, or those that are not.
    fn idents(&self, workloads: bool) -> impl Iterator<Item = &'i Ident<'t>> + use<'i, 't> {
        let is_known = |it: &&Ident<'_>| WorkloadKind::find(&it.api_version, &it.kind).is_some();
        let items: &'i [Item<'t>] = self.items;
        items.iter().filter_map(Item::ident).filter(move |it| is_known(it) == workloads)
    }

    /// The names that the workloads may have had before kustomize gave them these.
    pub(super) fn originals(&self, naming: &Naming) -> BTreeSet<&'i str> {
        self.idents(true).flat_map(|ident| naming.originals(&ident.name)).collect()
    }

    /// The help where few workloads have a name with the target's in it and more around it, as kustomize writes names.
    pub(super) fn under_other_name(&self, binding: &Binding) -> Option<String> {
        let Which::Name(target) = &binding.target.which else { return None };
        let is_of_kind = |it: &&Longer<'_, '_>| binding.target.kind.as_ref().is_none_or(|kind| *kind == it.ident.kind);
        let longer = self.longer.get_or_init(|| by_parts(self.idents(true)));
        let found: Vec<_> = longer.get(target.as_str())?.iter().filter(is_of_kind).take(FEW + 1).collect();
        let Longer { ident, prefix, suffix } = match found.as_slice() {
            [only] => only,
            few @ [_, _, ..] if few.len() <= FEW => {
                let names: Vec<_> = few.iter().map(|it| quote_object(&it.ident.kind, &it.ident.name)).collect();
                return Some(format!(
                    "found {}; if kustomize has named them so, set `target.name` to the whole name of one, or select all of them \
                     with `target.selector`",
                    names.join(" and ")
                ));
            }
            _ => return None,
        };
        let fields =
            [("namePrefix", *prefix), ("nameSuffix", *suffix)].into_iter().filter(|(_, text)| !text.is_empty());
        let fields: Vec<_> = fields.map(|(field, text)| typed(&format_args!("{field}: {text}"))).collect();
        Some(format!(
            "found {}; if kustomize has named it so, write {} in `spec` or in the cluster's entry",
            quote_object(&ident.kind, &ident.name),
            fields.join(" and ")
        ))
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
        let kinds = self.kinds.get_or_init(|| kinds_by_name(self.idents(true).map(|it| (&*it.kind, &*it.name))));
        if let Some(help) = of_other_kind(binding, kinds) {
            return help;
        }
        let workloads = self.workloads.get_or_init(|| Known::of(self.idents(true).map(|ident| &*ident.name)));
        match workloads.nearest(target) {
            Some(nearest) => format!("did you mean {}?", quote(&nearest)),
            None => "check `target`, and check that the object is part of this build".to_owned(),
        }
    }
}

/// The kinds that each name has, of pairs of kind and name.
pub fn kinds_by_name<'n>(idents: impl Iterator<Item = (&'n str, &'n str)>) -> BTreeMap<&'n str, BTreeSet<&'n str>> {
    let mut kinds: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (kind, name) in idents {
        kinds.entry(name).or_default().insert(kind);
    }
    kinds
}

/// The help where what has the target's name is of another kind.
pub fn of_other_kind(binding: &Binding, kinds: &BTreeMap<&str, BTreeSet<&str>>) -> Option<String> {
    let (Which::Name(target), Some(wanted)) = (&binding.target.which, binding.target.kind.as_deref()) else {
        return None;
    };
    let kinds = kinds.get(target.as_str()).filter(|kinds| !kinds.contains(wanted))?;
    let found: Vec<_> = kinds.iter().map(|kind| quote_object(kind, target)).collect();
    let kinds: Vec<_> = kinds.iter().map(|kind| typed(&format_args!("kind: {kind}"))).collect();
    Some(format!(
        "found {}; if that is the workload, write {} in its `target`",
        found.join(" and "),
        kinds.join(" or ")
    ))
}

/// Each object under all that is between dashes in its name, but for the whole.
fn by_parts<'i, 't>(idents: impl Iterator<Item = &'i Ident<'t>>) -> BTreeMap<&'i str, Vec<Longer<'i, 't>>> {
    let mut all: BTreeMap<_, Vec<Longer<'_, '_>>> = BTreeMap::new();
    for ident in idents {
        let name = &*ident.name;
        let dashes: Vec<_> = name.match_indices('-').map(|(at, _)| at).collect();
        if dashes.len() >= PARTS {
            continue;
        }
        let ends = || dashes.iter().copied().chain([name.len()]);
        let starts = std::iter::once(0).chain(dashes.iter().map(|at| at + 1));
        for (start, end) in starts.flat_map(|start| ends().map(move |end| (start, end))) {
            let (Some(prefix), Some(part), Some(suffix)) = (name.get(..start), name.get(start..end), name.get(end..))
            else {
                continue;
            };
            let known = all.entry(part).or_default();
            // A part may be in a name twice.
            let is_known = known.last().is_some_and(|last| std::ptr::eq(last.ident, ident));
            if part.len() < name.len() && !is_known {
                known.push(Longer { ident, prefix, suffix });
            }
        }
    }
    all
}
