//! Workloads whose annotations name a role.

use std::collections::BTreeSet;

use memchr::memmem;

use super::kind::WorkloadKind;
use super::unreadable;
use crate::config::{OUR_NAMES, OptIn, ROLE};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Ident, Item, Object, annotation, stem};
use crate::parallel;
use crate::quote::{quote_object, typed};
use crate::yaml::{FieldPath, NodeRef};

/// Workloads whose pod templates are annotated with a role.
///
/// Every item that may contain iamra's annotations is parsed, or reported if that fails: it may be annotated, and
/// `strip` would have to parse it.
pub fn opted_in(items: &[Item<'_>], report: &mut Report) -> Vec<OptIn> {
    let ours = memmem::Finder::new(OUR_NAMES);
    let candidates: Vec<_> = items.iter().enumerate().filter(|(_, item)| item.may_say(&ours)).collect();
    let read = parallel::map(&candidates, |(index, item)| {
        let mut found = Report::default();
        let object = item.parse().map_err(|error| found.push(unreadable(*index, &error)));
        (object.map(|object| opt_ins(&object, &mut found)).unwrap_or_default(), found)
    });
    let told = read.into_iter().flat_map(|(opt_ins, found)| {
        report.append(found);
        opt_ins
    });
    let mut opted_in: Vec<_> = told.collect();
    shadow(&mut opted_in, items);
    opted_in
}

/// Notes which workloads have a `generateName` that another workload has as its full name.
fn shadow(opted_in: &mut [OptIn], items: &[Item<'_>]) {
    let is_generated = |it: &OptIn| stem(&it.object.name) != it.object.name;
    if !opted_in.iter().any(is_generated) {
        return;
    }
    let is_workload = |ident: &&Ident<'_>| WorkloadKind::find(&ident.api_version, &ident.kind).is_some();
    let names: BTreeSet<_> =
        items.iter().filter_map(Item::ident).filter(is_workload).map(|ident| &*ident.name).collect();
    for it in opted_in.iter_mut().filter(|it| is_generated(it)) {
        it.is_shadowed = it.names.first().is_some_and(|name| names.contains(name.as_str()));
    }
}

fn opt_ins(object: &Object<'_>, report: &mut Report) -> Vec<OptIn> {
    let root = object.root();
    let Some(ident) = object.ident() else { return Vec::new() };
    let Some(kind) = WorkloadKind::find(&ident.api_version, &ident.kind) else { return Vec::new() };
    let places = kind.places(root);
    let object = ident.resource_ref();
    // The original name, so that an overlay's prefix does not change the identity.
    let mut names: Vec<_> = annotation::names(root).iter().map(|name| stem(name.name).to_owned()).collect();
    let current = names.len().min(1);
    names.rotate_left(current);
    let is_one_of_several = places.len() > 1;
    let annotated = places.iter().filter_map(|place| {
        let at = place.annotations().key(ROLE);
        let role = root.at(&at).and_then(NodeRef::text)?.to_owned();
        let pod_template = is_one_of_several.then(|| place.at.clone());
        Some(OptIn { object: object.clone(), names: names.clone(), is_shadowed: false, pod_template, role, at })
    });
    let annotated: Vec<_> = annotated.collect();
    let at = FieldPath::keys("metadata.annotations").key(ROLE);
    if annotated.is_empty() && root.at(&at).is_some() {
        let message =
            format!("{} is annotated with a role, but its pod template is not", quote_object(&ident.kind, &ident.name));
        let there: Vec<_> = places.iter().map(|place| typed(&place.annotations())).collect();
        report.push(
            Diagnostic::warning(Code::MisplacedRole, message)
                .at(Place::Item(object, at))
                .help(format!("move the annotation to {}", there.join(" or "))),
        );
    }
    annotated
}
