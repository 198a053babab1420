//! Whether a rendered stream is what the declaration asks for, whoever rendered it: the gate behind kustomize, Helm or a
//! folder of committed manifests.
//!
//! kustomize may have given everything prefixes, namespaces and labels by now. An object of ours is therefore found by its
//! mark, and whoever refers to it must use the name that it has there.

mod adopted;
mod declared;
mod generated;
mod keys;
mod lifted;
mod names;
mod object;
mod patched;
mod readers;
mod rules;
mod stranger;
mod stream;
mod untouched;

pub use adopted::adopt;
pub use untouched::check_untouched;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::OptIn;
use crate::diag::{Code, Diagnostic, Level, Place, Report};
use crate::issuer;
use crate::krm::{Changes, Item};
use crate::parallel;
use crate::plan::Plan;
use crate::quote::quote;
use crate::render::{self, Manifest};
use crate::resolve::Resolved;
use crate::workload::{self, Workload};
use crate::writers;
use crate::yaml::{self, FieldPath, Step};
use keys::Keys;
use names::Names;
use object::Object;
use stream::Stream;

/// A rendered stream, and what may be called otherwise in it than iamra would call it.
pub struct Rendered<'s, 't> {
    /// The objects.
    pub items: &'s [Item<'t>],
    /// Images that the sidecar may have beside the declared one.
    images: &'s [String],
    stream: Stream,
}

impl<'s, 't> Rendered<'s, 't> {
    /// Objects, and the images that somebody vouches for.
    pub fn of(items: &'s [Item<'t>], images: &'s [String]) -> Self {
        Self { items, images, stream: Stream::of(items) }
    }

    /// Whether anything in the stream is ours.
    pub fn has_ours(&self) -> bool {
        self.stream.patched().next().is_some() || self.stream.ours().next().is_some()
    }

    /// The annotated workloads of the stream, under the names that they were patched by.
    pub fn opted_in(&self, report: &mut Report) -> Vec<OptIn> {
        let mut opted_in = workload::opted_in(self.items, report);
        let mut patched = BTreeMap::new();
        for object in self.stream.patched() {
            patched.entry(object.resource_ref()).or_insert(object);
        }
        for it in &mut opted_in {
            let patched = patched.get(&it.object).copied();
            if let Some([mark]) = patched.map(Object::marks).as_deref() {
                it.names.insert(0, (*mark).to_owned());
            }
        }
        opted_in
    }
}

/// Says where the stream is not what the declaration asks for: workloads that are not patched as they would be, identities
/// that nobody declares, objects that are missing, changed or there twice. `injected` is what an injection would change.
pub fn check(
    plan: &Plan<'_>,
    injected: &Changes,
    wanted: &[Manifest],
    rendered: &Rendered<'_, '_>,
    inventory: &[Workload],
    report: &mut Report,
) {
    let Rendered { items, images, stream } = rendered;
    let wanted: Vec<_> = wanted.iter().map(|manifest| Object::of(0, manifest.value.clone())).collect();
    let names = Names::of(plan, &wanted, stream, items, images);
    patched::check(plan, injected, &names, rendered.items, inventory, report);
    declared::check(plan, &wanted, stream, inventory, report);
    generated::check(plan, &wanted, &names, stream, report);
    generated::check_once(stream, items, report);
}

/// Says which objects reach for a declared identity without being declared: with a key, or by a certificate of their own.
pub fn check_strangers(
    resolved: &Resolved,
    plan: &Plan<'_>,
    rendered: &Rendered<'_, '_>,
    inventory: &[Workload],
    report: &mut Report,
) {
    let Rendered { items, stream, .. } = rendered;
    let keys = Keys::of(resolved, plan, stream, items);
    // Our own objects are checked elsewhere, in more detail.
    let ours: BTreeSet<_> = stream.ours().map(|object| object.index).collect();
    lifted::check(resolved, items, &ours, report);
    let placements = plan.workloads.iter().flat_map(|planned| &planned.placements);
    let mut places: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for found in placements.filter_map(|placement| inventory.get(placement.workload)) {
        places.entry(found.index).or_default().push(&found.place);
    }
    // A name can be anywhere, so every item is read.
    let numbered: Vec<_> = items.iter().enumerate().collect();
    let read = parallel::map(&numbered, |(index, item)| read(*index, item));
    let strangers = read.iter().flatten().filter(|object| !ours.contains(&object.index));
    let contested = contested(&keys, strangers);
    for object in read {
        let object = match object {
            Ok(object) => object,
            Err(unreadable) => {
                report.push(*unreadable);
                continue;
            }
        };
        let pods = places.get(&object.index).into_iter().flatten();
        let parts: BTreeSet<_> = pods.flat_map(|place| object.parts(place)).collect();
        // In our objects, only what others may have added is checked.
        let is_added = |at: &FieldPath| matches!(at.steps().first(), Some(Step::Key(key)) if key == "metadata");
        let is_ours = |at: &FieldPath| parts.contains(at) || ours.contains(&object.index) && !is_added(at);
        stranger::check(&object, &keys, &contested, is_ours, report);
    }
}

/// Says who can read keys by the roles and bindings of the stream, unless the declaration allows it. `strictly`, whatever runs in
/// the cluster must not.
pub fn check_readers(
    resolved: &Resolved,
    plan: &Plan<'_>,
    rendered: &Rendered<'_, '_>,
    strictly: bool,
    report: &mut Report,
) {
    let level = resolved.checks.get(&Code::ExposedSecret);
    if level == Some(&Level::Allow) || !rendered.items.iter().any(readers::is_rbac) {
        return;
    }
    let keys = Keys::of(resolved, plan, &rendered.stream, rendered.items);
    let issuers = resolved.bindings.iter().map(|binding| &*binding.declared.issuer);
    let writers: BTreeSet<_> = issuers.map(issuer::home_of_cert_manager).collect();
    readers::Readers { keys: &keys, writers, strictly: strictly && level != Some(&Level::Warn) }
        .check(rendered.items, report);
}

/// The Secrets with keys of workloads that a stranger writes, too.
fn contested<'o>(keys: &Keys<'_>, strangers: impl Iterator<Item = &'o Object>) -> BTreeSet<String> {
    let written = strangers.flat_map(|object| writers::of(&object.value)).filter(|it| keys.is_of_certificate(it));
    written.map(|written| written.name.to_owned()).collect()
}

/// An item as a value, if all readers read the same in it.
fn read(index: usize, item: &Item<'_>) -> Result<Object, Box<Diagnostic>> {
    let object = item.parse().map_err(|error| workload::unreadable(index, &error))?;
    let ambiguous = |why: &str| {
        let message = format!("item {index} {why}");
        Err(Diagnostic::error(Code::UnreadableItem, message).at(Place::Input(item.offset())).into())
    };
    if let Some((_, name)) = yaml::line_break(&object.document) {
        return ambiguous(&format!("has a raw {name} outside quotes, which some YAML parsers treat as a line break"));
    }
    if let Some(at) = yaml::repeated_key(object.root()) {
        return ambiguous(&format!("has {} twice: some parsers use the first, others the last", quote(&at)));
    }
    if yaml::has_unknown_alias(object.root()) {
        return ambiguous("has an alias of something outside of it");
    }
    Ok(Object::of(index, object.to_value()))
}

/// The mark that everything of ours has.
fn is_marked(item: &Item<'_>) -> bool {
    let says = |mark: &str| memchr::memmem::find(item.text().as_bytes(), mark.as_bytes()).is_some();
    [render::WORKLOAD, render::GENERATED_FOR, render::SCOPE].into_iter().any(says) || item.is_encoded()
}
